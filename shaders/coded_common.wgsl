// Shared by the passes of every format that is coded on the GPU: which segments go through them together, and where
// their bytes end up. What a *segment* is, the format says; it becomes a run of bytes that stands for itself.
//
//   output, words of 32 bits:   [ bytes needed | 0 0 0 | offset, length | offset, length | ... ][ bytes ... ]
//                                 word 0                 table_word                               data_word

// As many segments as the buffers between the passes hold; and how the output is laid out, in words of 32 bits.
struct GpuCodedChunk {
    first_segment: u32,
    segments: u32,
    // Where in the output the table and the bytes start.
    table_word: u32,
    data_word: u32,
    // What the output holds; what does not fit is left out.
    capacity_bytes: u32,
    pad_a: u32,
    pad_b: u32,
    pad_c: u32,
}

// What is known of a segment after it was coded.
struct GpuCodedSize {
    // What the format's passes tell each other. JPEG: bytes before a zero was put behind each 0xff. PNG: the Adler-32
    // sum of the filtered bytes.
    detail: u32,
    // Finished bytes.
    bytes: u32,
    // From the start of the output's bytes: coded_place fills it in. SPILLED: there was no room.
    offset: u32,
    pad: u32,
}

const SPILLED: u32 = 0xffffffffu;

// Shared by passes that look for the nearest of 256 invocations whose part is not all zeros.

const NONE: u32 = 0xffffffffu;
// Bit by bit, lowest first.
var<workgroup> marks: array<atomic<u32>, 8>;

// A barrier must come after it, and after all marks.
fn clear_marks(local: u32) {
    if local < 8u {
        atomicStore(&marks[local], 0u);
    }
}

fn mark(local: u32) {
    atomicOr(&marks[local >> 5u], 1u << (local & 31u));
}

// The highest marked one below `end`, up to 256; or NONE.
fn last_below(end: u32) -> u32 {
    var word = end >> 5u;
    var bits = 0u;
    if word < 8u {
        bits = atomicLoad(&marks[word]) & ((1u << (end & 31u)) - 1u);
    }
    while bits == 0u && word > 0u {
        word -= 1u;
        bits = atomicLoad(&marks[word]);
    }
    return select(NONE, word * 32u + firstLeadingBit(bits), bits != 0u);
}

// The lowest marked one from `first` on; or NONE.
fn first_from(first: u32) -> u32 {
    var bits = 0u;
    var word = first >> 5u;
    if word < 8u {
        bits = atomicLoad(&marks[word]) & ~((1u << (first & 31u)) - 1u);
    }
    while bits == 0u && word < 7u {
        word += 1u;
        bits = atomicLoad(&marks[word]);
    }
    return select(NONE, word * 32u + firstTrailingBit(bits), bits != 0u);
}

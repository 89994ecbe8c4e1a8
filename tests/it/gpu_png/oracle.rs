//! What the CPU makes of the same pixels, and what a reader makes of files.

use gravure::encode::{Encoder, Grid};
use gravure::job::{Format, Output};
use gravure::pixels::{BitmapView, SizePx};

fn output() -> Output {
    Output::new(Format::Png)
}

fn grid((width, height): (u32, u32)) -> Grid {
    Grid::of(SizePx::new(width, height), output(), true).expect("a PNG has bands")
}

fn view(pixels: &[u8], (width, height): (u32, u32)) -> BitmapView<'_> {
    BitmapView::new(SizePx::new(width, height), width as usize * 4, pixels)
}

/// Rows of a band of such an image.
pub fn band_rows(size: (u32, u32)) -> u32 {
    grid((size.0, 1 << 20)).rect(0).height
}

/// The segments of an image of opaque RGBA rows.
pub fn segments_of(pixels: &[u8], size: (u32, u32)) -> Vec<Vec<u8>> {
    let mut segments = Vec::new();
    let emit = &mut |segment: &[u8]| segments.push(segment.to_vec());
    Encoder::new().segments(view(pixels, size), &grid(size), output(), emit).expect("encoded");
    segments
}

/// The file of these segments.
pub fn file(segments: &[Vec<u8>], size: (u32, u32)) -> Vec<u8> {
    let segments = segments.iter().map(Vec::as_slice);
    Encoder::new().assemble(&grid(size), output(), segments).expect("assembled")
}

/// A file is the one that the CPU makes, and has these pixels.
pub fn assert_reads_as(file: &[u8], pixels: &[u8], size: (u32, u32), what: &str) {
    assert!(file == Encoder::new().encode(view(pixels, size), output()).expect("encoded"), "{what}: another file");
    let mut reader =
        png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap_or_else(|e| panic!("{what}: {e}"));
    let mut read = vec![0; reader.output_buffer_size().expect("a size")];
    reader.next_frame(&mut read).unwrap_or_else(|error| panic!("{what}: {error}"));
    let rgb = pixels.chunks(4).flat_map(|pixel| &pixel[..3]);
    assert!(read.iter().eq(rgb), "{what}: other pixels");
}

/// The opaque RGBA pixels that are filtered to these bytes: rows of three bytes a pixel, without the filters' numbers.
pub fn unfilter(filtered: &[u8], width: u32) -> Vec<u8> {
    let row_bytes = width as usize * 3;
    let mut rows: Vec<u8> = Vec::with_capacity(filtered.len());
    for (at, byte) in filtered.iter().enumerate() {
        let (row, column) = (at / row_bytes, at % row_bytes);
        let [is_in, has_above] = [column >= 3, row > 0];
        let value = |is_there: bool, back: usize| if is_there { i32::from(rows[at - back]) } else { 0 };
        let (left, up) = (value(is_in, 3), value(has_above, row_bytes));
        let corner = value(is_in && has_above, row_bytes + 3);
        let guess = left + up - corner;
        let nearest = [left, up, corner].into_iter().min_by_key(|neighbour| (guess - neighbour).abs());
        rows.push(byte.wrapping_add(nearest.expect("three") as u8));
    }
    rows.chunks(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect()
}

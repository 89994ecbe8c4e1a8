//! PNG, with the sRGB chunk and no other metadata.
//!
//! Rows are filtered here and packed by fdeflate or zlib, in bands of rows that stand for themselves
//! ([`super::grid`]): the first row of a band does not look above, and each band ends on a whole byte. So a band that
//! another file has too is not packed again. For speed every row has the Paeth filter and fdeflate packs it: choosing
//! filters costs more than it saves, and zlib's levels cost more than drawing the card. Measured on four product cards
//! of 1200×628, whole images by the `png` crate (one core, ms and KB a card; the last two lines from another run,
//! scaled by level 6 in both):
//!
//! ```text
//! fdeflate + Paeth          2.6 ms   417 KB   <- speed
//! fdeflate + adaptive       9.0 ms   422 KB
//! level 2 + Paeth          12.2 ms   361 KB
//! level 3 + Paeth          18.3 ms   334 KB
//! level 6 + adaptive       47.5 ms   310 KB   <- balanced
//! level 9 + least entropy   170 ms   302 KB
//! level 9 + adaptive        250 ms   304 KB   <- size: for each band the smaller of this and no filter, which is
//! ```                                             a quarter smaller for text on plain ground)

use std::io::Write;

use flate2::write::DeflateEncoder;

use super::filter::{Choice, RowFilters};
use super::grid::Grid;
use super::opacity::{convert, is_opaque, over, straight};
use crate::job::{Compression, Depth, Png};
use crate::pixels::{BitmapView, RectPx, SizePx};

/// Of the format.
pub(super) const MAX_SIDE: u32 = i32::MAX as u32;

/// A band before packing, at least: the window of deflate, and then half. Smaller ones pack worse.
const BAND_BYTES: u32 = 48 << 10;
/// Before the packed bytes of a segment: the Adler-32 sum of what is packed, and its length.
const SEGMENT_HEAD_BYTES: usize = 8;

#[derive(Default)]
pub(super) struct PngEncoder {
    /// The rows as the file has them, before filtering.
    pixels: Vec<u8>,
    filtered: Vec<u8>,
    filters: RowFilters,
    /// zlib for each level, with its window.
    packers: Vec<(u32, DeflateEncoder<Vec<u8>>)>,
    segment: Vec<u8>,
}

/// What a pixel of a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channels {
    Rgb = 3,
    Rgba = 4,
}

/// Rows of a band: a multiple of 16, so that bands follow the segments of a JPEG of the same canvas.
pub(super) fn band_rows(size: SizePx) -> u32 {
    BAND_BYTES.div_ceil(size.width.saturating_mul(3).max(1)).next_multiple_of(16)
}

impl PngEncoder {
    pub(super) fn encode(&mut self, view: BitmapView<'_>, settings: Png, grid: &Grid) -> Result<Vec<u8>, String> {
        let channels = match settings.depth {
            Depth::Auto if !is_opaque(view) => Channels::Rgba,
            depth => surely(depth),
        };
        let mut segments = Vec::new();
        self.bands(view, settings, channels, grid, &mut |segment| segments.push(segment.to_vec()))?;
        file(grid.size(), channels, segments.iter().map(Vec::as_slice))
    }

    /// The segments of whole bands, from the top. At [`Depth::Auto`] every pixel is opaque.
    pub(super) fn segments(
        &mut self,
        part: BitmapView<'_>,
        settings: Png,
        grid: &Grid,
        emit: &mut dyn FnMut(&[u8]),
    ) -> Result<(), String> {
        self.bands(part, settings, surely(settings.depth), grid, emit)
    }

    fn bands(
        &mut self,
        view: BitmapView<'_>,
        settings: Png,
        channels: Channels,
        grid: &Grid,
        emit: &mut dyn FnMut(&[u8]),
    ) -> Result<(), String> {
        let size = view.size();
        for top in (0..size.height).step_by(grid.row_px() as usize) {
            let band = RectPx::new(0, top as i32, size.width, grid.row_px()).intersection(size.rect());
            self.fill_pixels(view.part(band), settings.depth, channels);
            self.pack(size.width as usize * channels as usize, channels, settings.compression)?;
            emit(&self.segment);
        }
        Ok(())
    }

    /// The rows as the file has them.
    fn fill_pixels(&mut self, band: BitmapView<'_>, depth: Depth, channels: Channels) {
        self.pixels.resize(band.size().area() as usize * channels as usize, 0);
        match (channels, depth) {
            (Channels::Rgb, Depth::Bits24 { background }) if !is_opaque(band) => {
                convert(band, self.pixels.as_chunks_mut::<3>().0, |pixel| over(pixel, background));
            }
            (Channels::Rgb, _) => convert(band, self.pixels.as_chunks_mut::<3>().0, |[r, g, b, _]| [r, g, b]),
            (Channels::Rgba, _) => convert(band, self.pixels.as_chunks_mut::<4>().0, straight),
        }
    }

    /// Filters and packs the rows at hand into `self.segment`.
    fn pack(&mut self, row_bytes: usize, channels: Channels, compression: Compression) -> Result<(), String> {
        match compression {
            Compression::Speed => {
                self.filter(row_bytes, channels, Choice::Paeth);
                self.head();
                pack_fast(&self.filtered, &mut self.segment)
            }
            Compression::Balanced => {
                self.filter(row_bytes, channels, Choice::Least);
                self.deflate(6)
            }
            Compression::Size => {
                self.filter(row_bytes, channels, Choice::None);
                self.deflate(9)?;
                let plain = std::mem::take(&mut self.segment);
                self.filter(row_bytes, channels, Choice::Least);
                self.deflate(9)?;
                if plain.len() <= self.segment.len() {
                    self.segment = plain;
                }
                Ok(())
            }
        }
    }

    fn filter(&mut self, row_bytes: usize, channels: Channels, choice: Choice) {
        self.filtered.clear();
        self.filters.rows(&self.pixels, row_bytes, channels as usize, choice, &mut self.filtered);
    }

    /// Starts a segment of what is filtered.
    fn head(&mut self) {
        self.segment.clear();
        self.segment.extend(simd_adler32::adler32(&self.filtered.as_slice()).to_le_bytes());
        self.segment.extend((self.filtered.len() as u32).to_le_bytes());
    }

    fn deflate(&mut self, level: u32) -> Result<(), String> {
        let known = self.packers.iter().position(|(of, _)| *of == level);
        let at = known.unwrap_or_else(|| {
            self.packers.push((level, DeflateEncoder::new(Vec::new(), flate2::Compression::new(level))));
            self.packers.len() - 1
        });
        self.head();
        let packer = &mut self.packers[at].1;
        // A flush ends on a whole byte; nothing that follows looks back, because the packer starts anew.
        packer.write_all(&self.filtered).and_then(|()| packer.flush()).map_err(|error| error.to_string())?;
        self.segment.extend_from_slice(packer.get_ref());
        let mut old = packer.reset(Vec::new()).map_err(|error| error.to_string())?;
        old.clear();
        *packer.get_mut() = old;
        Ok(())
    }
}

/// The channels of a depth, where what is not said is opaque.
fn surely(depth: Depth) -> Channels {
    match depth {
        Depth::Auto | Depth::Bits24 { .. } => Channels::Rgb,
        Depth::Bits32 => Channels::Rgba,
    }
}

/// Packs by fdeflate, which makes one block of everything, said to be the last: made one of which more follow, with
/// an empty block after it that ends on a whole byte.
fn pack_fast(filtered: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    // Two bytes of zlib's head, the block, four bytes of its sum.
    let packed = fdeflate::compress_to_vec(filtered);
    let block = packed.len().checked_sub(4).and_then(|end| packed.get(2..end)).ok_or("fdeflate gave too little")?;
    let start = out.len();
    out.extend_from_slice(block);
    let (Some(first), Some(last)) = (out.get(start).copied(), block.last()) else {
        return Err("fdeflate gave nothing".to_owned());
    };
    if first & 1 == 0 {
        return Err("fdeflate gave more than one block".to_owned());
    }
    out[start] = first & !1;
    // The code at the end of the block ends with a one. The head of the empty block, three zeros, follows: in the same
    // byte where there is room.
    if last.leading_zeros() < 3 {
        out.push(0);
    }
    out.extend_from_slice(&[0, 0, 0xff, 0xff]);
    Ok(())
}

/// The file of these segments.
pub(super) fn assemble<'s>(
    settings: Png,
    grid: &Grid,
    segments: impl Iterator<Item = &'s [u8]> + Clone,
) -> Result<Vec<u8>, String> {
    file(grid.size(), surely(settings.depth), segments)
}

fn file<'s>(
    size: SizePx,
    channels: Channels,
    segments: impl Iterator<Item = &'s [u8]> + Clone,
) -> Result<Vec<u8>, String> {
    let packed: usize = segments.clone().map(|segment| segment.len() - SEGMENT_HEAD_BYTES).sum();
    let mut file = Vec::with_capacity(packed + 128);
    file.extend_from_slice(b"\x89PNG\r\n\x1a\n");
    let color = match channels {
        Channels::Rgb => 2,
        Channels::Rgba => 6,
    };
    chunk(&mut file, b"IHDR", |out| {
        out.extend_from_slice(&size.width.to_be_bytes());
        out.extend_from_slice(&size.height.to_be_bytes());
        out.extend_from_slice(&[8, color, 0, 0, 0]);
    })?;
    // Perceptual.
    chunk(&mut file, b"sRGB", |out| out.push(0))?;
    let mut sum = 1;
    chunk(&mut file, b"IDAT", |out| {
        // zlib's head: deflate, a window of 32 KiB.
        out.extend_from_slice(&[0x78, 0x01]);
        for segment in segments {
            let (head, packed) = segment.split_at(SEGMENT_HEAD_BYTES);
            let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
            sum = joined(sum, number(0), number(4));
            out.extend_from_slice(packed);
        }
        // An empty stored block, the last.
        out.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
        out.extend_from_slice(&sum.to_be_bytes());
    })?;
    chunk(&mut file, b"IEND", |_| {})?;
    Ok(file)
}

fn chunk(file: &mut Vec<u8>, name: &[u8; 4], write: impl FnOnce(&mut Vec<u8>)) -> Result<(), String> {
    let start = file.len();
    file.extend_from_slice(&[0; 4]);
    file.extend_from_slice(name);
    write(file);
    let length = u32::try_from(file.len() - start - 8).ok().filter(|length| *length <= MAX_SIDE);
    file[start..start + 4].copy_from_slice(&length.ok_or("the file is longer than PNG allows")?.to_be_bytes());
    let check = crc32fast::hash(&file[start + 4..]);
    file.extend_from_slice(&check.to_be_bytes());
    Ok(())
}

/// The Adler-32 sum of two texts after each other, from those of each: <https://www.rfc-editor.org/rfc/rfc1950>, 8.2.
fn joined(first: u32, second: u32, second_length: u32) -> u32 {
    const MODULUS: u64 = 65_521;
    let halves = |sum: u32| (u64::from(sum & 0xffff), u64::from(sum >> 16));
    let ((a, b), (second_a, second_b)) = (halves(first), halves(second));
    let length = u64::from(second_length) % MODULUS;
    // Each starts at a = 1; the second's bytes come `length` times after the first's.
    let joined_a = (a + second_a + MODULUS - 1) % MODULUS;
    let joined_b = (b + second_b + length * (a + MODULUS - 1)) % MODULUS;
    (joined_b << 16 | joined_a) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_join() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|value| (value.wrapping_mul(value) >> 5) as u8).collect();
        for at in [0, 1, 70_000, 199_999, 200_000] {
            let (first, second) = bytes.split_at(at);
            let sum = |bytes: &[u8]| simd_adler32::adler32(&bytes);
            assert_eq!(joined(sum(first), sum(second), second.len() as u32), sum(&bytes), "{at}");
        }
    }

    #[test]
    fn bands_hold_enough_to_pack_well() {
        let rows = [1200, 300, 64, 4096, 100_000].map(|width| band_rows(SizePx::new(width, 628)));
        assert_eq!(rows, [16, 64, 256, 16, 16]);
    }
}

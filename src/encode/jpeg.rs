//! JPEG by libjpeg-turbo, straight from the rows of the sheet.
//!
//! The standard Huffman tables and the accurate integer DCT, which are what libjpeg-turbo is vectorised for.
//! Optimised tables would save 4-7 % of the bytes for twice the time; the fast DCT gains little with SIMD and loses
//! quality above 90. Progressive files come with optimised tables. A profile says sRGB: see
//! [`super::srgb_profile`]; nothing else is added, so a file has no time, comment or EXIF.
//!
//! Baseline files have restart markers between their segments ([`super::grid`]), for one percent of the bytes: a
//! segment that another file has too is not encoded again.

use std::collections::VecDeque;

use super::grid::{Grid, block_px};
use super::opacity::{is_opaque, lay_over};
use super::srgb_profile::SRGB_PROFILE;
use super::turbo::{Compressor, Rgbx};
use crate::job::Jpeg;
use crate::pixels::{Bitmap, BitmapView, SizePx};

/// `JPEG_MAX_DIMENSION` of libjpeg-turbo; the format itself ends at 65,535.
pub(super) const MAX_SIDE: u32 = 65_500;

/// Of the marker and its length, before the segment's content.
const SEGMENT_HEADER_BYTES: usize = 4;
/// Heads of files that are remembered.
const HEADS_KEPT: usize = 16;

/// Second bytes of markers.
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOF0: u8 = 0xc0;
const SOS: u8 = 0xda;
const RST0: u8 = 0xd0;
const RST7: u8 = 0xd7;

#[derive(Default)]
pub(super) struct JpegEncoder {
    /// Made with the first image, and again after an error.
    compressor: Option<Compressor>,
    /// Large enough for the largest file so far.
    file: Vec<u8>,
    flat: Vec<u8>,
    heads: VecDeque<(Jpeg, Grid, Vec<u8>)>,
}

impl JpegEncoder {
    pub(super) fn encode(
        &mut self,
        view: BitmapView<'_>,
        settings: Jpeg,
        grid: Option<&Grid>,
    ) -> Result<Vec<u8>, String> {
        let length = self.compress(view, settings, restart_mcus(settings, grid))?;
        with_profile(&self.file[..length])
    }

    /// The segments of a part of an image that is a rectangle of segments, row by row.
    pub(super) fn segments(
        &mut self,
        part: BitmapView<'_>,
        settings: Jpeg,
        grid: &Grid,
        emit: &mut dyn FnMut(&[u8]),
    ) -> Result<(), String> {
        let length = self.compress(part, settings, restart_mcus(settings, Some(grid)))?;
        let file = &self.file[..length];
        let mut rest = file[scan_start(file)?..].strip_suffix(&[0xff, EOI]).ok_or("the file has no end")?;
        // Within a scan, 0xff stands before a zero or a restart marker.
        let mut from = 0;
        while let Some(at) = rest[from..].iter().position(|byte| *byte == 0xff) {
            from += at + 2;
            if rest.get(from - 1).is_some_and(|byte| (RST0..=RST7).contains(byte)) {
                emit(&rest[..from - 2]);
                (rest, from) = (&rest[from..], 0);
            }
        }
        emit(rest);
        Ok(())
    }

    /// The file that is made of these segments.
    pub(super) fn assemble<'s>(
        &mut self,
        settings: Jpeg,
        grid: &Grid,
        segments: impl Iterator<Item = &'s [u8]> + Clone,
    ) -> Result<Vec<u8>, String> {
        let length: usize = segments.clone().map(|segment| segment.len() + 2).sum();
        let head = self.head(settings, grid)?;
        let mut file = Vec::with_capacity(head.len() + length);
        file.extend_from_slice(head);
        for (nth, segment) in (0_u8..8).cycle().zip(segments) {
            file.extend_from_slice(segment);
            file.extend_from_slice(&[0xff, RST0 + nth]);
        }
        // The last marker is the end instead.
        let last = file.len() - 1;
        file[last] = EOI;
        Ok(file)
    }

    /// Everything before the first segment.
    fn head(&mut self, settings: Jpeg, grid: &Grid) -> Result<&[u8], String> {
        let known = self.heads.iter().position(|(of, grid_of, _)| *of == settings && grid_of == grid);
        let at = match known {
            Some(at) => at,
            None => {
                // That of any image with these settings, but for its size.
                let blank = Bitmap::new(SizePx::new(8, 8), vec![255; 8 * 8 * 4]);
                let length = self.compress(blank.view(), settings, restart_mcus(settings, Some(grid)))?;
                let scan = scan_start(&self.file[..length])?;
                let mut head = with_profile(&self.file[..scan])?;
                let frame = marker(&head, SOF0).ok_or("the file has no frame")? + SEGMENT_HEADER_BYTES + 1;
                let SizePx { width, height } = grid.size();
                head[frame..frame + 2].copy_from_slice(&(height as u16).to_be_bytes());
                head[frame + 2..frame + 4].copy_from_slice(&(width as u16).to_be_bytes());
                self.heads.truncate(HEADS_KEPT - 1);
                self.heads.push_front((settings, *grid, head));
                0
            }
        };
        Ok(&self.heads[at].2)
    }

    /// Compresses to the start of `self.file`.
    fn compress(&mut self, view: BitmapView<'_>, settings: Jpeg, restart_mcus: u32) -> Result<usize, String> {
        let mut compressor = match self.compressor.take() {
            Some(compressor) => compressor,
            None => Compressor::new()?,
        };
        let size = view.size();
        let image = if is_opaque(view) {
            Rgbx { pixels: view.data(), size, pitch: view.stride() }
        } else {
            lay_over(view, settings.background, &mut self.flat);
            Rgbx { pixels: &self.flat, size, pitch: size.width as usize * 4 }
        };
        let longest = Compressor::longest(size, settings);
        if self.file.len() < longest {
            self.file.resize(longest, 0);
        }
        compressor.set(settings, restart_mcus)?;
        let length = compressor.compress(image, &mut self.file)?;
        self.compressor = Some(compressor);
        Ok(length)
    }
}

/// Blocks of a segment; 0: no segments.
fn restart_mcus(settings: Jpeg, grid: Option<&Grid>) -> u32 {
    grid.map_or(0, |grid| grid.column_px() / block_px(settings.subsampling))
}

/// Where a marker of the head stands.
fn marker(file: &[u8], wanted: u8) -> Option<usize> {
    let mut at = 2;
    while let [0xff, code, high, low, ..] = *file.get(at..)? {
        if code == wanted {
            return Some(at);
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
    None
}

/// Where the first segment starts.
fn scan_start(file: &[u8]) -> Result<usize, String> {
    let at = marker(file, SOS).ok_or("the file has no scan")?;
    Ok(at + 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]])))
}

/// The file with the profile after its first segment, which is JFIF's: Annex B.4 of ICC.1.
fn with_profile(file: &[u8]) -> Result<Vec<u8>, String> {
    let [0xff, SOI, 0xff, 0xe0, high, low, ..] = *file else { return Err("the file does not start as JFIF".into()) };
    let (start, rest) = file
        .split_at_checked(SEGMENT_HEADER_BYTES + usize::from(u16::from_be_bytes([high, low])))
        .ok_or("the file ends too early")?;
    // The name with its zero, and: the first of one part.
    let name = b"ICC_PROFILE\0\x01\x01";
    let length = (2 + name.len() + SRGB_PROFILE.len()) as u16;
    Ok([start, &[0xff, 0xe2], &length.to_be_bytes(), name, &SRGB_PROFILE, rest].concat())
}

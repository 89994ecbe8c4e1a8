//! Whole files: what stands before the segments, as libjpeg-turbo writes it, and the markers between them.

use super::huffman::CodeTable;
use super::settings::{ChromaSubsampling, JpegSettings};

/// Second bytes of markers: T.81, table B.1.
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const APP0: u8 = 0xe0;
const DQT: u8 = 0xdb;
const SOF0: u8 = 0xc0;
const DHT: u8 = 0xc4;
const DRI: u8 = 0xdd;
const SOS: u8 = 0xda;
const RST0: u8 = 0xd0;

/// Everything of a file before its first segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JpegHead(Vec<u8>);

impl JpegHead {
    /// Of an image of this size (1 to 65,535) whose segments have `segment_mcus` MCUs each, but for the last.
    pub fn new(settings: &JpegSettings, (width, height): (u16, u16), segment_mcus: u16) -> Self {
        let mut head = vec![0xff, SOI];
        // Version 1.1, no density, one to one, no thumbnail.
        marker(&mut head, APP0, &[b"JFIF\0", [1, 1, 0, 0, 1, 0, 1, 0, 0].as_slice()].concat());
        for (number, table) in (0..).zip(settings.quant_tables()) {
            marker(&mut head, DQT, &[[number].as_slice(), &table.in_zigzag()].concat());
        }
        let luma_sampling = match settings.subsampling {
            ChromaSubsampling::Chroma444 => 0x11,
            ChromaSubsampling::Chroma420 => 0x22,
        };
        let ([high, low], [wide, narrow]) = (height.to_be_bytes(), width.to_be_bytes());
        let components = [1, luma_sampling, 0, 2, 0x11, 1, 3, 0x11, 1];
        marker(&mut head, SOF0, &[[8, high, low, wide, narrow, 3].as_slice(), &components].concat());
        for (number, (dc, ac)) in (0..).zip(settings.tables.dc.iter().zip(&settings.tables.ac)) {
            code_table(&mut head, number, dc);
            code_table(&mut head, 0x10 | number, ac);
        }
        marker(&mut head, DRI, &segment_mcus.to_be_bytes());
        marker(&mut head, SOS, &[3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]);
        Self(head)
    }

    /// The bytes, from the start of the image to its scan.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The file of these segments, in the order of the image.
    pub fn file<'s>(&self, segments: impl IntoIterator<Item = &'s [u8]>) -> Vec<u8> {
        let mut file = self.0.clone();
        for (nth, segment) in (0_u8..8).cycle().zip(segments) {
            file.extend_from_slice(segment);
            file.extend_from_slice(&[0xff, RST0 + nth]);
        }
        // The last marker is the end instead.
        let last = file.len() - 1;
        file[last] = EOI;
        file
    }
}

fn marker(head: &mut Vec<u8>, code: u8, content: &[u8]) {
    let length = content.len() as u16 + 2;
    head.extend_from_slice(&[0xff, code]);
    head.extend_from_slice(&length.to_be_bytes());
    head.extend_from_slice(content);
}

fn code_table(head: &mut Vec<u8>, number: u8, table: &CodeTable) {
    marker(head, DHT, &[[number].as_slice(), table.counts(), table.symbols()].concat());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_count_from_0_to_7_and_the_last_is_the_end() {
        let head = JpegHead::new(&JpegSettings::new(85, ChromaSubsampling::Chroma444), (8, 80), 1);
        let file = head.file([[0x11_u8].as_slice(); 10]);
        let markers: Vec<u8> = file[head.bytes().len()..].chunks(3).map(|chunk| chunk[2]).collect();
        assert_eq!(markers, [0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd0, EOI]);
    }
}

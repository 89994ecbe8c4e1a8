//! Quantisation: Annex K's tables scaled by quality as libjpeg scales them, and division as multiplication.

/// Where the coefficient at (row, column) of a block, row after row, stands in zig-zag order: T.81, figure A.6.
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 5, 6, 14, 15, 27, 28, //
    2, 4, 7, 13, 16, 26, 29, 42, //
    3, 8, 12, 17, 25, 30, 41, 43, //
    9, 11, 18, 24, 31, 40, 44, 53, //
    10, 19, 23, 32, 39, 45, 52, 54, //
    20, 22, 33, 38, 46, 51, 55, 60, //
    21, 34, 37, 47, 50, 56, 59, 61, //
    35, 36, 48, 49, 57, 58, 62, 63, //
];

/// T.81, table K.1, row after row.
const LUMINANCE: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, //
    12, 12, 14, 19, 26, 58, 60, 55, //
    14, 13, 16, 24, 40, 57, 69, 56, //
    14, 17, 22, 29, 51, 87, 80, 62, //
    18, 22, 37, 56, 68, 109, 103, 77, //
    24, 35, 55, 64, 81, 104, 113, 92, //
    49, 64, 78, 87, 103, 121, 120, 101, //
    72, 92, 95, 98, 112, 100, 103, 99, //
];

/// T.81, table K.2.
const CHROMINANCE: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, //
    18, 21, 26, 66, 99, 99, 99, 99, //
    24, 26, 56, 99, 99, 99, 99, 99, //
    47, 66, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
];

/// Steps of the coefficients of a block, row after row: 1 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuantTable(pub [u8; 64]);

impl QuantTable {
    /// Luma's at a quality of 1 to 100.
    pub fn luma(quality: u8) -> Self {
        Self::scaled(&LUMINANCE, quality)
    }

    /// Chroma's.
    pub fn chroma(quality: u8) -> Self {
        Self::scaled(&CHROMINANCE, quality)
    }

    /// `jpeg_set_quality` of libjpeg, limited to what baseline files may hold.
    fn scaled(base: &[u16; 64], quality: u8) -> Self {
        let quality = u32::from(quality.clamp(1, 100));
        let percent = if quality < 50 { 5000 / quality } else { 200 - quality * 2 };
        Self(base.map(|step| ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u8))
    }

    /// In the order of files.
    pub(super) fn in_zigzag(&self) -> [u8; 64] {
        let mut ordered = [0; 64];
        for (step, place) in self.0.iter().zip(ZIGZAG) {
            ordered[usize::from(place)] = *step;
        }
        ordered
    }
}

/// A division to the nearest by a constant: `(x + correction) · reciprocal >> shift`, in 32 bits, for x up to 16,383.
///
/// Granlund and Montgomery, "Division by Invariant Integers using Multiplication", as `jcdctmgr.c` does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Divisor {
    pub reciprocal: u16,
    pub correction: u16,
    pub shift: u8,
}

impl Divisor {
    /// By 8 steps, because the DCT leaves coefficients 8 times too large.
    pub fn of_step(step: u8) -> Self {
        let divisor = u32::from(step) * 8;
        let shift = 16 + divisor.ilog2();
        let (quotient, rest) = ((1_u32 << shift) / divisor, (1_u32 << shift) % divisor);
        let half = (divisor / 2) as u16;
        let (reciprocal, correction, shift) = match rest {
            // A power of two: 2^16 would be a bit too long.
            0 => (quotient >> 1, half, shift - 1),
            rest if rest <= divisor / 2 => (quotient, half + 1, shift),
            _ => (quotient + 1, half, shift),
        };
        Self { reciprocal: reciprocal as u16, correction, shift: shift as u8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zigzag_walks_to_neighbours_and_visits_all() {
        let mut at = [(0_i32, 0_i32); 64];
        for (index, place) in ZIGZAG.iter().enumerate() {
            at[usize::from(*place)] = (index as i32 / 8, index as i32 % 8);
        }
        for pair in at.windows(2) {
            let (rows, columns) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
            assert!(rows.abs() <= 1 && columns.abs() <= 1 && (rows, columns) != (0, 0), "{pair:?}");
        }
    }

    #[test]
    fn qualities_scale_as_libjpeg_scales() {
        assert_eq!(QuantTable::luma(50).0.map(u16::from), LUMINANCE);
        assert_eq!(QuantTable::luma(100).0, [1; 64]);
        assert_eq!(QuantTable::chroma(1).0, [255; 64]);
        assert_eq!(QuantTable::luma(85).0[..8], [5, 3, 3, 5, 7, 12, 15, 18]);
        assert_eq!(QuantTable::luma(0), QuantTable::luma(1));
    }

    #[test]
    fn every_division_is_exact() {
        for step in 1..=255_u8 {
            let divisor = u32::from(step) * 8;
            let Divisor { reciprocal, correction, shift } = Divisor::of_step(step);
            for x in 0..=16_383_u32 {
                let quotient = ((x + u32::from(correction)) * u32::from(reciprocal)) >> shift;
                assert_eq!(quotient, (x + divisor / 2) / divisor, "{x} by {divisor}");
            }
        }
    }
}

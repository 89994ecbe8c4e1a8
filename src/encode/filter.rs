//! The filters of PNG: each byte less what its neighbours say of it.
//! <https://www.w3.org/TR/png-3/#9Filters>

/// How a row is filtered. The number is that of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowFilter {
    None = 0,
    Sub = 1,
    Up = 2,
    Average = 3,
    Paeth = 4,
}

/// How the filter of each row is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// None.
    None,
    /// Paeth, the best for photos and gradients, and Sub on a row that has none above.
    Paeth,
    /// The one whose bytes are nearest to zero, summed: what libpng does.
    Least,
}

/// Filters rows that follow each other.
#[derive(Default)]
pub(super) struct RowFilters {
    trial: Vec<u8>,
    best: Vec<u8>,
}

impl RowFilters {
    /// Appends rows with their filters' numbers to `out`. The first row is filtered as if none were above it, so that
    /// it is read alike whatever is. `pixel_bytes`: 3 or 4.
    pub(super) fn rows(
        &mut self,
        pixels: &[u8],
        row_bytes: usize,
        pixel_bytes: usize,
        choice: Choice,
        out: &mut Vec<u8>,
    ) {
        out.reserve(pixels.len() + pixels.len() / row_bytes);
        let mut above: Option<&[u8]> = None;
        for row in pixels.chunks_exact(row_bytes) {
            match (choice, above) {
                (Choice::None, _) => push(RowFilter::None, above, row, pixel_bytes, out),
                (Choice::Paeth, None) => push(RowFilter::Sub, None, row, pixel_bytes, out),
                (Choice::Paeth, Some(_)) => push(RowFilter::Paeth, above, row, pixel_bytes, out),
                (Choice::Least, _) => {
                    self.least(above, row, pixel_bytes);
                    out.extend_from_slice(&self.best);
                }
            }
            above = Some(row);
        }
    }

    fn least(&mut self, above: Option<&[u8]>, row: &[u8], pixel_bytes: usize) {
        const WITH_ABOVE: [RowFilter; 5] =
            [RowFilter::None, RowFilter::Sub, RowFilter::Up, RowFilter::Average, RowFilter::Paeth];
        let choices = if above.is_some() { &WITH_ABOVE[..] } else { &WITH_ABOVE[..2] };
        let mut least = u64::MAX;
        for filter in choices {
            self.trial.clear();
            push(*filter, above, row, pixel_bytes, &mut self.trial);
            let sum = distance(&self.trial[1..]);
            if sum < least {
                least = sum;
                std::mem::swap(&mut self.trial, &mut self.best);
            }
        }
    }
}

/// How far bytes are from zero, taken as signed, summed.
fn distance(bytes: &[u8]) -> u64 {
    // Small sums in small numbers, for the vector units.
    let chunk_sum = |chunk: &[u8]| chunk.iter().map(|byte| u32::from((*byte as i8).unsigned_abs())).sum::<u32>();
    bytes.chunks(1 << 16).map(|chunk| u64::from(chunk_sum(chunk))).sum()
}

/// Appends the filter's number and the filtered row. Filters that look above look at zeros where nothing is.
fn push(filter: RowFilter, above: Option<&[u8]>, row: &[u8], step: usize, out: &mut Vec<u8>) {
    out.push(filter as u8);
    let (first, rest) = row.split_at(step.min(row.len()));
    let left = &row[..rest.len()];
    match (filter, above) {
        (RowFilter::None, _) => out.extend_from_slice(row),
        (RowFilter::Sub, _) => {
            out.extend_from_slice(first);
            out.extend(rest.iter().zip(left).map(|(byte, left)| byte.wrapping_sub(*left)));
        }
        (_, None) => unreachable!("filters that look above have a row above"),
        (RowFilter::Up, Some(above)) => out.extend(row.iter().zip(above).map(|(byte, up)| byte.wrapping_sub(*up))),
        (RowFilter::Average, Some(above)) => {
            out.extend(first.iter().zip(above).map(|(byte, up)| byte.wrapping_sub(up / 2)));
            let neighbours = rest.iter().zip(left).zip(&above[first.len()..]);
            out.extend(
                neighbours.map(|((byte, left), up)| byte.wrapping_sub(((u16::from(*left) + u16::from(*up)) / 2) as u8)),
            );
        }
        (RowFilter::Paeth, Some(above)) => {
            out.extend(first.iter().zip(above).map(|(byte, up)| byte.wrapping_sub(*up)));
            let neighbours = rest.iter().zip(left).zip(&above[first.len()..]).zip(above);
            out.extend(neighbours.map(|(((byte, left), up), corner)| byte.wrapping_sub(paeth(*left, *up, *corner))));
        }
    }
}

/// The neighbour that is nearest to left + up − corner; of equals the first of left, up, corner.
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let (near_a, near_b, near_c) = ((b - c).abs(), (a - c).abs(), (a + b - c - c).abs());
    // Without branches, for the vector units.
    let from_b_or_c = if near_b <= near_c { up } else { corner };
    if near_a <= near_b && near_a <= near_c { left } else { from_b_or_c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paeth_is_as_the_standard_has_it() {
        assert_eq!(paeth(10, 20, 15), 15, "the guess itself is as near to the corner as to nobody else");
        assert_eq!(paeth(10, 20, 10), 20);
        assert_eq!(paeth(10, 20, 20), 10);
        assert_eq!(paeth(7, 7, 7), 7);
    }

    #[test]
    fn a_row_below_nothing_never_looks_up() {
        let pixels: Vec<u8> = (0..60).map(|value| (value * 37) as u8).collect();
        for choice in [Choice::None, Choice::Paeth, Choice::Least] {
            let mut out = Vec::new();
            RowFilters::default().rows(&pixels, 30, 3, choice, &mut out);
            assert_eq!(out.len(), 62);
            assert!(out[0] <= 1, "{choice:?}");
        }
    }
}

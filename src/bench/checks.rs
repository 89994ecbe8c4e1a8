//! Colours that a campaign's first canvases should have, as means over a grid: they tell a wrong picture on any
//! adapter, and let pass what drivers round differently.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{BenchError, BenchOptions};
use crate::pixels::Bitmap;

/// Cells across and down.
const CELLS: [u32; 2] = [24, 12];
/// Beside the template.
const FILE: &str = "bench.json";
/// What a mean may be off: drivers differ by single levels at edges and in gradients.
const TOLERANCE: f64 = 1.0;

/// How far colours are from those stored.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Compared {
    /// Means that were compared.
    pub means: usize,
    /// Largest difference, of 255.
    pub largest: f64,
    /// Whether that is near enough.
    pub is_right: bool,
}

#[derive(Deserialize, Serialize)]
struct Stored {
    /// Of each canvas, cell by cell: red, green, blue.
    canvases: Vec<Vec<[f64; 3]>>,
}

/// Compares canvases with the campaign's stored colours, or stores theirs.
pub fn compare(options: &BenchOptions, pixels: &[Bitmap]) -> Result<Option<Compared>, BenchError> {
    let path = options.folder.join(FILE);
    let found: Vec<Vec<[f64; 3]>> = pixels.iter().map(means).collect();
    let failed = |path: &PathBuf, error: std::io::Error| BenchError::File { path: path.clone(), error };
    if options.writes_checks {
        let text = serde_json::to_string(&Stored { canvases: found }).map_err(|error| failed(&path, error.into()))?;
        std::fs::write(&path, text + "\n").map_err(|error| failed(&path, error))?;
        return Ok(None);
    }
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&path, error)),
    };
    let stored: Stored = serde_json::from_slice(&text).map_err(|error| failed(&path, error.into()))?;
    let pairs = stored.canvases.iter().zip(&found).flat_map(|(stored, found)| stored.iter().zip(found));
    let differences = pairs.flat_map(|(stored, found)| stored.iter().zip(found).map(|(a, b)| (a - b).abs()));
    let (means, largest) =
        differences.fold((0, 0.0), |(count, largest), difference| (count + 1, difference.max(largest)));
    Ok(Some(Compared { means, largest, is_right: means > 0 && largest <= TOLERANCE }))
}

/// The mean colour of every cell, to a hundredth of a level.
fn means(bitmap: &Bitmap) -> Vec<[f64; 3]> {
    let [across, down] = CELLS;
    let (size, view) = (bitmap.size(), bitmap.view());
    let mut sums = vec![([0_u64; 3], 0_u64); (across * down) as usize];
    for (y, row) in (0..).zip(view.rows()) {
        for (x, pixel) in (0..).zip(row.as_chunks::<4>().0) {
            let (column, line): (u32, u32) = (x * across / size.width, y * down / size.height);
            let (sum, count) = &mut sums[(line * across + column) as usize];
            sum.iter_mut().zip(pixel).for_each(|(sum, channel)| *sum += u64::from(*channel));
            *count += 1;
        }
    }
    let mean = |sum: u64, count: u64| (sum as f64 / count.max(1) as f64 * 100.0).round() / 100.0;
    sums.into_iter().map(|(sum, count)| sum.map(|sum| mean(sum, count))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::SizePx;

    fn options(folder: &std::path::Path, writes_checks: bool) -> BenchOptions {
        BenchOptions { folder: folder.to_owned(), seconds: 0.0, writes_checks }
    }

    fn canvas(spot: u8) -> Bitmap {
        let size = SizePx::new(48, 24);
        let pixel = |index: u32| if index % 48 < 2 && index / 48 < 2 { [spot, 0, 0, 255] } else { [9, 99, 199, 255] };
        Bitmap::new(size, (0..48 * 24).flat_map(pixel).collect())
    }

    #[test]
    fn a_cell_of_another_colour_is_found() {
        let folder = tempfile::tempdir().unwrap();
        assert!(compare(&options(folder.path(), false), &[canvas(7)]).unwrap().is_none(), "nothing is stored");
        compare(&options(folder.path(), true), &[canvas(7)]).unwrap();
        let same = compare(&options(folder.path(), false), &[canvas(8)]).unwrap().unwrap();
        assert!(same.is_right && same.largest == 1.0 && same.means == 24 * 12 * 3);
        let other = compare(&options(folder.path(), false), &[canvas(9)]).unwrap().unwrap();
        assert!(!other.is_right && other.largest == 2.0);
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(compare(&options(folder.path(), false), &[canvas(7)]).is_err());
    }
}

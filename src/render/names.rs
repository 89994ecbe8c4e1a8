//! The first pass over a file: every object name is tried before anything is written.

use std::collections::HashMap;

use crate::pipeline::{NameFailure, Plan, Stop};

use super::{Campaign, DataSource, RenderError};

/// Problems that are listed.
const LISTED: usize = 10;

/// Binds every row's names and gives the number of variants. `None`: rows come from standard input, which can be
/// read only once; there, the later of two equal names fails.
///
/// # Errors
/// [`RenderError::Names`] for doubles and names that are not allowed; [`RenderError::Rows`] when the data cannot
/// be read to its end.
pub fn check(campaign: &Campaign, plan: &Plan, limit: Option<u64>, stop: &Stop) -> Result<Option<u64>, RenderError> {
    if campaign.data == Some(DataSource::Stdin) {
        return Ok(None);
    }
    let mut seen: HashMap<u128, u64> = HashMap::new();
    let mut problems = Vec::new();
    let mut hidden = 0_u64;
    let mut report = |problem: String| {
        if problems.len() < LISTED {
            problems.push(problem);
        } else {
            hidden += 1;
        }
    };
    let mut count = 0;
    for (number, row) in (0..limit.unwrap_or(u64::MAX)).zip(campaign.rows()?) {
        if stop.is_requested() {
            break;
        }
        count += 1;
        let row = match row {
            Ok(row) => row,
            Err(error) if error.is_fatal() => return Err(RenderError::Rows(error.to_string())),
            Err(_) => continue,
        };
        // A row that does not bind fails on its own later, with its reason.
        let Ok(bound) = plan.template.bind(&row, &plan.now) else { continue };
        let place = row.line.map_or_else(|| format!("row {}", number + 1), |line| format!("line {line}"));
        for &size in &plan.sizes {
            for &output in &plan.outputs {
                match plan.object_name(&bound, size, output) {
                    // The row fails on its own later, with its reason.
                    Err(NameFailure::Pattern(_)) => {}
                    Err(NameFailure::Name(error)) => report(format!("{place}: {error}")),
                    Ok(object) => {
                        let digest = blake3::hash(object.as_str().as_bytes());
                        let short = u128::from_le_bytes(digest.as_bytes()[..16].try_into().expect("32 bytes"));
                        if let Some(earlier) = seen.insert(short, number) {
                            let earlier = earlier + 1;
                            report(format!("{place}: row {earlier} has the same name {:?}", object.as_str()));
                        }
                    }
                }
            }
        }
    }
    if problems.is_empty() {
        return Ok(Some(count * plan.variants_per_row()));
    }
    if hidden > 0 {
        problems.push(format!("and {hidden} more"));
    }
    problems.insert(0, "object names are not usable, nothing was rendered (see --name):".to_owned());
    Err(RenderError::Names(problems.join("\n  ")))
}

//! How many rows are done, where someone looks and nothing else is printed meanwhile.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Redraws a second.
const REDRAWS_PER_SECOND: u8 = 8;

/// One line on standard error that is hidden unless that is a terminal.
pub struct ProgressLine(ProgressBar);

impl ProgressLine {
    /// `is_shown`: whether the line may be there at all.
    pub fn new(is_shown: bool) -> Self {
        let target = match is_shown {
            true => ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(
            ProgressStyle::with_template("{spinner} {human_pos} rows checked, {per_sec}, {elapsed}")
                .expect("the template is a constant that a test reads"),
        );
        Self(bar)
    }

    /// So many rows are done.
    pub fn show(&self, rows: u64) {
        self.0.set_position(rows);
    }

    /// Takes the line away.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_is_valid() {
        let line = ProgressLine::new(false);
        line.show(3);
        assert_eq!(line.0.position(), 3);
        line.clear();
    }
}

//! A progress bar, where someone looks.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::Progress;

/// Redraws a second: enough to see movement, cheap on slow terminals.
const REDRAWS_PER_SECOND: u8 = 8;

/// One line on standard error that is hidden unless that is a terminal.
pub struct ProgressLine {
    bar: ProgressBar,
    expected: Option<u64>,
    failed: u64,
}

impl ProgressLine {
    /// Nothing is shown before the first [`ProgressLine::show`].
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND));
        bar.set_style(style("{spinner} {human_pos} variants, {per_sec}, {elapsed}{msg}"));
        Self { bar, expected: None, failed: 0 }
    }

    /// Shows how far a run is.
    pub fn show(&mut self, progress: &Progress) {
        if let (Some(expected), None) = (progress.expected, self.expected) {
            self.expected = Some(expected);
            self.bar.set_length(expected);
            self.bar.set_style(style("{wide_bar} {human_pos}/{human_len} variants, {per_sec}, {eta} left{msg}"));
        }
        if progress.failed != self.failed {
            self.failed = progress.failed;
            self.bar.set_message(format!(", {} failed", self.failed));
        }
        self.bar.set_position(progress.settled);
    }

    /// Takes the line away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant that a test reads")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_styles_are_valid_and_the_end_may_be_unknown() {
        let mut line = ProgressLine::new();
        line.show(&Progress { settled: 1, failed: 0, expected: None });
        line.show(&Progress { settled: 2, failed: 1, expected: Some(10) });
        assert_eq!(line.bar.length(), Some(10));
        assert_eq!(line.bar.position(), 2);
        assert_eq!(line.bar.message(), ", 1 failed");
        line.clear();
    }
}

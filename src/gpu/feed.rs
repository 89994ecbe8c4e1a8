//! What feeding the adapter takes on the thread that owns it: it bounds the rate of a card that draws in less.

use std::time::{Duration, Instant};

/// Time of each part so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct FeedTimes {
    plan: Duration,
    photos: Duration,
    glyphs: Duration,
    record: Duration,
}

/// A part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Deciding what lies where.
    Plan,
    /// Handing over the pixels of photos.
    Photos,
    /// Lines of text to quads, and glyphs to the atlas, by glyphon.
    Glyphs,
    /// Everything else: instances, commands, handing them over. Software adapters draw meanwhile.
    Record,
}

impl FeedTimes {
    /// Does something and counts its time.
    pub fn time<T>(&mut self, part: Feed, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.add(part, start.elapsed());
        result
    }

    /// Counts time.
    pub fn add(&mut self, part: Feed, time: Duration) {
        *match part {
            Feed::Plan => &mut self.plan,
            Feed::Photos => &mut self.photos,
            Feed::Glyphs => &mut self.glyphs,
            Feed::Record => &mut self.record,
        } += time;
    }

    /// Everything so far.
    pub fn total(&self) -> Duration {
        self.plan + self.photos + self.glyphs + self.record
    }

    /// Milliseconds of each part, with its name.
    pub fn ms(&self) -> [(&'static str, f64); 4] {
        let Self { plan, photos, glyphs, record } = self;
        [("plan", plan), ("upload photos", photos), ("prepare glyphs", glyphs), ("record, submit", record)]
            .map(|(name, time)| (name, time.as_secs_f64() * 1e3))
    }
}

//! What holds for a worker's jobs: the section `[worker]` of a configuration file.

use serde::{Deserialize, Serialize};

/// The section `[worker]`. Every member has a default but `destinations`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where jobs may store: `s3://bucket/prefix`, `file:///folder`, and what lies below. Needed.
    pub destinations: Vec<String>,
    /// Where templates, tables and photos may be read from, likewise. Default: the destinations.
    pub sources: Vec<String>,
    /// Where health and metrics are served. Default: `127.0.0.1:9464`.
    pub http: String,
    /// How long a worker that is told to end may go on, in seconds. Default: 25.
    pub grace_secs: u64,
    /// Longest message. Default: 16 MiB.
    pub max_message_bytes: u64,
    /// Rows of one job. Default: 1,000.
    pub max_rows_per_job: u64,
    /// Variants of one job. Default: 6,000.
    pub max_variants_per_job: u64,
    /// Pixels of all variants of one job. Default: 16,000 million.
    pub max_pixels_per_job: u64,
    /// A job that is held for so long is handed back, with what there is of it; well below the broker's patience
    /// (30 minutes). In seconds. Default: 600.
    pub hold_secs: u64,
    /// How often a job is tried whose template or table cannot be had. Default: 5.
    pub source_attempts: u32,
    /// Variants between two checkpoints of a job. Default: 250.
    pub checkpoint_variants: u32,
    /// Rows that the renderer is given ahead. Default: 512.
    pub rows_in_renderer: u64,
    /// Jobs that the renderer is given at once. Default: 64.
    pub jobs_in_renderer: usize,
    /// The renderer's process.
    pub renderer: Renderer,
    /// What may be fetched over HTTP.
    pub fetch: Fetch,
}

/// The section `[worker.renderer]`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Renderer {
    /// Threads for layout, and as many for encoding. Default: one for each core.
    pub threads: Option<usize>,
    /// Memory that it may hold, in bytes. Default: half of the machine's, and 2 GiB at least.
    pub memory_bytes: Option<u64>,
    /// How long it may make no progress while it has jobs, in seconds. Default: 120.
    pub hang_secs: u64,
    /// How long it may take to begin, in seconds. Default: 60.
    pub start_secs: u64,
}

/// The section `[worker.fetch]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fetch {
    /// The only hosts that photos, fonts and templates may come from. Default: none, so that nothing is fetched.
    pub allow_hosts: Vec<String>,
    /// Whether hosts may have addresses of private networks. Default: no.
    pub allow_private: bool,
    /// A folder that keeps what was fetched.
    pub cache: Option<std::path::PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            destinations: Vec::new(),
            sources: Vec::new(),
            http: "127.0.0.1:9464".to_owned(),
            grace_secs: 25,
            max_message_bytes: 16 << 20,
            max_rows_per_job: 1000,
            max_variants_per_job: 6000,
            max_pixels_per_job: 16_000_000_000,
            hold_secs: 600,
            source_attempts: 5,
            checkpoint_variants: 250,
            rows_in_renderer: 512,
            jobs_in_renderer: 64,
            renderer: Renderer::default(),
            fetch: Fetch::default(),
        }
    }
}

impl Default for Renderer {
    fn default() -> Self {
        Self { threads: None, memory_bytes: None, hang_secs: 120, start_secs: 60 }
    }
}

impl Settings {
    /// Where jobs may read from.
    pub fn sources(&self) -> &[String] {
        if self.sources.is_empty() { &self.destinations } else { &self.sources }
    }

    /// What is wrong with the values, by key.
    ///
    /// # Errors
    /// The first that is out of range.
    pub fn check(&self) -> Result<(), String> {
        if self.destinations.is_empty() {
            return Err("worker.destinations: list where jobs may store, such as [\"s3://bucket/prefix\"] \
                        (or GRAVURE_DESTINATIONS)"
                .to_owned());
        }
        let ranges = [
            ("grace_secs", self.grace_secs, 1, 3600),
            ("max_message_bytes", self.max_message_bytes, 1024, 128 << 20),
            ("max_rows_per_job", self.max_rows_per_job, 1, 100_000),
            ("max_variants_per_job", self.max_variants_per_job, 1, 1_000_000),
            ("max_pixels_per_job", self.max_pixels_per_job, 1, u64::MAX),
            ("hold_secs", self.hold_secs, 5, 24 * 3600),
            ("source_attempts", u64::from(self.source_attempts), 1, 1000),
            ("checkpoint_variants", u64::from(self.checkpoint_variants), 1, 1_000_000),
            ("rows_in_renderer", self.rows_in_renderer, 1, 1_000_000),
            ("jobs_in_renderer", self.jobs_in_renderer as u64, 1, 10_000),
            ("renderer.hang_secs", self.renderer.hang_secs, 1, 3600),
            ("renderer.threads", self.renderer.threads.map_or(1, |threads| threads as u64), 1, 1024),
            ("renderer.memory_bytes", self.renderer.memory_bytes.unwrap_or(u64::MAX), 256 << 20, u64::MAX),
            ("renderer.start_secs", self.renderer.start_secs, 1, 3600),
        ];
        match ranges.iter().find(|(_, value, least, most)| !(least..=most).contains(&value)) {
            Some((key, value, least, most)) => Err(format!("worker.{key}: expected {least} to {most}, got {value}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_in_range_but_for_the_destinations() {
        let message = Settings::default().check().unwrap_err();
        assert!(message.contains("GRAVURE_DESTINATIONS"), "{message}");
        let settings = Settings { destinations: vec!["s3://b".into()], ..Settings::default() };
        assert_eq!(settings.check(), Ok(()));
        assert_eq!(settings.sources(), ["s3://b"]);
        let message = Settings { hold_secs: 1, ..settings }.check().unwrap_err();
        assert_eq!(message, "worker.hold_secs: expected 5 to 86400, got 1");
    }
}

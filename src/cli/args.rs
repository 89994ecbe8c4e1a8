//! Arguments that commands share, and how they are read.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;

use super::fetch_args::FetchArgs;
use crate::job::{Compression, Format, Subsampling, opaque_color};
use crate::render::campaign::{CampaignOptions, DataSource};

/// The template and what is asked of it.
#[derive(Debug, Args)]
pub struct CampaignArgs {
    /// Template file or URL: .yaml, .yml or .json
    pub template: PathBuf,
    /// Only this size of the template; may be given more than once. Default: all
    #[arg(long = "size", value_name = "NAME")]
    sizes: Vec<String>,
    /// jpeg, png or webp; may be given more than once. Default: the template's outputs
    #[arg(long = "format", value_name = "FORMAT")]
    formats: Vec<Format>,
    /// Quality of JPEG and lossy WebP, 1 to 100. Default: the template's
    #[arg(long, value_name = "N", env = "GRAVURE_QUALITY", hide_env_values = true,
        value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: Option<u8>,
    /// Make WebP lossless
    #[arg(long)]
    lossless: bool,
    /// Chroma of JPEG: 4:2:0, or 4:4:4 for sharp coloured text. Default: the template's
    #[arg(long, value_name = "S", value_parser = <Subsampling as std::str::FromStr>::from_str)]
    subsampling: Option<Subsampling>,
    /// Of PNG: speed, balanced or size. Default: the template's
    #[arg(long, value_name = "C", value_parser = <Compression as std::str::FromStr>::from_str)]
    compression: Option<Compression>,
    /// CSS colour under what is transparent, for JPEG and PNG of depth 24. Default: the template's
    #[arg(long, value_name = "COLOR", value_parser = opaque_color)]
    background: Option<[u8; 3]>,
    /// Pixels for each pixel of the design, 0.1 to 8, on top of a size's own scale. Default: 1
    #[arg(long, value_name = "N", value_parser = scale)]
    scale: Option<f32>,
    /// Give a field this value in every row; may be given more than once
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Pattern of the file names. Default: {{ key }}-{{ size }}.{{ ext }}
    #[arg(long, value_name = "PATTERN")]
    name: Option<String>,
    /// Time that templates see as `now`, such as 2025-01-31T12:00:00Z. Default: the time of the start
    #[arg(long, value_name = "TIME", env = "GRAVURE_NOW", hide_env_values = true)]
    now: Option<String>,
    /// Stop after this many rows
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Threads that work on rows. Default: one for each core
    #[arg(long, value_name = "N", env = "GRAVURE_THREADS", hide_env_values = true)]
    threads: Option<NonZeroUsize>,
    #[command(flatten)]
    fetch: FetchArgs,
}

impl CampaignArgs {
    /// What a campaign is opened with.
    pub fn options(&self, data: Option<&Path>) -> CampaignOptions {
        CampaignOptions {
            template: self.template.clone(),
            data: data.map(DataSource::from_argument),
            set: self.set.clone(),
            sizes: self.sizes.clone(),
            formats: self.formats.clone(),
            quality: self.quality,
            lossless: self.lossless,
            subsampling: self.subsampling,
            compression: self.compression,
            background: self.background,
            scale: self.scale,
            name: self.name.clone(),
            now: self.now.clone(),
            fetch: self.fetch.config(),
        }
    }

    /// Threads that work on rows.
    pub fn threads(&self) -> Option<usize> {
        self.threads.map(NonZeroUsize::get)
    }

    /// Whether a field was given a value.
    pub fn sets_fields(&self) -> bool {
        !self.set.is_empty()
    }
}

/// `FIELD=VALUE`. The message does not repeat the value, which may be personal.
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, value)) if !field.trim().is_empty() => Ok((field.trim().to_owned(), value.to_owned())),
        _ => Err("expected FIELD=VALUE".to_owned()),
    }
}

/// A factor that canvases can have.
fn scale(text: &str) -> Result<f32, String> {
    match text.trim().parse() {
        Ok(scale) if (0.1..=8.0).contains(&scale) => Ok(scale),
        _ => Err("expected a number from 0.1 to 8".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_a_number_that_canvases_can_have() {
        assert_eq!((scale("2"), scale("0.5"), scale(" 1.25 ")), (Ok(2.0), Ok(0.5), Ok(1.25)));
        for text in ["0", "8.1", "-1", "NaN", "inf", "2x", ""] {
            assert!(scale(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_first_equals_sign_divides() {
        assert_eq!(assignment("title=a=b"), Ok(("title".to_owned(), "a=b".to_owned())));
        assert_eq!(assignment("title="), Ok(("title".to_owned(), String::new())));
        assert!(assignment("title").is_err());
        assert!(assignment(" =x").is_err());
    }
}

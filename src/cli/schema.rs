//! `gravure schema`: the JSON Schemas of what users write and read.

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::{Status, output};
use crate::{job, render, template};

/// Arguments of `gravure schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// What to describe
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// A template file
    Template,
    /// A job message
    Job,
    /// A result message
    Result,
    /// A line of manifest.jsonl
    Manifest,
    /// campaign.json: what was submitted
    Campaign,
    /// A line of check --json
    Check,
}

/// Prints a schema.
pub fn run(args: &SchemaArgs) -> anyhow::Result<Status> {
    let schema = match args.what {
        What::Template => template::schema(),
        What::Job => job::schema::job(),
        What::Result => job::schema::result(),
        What::Manifest => job::schema::manifest(),
        What::Campaign => job::schema::campaign(),
        What::Check => render::check::schema::check(),
    };
    output::print(&serde_json::to_string_pretty(&schema).context("cannot write JSON")?)?;
    Ok(Status::Fine)
}

//! The settings of the farm: a TOML file, and the environment over it.
//!
//! `GRAVURE_<SECTION>_<KEY>` sets a key of a section: `GRAVURE_WORKER_GRACE_SECS=60`,
//! `GRAVURE_WORKER_RENDERER_THREADS=4`, `GRAVURE_AMQP_PREFIX=test`. Some have short names: `GRAVURE_DESTINATIONS` and
//! `GRAVURE_SOURCES`, with commas. What is unknown is refused.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use toml::{Table, Value};

use crate::queue::rabbit::AmqpSettings;
use crate::store::{S3Settings, StoreSettings, Stores};
use crate::worker::Settings;

/// Everything that a file may say.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The broker.
    pub amqp: AmqpSettings,
    /// Buckets.
    pub storage: S3Settings,
    /// Jobs.
    pub worker: Settings,
}

/// Where settings come from.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// TOML file with the sections [amqp], [storage] and [worker]; GRAVURE_* variables go over it
    #[arg(long, value_name = "FILE", env = "GRAVURE_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
}

/// Sections that the environment may set, with the tables below them.
const SECTIONS: [(&str, &[&str]); 3] = [("amqp", &[]), ("storage", &[]), ("worker", &["renderer", "fetch"])];
/// Lists that may be written with commas.
const SHORT: [(&str, &str, &str); 2] =
    [("GRAVURE_DESTINATIONS", "worker", "destinations"), ("GRAVURE_SOURCES", "worker", "sources")];

impl ConfigArgs {
    /// Reads file and environment.
    pub fn read(&self) -> anyhow::Result<Config> {
        let variables = std::env::vars().filter(|(name, _)| name.starts_with("GRAVURE_"));
        read(self.config.as_deref(), variables)
    }
}

impl Config {
    /// Opens destinations as the settings say.
    pub fn stores(&self) -> Stores {
        Stores::new(StoreSettings { s3: self.storage.clone() })
    }
}

fn read(file: Option<&Path>, variables: impl Iterator<Item = (String, String)>) -> anyhow::Result<Config> {
    let (mut table, shown) = match file {
        None => (Table::new(), "the environment".to_owned()),
        Some(file) => {
            let shown = file.display().to_string();
            let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
            // First with types, so that a mistake has its line; what the error quotes may be a secret.
            if let Err(error) = toml::from_str::<Config>(&text) {
                bail!("{shown}{}: {}", position(&text, error.span()), error.message());
            }
            (text.parse::<Table>().map_err(|error| anyhow::anyhow!("{shown}: {}", error.message()))?, shown)
        }
    };
    for (name, value) in variables {
        set(&mut table, &name, &value)?;
    }
    Config::deserialize(table)
        .map_err(|error| anyhow::anyhow!("{shown}, with GRAVURE_* variables: {}", error.message()))
}

fn set(table: &mut Table, name: &str, value: &str) -> anyhow::Result<()> {
    if let Some((_, section, key)) = SHORT.iter().find(|(short, ..)| *short == name) {
        let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
        let list = parts.map(|part| Value::String(part.to_owned())).collect();
        return insert(table, &[section], key, Value::Array(list));
    }
    let rest = name.trim_start_matches("GRAVURE_").to_ascii_lowercase();
    for (section, below) in SECTIONS {
        let Some(key) = rest.strip_prefix(section).and_then(|rest| rest.strip_prefix('_')) else { continue };
        let inner = below.iter().find_map(|inner| Some((*inner, key.strip_prefix(inner)?.strip_prefix('_')?)));
        return match inner {
            Some((inner, key)) => insert(table, &[section, inner], key, literal(value)),
            None => insert(table, &[section], key, literal(value)),
        };
    }
    Ok(())
}

/// A TOML value, or else a text.
fn literal(value: &str) -> Value {
    let parsed = format!("x = {value}").parse::<Table>().ok().and_then(|mut table| table.remove("x"));
    parsed.unwrap_or_else(|| Value::String(value.to_owned()))
}

fn insert(table: &mut Table, path: &[&str], key: &str, value: Value) -> anyhow::Result<()> {
    let mut at = table;
    for part in path {
        let next = at.entry(*part).or_insert_with(|| Value::Table(Table::new()));
        at = next.as_table_mut().with_context(|| format!("[{part}] is no section"))?;
    }
    at.insert(key.to_owned(), value);
    Ok(())
}

/// `:line:column` of the start of a span.
fn position(text: &str, span: Option<std::ops::Range<usize>>) -> String {
    let Some(before) = span.and_then(|span| text.get(..span.start)) else { return String::new() };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(":{line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("worker.toml");
        std::fs::write(&file, text).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        read(Some(&file), variables).map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_goes_over_the_file() {
        let text = "[worker]\ngrace_secs = 10\nhttp = \"0.0.0.0:1\"\n[amqp]\nprefix = \"a\"\n";
        let variables = [
            ("GRAVURE_WORKER_GRACE_SECS", "60"),
            ("GRAVURE_WORKER_RENDERER_THREADS", "3"),
            ("GRAVURE_AMQP_URL", "amqp://host/v"),
            ("GRAVURE_DESTINATIONS", "s3://a/b, s3://c"),
            ("GRAVURE_OUT", "of another command"),
        ];
        let config = with(text, &variables).unwrap();
        assert_eq!(config.worker.grace_secs, 60);
        assert_eq!(config.worker.http, "0.0.0.0:1");
        assert_eq!(config.worker.renderer.threads, Some(3));
        assert_eq!(config.worker.destinations, ["s3://a/b", "s3://c"]);
        assert_eq!((config.amqp.prefix.as_str(), config.amqp.shown().as_str()), ("a", "amqp://host:5672/v"));
    }

    #[test]
    fn mistakes_have_their_place_and_no_secrets() {
        let message = with("[amqp]\nurl = \"amqp://u:hunter2@h\"\nprefiks = 1\n", &[]).unwrap_err();
        assert!(message.contains("worker.toml:3:1") && message.contains("prefiks"), "{message}");
        let message = with("[amqp]\nurl = [\"hunter2\"]\n", &[]).unwrap_err();
        assert!(message.contains(":2:") && !message.contains("hunter2"), "{message}");
        let message = with("", &[("GRAVURE_WORKER_GRACE_SEC", "1")]).unwrap_err();
        assert!(message.contains("grace_sec"), "{message}");
        let message = with("", &[("GRAVURE_WORKER_GRACE_SECS", "soon")]).unwrap_err();
        assert!(message.contains("GRAVURE_*"), "{message}");
    }

    #[test]
    fn the_example_states_the_defaults() {
        let text = include_str!("../../deploy/worker.toml");
        let shown = toml::from_str::<Config>(text).unwrap();
        // Every key is there in a comment, with its default.
        let all: String =
            text.lines().map(|line| line.strip_prefix("#= ").unwrap_or(line)).collect::<Vec<_>>().join("\n");
        let all = toml::from_str::<Config>(&all).unwrap();
        let defaults = Config::default();
        assert_eq!(
            Config { worker: Settings { destinations: Vec::new(), ..all.worker }, ..all },
            Config {
                amqp: AmqpSettings { url: shown.amqp.url.clone(), ..defaults.amqp },
                worker: Settings { destinations: Vec::new(), ..defaults.worker },
                ..defaults
            }
        );
        assert!(shown.worker.check().is_ok() && shown.amqp.check().is_ok());
    }
}

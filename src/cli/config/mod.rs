//! The settings of the farm: flags over the environment over a TOML file.
//!
//! ```text
//!   worker.toml ──read──> places of settings ─┐
//!   GRAVURE_WORKER_GRACE_SECS=60 ─────────────┼─> Config, and who said what
//!   --setting worker.grace_secs=60 ───────────┘
//! ```
//!
//! Every section is a type of the module that it belongs to; their names and those of their members make the keys of
//! the file and the names of the variables. `GRAVURE_DESTINATIONS`, `GRAVURE_SOURCES` and `GRAVURE_LOG` are short
//! names. What is unknown is refused, with the nearest name that is known.

mod file;
mod keys;
mod mistake;
mod over;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Command, CommandFactory};
use serde::{Deserialize, Serialize};

use crate::queue::rabbit::AmqpSettings;
use crate::store::{S3Settings, StoreSettings, Stores};
use crate::telemetry::LogSettings;
use crate::worker::Settings;

use file::FromFile;
use keys::keys_of;
use mistake::plain;

/// Variables that are read where they are needed.
const ELSEWHERE: [&str; 4] = ["GRAVURE_ADAPTER", "GRAVURE_DRAW", "GRAVURE_ENCODE", "GRAVURE_PIPELINE_CACHE"];

/// Everything that a file may say.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The broker.
    pub amqp: AmqpSettings,
    /// Buckets.
    pub storage: S3Settings,
    /// Jobs.
    pub worker: Settings,
    /// The log.
    pub log: LogSettings,
    /// Who says what, by path: a place in a file, a variable, the flag.
    #[serde(skip)]
    pub origins: BTreeMap<String, String>,
}

/// Where settings come from.
#[derive(Clone, Debug, Default, Args)]
pub struct ConfigArgs {
    /// TOML file with the sections [amqp], [storage], [worker] and [log]; GRAVURE_* variables go over it
    #[arg(long, value_name = "FILE", env = "GRAVURE_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// A setting that goes over file and variables, such as worker.grace_secs=60; may be given more than once
    #[arg(long = "setting", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
}

impl ConfigArgs {
    /// Those of commands that have no such flags.
    pub fn of_environment() -> Self {
        let config = std::env::var_os("GRAVURE_CONFIG").filter(|file| !file.is_empty());
        Self { config: config.map(PathBuf::from), settings: Vec::new() }
    }

    /// Reads file, environment and flags.
    pub fn read(&self) -> anyhow::Result<Config> {
        // What is not Unicode can be no setting of ours.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
        read(self, environment)
    }

    /// The same, as arguments of another process.
    pub fn arguments(&self) -> Vec<OsString> {
        let config = self.config.iter().flat_map(|file| [OsString::from("--config"), file.into()]);
        let settings = self.settings.iter().flat_map(|setting| [OsString::from("--setting"), setting.into()]);
        config.chain(settings).collect()
    }
}

impl Config {
    /// Opens destinations as the settings say.
    pub fn stores(&self) -> Stores {
        Stores::new(StoreSettings { s3: self.storage.clone() })
    }

    /// Whether a broker is named at all.
    pub fn has_broker(&self) -> bool {
        self.origins.contains_key("amqp.url")
    }

    /// What is wrong with `[amqp]`.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn check_broker(&self) -> anyhow::Result<()> {
        self.amqp.check().map_err(|error| self.mistake(&error.to_string()))
    }

    /// What is wrong with `[worker]`.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn check_worker(&self) -> anyhow::Result<()> {
        self.worker.check().map_err(|error| self.mistake(&error))
    }

    /// A message that begins with the path of a setting, with who said it.
    pub fn mistake(&self, message: &str) -> anyhow::Error {
        let path = message.split(": ").next().unwrap_or_default();
        // `amqp.lanes[1].name` is part of `amqp.lanes`.
        let path = path.split('[').next().unwrap_or_default();
        match self.origins.get(path) {
            Some(origin) => anyhow!("{origin}: {message}"),
            None => anyhow!("{message}"),
        }
    }
}

fn read(args: &ConfigArgs, environment: impl Iterator<Item = (String, String)>) -> anyhow::Result<Config> {
    let keys = keys_of::<Config>();
    let FromFile { mut table, places: mut origins } = match &args.config {
        Some(file) => file::read(file, &keys)?,
        None => FromFile::default(),
    };
    let others = variables_of(&super::Cli::command());
    let mut over = over::of_environment(environment, &keys, &others)?;
    for assignment in &args.settings {
        over.push(over::of_flag(assignment, &keys)?);
    }
    for over::Over { path, value, origin } in over {
        over::insert(&mut table, &path, value);
        origins.insert(path, origin);
    }
    let config = Config::deserialize(table).map_err(|error| anyhow!("{}", plain(error.message())))?;
    Ok(Config { origins, ..config })
}

/// The variables that stand for flags of some command.
fn variables_of(command: &Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned));
    let below = command.get_subcommands().flat_map(variables_of);
    own.chain(below).chain(ELSEWHERE.map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, variables: &[(&str, &str)], settings: &[&str]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("worker.toml");
        std::fs::write(&file, text).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let read = read(&ConfigArgs { config: Some(file), settings }, variables);
        read.map_err(|error| format!("{error:#}").replace(&format!("{}/", folder.path().display()), ""))
    }

    #[test]
    fn flags_go_over_the_environment_over_the_file() {
        let text = "[worker]\ngrace_secs = 10\nhold_secs = 60\nhttp = \"0.0.0.0:1\"\n[amqp]\nprefix = \"a\"\n";
        let variables = [
            ("GRAVURE_WORKER_GRACE_SECS", "60"),
            ("GRAVURE_WORKER_HOLD_SECS", "70"),
            ("GRAVURE_WORKER_RENDERER_THREADS", "3"),
            ("GRAVURE_WORKER_FETCH_ALLOW_PRIVATE", "1"),
            ("GRAVURE_AMQP_URL", "amqp://host/v"),
            ("GRAVURE_AMQP_PASSWORD", "12345"),
            ("GRAVURE_DESTINATIONS", "s3://a/b, s3://c"),
            ("GRAVURE_LOG", "gravure=debug,info"),
            ("GRAVURE_STORAGE_TAGS", "{ team = \"ads\" }"),
            ("GRAVURE_STORAGE_REGION", " "),
            ("GRAVURE_OUT", "of another command"),
            ("GRAVURE_ADAPTER", "llvmpipe"),
            ("GRAVURE_TEST_WHATEVER", "1"),
            ("HOME", "/"),
        ];
        let config = with(text, &variables, &["worker.grace_secs=90", "worker.sources = s3://d"]).unwrap();
        assert_eq!((config.worker.grace_secs, config.worker.hold_secs), (90, 70));
        assert_eq!(config.worker.http, "0.0.0.0:1");
        assert_eq!(config.worker.renderer.threads, Some(3));
        assert!(config.worker.fetch.allow_private);
        assert_eq!(config.worker.destinations, ["s3://a/b", "s3://c"]);
        assert_eq!(config.worker.sources, ["s3://d"]);
        assert_eq!((config.amqp.prefix.as_str(), config.amqp.shown().as_str()), ("a", "amqp://host:5672/v"));
        assert_eq!(config.amqp.password.as_ref().map(|password| password.expose()), Some("12345"));
        assert_eq!(config.log.filter.as_deref(), Some("gravure=debug,info"));
        assert_eq!((config.storage.tags["team"].as_str(), &config.storage.region), ("ads", &None));
        assert_eq!(config.origins["worker.http"], config.origins["amqp.prefix"].replace("6:1", "4:1"));
        assert!(config.has_broker());
        assert!(!with("", &[], &[]).unwrap().has_broker());
    }

    #[test]
    fn mistakes_of_a_file_have_their_place_and_advice_and_no_secrets() {
        let cases = [
            (
                "[amqp]\nurl = \"amqp://u:hunter2@h\"\nprefixx = 1\n",
                "worker.toml:3:1: amqp.prefixx: there is no such setting; did you mean prefix?",
            ),
            ("[amqp]\nurl = [\"hunter2\"]\n", "worker.toml:2:7: amqp.url: expected a text, got a list"),
            ("amqp = \"amqp://u:hunter2@h\"\n", "worker.toml:1:8: amqp: expected a section, got a text"),
            (
                "[worker]\n  grace_secs = \"soon\"\n",
                "worker.toml:2:16: worker.grace_secs: expected a whole number, got a text",
            ),
            ("[worker]\ngrace_secs = -1\n", "worker.toml:2:14: worker.grace_secs: expected a whole number that fits"),
            (
                "[worker]\nhang_secs = 1\n",
                "worker.toml:2:1: worker.hang_secs: there is no such setting; did you mean worker.renderer.hang_secs?",
            ),
            ("[wroker]\n", "worker.toml:1:2: wroker: there is no such setting; did you mean worker?"),
            ("[log]\ncolour = 1\n", "worker.toml:2:1: log.colour: there is no such setting, only filter, format"),
            (
                "[log]\nformat = \"xml\"\n",
                "worker.toml:2:10: log.format: unknown variant `xml`, expected `human` or `json`",
            ),
            (
                "[[amqp.lanes]]\nname = \"a\"\nwieght = 2\n",
                "worker.toml:3:1: amqp.lanes: unknown field `wieght`, expected one of `name`, `weight`, `prefetch`",
            ),
            ("[worker]\ngrace_secs = \n", "worker.toml:2:14: "),
        ];
        for (text, expected) in cases {
            let message = with(text, &[], &[]).unwrap_err();
            assert!(message.starts_with(expected) && !message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn mistakes_of_variables_and_flags_name_them() {
        let cases = [
            (
                "GRAVURE_WORKER_GRACE_SEC",
                "1",
                "GRAVURE_WORKER_GRACE_SEC: no setting has a variable of this name; did you mean GRAVURE_WORKER_GRACE_SECS?",
            ),
            (
                "GRAVURE_AMPQ_URL",
                "hunter2",
                "GRAVURE_AMPQ_URL: no setting has a variable of this name; did you mean GRAVURE_AMQP_URL?",
            ),
            (
                "GRAVURE_THREADZ",
                "1",
                "GRAVURE_THREADZ: no setting has a variable of this name; did you mean GRAVURE_THREADS?",
            ),
            (
                "GRAVURE_LOG_FORMAT",
                "1",
                "GRAVURE_LOG_FORMAT: unknown variant `1`, expected `human` or `json` (log.format)",
            ),
            ("GRAVURE_X", "1", "GRAVURE_X: no setting has a variable of this name"),
            ("GRAVURE_XYZZY_PLUGH", "1", "GRAVURE_XYZZY_PLUGH: no setting has a variable of this name"),
            (
                "GRAVURE_WORKER_GRACE_SECS",
                "soon",
                "GRAVURE_WORKER_GRACE_SECS: expected a whole number, got a text (worker.grace_secs)",
            ),
        ];
        for (name, value, expected) in cases {
            assert_eq!(with("", &[(name, value)], &[]).unwrap_err(), expected);
        }
        let cases = [
            ("worker.grace", "--setting: expected KEY=VALUE"),
            (
                "worker.grace_sec=1",
                "--setting: there is no setting \"worker.grace_sec\"; did you mean worker.grace_secs?",
            ),
            ("worker=1", "--setting: there is no setting \"worker\""),
            ("worker.grace_secs=soon", "--setting worker.grace_secs: expected a whole number, got a text"),
        ];
        for (setting, expected) in cases {
            let message = with("", &[], &[setting]).unwrap_err();
            assert!(message.starts_with(expected), "{message}");
        }
    }

    #[test]
    fn a_value_out_of_range_names_who_said_it() {
        let text = "[worker]\ndestinations = [\"s3://b\"]\nhold_secs = 1\n";
        let message = |config: Config| config.check_worker().unwrap_err().to_string();
        let of_file = message(with(text, &[], &[]).unwrap());
        assert!(of_file.ends_with("worker.toml:3:1: worker.hold_secs: expected 5 to 86400, got 1"), "{of_file}");
        let of_variable = message(with(text, &[("GRAVURE_WORKER_HOLD_SECS", "2")], &[]).unwrap());
        assert_eq!(of_variable, "GRAVURE_WORKER_HOLD_SECS: worker.hold_secs: expected 5 to 86400, got 2");
        let lanes = with("", &[("GRAVURE_AMQP_URL", "amqp://h"), ("GRAVURE_AMQP_LANES", "[{name = \"dead\"}]")], &[]);
        let of_part = lanes.unwrap().check_broker().unwrap_err().to_string();
        assert!(of_part.starts_with("GRAVURE_AMQP_LANES: amqp.lanes"), "{of_part}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let config =
            with("", &[("GRAVURE_AMQP_URL", "amqp://u:hunter2@h"), ("GRAVURE_AMQP_PASSWORD", "hunter2")], &[]).unwrap();
        let shown = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
        assert!(!shown.contains("hunter2") && shown.contains("***"), "{shown}");
    }

    #[test]
    fn another_process_gets_the_same_settings() {
        let args = ConfigArgs { config: Some("a.toml".into()), settings: vec!["log.format=json".into()] };
        assert_eq!(args.arguments(), ["--config", "a.toml", "--setting", "log.format=json"]);
    }

    #[test]
    fn the_example_has_every_setting_and_states_the_defaults() {
        let text = include_str!("../../../deploy/worker.toml");
        let shown = toml::from_str::<Config>(text).unwrap();
        // Every key is there in a comment, with its default.
        let all: String =
            text.lines().map(|line| line.strip_prefix("#= ").unwrap_or(line)).collect::<Vec<_>>().join("\n");
        let all = toml::from_str::<Config>(&all).unwrap();
        let defaults = Config::default();
        assert_eq!(
            Config { worker: Settings { destinations: Vec::new(), ..all.worker }, ..all },
            Config { amqp: AmqpSettings { url: shown.amqp.url.clone(), ..defaults.amqp }, ..defaults }
        );
        assert!(shown.check_worker().is_ok() && shown.check_broker().is_ok());
        // What has no default is there as an example.
        let is_example = |line: &str| {
            let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            line.split_once(" = ").is_some_and(|(name, _)| is_name(name))
        };
        let everything = text.lines().map(|line| {
            let example = line.strip_prefix("# ").filter(|line| is_example(line));
            line.strip_prefix("#= ").or(example).unwrap_or(line)
        });
        let everything = everything.collect::<Vec<_>>().join("\n").parse::<toml::Table>().unwrap();
        for keys::Key { path, .. } in keys_of::<Config>() {
            let mut at = Some(&everything);
            for (nth, name) in path.split('.').enumerate() {
                let found = at.and_then(|table| table.get(name));
                assert!(found.is_some(), "{path} is not in deploy/worker.toml (part {nth})");
                at = found.and_then(toml::Value::as_table);
            }
        }
        assert!(Config::deserialize(everything).is_ok());
    }
}

//! What `gravure doctor` says of a farm: whether broker and storage can be reached, and what settings hold.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::config::Config;
use super::super::farm::Broker;
use super::super::output::shown;
use super::super::table::Table;
use crate::queue::rabbit::AmqpSettings;
use crate::queue::{Publisher, QueueError};
use crate::store::{S3Settings, StoreSettings, Stores};

/// A doctor does not wait as long as a worker.
const CONNECT_MS: u64 = 5_000;
const ATTEMPT_MS: u64 = 10_000;
/// Longest value of a setting that is shown.
const MAX_VALUE_CHARS: usize = 80;

/// What was found.
pub struct FarmReport {
    broker: Option<BrokerReport>,
    storage: Vec<StorageReport>,
    /// Every setting, with who says it; empty where nobody says anything.
    settings: Vec<(String, Value, Option<String>)>,
}

struct BrokerReport {
    url: String,
    found: Result<BrokerFound, String>,
}

struct BrokerFound {
    connected_ms: f64,
    round_trip_ms: f64,
    queues: Vec<(String, u64)>,
}

struct StorageReport {
    place: String,
    found: Result<String, String>,
}

/// Tries what the settings name. Nothing is declared at the broker; in a bucket one small object is stored, read and
/// removed.
pub fn examine(config: &Config) -> FarmReport {
    let broker = config.has_broker().then(|| BrokerReport { url: config.amqp.shown(), found: ask_broker(config) });
    let patience = S3Settings {
        attempts: config.storage.attempts.min(2),
        connect_timeout_ms: config.storage.connect_timeout_ms.min(CONNECT_MS),
        attempt_timeout_ms: config.storage.attempt_timeout_ms.min(ATTEMPT_MS),
        ..config.storage.clone()
    };
    let stores = Stores::new(StoreSettings { s3: patience });
    let storage = config.worker.destinations.iter();
    let storage = storage.map(|place| StorageReport { place: place.clone(), found: ask_storage(&stores, place) });
    let mut settings = Vec::new();
    if !config.origins.is_empty() {
        let all = serde_json::to_value(config).unwrap_or_default();
        flatten(&all, "", &config.origins, &mut settings);
    }
    FarmReport { broker, storage: storage.collect(), settings }
}

fn ask_broker(config: &Config) -> Result<BrokerFound, String> {
    let config = Config {
        amqp: AmqpSettings {
            connect_timeout_ms: config.amqp.connect_timeout_ms.min(CONNECT_MS),
            ..config.amqp.clone()
        },
        ..config.clone()
    };
    let broker = Broker::open(&config).map_err(|error| error.to_string())?;
    let started = Instant::now();
    let found = broker.runtime.block_on(async {
        broker.publisher.depths().await?;
        let connected = started.elapsed();
        let again = Instant::now();
        let queues = broker.publisher.depths().await?;
        // Each queue is asked for on a channel of its own: opened, asked, closed.
        let round_trips = (3 * queues.len()).max(1) as u32;
        Ok((connected, again.elapsed() / round_trips, queues))
    });
    broker.close();
    let milliseconds = |time: Duration| (time.as_secs_f64() * 1e5).round() / 100.0;
    match found {
        Ok((connected, round_trip, queues)) => {
            Ok(BrokerFound { connected_ms: milliseconds(connected), round_trip_ms: milliseconds(round_trip), queues })
        }
        // It answers, but something is missing or not ours.
        Err(QueueError::Refused(message)) => Err(format!(
            "it is there, but {message} (the first worker declares what is missing, unless amqp.passive is set)"
        )),
        Err(error) => Err(error.to_string()),
    }
}

fn ask_storage(stores: &Stores, place: &str) -> Result<String, String> {
    match place.strip_prefix("file://") {
        Some(folder) if Path::new(folder).is_dir() => match tempfile::tempfile_in(folder) {
            Ok(_) => Ok("a folder that can be written to".to_owned()),
            Err(error) => Err(format!("cannot be written to: {error}")),
        },
        Some(_) => Err("there is no such folder; a worker makes it if it may".to_owned()),
        None => match stores.probe(place) {
            Ok(report) => Ok(report.map_or_else(String::new, |report| report.to_string())),
            Err(error) => Err(error.to_string()),
        },
    }
}

/// Every setting by its path. Secrets hide themselves.
fn flatten(
    value: &Value,
    path: &str,
    origins: &BTreeMap<String, String>,
    into: &mut Vec<(String, Value, Option<String>)>,
) {
    match value {
        Value::Object(members) if !is_leaf(path) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(value, &path, origins, into);
            }
        }
        value => into.push((path.to_owned(), value.clone(), origins.get(path).cloned())),
    }
}

/// Tables that are one setting.
fn is_leaf(path: &str) -> bool {
    matches!(path, "storage.metadata" | "storage.tags")
}

impl FarmReport {
    /// For people; empty where nothing of a farm is set.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Some(BrokerReport { url, found }) = &self.broker {
            match found {
                Ok(BrokerFound { connected_ms, round_trip_ms, queues }) => {
                    text.push_str(&format!(
                        "\nbroker {url}: reachable, connected in {connected_ms} ms, answers in {round_trip_ms} ms\n"
                    ));
                    let mut table = Table::new(&["  queue", "waiting"]);
                    for (queue, waiting) in queues {
                        table.push(vec![format!("  {queue}"), waiting.to_string()]);
                    }
                    text.push_str(&table.to_string());
                }
                Err(message) => text.push_str(&format!("\nbroker {url}: NOT usable: {message}\n")),
            }
        }
        for StorageReport { place, found } in &self.storage {
            match found {
                Ok(what) => text.push_str(&format!("\nstorage {place}: reachable\n  {what}\n")),
                Err(message) => text.push_str(&format!("\nstorage {place}: NOT usable: {message}\n")),
            }
        }
        if !self.settings.is_empty() {
            let mut table = Table::new(&["setting", "value", "from"]);
            for (path, value, origin) in &self.settings {
                let value = match value {
                    Value::String(value) => value.clone(),
                    Value::Null => "-".to_owned(),
                    value => value.to_string(),
                };
                let origin = origin.as_deref().unwrap_or("default");
                table.push(vec![path.clone(), shown(&value, MAX_VALUE_CHARS), origin.to_owned()]);
            }
            text.push_str(&format!("\n{table}"));
        }
        text
    }

    /// For scripts, as members of the report.
    pub fn add_to(&self, report: &mut Value) {
        if let Some(BrokerReport { url, found }) = &self.broker {
            report["broker"] = match found {
                Ok(BrokerFound { connected_ms, round_trip_ms, queues }) => {
                    let queues: Vec<Value> =
                        queues.iter().map(|(name, waiting)| json!({"queue": name, "waiting": waiting})).collect();
                    json!({
                        "url": url, "usable": true, "connected_ms": connected_ms, "round_trip_ms": round_trip_ms,
                        "queues": queues,
                    })
                }
                Err(message) => json!({"url": url, "usable": false, "error": message}),
            };
        }
        if !self.storage.is_empty() {
            let places = self.storage.iter().map(|StorageReport { place, found }| match found {
                Ok(what) => json!({"place": place, "usable": true, "found": what}),
                Err(message) => json!({"place": place, "usable": false, "error": message}),
            });
            report["storage"] = places.collect();
        }
        if !self.settings.is_empty() {
            let settings = self.settings.iter().map(|(path, value, origin)| {
                (path.clone(), json!({"value": value, "from": origin.as_deref().unwrap_or("default")}))
            });
            report["settings"] = Value::Object(settings.collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Secret;

    /// Settings as if a variable had said them.
    fn said(paths: &[&str]) -> BTreeMap<String, String> {
        paths.iter().map(|path| ((*path).to_owned(), "GRAVURE_X".to_owned())).collect()
    }

    #[test]
    fn nothing_is_said_where_nothing_is_set() {
        let report = examine(&Config::default());
        let mut json = json!({});
        report.add_to(&mut json);
        assert_eq!((report.text(), json), (String::new(), json!({})));
    }

    #[test]
    fn what_cannot_be_reached_is_told_plainly_and_without_secrets() {
        let folder = tempfile::tempdir().unwrap();
        // A port that nobody listens on any more.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut config = Config { origins: said(&["amqp.url", "worker.destinations"]), ..Config::default() };
        config.amqp.url = Some(Secret::new(format!("amqp://me:hunter2@127.0.0.1:{port}/v")));
        config.worker.destinations =
            vec![format!("file://{}", folder.path().display()), "file:///no/such/folder".into()];
        let report = examine(&config);
        let text = report.text();
        assert!(text.contains(&format!("broker amqp://127.0.0.1:{port}/v: NOT usable: ")), "{text}");
        assert!(text.contains("a folder that can be written to"), "{text}");
        assert!(text.contains("storage file:///no/such/folder: NOT usable"), "{text}");
        let mut json = json!({});
        report.add_to(&mut json);
        assert_eq!(json["broker"]["usable"], false);
        assert_eq!((&json["storage"][0]["usable"], &json["storage"][1]["usable"]), (&true.into(), &false.into()));
        assert_eq!(json["settings"]["amqp.url"], json!({"value": "***", "from": "GRAVURE_X"}));
        assert_eq!(json["settings"]["worker.renderer.hang_secs"], json!({"value": 120, "from": "default"}));
        assert!(!text.contains("hunter2") && !json.to_string().contains("hunter2"));
    }
}

//! How the broker is reached and what its queues are called: the section `[amqp]` of a configuration file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lapin::tcp::{OwnedIdentity, OwnedTLSConfig};
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use url::Url;

use crate::telemetry::Secret;

/// The section `[amqp]`. Every member has a default but `url`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AmqpSettings {
    /// `amqp://user:password@host:port/vhost`, or `amqps://`. Needed (or `GRAVURE_AMQP_URL`).
    pub url: Option<Secret>,
    /// In place of the URL's.
    pub user: Option<String>,
    /// In place of the URL's.
    pub password: Option<Secret>,
    /// A file whose first line is the password, read for every connection.
    pub password_file: Option<PathBuf>,
    /// Certificates, in PEM, that the broker's may be signed by, besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate, in PEM, for brokers that ask for one.
    pub client_cert: Option<PathBuf>,
    /// Its key, in PEM.
    pub client_key: Option<PathBuf>,
    /// A broker that is silent for twice as many seconds is gone. Default: 15.
    pub heartbeat_secs: u16,
    /// How long a connection may take, in milliseconds. Default: 10,000.
    pub connect_timeout_ms: u64,
    /// What every queue and exchange starts with. Default: `gravure`.
    pub prefix: String,
    /// The queues that jobs come by, and how often each has its turn.
    pub lanes: Vec<Lane>,
    /// Whether queues and exchanges must be there already. Default: they are declared.
    pub passive: bool,
    /// How often the broker delivers a job before it dead-letters it: a last resort. Default: 1,000.
    pub delivery_limit: u32,
    /// How long a confirm may take, in milliseconds. Default: 30,000.
    pub confirm_timeout_ms: u64,
    /// A worker that is connected and gets no jobs for so long ends. In seconds. Default: 30.
    pub deaf_secs: u64,
}

/// A queue that jobs come by.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// Follows the prefix: `jobs` is the queue `gravure.jobs`.
    pub name: String,
    /// How many of its jobs have their turn for one of a lane of weight 1.
    #[serde(default = "one")]
    pub weight: u32,
    /// Jobs that a worker holds at a time. Default: 16.
    #[serde(default = "prefetch")]
    pub prefetch: u16,
}

fn one() -> u32 {
    1
}

fn prefetch() -> u16 {
    16
}

impl Default for AmqpSettings {
    fn default() -> Self {
        let lane = |name: &str, weight| Lane { name: name.to_owned(), weight, prefetch: prefetch() };
        Self {
            url: None,
            user: None,
            password: None,
            password_file: None,
            ca_file: None,
            client_cert: None,
            client_key: None,
            heartbeat_secs: 15,
            connect_timeout_ms: 10_000,
            prefix: "gravure".to_owned(),
            lanes: vec![lane("jobs", 1), lane("urgent", 4)],
            passive: false,
            delivery_limit: 1000,
            confirm_timeout_ms: 30_000,
            deaf_secs: 30,
        }
    }
}

impl AmqpSettings {
    /// The name of a queue or exchange.
    pub fn name(&self, of: &str) -> String {
        format!("{}.{of}", self.prefix)
    }

    /// What is wrong with the values. No message has a secret.
    ///
    /// # Errors
    /// The first that cannot be used.
    pub fn check(&self) -> Result<(), String> {
        self.uri()?;
        self.tls()?;
        let is_name = |name: &str| !name.is_empty() && name.len() <= 100 && name.bytes().all(|b| b.is_ascii_graphic());
        if !is_name(&self.prefix) || self.prefix.starts_with("amq.") {
            return Err(format!("amqp.prefix: expected a short plain name, got {:?}", self.prefix));
        }
        if self.lanes.is_empty() {
            return Err("amqp.lanes: expected at least one".to_owned());
        }
        for (nth, lane) in self.lanes.iter().enumerate() {
            let reserved = ["dead", "results"];
            if !is_name(&lane.name) || reserved.contains(&lane.name.as_str()) {
                return Err(format!("amqp.lanes[{nth}].name: {:?} cannot be the name of a lane", lane.name));
            }
            if self.lanes[..nth].iter().any(|earlier| earlier.name == lane.name) {
                return Err(format!("amqp.lanes[{nth}].name: {:?} is there twice", lane.name));
            }
            if lane.prefetch == 0 || lane.weight == 0 {
                return Err(format!("amqp.lanes[{nth}]: weight and prefetch are 1 or more"));
            }
        }
        let at_least_one = [
            ("heartbeat_secs", u64::from(self.heartbeat_secs)),
            ("connect_timeout_ms", self.connect_timeout_ms),
            ("delivery_limit", u64::from(self.delivery_limit)),
            ("confirm_timeout_ms", self.confirm_timeout_ms),
            ("deaf_secs", self.deaf_secs),
        ];
        match at_least_one.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(format!("amqp.{name}: expected 1 or more")),
            None => Ok(()),
        }
    }

    /// The broker without credentials, for messages.
    pub fn shown(&self) -> String {
        match self.uri() {
            Ok(AMQPUri { scheme, authority, vhost, .. }) => {
                let AMQPAuthority { host, port, .. } = authority;
                let host = if host.contains(':') { format!("[{host}]") } else { host };
                format!("{scheme}://{host}:{port}/{}", vhost.trim_start_matches('/'))
            }
            Err(_) => "no broker".to_owned(),
        }
    }

    pub(super) fn uri(&self) -> Result<AMQPUri, String> {
        let Some(url) = &self.url else {
            return Err("amqp.url: say where the broker is, such as amqp://user:password@host/vhost (or \
                        GRAVURE_AMQP_URL)"
                .to_owned());
        };
        let mut uri = location(url)?;
        if let Some(user) = &self.user {
            uri.authority.userinfo.username.clone_from(user);
        }
        if let Some(file) = &self.password_file {
            let text = std::fs::read_to_string(file);
            let text = text.map_err(|error| format!("amqp.password_file: {}: {error}", file.display()))?;
            uri.authority.userinfo.password = text.lines().next().unwrap_or_default().to_owned();
        }
        if let Some(password) = &self.password {
            password.expose().clone_into(&mut uri.authority.userinfo.password);
        }
        uri.query.heartbeat = Some(self.heartbeat_secs);
        Ok(uri)
    }

    pub(super) fn tls(&self) -> Result<OwnedTLSConfig, String> {
        let cert_chain = read("ca_file", self.ca_file.as_deref())?;
        let cert_chain = cert_chain.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let identity = match (
            read("client_cert", self.client_cert.as_deref())?,
            read("client_key", self.client_key.as_deref())?,
        ) {
            (Some(pem), Some(key)) => Some(OwnedIdentity::PKCS8 { pem, key }),
            (None, None) => None,
            _ => return Err("amqp.client_cert and amqp.client_key need each other".to_owned()),
        };
        Ok(OwnedTLSConfig { identity, cert_chain })
    }

    pub(super) fn confirm_timeout(&self) -> Duration {
        Duration::from_millis(self.confirm_timeout_ms)
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }
}

/// What the URL itself says. lapin's own reader takes `[::1]` for `localhost`, an empty virtual host for one of that
/// name, and quotes the URL in what it says.
fn location(url: &Secret) -> Result<AMQPUri, String> {
    let wrong = || "amqp.url: expected amqp://user:password@host:port/vhost".to_owned();
    let url = Url::parse(url.expose()).map_err(|_| wrong())?;
    let scheme = match url.scheme() {
        "amqp" => AMQPScheme::AMQP,
        "amqps" => AMQPScheme::AMQPS,
        _ => return Err(wrong()),
    };
    if url.query().is_some() {
        return Err("amqp.url: it has parameters (after \"?\"); there are settings for them".to_owned());
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| wrong());
    let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    Ok(AMQPUri {
        authority: AMQPAuthority {
            userinfo: AMQPUserInfo {
                username: or(decoded(url.username())?, "guest"),
                password: or(decoded(url.password().unwrap_or_default())?, "guest"),
            },
            host: decoded(host.trim_matches(['[', ']']))?,
            port: url.port().unwrap_or_else(|| scheme.default_port()),
        },
        vhost: or(decoded(url.path().strip_prefix('/').unwrap_or_default())?, "/"),
        query: AMQPQueryString::default(),
        scheme,
    })
}

fn read(setting: &str, file: Option<&Path>) -> Result<Option<Vec<u8>>, String> {
    let Some(file) = file else { return Ok(None) };
    std::fs::read(file).map(Some).map_err(|error| format!("amqp.{setting}: {}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> AmqpSettings {
        AmqpSettings { url: Some(Secret::new(url)), ..AmqpSettings::default() }
    }

    #[test]
    fn secrets_are_in_no_message() {
        let shown = settings("amqps://me:hunter2@rabbit:5671/%2fads").shown();
        assert_eq!(shown, "amqps://rabbit:5671/ads");
        assert_eq!(settings("amqp://[::1]/").shown(), "amqp://[::1]:5672/");
        for url in ["amqp://me:hunter2@host?heartbeat=1", "amqp://me:hunter2@[bad", "http://me:hunter2@host", "hunter2"]
        {
            let message = settings(url).check().unwrap_err();
            assert!(!message.contains("hunter2"), "{message}");
        }
        assert!(!format!("{:?}", settings("amqp://me:hunter2@host")).contains("hunter2"));
    }

    #[test]
    fn credentials_may_come_from_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("password"), "from-file\n").unwrap();
        let password_file = Some(folder.path().join("password"));
        let settings = AmqpSettings { user: Some("me".into()), password_file, ..settings("amqp://host") };
        let userinfo = settings.uri().unwrap().authority.userinfo;
        assert_eq!((userinfo.username.as_str(), userinfo.password.as_str()), ("me", "from-file"));
    }

    #[test]
    fn lanes_have_names_of_their_own() {
        let good = settings("amqp://host");
        assert_eq!(good.check(), Ok(()));
        let lane = |name: &str| Lane { name: name.into(), weight: 1, prefetch: 1 };
        for lanes in [vec![], vec![lane("dead")], vec![lane("a"), lane("a")], vec![lane("")]] {
            assert!(AmqpSettings { lanes, ..good.clone() }.check().is_err());
        }
        assert!(AmqpSettings::default().check().unwrap_err().contains("GRAVURE_AMQP_URL"));
    }
}

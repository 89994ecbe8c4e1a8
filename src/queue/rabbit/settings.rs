//! Where the broker is, and what the farm's queues are called there.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use thiserror::Error;
use url::Url;

/// Text that is shown nowhere: it may hold a password.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl From<&str> for Hidden {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("hidden")
    }
}

/// A lane: a queue of jobs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaneSettings {
    /// Letters, digits, `.`, `_` and `-`. The queue's name is the prefix, a dot, and this.
    pub name: String,
    /// Its share of a worker, beside the weights of the others. Default: 1.
    #[serde(default = "one")]
    pub weight: u32,
    /// How many of its jobs a worker has unsettled at most. Default: that of the whole.
    #[serde(default)]
    pub prefetch: Option<u16>,
}

fn one() -> u32 {
    1
}

/// How the broker is reached and used. Unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AmqpSettings {
    /// `amqp://user:password@host:port/vhost`, or `amqps://`. Default: `amqp://localhost`.
    pub url: Hidden,
    /// In place of the URL's.
    pub user: Option<String>,
    /// In place of the URL's.
    pub password: Option<Hidden>,
    /// A file that holds the password, read for every connection. In place of the URL's and of `password`.
    pub password_file: Option<PathBuf>,
    /// Certificates (PEM) that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate (PEM).
    pub client_cert: Option<PathBuf>,
    /// Its key (PEM).
    pub client_key: Option<PathBuf>,
    /// A broker that is silent for twice as long is gone. Default: 15.
    pub heartbeat_secs: u16,
    /// For a connection until it is ready, and for the declarations after it. Default: 10.
    pub connect_timeout_secs: u64,
    /// All names start with it. Default: `gravure`.
    pub prefix: String,
    /// Default: `jobs` with weight 1 and `jobs.urgent` with weight 4.
    pub lanes: Vec<LaneSettings>,
    /// How many jobs of a lane a worker has unsettled at most. Default: 16.
    pub prefetch: u16,
    /// Nothing is declared: what is there is used, and must be there. Default: false.
    pub passive: bool,
    /// How often the broker delivers a job before it buries it itself: a last resort. Default: 1000.
    pub delivery_limit: u32,
    /// How long a confirm is waited for. Default: 30.
    pub confirm_timeout_secs: u64,
    /// How long a worker that is connected may be without its consumers. Default: 30.
    pub deaf_after_secs: u64,
}

impl Default for AmqpSettings {
    fn default() -> Self {
        let lane = |name: &str, weight| LaneSettings { name: name.to_owned(), weight, prefetch: None };
        Self {
            url: "amqp://localhost".into(),
            user: None,
            password: None,
            password_file: None,
            ca_file: None,
            client_cert: None,
            client_key: None,
            heartbeat_secs: 15,
            connect_timeout_secs: 10,
            prefix: "gravure".to_owned(),
            lanes: vec![lane("jobs", 1), lane("jobs.urgent", 4)],
            prefetch: 16,
            passive: false,
            delivery_limit: 1000,
            confirm_timeout_secs: 30,
            deaf_after_secs: 30,
        }
    }
}

/// Why settings are of no use. Shows no secret.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SettingsError {
    /// Of the URL. The URL itself may hold a password and is not shown.
    #[error("the broker's URL is unusable: {0}")]
    Url(&'static str),
    /// Of something else.
    #[error("{setting}: {problem}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A file that cannot be read.
    #[error("{setting}: {}: {problem}", .file.display())]
    File {
        /// Its name.
        setting: &'static str,
        /// Where it should be.
        file: PathBuf,
        /// What the system says.
        problem: String,
    },
}

impl AmqpSettings {
    /// The defaults, with this URL.
    pub fn with_url(url: impl Into<Hidden>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// The URL without password.
    ///
    /// # Errors
    /// When it is no URL of a broker.
    pub fn shown_url(&self) -> Result<String, SettingsError> {
        let uri = self.location()?;
        let vhost = percent_encoding::utf8_percent_encode(&uri.vhost, percent_encoding::NON_ALPHANUMERIC);
        let user = self.user.as_ref().unwrap_or(&uri.authority.userinfo.username);
        let AMQPAuthority { host, port, .. } = &uri.authority;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        Ok(format!("{}://{user}@{host}:{port}/{vhost}", uri.scheme))
    }

    /// Whether everything that can be told without a connection is right.
    ///
    /// # Errors
    /// The first thing that is not.
    pub fn check(&self) -> Result<(), SettingsError> {
        let wrong = |setting, problem: &str| Err(SettingsError::Setting { setting, problem: problem.to_owned() });
        self.location()?;
        self.identity()?;
        self.trusted()?;
        if self.password_file.is_some() {
            self.password_of_file()?;
        }
        let is_name = |name: &str| {
            let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !name.is_empty() && name.len() <= 100 && name.bytes().all(is_fit)
        };
        if !is_name(&self.prefix) || self.prefix.starts_with("amq.") {
            return wrong(
                "prefix",
                "is up to 100 letters, digits, \".\", \"_\" and \"-\", and not \"amq.\" at its start",
            );
        }
        if self.lanes.is_empty() {
            return wrong("lanes", "there is none");
        }
        for (number, lane) in self.lanes.iter().enumerate() {
            if !is_name(&lane.name) {
                return wrong("lanes", "a name is up to 100 letters, digits, \".\", \"_\" and \"-\"");
            }
            if lane.name == "dead" {
                return wrong("lanes", "\"dead\" is the queue of dead letters");
            }
            if self.lanes[..number].iter().any(|other| other.name == lane.name) {
                return wrong("lanes", &format!("\"{}\" is there twice", lane.name));
            }
            // To the broker, 0 means without any limit.
            if self.prefetch_of(number) == 0 {
                return wrong("prefetch", "is at least 1");
            }
        }
        let at_least_one = [
            ("heartbeat_secs", u64::from(self.heartbeat_secs)),
            ("connect_timeout_secs", self.connect_timeout_secs),
            ("delivery_limit", u64::from(self.delivery_limit)),
            ("confirm_timeout_secs", self.confirm_timeout_secs),
            ("deaf_after_secs", self.deaf_after_secs),
        ];
        at_least_one.iter().find(|(_, value)| *value == 0).map_or(Ok(()), |(name, _)| wrong(name, "is at least 1"))
    }

    pub(super) fn prefetch_of(&self, lane: usize) -> u16 {
        self.lanes[lane].prefetch.unwrap_or(self.prefetch)
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout_secs)
    }

    pub(super) fn confirm_timeout(&self) -> Duration {
        Duration::from_secs(self.confirm_timeout_secs)
    }

    /// The URL with everything that belongs into it.
    pub(super) fn uri(&self) -> Result<AMQPUri, SettingsError> {
        let mut uri = self.location()?;
        if let Some(user) = &self.user {
            uri.authority.userinfo.username.clone_from(user);
        }
        if let Some(password) = &self.password {
            uri.authority.userinfo.password.clone_from(&password.0);
        }
        if self.password_file.is_some() {
            uri.authority.userinfo.password = self.password_of_file()?;
        }
        uri.query.heartbeat = Some(self.heartbeat_secs);
        Ok(uri)
    }

    /// What the URL itself says. lapin's own reader takes `[::1]` for `localhost` and shows URLs in its errors.
    fn location(&self) -> Result<AMQPUri, SettingsError> {
        let url = Url::parse(&self.url.0).map_err(|_| SettingsError::Url("it is no URL"))?;
        let scheme = match url.scheme() {
            "amqp" => AMQPScheme::AMQP,
            "amqps" => AMQPScheme::AMQPS,
            _ => return Err(SettingsError::Url("it starts with neither amqp:// nor amqps://")),
        };
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8();
            text.map(String::from).map_err(|_| SettingsError::Url("a part of it is not UTF-8"))
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(SettingsError::Url("it names no host"))?;
        if url.query().is_some() {
            return Err(SettingsError::Url("it has parameters (after \"?\"); there are settings for them"));
        }
        let or_guest = |text: String| if text.is_empty() { "guest".to_owned() } else { text };
        let vhost = decoded(url.path().trim_start_matches('/'))?;
        Ok(AMQPUri {
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo {
                    username: or_guest(decoded(url.username())?),
                    password: or_guest(decoded(url.password().unwrap_or_default())?),
                },
                host: decoded(host.trim_matches(['[', ']']))?,
                port: url.port().unwrap_or_else(|| scheme.default_port()),
            },
            vhost: if vhost.is_empty() { "/".to_owned() } else { vhost },
            query: AMQPQueryString::default(),
            scheme,
        })
    }

    fn password_of_file(&self) -> Result<String, SettingsError> {
        let bytes = read("password_file", self.password_file.as_deref())?.unwrap_or_default();
        let text = String::from_utf8(bytes)
            .map_err(|_| SettingsError::Setting { setting: "password_file", problem: "it is not UTF-8".to_owned() })?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Certificates that are trusted besides the system's.
    pub(super) fn trusted(&self) -> Result<Option<String>, SettingsError> {
        let bytes = read("ca_file", self.ca_file.as_deref())?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Our own certificate and its key.
    pub(super) fn identity(&self) -> Result<Option<(Vec<u8>, Vec<u8>)>, SettingsError> {
        let certificate = read("client_cert", self.client_cert.as_deref())?;
        match (certificate, read("client_key", self.client_key.as_deref())?) {
            (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
            (None, None) => Ok(None),
            _ => Err(SettingsError::Setting {
                setting: "client_cert",
                problem: "it needs client_key, and client_key needs it".to_owned(),
            }),
        }
    }
}

fn read(setting: &'static str, file: Option<&Path>) -> Result<Option<Vec<u8>>, SettingsError> {
    let Some(file) = file else { return Ok(None) };
    let bytes = std::fs::read(file);
    bytes.map(Some).map_err(|error| SettingsError::File { setting, file: file.to_owned(), problem: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_their_password() {
        let shown = |url: &str| AmqpSettings::with_url(url).shown_url().expect("a URL");
        assert_eq!(shown("amqp://rabbit"), "amqp://guest@rabbit:5672/%2F");
        assert_eq!(shown("amqps://u:s3cret@[::1]/a%2Fb"), "amqps://u@[::1]:5671/a%2Fb");
        let settings = AmqpSettings { password: Some("s3cret".into()), ..AmqpSettings::with_url("amqp://u:s3cret@h") };
        assert!(!format!("{settings:?}").contains("s3cret"));
        assert_eq!(settings.uri().expect("a URL").authority.userinfo.password, "s3cret");
    }

    #[test]
    fn errors_show_no_part_of_a_url() {
        for url in
            ["amqp:s3cret", "http://u:s3cret@h", "amqp://u:s3cret@h:port", "s3cret", "amqp://u:s3cret@h?heartbeat=1"]
        {
            let error = AmqpSettings::with_url(url).check().expect_err(url).to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn settings_are_read_from_toml() {
        let text = "url = 'amqp://h/v'\nlanes = [{ name = 'a' }, { name = 'b', weight = 9, prefetch = 2 }]";
        let settings: AmqpSettings = toml::from_str(text).expect("settings");
        assert_eq!(settings.check(), Ok(()));
        assert_eq!((settings.lanes[0].weight, settings.prefetch_of(0), settings.prefetch_of(1)), (1, 16, 2));
        assert!(toml::from_str::<AmqpSettings>("lane = 1").is_err());
    }

    #[test]
    fn names_that_would_collide_are_refused() {
        let lane = |name: &str| LaneSettings { name: name.to_owned(), weight: 1, prefetch: None };
        for lanes in [vec![], vec![lane("dead")], vec![lane("a"), lane("a")], vec![lane("a/b")]] {
            assert!(AmqpSettings { lanes, ..AmqpSettings::default() }.check().is_err());
        }
        assert!(AmqpSettings { prefetch: 0, ..AmqpSettings::default() }.check().is_err());
    }
}

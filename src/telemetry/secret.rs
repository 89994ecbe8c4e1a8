//! Texts that are never shown: passwords and keys.
//!
//! A [`Secret`] shows itself as `***`. That does not help where somebody else's message quotes it (a library's error
//! about a URL): so every secret is remembered, and the log has it replaced in whatever it writes.

use std::io::{self, Write};
use std::sync::Arc;

use parking_lot::RwLock;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const HIDDEN: &str = "***";
/// Shorter ones would be found in many an innocent word.
const LEAST_BYTES: usize = 6;
/// Of the standard chain of AWS.
const VARIABLES: [&str; 2] = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// What the log replaces, the longest first.
static KNOWN: RwLock<Vec<Arc<str>>> = RwLock::new(Vec::new());

/// A password or key, or a URL that holds one: shown as `***` wherever it is printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        hide(&text);
        Self(text)
    }

    /// The text itself, for whoever must send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// Has a text replaced in the log from now on. Of a URL with a password it is the password, as it is written there
/// and as it is meant.
pub fn hide(text: &str) {
    let Some((_, rest)) = text.split_once("://") else { return remember(text) };
    let authority = rest.split('/').next().unwrap_or_default();
    let password = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':')).map(|(_, password)| password);
    if let Some(password) = password {
        remember(password);
        remember(&percent_decode_str(password).decode_utf8_lossy());
    }
}

/// Has the secrets of the environment replaced.
pub(super) fn hide_environment() {
    VARIABLES.iter().filter_map(|name| std::env::var(name).ok()).for_each(|text| remember(&text));
}

fn remember(text: &str) {
    // As JSON has it in a text.
    let quoted = serde_json::Value::from(text).to_string();
    let mut known = KNOWN.write();
    for form in [text, &quoted[1..quoted.len() - 1]] {
        if form.len() >= LEAST_BYTES && !known.iter().any(|known| **known == *form) {
            known.push(form.into());
        }
    }
    known.sort_by_key(|text| std::cmp::Reverse(text.len()));
}

/// A text without the secrets that are known.
fn redacted(text: &str) -> Option<String> {
    let known = KNOWN.read();
    let mut found = known.iter().filter(|secret| text.contains(&***secret)).peekable();
    found.peek()?;
    Some(found.fold(text.to_owned(), |text, secret| text.replace(&**secret, HIDDEN)))
}

/// Writes lines, each in one call as the log does, without secrets.
pub(super) struct Redacting<W>(pub W);

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(bytes).ok().and_then(redacted) {
            Some(text) => self.0.write_all(text.as_bytes())?,
            None => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(text: &str) -> String {
        let mut out = Redacting(Vec::new());
        out.write_all(text.as_bytes()).unwrap();
        String::from_utf8(out.0).unwrap()
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?} {}", serde_json::json!(secret)), "*** *** \"***\"");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn the_log_replaces_what_others_quote() {
        let _url = Secret::new("amqp://me:p%40ss-in-a-url@rabbit:5672/v");
        let _quoted = serde_json::from_str::<Secret>("\"with\\\"quotes\"").unwrap();
        let text = logged(
            "cannot reach amqp://me:p%40ss-in-a-url@rabbit: p@ss-in-a-url refused {\"x\": \"with\\\"quotes\"}\n",
        );
        assert_eq!(text, "cannot reach amqp://me:***@rabbit: *** refused {\"x\": \"***\"}\n");
        assert_eq!(logged("rabbit:5672 for me\n"), "rabbit:5672 for me\n");
    }

    #[test]
    fn short_words_are_left_alone() {
        let _guest = Secret::new("amqp://guest:guest@h");
        assert_eq!(logged("guest of honour"), "guest of honour");
    }
}

//! URLs of what is stored: `s3://bucket/key` and `file:///folder/file`.
//!
//! They are taken as they are written, as destinations are: `%20` is no space, a space is one, and neither `?` nor `#`
//! starts anything. Within the program they are URLs like others: what a URL cannot hold is escaped, once, here.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

/// What would be read as something else, or be changed, by the rules of URLs.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Whether URLs of a scheme name something stored.
pub(in crate::assets) fn is_scheme(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("s3") || scheme.eq_ignore_ascii_case("file")
}

/// Reads a URL of either scheme.
pub(in crate::assets) fn parse(text: &str) -> Result<Url, String> {
    let (scheme, rest) = text.split_once("://").ok_or("not a valid URL")?;
    let (owner, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    match scheme.eq_ignore_ascii_case("s3") {
        true if owner.is_empty() || !owner.chars().all(is_plain) => {
            return Err("not a valid URL: expected s3://bucket/key".to_owned());
        }
        false if !owner.is_empty() => return Err("not a valid URL: expected file:///folder/file".to_owned()),
        _ => {}
    }
    // The rules of URLs would follow them, which is nothing that a key means.
    if path.split('/').any(|part| matches!(part, "." | "..")) {
        return Err("not a valid URL: it has a part \"..\" or \".\"".to_owned());
    }
    let escaped = utf8_percent_encode(path, ESCAPED);
    let url = Url::parse(&format!("{}://{owner}{escaped}", scheme.to_ascii_lowercase()));
    url.map_err(|error| format!("not a valid URL: {error}"))
}

/// As it was written.
pub fn written(url: &Url) -> String {
    match is_scheme(url.scheme()) {
        true => format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), path(url)),
        false => url.as_str().to_owned(),
    }
}

/// The path as it was written, with its slash.
pub(in crate::assets) fn path(url: &Url) -> String {
    percent_decode_str(url.path()).decode_utf8_lossy().into_owned()
}

/// What lies at a relative path beside an object, or below a folder of them. `None`: outside.
pub(in crate::assets) fn beside(base: &Url, location: &str) -> Option<Url> {
    if location.starts_with('/') {
        return None;
    }
    let mut parts = Vec::new();
    for part in location.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    let base = written(base);
    let folder = &base[..=base.rfind('/')?];
    let is_place = !parts.is_empty();
    is_place.then(|| parse(&format!("{folder}{}", parts.join("/"))).ok()).flatten()
}

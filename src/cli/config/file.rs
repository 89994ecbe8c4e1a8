//! A configuration file: read with the place of every setting, so that mistakes can be found.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use toml::Table;
use toml::de::{DeTable, DeValue};

use super::Config;
use super::keys::{Key, nearest};
use super::mistake::{plain, position};

/// What a file says.
#[derive(Debug, Default)]
pub struct FromFile {
    /// Its settings.
    pub table: Table,
    /// Where each is: `worker.toml:3:1`, by path.
    pub places: BTreeMap<String, String>,
}

/// Reads a file. What is unknown, or of another type than it must be, is an error with its line.
pub fn read(file: &Path, keys: &[Key]) -> anyhow::Result<FromFile> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    let place = |at: usize| format!("{shown}{}", position(&text, at));
    let document = DeTable::parse(&text).map_err(|error| {
        let at = error.span().map_or(shown.clone(), |span| place(span.start));
        anyhow!("{at}: {}", plain(error.message()))
    })?;
    let mut spans = Vec::new();
    walk(document.get_ref(), "", keys, &mut spans).map_err(|(at, message)| anyhow!("{}: {message}", place(at)))?;
    if let Err(error) = toml::from_str::<Config>(&text) {
        let at = error.span().map_or(0, |span| span.start);
        // The last setting that begins before it. Spans of tables do not hold what is in them.
        let path = spans.iter().filter(|(_, start)| *start <= at).max_by_key(|(_, start)| *start);
        let path = path.map(|(path, _)| path.as_str());
        bail!("{}: {}{}", place(at), path.map(|path| format!("{path}: ")).unwrap_or_default(), plain(error.message()));
    }
    let table = text.parse::<Table>().map_err(|error| anyhow!("{shown}: {}", plain(error.message())))?;
    Ok(FromFile { table, places: spans.into_iter().map(|(path, at)| (path, place(at))).collect() })
}

/// Paths, and where their names stand.
type Spans = Vec<(String, usize)>;

fn walk(table: &DeTable<'_>, section: &str, keys: &[Key], spans: &mut Spans) -> Result<(), (usize, String)> {
    for (name, value) in table {
        let path =
            if section.is_empty() { name.get_ref().to_string() } else { format!("{section}.{}", name.get_ref()) };
        let Some(key) = keys.iter().find(|key| key.path == path) else {
            return Err((name.span().start, unknown(&path, section, name.get_ref(), keys)));
        };
        spans.push((path.clone(), name.span().start));
        if let (true, DeValue::Table(inner)) = (key.is_section, value.get_ref()) {
            walk(inner, &path, keys, spans)?;
        }
    }
    Ok(())
}

fn unknown(path: &str, section: &str, name: &str, keys: &[Key]) -> String {
    let last = |key: &Key| key.path.rsplit('.').next().unwrap_or_default().to_owned();
    let beside: Vec<String> = keys.iter().filter(|key| key.is_in(section)).map(last).collect();
    // A setting in another section than it belongs to is as common as a slip.
    let elsewhere = keys.iter().find(|key| last(key) == name).map(|key| key.path.as_str());
    match elsewhere.or_else(|| nearest(name, beside.iter().map(String::as_str))) {
        Some(meant) => format!("{path}: there is no such setting; did you mean {meant}?"),
        None => format!("{path}: there is no such setting, only {}", beside.join(", ")),
    }
}

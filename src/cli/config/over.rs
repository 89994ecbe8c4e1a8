//! What goes over a file: `GRAVURE_*` variables, and over them `--setting`.

use anyhow::anyhow;
use serde::Deserialize;
use toml::{Table, Value};

use super::Config;
use super::keys::{Key, nearest, of_variable, variables};
use super::mistake::plain;

/// One setting that is not from a file.
#[derive(Debug)]
pub struct Over {
    /// `worker.grace_secs`.
    pub path: String,
    /// Its value, of the type that the setting has.
    pub value: Value,
    /// Who says so: a variable's name, or the flag.
    pub origin: String,
}

/// The settings among some variables. Names of ours that set nothing are errors, but for those of `others`, which
/// commands know as flags, and for tests' (`GRAVURE_TEST_*`).
pub fn of_environment(
    environment: impl Iterator<Item = (String, String)>,
    keys: &[Key],
    others: &[String],
) -> anyhow::Result<Vec<Over>> {
    let mut found = Vec::new();
    for (name, text) in environment {
        if !name.starts_with("GRAVURE_") || name.starts_with("GRAVURE_TEST_") {
            continue;
        }
        match of_variable(keys, &name) {
            // Whoever starts containers cannot always leave a variable out.
            Some(_) if text.trim().is_empty() => {}
            Some(key) => {
                let value = value(key, &text).map_err(|message| anyhow!("{name}: {message} ({})", key.path))?;
                found.push(Over { path: key.path.clone(), value, origin: name });
            }
            None if others.contains(&name) => {}
            None => {
                let known = variables(keys);
                // What all have in common says nothing.
                let own = |name: &'_ str| name.trim_start_matches("GRAVURE_").to_owned();
                let known: Vec<String> = known.iter().chain(others).map(|known| own(known)).collect();
                let meant = nearest(&own(&name), known.iter().map(String::as_str));
                let advice = meant.map_or_else(String::new, |meant| format!("; did you mean GRAVURE_{meant}?"));
                return Err(anyhow!("{name}: no setting has a variable of this name{advice}"));
            }
        }
    }
    Ok(found)
}

/// A setting as `--setting` has it: `worker.grace_secs=60`.
pub fn of_flag(assignment: &str, keys: &[Key]) -> anyhow::Result<Over> {
    let Some((path, text)) = assignment.split_once('=') else {
        return Err(anyhow!("--setting: expected KEY=VALUE, such as worker.grace_secs=60"));
    };
    let path = path.trim();
    let settings = || keys.iter().filter(|key| !key.is_section);
    let Some(key) = settings().find(|key| key.path == path) else {
        let meant = nearest(path, settings().map(|key| key.path.as_str()));
        let advice = meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
        return Err(anyhow!("--setting: there is no setting {path:?}{advice}"));
    };
    let value = value(key, text.trim()).map_err(|message| anyhow!("--setting {path}: {message}"))?;
    Ok(Over { path: path.to_owned(), value, origin: "--setting".to_owned() })
}

/// Puts a value where it belongs.
pub fn insert(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(table.insert(path.to_owned(), value)),
        Some((section, rest)) => {
            let inner = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// What a text means for a setting: TOML, else a plain text, a list with commas, or yes and no.
fn value(key: &Key, text: &str) -> Result<Value, String> {
    let literal = format!("x = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("x"));
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let list = Value::Array(parts.map(|part| Value::String(part.to_owned())).collect());
    let answer = match text.trim().to_ascii_lowercase().as_str() {
        "1" | "yes" | "on" => Some(Value::Boolean(true)),
        "0" | "no" | "off" => Some(Value::Boolean(false)),
        _ => None,
    };
    let meanings = literal.into_iter().chain([Value::String(text.to_owned()), list]).chain(answer);
    let mut first = None;
    for meaning in meanings {
        let mut table = Table::new();
        insert(&mut table, &key.path, meaning.clone());
        match Config::deserialize(table) {
            Ok(_) => return Ok(meaning),
            // A word among others: only as a text is it told which.
            Err(error) if error.message().starts_with("unknown variant") => first = Some(plain(error.message())),
            Err(error) => drop(first.get_or_insert_with(|| plain(error.message()))),
        }
    }
    Err(first.unwrap_or_else(|| "unusable".to_owned()))
}

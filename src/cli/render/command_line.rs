//! The command line as the contact sheet shows it: it can be pasted into a shell, and holds nothing personal and no
//! secrets of URLs.

use std::ffi::OsString;

use crate::render::campaign::shown_location;

/// The arguments as one shell command. `personal` are the fields whose values are left out; `None`: all are.
pub fn command_line(arguments: &[OsString], personal: Option<&[String]>) -> String {
    let mut words = vec!["gravure".to_owned()];
    let mut is_assignment = false;
    for argument in arguments.iter().skip(1) {
        let argument = argument.to_string_lossy();
        let word = match argument.strip_prefix("--set=") {
            Some(assignment) => format!("--set={}", redacted(assignment, personal)),
            None if is_assignment => redacted(&argument, personal),
            None => argument.to_string(),
        };
        is_assignment = argument == "--set";
        words.push(quoted(&without_secrets(word)));
    }
    words.join(" ")
}

fn redacted(assignment: &str, personal: Option<&[String]>) -> String {
    match assignment.split_once('=') {
        Some((field, _)) if personal.is_none_or(|personal| personal.iter().any(|name| name == field.trim())) => {
            format!("{field}=...")
        }
        _ => assignment.to_owned(),
    }
}

/// Signed URLs hold secrets.
fn without_secrets(word: String) -> String {
    match word.split_once('=') {
        _ if !word.contains("://") => word,
        Some((name, value)) if !name.contains("://") => format!("{name}={}", shown_location(value)),
        _ => shown_location(&word),
    }
}

/// Quoted as POSIX shells need it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(arguments: &[&str], personal: Option<&[String]>) -> String {
        command_line(&arguments.iter().map(OsString::from).collect::<Vec<_>>(), personal)
    }

    #[test]
    fn personal_values_are_left_out() {
        let personal = Some(&["first_name".to_owned()][..]);
        let arguments = ["/usr/bin/gravure", "render", "t.yaml", "--set", "first_name=Ann", "--set=first_name=Bob"];
        let text = shown(&arguments, personal);
        assert_eq!(text, "gravure render t.yaml --set first_name=... --set=first_name=...");
        assert_eq!(shown(&["x", "--set", "title=A b"], personal), "gravure --set 'title=A b'");
        // The template could not be read: anything may be personal.
        assert_eq!(shown(&["x", "--set", "title=A"], None), "gravure --set title=...");
    }

    #[test]
    fn signed_urls_lose_their_signature() {
        let arguments =
            ["x", "https://a.com/t.yaml?sig=1", "--data=https://u:p@a.com/rows.csv?sig=2", "--out", "s3://b/p"];
        let expected = "gravure https://a.com/t.yaml --data=https://a.com/rows.csv --out s3://b/p";
        assert_eq!(shown(&arguments, None), expected);
    }

    #[test]
    fn words_survive_the_shell() {
        let arguments = ["x", "--name", "{{ key }}-it's.{{ ext }}", "", "a/b.csv"];
        assert_eq!(shown(&arguments, None), r"gravure --name '{{ key }}-it'\''s.{{ ext }}' '' a/b.csv");
    }
}

//! Mistakes in settings, in words that show no secret: what the readers of TOML say may quote a value.

/// What a reader of TOML says, without the value that it quotes.
pub fn plain(message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    let about_a_value = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    let Some((found, expected)) = about_a_value.and_then(|rest| rest.rsplit_once(", expected ")) else {
        return message.to_owned();
    };
    let kind: String = found.chars().take_while(|c| c.is_alphabetic() || *c == ' ').collect();
    let kind = match kind.trim() {
        "string" => "a text",
        "integer" => "a whole number",
        "floating point" => "a fraction",
        "boolean" => "true or false",
        "sequence" => "a list",
        "map" => "a table",
        _ => "something else",
    };
    let expected = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "a boolean" => "true or false",
        "a string" | "path string" => "a text",
        "a sequence" => "a list",
        "a map" => "a table",
        expected if expected.starts_with("struct ") => "a section",
        expected => expected,
    };
    match expected == kind {
        // A number that is negative or too large.
        true => format!("expected {expected} that fits"),
        false => format!("expected {expected}, got {kind}"),
    }
}

/// `:line:column` of a place in a text, both from 1.
pub fn position(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(":{line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_quoted() {
        let cases = [
            ("invalid type: string \"hunter2, expected x\", expected u64", "expected a whole number, got a text"),
            ("invalid type: sequence, expected a string", "expected a text, got a list"),
            ("invalid value: integer `-1`, expected u16", "expected a whole number that fits"),
            (
                "invalid type: string \"amqp://u:hunter2@h\", expected struct AmqpSettings",
                "expected a section, got a text",
            ),
            ("unknown field `x`, expected `a` or `b`", "unknown field `x`, expected `a` or `b`"),
        ];
        for (message, expected) in cases {
            assert_eq!(plain(message), expected);
        }
    }

    #[test]
    fn lines_and_columns_are_counted_from_one() {
        assert_eq!((position("ab", 0), position("a\nbé=1", 5)), (":1:1".to_owned(), ":2:3".to_owned()));
        assert_eq!(position("a\n", 99), ":2:1");
    }
}

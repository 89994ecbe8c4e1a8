//! JSON Schema (draft 2020-12) of the lines that `gravure check --json` prints. Tests hold it against the types.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::finding::CHECK_CODES;
use super::finding::Severity;
use crate::job::{ErrorCode, WARNING_CODES};

/// Of one line: a finding, or the summary that comes last.
pub fn check() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gravure check, one line of --json",
        "description": "findings in the order of the rows, then one summary",
        "oneOf": [finding(), summary()],
    })
}

fn finding() -> Value {
    let known = ErrorCode::all().iter().map(|code| code.as_str()).chain(WARNING_CODES);
    let known: BTreeSet<&str> = known.chain(CHECK_CODES.iter().map(|(code, _)| *code)).collect();
    let described: Vec<String> = CHECK_CODES.iter().map(|(code, meaning)| format!("{code}: {meaning}")).collect();
    object(
        &["key", "sizes", "severity", "code", "path", "message"],
        json!({
            "row": count("number of the row in the data, from 1; absent: about the data as a whole"),
            "line": count("line of the file, from 1"),
            "key": {"type": "string"},
            "sizes": {"type": "array", "items": {"type": "string"}},
            "severity": severity(),
            "code": {"type": "string", "examples": known, "description": described.join("; ")},
            "path": {"type": "string", "description": "the layer or field"},
            "message": {"type": "string", "description": "for people"},
            "text": {
                "type": "array", "description": "the text at fault, in parts",
                "items": object(&["text"], json!({
                    "text": {"type": "string"},
                    "mark": {"enum": ["cut", "missing"], "description": "why this part is not drawn"},
                })),
            },
            "masked": {"type": "boolean", "description": "the letters of text are personal and shown as dots"},
            "glyphs": {
                "type": "array", "description": "characters that no font has",
                "items": object(&["script"], json!({
                    "script": {"type": "string", "description": "Unicode's name of the script"},
                    "character": {"type": "string", "description": "absent in personal text"},
                    "code_point": {"type": "string", "pattern": "^U\\+[0-9A-F]{4,6}$"},
                })),
            },
            "photo": object(&["location", "width", "height", "magnification"], json!({
                "location": {"type": "string", "description": "as the row says it; empty where that is personal"},
                "width": count("of the photo, in its own pixels"),
                "height": count("of the photo, in its own pixels"),
                "magnification": {"type": "number", "description": "canvas pixels per photo pixel"},
            })),
            "overhang": object(&["left", "top", "right", "bottom"], json!({
                "left": count("pixels outside"),
                "top": count("pixels outside"),
                "right": count("pixels outside"),
                "bottom": count("pixels outside"),
            })),
            "places": {
                "type": "array", "description": "where the layer lies, for each size",
                "items": object(&["size", "box"], json!({
                    "size": {"type": "string"},
                    "box": {
                        "type": "array", "items": {"type": "integer"},
                        "description": "left, top, right, bottom in pixels; or x and y of four corners where it is turned",
                    },
                })),
            },
        }),
    )
}

fn summary() -> Value {
    let counted =
        |what| json!({"type": "array", "prefixItems": [{"type": "string", "description": what}, count("how many")]});
    object(
        &["rows", "variants", "fine", "errors", "warnings", "notes", "findings", "seconds", "kinds", "scripts"],
        json!({
            "rows": {"type": ["integer", "null"], "minimum": 0, "description": "null: only the template was checked"},
            "variants": count("pictures that the rows would give"),
            "fine": count("rows in which nothing was found"),
            "errors": count("rows that have an error"),
            "warnings": count("rows whose worst finding is a warning"),
            "notes": count("rows whose worst finding is a note"),
            "findings": count("lines before this one"),
            "seconds": {"type": "number"},
            "kinds": {
                "type": "array", "description": "the worst and then the most frequent first",
                "items": object(&["severity", "code", "rows", "findings", "layers", "example"], json!({
                    "severity": severity(),
                    "code": {"type": "string"},
                    "rows": count("rows that have such a finding"),
                    "findings": count("how many there are"),
                    "layers": {"type": "array", "items": counted("layer or field")},
                    "example": {"type": "object", "description": "the first one"},
                })),
            },
            "scripts": {
                "type": "array", "description": "characters that no font has",
                "items": object(&["script", "rows", "characters"], json!({
                    "script": {"type": "string"},
                    "rows": count("rows that need it"),
                    "characters": {"type": "array", "items": counted("character")},
                })),
            },
        }),
    )
}

fn object(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

fn count(description: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": description})
}

fn severity() -> Value {
    json!({"enum": Severity::ALL.map(Severity::name)})
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Finding, Mark, MissingGlyph, Overhang, PhotoFacts, Piece, Place};
    use super::super::summary::Tally;
    use super::*;

    /// Every key of `value`, wherever it stands, is described at the same place of `schema`, and what is required
    /// is there.
    fn hold(value: &Value, schema: &Value, path: &str) {
        match value {
            Value::Object(members) if schema["properties"].is_object() => {
                for (name, member) in members {
                    assert!(schema["properties"][name].is_object(), "{path}.{name} is not in the schema");
                    hold(member, &schema["properties"][name], &format!("{path}.{name}"));
                }
                for name in schema["required"].as_array().into_iter().flatten() {
                    assert!(members.contains_key(name.as_str().unwrap()), "{path}.{name} is required");
                }
            }
            Value::Array(items) => items.iter().for_each(|item| hold(item, &schema["items"], &format!("{path}[]"))),
            _ => {}
        }
    }

    fn full() -> Finding {
        Finding {
            row: Some(1),
            line: Some(2),
            text: vec![Piece { text: "x".into(), mark: Some(Mark::Cut) }],
            masked: true,
            glyphs: vec![MissingGlyph::new('漢')],
            photo: Some(PhotoFacts { location: "a".into(), width: 1, height: 1, magnification: 2.0 }),
            overhang: Some(Overhang::default()),
            places: vec![Place { size: "link".into(), corners: vec![0, 0, 1, 1], wireframe: None }],
            sizes: vec!["link".into()],
            ..Finding::new(Severity::Error, "bad_value", "price", "wrong")
        }
    }

    #[test]
    fn the_schema_describes_every_member() {
        let schema = check();
        let value = serde_json::to_value(full()).unwrap();
        let members = value.as_object().unwrap().len();
        assert_eq!(members, schema["oneOf"][0]["properties"].as_object().unwrap().len());
        hold(&value, &schema["oneOf"][0], "finding");

        let mut tally = Tally::default();
        tally.row(&[full()]);
        let summary = serde_json::to_value(tally.finish(1, 0.5)).unwrap();
        assert_eq!(summary.as_object().unwrap().len(), schema["oneOf"][1]["properties"].as_object().unwrap().len());
        hold(&summary, &schema["oneOf"][1], "summary");
    }
}

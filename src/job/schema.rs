//! JSON Schemas (draft 2020-12) of what this folder reads and writes. The template's own is in
//! `template/`. Tests hold them against the types.

use serde_json::{Map, Value, json};

use super::{
    CampaignFile, Compression, ErrorCode, Format, Job, JobResult, Jpeg, ObjectName, Subsampling, Suffix, WARNING_CODES,
    Webp,
};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Of one line of a manifest.
pub fn manifest() -> Value {
    let warning = object(
        &["code", "message"],
        json!({
            "code": {"type": "string", "examples": WARNING_CODES},
            "path": {"type": "string", "description": "the layer"},
            "message": {"type": "string"},
        }),
    );
    let error = object(
        &["code", "message"],
        json!({"code": {"type": "string", "enum": codes()}, "message": {"type": "string"}}),
    );
    titled(
        "gravure manifest record",
        object(
            &["row", "key", "size", "format", "status", "ms"],
            json!({
                "job": {"type": "string"},
                "row": count("number of the row in the data, from 1"),
                "line": count("line of the data on which the row starts, from 1"),
                "key": {"type": "string"},
                "size": {"type": "string", "description": "name of the size"},
                "format": {"type": "string", "enum": formats()},
                "status": {"type": "string", "enum": ["ok", "failed", "skipped", "reused"]},
                "object": {
                    "type": "string", "maxLength": ObjectName::MAX_BYTES,
                    "description": "name relative to the destination",
                },
                "bytes": count("length of the object"),
                "width": count("pixels"),
                "height": count("pixels"),
                "checksum": hash("of the object"),
                "etag": {"type": "string", "description": "the store's own mark of the object's version"},
                "template_hash": hash("of the template"),
                "input_hash": hash("of template, field values, size, output and gravure version"),
                "warnings": {"type": "array", "items": warning},
                "error": error,
                "ms": count("milliseconds from reading the row to the end"),
            }),
        ),
    )
}

/// Of a job message.
pub fn job() -> Value {
    let output = json!({"oneOf": Format::ALL.map(output)});
    let data = object(
        &["url"],
        json!({
            "url": {"type": "string"},
            "first_row": count("from 0"),
            "row_count": count("absent: all that follow"),
        }),
    );
    let unreadable = object(
        &["row", "message"],
        json!({
            "row": count("number of the row, from 0"),
            "line": count("line of the data on which it starts, from 1"),
            "message": {"type": "string"},
        }),
    );
    let mut schema = titled(
        "gravure job",
        object(
            &["version", "id", "campaign", "template", "destination"],
            json!({
                "version": {"const": Job::VERSION},
                "id": id("unique among the jobs in flight"),
                "campaign": id("the run that it belongs to"),
                "part": count("place in the campaign, from 0"),
                "attempt": {"type": "integer", "minimum": 1, "default": 1},
                "template": {"type": ["string", "object"], "description": "URL, or the template itself"},
                "template_base": {"type": "string", "description": "where relative paths of the template start"},
                "data_base": {"type": "string", "description": "where relative paths in row values start"},
                "rows": {"type": "array", "items": {"type": "object"}},
                "first_row": count("number of the first of rows in the campaign's data, from 0"),
                "row_numbers": {
                    "type": "array", "items": count("from 0"),
                    "description": "one for each of rows, where they do not follow one another",
                },
                "unreadable": {
                    "type": "array", "items": unreadable,
                    "description": "rows that could not be read where the data was: they fail with the reason",
                },
                "data": data,
                "set": {"type": "object", "additionalProperties": {"type": "string"}, "description": "values that fields have in every row"},
                "sizes": {"type": "array", "items": {"type": "string"}, "description": "empty: all of the template's"},
                "scale": {"type": "number", "exclusiveMinimum": 0, "description": "device pixels for each pixel of the design"},
                "outputs": {"type": "array", "items": output},
                "destination": {"type": "string", "minLength": 1, "description": "s3://bucket/prefix"},
                "name": {"type": "string", "description": "pattern of the objects' names"},
                "now": {"type": "string", "format": "date-time"},
                "locale": {"type": "string", "description": "BCP 47 tag"},
                "metadata": {"type": "object", "description": "given back in the result"},
                "reply_to": {"type": "string"},
            }),
        ),
    );
    schema["oneOf"] = json!([{"required": ["rows"]}, {"required": ["data"]}]);
    schema
}

/// Of `campaign.json`.
pub fn campaign() -> Value {
    titled(
        "gravure campaign",
        object(
            &[
                "version",
                "campaign",
                "created",
                "now",
                "template",
                "template_hash",
                "plan_hash",
                "lane",
                "rows_per_job",
                "variants_per_row",
                "parts",
                "rows",
                "rows_hash",
                "is_complete",
            ],
            json!({
                "version": {"const": CampaignFile::VERSION},
                "campaign": id("its id"),
                "created": {"type": "string", "format": "date-time", "description": "when it was first submitted"},
                "now": {"type": "string", "format": "date-time", "description": "what templates see as now"},
                "template": {"type": "string", "description": "the template's name"},
                "template_hash": hash("of the template"),
                "plan_hash": hash("of all that decides what the jobs say, but for the rows"),
                "lane": {"type": "string", "description": "the lane that its jobs go by"},
                "rows_per_job": {"type": "integer", "minimum": 1, "description": "rows of one job, at most"},
                "variants_per_row": count("sizes times outputs"),
                "parts": count("jobs that the broker has confirmed: those of lower part"),
                "rows": count("their rows"),
                "rows_hash": {"type": "string", "description": "hash of these rows; empty: there are none"},
                "is_complete": {"type": "boolean", "description": "whether all rows are submitted"},
            }),
        ),
    )
}

/// Of a result message.
pub fn result() -> Value {
    let counts = object(
        &["ok", "failed", "skipped", "reused", "bytes"],
        json!({
            "ok": count("stored"),
            "failed": count("not made"),
            "skipped": count("left out by the template"),
            "reused": count("stored by an earlier run"),
            "bytes": count("length of all that was stored"),
        }),
    );
    let timings = object(
        &["seconds"],
        json!({
            "seconds": {"type": "number"},
            "stages": {"type": "object", "additionalProperties": {"type": "number"}},
        }),
    );
    titled(
        "gravure result",
        object(
            &["version", "job", "campaign", "part", "attempt", "counts", "manifest", "timings"],
            json!({
                "version": {"const": JobResult::VERSION},
                "job": {"type": "string"},
                "campaign": {"type": "string"},
                "part": count("place in the campaign, from 0"),
                "attempt": {"type": "integer", "minimum": 1},
                "counts": counts,
                "failures": {
                    "type": "object", "additionalProperties": {"type": "integer", "minimum": 1},
                    "propertyNames": {"enum": codes()}, "description": "variants that failed, by code",
                },
                "cancelled": {"type": "boolean", "description": "the campaign was called off before the job was done"},
                "template_hash": hash("of the template that it was rendered with"),
                "manifest": {"type": "string", "description": "where the manifest is"},
                "timings": timings,
                "metadata": {"type": "object", "description": "as the job gave it"},
            }),
        ),
    )
}

fn codes() -> Vec<&'static str> {
    ErrorCode::all().iter().map(|code| code.as_str()).collect()
}

fn id(description: &str) -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": Job::MAX_ID_BYTES,
        "pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]*$", "description": description,
    })
}

/// Of an output of one format.
fn output(format: Format) -> Value {
    let quality = |default: u8| json!({"type": "integer", "minimum": 1, "maximum": 100, "default": default});
    let background = json!({"type": "string", "description": "opaque CSS colour", "default": "white"});
    let mut properties = match format {
        Format::Jpeg => json!({
            "quality": quality(Jpeg::DEFAULT.quality),
            "subsampling": {"enum": Subsampling::WORDS, "default": "4:2:0"},
            "progressive": {"type": "boolean", "default": false},
            "background": background,
        }),
        Format::Png => json!({
            "depth": {"enum": ["auto", 24, 32, "24", "32"], "default": "auto"},
            "compression": {"enum": Compression::WORDS, "default": "speed"},
            "background": background,
        }),
        Format::Webp => json!({
            "quality": quality(Webp::DEFAULT_QUALITY),
            "lossless": {"type": "boolean", "default": false},
            "effort": {"type": "integer", "minimum": 0, "maximum": Webp::MAX_EFFORT, "default": Webp::DEFAULT.effort},
        }),
    };
    let mut words = vec![format.name(), format.extension()];
    words.dedup();
    properties["format"] = json!({"enum": words});
    properties["suffix"] =
        json!({"type": "string", "maxLength": Suffix::MAX_BYTES, "description": "before the extension of the name"});
    object(&["format"], properties)
}

fn titled(title: &str, schema: Value) -> Value {
    let mut titled = Map::new();
    titled.insert("$schema".to_owned(), DRAFT.into());
    titled.insert("title".to_owned(), title.into());
    titled.extend(schema.as_object().cloned().unwrap_or_default());
    Value::Object(titled)
}

fn object(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

fn count(description: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": description})
}

fn hash(of: &str) -> Value {
    json!({"type": "string", "pattern": "^blake3:[0-9a-f]{64}$", "description": format!("hash {of}")})
}

fn formats() -> Vec<&'static str> {
    Format::ALL.iter().map(|format| format.name()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::record::tests::full_record;
    use super::super::result::tests::full_result;
    use super::*;

    /// Every member of `full` is a property, and every property but `unset` is a member, at every depth.
    fn assert_same_members(schema: &Value, full: &Value, unset: &[&str], path: &str) {
        let (Some(properties), Some(members)) = (schema["properties"].as_object(), full.as_object()) else { return };
        let known = properties.keys().map(String::as_str).filter(|name| !unset.contains(name)).collect::<BTreeSet<_>>();
        assert_eq!(known, members.keys().map(String::as_str).collect(), "at {path}");
        assert_eq!(schema["additionalProperties"], false, "at {path}");
        for required in schema["required"].as_array().unwrap() {
            assert!(properties.contains_key(required.as_str().unwrap()), "{required} at {path}");
        }
        for (name, value) in members {
            let path = format!("{path}.{name}");
            assert_same_members(&properties[name], value, &[], &path);
            for item in value.as_array().into_iter().flatten() {
                assert_same_members(&properties[name]["items"], item, &[], &path);
            }
        }
    }

    #[test]
    fn schemas_have_the_members_of_the_types() {
        let record = serde_json::to_value(full_record()).unwrap();
        assert_same_members(&manifest(), &record, &[], "record");
        let result_value = serde_json::to_value(full_result()).unwrap();
        assert_same_members(&result(), &result_value, &[], "result");
        let job_value = serde_json::from_str(super::super::message::tests::FULL).unwrap();
        assert_same_members(&job(), &job_value, &["data"], "job");
        let campaign_value = serde_json::to_value(super::super::campaign::tests::full_campaign()).unwrap();
        assert_same_members(&campaign(), &campaign_value, &[], "campaign");
        let data = serde_json::to_value(super::super::Data { url: "u".into(), first_row: 1, row_count: Some(1) });
        assert_same_members(&job()["properties"]["data"], &data.unwrap(), &[], "job.data");
    }

    #[test]
    fn outputs_have_the_settings_of_their_format() {
        for (format, schema) in
            Format::ALL.iter().zip(job()["properties"]["outputs"]["items"]["oneOf"].as_array().unwrap())
        {
            let properties = schema["properties"].as_object().unwrap().keys().map(String::as_str);
            let settings = format.settings().iter().copied().chain(["format", "suffix"]);
            assert_eq!(properties.collect::<BTreeSet<_>>(), settings.collect(), "{format}");
            assert_eq!(schema["additionalProperties"], false);
        }
    }

    #[test]
    fn what_the_schema_requires_the_reader_requires() {
        let full = serde_json::from_str::<Map<String, Value>>(super::super::message::tests::FULL).unwrap();
        for member in full.keys() {
            let mut without = full.clone();
            without.remove(member);
            let is_required = job()["required"].as_array().unwrap().contains(&member.as_str().into());
            let is_refused = Job::parse(&serde_json::to_vec(&without).unwrap()).is_err();
            assert_eq!(is_refused, is_required || member == "rows", "{member}");
        }
    }
}

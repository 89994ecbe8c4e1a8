//! The JSON Schema (draft 2020-12) of a template, written from the same tables that it is read by.

use serde_json::{Map, Value, json};

use super::choices::{DECORATION_LINE, WEIGHTS};
use super::keys::{Key, Kind, Object};
use super::overrides::DEEP;
use super::tables::{DECORATION, FIELD, FRAME, ITEM_TYPES, LAYERS, NOT_OVERRIDABLE, OBJECTS, TEMPLATE};

/// JSON Schema of a template, for editors that complete and check while one types.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for object in OBJECTS.iter().filter(|object| !std::ptr::eq(**object, &TEMPLATE)) {
        definitions.insert(object.name.to_owned(), mapping(object, object.keys(), None));
    }
    for (word, object) in LAYERS {
        definitions.insert(object.name.to_owned(), mapping(object, object.keys(), Some(word)));
    }
    // One of the two, which the tables cannot say.
    definitions["text layer"]["oneOf"] = json!([{ "required": ["text"] }, { "required": ["spans"] }]);
    for (name, object) in DEEP {
        definitions.insert(format!("{name} override"), nullable(object.keys()));
    }
    let layers: Vec<Value> = LAYERS.iter().map(|(_, object)| reference(object.name)).collect();
    definitions.insert("layer".into(), json!({ "oneOf": layers }));
    definitions.insert(
        "expression".into(),
        json!({ "type": "string", "pattern": "\\{\\{|\\{%", "description": "Text with {{ expressions }}" }),
    );
    let mut schema = mapping(&TEMPLATE, TEMPLATE.keys(), None);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("gravure template, version 1");
    schema["$defs"] = Value::Object(definitions);
    schema
}

fn mapping(object: &Object, keys: impl Iterator<Item = &'static Key>, layer: Option<&str>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in keys {
        let mut property = match (layer, key.name) {
            (Some(word), "type") => json!({ "const": word }),
            (Some(_), "sizes") => overrides(object),
            _ => of_key(key),
        };
        property["description"] = json!(key.doc);
        if let Some(default) = key.default {
            property["default"] = serde_json::from_str(default).unwrap_or_else(|_| json!(default));
        }
        if let Some(alias) = key.alias {
            properties.insert(alias.to_owned(), property.clone());
        }
        properties.insert(key.name.to_owned(), property);
        if key.required {
            required.push(key.name);
        }
    }
    let mut schema = json!({
        "type": "object",
        "description": object.doc,
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// A layer's keys, all optional, each also null.
fn overrides(object: &Object) -> Value {
    let keys = object.keys().filter(|key| !NOT_OVERRIDABLE.contains(&key.name));
    json!({ "type": "object", "additionalProperties": nullable(keys) })
}

/// A mapping of some keys, none required, each also null.
fn nullable(keys: impl Iterator<Item = &'static Key>) -> Value {
    let mut properties = Map::new();
    for key in keys {
        // These are merged key by key, so that their own keys can be taken away too.
        let value = match DEEP.iter().find(|(name, _)| *name == key.name) {
            Some((name, _)) if *name == "frame" => {
                json!({ "anyOf": [{ "const": "full" }, reference("frame override")] })
            }
            Some((name, _)) => reference(&format!("{name} override")),
            None => of_key(key),
        };
        let value = json!({ "anyOf": [value, { "type": "null" }] });
        properties.extend(key.alias.map(|alias| (alias.to_owned(), value.clone())));
        properties.insert(key.name.to_owned(), value);
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{}", name.replace(' ', "%20")) })
}

fn of_key(key: &Key) -> Value {
    let constant = of_kind(&key.kind);
    if key.dynamic { json!({ "anyOf": [constant, reference("expression")] }) } else { constant }
}

fn of_kind(kind: &Kind) -> Value {
    let text = |doc: &str| json!({ "type": "string", "description": doc });
    let measure = |min: f64, max: f64, unit: &str| {
        let pattern = format!("^\\s*[-+]?[0-9.]+([eE][-+]?[0-9]+)?({unit})?\\s*$");
        json!({ "anyOf": [{ "type": "number", "minimum": min, "maximum": max }, { "type": "string", "pattern": pattern }] })
    };
    let list_or_one = |item: Value| json!({ "anyOf": [item, { "type": "array", "minItems": 1, "maxItems": 4, "items": with_expression(&item) }] });
    match *kind {
        Kind::Text => json!({ "type": ["string", "number", "boolean"] }),
        Kind::Name => json!({ "type": ["string", "number"], "pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Condition => json!({ "type": "boolean" }),
        Kind::Number(min, max) => measure(min, max, ""),
        Kind::Whole(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Pixels(min, max) => measure(min, max, "px"),
        Kind::Length { positive } => {
            measure(if positive { 0.0 } else { -super::tables::MAX_PX }, super::tables::MAX_PX, "px|%")
        }
        Kind::Degrees => measure(-36_000.0, 36_000.0, "deg|turn|rad|grad"),
        Kind::Fraction => measure(0.0, 1.0, "%"),
        Kind::Color => text("CSS colour"),
        Kind::Fill => text("CSS colour, linear-gradient() or radial-gradient()"),
        Kind::Choice(words) => {
            // `center: true` is a boolean to YAML.
            let booleans = words.contains(&"true");
            if booleans {
                json!({ "anyOf": [{ "enum": words }, { "type": "boolean" }] })
            } else {
                json!({ "enum": words })
            }
        }
        Kind::FontWeight => {
            let names: Vec<&str> = WEIGHTS.iter().map(|(name, _)| *name).collect();
            json!({ "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 1000 }, { "enum": names }] })
        }
        Kind::LineHeight => json!({ "anyOf": [measure(0.0, 100.0, "px|%"), { "const": "normal" }] }),
        Kind::Asset => text("Path or URL"),
        Kind::Radius => list_or_one(of_kind(&Kind::Length { positive: true })),
        Kind::Padding => list_or_one(of_kind(&Kind::Pixels(0.0, super::tables::MAX_PX))),
        Kind::Frame => json!({ "anyOf": [{ "const": "full" }, reference(FRAME.name)] }),
        Kind::Object(object) => reference(object.name),
        Kind::Named(object) => json!({ "type": "object", "additionalProperties": reference(object.name) }),
        Kind::ObjectList(object) => json!({ "type": "array", "items": reference(object.name) }),
        Kind::OneOrMany(object) => {
            json!({ "anyOf": [reference(object.name), { "type": "array", "items": reference(object.name) }] })
        }
        Kind::PathOrObjectList(object) => {
            json!({ "type": "array", "items": { "anyOf": [text("Path"), reference(object.name)] } })
        }
        Kind::Items => {
            json!({ "anyOf": [{ "enum": ITEM_TYPES }, { "type": "object", "additionalProperties": reference(FIELD.name) }] })
        }
        Kind::Decoration => json!({ "anyOf": [of_kind(&Kind::DecorationLines), reference(DECORATION.name)] }),
        Kind::DecorationLines => {
            let line = with_expression(&json!({ "enum": DECORATION_LINE }));
            json!({ "anyOf": [line, { "type": "array", "items": line }] })
        }
        Kind::Layers => json!({ "type": "array", "items": reference("layer") }),
        Kind::Overrides => json!({ "type": "object" }),
        Kind::Any => json!({}),
    }
}

fn with_expression(constant: &Value) -> Value {
    json!({ "anyOf": [constant, reference("expression")] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(value: &Value, root: &Value) {
            if let Some(target) = value.get("$ref").and_then(Value::as_str) {
                let name = target.strip_prefix("#/$defs/").unwrap().replace("%20", " ");
                assert!(root["$defs"].get(&name).is_some(), "{target}");
            }
            match value {
                Value::Object(map) => map.values().for_each(|value| walk(value, root)),
                Value::Array(list) => list.iter().for_each(|value| walk(value, root)),
                _ => {}
            }
        }
        let schema = schema();
        walk(&schema, &schema);
    }

    #[test]
    fn keys_of_the_tables_are_in_it() {
        let schema = schema();
        let text = &schema["$defs"]["text layer"];
        assert_eq!(text["properties"]["type"], json!({ "const": "text", "description": "Kind of layer" }));
        assert_eq!(text["required"], json!(["type"]));
        assert_eq!(text["oneOf"][1]["required"], json!(["spans"]));
        assert_eq!(schema["$defs"]["repeat layer"]["required"], json!(["type", "for"]));
        assert_eq!(schema["$defs"]["span"]["required"], json!(["text"]));
        assert_eq!(schema["$defs"]["size"]["properties"]["scale"]["default"], json!(1));
        assert!(text["properties"]["sizes"]["additionalProperties"]["properties"].get("font").is_some());
        let taken_away = &schema["$defs"]["frame override"]["properties"]["left"]["anyOf"][1]["type"];
        assert_eq!(taken_away, "null");
        assert!(schema["$defs"]["frame"]["properties"].get("left").is_some());
        assert_eq!(schema["properties"]["layers"]["items"]["$ref"], "#/$defs/layer");
        assert_eq!(schema["properties"]["fonts"]["items"]["anyOf"][1]["$ref"], "#/$defs/font%20file");
        assert_eq!(schema["$defs"]["font file"]["required"], json!(["src"]));
    }
}

//! Which fields the expressions of a layer name, and every field of a row that is wrong: for reports.
//!
//! Places are texts such as `layers[3].text`, so that new kinds of layer and new properties need no word here.

use std::collections::{BTreeMap, BTreeSet};

use super::Template;
use super::error::BindError;
use super::field::{Conversion, Field};
use super::scene::AssetBase;
use crate::job::Row;

/// Names by the place of the expression that uses them.
#[derive(Debug, Default)]
pub(super) struct Uses(BTreeMap<String, BTreeSet<String>>);

/// What a layer's own properties take from the row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerUses {
    /// Whether it names nothing: it is the same for every row.
    pub is_constant: bool,
    /// Whether something of it is personal data: its text must not be shown.
    pub is_personal: bool,
    /// Required fields that its text names.
    pub required: Vec<String>,
}

impl Uses {
    /// Records an expression. A layer is read once for each size: the same place may come again.
    pub fn add(&mut self, path: &str, names: &[String]) {
        self.0.entry(path.to_owned()).or_default().extend(names.iter().cloned());
    }
}

impl Template {
    /// What the layer at a [`super::scene::Layer::path`] takes from the row, its children's uses apart.
    pub fn layer_uses(&self, path: &str) -> LayerUses {
        // `layers[3] (photo)`: the label is for people.
        let place = path.split(" (").next().unwrap_or(path);
        let is_own = |used: &str| {
            let rest = used.strip_prefix(place).and_then(|rest| rest.strip_prefix('.'));
            rest.is_some_and(|rest| !rest.contains("layers["))
        };
        let own: Vec<_> = self.uses.0.iter().filter(|(used, _)| is_own(used)).collect();
        let is_personal = |names: &BTreeSet<String>| self.is_personal(&names.iter().cloned().collect::<Vec<_>>());
        // What a list above is repeated for may give its items' personal data.
        let repeats = self.uses.0.iter().filter(|(used, _)| {
            let around = used.strip_suffix(".for");
            around.is_some_and(|around| place.strip_prefix(around).is_some_and(|rest| rest.starts_with(".layers[")))
        });
        let is_text = |used: &str| used.ends_with(".text");
        let named = || own.iter().filter(|(used, _)| is_text(used)).flat_map(|(_, names)| *names);
        let required = self.fields.iter().filter(|field| field.required && named().any(|name| **name == *field.name));
        LayerUses {
            is_constant: own.is_empty(),
            is_personal: own.iter().copied().chain(repeats).any(|(_, names)| is_personal(names)),
            required: required.map(|field| field.name.to_string()).collect(),
        }
    }

    /// Whether rows bring any personal data: then a message that could quote a row is not shown.
    pub fn has_personal_data(&self) -> bool {
        self.fields.iter().any(Field::has_personal_data)
    }

    /// Every field of a row that is missing or of the wrong type; [`Template::bind`] tells the first.
    pub fn field_errors(&self, row: &Row) -> Vec<BindError> {
        let errors = self.fields.iter().zip(&self.replacements).filter_map(|(field, replacement)| {
            let given = field.present(replacement.as_ref().or_else(|| row.get(&field.column)));
            field.convert(given, &mut Conversion::new(AssetBase::Data), &field.name).err()
        });
        errors.collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::template::Now;
    use crate::template::Syntax;

    fn template() -> Template {
        let source = r#"
gravure: 1
name: t
sizes: { a: { width: 9, height: 9 }, b: { width: 9, height: 9 } }
fields:
  title: { type: text, required: true }
  price: { type: number, required: true }
  first_name: { type: text, default: "", pii: true }
layers:
  - { type: text, id: headline, text: "{{ title }}", color: "{{ 'red' if price > 2 else 'blue' }}" }
  - type: group
    when: "{{ price > 1 }}"
    layers:
      - { type: text, text: Hello, sizes: { b: { text: "Hello {{ first_name }}" } } }
  - { type: text, text: "{{ row.title }}" }
"#;
        Template::parse(source.as_bytes(), Syntax::Yaml).unwrap_or_else(|errors| panic!("{errors}"))
    }

    #[test]
    fn a_layer_uses_what_its_own_expressions_name() {
        let template = template();
        let headline = template.layer_uses("layers[0] (headline)");
        let required = vec!["title".to_owned()];
        assert_eq!(headline, LayerUses { is_constant: false, is_personal: false, required });
        assert!(!template.layer_uses("layers[1]").is_personal, "its child is");
        assert!(template.layer_uses("layers[1].layers[0]").is_personal, "in one of its sizes");
        assert!(template.layer_uses("layers[2]").is_personal, "a row holds every column");
        assert!(template.layer_uses("layers[9]").is_constant);
    }

    #[test]
    fn a_personal_id_is_no_key() {
        let of = |email: &str| {
            let source = format!(
                "gravure: 1\nname: t\nkey: '{{{{ sku }}}}'\nsizes: {{ a: {{ width: 9, height: 9 }} }}\n\
                 fields:\n  sku: {{ type: text, required: true }}\n  email: {{ type: text, {email} }}\nlayers: []\n"
            );
            Template::parse(source.as_bytes(), Syntax::Yaml).unwrap_or_else(|errors| panic!("{errors}"))
        };
        let row = |id| Row { number: 0, line: None, fields: vec![("id".into(), id)] };
        let hidden = of("column: id, pii: true");
        let now = Now::new("2026-11-22T12:00:00Z");
        assert_eq!(hidden.key_of_unbound(&row(json!("jane@example.com")), &now).as_deref(), None);
        assert!(hidden.has_personal_data());
        let shown = of("column: id");
        assert!(!shown.has_personal_data());
    }

    #[test]
    fn every_field_that_is_wrong_is_told() {
        let fields = vec![("title".into(), json!(null)), ("price".into(), json!("cheap"))];
        let errors = template().field_errors(&Row { number: 0, line: None, fields });
        assert_eq!(errors.iter().map(|error| &*error.path).collect::<Vec<_>>(), ["title", "price"]);
    }
}

//! The manual and the program say the same.

use std::collections::BTreeSet;

use super::*;
use crate::template::{filters, tables};

/// What readers learn from is read by the program, too.
#[test]
fn examples_in_the_manual_are_templates() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    pages.extend(std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    let mut count = 0;
    for path in pages.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let page = path.display();
        let text = std::fs::read_to_string(path).unwrap();
        for block in text.split("```yaml\ngravure: 1").skip(1) {
            let block = format!("gravure: 1{}", block.split("```").next().unwrap());
            parse(&block).unwrap_or_else(|errors| panic!("{page}: {errors}\n{block}"));
            count += 1;
        }
    }
    assert!(count >= 5, "{count} examples");
}

#[test]
fn the_manual_names_every_key_and_filter() {
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let read = |page: &str| std::fs::read_to_string(docs.join(page)).unwrap();
    let (manual, data) = (read("template.md"), read("data.md"));
    let words_of = |page: &str| -> BTreeSet<String> {
        page.split(|c: char| !(c.is_alphanumeric() || c == '_')).map(str::to_owned).collect()
    };
    let (words, words_of_data) = (words_of(&manual), words_of(&data));
    let layers = tables::LAYERS.iter().map(|(_, object)| *object);
    for object in tables::OBJECTS.iter().copied().chain(layers) {
        for key in object.keys().flat_map(|key| std::iter::once(key.name).chain(key.alias)) {
            assert!(words.contains(key), "docs/template.md says nothing of {key} of a {}", object.name);
        }
    }
    for word in tables::FIELD_TYPES {
        assert!(words.contains(*word), "docs/template.md says nothing of {word}");
    }
    for word in filters::FILTERS {
        assert!(words_of_data.contains(*word), "docs/data.md says nothing of {word}");
    }
}

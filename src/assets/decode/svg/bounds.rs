//! What an SVG comes to once its references are followed, counted without following them.
//!
//! An element that is used a thousand times counts a thousand times. Each element's count is worked out once, from
//! those of its children and of what it refers to, so that the counting itself takes one pass. It is generous: a
//! fill that is inherited counts for every element below, whether or not each one uses it.

use std::collections::HashMap;

use resvg::usvg::roxmltree::{Document, Node, NodeId};
use simplecss::{DeclarationTokenizer, StyleSheet};

use super::super::{too_large, unreadable};
use crate::assets::AssetError;
use crate::assets::limits::svg::{
    BYTES_PER_CHARACTER, MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_ENTITY_BYTES, MAX_EXPANDED_BYTES,
    MAX_STYLE_MATCHES, MAX_TAGS,
};

/// What counts for an element beside its attributes.
const BYTES_PER_ELEMENT: u64 = 250;

/// Elements and bytes with references followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) elements: u64,
    pub(super) bytes: u64,
    /// Of paths: markers are drawn at each.
    vertices: u64,
    depth: u32,
}

impl Expanded {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            elements: self.elements.saturating_add(other.elements),
            bytes: self.bytes.saturating_add(other.bytes),
            vertices: self.vertices.saturating_add(other.vertices),
            depth: self.depth.max(other.depth),
        }
    }

    fn times(self, count: u64) -> Self {
        Self {
            elements: self.elements.saturating_mul(count),
            bytes: self.bytes.saturating_mul(count),
            vertices: self.vertices.saturating_mul(count),
            depth: self.depth,
        }
    }

    pub(super) fn check(self) -> Result<(), AssetError> {
        if self.elements > MAX_ELEMENTS || self.bytes > MAX_EXPANDED_BYTES {
            return Err(too_large(format!(
                "the SVG comes to {} elements and {} bytes with what it uses: at most {MAX_ELEMENTS} and \
                 {MAX_EXPANDED_BYTES} are allowed",
                self.elements, self.bytes
            )));
        }
        if self.depth > MAX_DEPTH {
            return Err(too_large(format!("the SVG is nested more than {MAX_DEPTH} deep")));
        }
        Ok(())
    }
}

/// Checks what can be told from the text alone, before it is parsed.
pub(super) fn check_text(text: &str) -> Result<(), AssetError> {
    let count = |byte| text.bytes().filter(|b| *b == byte).count();
    if count(b'<') > MAX_TAGS {
        return Err(too_large(format!("the SVG has more than {MAX_TAGS} tags")));
    }
    if count(b'=') > MAX_ATTRIBUTES {
        return Err(too_large(format!("the SVG has more than {MAX_ATTRIBUTES} attributes")));
    }
    // Entities are old drawing programs' way to name namespaces. Any of them could be used at any `&`.
    let mut longest = 0;
    for (at, _) in text.match_indices("<!ENTITY") {
        let value = entity_value(&text[at..]);
        let nested = ["&#", "&amp;", "&lt;", "&gt;", "&quot;", "&apos;"]
            .iter()
            .fold(value.to_owned(), |value, harmless| value.replace(harmless, ""));
        if nested.contains('&') {
            return Err(unreadable("the SVG has entities within entities"));
        }
        longest = longest.max(value.len() as u64);
    }
    if longest.saturating_mul(count(b'&') as u64) > MAX_ENTITY_BYTES {
        return Err(too_large(format!("the SVG's entities may come to more than {MAX_ENTITY_BYTES} bytes")));
    }
    Ok(())
}

/// What is between the first quotes of a declaration; all the rest where they are not closed.
fn entity_value(declaration: &str) -> &str {
    let Some(open) = declaration.find(['"', '\'']) else { return declaration };
    let quote = if declaration.as_bytes()[open] == b'"' { '"' } else { '\'' };
    let value = &declaration[open + 1..];
    &value[..value.find(quote).unwrap_or(value.len())]
}

/// Counts a document.
pub(super) fn check(document: &Document<'_>) -> Result<Expanded, AssetError> {
    let mut sheet = StyleSheet::new();
    let styles = document.descendants().filter(|node| node.tag_name().name() == "style");
    for text in styles.filter_map(|node| node.text()) {
        sheet.parse_more(text);
    }
    let elements = document.descendants().filter(|node| node.is_element()).count() as u64;
    if elements.saturating_mul(sheet.rules.len() as u64) > MAX_STYLE_MATCHES {
        return Err(too_large(format!(
            "the SVG has {} style rules for {elements} elements: their product may be {MAX_STYLE_MATCHES}",
            sheet.rules.len()
        )));
    }
    // Only rules that refer to something add anything.
    sheet.rules.retain(|rule| rule.declarations.iter().any(|declaration| declaration.value.contains('#')));
    let mut ids = HashMap::new();
    for node in document.descendants() {
        if let Some(id) = node.attribute("id") {
            ids.entry(id).or_insert(node);
        }
    }
    let mut counter = Counter { sheet, ids, counted: HashMap::new() };
    let expanded = counter.count(document.root_element(), 0)?;
    expanded.check()?;
    Ok(expanded)
}

struct Counter<'d, 'i> {
    sheet: StyleSheet<'d>,
    ids: HashMap<&'d str, Node<'d, 'i>>,
    /// None while it is being counted.
    counted: HashMap<NodeId, Option<Expanded>>,
}

/// How often what is referred to is drawn.
#[derive(Clone, Copy, PartialEq)]
enum Times {
    Once,
    /// Inherited: for each element below.
    PerElement,
    /// Markers: for each vertex below.
    PerVertex,
}

impl<'d, 'i: 'd> Counter<'d, 'i> {
    fn count(&mut self, node: Node<'d, 'i>, depth: u32) -> Result<Expanded, AssetError> {
        if depth > MAX_DEPTH {
            return Err(too_large(format!("the SVG is nested more than {MAX_DEPTH} deep")));
        }
        match self.counted.get(&node.id()) {
            Some(Some(expanded)) => return Ok(*expanded),
            Some(None) => {
                let id = node.attribute("id").unwrap_or_default().chars().take(50).collect::<String>();
                return Err(unreadable(format!("the SVG's element \"{id}\" refers to itself")));
            }
            None => {}
        }
        self.counted.insert(node.id(), None);
        let attributes = node.attributes().map(|attribute| attribute.value().len() as u64).sum::<u64>();
        let characters = if node.tag_name().name() == "style" { 0 } else { text_len(node) };
        let mut sum = Expanded {
            elements: 1,
            bytes: BYTES_PER_ELEMENT + attributes + characters.saturating_mul(BYTES_PER_CHARACTER),
            vertices: vertices(node),
            depth: 0,
        };
        for child in node.children().filter(|child| child.is_element()) {
            sum = sum.plus(self.count(child, depth + 1)?);
        }
        let own = sum;
        for (target, times) in self.references(node) {
            let Some(target) = self.ids.get(target).copied() else { continue };
            let count = match times {
                Times::Once => 1,
                Times::PerElement => own.elements,
                Times::PerVertex => own.vertices,
            };
            sum = sum.plus(self.count(target, depth + 1)?.times(count));
        }
        sum.depth += 1;
        // At once: what is refused need not be counted to its end.
        sum.check()?;
        self.counted.insert(node.id(), Some(sum));
        Ok(sum)
    }

    /// The ids that an element refers to, by its attributes and by style rules.
    fn references(&self, node: Node<'d, 'i>) -> Vec<(&'d str, Times)> {
        let tag = node.tag_name().name();
        let mut found = Vec::new();
        let is_paint_server = matches!(tag, "linearGradient" | "radialGradient" | "stop");
        let mut property = |name: &str, value: &'d str| {
            let times = match name {
                "fill" | "stroke" if !is_paint_server => Times::PerElement,
                "marker" | "marker-start" | "marker-mid" | "marker-end" => Times::PerVertex,
                "clip-path" | "mask" | "filter" => Times::Once,
                _ => return,
            };
            found.extend(urls(value).map(|id| (id, times)));
        };
        for attribute in node.attributes() {
            property(attribute.name(), attribute.value());
            if attribute.name() == "style" {
                for declaration in DeclarationTokenizer::from(attribute.value()) {
                    property(declaration.name, declaration.value);
                }
            }
        }
        for rule in &self.sheet.rules {
            if rule.selector.matches(&StyledNode(node)) {
                for declaration in &rule.declarations {
                    property(declaration.name, declaration.value);
                }
            }
        }
        // A link leads elsewhere and draws nothing.
        if tag != "a" {
            let hrefs = node.attributes().filter(|attribute| attribute.name() == "href");
            found.extend(hrefs.filter_map(|href| href.value().trim().strip_prefix('#')).map(|id| (id, Times::Once)));
        }
        found
    }
}

/// The ids in `url(#a) url("#b")`.
fn urls(value: &str) -> impl Iterator<Item = &str> {
    value.split("url(").skip(1).filter_map(|rest| {
        let inside = rest.split(')').next()?.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
        inside.strip_prefix('#')
    })
}

/// Bytes of the text that is an element's own.
fn text_len(node: Node<'_, '_>) -> u64 {
    node.children()
        .filter_map(|child| child.is_text().then(|| child.text()).flatten())
        .map(|text| text.trim().len() as u64)
        .sum()
}

/// At least as many as a shape has.
fn vertices(node: Node<'_, '_>) -> u64 {
    match node.tag_name().name() {
        "path" => node.attribute("d").unwrap_or_default().len() as u64 / 2 + 2,
        "polyline" | "polygon" => node.attribute("points").unwrap_or_default().len() as u64 / 4 + 2,
        "line" => 2,
        _ => 0,
    }
}

/// For the style rules, as the SVG library matches them.
struct StyledNode<'d, 'i>(Node<'d, 'i>);

impl simplecss::Element for StyledNode<'_, '_> {
    fn parent_element(&self) -> Option<Self> {
        self.0.parent_element().map(StyledNode)
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        self.0.prev_sibling_element().map(StyledNode)
    }

    fn has_local_name(&self, name: &str) -> bool {
        self.0.tag_name().name() == name
    }

    fn attribute_matches(&self, name: &str, operator: simplecss::AttributeOperator<'_>) -> bool {
        self.0.attribute(name).is_some_and(|value| operator.matches(value))
    }

    fn pseudo_class_matches(&self, class: simplecss::PseudoClass<'_>) -> bool {
        matches!(class, simplecss::PseudoClass::FirstChild) && self.prev_sibling_element().is_none()
    }
}

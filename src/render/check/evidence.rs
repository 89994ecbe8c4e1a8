//! Findings from the warnings of layout: with the text, the characters or the photo at fault.

use std::sync::Arc;

use super::excerpt;
use super::finding::{Finding, Mark, MissingGlyph, PhotoFacts, Severity};
use crate::layout::{LayerBox, PhotoBox, TextFault, Warning};
use crate::template::LayerUses;
use crate::template::scene::{Layer, LayerKind, Text};

/// Missing characters that a message names.
const MAX_NAMED: usize = 4;

/// A warning with what layout knows of its layer.
pub fn of_warning(warning: &Warning, at: Option<&LayerBox>, layer: Option<&Layer>, uses: &LayerUses) -> Finding {
    let severity = Severity::of_warning(warning.code);
    let mut finding = Finding::new(severity, warning.code, Arc::clone(&warning.path), warning.message.clone());
    let Some(at) = at else { return finding };
    if let Some(photo) = &at.photo {
        add_photo(&mut finding, photo, uses);
    }
    let Some(Layer { kind: LayerKind::Text(text), .. }) = layer else { return finding };
    let content = content_of(text);
    let mut marks = vec![None; content.chars().count()];
    match warning.code {
        "truncated" => {
            let lines: Vec<&str> = at.lines.iter().map(|line| &*line.text).collect();
            marks = excerpt::cut_marks(&content, &lines, &text.ellipsis);
            let cut = marks.iter().filter(|mark| mark.is_some()).count();
            if cut > 0 {
                let plural = if cut == 1 { "character is" } else { "characters are" };
                finding.message = format!("{cut} of {} {plural} cut off", marks.len());
            }
        }
        "missing_glyph" => {
            let missing = at.faults.iter().find_map(|fault| match fault {
                TextFault::MissingGlyphs { characters, .. } => Some(characters.chars().collect::<Vec<char>>()),
                _ => None,
            });
            let missing = missing.unwrap_or_default();
            excerpt::mark_missing(&content, &missing, &mut marks);
            add_glyphs(&mut finding, &missing, uses.is_personal);
        }
        _ => {}
    }
    set_text(&mut finding, &content, &marks, uses);
    finding
}

/// The whole text of a layer, nothing marked.
pub fn add_text(finding: &mut Finding, layer: Option<&Layer>, uses: &LayerUses) {
    if let Some(Layer { kind: LayerKind::Text(text), .. }) = layer {
        let content = content_of(text);
        set_text(finding, &content, &vec![None; content.chars().count()], uses);
    }
}

fn set_text(finding: &mut Finding, content: &str, marks: &[Option<Mark>], uses: &LayerUses) {
    finding.text = excerpt::pieces(content, marks, uses.is_personal);
    finding.masked = uses.is_personal && !finding.text.is_empty();
}

fn content_of(text: &Text) -> String {
    text.spans.iter().map(|span| span.text.as_str()).collect()
}

fn add_glyphs(finding: &mut Finding, missing: &[char], is_personal: bool) {
    let mut glyphs: Vec<MissingGlyph> = Vec::new();
    for &character in missing {
        let glyph = MissingGlyph::new(character);
        let glyph = if is_personal { glyph.masked() } else { glyph };
        if !glyphs.contains(&glyph) {
            glyphs.push(glyph);
        }
    }
    if glyphs.is_empty() {
        return;
    }
    if is_personal {
        let scripts: Vec<&str> = glyphs.iter().map(|glyph| glyph.script).collect();
        finding.message = format!("no font has some characters of a personal text ({})", scripts.join(", "));
    } else {
        let named = glyphs.iter().take(MAX_NAMED).map(|glyph| {
            let character = glyph.character.map_or_else(String::new, |character| character.to_string());
            format!("{character} {} ({})", glyph.code_point.as_deref().unwrap_or_default(), glyph.script)
        });
        finding.message = format!("no font has {}", named.collect::<Vec<_>>().join(", "));
    }
    if glyphs.len() > MAX_NAMED && !is_personal {
        finding.message.push_str(&format!(" and {} more", glyphs.len() - MAX_NAMED));
    }
    finding.glyphs = glyphs;
}

fn add_photo(finding: &mut Finding, photo: &PhotoBox, uses: &LayerUses) {
    let PhotoBox { location, size, magnification } = photo;
    let location: Arc<str> = if uses.is_personal { Arc::from("") } else { without_secrets(location).into() };
    if finding.code == "photo_upscaled" {
        let name = if location.is_empty() { "a photo" } else { &*location };
        finding.message = format!("{name} has {}x{} px, enlarged {magnification:.2} times", size.width, size.height);
    }
    let (width, height, magnification) = (size.width, size.height, (magnification * 100.0).round() / 100.0);
    finding.photo = Some(PhotoFacts { location, width, height, magnification });
}

/// A location that may be written down: of a URL neither the user nor the query (both may hold keys), of `data:`
/// nothing.
fn without_secrets(location: &str) -> String {
    if location.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:")) {
        return "data: URL".to_owned();
    }
    let Some((scheme, rest)) = location.split_once("://") else { return location.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_of_a_url_is_written_down() {
        let cases = [
            ("images/a b?.jpg", "images/a b?.jpg"),
            ("https://me:secret@cdn.example:8443/a/b.jpg?sig=1#x", "https://cdn.example:8443/a/b.jpg"),
            ("https://cdn.example?sig=1", "https://cdn.example"),
            ("data:image/png;base64,AAAA", "data: URL"),
        ];
        for (location, shown) in cases {
            assert_eq!(without_secrets(location), shown);
        }
    }

    #[test]
    fn a_personal_text_names_scripts_only() {
        let mut finding = Finding::new(Severity::Warning, "missing_glyph", "greeting", "");
        add_glyphs(&mut finding, &['小', '林', 'さ'], true);
        assert_eq!(finding.message, "no font has some characters of a personal text (Han, Hiragana)");
        assert!(finding.glyphs.iter().all(|glyph| glyph.character.is_none() && glyph.code_point.is_none()));
        add_glyphs(&mut finding, &['小', '林', 'さ', 'ん', 'か'], false);
        assert!(finding.message.starts_with("no font has 小 U+5C0F (Han), 林 U+6797 (Han), "), "{}", finding.message);
        assert!(finding.message.ends_with(" and 1 more"), "{}", finding.message);
    }
}

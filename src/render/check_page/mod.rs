//! Preflight as one self-contained page: what is wrong, in how many rows, where on the canvas.
//!
//! Fed with findings in the order of the rows; the string is a file that opens anywhere, without a network. The
//! summary is plain HTML; the list of findings is data in the page (`data.rs`) that a script shows in pages, so that
//! tens of thousands stay quick. Everything from rows is escaped.

mod data;
mod words;

use std::fmt::{self, Write};

use super::check::{CheckSummary, Finding, Kind, MissingScript};
use super::html::{Escaped, Grouped, cut};

use data::PageData;

/// Layers that are named of one kind.
const MAX_LAYERS: usize = 4;
/// Characters that are shown of one script.
const MAX_CHARACTERS: usize = 60;
/// Longest name that is shown.
const MAX_NAME_CHARS: usize = 200;

/// Collects findings; see [`CheckPage::render`].
#[derive(Debug, Default)]
pub struct CheckPage {
    data: PageData,
}

/// What the page says about the check as a whole.
#[derive(Clone, Copy, Debug)]
pub struct PageFacts<'a> {
    /// The template file, as the user wrote it.
    pub template: &'a str,
    /// The rows, as the user wrote them.
    pub data: &'a str,
    /// Counts of everything.
    pub summary: &'a CheckSummary,
}

impl CheckPage {
    /// An empty page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a finding. Memory is bounded whatever their number: further ones are counted.
    pub fn add(&mut self, finding: &Finding) {
        self.data.add(finding);
    }

    /// The page.
    pub fn render(&self, facts: &PageFacts<'_>) -> String {
        let mut page = String::with_capacity(64 * 1024);
        self.write(&mut page, facts).expect("writing to a string cannot fail");
        page
    }

    fn write(&self, page: &mut String, facts: &PageFacts<'_>) -> fmt::Result {
        let PageFacts { template, data, summary } = *facts;
        // Nothing is fetched, whatever a row holds.
        write!(
            page,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
             script-src 'unsafe-inline'\">\n<title>Preflight of {} · gravure</title>\n<style>\n{}</style>\n</head>\n<body>\n",
            Escaped(&cut(template, MAX_NAME_CHARS)),
            include_str!("page.css"),
        )?;
        header(page, template, data, summary)?;
        page.push_str("<main>\n");
        if summary.kinds.is_empty() {
            page.push_str("<p class=\"fine\">Every row will look as the template means it.</p>\n");
        } else {
            kinds(page, &summary.kinds)?;
            scripts(page, &summary.scripts)?;
            self.list(page, summary)?;
        }
        write!(page, "</main>\n<footer>Made by gravure {}.", env!("CARGO_PKG_VERSION"))?;
        page.push_str(
            " Pictures are schematic: boxes and lines of text as they are laid out, nothing is drawn.</footer>\n",
        );
        if !summary.kinds.is_empty() {
            writeln!(
                page,
                "{VIEW}<script id=\"data\" type=\"application/json\">{}</script>",
                self.data.to_json(summary)
            )?;
            write!(page, "<script>\n{}</script>\n", include_str!("page.js"))?;
        }
        page.push_str("</body>\n</html>\n");
        Ok(())
    }

    fn list(&self, page: &mut String, summary: &CheckSummary) -> fmt::Result {
        page.push_str(LIST_START);
        let left_out = summary.findings - self.data.len();
        if left_out > 0 {
            writeln!(
                page,
                "<p class=\"more\">{} more findings are not on this page: <code>gravure check --all</code> prints every \
                 one.</p>",
                Grouped(left_out)
            )?;
        }
        page.push_str("</section>\n");
        Ok(())
    }
}

fn header(page: &mut String, template: &str, data: &str, summary: &CheckSummary) -> fmt::Result {
    let rows = summary.rows.unwrap_or(0);
    let title = template.rsplit('/').next().unwrap_or(template);
    write!(
        page,
        "<header>\n<p class=\"eyebrow\">gravure preflight</p>\n<h1>{}</h1>\n<p class=\"facts\"><span>{}</span>\
         <span>{}</span><span>{} rows</span><span>{} variants</span><span>{:.1} s</span></p>\n\
         <p class=\"verdict\">{}</p>\n<ul class=\"counts\">\n",
        Escaped(&cut(title, MAX_NAME_CHARS)),
        Escaped(&cut(template, MAX_NAME_CHARS)),
        Escaped(&cut(data, MAX_NAME_CHARS)),
        Grouped(rows),
        Grouped(summary.variants),
        summary.seconds,
        Escaped(&words::verdict(summary)),
    )?;
    let tiles = [
        ("good", "rows are fine", summary.fine, true),
        ("error", "will fail", summary.errors, summary.errors > 0),
        ("warning", "will look wrong", summary.warnings, summary.warnings > 0),
        ("note", "could look better", summary.notes, summary.notes > 0),
    ];
    for (class, label, count, _) in tiles.iter().filter(|tile| tile.3) {
        writeln!(page, "<li class=\"{class}\"><b>{}</b><span>{label}</span></li>", Grouped(*count))?;
    }
    page.push_str("</ul>\n</header>\n");
    Ok(())
}

fn kinds(page: &mut String, kinds: &[Kind]) -> fmt::Result {
    page.push_str(
        "<section>\n<h2>What was found</h2>\n<div class=\"scroll\"><table class=\"kinds\">\n<thead><tr><th scope=\"col\">\
         Severity</th><th scope=\"col\">Problem</th><th scope=\"col\" class=\"number\">Rows</th>\
         <th scope=\"col\">Layers and fields, with an example</th></tr></thead>\n<tbody>\n",
    );
    for (index, kind) in kinds.iter().enumerate() {
        let Kind { severity, code, rows, findings: _, layers, example } = kind;
        write!(
            page,
            "<tr><td><span class=\"badge {0}\">{0}</span></td><th scope=\"row\"><button type=\"button\" \
             data-kind=\"{index}\">{1}</button><span class=\"code\">{code}</span></th>",
            severity.name(),
            Escaped(&words::title(code)),
        )?;
        match example.row {
            Some(_) if *rows == 1 => page.push_str("<td class=\"number\" data-unit=\" row\">1</td><td>"),
            Some(_) => write!(page, "<td class=\"number\" data-unit=\" rows\">{}</td><td>", Grouped(*rows))?,
            None => page.push_str("<td class=\"number\" data-unit=\" rows\">all</td><td>"),
        }
        for (layer, count) in layers.iter().take(MAX_LAYERS).filter(|(layer, _)| !layer.is_empty()) {
            write!(page, "<span class=\"layer\"><bdi>{}</bdi>", Escaped(&cut(layer, MAX_NAME_CHARS)))?;
            match layers.len() {
                1 => page.push_str("</span> "),
                _ => write!(page, " <small>{}</small></span> ", Grouped(*count))?,
            }
        }
        if layers.len() > MAX_LAYERS {
            write!(page, "<small>and {} more</small>", layers.len() - MAX_LAYERS)?;
        }
        page.push_str("<span class=\"example\">");
        match (example.line, example.row) {
            (Some(line), _) => write!(page, "line {line}: ")?,
            (None, Some(row)) => write!(page, "row {row}: ")?,
            (None, None) => {}
        }
        writeln!(page, "<bdi>{}</bdi></span></td></tr>", Escaped(&cut(&example.message, MAX_NAME_CHARS)))?;
    }
    page.push_str("</tbody>\n</table></div>\n</section>\n");
    Ok(())
}

fn scripts(page: &mut String, scripts: &[MissingScript]) -> fmt::Result {
    if scripts.is_empty() {
        return Ok(());
    }
    page.push_str("<section>\n<h2>Characters that no font has</h2>\n<dl class=\"scripts\">\n");
    for MissingScript { script, rows, characters } in scripts {
        write!(
            page,
            "<div><dt>{} <small>{} {}</small></dt><dd>",
            Escaped(&script.replace('_', " ")),
            Grouped(*rows),
            if *rows == 1 { "row" } else { "rows" },
        )?;
        for (character, count) in characters.iter().take(MAX_CHARACTERS) {
            write!(
                page,
                "<span class=\"glyph\" title=\"{count} rows\"><bdi>{}</bdi><small>U+{:04X}</small></span>",
                Escaped(character.encode_utf8(&mut [0; 4])),
                u32::from(*character),
            )?;
        }
        if characters.is_empty() {
            page.push_str("<small>only in personal text</small>");
        } else if characters.len() > MAX_CHARACTERS {
            write!(page, "<small>and {} more</small>", characters.len() - MAX_CHARACTERS)?;
        }
        page.push_str("</dd></div>\n");
    }
    page.push_str("</dl>\n</section>\n");
    Ok(())
}

/// The list without its rows; the script fills in what there is to choose from.
const LIST_START: &str = "<section id=\"findings\">\n<h2>Row by row <small id=\"shown\" role=\"status\"></small></h2>\n\
    <noscript><p class=\"more\">The list needs JavaScript. <code>gravure check --all</code> prints every finding.</p>\
    </noscript>\n<form class=\"bar\" role=\"search\">\
    <input id=\"search\" type=\"search\" placeholder=\"Find a key, a line or a text\" aria-label=\"Find a key, a line or a text\">\
    <select id=\"severity\" aria-label=\"Severity\"><option value=\"\">Every severity</option></select>\
    <select id=\"kind\" aria-label=\"Problem\"><option value=\"\">Every problem</option></select>\
    <select id=\"layer\" aria-label=\"Layer or field\"><option value=\"\">Every layer</option></select>\
    <select id=\"size\" aria-label=\"Size\"><option value=\"\">Every size</option></select>\
    <select id=\"order\" aria-label=\"Order\"><option value=\"\">Worst first</option><option value=\"row\">Row order</option>\
    </select><button type=\"reset\" id=\"show-all\" hidden>Show all</button></form>\n\
    <table class=\"list\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\" scope=\"col\">Row</th>\
    <th role=\"columnheader\" scope=\"col\">Problem</th><th role=\"columnheader\" scope=\"col\">What is wrong</th>\
    <th role=\"columnheader\" scope=\"col\">Where</th></tr></thead><tbody role=\"rowgroup\" id=\"rows\"></tbody></table>\n\
    <p class=\"none\" id=\"none\" hidden>Nothing is like that.</p>\n\
    <nav class=\"pager\" id=\"pager\" aria-label=\"Pages\" hidden><button type=\"button\" id=\"back\">Previous</button>\
    <span id=\"page\"></span><button type=\"button\" id=\"next\">Next</button></nav>\n";

const VIEW: &str = "<dialog aria-labelledby=\"view-title\"><header><h2 id=\"view-title\"></h2>\
    <button type=\"button\" class=\"close\" aria-label=\"Close\">×</button></header>\
    <p id=\"view-message\"></p><div id=\"view-text\"></div><div class=\"pictures\"></div></dialog>\n";

#[cfg(test)]
mod tests;

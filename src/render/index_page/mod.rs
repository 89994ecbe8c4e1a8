//! The contact sheet: one self-contained `index.html` beside the pictures of a run.
//!
//! It shows the first variants of a run, grouped by size, and the failures above them. Fed with the
//! records of the manifest, in its order; the string goes to the store. Keys, names and messages come
//! from rows, so every one of them is escaped and cut to a length. No pictures are read here.

use std::fmt::{self, Write};

use super::html::{Escaped, Grouped, Url, cut};
use crate::job::{Format, Record, Status};
use crate::render::check::Severity;

/// At most this many variants are shown, the first ones.
pub const MAX_SHOWN: usize = 5_000;
/// At most this many failures are listed; further ones are counted.
pub const MAX_FAILURES: usize = 20_000;

const MAX_KEY_CHARS: usize = 200;
const MAX_MESSAGE_CHARS: usize = 1_000;
const MAX_WARNINGS: usize = 8;

/// Collects records; see [`IndexPage::render`].
#[derive(Debug, Default)]
pub struct IndexPage {
    sizes: Vec<SizeGroup>,
    shown: usize,
    not_shown: u64,
    failures: Vec<Failure>,
    failures_not_listed: u64,
    with_warnings: u64,
}

/// What the page says about the run as a whole.
#[derive(Clone, Copy, Debug)]
pub struct PageSummary<'a> {
    /// The heading: the campaign's or template's name.
    pub title: &'a str,
    /// The template file, as the user wrote it.
    pub template: &'a str,
    /// Stored variants.
    pub ok: u64,
    /// Failed variants.
    pub failed: u64,
    /// Variants that the template left out.
    pub skipped: u64,
    /// Variants that an earlier run had stored.
    pub reused: u64,
    /// Wall time of the run.
    pub seconds: f64,
    /// As in the summary line.
    pub variants_per_s: f64,
    /// The GPU adapter's name.
    pub adapter: &'a str,
    /// The command line that makes this again. The caller leaves out what must not be written down.
    pub command: &'a str,
}

/// The shown variants of one size, in the order of the manifest.
#[derive(Debug)]
struct SizeGroup {
    name: String,
    width: u32,
    height: u32,
    variants: Vec<Shown>,
}

#[derive(Debug)]
struct Shown {
    key: String,
    object: String,
    format: Format,
    bytes: Option<u64>,
    reused: bool,
    warnings: Vec<String>,
}

#[derive(Debug)]
struct Failure {
    row: u64,
    key: String,
    size: String,
    format: &'static str,
    code: &'static str,
    message: String,
}

/// Whether something looks wrong; that a photo is enlarged or a text at its smallest size is the template's choice.
pub fn has_warning(record: &Record) -> bool {
    record.warnings.iter().any(|warning| Severity::of_warning(&warning.code) == Severity::Warning)
}

impl IndexPage {
    /// An empty page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one variant's record. Memory is bounded whatever the number and length of the records.
    pub fn add(&mut self, record: &Record) {
        if has_warning(record) {
            self.with_warnings += 1;
        }
        match record.status {
            Status::Failed => self.add_failure(record),
            Status::Ok | Status::Reused => self.add_shown(record),
            Status::Skipped => {}
        }
    }

    fn add_failure(&mut self, record: &Record) {
        if self.failures.len() >= MAX_FAILURES {
            self.failures_not_listed += 1;
            return;
        }
        self.failures.push(Failure {
            row: record.row,
            key: cut(&record.key, MAX_KEY_CHARS),
            size: cut(&record.size, MAX_KEY_CHARS),
            format: record.format.name(),
            code: record.error.as_ref().map_or("", |error| error.code.as_str()),
            message: record.error.as_ref().map_or_else(String::new, |error| cut(&error.message, MAX_MESSAGE_CHARS)),
        });
    }

    fn add_shown(&mut self, record: &Record) {
        let Some(object) = &record.object else { return };
        if self.shown >= MAX_SHOWN {
            self.not_shown += 1;
            return;
        }
        self.shown += 1;
        let variant = Shown {
            key: cut(&record.key, MAX_KEY_CHARS),
            object: object.clone(),
            format: record.format,
            bytes: record.bytes,
            reused: record.status == Status::Reused,
            warnings: record
                .warnings
                .iter()
                .filter(|warning| Severity::of_warning(&warning.code) == Severity::Warning)
                .take(MAX_WARNINGS)
                .map(|warning| cut(&format!("{}: {}", warning.code, warning.message), MAX_MESSAGE_CHARS))
                .collect(),
        };
        if let Some(group) = self.sizes.iter_mut().find(|group| *group.name == *record.size) {
            group.variants.push(variant);
        } else {
            self.sizes.push(SizeGroup {
                name: record.size.to_string(),
                width: record.width.unwrap_or(1).max(1),
                height: record.height.unwrap_or(1).max(1),
                variants: vec![variant],
            });
        }
    }

    /// The page.
    pub fn render(&self, summary: &PageSummary<'_>) -> String {
        let mut page = String::with_capacity(32 * 1024 + self.shown * 512 + self.failures.len() * 256);
        self.write(&mut page, summary).expect("writing to a string cannot fail");
        page
    }

    fn write(&self, page: &mut String, summary: &PageSummary<'_>) -> fmt::Result {
        write!(
            page,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{} · gravure</title>\n<style>\n{}</style>\n</head>\n<body>\n",
            Escaped(summary.title),
            include_str!("page.css"),
        )?;
        self.write_header(page, summary)?;
        self.write_bar(page)?;
        page.push_str("<main>\n");
        self.write_failures(page)?;
        for group in &self.sizes {
            group.write(page)?;
        }
        if self.sizes.is_empty() {
            page.push_str("<p class=\"facts\">No pictures.</p>\n");
        }
        page.push_str("</main>\n<footer>");
        if self.not_shown > 0 {
            write!(page, "{} more pictures are not on this page. ", Grouped(self.not_shown))?;
        }
        write!(
            page,
            "<code>manifest.jsonl</code> has one line for every variant. Made by gravure {}.</footer>\n{VIEW}",
            env!("CARGO_PKG_VERSION"),
        )?;
        write!(page, "<script>\n{}</script>\n</body>\n</html>\n", include_str!("page.js"))
    }

    fn write_header(&self, page: &mut String, summary: &PageSummary<'_>) -> fmt::Result {
        let PageSummary { title, template, ok, failed, skipped, reused, seconds, variants_per_s, adapter, command } =
            *summary;
        write!(
            page,
            "<header>\n<p class=\"eyebrow\">gravure contact sheet</p>\n<h1>{}</h1>\n<p class=\"facts\">\
             <span>{}</span><span>{} variants</span><span>{seconds:.1} s</span><span>{variants_per_s:.1} variants/s</span>\
             <span>{}</span></p>\n<ul class=\"counts\">\n",
            Escaped(title),
            Escaped(template),
            Grouped(ok + failed + skipped + reused),
            Escaped(adapter),
        )?;
        let tiles = [
            ("good", "ok", ok, true),
            ("bad", "failed", failed, failed > 0),
            ("warn", "with warnings", self.with_warnings, self.with_warnings > 0),
            ("", "skipped", skipped, skipped > 0),
            ("", "reused", reused, reused > 0),
        ];
        for (class, label, count, _) in tiles.iter().filter(|tile| tile.3) {
            writeln!(page, "<li class=\"{class}\"><b>{}</b><span>{label}</span></li>", Grouped(*count))?;
        }
        write!(page, "</ul>\n<code class=\"command\">{}</code>\n</header>\n", Escaped(command))
    }

    fn write_bar(&self, page: &mut String) -> fmt::Result {
        page.push_str(
            "<nav class=\"bar\"><div>\
             <input id=\"search\" type=\"search\" placeholder=\"Find a key\" aria-label=\"Find a key\">\
             <select id=\"size\" aria-label=\"Size\"><option value=\"\">All sizes</option>",
        );
        let mut names: Vec<&str> = self.sizes.iter().map(|group| group.name.as_str()).collect();
        for failure in &self.failures {
            if !names.contains(&failure.size.as_str()) {
                names.push(&failure.size);
            }
        }
        for name in names {
            write!(page, "<option value=\"{0}\">{0}</option>", Escaped(name))?;
        }
        page.push_str("</select><select id=\"state\" aria-label=\"Status\"><option value=\"\">Every status</option>");
        for (state, label) in [("ok", "Ok"), ("warning", "With warnings"), ("failed", "Failed"), ("reused", "Reused")] {
            write!(page, "<option value=\"{state}\">{label}</option>")?;
        }
        page.push_str("</select><output id=\"shown\"></output></div></nav>\n");
        Ok(())
    }

    fn write_failures(&self, page: &mut String) -> fmt::Result {
        if self.failures.is_empty() {
            return Ok(());
        }
        let count = self.failures.len() as u64 + self.failures_not_listed;
        let noun = if count == 1 { "variant" } else { "variants" };
        write!(
            page,
            "<details class=\"failures\" open>\n<summary>{} {noun} failed</summary>\n<div class=\"scroll\"><table>\n\
             <thead><tr><th>Key</th><th>Row</th><th>Size</th><th>Code</th><th>Reason</th></tr></thead>\n<tbody>\n",
            Grouped(count),
        )?;
        for Failure { row, key, size, format, code, message } in &self.failures {
            writeln!(
                page,
                "<tr data-key=\"{key}\" data-size=\"{size}\" data-state=\"failed\"><td title=\"{key}\"><bdi>{key}</bdi></td>\
                 <td>{row}</td><td>{size} {format}</td><td><span class=\"mono\">{code}</span></td>\
                 <td><bdi>{message}</bdi></td></tr>",
                key = Escaped(key),
                size = Escaped(size),
                message = Escaped(message),
            )?;
        }
        page.push_str("</tbody>\n</table></div>\n");
        if self.failures_not_listed > 0 {
            writeln!(page, "<p class=\"more\">{} more are in the manifest.</p>", Grouped(self.failures_not_listed))?;
        }
        page.push_str("</details>\n");
        Ok(())
    }
}

impl SizeGroup {
    fn write(&self, page: &mut String) -> fmt::Result {
        let Self { name, width, height, variants } = self;
        // Wide pictures get wide columns, tall ones narrow: about the same area each.
        let ratio = f64::from(*width) / f64::from(*height);
        let card_px = (260.0 * ratio.sqrt()).clamp(170.0, 420.0).round();
        write!(
            page,
            "<section>\n<h2>{} <small>{width} × {height} · {} shown</small></h2>\n\
             <div class=\"grid\" style=\"--card: {card_px}px\">\n",
            Escaped(name),
            Grouped(variants.len() as u64),
        )?;
        for variant in variants {
            variant.write(page, self)?;
        }
        page.push_str("</div>\n</section>\n");
        Ok(())
    }
}

impl Shown {
    fn write(&self, page: &mut String, group: &SizeGroup) -> fmt::Result {
        let Self { key, object, format, bytes, reused, warnings } = self;
        let key = Escaped(key);
        let SizeGroup { name, width, height, .. } = group;
        let state = if *reused { "reused" } else { "ok" };
        let see_through = if *format == Format::Jpeg { "" } else { " class=\"see-through\"" };
        let warning = if warnings.is_empty() { "" } else { " warning" };
        let kilobytes = bytes.map_or_else(String::new, |bytes| format!("{} KB", Grouped(bytes.div_ceil(1000))));
        let about = if bytes.is_some() { format!(" · {kilobytes}") } else { String::new() };
        write!(
            page,
            "<figure data-key=\"{key}\" data-size=\"{}\" data-state=\"{state}{warning}\" \
             data-about=\"{} · {width} × {height} · {format}{about}\"><a{see_through} href=\"{url}\">\
             <img loading=\"lazy\" src=\"{url}\" alt=\"{key}\" width=\"{width}\" height=\"{height}\">\
             </a><figcaption><bdi title=\"{key}\">{key}</bdi>",
            Escaped(name),
            Escaped(name),
            url = Url(object),
        )?;
        if *reused {
            page.push_str("<span class=\"tag\">reused</span>");
        }
        if !warnings.is_empty() {
            write!(page, "<span class=\"tag warn\" title=\"{}\">!</span>", Escaped(&warnings.join("\n")))?;
        }
        write!(page, "<span class=\"tag\">{format}</span><span>{kilobytes}</span></figcaption>")?;
        if !warnings.is_empty() {
            page.push_str("<ul class=\"warnings\">");
            for warning in warnings {
                write!(page, "<li>{}</li>", Escaped(warning))?;
            }
            page.push_str("</ul>");
        }
        page.push_str("</figure>\n");
        Ok(())
    }
}

const VIEW: &str = "<dialog aria-label=\"Picture\"><div class=\"stage\"><img alt=\"\"></div>\
    <div class=\"about\"><p></p><ul></ul></div>\
    <button class=\"back\" aria-label=\"Previous\">‹</button><button class=\"next\" aria-label=\"Next\">›</button>\
    <button class=\"close\" aria-label=\"Close\">×</button></dialog>\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{ErrorCode, Warning};

    fn summary() -> PageSummary<'static> {
        PageSummary {
            title: "a <campaign>",
            template: "template.yaml",
            ok: 1_234_567,
            failed: 2,
            skipped: 0,
            reused: 0,
            seconds: 1.26,
            variants_per_s: 98.76,
            adapter: "llvmpipe",
            command: "gravure render 'a&b.yaml'",
        }
    }

    fn record(key: &str, size: &str, object: &str) -> Record {
        Record {
            object: Some(object.into()),
            bytes: Some(80_001),
            width: Some(1200),
            height: Some(628),
            ..Record::new(0, key, size, Format::Jpeg)
        }
    }

    fn page_of(records: &[Record]) -> String {
        let mut page = IndexPage::new();
        records.iter().for_each(|record| page.add(record));
        page.render(&summary())
    }

    #[test]
    fn hostile_text_is_escaped_everywhere() {
        let attack = "\"'><script>alert(1)</script>&\0";
        let mut shown = record(attack, attack, "1.jpg");
        shown.warnings.push(Warning { code: "truncated".into(), path: String::new(), message: attack.into() });
        let failed = record(attack, attack, "1.jpg").failed(ErrorCode::BadValue, attack);
        let page = page_of(&[shown, failed]);
        assert!(!page.contains("<script>alert"), "{page}");
        assert!(!page.contains("\"'>"));
        assert!(!page.contains('\0'));
        assert!(page.contains("&quot;&#39;&gt;&lt;script&gt;"));
        assert!(page.contains("a &lt;campaign&gt;") && page.contains("a&amp;b.yaml"));
    }

    #[test]
    fn pictures_stand_under_their_size_in_the_order_of_records() {
        let page = page_of(&[
            record("1", "link", "1-link.jpg"),
            record("1", "story", "1-story.jpg"),
            record("2", "link", "2-link.jpg"),
        ]);
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
        assert!(at("src=\"1-link.jpg\"") < at("src=\"2-link.jpg\""));
        assert!(at("src=\"2-link.jpg\"") < at("src=\"1-story.jpg\""));
        assert!(page.contains("1200 × 628 · 2 shown"));
        assert!(page.contains("81 KB") && page.contains("1,234,569 variants"));
    }

    #[test]
    fn failures_come_first_with_code_and_reason() {
        let failed = record("7", "link", "7.jpg").failed(ErrorCode::PhotoMissing, "no such file: images/7.webp");
        let page = page_of(&[record("1", "link", "1.jpg"), failed]);
        let failure = page.find("photo_missing").expect("the code is listed");
        assert!(failure < page.find("src=\"1.jpg\"").expect("the picture is there"));
        assert!(page.contains("no such file: images/7.webp") && page.contains("1 variant failed"));
        assert!(!page.contains("src=\"7.jpg\""));
    }

    #[test]
    fn memory_is_bounded_and_the_rest_is_counted() {
        let mut page = IndexPage::new();
        let long = "é".repeat(100_000);
        let shown = record(&long, "link", "1.jpg");
        let failed = shown.clone().failed(ErrorCode::BadValue, long.as_str());
        for _ in 0..MAX_SHOWN + 3 {
            page.add(&shown);
        }
        for _ in 0..MAX_FAILURES + 1_500 {
            page.add(&failed);
        }
        let html = page.render(&summary());
        assert_eq!(html.matches("<figure ").count(), MAX_SHOWN);
        assert_eq!(html.matches("<tr data-key").count(), MAX_FAILURES);
        assert!(html.contains("3 more pictures are not on this page"));
        assert!(html.contains("21,500 variants failed") && html.contains("1,500 more are in the manifest"));
        assert!(page.failures.iter().all(|failure| failure.message.chars().count() == MAX_MESSAGE_CHARS + 1));
    }

    #[test]
    fn a_skipped_variant_has_no_picture_and_an_empty_run_says_so() {
        let skipped = Record { status: Status::Skipped, ..record("1", "link", "1.jpg") };
        let page = page_of(&[skipped]);
        assert!(!page.contains("<figure ") && page.contains("No pictures."));
    }

    #[test]
    fn warnings_and_reuse_are_marked() {
        let mut reused = Record { status: Status::Reused, ..record("1", "link", "1.jpg") };
        reused.warnings.push(Warning { code: "truncated".into(), path: "layers[1]".into(), message: "cut".into() });
        let page = page_of(&[reused]);
        assert!(page.contains("data-state=\"reused warning\""));
        assert!(page.contains("<li>truncated: cut</li>") && page.contains("<b>1</b><span>with warnings</span>"));
    }
}

use std::fs;

use super::*;

/// A folder with a template, three rows, two photos and a font.
struct Folder(tempfile::TempDir);

const TEMPLATE: &str = r##"gravure: 1
name: offer
sizes:
  link: { width: 120, height: 63 }
  story: { width: 54, height: 96 }
outputs: [{ format: jpeg, quality: 70 }, { format: png }]
fields:
  title: { type: text, required: true }
  photo: { type: image }
  first_name: { type: text, default: "", pii: true }
fonts: [Inter-Bold.ttf]
layers:
  - { type: rect, frame: full, fill: "#0f172a" }
  - { type: image, src: logo.png, frame: { x: 0, y: 0, width: 10, height: 10 } }
  - { type: text, text: "{{ title }}", frame: { x: 4, y: 4, width: 50, height: 20 }, font: { size: 12 } }
"##;

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let font = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/product-card/fonts/Inter-Bold.ttf");
        fs::copy(font, folder.path("Inter-Bold.ttf")).unwrap();
        image::RgbImage::new(4, 4).save_with_format(folder.path("logo.png"), image::ImageFormat::Png).unwrap();
        folder.write("t.yaml", TEMPLATE);
        folder.write("rows.csv", "id,title,photo\n1,One,logo.png\n2,Two,\n3,Three,logo.png\n");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn options(&self) -> CampaignOptions {
        CampaignOptions {
            template: self.path("t.yaml"),
            data: Some(DataSource::File(self.path("rows.csv"))),
            ..CampaignOptions::default()
        }
    }

    /// The mistakes of a template in which `wrong` stands for `right`, with the folder's name taken away.
    fn mistakes(&self, right: &str, wrong: &str) -> Vec<String> {
        assert!(TEMPLATE.contains(right), "{right}");
        self.write("t.yaml", &TEMPLATE.replacen(right, wrong, 1));
        self.errors(&self.options())
    }

    fn errors(&self, options: &CampaignOptions) -> Vec<String> {
        let error = Campaign::open(options).err().expect("it has a mistake");
        let prefix = format!("{}/", self.0.path().display());
        error.problems.iter().map(|problem| problem.to_string().replace(&prefix, "")).collect()
    }
}

#[test]
fn a_good_campaign_opens_with_everything_the_template_offers() {
    let folder = Folder::new();
    let campaign = Campaign::open(&folder.options()).unwrap();
    assert_eq!(campaign.sizes, [0, 1]);
    assert_eq!(campaign.outputs.len(), 2);
    assert_eq!(campaign.variants_per_row(), 4);
    assert_eq!(campaign.data_base, folder.0.path().into());
    assert_eq!(campaign.fonts.faces().len(), 1);
    // Twice: a first pass looks at names.
    assert_eq!(campaign.rows().unwrap().count(), 3);
    assert_eq!(campaign.rows().unwrap().count(), 3);
}

#[test]
fn planted_mistakes_are_named_with_line_and_path() {
    let folder = Folder::new();
    let cases = [
        ("fill: \"#0f172a\"", "fil: \"#0f172a\"", "t.yaml:13:", "fil"),
        ("size: 12", "size: 12 ducks", "t.yaml:15:", "layers[2].font.size: "),
        ("{{ title }}", "{{ titel }}", "t.yaml:15:", "layers[2].text: "),
        ("fill: \"#0f172a\"", "fill: #0f172a", "t.yaml:13:", "write it in quotes, \"#0f172a\""),
        ("[Inter-Bold.ttf]", "[Inter-Bald.ttf]", "t.yaml:11:9: fonts[0]: ", "no such file"),
        ("[Inter-Bold.ttf]", "[../../etc/passwd]", "t.yaml:11:9: fonts[0]: ", "leaves the folder"),
        ("[Inter-Bold.ttf]", "[logo.png]", "t.yaml:11:9: fonts[0]: ", "not a TrueType or OpenType font"),
        (
            "size: 12",
            "size: 12, family: Inter Pear",
            "t.yaml:15:112: layers[2].font.family: ",
            "only Inter Peer, did you",
        ),
        ("fonts: [Inter-Bold.ttf]", "locale: en", "t.yaml:15:5: layers[2]: ", "text needs a font"),
        ("src: logo.png", "src: lego.png", "t.yaml:14:", "lego.png: no such file"),
        ("title: {", "headline: {", "t.yaml:15:", "title"),
    ];
    for (right, wrong, place, what) in cases {
        let mistakes = folder.mistakes(right, wrong);
        let found = mistakes.iter().any(|line| line.starts_with(place) && line.contains(what));
        assert!(found, "{wrong}: expected {place} … {what}, got {mistakes:?}");
    }
}

#[test]
fn a_missing_column_is_the_templates_mistake_and_a_near_one_is_suggested() {
    let folder = Folder::new();
    folder.write("rows.csv", "id,titel\n1,One\n");
    let mistakes = folder.errors(&folder.options());
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].starts_with("t.yaml:8:"), "{mistakes:?}");
    for part in ["fields.title", "no column \"title\"", "rows.csv", "did you mean \"titel\"?"] {
        assert!(mistakes[0].contains(part), "{mistakes:?}");
    }
    // A value for all rows needs no column; JSON rows are judged one by one.
    let set = vec![("title".to_owned(), "x".to_owned())];
    assert!(Campaign::open(&CampaignOptions { set, ..folder.options() }).is_ok());
    folder.write("rows.jsonl", "{\"titel\":\"One\"}\n");
    let data = Some(DataSource::File(folder.path("rows.jsonl")));
    assert!(Campaign::open(&CampaignOptions { data, ..folder.options() }).is_ok());
}

#[test]
fn mistakes_of_every_kind_come_together() {
    let folder = Folder::new();
    folder.write("t.yaml", &TEMPLATE.replace("src: logo.png", "src: none.png").replace("Inter-Bold.ttf", "none.ttf"));
    let mistakes = folder.errors(&CampaignOptions {
        set: vec![("titel".into(), "x".into()), ("title".into(), "x".into())],
        sizes: vec!["link".into(), "stroy".into()],
        name: Some("{{ first_name }}.jpg".into()),
        now: Some("tomorrow".into()),
        data: Some(DataSource::File(folder.path("none.csv"))),
        ..folder.options()
    });
    let starts = ["--set: ", "--size: ", "--name: ", "--now: ", "t.yaml:11:9: fonts[0]: ", "t.yaml:14:", "none.csv: "];
    assert_eq!(mistakes.len(), starts.len(), "{mistakes:#?}");
    for (mistake, start) in mistakes.iter().zip(starts) {
        assert!(mistake.starts_with(start), "{mistake} does not start with {start}");
    }
    assert!(mistakes[0].ends_with("did you mean \"title\"?") && mistakes[1].ends_with("did you mean \"story\"?"));
}

#[test]
fn files_that_are_no_templates_are_named() {
    let folder = Folder::new();
    for (name, what) in [("t.toml", ".yaml, .yml or .json"), ("none.yaml", "none.yaml: cannot read"), ("", ".yaml")] {
        let options = CampaignOptions { template: folder.path(name), ..folder.options() };
        let mistakes = folder.errors(&options);
        assert!(mistakes[0].contains(what), "{mistakes:?}");
    }
    folder.write("t.yaml", &format!("# {}\n{TEMPLATE}", "x".repeat(2 << 20)));
    assert!(folder.errors(&folder.options())[0].contains("longer than 1 MiB"));
    folder.write("t.yaml", "gravure: 1\n\tname: x\n");
    assert!(folder.errors(&folder.options())[0].starts_with("t.yaml:2:1: gravure: not valid YAML: a tab"));
}

#[test]
fn a_template_without_text_needs_no_fonts() {
    let folder = Folder::new();
    let text = TEMPLATE.lines().find(|line| line.contains("type: text, text:")).unwrap();
    folder.write("t.yaml", &TEMPLATE.replace(text, "").replace("fonts: [Inter-Bold.ttf]", ""));
    assert!(Campaign::open(&folder.options()).unwrap().fonts.faces().is_empty());
}

#[test]
fn sizes_keep_the_templates_order() {
    let folder = Folder::new();
    let sizes = |names: &[&str]| {
        let sizes = names.iter().map(|name| (*name).to_owned()).collect();
        Campaign::open(&CampaignOptions { sizes, ..folder.options() }).unwrap().sizes
    };
    assert_eq!(sizes(&["story", "link", "story"]), [0, 1]);
    assert_eq!(sizes(&["story"]), [1]);
}

#[test]
fn personal_fields_are_known_before_a_campaign_opens() {
    let folder = Folder::new();
    assert_eq!(pii_fields(&folder.path("t.yaml")), Some(vec!["first_name".to_owned()]));
    assert_eq!(pii_fields(&folder.path("none.yaml")), None);
}

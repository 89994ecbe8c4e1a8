use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::assets::fetch::{FetchLimits, GateConfig, Guard};
use crate::job::{AssetBase, AssetRef};
use crate::store::{AllowedPlaces, Fetched, StoreError};

const TEMPLATE: &str = r##"gravure: 1
name: offer
locale: en-US
sizes:
  link: { width: 120, height: 60 }
  story: { width: 60, height: 120 }
outputs: [{ format: jpeg, quality: 70 }, { format: png }]
fields:
  title: { type: text, required: true }
  price: { type: number, default: 1 }
  photo: { type: image }
fonts: [fonts/bold.ttf]
layers:
  - { type: rect, frame: full, fill: "#0f172a" }
  - { type: image, src: "logo+1 50%.png", frame: { x: 0, y: 0, width: 10, height: 10 } }
  - { type: text, text: "{{ title }}", frame: { x: 4, y: 4, width: 50, height: 20 }, font: { size: 12 } }
"##;
const ROWS: &str = "id,title,photo\n1,One,a b.png\n2,Two,\n3,Three,a b.png\n4,Four,\n";
const FONTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/product-card/fonts/");

/// A bucket in memory, which tells versions apart and can be away.
#[derive(Clone, Default)]
struct Bucket(Arc<Mutex<BucketState>>);

#[derive(Default)]
struct BucketState {
    objects: BTreeMap<String, Vec<u8>>,
    /// Objects that were sent, in order.
    sent: Vec<String>,
    is_away: bool,
}

impl Bucket {
    fn put(&self, place: &str, bytes: impl Into<Vec<u8>>) {
        self.0.lock().objects.insert(place.to_owned(), bytes.into());
    }

    fn sent(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().sent)
    }

    fn fetch(&self, place: &str, known: Option<&str>, max_bytes: u64) -> Result<Fetched, StoreError> {
        let mut state = self.0.lock();
        if state.is_away {
            return Err(StoreError::Unreachable { place: "s3://ads".to_owned(), message: "no answer".to_owned() });
        }
        let Some(bytes) = state.objects.get(place).cloned() else { return Ok(Fetched::Missing) };
        let etag = blake3::hash(&bytes).to_hex().to_string();
        if bytes.len() as u64 > max_bytes {
            return Ok(Fetched::TooLong { bytes: Some(bytes.len() as u64) });
        }
        if known == Some(&etag) {
            return Ok(Fetched::NotModified);
        }
        state.sent.push(place.to_owned());
        Ok(Fetched::Object { bytes, etag: Some(etag) })
    }
}

/// A template with a font and a photo, and rows: in a bucket and in a folder.
struct Farm {
    folder: tempfile::TempDir,
    bucket: Bucket,
    opener: Opener,
}

const LIMITS: JobLimits = JobLimits { rows: 100, variants: 200, pixels: 2_000_000 };

impl Farm {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Bucket::default();
        let files = [
            ("t/card.yaml", TEMPLATE.into()),
            ("t/fonts/bold.ttf", std::fs::read(format!("{FONTS}Inter-Bold.ttf")).unwrap()),
            ("t/logo+1 50%.png", png(4)),
            ("d/rows.csv", ROWS.into()),
            ("d/a b.png", png(5)),
        ];
        for (name, bytes) in files {
            let path = folder.path().join("in").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &bytes).unwrap();
            bucket.put(&format!("s3://ads/in/{name}"), bytes);
        }
        std::fs::write(folder.path().join("secret.yaml"), TEMPLATE).unwrap();
        let allowed = ["s3://ads/in".to_owned(), format!("file://{}/in", folder.path().display())];
        let objects = {
            let bucket = bucket.clone();
            let fetch = move |place: &str, known: Option<&str>, most: u64| bucket.fetch(place, known, most);
            Objects::read_by(Arc::new(fetch), AllowedPlaces::new(&allowed).unwrap())
        };
        let gate = Gate::new(GateConfig {
            guard: Guard { offline: true, ..Guard::default() },
            limits: FetchLimits { fresh_for: FRESH, ..FetchLimits::default() },
            objects: Some(objects.clone()),
            ..GateConfig::default()
        });
        let opener = Opener::new(gate.unwrap(), objects, LIMITS);
        Self { folder, bucket, opener }
    }

    fn file(&self, name: &str) -> String {
        format!("file://{}/{name}", self.folder.path().display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self, job: Value) -> Result<OpenedJob, Refusal> {
        self.opener.open(&read(job))
    }

    fn refusal(&self, job: Value) -> Refusal {
        match self.open(job) {
            Ok(_) => panic!("was opened"),
            Err(refusal) => refusal,
        }
    }

    /// As if a minute had passed.
    fn age(&self) {
        let past = Instant::now().checked_sub(FRESH).expect("the machine runs for longer");
        self.opener.assets.lock().iter_mut().for_each(|(_, kept)| kept.since = past);
        self.opener.designs.lock().iter_mut().for_each(|(_, kept)| kept.since = past);
    }
}

fn png(width: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(width, 4).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A job of the bucket's template and rows, with other members.
fn job(members: Value) -> Value {
    let mut job = json!({
        "version": 1, "id": "c-0", "campaign": "c", "destination": "s3://ads/out", "now": "2026-01-01T00:00:00Z",
        "template": "s3://ads/in/t/card.yaml", "data": { "url": "s3://ads/in/d/rows.csv" },
    });
    for (name, value) in members.as_object().unwrap() {
        job[name] = value.clone();
    }
    job.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    job
}

fn rows(rows: Value) -> Value {
    json!({ "data": null, "rows": rows })
}

fn read(job: Value) -> Job {
    Job::parse(&serde_json::to_vec(&job).unwrap()).unwrap()
}

fn width(opened: &OpenedJob, location: &str, base: AssetBase) -> Result<u32, String> {
    let photo = opened.plan.assets.photo(&AssetRef { location: location.into(), base });
    photo.map(|photo| photo.size.width).map_err(|error| error.to_string())
}

#[test]
fn a_job_of_a_bucket_and_one_of_a_folder_open_alike() {
    let farm = Farm::new();
    let of_folder = json!({ "template": farm.file("in/t/card.yaml"), "data": { "url": farm.file("in/d/rows.csv") } });
    for members in [json!({}), of_folder] {
        let opened = farm.open(job(members)).unwrap_or_else(|refusal| panic!("{refusal:?}"));
        assert_eq!((opened.plan.sizes.len(), opened.plan.outputs.len(), opened.row_count), (2, 2, 4));
        assert_eq!(width(&opened, "logo+1 50%.png", AssetBase::Template), Ok(4));
        assert_eq!(width(&opened, "a b.png", AssetBase::Data), Ok(5));
        assert!(width(&opened, "../t/logo+1 50%.png", AssetBase::Data).unwrap_err().contains("leaves"));
        assert!(width(&opened, "a%20b.png", AssetBase::Data).is_err(), "no URL, but a name");
        let numbers: Vec<u64> = opened.rows.map(|row| row.unwrap().number).collect();
        assert_eq!(numbers, [0, 1, 2, 3]);
        assert_eq!(opened.template_hash, blake3::hash(TEMPLATE.as_bytes()).to_hex().to_string());
    }
}

#[test]
fn what_is_in_a_bucket_must_be_fetched_and_what_is_in_a_folder_not() {
    let farm = Farm::new();
    let asset = AssetRef { location: "a b.png".into(), base: AssetBase::Data };
    let opened = farm.open(job(json!({}))).unwrap();
    assert!(opened.plan.assets.must_be_fetched(&asset));
    let (tell, told) = std::sync::mpsc::channel();
    opened.plan.assets.fetch_ahead(vec![asset.clone()], move |landed| tell.send(landed).unwrap());
    assert_eq!(told.recv().unwrap().get(&asset).unwrap().size.width, 5);
    assert!(!opened.plan.assets.must_be_fetched(&asset));
    let opened = farm.open(job(json!({ "data": { "url": farm.file("in/d/rows.csv") } }))).unwrap();
    assert!(!opened.plan.assets.must_be_fetched(&asset));
}

#[test]
fn an_inline_template_starts_where_it_is_told_to() {
    let farm = Farm::new();
    let inline = json!({
        "gravure": 1, "name": "n", "sizes": { "b": { "width": 9, "height": 9 }, "a": { "width": 9, "height": 9 } },
        "layers": [{ "type": "image", "src": "a b.png", "frame": "full" }],
    });
    let members = json!({ "template": inline, "data": null, "rows": [{ "id": 7 }], "first_row": 20 });
    let mut with_base = members.clone();
    with_base["template_base"] = farm.file("in/d/").into();
    let opened = farm.open(job(with_base)).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    assert_eq!(width(&opened, "a b.png", AssetBase::Template), Ok(5));
    assert_eq!(width(&opened, "a b.png", AssetBase::Data), Ok(5), "rows start there too");
    assert_eq!(opened.rows.map(|row| row.unwrap().number).collect::<Vec<_>>(), [20]);
    let refusal = farm.refusal(job(members));
    assert_eq!((refusal.code, refusal.may_pass), ("template_invalid", false), "{}", refusal.message);
}

#[test]
fn many_jobs_of_one_campaign_fetch_everything_once() {
    let farm = Farm::new();
    let part =
        |first: u64| job(json!({ "data": { "url": "s3://ads/in/d/rows.csv", "first_row": first, "row_count": 2 } }));
    let first = farm.open(part(0)).unwrap();
    assert_eq!(farm.bucket.sent().len(), 4, "template, font, logo, rows");
    let second = farm.open(part(2)).unwrap();
    assert_eq!(farm.bucket.sent(), [""; 0]);
    assert!(Arc::ptr_eq(&first.plan.template, &second.plan.template));
    assert!(Arc::ptr_eq(&first.plan.assets, &second.plan.assets));
    assert_eq!(first.rows.map(|row| row.unwrap().number).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(second.rows.map(|row| row.unwrap().number).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(farm.opener.object_counts().read, 4);
    assert_eq!(farm.opener.object_counts().unchanged, 2);
}

#[test]
fn what_changes_is_noticed_without_a_restart() {
    let farm = Farm::new();
    let first = farm.open(job(json!({}))).unwrap();
    farm.bucket.put("s3://ads/in/t/card.yaml", TEMPLATE.replace("#0f172a", "#ffffff"));
    farm.bucket.put("s3://ads/in/d/rows.csv", format!("{ROWS}5,Five,\n"));
    let second = farm.open(job(json!({}))).unwrap();
    assert_ne!(first.template_hash, second.template_hash);
    assert_eq!((first.row_count, second.row_count), (4, 5), "at once");

    farm.bucket.put("s3://ads/in/d/a b.png", png(6));
    assert_eq!(width(&second, "a b.png", AssetBase::Data), Ok(6));
    farm.bucket.put("s3://ads/in/d/a b.png", png(7));
    farm.bucket.put("s3://ads/in/t/fonts/bold.ttf", std::fs::read(format!("{FONTS}Inter-Regular.ttf")).unwrap());
    let third = farm.open(job(json!({}))).unwrap();
    assert_eq!(width(&third, "a b.png", AssetBase::Data), Ok(6), "photos and fonts after a minute");
    assert!(Arc::ptr_eq(&second.plan.fonts, &third.plan.fonts));
    farm.age();
    let fourth = farm.open(job(json!({}))).unwrap();
    assert_eq!(width(&fourth, "a b.png", AssetBase::Data), Ok(7));
    assert_ne!(third.plan.fonts.faces()[0].face.digest, fourth.plan.fonts.faces()[0].face.digest);
    farm.age();
    farm.bucket.sent();
    let fifth = farm.open(job(json!({}))).unwrap();
    assert!(Arc::ptr_eq(&fourth.plan.template, &fifth.plan.template), "nothing changed: nothing is made anew");
    assert_eq!(farm.bucket.sent(), [""; 0], "nor does it travel");
}

#[test]
fn members_of_the_job_go_over_the_template() {
    let farm = Farm::new();
    let members = json!({
        "sizes": ["story"], "scale": 2.0, "outputs": [{ "format": "webp" }, { "format": "webp" }], "locale": "de-DE",
        "set": { "title": "x" }, "name": "{{ index }}.{{ ext }}", "data": null, "rows": [{ "id": 1 }],
    });
    let opened = farm.open(job(members)).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    let plan = &opened.plan;
    assert_eq!((plan.sizes.as_slice(), plan.outputs.len(), plan.scale), ([1].as_slice(), 1, 2.0));
    assert_eq!(plan.template.locale(), "de-DE");
    assert_ne!(opened.template_hash, farm.open(job(json!({}))).unwrap().template_hash, "another locale, another hash");
    assert_eq!(&*plan.now.0, "2026-01-01T00:00:00Z");
    let mut rows = opened.rows;
    let row = rows.next().unwrap().unwrap();
    let bound = plan.template.bind(&row, &plan.now).unwrap();
    assert_eq!(plan.object_name(&bound, 1, plan.outputs[0]).unwrap().as_str(), "1.webp");
}

#[test]
fn every_refusal_has_its_code() {
    let farm = Farm::new();
    farm.bucket.put("s3://ads/in/t/broken.yaml", TEMPLATE.replace("fill:", "fil:"));
    farm.bucket.put("s3://ads/in/t/nofont.yaml", TEMPLATE.replace("bold.ttf", "none.ttf"));
    farm.bucket.put("s3://ads/in/t/long.yaml", vec![b' '; 1 + MAX_TEMPLATE_BYTES as usize]);
    farm.bucket.put("s3://ads/in/d/short.csv", "id,name\n1,x\n");
    farm.bucket.put("s3://ads/in/d/latin.csv", b"id,title\n1,M\xfcnchen\n".to_vec());
    farm.bucket.put("s3://ads/in/d/torn.csv", "id,title\n1,\"x\n2,y\n");
    let many = |count: usize| rows(vec![json!({ "id": 1, "title": "x" }); count].into());
    let data = |name: &str| json!({ "data": { "url": format!("s3://ads/in/d/{name}") } });
    let range = |first: u64, count: u64| json!({ "data": { "url": "s3://ads/in/d/rows.csv", "first_row": first, "row_count": count } });
    let cases = [
        (json!({ "template": "s3://ads/in/t/none.yaml" }), "template_missing", "s3://ads/in/t/none.yaml"),
        (json!({ "template": farm.file("in/none.yaml") }), "template_missing", "no such file"),
        (json!({ "template": "s3://ads/in/t/broken.yaml" }), "template_invalid", "broken.yaml:14:"),
        (json!({ "template": "s3://ads/in/t/nofont.yaml" }), "template_invalid", "nofont.yaml:12:"),
        (json!({ "template": "s3://ads/in/t/long.yaml" }), "template_invalid", "1048576"),
        (json!({ "template": "s3://ads/in/t/card" }), "template_invalid", ".yaml"),
        (json!({ "template": { "gravure": 1 } }), "template_invalid", "template:1:"),
        (json!({ "template": "s3://other/t.yaml" }), "source_refused", "s3://other/t.yaml"),
        (json!({ "template": "s3://ads/inn/t.yaml" }), "source_refused", "not below"),
        (json!({ "template": "s3://ads/in/../t.yaml" }), "source_refused", ".."),
        (json!({ "template": "s3://ads/in/%2e%2e/t.yaml" }), "template_missing", "%2e%2e"),
        (json!({ "template": farm.file("secret.yaml") }), "source_refused", "not below"),
        (json!({ "template": farm.file("in/../secret.yaml") }), "source_refused", ".."),
        (json!({ "template": "file://host/etc/t.yaml" }), "source_refused", "file:///"),
        (json!({ "template": "/etc/t.yaml" }), "source_refused", "no URL"),
        (json!({ "template": "http://127.0.0.1/t.yaml?sig=s3cret" }), "source_refused", "http://127.0.0.1/t.yaml"),
        (json!({ "template": "ftp://example.com/t.yaml" }), "source_refused", "ftp"),
        (json!({ "template_base": farm.file("") }), "source_refused", "not below"),
        (json!({ "data_base": "in/d" }), "source_refused", "no URL"),
        (data("none.csv"), "data_missing", "s3://ads/in/d/none.csv"),
        (data("short.csv"), "data_invalid", "title"),
        (data("latin.csv"), "data_invalid", "UTF-8"),
        (data("torn.csv"), "data_invalid", "quote"),
        (range(3, 2), "data_invalid", "has 4"),
        (range(5, 1), "data_invalid", "has 4"),
        (json!({ "data": { "url": "s3://other/rows.csv" } }), "source_refused", "s3://other/rows.csv"),
        (range(0, 101), "too_many_rows", "101 rows, 100 are allowed"),
        (many(101), "too_many_rows", "101 rows"),
        (many(51), "too_many_variants", "204 variants"),
        (
            json!({ "scale": 8.0, "data": null, "rows": [{ "id": 1, "title": "x" }, { "id": 2, "title": "x" }] }),
            "too_many_pixels",
            "3686400 pixels",
        ),
        (json!({ "scale": 0.0 }), "bad_option", "scale"),
        (json!({ "now": "yesterday" }), "bad_option", "now"),
        (json!({ "sizes": ["stori"] }), "bad_option", "sizes: the template has no size \"stori\""),
        (json!({ "set": { "titel": "x" } }), "bad_option", "title"),
        (json!({ "set": { "price": "x" } }), "bad_option", "price"),
        (json!({ "name": "{{ nam }}" }), "bad_option", "nam"),
        (json!({ "locale": "no such" }), "bad_option", "locale: expected a BCP 47 tag"),
    ];
    for (members, code, part) in cases {
        let refusal = farm.refusal(job(members.clone()));
        assert_eq!((refusal.code, refusal.may_pass), (code, false), "{members}: {}", refusal.message);
        assert!(refusal.message.contains(part), "{members}: {}", refusal.message);
        assert!(!refusal.message.contains("s3cret") && !refusal.message.contains("nchen"), "{}", refusal.message);
    }
    assert!(!farm.opener.is_opening());
}

#[test]
fn trouble_of_the_store_may_pass_and_is_not_remembered() {
    let farm = Farm::new();
    let away = |is_away| farm.bucket.0.lock().is_away = is_away;
    away(true);
    let refusal = farm.refusal(job(json!({})));
    assert_eq!((refusal.code, refusal.may_pass), (Refusal::STORE_DOWN, true), "{}", refusal.message);
    let of_folder = json!({ "template": farm.file("in/t/card.yaml") });
    let refusal = farm.refusal(job(of_folder.clone()));
    assert_eq!((refusal.code, refusal.may_pass), (Refusal::STORE_DOWN, true), "{}", refusal.message);
    let font = TEMPLATE.replace("fonts/bold.ttf", "s3://ads/in/t/fonts/bold.ttf");
    std::fs::write(farm.path("in/t/font.yaml"), &font).unwrap();
    let refusal = farm.refusal(job(json!({ "template": farm.file("in/t/font.yaml") })));
    assert_eq!((refusal.code, refusal.may_pass), (Refusal::STORE_DOWN, true), "{}", refusal.message);
    // With a mistake that stays, another try would be in vain.
    std::fs::write(farm.path("in/t/both.yaml"), font.replace("logo+1", "none")).unwrap();
    let refusal = farm.refusal(job(json!({ "template": farm.file("in/t/both.yaml") })));
    assert_eq!((refusal.code, refusal.may_pass), ("template_invalid", false), "{}", refusal.message);
    away(false);
    assert!(farm.open(job(json!({}))).is_ok());
    assert!(farm.open(job(of_folder)).is_ok());
    assert!(farm.open(job(json!({ "template": farm.file("in/t/font.yaml") }))).is_ok());
}

#[test]
fn a_link_does_not_lead_out_of_what_is_allowed() {
    let farm = Farm::new();
    std::os::unix::fs::symlink(farm.path("secret.yaml"), farm.path("in/link.yaml")).unwrap();
    std::os::unix::fs::symlink(farm.path(""), farm.path("in/up")).unwrap();
    for name in ["in/link.yaml", "in/up/secret.yaml"] {
        assert_eq!(farm.refusal(job(json!({ "template": farm.file(name) }))).code, "source_refused", "{name}");
    }
    let opened = farm.open(job(json!({ "data_base": farm.file("in/d/") }))).unwrap();
    std::os::unix::fs::symlink(farm.path("in/t/logo+1 50%.png"), farm.path("in/d/out.png")).unwrap();
    assert!(width(&opened, "out.png", AssetBase::Data).unwrap_err().contains("link"));
    // Whole URLs of rows go by what is allowed.
    assert_eq!(width(&opened, &farm.file("in/t/logo+1 50%.png"), AssetBase::Data), Ok(4));
    assert!(width(&opened, &farm.file("secret.yaml"), AssetBase::Data).unwrap_err().contains("not below"));
    assert!(width(&opened, "s3://other/a.png", AssetBase::Data).unwrap_err().contains("not below"));
    assert!(width(&opened, "http://127.0.0.1/a.png", AssetBase::Data).is_err());
}

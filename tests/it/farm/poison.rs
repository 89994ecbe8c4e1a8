//! Messages that can never be rendered: each ends where it should, with its reason, and the next good job is served.

use gravure::job::{ErrorCode, ObjectName, TemplateSource};
use serde_json::{Value, json};

use super::{Farm, message, wait_for};

#[test]
fn poison_is_dead_lettered_with_its_reason_and_the_next_job_is_served() {
    let farm = Farm::on_folder();
    let base = |id: &str| farm.job(id, &["A row"]);
    let with = |id: &str, change: &dyn Fn(&mut Value)| {
        let mut job = serde_json::to_value(base(id)).expect("JSON");
        change(&mut job);
        serde_json::to_vec(&job).expect("JSON")
    };
    let store = farm.store();
    let broken = ObjectName::own("_gravure/test/broken.yaml").expect("a name");
    store.put(&broken, b"gravure: 1\nname: x\nlayers: [{ type: rekt }]\n").expect("stored");
    let places = |name: &str| json!(format!("{}/_gravure/test/{name}", farm.destination));
    let poisons: Vec<(&str, &str, Vec<u8>)> = vec![
        ("not JSON", "not_a_job", b"{".to_vec()),
        ("bytes", "not_a_job", vec![0xff; 100]),
        ("unknown member", "not_a_job", with("p1", &|job| job["rowz"] = json!(1))),
        ("id that leaves", "not_a_job", with("p2", &|job| job["id"] = json!("../x"))),
        ("another version", "unknown_version", with("p3", &|job| job["version"] = json!(9))),
        ("no template", "template_missing", with("p4", &|job| job["template"] = places("none.yaml"))),
        ("broken template", "template_invalid", with("p5", &|job| job["template"] = places("broken.yaml"))),
        ("template elsewhere", "source_refused", with("p6", &|job| job["template"] = json!("file:///etc/x.yaml"))),
        (
            "private template",
            "source_refused",
            with("p7", &|job| job["template"] = json!("http://169.254.169.254/t.yaml")),
        ),
        ("10,000 rows", "too_many_rows", with("p8", &|job| job["rows"] = json!(vec![json!({"name": "x"}); 10_000]))),
        ("destination elsewhere", "destination_refused", with("p9", &|job| job["destination"] = json!("file:///tmp"))),
        (
            "a climb",
            "destination_refused",
            with("p10", &|job| {
                job["destination"] = json!(format!("{}/../../x", farm.destination));
            }),
        ),
        ("no such size", "bad_option", with("p11", &|job| job["sizes"] = json!(["huge"]))),
        (
            "a table that is not there",
            "data_missing",
            with("p12", &|job| {
                job.as_object_mut().expect("an object").remove("rows");
                job["data"] = json!({"url": places("none.csv")});
            }),
        ),
    ];
    let mut worker = farm.worker();
    worker.wait_for_words("renderer ready");
    for (nth, (name, reason, body)) in poisons.iter().enumerate() {
        farm.publish(vec![(name.to_string(), body.clone())]);
        let good = farm.job(&format!("good{nth}"), &["Fine"]);
        farm.publish(vec![message(&good)]);
        let image = ObjectName::new(&format!("good{nth}-1.jpg")).expect("a name");
        wait_for(&format!("the job after {name:?} is served"), || store.stat(&image));
        let letter = wait_for(&format!("{name:?} is dead-lettered"), || farm.dead_letters().get(nth).cloned());
        assert_eq!(letter.reason, *reason, "{name}: {}", letter.message);
        assert_eq!(*letter.body, **body, "{name}: its body is unchanged");
        assert!(!letter.message.is_empty());
    }
    let letters = farm.dead_letters();
    assert!(letters[9].message.contains("split"), "{}", letters[9].message);
    worker.stop();
    farm.assert_queues(poisons.len() as u64);
}

#[test]
fn bad_rows_fail_in_the_manifest_and_the_others_are_stored() {
    let farm = Farm::on_folder();
    let mut job = farm.job("j", &["Good", "Bomb", "Private", "Missing", "Also good"]);
    // 50,000 by 50,000 pixels in some hundred bytes.
    let mut bomb = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR".to_vec();
    let header = [&50_000_u32.to_be_bytes()[..], &50_000_u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    bomb.extend(&header);
    bomb.extend(crc32(&[b"IHDR", &header[..]].concat()).to_be_bytes());
    bomb.extend([0; 64]);
    farm.store().put(&ObjectName::own("_gravure/test/bomb.png").expect("a name"), &bomb).expect("stored");
    let photos = ["", "bomb.png", "http://10.0.0.1/x.png", "none.png", ""];
    for (row, photo) in job.rows.iter_mut().flatten().zip(photos) {
        row.insert("photo".to_owned(), json!(photo));
    }
    farm.publish(vec![message(&job)]);
    let worker = farm.worker();
    let place = gravure::submit::CampaignPlace::of(&farm.destination, "c");
    let records = wait_for("the manifest is there", || Some(farm.records(&place)).filter(|records| records.len() == 5));
    let codes: Vec<Option<ErrorCode>> =
        records.iter().map(|record| record.error.as_ref().map(|error| error.code)).collect();
    use ErrorCode::{PhotoMissing, PhotoTooLarge, UrlRefused};
    assert_eq!(codes, [None, Some(PhotoTooLarge), Some(UrlRefused), Some(PhotoMissing), None]);
    worker.stop();
    farm.assert_queues(0);
}

#[test]
fn a_template_that_changes_is_picked_up_without_a_restart() {
    let farm = Farm::on_folder();
    let store = farm.store();
    let mut worker = farm.worker();
    worker.wait_for_words("renderer ready");
    let image = |id: &str| {
        let object = ObjectName::new(&format!("{id}-1.jpg")).expect("a name");
        farm.publish(vec![message(&farm.job(id, &["Row"]))]);
        wait_for("the image is there", || store.get(&object).expect("read"))
    };
    let before = image("a");
    assert_eq!(image("b"), before);
    let template = ObjectName::own("_gravure/test/template.yaml").expect("a name");
    let text = String::from_utf8(store.get(&template).expect("read").expect("there")).expect("UTF-8");
    store.put(&template, text.replace("#0f172a", "#ff0000").as_bytes()).expect("stored");
    assert_ne!(image("c"), before);
    worker.stop();
}

/// As PNG has it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[test]
fn a_job_of_one_row_in_a_table_uses_the_template_by_value() {
    let farm = Farm::on_folder();
    let mut job = farm.job("t", &[]);
    job.rows = None;
    let table = ObjectName::own("_gravure/test/rows.csv").expect("a name");
    farm.store().put(&table, b"id,name\n7,Seven\n8,Eight\n9,Nine\n").expect("stored");
    let url = format!("{}/_gravure/test/rows.csv", farm.destination);
    job.data = Some(serde_json::from_value(json!({"url": url, "first_row": 1, "row_count": 1})).expect("data"));
    let layers = json!([{"type": "rect", "frame": "full", "fill": "#ff0000"}]);
    let fields = json!({"name": {"type": "text"}});
    let template = json!({"gravure": 1, "name": "x", "sizes": {"s": {"width": 8, "height": 8}}, "fields": fields, "layers": layers});
    job.template = TemplateSource::Inline(template.as_object().expect("an object").clone());
    farm.publish(vec![message(&job)]);
    let worker = farm.worker();
    let image = ObjectName::new("t-8.jpg").expect("a name");
    wait_for("the image is there", || farm.store().stat(&image));
    worker.stop();
    let place = gravure::submit::CampaignPlace::of(&farm.destination, "c");
    let rows: Vec<u64> = farm.records(&place).iter().map(|record| record.row).collect();
    assert_eq!(rows, [2], "rows have the table's numbers");
}

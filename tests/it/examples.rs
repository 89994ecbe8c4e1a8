//! The sample campaigns: every row binds, and rows of each kind are drawn in every size with nothing to complain of.

use std::path::PathBuf;
use std::sync::Arc;

use gravure::job::Status;
use gravure::pipeline::{self, Clock, Stop, Task};
use gravure::render::Campaign;
use gravure::store::MemoryStore;
use gravure::template::scene::{Layer, LayerKind, Scene};

use crate::support::{campaign, gpu_turn, painter, root};

fn example(template: &str, rows: &str) -> Campaign {
    let folder: PathBuf = root().join("examples");
    campaign(&folder.join(template), &folder.join(rows))
}

fn greeting() -> Campaign {
    example("greeting/template.yaml", "greeting/rows.csv")
}

fn recommendations() -> Campaign {
    example("recommendations/template.yaml", "recommendations/rows.jsonl")
}

/// Draws rows, counted from 0, in every size and finds them all good. `noted`: the one code that is no surprise.
fn draw(campaign: &Campaign, wanted: &'static [usize], noted: Option<&str>) {
    let _turn = gpu_turn();
    let rows = campaign.rows().expect("rows").enumerate().filter(|(number, _)| wanted.contains(number));
    let mut records = Vec::new();
    let task = Arc::new(Task::new(campaign.plan(), Arc::new(MemoryStore::new()), 0));
    let rows = task.work(rows.map(|(_, row)| row));
    pipeline::run(rows, 2, painter(campaign), &Clock::default(), &Stop::new(), &mut |outcome| {
        records.push(outcome.record);
    });
    assert_eq!(records.len(), wanted.len() * campaign.sizes.len());
    for record in records {
        assert_eq!(record.status, Status::Ok, "row {}, {}: {:?}", record.row, record.size, record.error);
        let surprise = record.warnings.iter().find(|warning| Some(warning.code.as_str()) != noted);
        assert!(surprise.is_none(), "row {}, {}: {surprise:?}", record.row, record.size);
    }
}

/// Binds every row and shows its scene at the first size.
fn each_scene(campaign: &Campaign, mut look: impl FnMut(usize, Scene)) {
    for (number, row) in campaign.rows().expect("rows").enumerate() {
        let bound = campaign.template.bind(&row.expect("a good row"), &campaign.now).expect("a row that binds");
        for &size in campaign.sizes.iter().skip(1) {
            bound.scene(size).expect("a scene");
        }
        look(number, bound.scene(campaign.sizes[0]).expect("a scene"));
    }
}

/// The texts of a scene in drawing order, each on a line of its own, and how many photos it has from `folder`.
fn read(scene: &Scene, folder: &str) -> (String, usize) {
    fn walk(layers: &[Layer], folder: &str, texts: &mut String, photos: &mut usize) {
        for layer in layers {
            match &layer.kind {
                LayerKind::Text(text) => {
                    text.spans.iter().for_each(|span| texts.push_str(&span.text));
                    texts.push('\n');
                }
                LayerKind::Image(image) => *photos += usize::from(image.src.location.starts_with(folder)),
                LayerKind::Group(layers) => walk(layers, folder, texts, photos),
                LayerKind::Stack(stack) => walk(&stack.layers, folder, texts, photos),
                LayerKind::Rect | LayerKind::Ellipse | LayerKind::Rating(_) => {}
            }
        }
    }
    let (mut texts, mut photos) = (String::new(), 0);
    walk(&scene.layers, folder, &mut texts, &mut photos);
    (texts, photos)
}

#[test]
fn greetings_are_drawn() {
    // Every kind of offer; row 24 has no first name, row 59 no persona.
    draw(&greeting(), &[0, 1, 6, 24, 59], None);
}

#[test]
fn greetings_speak_to_the_shopper() {
    let mut offers = [0; 3];
    let mut rows = 0;
    each_scene(&greeting(), |number, scene| {
        rows += 1;
        let (texts, _) = read(&scene, "");
        for (count, offer) in offers.iter_mut().zip(["$10 off\n", "A free candle\n", "25% off\n"]) {
            *count += usize::from(texts.contains(offer));
        }
        match number {
            0 => {
                assert!(texts.contains("Happy birthday,\nMark!\n"), "{texts}");
                assert!(texts.contains("deep sofas, cozy corners and\u{a0}pretty\u{a0}tables."), "{texts}");
                assert!(texts.contains("fill a basket: $40 $30\n"), "{texts}");
                assert!(texts.contains("BDAY-38Q5\nuntil December 23\n"), "{texts}");
            }
            24 => assert!(texts.contains("Happy birthday\nto you!\n"), "{texts}"),
            59 => assert!(texts.contains("a\u{a0}second\u{a0}slice\u{a0}of\u{a0}cake."), "{texts}"),
            _ => {}
        }
    });
    assert_eq!(rows, 1_200);
    assert_eq!(offers.iter().sum::<usize>(), rows);
    assert!(offers.iter().all(|&count| count > 300), "{offers:?}");
}

#[test]
fn recommendations_are_drawn() {
    // Three products, two (row 6), one (10), none (22), and no first name (24).
    draw(&recommendations(), &[0, 6, 10, 22, 24], None);
}

#[test]
fn recommendations_fill_the_shelf() {
    let mut rows = 0;
    each_scene(&recommendations(), |number, scene| {
        rows += 1;
        let (texts, photos) = read(&scene, "images/");
        let leads_on = texts.contains("More for your next");
        match number {
            0 => {
                assert!(texts.contains("Ready for your next climb,\nMark?\n"), "{texts}");
                assert!(texts.contains("−10%\nSummitRider Snowboard Boots\n$224.10\n$249.00\n"), "{texts}");
                assert_eq!((photos, leads_on), (3, false));
            }
            6 => assert_eq!((photos, leads_on), (2, true)),
            10 => assert_eq!((photos, leads_on), (1, true)),
            // The shop's own.
            22 => {
                assert_eq!((photos, leads_on), (3, false));
                assert!(
                    texts.contains("See what’s new\n") && texts.contains("Tents for every\u{a0}season\n"),
                    "{texts}"
                );
            }
            24 => assert!(texts.contains("Ready for your next hike?\n"), "{texts}"),
            _ => assert!((1..=3).contains(&photos), "row {number} has {photos} photos"),
        }
    });
    assert_eq!(rows, 1_000);
}

#[test]
fn the_product_card_is_drawn_from_right_to_left_and_in_japanese() {
    for locale in ["ar", "ja"] {
        let template = format!("product-card/template.{locale}.yaml");
        let campaign = example(&template, &format!("product-card/rows.{locale}.csv"));
        // The photos are 600 px wide, `story` draws them at 840.
        draw(&campaign, &[1, 2, 3, 6], Some("photo_upscaled"));
    }
}

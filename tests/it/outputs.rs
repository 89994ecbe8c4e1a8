//! What a template's outputs become: formats, settings, names and transparency, through the whole program.

use std::fs;

use image::ImageFormat;

use crate::cli::{Campaign, names};
use crate::support::gpu_turn;

/// A white disc and half-transparent orange on nothing at all.
const CLEAR: &str = r##"gravure: 1
name: badge
sizes: { badge: { width: 96, height: 64 } }
outputs: OUTPUTS
fonts: [Inter-Bold.ttf]
layers:
  - { type: ellipse, frame: { x: 8, y: 8, width: 48, height: 48 }, fill: white }
  - { type: rect, frame: { x: 60, y: 8, width: 28, height: 48 }, fill: "#ff800080" }
"##;

fn render(campaign: &Campaign, outputs: &str, arguments: &[&str]) {
    campaign.write("t.yaml", &CLEAR.replace("OUTPUTS", outputs));
    campaign.write("one.csv", "id\n1\n");
    let ran = campaign.run(&[&["render", "t.yaml", "--data", "one.csv"], arguments].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

fn open(campaign: &Campaign, name: &str) -> image::DynamicImage {
    let bytes = fs::read(campaign.path("out").join(name)).expect("it is there");
    let format = ImageFormat::from_path(name).expect("a picture's name");
    image::load_from_memory_with_format(&bytes, format).expect("of its format")
}

#[test]
fn one_canvas_becomes_every_output_under_its_own_name() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    let outputs = "[{ format: jpeg, quality: 90 }, { format: jpeg, quality: 30, suffix: -small }, { format: png }, \
                   { format: png, depth: 24, background: \"#00ff00\", suffix: -flat }, { format: webp }, \
                   { format: webp, lossless: true, suffix: \"@exact\" }]";
    render(&campaign, outputs, &[]);
    let expected = [
        "1-badge.jpg",
        "1-badge-small.jpg",
        "1-badge.png",
        "1-badge-flat.png",
        "1-badge.webp",
        "1-badge@exact.webp",
        "index.html",
        "manifest.jsonl",
    ];
    assert_eq!(campaign.files("out"), names(&expected));
    let [large, small] = ["1-badge.jpg", "1-badge-small.jpg"]
        .map(|name| campaign.path("out").join(name).metadata().expect("there").len());
    assert!(small < large);

    // What is clear stays clear, and edges keep the colour of their shape: no dark halo.
    let exact = open(&campaign, "1-badge.png").into_rgba8();
    assert_eq!(exact, open(&campaign, "1-badge@exact.webp").into_rgba8());
    assert_eq!(exact.get_pixel(0, 0).0[3], 0);
    let edges: Vec<_> = exact.pixels().filter(|pixel| (1..=254).contains(&pixel.0[3])).collect();
    assert!(edges.len() > 50);
    let is_white_or_orange =
        |[r, g, b, _]: [u8; 4]| r == 255 && (b == 255 && g == 255 || b == 0 && g.abs_diff(128) < 2);
    assert!(edges.iter().all(|pixel| is_white_or_orange(pixel.0)));
    let lossy = open(&campaign, "1-badge.webp").into_rgba8();
    assert!(exact.pixels().zip(lossy.pixels()).all(|(exact, lossy)| exact.0[3] == lossy.0[3]));

    // Over a background where there can be none.
    let near = |picture: &str, x, expected: [u8; 3]| {
        let pixel = open(&campaign, picture).into_rgb8().get_pixel(x, 32).0;
        assert!(pixel.iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 9), "{picture} at {x}: {pixel:?}");
    };
    near("1-badge.jpg", 2, [255, 255, 255]);
    near("1-badge.jpg", 74, [255, 191, 127]);
    near("1-badge-flat.png", 2, [0, 255, 0]);
    near("1-badge-flat.png", 74, [128, 191, 0]);
}

#[test]
fn flags_go_over_the_settings_of_the_template() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    let flags =
        ["--format", "jpeg", "--format", "webp", "--lossless", "--background", "navy", "--subsampling", "4:4:4"];
    render(&campaign, "[{ format: jpeg, quality: 95 }]", &flags);
    let corner = open(&campaign, "1-badge.jpg").into_rgb8().get_pixel(1, 1).0;
    assert!(corner[0] < 5 && corner[1] < 5 && corner[2].abs_diff(128) < 5, "{corner:?}");
    let file = fs::read(campaign.path("out/1-badge.jpg")).expect("there");
    assert_eq!(turbojpeg::read_header(&file).expect("a JPEG").subsamp, turbojpeg::Subsamp::None);
    let file = fs::read(campaign.path("out/1-badge.webp")).expect("there");
    assert!(file.windows(4).any(|part| part == b"VP8L"), "lossless");
}

#[test]
fn wrong_settings_end_with_2() {
    let campaign = Campaign::new();
    let render = ["render", "t.yaml", "--data", "rows.csv"];
    let cases: [(&[&str], &str); 5] = [
        (&["--lossless"], "--lossless: no output is webp (see --format)"),
        (&["--format", "png", "--subsampling", "4:4:4"], "--subsampling: no output is jpeg"),
        (&["--subsampling", "4:2:2"], "expected one of 4:2:0, 4:4:4"),
        (&["--background", "#fff8"], "expected an opaque colour"),
        (&["--format", "png", "--compression", "best"], "expected one of speed, balanced, size"),
    ];
    for (flags, what) in cases {
        let ran = campaign.run(&[&render, flags].concat());
        assert_eq!(ran.status, 2, "{flags:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(what), "{flags:?}: {}", ran.stderr);
    }
    campaign.write("t.yaml", &CLEAR.replace("OUTPUTS", "[{ format: png, quality: 90 }]"));
    let ran = campaign.run(&render);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("t.yaml:4:35: outputs[0].quality: png has no quality"), "{}", ran.stderr);
}

#[test]
fn a_scale_makes_more_pixels_of_the_same_picture() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    render(&campaign, "[{ format: png }]", &["--scale", "2.5"]);
    let large = open(&campaign, "1-badge.png").into_rgba8();
    assert_eq!(large.dimensions(), (240, 160));
    let manifest = campaign.manifest();
    assert_eq!((&manifest[0]["width"], &manifest[0]["height"]), (&240.into(), &160.into()), "real pixels");
    // The middle of the rectangle.
    assert_eq!(large.get_pixel(185, 80).0[3], 128);
    let first = manifest[0]["input_hash"].clone();
    render(&campaign, "[{ format: png }]", &[]);
    assert_eq!(open(&campaign, "1-badge.png").into_rgba8().dimensions(), (96, 64));
    assert_ne!(campaign.manifest()[0]["input_hash"], first, "another scale is another picture");
    for scale in ["0", "9", "two"] {
        let ran = campaign.run(&["render", "t.yaml", "--data", "one.csv", "--scale", scale]);
        assert_eq!(ran.status, 2);
        assert!(ran.stderr.contains("expected a number from 0.1 to 8"), "{}", ran.stderr);
    }
}

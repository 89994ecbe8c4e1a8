//! Files that unpack to far more than they are: each is refused, and none takes the memory on the way.
//!
//! A process of its own reads them, so that its peak memory is theirs. It is this test binary again.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use gravure::assets::{Assets, AssetsConfig, Crop, FontLibrary, PhotoLimits};
use gravure::job::{AssetBase, AssetRef};
use gravure::pixels::SizePx;

/// The folder whose files the child reads.
const FOLDER: &str = "GRAVURE_TEST_BOMBS";
/// A million pixels, 4 MB of RGBA: what a decoder may take for them stays far below [`MAX_PEAK_KIB`].
const LIMITS: PhotoLimits = PhotoLimits { max_file_bytes: 4 << 20, max_side_px: 2000, max_pixels: 1_000_000 };
/// What the process takes by itself is about 20 MiB; a bomb that goes off takes hundreds.
const MAX_PEAK_KIB: u64 = 100 << 10;

#[test]
fn bombs_take_no_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, file) in bombs() {
        std::fs::write(folder.path().join(name), file).expect("written");
    }
    let child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "bombs::child", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .expect("a child");
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{text}\n{}", String::from_utf8_lossy(&child.stderr));
    let found = text.lines().filter_map(|line| line.strip_prefix("bomb ")).collect::<Vec<_>>();
    assert_eq!(found.len(), bombs().len(), "{text}");
    let mut wrong = Vec::new();
    for line in found {
        let [name, peak_kib, answer] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let is_fine = match name {
            // Compressed texts are not unpacked at all: the picture beside them is fine. A profile is left out.
            "text.png" | "international-text.png" | "profile.png" => answer == "fine",
            // What is there beside the picture is not read.
            "more-than-told.png" => answer == "fine",
            _ => answer.starts_with("photo_too_large") || answer.starts_with("photo_unreadable"),
        };
        if !is_fine || peak_kib.parse::<u64>().expect("a number") > MAX_PEAK_KIB {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Reads the bombs and tells what each came to; only where [`FOLDER`] asks for it.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let assets = Assets::new(AssetsConfig { limits: LIMITS, ..AssetsConfig::new(folder, folder) });
    let fonts = FontLibrary::new().set(Vec::new());
    let mut names = std::fs::read_dir(folder).expect("files").map(|entry| entry.expect("a file").file_name());
    let mut names = names.by_ref().map(|name| name.to_string_lossy().into_owned()).collect::<Vec<_>>();
    names.sort();
    for name in names {
        // The peak starts anew: proc(5), clear_refs.
        std::fs::write("/proc/self/clear_refs", "5").expect("the peak forgotten");
        let asset = AssetRef { location: name.as_str().into(), base: AssetBase::Data };
        let drawn = assets.photo(&asset).and_then(|photo| {
            let whole = Crop { x: 0.0, y: 0.0, width: photo.size.width as f32, height: photo.size.height as f32 };
            assets.scaled(&photo, whole, SizePx::new(400, 400), &fonts)
        });
        let answer = drawn.map_or_else(|error| format!("{} {error}", error.code), |_| "fine".to_owned());
        let status = std::fs::read_to_string("/proc/self/status").expect("a status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        let peak_kib = peak.trim().trim_end_matches(" kB");
        println!("bomb {name} {peak_kib} {answer}");
    }
}

fn bombs() -> BTreeMap<&'static str, Vec<u8>> {
    let zeros = zlib_of_zeros(32);
    let picture = || [chunk(b"IDAT", &zlib_stored(&[0; 9 * 25])), chunk(b"IEND", b"")].concat();
    let png = |width: u32, height: u32, before: &[u8]| {
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
        [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(b"IHDR", &header), before].concat()
    };
    // 8 pixels wide: 33 bytes a line with its filter.
    let small_png = |before: &[u8]| {
        let rest = [before, &chunk(b"IDAT", &zlib_stored(&[0; 33 * 8])), &chunk(b"IEND", b"")].concat();
        png(8, 8, &rest)
    };
    let named = |name: &[u8]| [name, b"\0\0", &zeros].concat();
    let svg =
        |body: &str| format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>{body}</svg>").into_bytes();
    let uses = |levels: usize| {
        let level = |n: usize| format!("<g id='a{n}'>{}</g>", format!("<use href='#a{}'/>", n - 1).repeat(10));
        let body = (1..=levels).map(level).collect::<String>();
        svg(&format!("<defs><path id='a0' d='M0 0h1v1'/>{body}</defs><use href='#a{levels}'/>"))
    };
    let entities = {
        let body =
            (1..10).map(|n| format!("<!ENTITY e{n} '{}'>", format!("&e{};", n - 1).repeat(10))).collect::<String>();
        let text = String::from_utf8(svg("<text>&e9;</text>")).expect("text");
        format!("<!DOCTYPE svg [<!ENTITY e0 'laugh'>{body}]>{text}").into_bytes()
    };
    let layers = format!("{}<path d='M0 0h9v9'/>{}", "<g opacity='.9'>".repeat(190), "</g>".repeat(190));
    let tile = "<pattern id='p' width='80000' height='80000' patternUnits='userSpaceOnUse'><path d='M0 0h9v9'/></pattern>\
                <path fill='url(#p)' d='M0 0h9v9'/>";
    let region = "<filter id='f' x='-99' y='-99' width='999' height='999'><feFlood/><feOffset/><feOffset/><feOffset/>\
                  <feOffset/><feOffset/><feOffset/><feOffset/></filter><path filter='url(#f)' d='M0 0h900v900'/>";
    let letters = format!("<text>{}</text>", "mw ".repeat(400_000));
    let shapes = "<path d='M0 0h1v1'/>".repeat(190_000);
    BTreeMap::from([
        ("sides.png", png(60_000, 60_000, &picture())),
        ("pixels.png", png(1_999, 1_999, &picture())),
        ("lines.png", png(4, 2_000_000_000, &picture())),
        ("more-than-told.png", {
            // A picture of 8 by 8 whose data are 32 MB.
            png(8, 8, &[chunk(b"IDAT", &zeros[..zeros.len() / 2]), picture()].concat())
        }),
        ("profile.png", small_png(&chunk(b"iCCP", &named(b"icc")))),
        ("text.png", small_png(&chunk(b"zTXt", &named(b"Comment")))),
        ("international-text.png", small_png(&chunk(b"iTXt", &[b"Comment\0\x01\0\0\0".as_slice(), &zeros].concat()))),
        ("length.png", [png(8, 8, &[]).as_slice(), &u32::MAX.to_be_bytes(), b"IDAT"].concat()),
        ("sides.jpg", jpeg(0xc0, 65_000, 65_000, 1)),
        ("pixels.jpg", jpeg(0xc2, 1_900, 1_900, 1)),
        ("scans.jpg", jpeg(0xc2, 900, 900, 2_000)),
        ("sides.gif", gif((65_535, 65_535), (1, 1))),
        ("frame.gif", gif((9, 9), (65_535, 65_535))),
        ("pixels.gif", gif((1_999, 1_999), (1_999, 1_999))),
        ("canvas.webp", webp(&[vp8x(16_000_000, 16_000_000), vp8(9, 9)])),
        ("pixels.webp", webp(&[vp8x(1_999, 1_999), vp8(1_999, 1_999)])),
        ("lossy.webp", webp(&[vp8x(9, 9), vp8(16_383, 16_383)])),
        ("lossless.webp", webp(&[vp8x(9, 9), vp8l(16_384, 16_384)])),
        ("bare.webp", webp(&[vp8(16_383, 16_383)])),
        ("frame.webp", {
            let place = [0, 0, 0, 0, 0, 0, 8, 0, 0, 8, 0, 0, 0, 0, 0, 0];
            let frame = [place.as_slice(), &vp8(16_383, 16_383)].concat();
            webp(&[vp8x_flags(9, 9, 2), riff(b"ANIM", &[0; 6]), riff(b"ANMF", &frame)])
        }),
        ("chunk.webp", {
            let mut file = webp(&[vp8x_flags(9, 9, 0x20)]);
            file.extend_from_slice(b"ICCP\xf0\xff\xff\xff");
            file
        }),
        ("sides.svg", b"<svg xmlns='http://www.w3.org/2000/svg' width='9e9' height='9e9'/>".to_vec()),
        ("uses.svg", uses(9)),
        ("entities.svg", entities),
        ("layers.svg", svg(&layers)),
        ("tile.svg", svg(tile)),
        ("region.svg", svg(region)),
        ("letters.svg", svg(&letters)),
        ("shapes.svg", svg(&shapes.repeat(2))),
    ])
}

/// A stream of zlib that unpacks to so many MiB of zeros.
fn zlib_of_zeros(mib: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 1 << 16, mib * 16);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header().expect("a header");
    let mut stream = writer.stream_writer().expect("a stream");
    for _ in 0..mib * 16 {
        stream.write_all(&[0; 1 << 16]).expect("zeros");
    }
    stream.finish().expect("an end");
    drop(writer);
    let mut data = Vec::new();
    let mut rest = &file[8..];
    while let [l0, l1, l2, l3, name @ ..] = rest {
        let length = u32::from_be_bytes([*l0, *l1, *l2, *l3]) as usize;
        if name.starts_with(b"IDAT") {
            data.extend_from_slice(&name[4..4 + length]);
        }
        rest = &rest[length + 12..];
    }
    data
}

/// A stream of zlib that holds the bytes as they are. <https://www.rfc-editor.org/rfc/rfc1950>
fn zlib_stored(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u16).to_le_bytes();
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    let mut stream = vec![0x78, 1, 1, length[0], length[1], !length[0], !length[1]];
    stream.extend_from_slice(bytes);
    stream.extend_from_slice(&(b << 16 | a).to_be_bytes());
    stream
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut sum = u32::MAX;
    for byte in name.iter().chain(data) {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 };
        }
    }
    [&(data.len() as u32).to_be_bytes()[..], name, data, &(!sum).to_be_bytes()].concat()
}

/// A grey JPEG whose pictures are all zeros, scan after scan.
fn jpeg(frame: u8, width: u16, height: u16, scans: usize) -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xdb\0\x43\0".to_vec();
    file.extend([1; 64]);
    file.extend([0xff, frame, 0, 11, 8]);
    file.extend(height.to_be_bytes().iter().chain(&width.to_be_bytes()));
    file.extend([1, 1, 0x11, 0]);
    // One code of one bit, for the value 0; of both classes.
    for class in [0, 0x10] {
        file.extend([0xff, 0xc4, 0, 20, class, 1]);
        file.extend([0; 15]);
        file.push(0);
    }
    for scan in 0..scans {
        let is_first = scan == 0;
        let end = if frame == 0xc0 { 63 } else { 0 };
        // Refinements of the first coefficient by one bit.
        let approximation = if frame == 0xc0 {
            0
        } else if is_first {
            1
        } else {
            0x10
        };
        file.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, end, approximation]);
        file.extend([0; 64]);
    }
    file.extend([0xff, 0xd9]);
    file
}

fn gif(screen: (u16, u16), frame: (u16, u16)) -> Vec<u8> {
    let sides = |(width, height): (u16, u16)| [width.to_le_bytes(), height.to_le_bytes()].concat();
    let mut file = [b"GIF89a".as_slice(), &sides(screen), &[0x80, 0, 0, 0, 0, 0, 9, 9, 9]].concat();
    file.extend([0x2c, 0, 0, 0, 0]);
    file.extend(sides(frame));
    file.extend([0, 2, 2, 0x44, 1, 0, 0x3b]);
    file
}

fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    [b"RIFF".as_slice(), &(body.len() as u32 + 4).to_le_bytes(), b"WEBP", &body].concat()
}

fn riff(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let padding: &[u8] = if data.len() % 2 == 1 { &[0] } else { &[] };
    [name, &(data.len() as u32).to_le_bytes()[..], data, padding].concat()
}

fn vp8x(width: u32, height: u32) -> Vec<u8> {
    vp8x_flags(width, height, 0)
}

fn vp8x_flags(width: u32, height: u32, flags: u8) -> Vec<u8> {
    let side = |length: u32| (length - 1).to_le_bytes()[..3].to_vec();
    riff(b"VP8X", &[&[flags, 0, 0, 0], side(width).as_slice(), &side(height)].concat())
}

fn vp8(width: u16, height: u16) -> Vec<u8> {
    let sides = [width.to_le_bytes(), height.to_le_bytes()].concat();
    riff(b"VP8 ", &[b"\x10\x02\0\x9d\x01\x2a".as_slice(), &sides, &[0; 64]].concat())
}

fn vp8l(width: u32, height: u32) -> Vec<u8> {
    let bits = (width - 1) | (height - 1) << 14;
    riff(b"VP8L", &[&[0x2f], bits.to_le_bytes().as_slice(), &[0; 64]].concat())
}

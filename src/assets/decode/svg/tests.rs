//! Drawing, and refusing what would take too long or too much.

use std::sync::Arc;

use super::*;
use crate::assets::photo::PhotoId;
use crate::assets::scale::Crop;
use crate::assets::{FontLibrary, ListedFace};
use crate::job::ErrorCode;

const LIMITS: PhotoLimits = PhotoLimits { max_file_bytes: 1 << 20, max_side_px: 4000, max_pixels: 4_000_000 };

fn nothing(_: &str) -> Result<Vec<u8>, AssetError> {
    Err(unreadable("nothing is loaded here"))
}

fn fonts(files: &[&str]) -> FontSet {
    let library = FontLibrary::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/product-card/fonts/");
    let faces = files.iter().flat_map(|file| library.add(std::fs::read(format!("{folder}{file}")).unwrap()).unwrap());
    library.set(faces.map(ListedFace::new).collect())
}

fn draw_part(svg: &str, crop: Option<Crop>, size: SizePx, fonts: &FontSet) -> Result<Bitmap, AssetError> {
    let read = Svg::read(svg.as_bytes(), &LIMITS)?;
    let whole = Crop { x: 0.0, y: 0.0, width: read.size.width as f32, height: read.size.height as f32 };
    let key = ScaledKey::new(PhotoId([0; 16]), read.size, crop.unwrap_or(whole), size).unwrap();
    read.draw(svg.as_bytes(), &key, fonts, &nothing, &LIMITS)
}

fn draw(svg: &str, width: u32, height: u32) -> Result<Bitmap, AssetError> {
    draw_part(svg, None, SizePx::new(width, height), &fonts(&[]))
}

fn inked(bitmap: &Bitmap) -> usize {
    bitmap.data().as_chunks::<4>().0.iter().filter(|pixel| pixel[3] > 0).count()
}

const HALF: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 2 1'><path d='M0 0H1V1H0z' fill='red'/></svg>";

#[test]
fn edges_are_sharp_at_any_size() {
    for width in [2, 300, 2000] {
        let bitmap = draw(HALF, width, width / 2).unwrap();
        assert_eq!(bitmap.pixel(width / 2 - 1, 0), [255, 0, 0, 255]);
        assert_eq!(bitmap.pixel(width / 2, 0), [0; 4]);
    }
}

#[test]
fn a_part_is_drawn_at_its_own_size() {
    // Its size is 300 by 150: the part is from 100 to 200.
    let crop = Crop { x: 100.0, y: 0.0, width: 100.0, height: 100.0 };
    let bitmap = draw_part(HALF, Some(crop), SizePx::new(1000, 1000), &fonts(&[])).unwrap();
    assert_eq!((bitmap.pixel(499, 500)[3], bitmap.pixel(500, 500)[3]), (255, 0));
}

#[test]
fn rounding_the_size_does_not_distort() {
    // 10 by 9.5 pixels, rounded to 10 by 10: a square stays one.
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='9.5'><rect width='8' height='8'/></svg>";
    assert_eq!(Svg::read(svg.as_bytes(), &LIMITS).unwrap().size, SizePx::new(10, 10));
    let bitmap = draw(svg, 1000, 1000).unwrap();
    let columns = (0..1000).filter(|x| bitmap.pixel(*x, 500)[3] > 127).count();
    let rows = (0..1000).filter(|y| bitmap.pixel(400, *y)[3] > 127).count();
    assert_eq!((columns, rows), (800, 800));
}

#[test]
fn text_is_set_in_the_templates_fonts_only() {
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='60'>\
               <text x='5' y='45' font-size='40' font-family='Arial' font-weight='WEIGHT'>Aé 漢</text></svg>";
    let of = |weight: &str, files: &[&str]| {
        draw_part(&svg.replace("WEIGHT", weight), None, SizePx::new(200, 60), &fonts(files)).unwrap()
    };
    assert!(Svg::read(svg.as_bytes(), &LIMITS).unwrap().has_text);
    assert_eq!(inked(&of("400", &[])), 0, "no fonts, no text: none comes from the system");
    let both = ["Inter-Regular.ttf", "Inter-Bold.ttf"];
    let (regular, bold) = (of("400", &both), of("700", &both));
    assert!(inked(&regular) > 300 && inked(&bold) > inked(&regular));
    assert_eq!(of("400", &["Inter-Regular.ttf"]), regular);
    assert_eq!(of("800", &both), bold, "the nearest weight that there is");
}

fn photo(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/cases/photos/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let digits = (0..=three.len()).map(|at| DIGITS[(bits >> (18 - 6 * at)) as usize & 63] as char);
        text.extend(digits.chain(std::iter::repeat_n('=', 3 - three.len())));
    }
    text
}

fn with_image(href: &str) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='48' height='32'><image width='48' height='32' href='{href}'/></svg>"
    )
}

#[test]
fn embedded_images_are_decoded_as_photos_are() {
    for name in ["p3.png", "p3.jpg", "p3.webp", "cmyk.jpg"] {
        // The type that is said plays no part.
        let svg = with_image(&format!("data:image/png;base64,{}", base64(&photo(name))));
        let bitmap = draw(&svg, 48, 32).unwrap();
        // Alone, the same file gives the same colours: its profile is applied.
        let header = super::super::read_header(&photo(name), Kind::of(&photo(name)).unwrap(), &LIMITS).unwrap();
        assert!(header.conversion.is_some());
        let alone = super::super::decode(&photo(name), &header, Shrink::NONE, &LIMITS).unwrap();
        assert_eq!(bitmap.pixel(20, 4), alone.pixel(20, 4), "{name}");
    }
}

use super::super::{Kind, Shrink};

#[test]
fn embedded_images_have_the_limits_of_photos() {
    let limits = PhotoLimits { max_pixels: 2 * 48 * 32, ..LIMITS };
    let attempt = |count: usize, distinct: bool| {
        let images = (0..count).map(|number| {
            // After the end of the picture: the same pixels in another file.
            let mut file = photo("plain.jpg");
            if distinct {
                file.push(number as u8);
            }
            format!("<image href='data:;base64,{}'/>", base64(&file))
        });
        let svg = format!("<svg xmlns='http://www.w3.org/2000/svg'>{}</svg>", images.collect::<String>());
        let read = Svg::read(svg.as_bytes(), &limits).unwrap();
        let crop = Crop { x: 0.0, y: 0.0, width: 300.0, height: 150.0 };
        let key = ScaledKey::new(PhotoId([0; 16]), read.size, crop, SizePx::new(30, 15)).unwrap();
        read.draw(svg.as_bytes(), &key, &fonts(&[]), &nothing, &limits).map_err(|error| error.code)
    };
    assert!(attempt(2, true).is_ok() && attempt(9, false).is_ok());
    assert_eq!(attempt(3, true), Err(ErrorCode::PhotoTooLarge));
    let broken = with_image("data:image/png;base64,iVBORw0KGgo=");
    let error = draw(&broken, 48, 32).unwrap_err();
    assert!(error.message.starts_with("an image within it: "), "{error}");
}

#[test]
fn references_are_noted_and_go_through_the_gate() {
    let svg = with_image("logo.png");
    let read = Svg::read(svg.as_bytes(), &LIMITS).unwrap();
    assert_eq!(read.notes[0].code, "reference_ignored");
    assert_eq!(inked(&draw(&svg, 48, 32).unwrap()), 0);
    for own in ["#a", "data:image/png,x", ""] {
        assert!(Svg::read(with_image(own).as_bytes(), &LIMITS).unwrap().notes.is_empty(), "{own}");
    }
    let gate = |href: &str| {
        assert_eq!(href, "logo.png");
        Ok(photo("plain.jpg"))
    };
    let key = ScaledKey::new(
        PhotoId([0; 16]),
        read.size,
        Crop { x: 0.0, y: 0.0, width: 48.0, height: 32.0 },
        SizePx::new(48, 32),
    );
    let drawn = read.draw(svg.as_bytes(), &key.unwrap(), &fonts(&[]), &gate, &LIMITS).unwrap();
    assert_eq!(inked(&drawn), 48 * 32);
    // What looks like a file of the machine is asked of the gate too.
    let refused = with_image("/etc/hostname");
    assert_eq!(inked(&draw(&refused, 48, 32).unwrap()), 0);
}

#[test]
fn what_drawing_programs_write_is_drawn() {
    let illustrator = "<?xml version='1.0' encoding='utf-8'?><!-- Generator --><!DOCTYPE svg PUBLIC \
        '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd' [\
        <!ENTITY ns_svg 'http://www.w3.org/2000/svg'><!ENTITY ns_xlink 'http://www.w3.org/1999/xlink'>]>\
        <svg xmlns='&ns_svg;' xmlns:xlink='&ns_xlink;' viewBox='0 0 30 15' style='enable-background:new 0 0 30 15;'>\
        <style type='text/css'>.st0{fill:url(#SVGID_1_);} .st1{filter:url(#f)}</style>\
        <linearGradient id='SVGID_1_'><stop offset='0' style='stop-color:#F00'/><stop offset='1'/></linearGradient>\
        <filter id='f'><feGaussianBlur stdDeviation='1'/></filter>\
        <g class='st1'><rect class='st0' width='30' height='15'/></g></svg>";
    let bitmap = draw(illustrator, 300, 150).unwrap();
    assert!(bitmap.pixel(40, 75)[0] > 150 && bitmap.pixel(260, 75)[0] < 80);
    // A table of a thousand cells, each of them a use.
    let cells = (0..1000).map(|n| format!("<use href='#c' x='{}' y='{}'/>", n % 40, n / 40)).collect::<String>();
    let table = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 25'><defs><g id='c'>\
                         <rect width='.8' height='.8'/></g></defs>{cells}</svg>"
    );
    assert!(inked(&draw(&table, 400, 250).unwrap()) > 60_000);
}

/// `levels` elements, each of which refers to the one before in ten places.
fn laughs(levels: usize, first: &str, level: impl Fn(usize) -> String, last: &str) -> String {
    let body = (1..=levels).map(level).collect::<String>();
    format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><defs>{first}{body}</defs>{last}</svg>")
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let rect = "<rect id='a0' width='9' height='9'/>";
    let ten = |one: &str| one.repeat(10);
    let uses = laughs(
        12,
        rect,
        |n| format!("<g id='a{n}'>{}</g>", ten(&format!("<use href='#a{}'/>", n - 1))),
        "<use href='#a12'/>",
    );
    let patterns = |attribute: &str| {
        laughs(
            12,
            "<pattern id='a0' width='1' height='1'><rect width='9' height='9'/></pattern>",
            |n| {
                let shapes =
                    ten(&format!("<rect width='9' height='9' {}/>", attribute.replace('@', &format!("#a{}", n - 1))));
                format!("<pattern id='a{n}' width='1' height='1'>{shapes}</pattern>")
            },
            "<rect width='9' height='9' fill='url(#a12)'/>",
        )
    };
    let styled = {
        let rules = (0..12).map(|n| format!(".c{n}{{fill:url(#a{n})}}")).collect::<String>();
        let body = laughs(
            12,
            "<pattern id='a0' width='1' height='1'/>",
            |n| {
                format!(
                    "<pattern id='a{n}' width='1' height='1'>{}</pattern>",
                    ten(&format!("<path class='c{}' d='M0 0h9v9z'/>", n - 1))
                )
            },
            "<rect class='c11'/>",
        );
        body.replace("<defs>", &format!("<style>{rules}</style><defs>"))
    };
    let masks = laughs(
        12,
        "<mask id='a0'/>",
        |n| format!("<mask id='a{n}'>{}</mask>", ten(&format!("<rect width='9' height='9' mask='url(#a{})'/>", n - 1))),
        "<rect width='9' height='9' mask='url(#a12)'/>",
    );
    let markers = laughs(
        6,
        "<marker id='a0'><rect width='9' height='9'/></marker>",
        |n| format!("<marker id='a{n}'><path d='{}' marker-mid='url(#a{})'/></marker>", ten("M0 0L1 1"), n - 1),
        "<g marker='url(#a6)'><path d='M0 0L1 1'/></g>",
    );
    let nested =
        format!("<svg xmlns='http://www.w3.org/2000/svg'>{}{}</svg>", "<g>".repeat(50_000), "</g>".repeat(50_000));
    let entities = {
        let body = (1..10).map(|n| format!("<!ENTITY e{n} '{}'>", ten(&format!("&e{};", n - 1)))).collect::<String>();
        format!(
            "<!DOCTYPE svg [<!ENTITY e0 'laugh'>{body}]><svg xmlns='http://www.w3.org/2000/svg'><text>&e9;</text></svg>"
        )
    };
    let long_entity = format!(
        "<!DOCTYPE svg [<!ENTITY e '{}'>]><svg xmlns='http://www.w3.org/2000/svg'><text>{}</text></svg>",
        "x".repeat(50_000),
        "&e;".repeat(5_000)
    );
    let sizes = "<svg xmlns='http://www.w3.org/2000/svg' width='1e9' height='1e9'/>".to_owned();
    let tags = format!("<svg xmlns='http://www.w3.org/2000/svg'>{}</svg>", "<g/>".repeat(260_000));
    let styles = format!(
        "<svg xmlns='http://www.w3.org/2000/svg'><style>{}</style>{}</svg>",
        "g g g{fill:red}".repeat(5_000),
        "<g/>".repeat(5_000)
    );
    let text = format!("<svg xmlns='http://www.w3.org/2000/svg'><text>{}</text></svg>", "word ".repeat(150_000));
    let drawn = |body: &str| format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>{body}</svg>");
    let turbulence = drawn(
        "<filter id='f'><feTurbulence numOctaves='1000000' baseFrequency='.1'/></filter><rect width='9' height='9' filter='url(#f)'/>",
    );
    let morphology =
        drawn("<filter id='f'><feMorphology radius='9'/></filter><rect width='9' height='9' filter='url(#f)'/>");
    let layers =
        drawn(&format!("{}<rect width='9' height='9'/>{}", "<g opacity='.9'>".repeat(150), "</g>".repeat(150)));
    let tile = drawn(
        "<pattern id='p' width='90000' height='90000' patternUnits='userSpaceOnUse'><rect width='9' height='9'/></pattern><rect width='9' height='9' fill='url(#p)'/>",
    );
    let dashes = drawn(&format!("<g stroke='red' stroke-dasharray='1e-5'>{}</g>", "<path d='M0 0L9 9'/>".repeat(500)));
    let covers = drawn(&"<rect width='9' height='9' opacity='.5'/>".repeat(3_000));
    let steps = drawn(&format!(
        "<filter id='f'>{}</filter><rect width='9' height='9' filter='url(#f)'/>",
        "<feFlood/>".repeat(500)
    ));
    let itself = drawn("<g id='a'><use href='#a'/></g>");
    let cases = [
        ("uses", uses),
        ("patterns", patterns("fill='url(@)'")),
        ("strokes", patterns("stroke='url(@)'")),
        ("inline styles", patterns("style='fill:url(\"@\") red'")),
        ("style sheets", styled),
        ("masks", masks),
        ("markers", markers),
        ("depth", nested),
        ("entities", entities),
        ("a long entity", long_entity),
        ("size", sizes),
        ("tags", tags),
        ("style rules", styles),
        ("text", text),
        ("turbulence", turbulence),
        ("morphology", morphology),
        ("layers", layers),
        ("a tile", tile),
        ("dashes", dashes),
        ("covers", covers),
        ("filter steps", steps),
        ("itself", itself),
    ];
    for (name, svg) in cases {
        let error = draw(&svg, 1200, 1200).err().unwrap_or_else(|| panic!("{name} was drawn"));
        let code =
            if matches!(name, "itself" | "entities") { ErrorCode::PhotoUnreadable } else { ErrorCode::PhotoTooLarge };
        assert_eq!(error.code, code, "{name}: {error}");
    }
}

#[test]
fn svgs_within_svgs_end_somewhere() {
    let mut svg = HALF.to_owned();
    for level in 0..6 {
        let result = draw(&svg, 30, 15);
        assert_eq!(result.is_ok(), level <= 3, "{level}: {result:?}");
        svg = with_image(&format!("data:image/svg+xml;base64,{}", base64(svg.as_bytes())));
    }
}

#[test]
fn what_is_no_svg_says_so() {
    let message = |text: &str| Svg::read(text.as_bytes(), &LIMITS).unwrap_err().message;
    assert_eq!(message("<html><svg/></html>"), "not an SVG: its outermost element is <html>");
    assert!(message("<svg").starts_with("not a well-formed SVG: "));
    assert!(message("<svg>&nope;</svg>").starts_with("not a well-formed SVG: "));
    let latin = [b"<svg>".as_slice(), &[0xe9], b"</svg>"].concat();
    assert_eq!(Svg::read(&latin, &LIMITS).unwrap_err().message, "an SVG must be text in UTF-8");
}

#[test]
fn font_sets_are_converted_once() {
    let set = Arc::new(fonts(&["Inter-Regular.ttf"]));
    assert!(std::ptr::eq(set.for_svg(), set.for_svg()));
}

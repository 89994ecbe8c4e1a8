//! A display list as text, one item a line: what snapshot tests compare and a designer can read.

use std::fmt::{self, Display, Formatter};

use super::display_list::{DisplayList, Item, Outline, Paint};

impl Display for DisplayList {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "canvas {}x{}", self.size.width, self.size.height)?;
        write_items(f, &self.items, 1)?;
        for warning in &self.warnings {
            writeln!(f, "warning {} at {}: {}", warning.code, warning.path, warning.message)?;
        }
        Ok(())
    }
}

fn write_items(f: &mut Formatter<'_>, items: &[Item], depth: usize) -> fmt::Result {
    for item in items {
        write!(f, "{:1$}", "", depth * 2)?;
        match item {
            Item::Shape(shape) => {
                write!(f, "{} {} {}", outline(&shape.outline), shape.rect, paint(&shape.paint))?;
                if let Some(width) = shape.stroke_px {
                    write!(f, " stroke {width}")?;
                }
                writeln!(f)?;
            }
            Item::Shadow(shadow) => {
                let (outline, color) = (outline(&shadow.outline), shadow.color.to_hex());
                write!(f, "shadow of {outline} {} sigma {} {color}", shadow.rect, shadow.sigma_px)?;
                writeln!(f, "{}", if shadow.cutout.is_some() { " cut out" } else { "" })?;
            }
            Item::Photo(photo) => {
                let crop = photo.crop;
                write!(f, "photo {} of {}x{}", photo.rect, photo.photo.size.width, photo.photo.size.height)?;
                write!(f, " from ({:.1}, {:.1}) {:.1}x{:.1}", crop.x, crop.y, crop.width, crop.height)?;
                writeln!(f, " in {} {}", outline(&photo.mask), photo.mask_rect)?;
            }
            Item::Text(text) => {
                let (line, scale) = (&text.line, text.scale as f32);
                let (size, width) = (line.size_px() * scale, line.width_px() * scale);
                write!(f, "text {:?} at ({}, {})", line.text(), text.x, text.baseline_y)?;
                writeln!(f, " size {size} width {width:.1} {}", text.color.to_hex())?;
            }
            Item::Isolate(isolate) => {
                write!(f, "isolate {} scale {}", isolate.bounds, isolate.scale)?;
                if isolate.opacity < 1.0 {
                    write!(f, " opacity {}", isolate.opacity)?;
                }
                if let Some(rotation) = isolate.rotation {
                    write!(f, " turned {} about ({}, {})", rotation.degrees, rotation.pivot.x, rotation.pivot.y)?;
                }
                if let Some(clip) = isolate.clip {
                    write!(f, " clipped to {} {}", outline(&clip.outline), clip.rect)?;
                }
                if let Some(blur) = isolate.blur {
                    write!(f, " blurred along {} by {}", if blur.is_horizontal { "x" } else { "y" }, blur.sigma_px)?;
                }
                if let Some(tint) = isolate.tint {
                    write!(f, " tinted {}", tint.to_hex())?;
                }
                writeln!(f)?;
                write_items(f, &isolate.items, depth + 1)?;
            }
        }
    }
    Ok(())
}

fn outline(outline: &Outline) -> String {
    match outline {
        Outline::RoundedRect([0.0, 0.0, 0.0, 0.0]) => "rect".to_owned(),
        Outline::RoundedRect([a, b, c, d]) if a == b && b == c && c == d => format!("rect radius {a}"),
        Outline::RoundedRect([a, b, c, d]) => format!("rect radius {a}/{b}/{c}/{d}"),
        Outline::Ellipse => "ellipse".to_owned(),
        Outline::Star { from: 0.0, to: 1.0 } => "star".to_owned(),
        Outline::Star { from, to } => format!("star {from}..{to}"),
    }
}

fn paint(paint: &Paint) -> String {
    let list = |stops: &[super::Stop]| {
        stops.iter().map(|stop| format!("{} {:.3}", stop.color.to_hex(), stop.offset)).collect::<Vec<_>>().join(", ")
    };
    match paint {
        Paint::Solid(color) => color.to_hex(),
        Paint::Linear { start, end, stops, opacity } => {
            format!("linear ({:.1}, {:.1})-({:.1}, {:.1}) [{}] {opacity}", start.x, start.y, end.x, end.y, list(stops))
        }
        Paint::Radial { center, radii, stops, opacity } => {
            format!(
                "radial ({:.1}, {:.1}) {:.1}x{:.1} [{}] {opacity}",
                center.x,
                center.y,
                radii[0],
                radii[1],
                list(stops)
            )
        }
    }
}

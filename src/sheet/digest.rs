//! Hashes of display items: equal where the pixels would be.

use super::CanvasPhoto;
use crate::layout::{Isolate, Item, Outline, Paint, PhotoItem, Shadow, Shape, TextItem};
use crate::pixels::{RectPx, SizePx};

/// The hash of an item: of all that decides which pixels it touches, and how.
pub type ItemDigest = [u8; 16];

/// The hash of every item, in draw order. `photos` are those of the items, in order.
pub fn item_digests(items: &[Item], photos: &[CanvasPhoto]) -> Vec<ItemDigest> {
    let mut photos = photos.iter();
    items
        .iter()
        .map(|item| {
            let mut writer = Writer(blake3::Hasher::new());
            writer.item(item, &mut photos);
            short(&writer.0)
        })
        .collect()
}

/// The hash of every prefix of the draw order: entry `n` covers items `0..=n`.
pub fn prefix_digests(size: SizePx, items: &[ItemDigest]) -> Vec<ItemDigest> {
    let mut writer = Writer(blake3::Hasher::new());
    writer.u32(size.width);
    writer.u32(size.height);
    items
        .iter()
        .map(|item| {
            writer.0.update(item);
            short(&writer.0)
        })
        .collect()
}

fn short(hasher: &blake3::Hasher) -> ItemDigest {
    let mut digest = [0; 16];
    hasher.finalize_xof().fill(&mut digest);
    digest
}

struct Writer(blake3::Hasher);

impl Writer {
    fn u32(&mut self, value: u32) {
        self.0.update(&value.to_le_bytes());
    }

    fn f32s(&mut self, values: &[f32]) {
        for value in values {
            self.u32(value.to_bits());
        }
    }

    fn rect(&mut self, rect: RectPx) {
        self.0.update(&rect.x.to_le_bytes()).update(&rect.y.to_le_bytes());
        self.u32(rect.width);
        self.u32(rect.height);
    }

    fn outline(&mut self, outline: &Outline) {
        match outline {
            Outline::RoundedRect(radii) => {
                self.u32(0);
                self.f32s(radii);
            }
            Outline::Ellipse => self.u32(1),
            Outline::Star { from, to } => {
                self.u32(2);
                self.f32s(&[*from, *to]);
            }
        }
    }

    fn paint(&mut self, paint: &Paint) {
        let stops = match paint {
            Paint::Solid(color) => {
                self.u32(0);
                self.f32s(&color.to_array());
                return;
            }
            Paint::Linear { start, end, stops, opacity } => {
                self.u32(1);
                self.f32s(&[start.x, start.y, end.x, end.y, *opacity]);
                stops
            }
            Paint::Radial { center, radii, stops, opacity } => {
                self.u32(2);
                self.f32s(&[center.x, center.y, radii[0], radii[1], *opacity]);
                stops
            }
        };
        self.u32(stops.len() as u32);
        for stop in stops.iter() {
            self.f32s(&stop.color.to_array());
            self.f32s(&[stop.offset]);
        }
    }

    fn boxed(&mut self, value: Option<(RectPx, Outline)>) {
        self.u32(u32::from(value.is_some()));
        if let Some((rect, outline)) = value {
            self.rect(rect);
            self.outline(&outline);
        }
    }

    fn item(&mut self, item: &Item, photos: &mut std::slice::Iter<'_, CanvasPhoto>) {
        match item {
            Item::Shape(Shape { rect, outline, paint, stroke_px }) => {
                self.u32(1);
                self.rect(*rect);
                self.outline(outline);
                self.paint(paint);
                self.f32s(&[stroke_px.unwrap_or(0.0)]);
            }
            Item::Shadow(Shadow { rect, outline, sigma_px, color, cutout, hidden_below }) => {
                self.u32(2);
                self.rect(*rect);
                self.outline(outline);
                self.f32s(&[*sigma_px]);
                self.f32s(&color.to_array());
                self.boxed(*cutout);
                self.boxed(*hidden_below);
            }
            Item::Photo(PhotoItem { photo, crop, rect, mask_rect, mask, opacity }) => {
                self.u32(3);
                self.0.update(&photo.id.0);
                // The key knows more than the item: an SVG's text is drawn with a template's fonts.
                if let Some(photo) = photos.next() {
                    self.0.update(&photo.key.fonts().to_le_bytes());
                }
                self.f32s(&[crop.x, crop.y, crop.width, crop.height, *opacity]);
                self.rect(*rect);
                self.rect(*mask_rect);
                self.outline(mask);
            }
            Item::Text(TextItem { line, scale, x, baseline_y, color }) => {
                self.u32(4);
                self.0.update(line.digest());
                self.0.update(&x.to_le_bytes()).update(&baseline_y.to_le_bytes());
                self.u32(*scale);
                self.0.update(&color.to_rgba8());
            }
            Item::Isolate(isolate) => self.isolate(isolate, photos),
        }
    }

    fn isolate(&mut self, isolate: &Isolate, photos: &mut std::slice::Iter<'_, CanvasPhoto>) {
        let Isolate { bounds, scale, items, opacity, rotation, clip, blur, tint } = isolate;
        self.u32(5);
        self.rect(*bounds);
        self.u32(*scale);
        self.f32s(&[*opacity]);
        self.u32(u32::from(rotation.is_some()));
        if let Some(rotation) = rotation {
            self.f32s(&[rotation.degrees, rotation.pivot.x, rotation.pivot.y]);
        }
        self.u32(u32::from(clip.is_some()));
        if let Some(clip) = clip {
            self.rect(clip.rect);
            self.outline(&clip.outline);
        }
        self.u32(u32::from(blur.is_some()));
        if let Some(blur) = blur {
            self.u32(u32::from(blur.is_horizontal));
            self.f32s(&[blur.sigma_px]);
        }
        self.u32(u32::from(tint.is_some()));
        if let Some(tint) = tint {
            self.0.update(&tint.to_rgba8());
        }
        self.u32(items.len() as u32);
        for item in items {
            self.item(item, photos);
        }
    }
}

//! How a photo fills its box: which part of it is shown, and where.

use crate::assets::Crop;
use crate::pixels::{RectPx, SizePx};
use crate::template::scene::{Fit, Image};

/// A photo's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhotoPlace {
    /// The part shown, in source pixels.
    pub crop: Crop,
    /// Where it goes.
    pub rect: RectPx,
    /// Surface pixels per source pixel, the larger of the two axes.
    pub magnification: f32,
}

/// Fits a photo of `source` pixels into `frame`. `scale`: surface pixels per CSS pixel. `None`: nothing to show.
pub fn place(image: &Image, source: SizePx, frame: RectPx, scale: f32) -> Option<PhotoPlace> {
    if frame.is_empty() || source.width == 0 || source.height == 0 {
        return None;
    }
    let (frame_width, frame_height) = (frame.width as f32, frame.height as f32);
    let (width, height) = (source.width as f32, source.height as f32);
    let [focus_x, focus_y] = image.focus;
    let whole = Crop { x: 0.0, y: 0.0, width, height };
    let (ratio_x, ratio_y) = (frame_width / width, frame_height / height);
    let place = match image.fit {
        Fit::Stretch => PhotoPlace { crop: whole, rect: frame, magnification: ratio_x.max(ratio_y) },
        Fit::Cover => {
            let ratio = ratio_x.max(ratio_y);
            let (crop_width, crop_height) = ((frame_width / ratio).min(width), (frame_height / ratio).min(height));
            let crop = Crop {
                x: window(focus_x, width, crop_width),
                y: window(focus_y, height, crop_height),
                width: crop_width,
                height: crop_height,
            };
            PhotoPlace { crop, rect: frame, magnification: ratio }
        }
        Fit::Contain => {
            let ratio = ratio_x.min(ratio_y);
            let fitted = SizePx::new(
                ((width * ratio).round() as u32).clamp(1, frame.width),
                ((height * ratio).round() as u32).clamp(1, frame.height),
            );
            PhotoPlace { crop: whole, rect: stand(fitted, frame, image.focus), magnification: ratio }
        }
        Fit::None => {
            // Only the part inside the frame is scaled and drawn.
            let (shown_width, shown_height) = ((width * scale).min(frame_width), (height * scale).min(frame_height));
            let crop = Crop {
                x: window(focus_x, width, shown_width / scale),
                y: window(focus_y, height, shown_height / scale),
                width: shown_width / scale,
                height: shown_height / scale,
            };
            let size = SizePx::new((shown_width.round() as u32).max(1), (shown_height.round() as u32).max(1));
            PhotoPlace { crop, rect: stand(size, frame, image.focus), magnification: scale }
        }
    };
    Some(place)
}

/// Where a window of `size` starts so that the focal point is as near its middle as the edges allow.
fn window(focus: f32, whole: f32, size: f32) -> f32 {
    (focus * whole - size / 2.0).clamp(0.0, (whole - size).max(0.0))
}

/// A smaller box within the frame, placed by shares of the free room.
fn stand(size: SizePx, frame: RectPx, focus: [f32; 2]) -> RectPx {
    let free = |room: u32, size: u32, share: f32| ((room as f32 - size as f32) * share).round() as i32;
    RectPx::new(
        frame.x + free(frame.width, size.width, focus[0]),
        frame.y + free(frame.height, size.height, focus[1]),
        size.width,
        size.height,
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::template::scene::{AssetBase, AssetRef, Mask, OnError};

    fn image(fit: Fit, focus: [f32; 2]) -> Image {
        let src = AssetRef { location: Arc::from("a.png"), base: AssetBase::Template };
        Image { src, fit, focus, mask: Mask::Box, on_error: OnError::Fail }
    }

    const FRAME: RectPx = RectPx::new(10, 20, 100, 100);

    #[test]
    fn cover_keeps_the_focal_point_in_view() {
        let wide = SizePx::new(400, 100);
        let at = |x| place(&image(Fit::Cover, [x, 0.5]), wide, FRAME, 1.0).expect("a place").crop;
        assert_eq!((at(0.0).x, at(0.5).x, at(1.0).x), (0.0, 150.0, 300.0));
        assert!((at(0.3).x - 70.0).abs() < 0.01, "the point at 120 is the middle of the window");
        assert_eq!((at(0.5).width, at(0.5).height), (100.0, 100.0));
    }

    #[test]
    fn contain_shows_everything_at_the_anchor() {
        let place = place(&image(Fit::Contain, [0.5, 1.0]), SizePx::new(400, 100), FRAME, 1.0).expect("a place");
        assert_eq!(place.rect, RectPx::new(10, 95, 100, 25));
    }

    #[test]
    fn none_keeps_its_size_and_is_cut_to_the_frame() {
        let place = place(&image(Fit::None, [0.5, 0.5]), SizePx::new(300, 50), FRAME, 1.0).expect("a place");
        assert_eq!(place.rect, RectPx::new(10, 45, 100, 50));
        assert_eq!((place.crop.x, place.crop.width, place.crop.height), (100.0, 100.0, 50.0));
    }

    #[test]
    fn an_empty_frame_shows_nothing() {
        assert_eq!(place(&image(Fit::Cover, [0.5; 2]), SizePx::new(4, 4), RectPx::default(), 1.0), None);
    }
}

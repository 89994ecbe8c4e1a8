//! Isolates that are blurred and tinted, against the same sums done here in f64.

use std::sync::Arc;

use gravure::layout::{Blur, DisplayList, Isolate, Item, Outline, Paint, Shape};
use gravure::pixels::{Bitmap, Color, RectPx, SizePx};
use gravure::sheet::Canvas;

use crate::support::{gpu_turn, paint, painter, product_card};

const SIZE: SizePx = SizePx::new(96, 80);

fn rect(rect: RectPx, color: Color) -> Item {
    Item::Shape(Shape { rect, outline: Outline::RECT, paint: Paint::Solid(color), stroke_px: None })
}

fn isolate(items: Vec<Item>, bounds: RectPx, blur: Option<Blur>, tint: Option<Color>) -> Item {
    Item::Isolate(Box::new(Isolate { bounds, scale: 1, items, opacity: 1.0, rotation: None, clip: None, blur, tint }))
}

/// A box blurred along both axes, by an isolate within an isolate.
fn blurred(inner: RectPx, sigma_px: f32, tint: Option<Color>) -> Canvas {
    let whole = RectPx::new(0, 0, SIZE.width, SIZE.height);
    let blur = |is_horizontal| Some(Blur { is_horizontal, sigma_px });
    let content = vec![rect(inner, Color::new(1.0, 0.5, 0.0, 1.0))];
    let across = isolate(content, whole, blur(true), tint);
    let items = vec![isolate(vec![across], whole, blur(false), None)];
    Canvas::whole(Arc::new(DisplayList { size: SIZE, items, warnings: Vec::new() }), Vec::new())
}

/// How much of a Gaussian about `at` lies on the pixels `from..to`, cut at three deviations as the shader cuts it.
fn share(at: i32, from: i32, to: i32, sigma: f64) -> f64 {
    let reach = (sigma * 3.0).ceil() as i32;
    let weight = |k: i32| (-f64::from(k * k) / (2.0 * sigma * sigma)).exp();
    let all: f64 = (-reach..=reach).map(weight).sum();
    (-reach..=reach).filter(|k| (from..to).contains(&(at + k))).map(weight).sum::<f64>() / all
}

fn assert_blurred(found: &Bitmap, inner: RectPx, sigma: f64, color: [f64; 4]) {
    for (index, pixel) in found.data().chunks(4).enumerate() {
        let (x, y) = ((index as u32 % SIZE.width) as i32, (index as u32 / SIZE.width) as i32);
        let cover = share(x, inner.x, inner.right(), sigma) * share(y, inner.y, inner.bottom(), sigma);
        for (channel, value) in pixel.iter().enumerate() {
            let straight = if channel == 3 { 1.0 } else { color[channel] };
            let expected = straight * color[3] * cover;
            // Rounded to eight bits after each axis.
            assert!((expected * 255.0 - f64::from(*value)).abs() <= 1.5, "({x}, {y})[{channel}]: {value}, {expected}");
        }
    }
}

#[test]
fn a_blur_is_a_gaussian_along_both_axes() {
    let _turn = gpu_turn();
    let mut painter = painter(&product_card());
    let inner = RectPx::new(30, 25, 40, 20);
    for sigma in [0.5_f32, 2.0, 7.5] {
        let found = paint(&mut painter, &[blurred(inner, sigma, None)]).remove(0);
        assert_blurred(&found, inner, f64::from(sigma), [1.0, 0.5, 0.0, 1.0]);
    }
}

#[test]
fn a_tint_keeps_the_shape_and_replaces_the_colours() {
    let _turn = gpu_turn();
    let mut painter = painter(&product_card());
    let inner = RectPx::new(30, 25, 40, 20);
    let tint = Color::new(0.2, 0.4, 0.6, 0.6);
    let found = paint(&mut painter, &[blurred(inner, 3.0, Some(tint))]).remove(0);
    assert_blurred(&found, inner, 3.0, [0.2, 0.4, 0.6, 0.6]);
    let nothing = paint(&mut painter, &[blurred(inner, 3.0, Some(tint.faded(0.0)))]).remove(0);
    assert!(nothing.data().iter().all(|byte| *byte == 0));
}

#[test]
fn blurs_are_the_same_in_every_slot() {
    let _turn = gpu_turn();
    let mut painter = painter(&product_card());
    let canvases: Vec<Canvas> =
        (0..12).map(|shift| blurred(RectPx::new(20 + shift, 20, 30, 12), 2.0 + shift as f32 / 4.0, None)).collect();
    let together = paint(&mut painter, &canvases);
    for (canvas, expected) in canvases.iter().zip(together) {
        let alone = paint(&mut painter, std::slice::from_ref(canvas)).remove(0);
        assert!(alone == expected);
    }
}

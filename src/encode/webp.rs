//! WebP by libwebp, on the thread that asks.
//!
//! Opaque canvases have no alpha plane; the others have straight alpha, kept without loss in lossy files too.
//! Untagged: the container specification says that a file without a profile is sRGB, and one with a profile would
//! have to be of the extended kind. <https://developers.google.com/speed/webp/docs/riff_container>

use ::webp::{Encoder, PixelLayout, WebPConfig, WebPEncodingError};

use super::opacity::{convert, is_opaque, straight};
use crate::job::{Webp, WebpMode};
use crate::pixels::BitmapView;

/// `WEBP_MAX_DIMENSION`: of the format.
pub(super) const MAX_SIDE: u32 = 16_383;

/// Of a lossless file's search at each effort, as libwebp's own presets raise it with the method.
const LOSSLESS_QUALITY: [f32; Webp::MAX_EFFORT as usize + 1] = [0.0, 20.0, 25.0, 50.0, 75.0, 90.0, 100.0];

#[derive(Default)]
pub(super) struct WebpEncoder {
    /// Rows without padding, RGB or straight RGBA.
    pixels: Vec<u8>,
}

impl WebpEncoder {
    pub(super) fn encode(&mut self, view: BitmapView<'_>, settings: Webp) -> Result<Vec<u8>, String> {
        let area = view.size().area() as usize;
        let layout = if is_opaque(view) {
            self.pixels.resize(area * 3, 0);
            convert(view, self.pixels.as_chunks_mut::<3>().0, |[r, g, b, _]| [r, g, b]);
            PixelLayout::Rgb
        } else {
            self.pixels.resize(area * 4, 0);
            convert(view, self.pixels.as_chunks_mut::<4>().0, straight);
            PixelLayout::Rgba
        };
        let config = config(settings)?;
        let encoder = Encoder::new(&self.pixels, layout, view.size().width, view.size().height);
        encoder.encode_advanced(&config).map(|file| file.to_vec()).map_err(describe)
    }
}

fn config(settings: Webp) -> Result<WebPConfig, String> {
    let Webp { mode, effort } = settings;
    let mut config = WebPConfig::new().map_err(|()| "libwebp is of another version than its header")?;
    config.method = i32::from(effort);
    // Bands on more threads would be the same bytes, but every core has its own image already.
    config.thread_level = 0;
    match mode {
        WebpMode::Lossy { quality } => {
            config.quality = f32::from(quality);
            config.alpha_quality = 100;
        }
        WebpMode::Lossless => {
            config.lossless = 1;
            config.quality = LOSSLESS_QUALITY[usize::from(effort.min(Webp::MAX_EFFORT))];
        }
    }
    Ok(config)
}

fn describe(error: WebPEncodingError) -> String {
    match error {
        WebPEncodingError::VP8_ENC_ERROR_OUT_OF_MEMORY | WebPEncodingError::VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY => {
            "out of memory".to_owned()
        }
        WebPEncodingError::VP8_ENC_ERROR_PARTITION0_OVERFLOW | WebPEncodingError::VP8_ENC_ERROR_PARTITION_OVERFLOW => {
            "too much detail for the format".to_owned()
        }
        other => format!("libwebp says {other:?}"),
    }
}

//! Text by glyphon: one atlas and one pool of renderers for the life of the device.
//!
//! glyphon rasterises and draws; every position comes from `layout/`. Canvases start at x = 0 of their sheet,
//! because glyphon adds a line's origin in f32 before it picks a quarter-pixel bin.

use std::sync::Arc;

use glyphon::{
    Cache, ColorMode, FontSystem, Resolution, SwashCache, TextArea, TextAtlas, TextBounds, TextRenderer, Viewport,
};

use crate::assets::FontLibrary;
use crate::layout::to_cosmic;
use crate::sheet::TextDraw;

use super::resources::FORMAT;

/// No room for the glyphs of one sheet: it must be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtlasFull;

/// Draws lines of text.
pub struct TextPass {
    library: Arc<FontLibrary>,
    system: FontSystem,
    faces: usize,
    swash: SwashCache,
    cache: Cache,
    atlas: TextAtlas,
    renderers: Vec<TextRenderer>,
    viewports: Vec<(Resolution, Viewport)>,
    in_use: usize,
}

impl TextPass {
    /// A text pass that knows every font of the library.
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue, library: Arc<FontLibrary>) -> Self {
        let cache = Cache::new(device);
        let atlas = TextAtlas::with_color_mode(device, queue, &cache, FORMAT, ColorMode::Web);
        Self {
            system: library.master_system(),
            faces: library.face_count(),
            library,
            swash: SwashCache::new(),
            cache,
            atlas,
            renderers: Vec::new(),
            viewports: Vec::new(),
            in_use: 0,
        }
    }

    /// Starts a submission: every renderer may be used again.
    pub fn start(&mut self) {
        self.in_use = 0;
        if self.faces != self.library.face_count() {
            self.system = self.library.master_system();
            self.faces = self.library.face_count();
        }
    }

    /// Rasterises what is new in some lines and lays their quads out for a texture of this size. The answer is
    /// the number to draw them by.
    ///
    /// # Errors
    /// [`AtlasFull`] when one submission has more glyphs than fit.
    pub fn prepare(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        texts: &[TextDraw],
        size: Resolution,
    ) -> Result<usize, AtlasFull> {
        let number = self.in_use;
        if self.renderers.len() == number {
            let renderer = TextRenderer::new(&mut self.atlas, device, wgpu::MultisampleState::default(), None);
            self.renderers.push(renderer);
        }
        let viewport = viewport(&mut self.viewports, device, queue, &self.cache, size);
        let viewport = &self.viewports[viewport].1;
        let areas = texts.iter().map(|TextDraw { item, origin_y, slot }| TextArea {
            buffer: item.line.buffer(),
            left: item.x as f32,
            top: (origin_y + item.baseline_y - item.line.line_y_px(item.scale)) as f32,
            scale: item.scale as f32,
            bounds: TextBounds { left: slot.x, top: slot.y, right: slot.right(), bottom: slot.bottom() },
            default_color: to_cosmic(item.color),
            custom_glyphs: &[],
        });
        let result = self.renderers[number].prepare(
            device,
            queue,
            &mut self.system,
            &mut self.atlas,
            viewport,
            areas,
            &mut self.swash,
        );
        if result.is_err() {
            // The submission is off: none of its glyphs is in use.
            self.atlas.trim();
            return Err(AtlasFull);
        }
        self.in_use += 1;
        Ok(number)
    }

    /// Draws what [`TextPass::prepare`] numbered.
    pub fn draw(&self, number: usize, size: Resolution, pass: &mut wgpu::RenderPass<'_>) {
        let viewport = self.viewports.iter().find(|(resolution, _)| *resolution == size);
        if let Some((_, viewport)) = viewport {
            // It fails only where nothing was prepared.
            let _ = self.renderers[number].render(&self.atlas, viewport, pass);
        }
    }

    /// After a submission: glyphs that it did not use may give way from now on.
    pub fn trim(&mut self) {
        self.atlas.trim();
    }
}

/// Viewports never change size, because a uniform written twice before a submission keeps the last value only.
fn viewport(
    viewports: &mut Vec<(Resolution, Viewport)>,
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    cache: &Cache,
    size: Resolution,
) -> usize {
    viewports.iter().position(|(resolution, _)| *resolution == size).unwrap_or_else(|| {
        let mut viewport = Viewport::new(device, cache);
        viewport.update(queue, size);
        viewports.push((size, viewport));
        viewports.len() - 1
    })
}

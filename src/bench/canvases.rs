//! Whole canvases of a campaign's first rows, laid out with their photos.

use std::sync::Arc;

use crate::assets::FontLibrary;
use crate::job::Output;
use crate::layout::{Shaper, lay_out as lay_out_scene};
use crate::pipeline::find_photos;
use crate::pixels::SizePx;
use crate::render::{Campaign, CampaignOptions};
use crate::sheet::Canvas;

use super::BenchError;

/// Rows that are laid out: of the sample campaign, every product once.
const ROWS: usize = 101;

/// What is drawn again and again.
pub struct Whole {
    /// All of one size.
    pub canvases: Vec<Canvas>,
    /// Their fonts.
    pub library: Arc<FontLibrary>,
    /// The template's first.
    pub size_name: String,
    /// In pixels.
    pub size: SizePx,
    /// Whether every pixel of them is.
    pub is_opaque: bool,
    /// The template's first.
    pub output: Output,
}

/// Lays the first rows out in the template's first size.
pub fn lay_out(options: &CampaignOptions) -> Result<Whole, BenchError> {
    let campaign = Campaign::open(options)?;
    let plan = campaign.plan();
    let mut shaper = Shaper::new(Arc::clone(&plan.fonts));
    let mut canvases = Vec::new();
    let words = |error: &dyn std::fmt::Display| BenchError::Canvas(error.to_string());
    for row in campaign.rows()?.take(ROWS) {
        let row = row.map_err(|error| words(&error))?;
        let bound = plan.template.bind(&row, &plan.now).map_err(|error| words(&error))?;
        let mut scene = bound.scene_scaled(plan.sizes[0], plan.scale).map_err(|error| words(&error))?;
        let found = find_photos(&mut scene, &mut |asset| plan.assets.photo(asset));
        if let Some((path, error)) = found.failures.first() {
            return Err(BenchError::Canvas(format!("{path}: {}", error.message)));
        }
        let list = lay_out_scene(&scene, &found.photos, &mut shaper).map_err(|error| words(&error))?;
        let mut photos = Vec::new();
        let mut failure = None;
        list.visit_photos(
            &mut |item| match plan.assets.scaled(&item.photo, item.crop, item.rect.size(), &plan.fonts) {
                Ok(photo) => photos.push(photo.into()),
                Err(error) => failure = Some(error),
            },
        );
        if let Some(error) = failure {
            return Err(BenchError::Canvas(error.message));
        }
        canvases.push(Canvas::whole(Arc::new(list), photos));
    }
    let first = canvases.first().ok_or_else(|| BenchError::Canvas("there are no rows".to_owned()))?;
    Ok(Whole {
        size: first.list.size,
        is_opaque: canvases.iter().all(|canvas| canvas.list.is_opaque()),
        canvases,
        library: Arc::clone(&campaign.library),
        size_name: plan.template.sizes()[plan.sizes[0]].name.to_string(),
        output: plan.outputs[0],
    })
}

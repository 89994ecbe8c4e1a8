//! One canvas from its scene: the photos found, everything laid out, the photos scaled as they are drawn.

use std::sync::Arc;

use crate::assets::{AssetError, Landed};
use crate::job::AssetRef;
use crate::layout::{DisplayList, PhotoItem, Photos, Shaper, lay_out};
use crate::sheet::{Canvas, CanvasPhoto};
use crate::template::scene::Scene;

use super::Plan;
use super::clock::{Clock, Stage};
use super::lay::{Failure, layout_error_code};
use super::photos::{Found, PERSONAL_PHOTO, find_photos};
use super::undrawn::Undrawn;

/// Finds the photos of one canvas. What is broken is remembered, for photos whose header is good and whose pixels
/// are not: that shows only when they are drawn.
pub struct Photographer<'c> {
    plan: &'c Plan,
    clock: &'c Clock,
    undrawn: &'c Undrawn,
    landed: Option<&'c Landed>,
    broken: Vec<(AssetRef, AssetError)>,
}

/// What a canvas is made of.
pub struct Drawn {
    /// Its photos, with what `on_error` did.
    pub found: Found,
    /// What to draw, all of it.
    pub canvas: Canvas,
}

impl<'c> Photographer<'c> {
    /// `landed`: photos that were fetched for the row.
    pub fn new(plan: &'c Plan, clock: &'c Clock, undrawn: &'c Undrawn, landed: Option<&'c Landed>) -> Self {
        Self { plan, clock, undrawn, landed, broken: Vec::new() }
    }

    /// The photos of a scene; its layers change where one cannot be had.
    pub fn find(&mut self, scene: &mut Scene) -> Result<Found, Failure> {
        let Self { plan, clock, undrawn: _, landed, broken } = self;
        let found = clock.time(Stage::Photos, || {
            find_photos(scene, &mut |asset| {
                if let Some((_, error)) = broken.iter().find(|(broken, _)| broken == asset) {
                    return Err(error.clone());
                }
                match landed.and_then(|landed| landed.get(asset)) {
                    Some(photo) => Ok(Arc::clone(photo)),
                    None => plan.assets.photo(asset),
                }
            })
        });
        match found.failures.first() {
            Some((path, error)) => {
                let is_personal = plan.template.layer_uses(path).is_personal;
                let message = if is_personal { PERSONAL_PHOTO } else { &error.message };
                Err(Failure::new(error.code, format!("{path}: {message}")))
            }
            None => Ok(found),
        }
    }

    /// Lays out and scales the photos that are likely to be drawn. One whose pixels turn out to be broken is one that cannot be
    /// had: then once more without it, from a scene that is bound again.
    pub fn draw(
        &mut self,
        mut scene: Scene,
        mut found: Found,
        shaper: &mut Shaper,
        bind: &dyn Fn() -> Result<Scene, Failure>,
    ) -> Result<Drawn, Failure> {
        loop {
            let list = self
                .clock
                .time(Stage::Layout, || lay_out(&scene, &found.photos, shaper))
                .map_err(|error| Failure::new(layout_error_code(&error), error.to_string()))?;
            match self.clock.time(Stage::Photos, || self.canvas(list, &found.photos)) {
                Ok(canvas) => return Ok(Drawn { found, canvas }),
                Err((None, error)) => return Err(Failure::new(error.code, error.message)),
                Err((Some(asset), error)) => self.broken.push((asset, error)),
            }
            scene = self.clock.time(Stage::Bind, bind)?;
            found = self.find(&mut scene)?;
        }
    }

    /// A canvas with the pixels of its photos, or the one that is broken.
    fn canvas(&self, list: DisplayList, photos: &Photos) -> Result<Canvas, (Option<AssetRef>, AssetError)> {
        let named = |item: &PhotoItem| {
            let same = |(_, photo): &(&AssetRef, &Arc<_>)| Arc::ptr_eq(photo, &item.photo);
            photos.iter().find(same).map(|(asset, _)| asset.clone())
        };
        let Plan { assets, fonts, .. } = self.plan;
        let mut keys = Vec::new();
        let mut failure = None;
        list.visit_photos(&mut |item| match assets.scaled_key(&item.photo, item.crop, item.rect.size(), fonts) {
            Ok(key) => keys.push(CanvasPhoto { key, pixels: None }),
            Err(error) => failure = failure.take().or_else(|| Some((named(item), error))),
        });
        if let Some(failure) = failure {
            return Err(failure);
        }
        let mut canvas = Canvas::whole(Arc::new(list), keys);
        let is_wanted = |canvas: &Canvas, item: usize| !self.undrawn.contains(&canvas.digests[item]);
        develop(&mut canvas, self.plan, &is_wanted).map_err(|(item, error)| (named(&item), error))?;
        Ok(canvas)
    }
}

/// Scales photos of a canvas that have no pixels yet, where their item is wanted. Gives the one that is broken.
pub fn develop(
    canvas: &mut Canvas,
    plan: &Plan,
    is_wanted: &dyn Fn(&Canvas, usize) -> bool,
) -> Result<(), (PhotoItem, AssetError)> {
    let wanted: Vec<_> = canvas
        .items_with_photos()
        .filter(|(item, _)| is_wanted(canvas, *item))
        .flat_map(|(_, photos)| photos)
        .collect();
    if wanted.iter().all(|&photo| canvas.photos[photo].pixels.is_some()) {
        return Ok(());
    }
    let mut items = Vec::with_capacity(canvas.photos.len());
    canvas.list.visit_photos(&mut |item| items.push(item));
    for photo in wanted {
        let CanvasPhoto { key: _, pixels } = &mut canvas.photos[photo];
        if pixels.is_none() {
            let item = items[photo];
            let scaled = plan.assets.scaled(&item.photo, item.crop, item.rect.size(), &plan.fonts);
            *pixels = Some(scaled.map_err(|error| (item.clone(), error))?);
        }
    }
    Ok(())
}

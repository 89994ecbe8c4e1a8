//! One canvas from its scene: the photos found, everything laid out, the photos scaled as they are drawn.

use std::sync::Arc;

use crate::assets::{AssetError, Landed, ScaledPhoto};
use crate::job::AssetRef;
use crate::layout::{DisplayList, Photos, Shaper, lay_out};
use crate::template::scene::Scene;

use super::Plan;
use super::clock::{Clock, Stage};
use super::lay::{Failure, layout_error_code};
use super::photos::{Found, find_photos};

/// Finds the photos of one canvas. What is broken is remembered, for photos whose header is good and whose pixels
/// are not: that shows only when they are drawn.
pub struct Photographer<'c> {
    plan: &'c Plan,
    clock: &'c Clock,
    landed: Option<&'c Landed>,
    broken: Vec<(AssetRef, AssetError)>,
}

/// What a canvas is made of.
pub struct Drawn {
    /// Its photos, with what `on_error` did.
    pub found: Found,
    /// What to draw.
    pub list: DisplayList,
    /// The photos of the list, in its order.
    pub scaled: Vec<Arc<ScaledPhoto>>,
}

impl<'c> Photographer<'c> {
    /// `landed`: photos that were fetched for the row.
    pub fn new(plan: &'c Plan, clock: &'c Clock, landed: Option<&'c Landed>) -> Self {
        Self { plan, clock, landed, broken: Vec::new() }
    }

    /// The photos of a scene; its layers change where one cannot be had.
    pub fn find(&mut self, scene: &mut Scene) -> Result<Found, Failure> {
        let Self { plan, clock, landed, broken } = self;
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
            Some((path, error)) => Err(Failure::new(error.code, format!("{path}: {}", error.message))),
            None => Ok(found),
        }
    }

    /// Lays out and scales the photos that are drawn. One whose pixels turn out to be broken is one that cannot be
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
            match self.clock.time(Stage::Photos, || self.scaled(&list, &found.photos)) {
                Ok(scaled) => return Ok(Drawn { found, list, scaled }),
                Err((None, error)) => return Err(Failure::new(error.code, error.message)),
                Err((Some(asset), error)) => self.broken.push((asset, error)),
            }
            scene = self.clock.time(Stage::Bind, bind)?;
            found = self.find(&mut scene)?;
        }
    }

    /// The pixels of every photo that is drawn, or the one that is broken.
    fn scaled(
        &self,
        list: &DisplayList,
        photos: &Photos,
    ) -> Result<Vec<Arc<ScaledPhoto>>, (Option<AssetRef>, AssetError)> {
        let mut scaled = Vec::new();
        let mut failure = None;
        list.visit_photos(&mut |item| {
            if failure.is_none() {
                match self.plan.assets.scaled(&item.photo, item.crop, item.rect.size(), &self.plan.fonts) {
                    Ok(photo) => scaled.push(photo),
                    Err(error) => {
                        let same = |(_, photo): &(&AssetRef, &Arc<_>)| Arc::ptr_eq(photo, &item.photo);
                        let asset = photos.iter().find(same).map(|(asset, _)| asset.clone());
                        failure = Some((asset, error));
                    }
                }
            }
        });
        failure.map_or(Ok(scaled), Err)
    }
}

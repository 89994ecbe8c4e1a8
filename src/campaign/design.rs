//! A template with its fonts, ready for rows: what every job of a campaign shares.

use std::path::Path;
use std::sync::Arc;

use super::problem::{CampaignError, Problem};
use super::{Problems, files};
use crate::assets::{Assets, FontLibrary, FontSet};
use crate::template::{Syntax, Template};

/// A compiled template with its fonts.
#[derive(Clone)]
pub struct Design {
    /// The template, with values that are the same in every row.
    pub template: Arc<Template>,
    /// Its faces.
    pub fonts: Arc<FontSet>,
}

/// What a design is made of.
pub struct DesignSource<'s> {
    /// As messages call it.
    pub name: &'s str,
    /// The template's text.
    pub text: &'s [u8],
    /// What it is written in.
    pub syntax: Syntax,
    /// In place of the template's own.
    pub locale: Option<&'s str>,
}

impl Design {
    /// Compiles a template and loads what it names itself.
    ///
    /// # Errors
    /// Every mistake in it, its fonts and its photos.
    pub fn open<'v>(
        source: &DesignSource<'_>,
        set: impl Iterator<Item = (&'v str, &'v str)>,
        assets: &Assets,
        library: &FontLibrary,
    ) -> Result<Self, CampaignError> {
        let name = Path::new(source.name);
        let mut template = Template::parse_in(source.text, source.syntax, source.locale)
            .map_err(|errors| CampaignError::from(Problem::of_template(name, errors.0)))?;
        let mut problems = Problems { template_path: name, list: Vec::new() };
        for (field, value) in set {
            problems.flag("set", template.with_overrides(field, value));
        }
        let fonts = files::load_fonts(&template, assets.sources(), library, &mut problems);
        files::check_photos(&template, assets, &mut problems);
        match fonts {
            Some(fonts) if problems.list.is_empty() => {
                Ok(Self { template: Arc::new(template), fonts: Arc::new(fonts) })
            }
            _ => Err(problems.list.into()),
        }
    }
}

//! A campaign on this machine: all that is opened and checked before the first row is read.
//!
//! Takes what the command line asks for; gives the compiled template, its fonts, photos and rows. Every mistake is
//! collected, so that one run shows them all: see [`CampaignError`]. Fed by `cli/`; feeds `pipeline/` and
//! `render/check`.

mod clock;
mod design;
mod files;
mod outputs;
mod problem;
mod remote;
mod stdin;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use crate::assets::fetch::{Gate, shown_url};
use crate::assets::{Assets, AssetsConfig, Base, FontLibrary, FontSet, PhotoLimits, parse_url};
use crate::job::{Compression, Format, Output, Rgb, RowReader, RowSyntax, Subsampling};
use crate::pipeline::{Plan, Stop};
use crate::template::{NamePattern, Now, Template, TemplateError, nearest};

pub use crate::assets::fetch::{GateConfig, Guard, HostPattern, shown_location};
pub use clock::current as current_time;
pub use clock::parse as parse_time;
pub use design::{Design, DesignSource};
pub use outputs::choose as choose_outputs;
pub use problem::{CampaignError, Problem};
pub use remote::FetchedData;

use stdin::StoppableInput;

/// The object name where nobody asks for another.
pub const DEFAULT_NAME: &str = "{{ key }}-{{ size }}.{{ ext }}";
/// Decoded photos that are kept: each is needed once for every size it is drawn at.
pub const DECODED_BUDGET_BYTES: usize = 160 << 20;
/// Scaled photos that are kept: a catalogue's photos, so that a second round through it scales little.
pub const SCALED_BUDGET_BYTES: usize = 320 << 20;

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub struct CampaignOptions {
    /// The template file, or its URL; its extension tells YAML from JSON.
    pub template: PathBuf,
    /// The rows. `None`: the template alone is looked at.
    pub data: Option<DataSource>,
    /// Fields with a value that is the same in every row.
    pub set: Vec<(String, String)>,
    /// Names of sizes; empty: all of the template's.
    pub sizes: Vec<String>,
    /// Empty: the template's outputs.
    pub formats: Vec<Format>,
    /// Quality of JPEG and lossy WebP in place of the template's.
    pub quality: Option<u8>,
    /// Makes every WebP lossless.
    pub lossless: bool,
    /// Of JPEG, in place of the template's.
    pub subsampling: Option<Subsampling>,
    /// Of PNG, in place of the template's.
    pub compression: Option<Compression>,
    /// Under what is transparent, in place of the template's.
    pub background: Option<Rgb>,
    /// Device pixels for each pixel of the design. Default: 1.
    pub scale: Option<f32>,
    /// Pattern of the object names. Default: [`DEFAULT_NAME`].
    pub name: Option<String>,
    /// What templates see as `now` (RFC 3339). Default: the time of the call.
    pub now: Option<String>,
    /// What may be fetched from the network, and how.
    pub fetch: GateConfig,
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSource {
    /// A file.
    File(PathBuf),
    /// A file on the network, fetched as a whole before the first row is read.
    Url(Url),
    /// Standard input, which can be read once.
    Stdin,
}

impl DataSource {
    /// `-` is standard input. What starts as a URL and is none is taken for a file, which is not there.
    pub fn from_argument(argument: &Path) -> Self {
        match argument.to_str().and_then(parse_url) {
            _ if argument == Path::new("-") => Self::Stdin,
            Some(Ok(url)) => Self::Url(url),
            _ => Self::File(argument.to_owned()),
        }
    }
}

impl std::fmt::Display for DataSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", shown_file(path).display()),
            Self::Url(url) => f.write_str(&shown_url(url)),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

/// Everything a run needs besides rows and an adapter.
pub struct Campaign {
    /// With the values of `--set`.
    pub template: Arc<Template>,
    /// Every face of the process.
    pub library: Arc<FontLibrary>,
    /// The template's faces.
    pub fonts: Arc<FontSet>,
    /// Photos of the template and of the rows.
    pub assets: Arc<Assets>,
    /// Indices into [`Template::sizes`], in the template's order.
    pub sizes: Vec<usize>,
    /// Never empty, no two alike.
    pub outputs: Vec<Output>,
    /// Device pixels for each pixel of the design.
    pub scale: f32,
    /// Of the objects.
    pub name: NamePattern,
    /// What templates see as `now`.
    pub now: Now,
    /// As the user wrote it, without the secrets of a URL.
    pub template_path: PathBuf,
    /// Where relative paths of the template start.
    pub template_base: Base,
    /// Where relative paths in rows start: beside the data, or in the working folder for standard input.
    pub data_base: Base,
    /// Where rows come from.
    pub data: Option<DataSource>,
    /// What is allowed and looks like a slip: a column that the data has not and no row can fill.
    pub notes: Vec<String>,
    /// The rows that were fetched from a URL.
    fetched_data: Option<FetchedData>,
}

impl Campaign {
    /// Opens a campaign.
    ///
    /// # Errors
    /// Every mistake in the template, its fonts and photos, the options and the data's header, all at once.
    pub fn open(options: &CampaignOptions) -> Result<Self, CampaignError> {
        let CampaignOptions { template: template_file, data, set, sizes, name, now, scale, fetch, .. } = options;
        let gate = Gate::new(fetch.clone())
            .map(Arc::new)
            .map_err(|error| Problem::flag("--cache", format!("cannot use the folder: {error}")))?;
        let template_path = &shown_file(template_file);
        let mut problems = Problems { template_path, list: Vec::new() };
        let mut template = read_template(template_file, &gate)?;
        for (field, value) in set {
            problems.flag("--set", template.with_overrides(field, value));
        }
        let sizes = problems.keep(choose_sizes(&template, sizes)).unwrap_or_default();
        let outputs = problems.keep(outputs::choose(template.outputs(), options)).unwrap_or_default();
        let name = problems.flag("--name", template.compile_name(name.as_deref().unwrap_or(DEFAULT_NAME)));
        let now = match now {
            Some(text) => problems.keep(clock::parse(text).map_err(|message| Problem::flag("--now", message))),
            None => Some(clock::current()),
        };

        let base = |file: &Path| Base::of_file(file).map_err(|message| Problem::file(template_path, message));
        let template_base = base(template_file)?;
        let data_base = match data {
            Some(DataSource::File(path)) => Base::of_file(path).unwrap_or_else(|_| Base::Folder(PathBuf::from("."))),
            Some(DataSource::Url(url)) => Base::Url(url.clone()),
            Some(DataSource::Stdin) => Base::Folder(PathBuf::from(".")),
            None => template_base.clone(),
        };
        let library = Arc::new(FontLibrary::new());
        let assets = Arc::new(Assets::new(AssetsConfig {
            template: template_base.clone(),
            data: data_base.clone(),
            gate: Arc::clone(&gate),
            decoded_budget_bytes: DECODED_BUDGET_BYTES,
            scaled_budget_bytes: SCALED_BUDGET_BYTES,
            limits: PhotoLimits::default(),
        }));
        let fonts = files::load_fonts(&template, assets.sources(), &library, &mut problems);
        files::check_photos(&template, &assets, &mut problems);
        let mut fetched_data = None;
        let mut notes = Vec::new();
        if let Some(source @ DataSource::Url(url)) = data {
            fetched_data =
                problems.keep(FetchedData::fetch(url, &gate).map_err(|message| Problem::data(source, message)));
        }
        if let Some(source @ (DataSource::File(_) | DataSource::Url(_))) = data
            && (fetched_data.is_some() || matches!(source, DataSource::File(_)))
        {
            let opened = open_rows(source, fetched_data.as_ref(), &template, template_path, &Stop::new());
            if let Some(reader) = problems.keep(opened)
                && reader.syntax() == RowSyntax::Csv
            {
                let absent = template.absent_columns(reader.columns());
                notes.extend(Problem::of_columns(template_path, source, absent).iter().map(Problem::to_string));
            }
        }

        match (name, now, fonts) {
            (Some(name), Some(now), Some(fonts)) if problems.list.is_empty() => Ok(Self {
                template: Arc::new(template),
                library,
                fonts: Arc::new(fonts),
                assets,
                sizes,
                outputs,
                scale: scale.unwrap_or(1.0),
                name,
                now,
                template_path: template_path.clone(),
                template_base,
                data_base,
                data: data.clone(),
                fetched_data,
                notes,
            }),
            _ => Err(CampaignError { problems: problems.list }),
        }
    }

    /// The rows from the first one on. A file can be read any number of times, standard input once.
    ///
    /// # Errors
    /// When there are none, they cannot be opened, or CSV lacks a column that the template requires.
    pub fn rows(&self) -> Result<RowReader, CampaignError> {
        self.rows_until(&Stop::new())
    }

    /// As [`Campaign::rows`]; waiting for standard input ends with an error when `stop` is requested.
    ///
    /// # Errors
    /// As for [`Campaign::rows`].
    pub fn rows_until(&self, stop: &Stop) -> Result<RowReader, CampaignError> {
        match &self.data {
            Some(source) => open_rows(source, self.fetched_data.as_ref(), &self.template, &self.template_path, stop)
                .map_err(CampaignError::from),
            None => Err(Problem::flag("--data", "no rows were given").into()),
        }
    }

    /// What the pipeline is to make of every row.
    pub fn plan(&self) -> Plan {
        Plan {
            template: Arc::clone(&self.template),
            fonts: Arc::clone(&self.fonts),
            assets: Arc::clone(&self.assets),
            sizes: self.sizes.clone(),
            outputs: self.outputs.clone(),
            scale: self.scale,
            find_stored: None,
            name: self.name.clone(),
            now: self.now.clone(),
            names_may_collide: self.data == Some(DataSource::Stdin),
        }
    }

    /// How many variants a row has.
    pub fn variants_per_row(&self) -> usize {
        self.sizes.len() * self.outputs.len()
    }
}

/// The names of a template's personal fields: their values are kept out of everything that is written down.
/// `None` where the template cannot be read, or would have to be fetched for it.
pub fn pii_fields(template_path: &Path) -> Option<Vec<String>> {
    let offline = GateConfig { guard: Guard { offline: true, ..Guard::default() }, ..GateConfig::default() };
    let template = read_template(template_path, &Gate::new(offline).ok()?).ok()?;
    Some(template.fields().iter().filter(|field| field.pii).map(|field| field.name.to_string()).collect())
}

/// Collects mistakes while opening goes on.
struct Problems<'p> {
    template_path: &'p Path,
    list: Vec<Problem>,
}

impl Problems<'_> {
    fn keep<T, E: Into<Vec<Problem>>>(&mut self, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.list.extend(error.into())).ok()
    }

    fn flag<T>(&mut self, flag: &str, result: Result<T, TemplateError>) -> Option<T> {
        self.keep(result.map_err(|error| Problem::of_flag(flag, error)))
    }
}

/// A file's path as it was given; a URL without its secrets.
fn shown_file(path: &Path) -> PathBuf {
    match path.to_str().filter(|text| parse_url(text).is_some()) {
        Some(url) => PathBuf::from(shown_location(url)),
        None => path.to_owned(),
    }
}

fn read_template(path: &Path, gate: &Gate) -> Result<Template, CampaignError> {
    let shown = shown_file(path);
    let (source, syntax) = files::read_template_source(path, gate).map_err(|message| Problem::file(&shown, message))?;
    Template::parse(&source, syntax).map_err(|errors| CampaignError::from(Problem::of_template(&shown, errors.0)))
}

/// `--size`, in the order of the template so that the manifest's order does not depend on the flags'.
///
/// # Errors
/// For each name that the template has not.
pub fn choose_sizes(template: &Template, asked: &[String]) -> Result<Vec<usize>, Vec<Problem>> {
    let names: Vec<&str> = template.sizes().iter().map(|size| &*size.name).collect();
    let unknown = asked.iter().filter(|name| !names.contains(&name.as_str()));
    let problems: Vec<Problem> = unknown
        .map(|name| {
            let known = names.join(", ");
            let message = format!("the template has no size {name:?}, only {known}");
            Problem::flag("--size", message).suggesting(nearest(name, names.iter().copied()))
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let is_asked = |index: &usize| asked.is_empty() || asked.iter().any(|name| name == names[*index]);
    Ok((0..names.len()).filter(is_asked).collect())
}

fn open_rows(
    source: &DataSource,
    fetched: Option<&FetchedData>,
    template: &Template,
    template_path: &Path,
    stop: &Stop,
) -> Result<RowReader, Vec<Problem>> {
    let reader = match source {
        // It is read twice, and a pipe can be read once.
        DataSource::File(path) if path.metadata().is_ok_and(|file| !file.is_file()) => {
            let message = format!("{} is not a regular file: pipe it to --data -", path.display());
            return Err(vec![Problem::flag("--data", message)]);
        }
        DataSource::File(path) => RowReader::open(path),
        DataSource::Url(url) => match fetched {
            Some(fetched) => RowReader::named(Path::new(url.path()), Box::new(fetched.reader())),
            None => return Err(vec![Problem::data(source, "was not fetched")]),
        },
        DataSource::Stdin => RowReader::guess(Box::new(StoppableInput::stdin(stop.clone()))),
    };
    let reader = reader.map_err(|error| vec![Problem::of_data(source, &error)])?;
    // Objects of JSON may each have other names: there a missing one is the row's mistake.
    if reader.syntax() == RowSyntax::Csv {
        let mut errors = template.check_columns(reader.columns()).err().unwrap_or_default();
        errors.extend(template.unknown_columns(reader.columns()));
        if !errors.is_empty() {
            return Err(Problem::of_columns(template_path, source, errors));
        }
    }
    Ok(reader)
}

#[cfg(test)]
mod tests;

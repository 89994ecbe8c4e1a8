//! A campaign on this machine: all that is opened and checked before the first row is read.
//!
//! Takes what the command line asks for; gives the compiled template, its fonts, photos and rows. Every mistake is
//! collected, so that one run shows them all: see [`CampaignError`]. Fed by `cli/`; feeds `pipeline/` and
//! [`super::check`].

mod clock;
mod files;
mod problem;
mod stdin;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::assets::{Assets, AssetsConfig, FontLibrary, FontSet, PhotoLimits};
use crate::job::{Format, Output, RowReader, RowSyntax};
use crate::pipeline::{Plan, Stop};
use crate::template::{NamePattern, Now, Template, TemplateError};

pub(super) use problem::nearest;
pub use problem::{CampaignError, Problem};

use stdin::StoppableInput;

/// The object name where nobody asks for another.
pub const DEFAULT_NAME: &str = "{{ key }}-{{ size }}.{{ ext }}";
/// Decoded photos that are kept: each is needed once for every size it is drawn at.
const DECODED_BUDGET_BYTES: usize = 160 << 20;
/// Scaled photos that are kept: a catalogue's photos, so that a second round through it scales little.
const SCALED_BUDGET_BYTES: usize = 320 << 20;

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub struct CampaignOptions {
    /// The template file; its extension tells YAML from JSON.
    pub template: PathBuf,
    /// The rows. `None`: the template alone is looked at.
    pub data: Option<DataSource>,
    /// Fields with a value that is the same in every row.
    pub set: Vec<(String, String)>,
    /// Names of sizes; empty: all of the template's.
    pub sizes: Vec<String>,
    /// Empty: the template's outputs.
    pub formats: Vec<Format>,
    /// Quality of JPEG in place of the template's.
    pub quality: Option<u8>,
    /// Pattern of the object names. Default: [`DEFAULT_NAME`].
    pub name: Option<String>,
    /// What templates see as `now` (RFC 3339). Default: the time of the call.
    pub now: Option<String>,
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSource {
    /// A file.
    File(PathBuf),
    /// Standard input, which can be read once.
    Stdin,
}

impl DataSource {
    /// `-` is standard input.
    pub fn from_argument(argument: &Path) -> Self {
        if argument == Path::new("-") { Self::Stdin } else { Self::File(argument.to_owned()) }
    }
}

impl std::fmt::Display for DataSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
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
    /// Of the objects.
    pub name: NamePattern,
    /// What templates see as `now`.
    pub now: Now,
    /// As the user wrote it.
    pub template_path: PathBuf,
    /// Where relative paths of the template start.
    pub template_dir: PathBuf,
    /// Where relative paths in rows start: the data file's folder, or the working folder for standard input.
    pub data_dir: PathBuf,
    /// Where rows come from.
    pub data: Option<DataSource>,
}

impl Campaign {
    /// Opens a campaign.
    ///
    /// # Errors
    /// Every mistake in the template, its fonts and photos, the options and the data's header, all at once.
    pub fn open(options: &CampaignOptions) -> Result<Self, CampaignError> {
        let CampaignOptions { template: template_path, data, set, sizes, formats, quality, name, now } = options;
        let mut problems = Problems { template_path, list: Vec::new() };
        let mut template = read_template(template_path)?;
        for (field, value) in set {
            problems.flag("--set", template.with_overrides(field, value));
        }
        let sizes = problems.keep(choose_sizes(&template, sizes)).unwrap_or_default();
        let outputs = choose_outputs(template.outputs(), formats, *quality);
        let name = problems.flag("--name", template.compile_name(name.as_deref().unwrap_or(DEFAULT_NAME)));
        let now = match now {
            Some(text) => problems.keep(clock::parse(text).map_err(|message| Problem::flag("--now", message))),
            None => Some(clock::current()),
        };

        let template_dir = folder_of(template_path);
        let data_dir = match data {
            Some(DataSource::File(path)) => folder_of(path),
            Some(DataSource::Stdin) => PathBuf::from("."),
            None => template_dir.clone(),
        };
        let library = Arc::new(FontLibrary::new());
        let fonts = files::load_fonts(&template, &template_dir, &library, &mut problems);
        let assets = Arc::new(Assets::new(AssetsConfig {
            template_dir: template_dir.clone(),
            data_dir: data_dir.clone(),
            decoded_budget_bytes: DECODED_BUDGET_BYTES,
            scaled_budget_bytes: SCALED_BUDGET_BYTES,
            limits: PhotoLimits::default(),
        }));
        files::check_photos(&template, &assets, &mut problems);
        if let Some(source @ DataSource::File(_)) = data {
            problems.keep(open_rows(source, &template, template_path, &Stop::new()));
        }

        match (name, now, fonts) {
            (Some(name), Some(now), Some(fonts)) if problems.list.is_empty() => Ok(Self {
                template: Arc::new(template),
                library,
                fonts: Arc::new(fonts),
                assets,
                sizes,
                outputs,
                name,
                now,
                template_path: template_path.clone(),
                template_dir,
                data_dir,
                data: data.clone(),
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
            Some(source) => open_rows(source, &self.template, &self.template_path, stop).map_err(CampaignError::from),
            None => Err(Problem::flag("--data", "no rows were given").into()),
        }
    }

    /// What the pipeline is to make of every row. `threads`: for layout, and as many for encoding; default: one for
    /// each core.
    pub fn plan(&self, threads: Option<usize>) -> Plan {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Plan {
            template: Arc::clone(&self.template),
            fonts: Arc::clone(&self.fonts),
            assets: Arc::clone(&self.assets),
            sizes: self.sizes.clone(),
            outputs: self.outputs.clone(),
            name: self.name.clone(),
            now: self.now.clone(),
            names_may_collide: self.data == Some(DataSource::Stdin),
            threads: threads.unwrap_or(cores).max(1),
        }
    }

    /// How many variants a row has.
    pub fn variants_per_row(&self) -> usize {
        self.sizes.len() * self.outputs.len()
    }
}

/// The names of a template's personal fields: their values are kept out of everything that is written down.
/// `None` where the template cannot be read.
pub fn pii_fields(template_path: &Path) -> Option<Vec<String>> {
    let template = read_template(template_path).ok()?;
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

fn read_template(path: &Path) -> Result<Template, CampaignError> {
    let (source, syntax) = files::read_template_source(path)?;
    Template::parse(&source, syntax).map_err(|errors| CampaignError::from(Problem::of_template(path, errors.0)))
}

/// `--size`, in the order of the template so that the manifest's order does not depend on the flags'.
fn choose_sizes(template: &Template, asked: &[String]) -> Result<Vec<usize>, Vec<Problem>> {
    let names: Vec<&str> = template.sizes().iter().map(|size| &*size.name).collect();
    let unknown = asked.iter().filter(|name| !names.contains(&name.as_str()));
    let problems: Vec<Problem> = unknown
        .map(|name| {
            let known = names.join(", ");
            let message = format!("the template has no size {name:?}, only {known}");
            Problem::flag("--size", message).suggesting(nearest(name, &names))
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let is_asked = |index: &usize| asked.is_empty() || asked.iter().any(|name| name == names[*index]);
    Ok((0..names.len()).filter(is_asked).collect())
}

/// `--format` picks the template's outputs of that format, or makes one where there is none; `--quality` is for
/// every JPEG among them.
fn choose_outputs(of_template: &[Output], formats: &[Format], quality: Option<u8>) -> Vec<Output> {
    let mut asked = Vec::new();
    for &format in formats {
        let before = asked.len();
        asked.extend(of_template.iter().copied().filter(|output| output.format == format));
        if asked.len() == before {
            asked.push(Output::new(format));
        }
    }
    if formats.is_empty() {
        asked = of_template.to_vec();
    }
    if asked.is_empty() {
        asked.push(Output::default());
    }
    let mut outputs: Vec<Output> = Vec::new();
    for mut output in asked {
        if let (Format::Jpeg, Some(quality)) = (output.format, quality) {
            output.quality = quality;
        }
        if !outputs.contains(&output) {
            outputs.push(output);
        }
    }
    outputs
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn open_rows(
    source: &DataSource,
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
        DataSource::Stdin => RowReader::guess(Box::new(StoppableInput::stdin(stop.clone()))),
    };
    let reader = reader.map_err(|error| vec![Problem::of_data(source, &error)])?;
    // Objects of JSON may each have other names: there a missing one is the row's mistake.
    if reader.syntax() == RowSyntax::Csv {
        let columns = template.check_columns(reader.columns());
        columns.map_err(|errors| Problem::of_columns(template_path, source, errors))?;
    }
    Ok(reader)
}

#[cfg(test)]
mod tests;

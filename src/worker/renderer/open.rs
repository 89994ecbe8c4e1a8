//! From a job to what the pipeline runs: template, fonts, photos and rows, kept for the jobs that follow.

use std::io::{Seek, SeekFrom};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lru::LruCache;
use parking_lot::Mutex;
use url::Url;

use crate::assets::fetch::{FetchError, Gate, Objects, shown_location};
use crate::assets::{AssetCounts, Assets, AssetsConfig, Base, FontLibrary, PhotoLimits};
use crate::campaign::{
    CampaignError, CampaignOptions, DECODED_BUDGET_BYTES, DEFAULT_NAME, Design, DesignSource, SCALED_BUDGET_BYTES,
    choose_outputs, choose_sizes, current_time, parse_time,
};
use crate::job::{Data, Job, Row, RowError, RowReader, RowSyntax, TemplateSource};
use crate::pipeline::Plan;
use crate::template::Syntax;

/// Longest template.
const MAX_TEMPLATE_BYTES: u64 = 1 << 20;
/// Longest table.
const MAX_TABLE_BYTES: u64 = 2 << 30;
/// Names are looked up anew after this long: photos change under their names.
const FRESH: Duration = Duration::from_secs(60);
/// Designs, and pairs of bases, that are kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// What a job may ask for.
#[derive(Clone, Copy, Debug)]
pub struct JobLimits {
    /// Rows.
    pub rows: u64,
    /// Variants.
    pub variants: u64,
    /// Pixels of all variants.
    pub pixels: u64,
}

/// Opens jobs. Lives as long as the renderer.
pub struct Opener {
    library: Arc<FontLibrary>,
    gate: Arc<Gate>,
    objects: Objects,
    limits: JobLimits,
    designs: Mutex<LruCache<[u8; 32], Design>>,
    assets: Mutex<LruCache<(String, String), (Arc<Assets>, Instant)>>,
    first_assets: Assets,
    opening: AtomicUsize,
}

/// A job that can be rendered.
pub struct OpenedJob {
    /// What is made of every row.
    pub plan: Plan,
    /// The rows.
    pub rows: Box<dyn Iterator<Item = Result<Row, RowError>> + Send>,
    /// Of the template, as records have it.
    pub template_hash: String,
}

/// Why a job cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For scripts.
    pub code: &'static str,
    /// For people: no values of rows, no secrets.
    pub message: String,
    /// Whether a later try may go better.
    pub may_pass: bool,
}

impl Refusal {
    fn new(code: &'static str, message: impl ToString) -> Self {
        Self { code, message: message.to_string(), may_pass: false }
    }

    fn of_campaign(code: &'static str, error: &CampaignError) -> Self {
        let may_pass = error.problems.iter().any(|problem| problem.may_pass);
        Self { code: if may_pass { "template_unreachable" } else { code }, message: error.to_string(), may_pass }
    }

    fn of_fetch(what: What, url: &Url, error: &FetchError) -> Self {
        let (code, may_pass) = match (error, what) {
            (FetchError::Refused(_), _) => ("source_refused", false),
            (FetchError::NotFound(_), What::Template) => ("template_missing", false),
            (FetchError::NotFound(_), What::Data) => ("data_missing", false),
            (FetchError::TooLarge { .. } | FetchError::BadData(_), What::Template) => ("template_invalid", false),
            (FetchError::TooLarge { .. } | FetchError::BadData(_), What::Data) => ("data_invalid", false),
            (_, What::Template) => ("template_unreachable", true),
            (_, What::Data) => ("data_unreachable", true),
        };
        Self { code, message: format!("{}: {error}", shown_location(url.as_str())), may_pass }
    }
}

#[derive(Clone, Copy)]
enum What {
    Template,
    Data,
}

impl Opener {
    /// Nothing is opened yet. `gate` must let through what `objects` allows.
    pub fn new(gate: Gate, objects: Objects, limits: JobLimits) -> Self {
        let gate = Arc::new(gate);
        let nowhere = Path::new("/nonexistent");
        let first_assets = Assets::new(AssetsConfig {
            template: Base::from(nowhere),
            data: Base::from(nowhere),
            gate: Arc::clone(&gate),
            decoded_budget_bytes: DECODED_BUDGET_BYTES,
            scaled_budget_bytes: SCALED_BUDGET_BYTES,
            limits: PhotoLimits::default(),
        });
        Self {
            library: Arc::new(FontLibrary::new()),
            gate,
            objects,
            limits,
            designs: Mutex::new(LruCache::new(KEPT)),
            assets: Mutex::new(LruCache::new(KEPT)),
            first_assets,
            opening: AtomicUsize::new(0),
        }
    }

    /// Every face of the process.
    pub fn library(&self) -> &Arc<FontLibrary> {
        &self.library
    }

    /// How much was read, decoded and scaled.
    pub fn counts(&self) -> AssetCounts {
        self.first_assets.counts()
    }

    /// Whether a job is being opened now.
    pub fn is_opening(&self) -> bool {
        self.opening.load(Ordering::Relaxed) > 0
    }

    /// Opens a job. May take as long as the network does.
    ///
    /// # Errors
    /// When it cannot be rendered, now or ever.
    pub fn open(&self, job: &Job) -> Result<OpenedJob, Refusal> {
        self.opening.fetch_add(1, Ordering::Relaxed);
        let opened = self.try_open(job);
        self.opening.fetch_sub(1, Ordering::Relaxed);
        opened
    }

    fn try_open(&self, job: &Job) -> Result<OpenedJob, Refusal> {
        let (name, text, syntax, beside) = self.template(job)?;
        let template_base = match (&job.template_base, beside) {
            (Some(base), _) => self.base(base)?,
            (None, Some(url)) => self.base(url.as_str())?,
            (None, None) => (String::new(), Base::from(Path::new("/nonexistent"))),
        };
        let data_base = match (&job.data_base, &job.data) {
            (Some(base), _) => self.base(base)?,
            (None, Some(data)) => self.base(&data.url)?,
            (None, None) => template_base.clone(),
        };
        let assets = self.assets(&template_base, &data_base);
        let source = DesignSource { name: &name, text: &text, syntax, locale: job.locale.as_deref() };
        let Design { template, fonts } = self.design(&source, &template_base.0, job, &assets)?;
        let sizes = choose_sizes(&template, &job.sizes)
            .map_err(|problems| Refusal::of_campaign("bad_option", &CampaignError { problems }))?;
        let outputs = match job.outputs.is_empty() {
            true => choose_outputs(template.outputs(), &CampaignOptions::default())
                .map_err(|problems| Refusal::of_campaign("bad_option", &CampaignError { problems }))?,
            false => job.outputs.clone(),
        };
        let pattern = job.name.as_deref().unwrap_or(DEFAULT_NAME);
        let name = template.compile_name(pattern).map_err(|error| Refusal::new("bad_option", format!("name: {error}")))?;
        let now = match &job.now {
            Some(text) => parse_time(text).map_err(|message| Refusal::new("bad_option", format!("now: {message}")))?,
            None => current_time(),
        };
        let scale = job.scale.unwrap_or(1.0);
        if !(0.1..=8.0).contains(&scale) {
            return Err(Refusal::new("bad_option", "scale: expected a number from 0.1 to 8"));
        }
        let (rows, row_count) = match &job.data {
            None => {
                let rows = job.told_rows();
                let count = rows.len() as u64;
                (Box::new(rows.into_iter()) as Box<dyn Iterator<Item = _> + Send>, count)
            }
            Some(data) => self.table(data, &template)?,
        };
        let pixels_of_row: u64 = sizes
            .iter()
            .filter_map(|&size| template.sizes()[size].canvas(scale))
            .map(|size| size.area() * outputs.len() as u64)
            .sum();
        self.check_limits(row_count, (sizes.len() * outputs.len()) as u64, pixels_of_row)?;
        let template_hash = template.hash().to_owned();
        let plan = Plan {
            template,
            fonts,
            assets,
            sizes,
            outputs,
            name,
            now,
            names_may_collide: true,
            scale,
            find_stored: None,
        };
        Ok(OpenedJob { plan, rows, template_hash })
    }

    fn check_limits(&self, rows: u64, variants_per_row: u64, pixels_of_row: u64) -> Result<(), Refusal> {
        let JobLimits { rows: most_rows, variants: most_variants, pixels: most_pixels } = self.limits;
        let variants = rows.saturating_mul(variants_per_row);
        let pixels = rows.saturating_mul(pixels_of_row);
        let advice = "split it into jobs of fewer rows";
        let refusal = [
            ("too_many_rows", "rows", rows, most_rows),
            ("too_many_variants", "variants", variants, most_variants),
            ("too_many_pixels", "pixels", pixels, most_pixels),
        ]
        .into_iter()
        .find(|(_, _, has, most)| has > most);
        match refusal {
            Some((code, what, has, most)) => {
                Err(Refusal::new(code, format!("the job has {has} {what}, {most} are allowed: {advice}")))
            }
            None => Ok(()),
        }
    }

    /// The template's name, text and syntax, and where it came from.
    fn template(&self, job: &Job) -> Result<(String, Vec<u8>, Syntax, Option<Url>), Refusal> {
        match &job.template {
            TemplateSource::Inline(template) => {
                let text = serde_json::to_vec(template).expect("it was JSON");
                Ok(("template".to_owned(), text, Syntax::Json, None))
            }
            TemplateSource::Url(url) => {
                let url = parse(url)?;
                let syntax = match url.path().rsplit('.').next().map(str::to_ascii_lowercase).as_deref() {
                    Some("yaml" | "yml") => Syntax::Yaml,
                    Some("json") => Syntax::Json,
                    _ => return Err(Refusal::new("template_invalid", "a template's URL ends in .yaml, .yml or .json")),
                };
                let text = self.gate.fetch(&url, MAX_TEMPLATE_BYTES);
                let text = text.map_err(|error| Refusal::of_fetch(What::Template, &url, &error))?;
                Ok((shown_location(url.as_str()), text, syntax, Some(url)))
            }
        }
    }

    /// Compiled once for all jobs that have the same text and settings.
    fn design(
        &self,
        source: &DesignSource<'_>,
        base: &str,
        job: &Job,
        assets: &Assets,
    ) -> Result<Design, Refusal> {
        let mut hasher = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        };
        part(source.text);
        part(base.as_bytes());
        part(source.locale.unwrap_or_default().as_bytes());
        for (field, value) in &job.set {
            part(field.as_bytes());
            part(value.as_bytes());
        }
        let key = *hasher.finalize().as_bytes();
        if let Some(design) = self.designs.lock().get(&key) {
            return Ok(design.clone());
        }
        let set = job.set.iter().map(|(field, value)| (field.as_str(), value.as_str()));
        let design = Design::open(source, set, assets, &self.library)
            .map_err(|error| Refusal::of_campaign("template_invalid", &error))?;
        self.designs.lock().put(key, design.clone());
        Ok(design)
    }

    fn assets(&self, template: &(String, Base), data: &(String, Base)) -> Arc<Assets> {
        let key = (template.0.clone(), data.0.clone());
        let mut kept = self.assets.lock();
        if let Some((assets, since)) = kept.get(&key)
            && since.elapsed() < FRESH
        {
            return Arc::clone(assets);
        }
        let assets = Arc::new(self.first_assets.renewed(template.1.clone(), data.1.clone()));
        kept.put(key, (Arc::clone(&assets), Instant::now()));
        assets
    }

    /// Where relative paths start: a folder's URL ends with a slash, else it is the folder of a file.
    fn base(&self, text: &str) -> Result<(String, Base), Refusal> {
        let url = parse(text)?;
        if url.scheme() != "file" {
            return Ok((url.to_string(), Base::Url(url)));
        }
        let folder = url.join(".").unwrap_or_else(|_| url.clone());
        let path = self.objects.folder(&folder);
        let path = path.map_err(|error| Refusal::new("source_refused", format!("{}: {error}", shown_location(text))))?;
        Ok((folder.to_string(), Base::Folder(path)))
    }

    fn table(
        &self,
        data: &Data,
        template: &crate::template::Template,
    ) -> Result<(Box<dyn Iterator<Item = Result<Row, RowError>> + Send>, u64), Refusal> {
        let url = parse(&data.url)?;
        let mut file = tempfile::tempfile().map_err(|error| Refusal {
            may_pass: true,
            ..Refusal::new("data_unreachable", format!("no temporary file to fetch into: {error}"))
        })?;
        self.gate
            .fetch_table(&url, MAX_TABLE_BYTES, &mut file)
            .map_err(|error| Refusal::of_fetch(What::Data, &url, &error))?;
        let shown = shown_location(url.as_str());
        let invalid = |message: String| Refusal::new("data_invalid", format!("{shown}: {message}"));
        let rewound = file.seek(SeekFrom::Start(0)).and_then(|_| file.try_clone());
        let rewound = rewound.map_err(|error| invalid(error.to_string()))?;
        let reader = RowReader::named(Path::new(url.path()), Box::new(rewound));
        let reader = reader.map_err(|error| invalid(error.to_string()))?;
        if reader.syntax() == RowSyntax::Csv {
            let mut errors = template.check_columns(reader.columns()).err().unwrap_or_default();
            errors.extend(template.unknown_columns(reader.columns()));
            if let Some(error) = errors.first() {
                return Err(invalid(error.to_string()));
            }
        }
        let most = data.row_count.unwrap_or(self.limits.rows + 1).min(self.limits.rows + 1);
        let from = usize::try_from(data.first_row).unwrap_or(usize::MAX);
        let rows: Vec<Result<Row, RowError>> = reader.skip(from).take(usize::try_from(most).unwrap_or(usize::MAX)).collect();
        if let Some(error) = rows.iter().find_map(|row| row.as_ref().err().filter(|error| error.is_fatal())) {
            return Err(invalid(error.to_string()));
        }
        let count = rows.len() as u64;
        Ok((Box::new(rows.into_iter()), count))
    }
}

fn parse(text: &str) -> Result<Url, Refusal> {
    Url::parse(text).map_err(|error| {
        let shown = shown_location(text);
        Refusal::new("source_refused", format!("{shown:?} is no URL ({error}): expected s3://, https:// or file:///"))
    })
}

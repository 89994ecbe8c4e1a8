//! From a job to what the pipeline runs: template, fonts, photos and rows, kept for the jobs that follow.

mod refusal;
mod tables;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lru::LruCache;
use parking_lot::Mutex;
use url::Url;

use crate::assets::fetch::{Gate, ObjectCounts, Objects, shown_location, shown_url};
use crate::assets::{AssetCaches, AssetCounts, Assets, AssetsConfig, Base, FontLibrary, PhotoLimits, parse_url};
use crate::campaign::{
    CampaignOptions, DECODED_BUDGET_BYTES, DEFAULT_NAME, DataSource, Design, DesignSource, Problem,
    SCALED_BUDGET_BYTES, choose_outputs, choose_sizes, current_time, parse_time,
};
use crate::job::{Data, Job, Output, Row, RowError, RowReader, RowSyntax, TemplateSource};
use crate::pipeline::Plan;
use crate::template::{Syntax, Template};

pub use refusal::Refusal;
use refusal::What;
use tables::Tables;

/// Longest template.
const MAX_TEMPLATE_BYTES: u64 = 1 << 20;
/// Names are looked up anew after this long: photos and fonts change under their names.
pub const FRESH: Duration = Duration::from_secs(60);
/// Designs, and pairs of bases, that are kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(16).unwrap();
/// Where nothing is: the base of a template that has none.
const NOWHERE: &str = "/nonexistent";

type Rows = Box<dyn Iterator<Item = Result<Row, RowError>> + Send>;

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
    designs: Mutex<LruCache<[u8; 32], Fresh<Design>>>,
    assets: Mutex<LruCache<AssetsKey, Fresh<Arc<Assets>>>>,
    /// Those that all others share memory and threads with.
    first_assets: Assets,
    tables: Tables,
    opening: AtomicUsize,
}

/// The bases of a template and of its data.
type AssetsKey = (String, String);

/// Something that was looked up, with the time.
struct Fresh<T> {
    value: T,
    since: Instant,
}

impl<T> Fresh<T> {
    fn now(value: T) -> Self {
        Self { value, since: Instant::now() }
    }

    fn is_stale(&self) -> bool {
        self.since.elapsed() >= FRESH
    }
}

/// A job that can be rendered.
pub struct OpenedJob {
    /// What is made of every row.
    pub plan: Plan,
    /// The rows.
    pub rows: Rows,
    /// How many there are.
    pub row_count: u64,
    /// Of the template, as records have it.
    pub template_hash: String,
}

impl Opener {
    /// Nothing is opened yet. `gate` must let through what `objects` allows, and ask again after [`FRESH`].
    pub fn new(gate: Gate, objects: Objects, limits: JobLimits) -> Self {
        let gate = Arc::new(gate);
        let nowhere = Path::new(NOWHERE);
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
            tables: Tables::new(),
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

    /// What the caches of photos hold.
    pub fn caches(&self) -> AssetCaches {
        self.first_assets.caches()
    }

    /// What came from stores.
    pub fn object_counts(&self) -> ObjectCounts {
        self.objects.counts()
    }

    /// Whether a job is being opened now.
    pub fn is_opening(&self) -> bool {
        self.opening.load(Ordering::Relaxed) > 0
    }

    /// Opens a job. May take as long as the network does. A job without `now` has the time of its opening, so that it
    /// may come out otherwise when it is delivered again.
    ///
    /// # Errors
    /// When it cannot be rendered, now or ever.
    pub fn open(&self, job: &Job) -> Result<OpenedJob, Refusal> {
        let _opening = Opening::begin(&self.opening);
        // What can be refused at once is not fetched first.
        let inline = job.rows.as_ref().map(|rows| (rows.len() + job.unreadable.len()) as u64);
        let stated = inline.or(job.data.as_ref().and_then(|data| data.row_count));
        self.limits.check([("too_many_rows", "rows", stated.unwrap_or(0), self.limits.rows)])?;
        let now = match &job.now {
            Some(text) => parse_time(text).map_err(|message| Refusal::new("bad_option", format!("now: {message}")))?,
            None => current_time(),
        };
        let scale = job.scale.unwrap_or(1.0);
        if !(0.1..=8.0).contains(&scale) {
            return Err(Refusal::new("bad_option", "scale: expected a number from 0.1 to 8"));
        }

        let found = self.template(job)?;
        let [of_template, of_data] = self.bases(job, found.url.as_ref())?;
        let key = (of_template.0, of_data.0);
        let assets = self.assets(&key, of_template.1, of_data.1);
        let source =
            DesignSource { name: &found.shown, text: &found.text, syntax: found.syntax, locale: job.locale.as_deref() };
        let design = self.design(&source, &key.0, job, &assets).inspect_err(|refusal| {
            // The next try is to look again, and not to find what is remembered of this one.
            if refusal.may_pass {
                self.assets.lock().pop(&key);
            }
        })?;
        let Design { template, fonts } = design;
        let sizes = choose_sizes(&template, &job.sizes).map_err(Refusal::of_option)?;
        let outputs = outputs(job, &template)?;
        let pattern = job.name.as_deref().unwrap_or(DEFAULT_NAME);
        let name =
            template.compile_name(pattern).map_err(|error| Refusal::new("bad_option", format!("name: {error}")))?;
        let (rows, row_count) = match &job.data {
            None => {
                let rows = job.told_rows();
                let count = rows.len() as u64;
                (Box::new(rows.into_iter()) as Rows, count)
            }
            Some(data) => self.table(data, &template, &found.shown)?,
        };
        self.check_size(row_count, &template, &sizes, &outputs, scale)?;
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
        Ok(OpenedJob { plan, rows, row_count, template_hash })
    }

    fn check_size(
        &self,
        rows: u64,
        template: &Template,
        sizes: &[usize],
        outputs: &[Output],
        scale: f32,
    ) -> Result<(), Refusal> {
        let JobLimits { rows: most_rows, variants: most_variants, pixels: most_pixels } = self.limits;
        let mut pixels_of_row = 0_u64;
        for size in sizes.iter().map(|&size| &template.sizes()[size]) {
            let canvas = size.canvas(scale).ok_or_else(|| {
                Refusal::new("bad_option", format!("scale: the size {:?} would be too large to draw", size.name))
            })?;
            pixels_of_row = pixels_of_row.saturating_add(canvas.area().saturating_mul(outputs.len() as u64));
        }
        let variants = rows.saturating_mul((sizes.len() * outputs.len()) as u64);
        self.limits.check([
            ("too_many_rows", "rows", rows, most_rows),
            ("too_many_variants", "variants", variants, most_variants),
            ("too_many_pixels", "pixels", rows.saturating_mul(pixels_of_row), most_pixels),
        ])
    }

    fn template(&self, job: &Job) -> Result<FoundTemplate, Refusal> {
        match &job.template {
            TemplateSource::Inline(template) => {
                let text = serde_json::to_vec(template).expect("it was JSON");
                Ok(FoundTemplate { shown: "template".to_owned(), text, syntax: Syntax::Json, url: None })
            }
            TemplateSource::Url(url) => {
                let url = parse(url)?;
                let syntax = match url.path().rsplit('.').next().map(str::to_ascii_lowercase).as_deref() {
                    Some("yaml" | "yml") => Syntax::Yaml,
                    Some("json") => Syntax::Json,
                    _ => {
                        let message = format!("{}: a template's URL ends in .yaml, .yml or .json", shown_url(&url));
                        return Err(Refusal::new("template_invalid", message));
                    }
                };
                let text = self.gate.fetch(&url, MAX_TEMPLATE_BYTES);
                let text = text.map_err(|error| Refusal::of_fetch(What::Template, &url, &error))?;
                Ok(FoundTemplate { shown: shown_url(&url), text, syntax, url: Some(url) })
            }
        }
    }

    /// Compiled once for all jobs that have the same text and settings.
    fn design(&self, source: &DesignSource<'_>, base: &str, job: &Job, assets: &Assets) -> Result<Design, Refusal> {
        let mut hasher = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        };
        part(source.text);
        part(&[matches!(source.syntax, Syntax::Json).into()]);
        part(base.as_bytes());
        part(source.locale.unwrap_or_default().as_bytes());
        for (field, value) in &job.set {
            part(field.as_bytes());
            part(value.as_bytes());
        }
        let key = *hasher.finalize().as_bytes();
        let known = match self.designs.lock().get(&key) {
            Some(known) if !known.is_stale() => return Ok(known.value.clone()),
            known => known.map(|known| known.value.clone()),
        };
        let set = job.set.iter().map(|(field, value)| (field.as_str(), value.as_str()));
        let looked_up = Design::open(source, set, assets, &self.library).map_err(Refusal::of_template)?;
        // Where nothing has changed, what was kept for the known fonts stays of use.
        let design = match known {
            Some(known) if known.fonts.faces() == looked_up.fonts.faces() => known,
            _ => looked_up,
        };
        self.designs.lock().put(key, Fresh::now(design.clone()));
        Ok(design)
    }

    fn assets(&self, key: &AssetsKey, template: Base, data: Base) -> Arc<Assets> {
        let mut kept = self.assets.lock();
        if let Some(assets) = kept.get(key).filter(|assets| !assets.is_stale()) {
            return Arc::clone(&assets.value);
        }
        let assets = Arc::new(self.first_assets.renewed(template, data));
        kept.put(key.clone(), Fresh::now(Arc::clone(&assets)));
        assets
    }

    /// Where relative paths of the template and of rows start.
    fn bases(&self, job: &Job, template: Option<&Url>) -> Result<[(String, Base); 2], Refusal> {
        let of_template = match (&job.template_base, template) {
            (Some(base), _) => self.base(&parse(base)?)?,
            (None, Some(url)) => self.base(url)?,
            (None, None) => (String::new(), Base::from(Path::new(NOWHERE))),
        };
        let of_data = match (&job.data_base, &job.data) {
            (Some(base), _) => self.base(&parse(base)?)?,
            (None, Some(data)) => self.base(&parse(&data.url)?)?,
            (None, None) => of_template.clone(),
        };
        Ok([of_template, of_data])
    }

    /// A folder's URL ends with a slash; any other has the folder of its file.
    fn base(&self, url: &Url) -> Result<(String, Base), Refusal> {
        if !matches!(url.scheme(), "s3" | "file") {
            return Ok((url.to_string(), Base::Url(url.clone())));
        }
        let folder = url.join(".").unwrap_or_else(|_| url.clone());
        let name = folder.to_string();
        if folder.scheme() == "s3" {
            return Ok((name, Base::Url(folder)));
        }
        let path = self.objects.folder(&folder);
        let path = path.map_err(|error| Refusal::new("source_refused", format!("{}: {error}", shown_url(url))))?;
        Ok((name, Base::Folder(path)))
    }

    /// The rows of a part of a table. A row that cannot be read fails by itself; a table that cannot be is refused.
    fn table(&self, data: &Data, template: &Template, template_name: &str) -> Result<(Rows, u64), Refusal> {
        let url = parse(&data.url)?;
        let table = self.tables.open(&url, &self.gate)?;
        let source = DataSource::Url(url.clone());
        let invalid = |message: String| Refusal::new("data_invalid", format!("{source}: {message}"));
        let reader = RowReader::named(Path::new(url.path()), Box::new(table.reader()));
        let mut reader = reader.map_err(|error| invalid(error.to_string()))?;
        if reader.syntax() == RowSyntax::Csv {
            let mut errors = template.check_columns(reader.columns()).err().unwrap_or_default();
            errors.extend(template.unknown_columns(reader.columns()));
            if !errors.is_empty() {
                return Err(Refusal::of_columns(&Problem::of_columns(Path::new(template_name), &source, errors)));
            }
        }
        // One more than is allowed, so that it shows.
        let most = data.row_count.unwrap_or(u64::MAX).min(self.limits.rows.saturating_add(1));
        let (mut rows, mut seen) = (Vec::new(), 0);
        while (rows.len() as u64) < most {
            match reader.next() {
                None => break,
                Some(Err(error)) if error.is_fatal() => return Err(invalid(error.to_string())),
                Some(row) => {
                    seen += 1;
                    if seen > data.first_row {
                        rows.push(row);
                    }
                }
            }
        }
        let count = rows.len() as u64;
        if data.row_count.is_some_and(|wanted| count < wanted) || seen < data.first_row {
            let message =
                format!("the job asks for rows from number {} on that are not there: it has {seen}", data.first_row);
            return Err(invalid(message));
        }
        Ok((Box::new(rows.into_iter()), count))
    }
}

impl JobLimits {
    fn check<const N: usize>(self, counted: [(&'static str, &str, u64, u64); N]) -> Result<(), Refusal> {
        match counted.into_iter().find(|(_, _, has, most)| has > most) {
            Some((code, what, has, most)) => {
                let advice = "split it into jobs of fewer rows";
                Err(Refusal::new(code, format!("the job has {has} {what}, {most} are allowed: {advice}")))
            }
            None => Ok(()),
        }
    }
}

/// A template's text, and where it came from.
struct FoundTemplate {
    /// As messages call it.
    shown: String,
    text: Vec<u8>,
    syntax: Syntax,
    url: Option<Url>,
}

/// Counts jobs that are being opened; also where opening panics.
struct Opening<'c>(&'c AtomicUsize);

impl<'c> Opening<'c> {
    fn begin(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The job's, else the template's; no two alike.
fn outputs(job: &Job, template: &Template) -> Result<Vec<Output>, Refusal> {
    let of_template = || choose_outputs(template.outputs(), &CampaignOptions::default()).map_err(Refusal::of_option);
    let asked = if job.outputs.is_empty() { of_template()? } else { job.outputs.clone() };
    let mut outputs: Vec<Output> = Vec::with_capacity(asked.len());
    for output in asked {
        if !outputs.contains(&output) {
            outputs.push(output);
        }
    }
    Ok(outputs)
}

fn parse(text: &str) -> Result<Url, Refusal> {
    let shown = || shown_location(text);
    match parse_url(text) {
        Some(Ok(url)) => Ok(url),
        Some(Err(message)) => Err(Refusal::new("source_refused", format!("{}: {message}", shown()))),
        None => {
            let message = format!("{:?} is no URL: expected s3://, https:// or file:///", shown());
            Err(Refusal::new("source_refused", message))
        }
    }
}

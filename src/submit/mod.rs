//! The other end of the queue: campaigns are submitted, looked after, retried and called off.
//!
//! ```text
//!   Campaign::open ─> names, photos of every row ─> upload ─> jobs ─> stored, then published ─> campaign.json
//! ```
//!
//! Everything that is needed later lies in the destination, beside the images: see [`crate::job::CampaignPlaces`].

mod assets;
mod follow;
mod line;
mod place;
mod post;
mod retry;
mod status;

use std::sync::Arc;

use serde_json::Map;
use thiserror::Error;
use tokio::runtime::Handle;

use crate::campaign::{Campaign, CampaignError, CampaignOptions, DEFAULT_NAME, DataSource, current_time};
use crate::job::{CampaignFile, CampaignPlaces, Job, JobError, Row, RowError, TemplateSource};
use crate::pipeline::Stop;
use crate::queue::{Publisher, QueueError};
use crate::render::{RenderError, check_names};
use crate::store::{Store, StoreError};

pub use follow::{Followed, Watched, follow};
pub use place::CampaignPlace;
pub use retry::{Retried, RetryOptions, retry};
pub use status::{FailedRow, PartState, State, state};

use line::Line;
use post::Post;

/// Longest id of a campaign: jobs are named by it, with part and attempt.
const MAX_ID_BYTES: usize = Job::MAX_ID_BYTES - 20;

/// What to submit, and how.
#[derive(Clone, Debug)]
pub struct SubmitOptions {
    /// Template, rows, sizes, outputs, names.
    pub campaign: CampaignOptions,
    /// Where images go.
    pub destination: String,
    /// The campaign's id; absent: one is made up.
    pub id: Option<String>,
    /// The lane's name.
    pub lane: String,
    /// Rows of one job.
    pub rows_per_job: u64,
    /// At most this many rows.
    pub limit: Option<u64>,
}

impl SubmitOptions {
    /// An id for a campaign that has none: of the template's file name.
    pub fn new_id(&self) -> String {
        let stem = self.campaign.template.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let parent = self.campaign.template.parent().and_then(|parent| parent.file_name()?.to_str());
        new_id(if stem == "template" { parent.unwrap_or(stem) } else { stem })
    }
}

/// What was submitted.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The campaign's id.
    pub id: String,
    /// Jobs in all.
    pub jobs: u64,
    /// Of them published now: the others were before.
    pub published: u64,
    /// Rows in all.
    pub rows: u64,
    /// Variants of a row.
    pub variants_per_row: u64,
    /// Why it ended before the rows did, if it did.
    pub stopped: Option<String>,
    /// What is allowed and looks like a slip.
    pub notes: Vec<String>,
}

impl Submitted {
    /// Of a submission that was stopped before its first job.
    fn nothing(id: String, campaign: &Campaign, reason: String) -> Self {
        let variants_per_row = campaign.variants_per_row() as u64;
        let stopped = Some(reason);
        Self { id, jobs: 0, published: 0, rows: 0, variants_per_row, stopped, notes: campaign.notes.clone() }
    }
}

/// Why nothing was submitted.
#[derive(Debug, Error)]
pub enum SubmitError {
    /// The template, its assets, the options or the data's header.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// Names, or rows that cannot be read.
    #[error(transparent)]
    Rows(#[from] RenderError),
    /// The destination.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The broker.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The id.
    #[error(transparent)]
    Job(#[from] JobError),
    /// Something else that the message names.
    #[error("{0}")]
    Other(String),
}

/// Submits a campaign, or what is left of one that was interrupted. Blocks; `runtime` is where messages are published.
///
/// # Errors
/// When it cannot be submitted. What was published stays published: the same call goes on from there.
pub fn submit<P: Publisher>(
    options: &SubmitOptions,
    store: &Arc<dyn Store>,
    publisher: &Arc<P>,
    runtime: &Handle,
    stop: &Stop,
    progress: &mut dyn FnMut(u64),
) -> Result<Submitted, SubmitError> {
    if options.campaign.data == Some(DataSource::Stdin) {
        let message = "submit reads rows twice, so standard input will not do: write them to a file first";
        return Err(SubmitError::Other(message.to_owned()));
    }
    let campaign = Campaign::open(&options.campaign)?;
    let plan = campaign.plan();
    let id = options.id.clone().unwrap_or_else(|| options.new_id());
    Job::check_id("campaign", &id)?;
    // Jobs are named by it, with room for part and attempt.
    if id.len() > MAX_ID_BYTES {
        return Err(SubmitError::Other(format!("--campaign: an id has at most {MAX_ID_BYTES} characters")));
    }
    let places = CampaignPlaces::new(&id);
    let earlier = earlier(store, &places)?;
    if store.get(&places.cancelled())?.is_some() {
        return Err(SubmitError::Other(called_off(&CampaignPlace::of(&options.destination, &id))));
    }
    check_names(&campaign, &plan, options.limit, stop)?;
    let assets = assets::upload(&campaign, &plan, options, store, stop)?;
    if let Some(reason) = stop.reason() {
        return Ok(Submitted::nothing(id, &campaign, reason));
    }
    // The time of an interrupted submission goes on, unless another was asked for.
    let now = match (&earlier, &options.campaign.now) {
        (Some(earlier), None) => earlier.now.clone(),
        _ => campaign.now.0.to_string(),
    };
    let base = Job {
        version: Job::VERSION,
        id: String::new(),
        campaign: id.clone(),
        part: 0,
        attempt: 1,
        template: TemplateSource::Url(assets.template),
        template_base: Some(assets.template_base),
        data_base: Some(assets.data_base),
        rows: None,
        first_row: 0,
        row_numbers: None,
        unreadable: Vec::new(),
        data: None,
        set: options.campaign.set.iter().cloned().collect(),
        sizes: campaign.sizes.iter().map(|&size| plan.template.sizes()[size].name.to_string()).collect(),
        scale: (campaign.scale != 1.0).then_some(campaign.scale),
        outputs: campaign.outputs.clone(),
        destination: options.destination.clone(),
        name: Some(options.campaign.name.clone().unwrap_or_else(|| DEFAULT_NAME.to_owned())),
        now: Some(now.clone()),
        locale: None,
        metadata: Map::new(),
        reply_to: None,
    };
    let file = CampaignFile {
        version: CampaignFile::VERSION,
        campaign: id.clone(),
        created: earlier.as_ref().map_or_else(|| current_time().0.to_string(), |earlier| earlier.created.clone()),
        now,
        template: plan.template.name().to_owned(),
        template_hash: plan.template.hash().to_owned(),
        plan_hash: plan_hash(&base, options, plan.template.hash()),
        lane: options.lane.clone(),
        rows_per_job: options.rows_per_job,
        variants_per_row: plan.variants_per_row(),
        parts: 0,
        rows: 0,
        rows_hash: String::new(),
        is_complete: false,
    };
    if earlier.as_ref().is_some_and(|earlier| earlier.plan_hash != file.plan_hash) {
        let message = format!(
            "campaign {id} is there already, with another template, photos, options or destination: choose another \
             --campaign"
        );
        return Err(SubmitError::Other(message));
    }
    let rows =
        campaign.rows_until(stop)?.take(usize::try_from(options.limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX));
    let post = Post::new(Arc::clone(store), Arc::clone(publisher), runtime.clone(), &options.lane, stop.clone());
    let mut line = Line::new(base, file, earlier, Arc::clone(store), post)?;
    let fed = feed(&mut line, rows, stop, progress).and_then(|()| line.finish(!stop.is_requested()));
    if let Err(error) = fed {
        // What was published stays published, and the next submission goes on from there.
        stop.request(error.to_string());
        line.give_up();
        if !line.has_published() {
            return Err(error);
        }
    }
    let (ended, stopped) = (line.reached(), stop.reason());
    Ok(Submitted {
        id,
        jobs: ended.file.parts,
        published: ended.published,
        rows: ended.file.rows,
        variants_per_row: ended.file.variants_per_row,
        stopped,
        notes: campaign.notes.clone(),
    })
}

/// Rows into the line, to their end or a stop.
fn feed<P: Publisher>(
    line: &mut Line<P>,
    rows: impl Iterator<Item = Result<Row, RowError>>,
    stop: &Stop,
    progress: &mut dyn FnMut(u64),
) -> Result<(), SubmitError> {
    for row in rows {
        if stop.is_requested() {
            break;
        }
        match row {
            Ok(row) => line.row(fields(&row))?,
            Err(error) if error.is_fatal() => return Err(SubmitError::Other(error.to_string())),
            Err(error) => line.unreadable_row(&error)?,
        }
        progress(line.rows());
    }
    Ok(())
}

/// Calls a campaign off: workers look before they begin a job. Blocks.
///
/// # Errors
/// When there is no such campaign, or the store takes nothing.
pub fn cancel(place: &CampaignPlace, store: &Arc<dyn Store>) -> Result<(), SubmitError> {
    let places = place.places();
    if earlier(store, &places)?.is_none() {
        return Err(SubmitError::Other(format!("there is no campaign at {place}")));
    }
    store.put(&places.cancelled(), format!("{}\n", current_time().0).as_bytes())?;
    Ok(())
}

/// Why nothing more is submitted of a campaign.
fn called_off(place: &CampaignPlace) -> String {
    format!("{place} was called off: remove {} from the destination to go on with it", place.places().cancelled())
}

/// A campaign that was submitted before, all or in part.
fn earlier(store: &Arc<dyn Store>, places: &CampaignPlaces) -> Result<Option<CampaignFile>, SubmitError> {
    match store.get(&places.campaign())? {
        None => Ok(None),
        Some(bytes) => match serde_json::from_slice(&bytes) {
            Ok(file) => Ok(Some(file)),
            Err(error) => Err(SubmitError::Other(format!("{} cannot be read: {error}", places.campaign()))),
        },
    }
}

/// Of all that decides what the jobs say, but for the rows and the time.
fn plan_hash(base: &Job, options: &SubmitOptions, template_hash: &str) -> String {
    let timeless = Job { now: None, ..base.clone() };
    let said = serde_json::to_vec(&timeless).expect("a job is strings and numbers");
    let rows = format!("{template_hash} {} {:?}", options.rows_per_job, options.campaign.now);
    crate::job::digest(&[said.as_slice(), rows.as_bytes()].concat())
}

/// The template's name, as far as an id may have it, and a part that sorts by time.
fn new_id(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let plain = plain.trim_matches('-');
    let plain = if plain.is_empty() { "campaign" } else { &plain[..plain.len().min(40)] };
    let unique = uuid::Uuid::now_v7().simple().to_string();
    format!("{plain}-{}", &unique[..20])
}

/// A row as a job carries it.
fn fields(row: &Row) -> Map<String, serde_json::Value> {
    row.fields.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
}

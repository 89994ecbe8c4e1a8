//! The gate: every byte that comes from the network, or out of a `data:` URL, comes through here.
//!
//! ```text
//!   URL ─guard─> kept? ─> a place at its host ─> look-up ─guard─> connection ─> answer ─> counted body ─> kept
//!     scheme, host,  fetched or confirmed   at most so many   every address,       │ redirect: from the guard on
//!     port           in this run            at once, alive    every connection     └ trouble: again, within a budget
//! ```
//!
//! What may be fetched says [`Guard`]; how much and how long, [`FetchLimits`]. Feeds the rest of `assets/` and
//! `render/` (templates and data by URL). Knows nothing of photos.

mod address;
mod connector;
mod data_url;
mod error;
mod exchange;
mod guard;
mod hosts;
mod http;
mod kept;
mod objects;
mod pool;
pub mod stored;

use std::fs::File;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use url::Url;

pub use address::{Reach, reach};
pub use connector::Lookup;
pub use error::FetchError;
pub use guard::{Guard, HostPattern, shown_location, shown_url};
pub use objects::{FetchObject, ObjectCounts, Objects};

pub(super) use exchange::host_of;
use hosts::Hosts;
pub(super) use hosts::Room;
use http::{Answer, Client, Sink, Validators};
use kept::{Kept, KeptFolder, RunFile};
pub(super) use pool::Pool;

/// Bytes of answers that are read at once.
const READING_BYTES: u64 = 128 << 20;

/// What is asked of the network at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchLimits {
    /// From the look-up of the name to the end of the TLS handshake. Default: 10 s.
    pub connect_timeout: Duration,
    /// From the request to the end of the answer's header. Default: 15 s.
    pub first_byte_timeout: Duration,
    /// Between two pieces of the body. Default: 10 s; never less than for the header.
    pub stall_timeout: Duration,
    /// For a file with its redirects and retries. Default: 30 s.
    pub total_timeout: Duration,
    /// The same for a table of rows. Default: 10 min.
    pub table_timeout: Duration,
    /// Default: 5.
    pub max_redirects: u32,
    /// The first one included. Default: 3.
    pub attempts: u32,
    /// The first pause before another attempt, doubled each time; a random part of it is waited. Default: 400 ms.
    pub first_pause: Duration,
    /// Fetches from one host. Default: 24, so that 500 photos at 100 ms each take little more than 2 s.
    pub at_once_per_host: usize,
    /// Fetches in all. Default: 32.
    pub at_once: usize,
    /// Files that are kept on disk. Default: 1 GiB.
    pub kept_bytes: u64,
    /// After this long the server is asked whether a file has changed. Default: never in one run.
    pub fresh_for: Duration,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(15),
            stall_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(30),
            table_timeout: Duration::from_secs(600),
            max_redirects: 5,
            attempts: 3,
            first_pause: Duration::from_millis(400),
            at_once_per_host: 24,
            at_once: 32,
            kept_bytes: 1 << 30,
            fresh_for: Duration::MAX,
        }
    }
}

/// How a gate is made.
#[derive(Clone, Debug, Default)]
pub struct GateConfig {
    /// What may be fetched.
    pub guard: Guard,
    /// How much and how long.
    pub limits: FetchLimits,
    /// A folder that keeps fetched files from run to run. Default: they are kept for this run only.
    pub cache: Option<PathBuf>,
    /// How names become addresses. Default: as the system says.
    pub lookup: Lookup,
    /// Where `s3://` and `file://` URLs may lead. Default: nowhere.
    pub objects: Option<Objects>,
    /// Certificates (DER) to trust in place of the public authorities'. Default: none.
    pub authorities: Vec<Vec<u8>>,
}

/// Fetches. One for a run, shared by its threads.
pub struct Gate {
    guard: Guard,
    limits: FetchLimits,
    hosts: Hosts,
    room: Room,
    kept: Kept,
    objects: Option<Objects>,
    files: OnceLock<Client>,
    tables: OnceLock<Client>,
    lookup: Lookup,
    authorities: Vec<Vec<u8>>,
}

impl Gate {
    /// Nothing is asked of the network yet.
    ///
    /// # Errors
    /// When the cache folder cannot be used.
    pub fn new(config: GateConfig) -> std::io::Result<Self> {
        let GateConfig { guard, limits, cache, lookup, objects, authorities } = config;
        let kept = match cache {
            Some(folder) => Kept::Folder(KeptFolder::open(&folder, limits.kept_bytes, limits.fresh_for)?),
            None => Kept::Run(RunFile::new(limits.kept_bytes, limits.fresh_for)),
        };
        Ok(Self {
            guard,
            limits,
            hosts: Hosts::new(&limits),
            room: Room::new(READING_BYTES),
            kept,
            objects,
            files: OnceLock::new(),
            tables: OnceLock::new(),
            lookup,
            authorities,
        })
    }

    /// The limits it keeps.
    pub fn limits(&self) -> &FetchLimits {
        &self.limits
    }

    /// The file at an `http`, `https` or `data:` URL, and at those that [`Objects`] reads. One that was fetched in this
    /// run is not fetched again while it is kept and fresh; one of an earlier run, or one that is not fresh, only if the
    /// server says that it has changed.
    ///
    /// # Errors
    /// When it may not be fetched, cannot be, or is too large.
    pub fn fetch(&self, url: &Url, max_bytes: u64) -> Result<Vec<u8>, FetchError> {
        if url.scheme() == "data" {
            return data_url::read(url.as_str(), max_bytes);
        }
        let url = &without_fragment(url);
        if let Some(objects) = self.objects.as_ref().filter(|_| stored::is_scheme(url.scheme())) {
            return objects.fetch(url, max_bytes);
        }
        // Also for what is kept: another run may have had another guard.
        self.guard.check(url)?;
        let kept = self.kept.get(url, max_bytes);
        let (known, body) = match kept {
            Some(kept) if kept.is_fresh => return Ok(kept.body),
            Some(kept) => (kept.validators, Some(kept.body)),
            None => (Validators::default(), None),
        };
        let client = self.files.get_or_init(|| self.client(self.limits));
        let mut sink = Sink::Memory(Vec::new());
        match (self.exchange(client, url, &known, max_bytes, self.limits.total_timeout, &mut sink)?, sink, body) {
            (Answer::NotModified, _, Some(body)) => {
                self.kept.confirm(url);
                Ok(body)
            }
            (Answer::Body { validators, may_be_stored }, Sink::Memory(body), _) => {
                // What may not be stored may still be used as long as this run lasts.
                if may_be_stored || matches!(self.kept, Kept::Run(_)) {
                    self.kept.put(url, &body, &validators);
                }
                Ok(body)
            }
            _ => Err(FetchError::Failed("the server's answer makes no sense".to_owned())),
        }
    }

    /// The content of a `data:` URL as it is written, which need not be a valid URL otherwise.
    ///
    /// # Errors
    /// When it is not well formed or too large.
    pub fn read_data(&self, url: &str, max_bytes: u64) -> Result<Vec<u8>, FetchError> {
        data_url::read(url, max_bytes)
    }

    /// Fetches a table of rows into a file, which may take longer than a photo and is not kept.
    ///
    /// # Errors
    /// As for [`Gate::fetch`], or when the file cannot be written.
    pub fn fetch_table(&self, url: &Url, max_bytes: u64, file: &mut File) -> Result<(), FetchError> {
        self.fetch_table_unless(url, &TableVersion::default(), max_bytes, file).map(drop)
    }

    /// As [`Gate::fetch_table`], unless it is the version that is known: gives the version that came, or nothing.
    ///
    /// # Errors
    /// As for [`Gate::fetch_table`].
    pub fn fetch_table_unless(
        &self,
        url: &Url,
        known: &TableVersion,
        max_bytes: u64,
        file: &mut File,
    ) -> Result<Option<TableVersion>, FetchError> {
        let url = &without_fragment(url);
        if let Some(objects) = self.objects.as_ref().filter(|_| stored::is_scheme(url.scheme())) {
            let fetched = objects.fetch_unless(url, known.0.etag.as_deref(), max_bytes, file)?;
            return Ok(fetched.map(|etag| TableVersion(Validators { etag, last_modified: None })));
        }
        let limits = FetchLimits { total_timeout: self.limits.table_timeout, ..self.limits };
        let client = self.tables.get_or_init(|| self.client(limits));
        match self.exchange(client, url, &known.0, max_bytes, limits.total_timeout, &mut Sink::File(file))? {
            Answer::Body { validators, .. } => Ok(Some(TableVersion(validators))),
            Answer::NotModified => Ok(None),
            Answer::Redirect(_) => Err(FetchError::Failed("the server's answer makes no sense".to_owned())),
        }
    }

    fn client(&self, limits: FetchLimits) -> Client {
        Client::new(&self.guard, self.lookup.clone(), &self.authorities, limits)
    }
}

/// By what a server tells one version of a table from another. Default: that of no table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableVersion(Validators);

impl TableVersion {
    /// Whether the server cannot be asked for a change.
    pub fn is_unknown(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("guard", &self.guard).finish_non_exhaustive()
    }
}

fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

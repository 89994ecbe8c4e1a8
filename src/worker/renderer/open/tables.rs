//! Tables of rows, fetched once for all the jobs that name a part of them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use lru::LruCache;
use parking_lot::Mutex;
use url::Url;

use super::FRESH;
use super::refusal::{Refusal, What};
use crate::assets::fetch::{Gate, TableVersion};
use crate::campaign::FetchedData;

/// Longest table. One out of a bucket is in memory until it is written down.
const MAX_TABLE_BYTES: u64 = 512 << 20;
/// Tables that are kept, each in a file without a name.
const KEPT: NonZeroUsize = NonZeroUsize::new(4).unwrap();

/// The tables that were asked for last.
pub(super) struct Tables {
    kept: Mutex<LruCache<String, Arc<Mutex<Option<Table>>>>>,
}

struct Table {
    data: FetchedData,
    version: TableVersion,
    since: Instant,
}

impl Tables {
    pub(super) fn new() -> Self {
        Self { kept: Mutex::new(LruCache::new(KEPT)) }
    }

    /// A table as it is now. Jobs that ask for the same one meanwhile wait for it.
    pub(super) fn open(&self, url: &Url, gate: &Gate) -> Result<FetchedData, Refusal> {
        let place = Arc::clone(self.kept.lock().get_or_insert(url.to_string(), Arc::default));
        let mut kept = place.lock();
        let known = match &*kept {
            // Where no version is told, nothing but time tells that it may be another.
            Some(table) if table.version.is_unknown() && table.since.elapsed() < FRESH => {
                return Ok(table.data.clone());
            }
            Some(table) => table.version.clone(),
            None => TableVersion::default(),
        };
        let mut file = tempfile::tempfile().map_err(|error| {
            Refusal::passing("data_unreachable", format!("no temporary file to fetch into: {error}"))
        })?;
        let fetched = gate.fetch_table_unless(url, &known, MAX_TABLE_BYTES, &mut file);
        match (fetched.map_err(|error| Refusal::of_fetch(What::Data, url, &error))?, &*kept) {
            (Some(version), _) => {
                let data = FetchedData::of(file);
                *kept = Some(Table { data: data.clone(), version, since: Instant::now() });
                Ok(data)
            }
            (None, Some(table)) => Ok(table.data.clone()),
            (None, None) => Err(Refusal::passing("data_unreachable", "the server's answer makes no sense")),
        }
    }
}

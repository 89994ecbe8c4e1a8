//! A campaign watched to its end: by the results that are published, and, since those can be missed, by what lies in
//! its folder and among the dead letters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use super::place::{JobObject, job_object, part_of};
use super::{CampaignPlace, State, SubmitError, state};
use crate::job::{Counts, JobResult};
use crate::pipeline::Stop;
use crate::queue::{DeadAction, DeadLetter, Publisher};
use crate::store::{Store, StoreError};

/// How often a stop is looked for.
const STOP_EVERY: Duration = Duration::from_millis(100);
/// Dead letters that are gone through.
const MOST_DEAD: u64 = 10_000;
/// The dead letters are gone through at every so many-th look, whatever their number.
const LOOKS_ANYWAY: u32 = 20;

/// What was seen of a campaign.
#[derive(Clone, Debug)]
pub struct Followed {
    /// How far it is.
    pub state: State,
    /// Jobs that were given up, with the reason and the message.
    pub dead: BTreeMap<u64, (String, String)>,
    /// Whether nothing more is to come; else the watch was stopped.
    pub is_done: bool,
}

/// What is watched.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The campaign.
    pub place: CampaignPlace,
    /// Its jobs: the parts below this number.
    pub jobs: u64,
    /// How often store and broker are asked for what was missed.
    pub look_every: Duration,
}

/// Watches until each job has ended, was called off or given up, or until a stop is requested. `results` must have been
/// asked for before the first job was published.
///
/// # Errors
/// When the store cannot be asked at the end.
pub async fn follow<P: Publisher>(
    watched: &Watched,
    store: &Arc<dyn Store>,
    publisher: &P,
    mut results: Receiver<Vec<u8>>,
    stop: &Stop,
    progress: &mut (dyn FnMut(&Counts) + Send),
) -> Result<Followed, SubmitError> {
    let &Watched { ref place, jobs, look_every } = watched;
    let mut watch = Watch { place, ended: BTreeMap::new(), dead: BTreeMap::new(), dead_there: 0, looks: 0 };
    let (mut look, mut stops) = (tokio::time::interval(look_every), tokio::time::interval(STOP_EVERY));
    let mut hears = true;
    while watch.open(jobs) > 0 && !stop.is_requested() {
        tokio::select! {
            result = results.recv(), if hears => match result {
                Some(result) => watch.heard(&result),
                None => hears = false,
            },
            _ = look.tick() => {
                watch.look(store).await;
                watch.look_at_dead(publisher).await;
            }
            _ = stops.tick() => continue,
        }
        progress(&watch.counts());
    }
    let is_done = watch.open(jobs) == 0;
    let Watch { ended, mut dead, .. } = watch;
    dead.retain(|part, _| !ended.contains_key(part));
    let (place, store) = (place.clone(), Arc::clone(store));
    let state = tokio::task::spawn_blocking(move || state(&place, &store)).await.expect("it does not panic")?;
    Ok(Followed { state, dead, is_done })
}

struct Watch<'w> {
    place: &'w CampaignPlace,
    /// By part. Of several attempts any will do: the numbers of the end come from the records.
    ended: BTreeMap<u64, Counts>,
    dead: BTreeMap<u64, (String, String)>,
    /// Dead letters at the last look, of any campaign.
    dead_there: u64,
    looks: u32,
}

impl Watch<'_> {
    fn open(&self, jobs: u64) -> u64 {
        let is_ours = |part: &&u64| **part < jobs;
        let closed: BTreeSet<u64> = self.ended.keys().chain(self.dead.keys()).filter(is_ours).copied().collect();
        jobs - closed.len() as u64
    }

    fn heard(&mut self, result: &[u8]) {
        match serde_json::from_slice::<JobResult>(result) {
            Ok(result) if result.campaign == self.place.id => drop(self.ended.insert(result.part, result.counts)),
            _ => tracing::warn!("a message that is no result of the campaign"),
        }
    }

    fn counts(&self) -> Counts {
        self.ended.values().fold(Counts::default(), |sum, counts| Counts {
            ok: sum.ok + counts.ok,
            failed: sum.failed + counts.failed,
            skipped: sum.skipped + counts.skipped,
            reused: sum.reused + counts.reused,
            bytes: sum.bytes + counts.bytes,
        })
    }

    /// Results that are in the store and were not heard of.
    async fn look(&mut self, store: &Arc<dyn Store>) {
        let (places, id, store) = (self.place.places(), self.place.id.clone(), Arc::clone(store));
        let known: BTreeSet<u64> = self.ended.keys().copied().collect();
        let read = move || {
            let mut found = Vec::new();
            for name in store.list(&places.prefix())? {
                if let Some((part, attempt, JobObject::Result)) = job_object(&places, &id, &name)
                    && !known.contains(&part)
                {
                    found.extend(store.get(&places.result(&super::place::job_id(&id, part, attempt)))?);
                }
            }
            Ok::<_, StoreError>(found)
        };
        match tokio::task::spawn_blocking(read).await.expect("it does not panic") {
            Ok(found) => found.iter().for_each(|result| self.heard(result)),
            Err(error) => tracing::warn!(%error, "the destination cannot be looked at; trying again"),
        }
    }

    /// Jobs that were given up have no result. The dead letters are gone through only when their number changes, since
    /// each look counts as a delivery.
    async fn look_at_dead(&mut self, publisher: &impl Publisher) {
        let Some(there) = publisher.depths().await.ok().and_then(|depths| Some(depths.last()?.1)) else { return };
        // Others may come and go between two looks, and leave the number as it was.
        self.looks += 1;
        if there == self.dead_there && !self.looks.is_multiple_of(LOOKS_ANYWAY) {
            return;
        }
        let mut dead = BTreeMap::new();
        let id = &self.place.id;
        let mut note = |letter: &DeadLetter| {
            if let Some((part, _)) = letter.job.as_ref().and_then(|job| part_of(id, job)) {
                dead.insert(part, (letter.reason.clone(), letter.message.clone()));
            }
            DeadAction::Keep
        };
        match publisher.dead_letters(MOST_DEAD, &mut note).await {
            Ok(_) => (self.dead, self.dead_there) = (dead, there),
            Err(error) => tracing::warn!(%error, "the dead letters cannot be looked at; trying again"),
        }
    }
}

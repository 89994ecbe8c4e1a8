//! The books of a worker: which jobs it holds, how far each is, and when one may be acknowledged.
//!
//! A pure state machine: events go in (a delivery, an outcome, a crash, a lost connection, the time), actions come
//! out. It knows no broker, no store and no clock; `T` is whatever a delivery is settled by.
//!
//! ```text
//!   deliver ─> Recalling ─> Ready ─> Rendering ─> Storing ─> Telling ─> Settling ─> gone: acknowledged
//!                 │           ^          │ fault that may pass, crash     (manifest)   (result)
//!                 │           └─ Resting <┘
//!                 └─ not a job, refused, guilty of a crash ─> Burying ─> gone: dead-lettered
//! ```
//!
//! A job is acknowledged only after every variant has an outcome, its manifest is stored and its result confirmed.
//! After a crash of the renderer its jobs are tried again one by one, each alone: the one that crashes it alone again
//! is guilty.

mod entry;
mod event;
mod turns;

use std::collections::{BTreeMap, HashMap, VecDeque};

pub use entry::{Held, Phase};
pub use event::{Action, Death, Delivered, FarmCounts, FarmRules, FaultKind, Recalled, Slot};

use entry::Entry;
use turns::Turns;

use crate::job::Record;

/// Jobs that were done and could not be acknowledged, so that they are when they come again.
const REMEMBERED: usize = 4096;

/// Every job that a worker holds.
pub struct Farm<T> {
    rules: FarmRules,
    jobs: BTreeMap<Slot, Entry<T>>,
    by_id: HashMap<String, Slot>,
    /// Done, but whoever delivered them is gone; with the time until which they are expected again.
    done: VecDeque<(String, [u8; 32], u64)>,
    /// The last time that was told.
    now_ms: u64,
    turns: Turns,
    next_slot: u64,
    counts: FarmCounts,
    is_draining: bool,
}

impl<T: Copy + Eq + std::fmt::Debug> Farm<T> {
    /// No jobs yet.
    pub fn new(rules: FarmRules) -> Self {
        Self {
            turns: Turns::new(&rules.lane_weights),
            rules,
            jobs: BTreeMap::new(),
            by_id: HashMap::new(),
            done: VecDeque::new(),
            now_ms: 0,
            next_slot: 0,
            counts: FarmCounts::default(),
            is_draining: false,
        }
    }

    /// What was received and what became of it.
    pub fn counts(&self) -> FarmCounts {
        self.counts
    }

    /// How many jobs are held.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Jobs that the renderer has.
    pub fn rendering(&self) -> usize {
        self.jobs.values().filter(|entry| matches!(entry.phase, Phase::Rendering { .. })).count()
    }

    /// What is known of a job.
    pub fn held(&self, slot: Slot) -> Option<Held<'_>> {
        self.jobs.get(&slot).map(Entry::held)
    }

    /// A message came that is a job; `is_again`: the broker says that somebody had it before. Where it says
    /// [`Delivered::Conflict`], nothing was entered.
    pub fn deliver(
        &mut self,
        tag: T,
        id: &str,
        digest: [u8; 32],
        lane: usize,
        is_again: bool,
        now_ms: u64,
    ) -> Delivered {
        self.now_ms = self.now_ms.max(now_ms);
        if let Some(&slot) = self.by_id.get(id) {
            let entry = self.jobs.get_mut(&slot).expect("ids of jobs that are held");
            if entry.digest != digest {
                return Delivered::Conflict;
            }
            self.counts.received += 1;
            entry.tags.push(tag);
            entry.delivered_ms = now_ms;
            return Delivered::Known(slot);
        }
        self.counts.received += 1;
        // Somebody may publish the same once more and mean it: that is not the delivery that was lost.
        self.done.retain(|(_, _, until_ms)| *until_ms > now_ms);
        let known = self.done.iter().position(|(done, of, _)| done == id && *of == digest);
        if let Some(at) = known.filter(|_| is_again) {
            self.done.remove(at);
            return Delivered::Done;
        }
        let slot = Slot(self.next_slot);
        self.next_slot += 1;
        self.by_id.insert(id.to_owned(), slot);
        self.jobs.insert(slot, Entry::new(id, digest, lane, tag, now_ms));
        Delivered::New(slot)
    }

    /// A message came that is settled at once, by the caller: buried, or acknowledged because it was done.
    pub fn settled_at_once(&mut self, is_buried: bool) {
        match is_buried {
            true => {
                self.counts.received += 1;
                self.counts.buried += 1;
            }
            false => self.counts.acknowledged += 1,
        }
    }

    /// What earlier attempts left of a job is known.
    pub fn recalled(&mut self, slot: Slot, recalled: Recalled) -> Vec<Action<T>> {
        let Some(entry) = self.in_phase(slot, |phase| *phase == Phase::Recalling) else { return Vec::new() };
        match recalled {
            Recalled::Kept(records) => {
                entry.kept = records;
                entry.phase = Phase::Ready;
                Vec::new()
            }
            Recalled::Cancelled => {
                entry.is_cancelled = true;
                entry.phase = Phase::Telling;
                vec![Action::Tell(slot)]
            }
        }
    }

    /// The next job for the renderer, if it may have one now.
    pub fn next_to_render(&mut self) -> Option<Action<T>> {
        self.next_of(|_| true)
    }

    /// The same, of some lanes only. Jobs that are tried alone come before all others.
    pub fn next_of(&mut self, may_begin: impl Fn(usize) -> bool) -> Option<Action<T>> {
        if self.is_draining {
            return None;
        }
        let rendering = self.rendering();
        // Suspects first, each alone; meanwhile nobody else, or a crash would tell nothing.
        let is_at_hand = |phase: Phase| matches!(phase, Phase::Ready | Phase::Rendering { .. });
        let has_suspects = self.jobs.values().any(|entry| entry.is_suspect && is_at_hand(entry.phase));
        if has_suspects {
            if rendering > 0 {
                return None;
            }
            let (slot, entry) =
                self.jobs.iter_mut().find(|(_, entry)| entry.is_suspect && entry.phase == Phase::Ready)?;
            entry.phase = Phase::Rendering { alone: true };
            return Some(Action::Render(*slot));
        }
        let ready = self.jobs.iter().filter(|(_, entry)| entry.phase == Phase::Ready && may_begin(entry.lane));
        let ready: Vec<(Slot, usize)> = ready.map(|(slot, entry)| (*slot, entry.lane)).collect();
        let slot = self.turns.choose(&ready)?;
        self.jobs.get_mut(&slot).expect("it was found").phase = Phase::Rendering { alone: false };
        Some(Action::Render(slot))
    }

    /// A variant has an end. The first end of a variant counts: one that is rendered again comes out the same.
    pub fn settle(&mut self, slot: Slot, seq: u64, record: Record) -> Vec<Action<T>> {
        let every = self.rules.checkpoint_variants;
        let Some(entry) = self.in_phase(slot, |phase| matches!(phase, Phase::Rendering { .. })) else {
            return Vec::new();
        };
        if entry.records.contains_key(&seq) {
            return Vec::new();
        }
        entry.records.insert(seq, record);
        entry.unsaved += 1;
        if entry.unsaved >= every && !entry.tags.is_empty() {
            entry.unsaved = 0;
            return vec![Action::Checkpoint(slot)];
        }
        Vec::new()
    }

    /// The renderer has ended a job with this many variants.
    pub fn rendered(&mut self, slot: Slot, variants: u64, template_hash: String) -> Vec<Action<T>> {
        let Some(entry) = self.in_phase(slot, |phase| matches!(phase, Phase::Rendering { .. })) else {
            return Vec::new();
        };
        entry.template_hash = Some(template_hash);
        if entry.records.len() as u64 != variants {
            // A bug of ours: never acknowledged, never silently short.
            let message = format!("{} of {variants} variants have an outcome", entry.records.len());
            return self.fault(slot, FaultKind::OfTheJob, "internal", &message, 0);
        }
        entry.is_suspect = false;
        entry.phase = Phase::Storing;
        vec![Action::StoreManifest(slot)]
    }

    /// The manifest is stored.
    pub fn manifest_stored(&mut self, slot: Slot) -> Vec<Action<T>> {
        let Some(entry) = self.in_phase(slot, |phase| *phase == Phase::Storing) else { return Vec::new() };
        entry.phase = Phase::Telling;
        vec![Action::Tell(slot)]
    }

    /// The result is confirmed.
    pub fn told(&mut self, slot: Slot) -> Vec<Action<T>> {
        let Some(entry) = self.in_phase(slot, |phase| *phase == Phase::Telling) else { return Vec::new() };
        let tags = std::mem::take(&mut entry.tags);
        let entry = self.remove(slot).expect("it is held");
        self.counts.acknowledged += tags.len() as u64;
        if tags.is_empty() {
            self.remember(entry.id, entry.digest);
            return vec![Action::Forget(slot)];
        }
        vec![Action::Ack(slot, tags, entry.id, entry.digest), Action::Forget(slot)]
    }

    /// An acknowledgement came too late: the job comes again, and is acknowledged then.
    pub fn ack_was_stale(&mut self, id: String, digest: [u8; 32]) {
        self.counts.acknowledged -= 1;
        self.counts.handed_back += 1;
        self.remember(id, digest);
    }

    /// Something went wrong that is not the renderer's death.
    pub fn fault(&mut self, slot: Slot, kind: FaultKind, code: &str, message: &str, now_ms: u64) -> Vec<Action<T>> {
        let rules = &self.rules;
        let Some(entry) = self.jobs.get_mut(&slot) else { return Vec::new() };
        if !matches!(entry.phase, Phase::Rendering { .. } | Phase::Recalling) {
            return Vec::new();
        }
        match kind {
            FaultKind::OfTheJob => self.bury(slot, code, message),
            FaultKind::OfItsSource if entry.source_faults + 1 >= rules.source_attempts => {
                entry.source_faults += 1;
                self.bury(slot, code, message)
            }
            FaultKind::OfItsSource | FaultKind::OfTheStore => {
                entry.faults += 1;
                entry.source_faults += u32::from(kind == FaultKind::OfItsSource);
                let back_to_recall = entry.phase == Phase::Recalling;
                entry.phase = Phase::Resting { until_ms: now_ms + rules.rest_ms(entry.faults), recall: back_to_recall };
                Vec::new()
            }
        }
    }

    /// The renderer died or was killed after it had shown that it can draw.
    pub fn renderer_died(&mut self, death: Death, message: &str) -> Vec<Action<T>> {
        let rendering: Vec<Slot> = self
            .jobs
            .iter()
            .filter(|(_, entry)| matches!(entry.phase, Phase::Rendering { .. }))
            .map(|(slot, _)| *slot)
            .collect();
        let mut actions = Vec::new();
        for slot in rendering {
            let entry = self.jobs.get_mut(&slot).expect("it was found");
            let was_alone = entry.phase == Phase::Rendering { alone: true };
            entry.phase = Phase::Ready;
            entry.deaths += 1;
            if was_alone {
                actions.extend(self.bury(slot, death.code(), message));
            } else {
                entry.is_suspect = true;
            }
        }
        actions
    }

    /// A connection is lost: its tags are void. What is being made goes on; what had not begun comes again.
    pub fn session_lost(&mut self, is_of_session: impl Fn(&T) -> bool) -> Vec<Action<T>> {
        let mut actions = Vec::new();
        let slots: Vec<Slot> = self.jobs.keys().copied().collect();
        for slot in slots {
            let entry = self.jobs.get_mut(&slot).expect("it is held");
            let before = entry.tags.len();
            entry.tags.retain(|tag| !is_of_session(tag));
            self.counts.handed_back += (before - entry.tags.len()) as u64;
            let has_begun = !matches!(entry.phase, Phase::Recalling | Phase::Ready | Phase::Resting { .. });
            if entry.tags.is_empty() && (!has_begun || entry.phase == Phase::Burying) {
                self.remove(slot);
                actions.push(Action::Forget(slot));
            }
        }
        actions
    }

    /// A dead letter is confirmed, and the delivery acknowledged.
    pub fn buried(&mut self, slot: Slot) -> Vec<Action<T>> {
        let Some(entry) = self.in_phase(slot, |phase| *phase == Phase::Burying) else { return Vec::new() };
        self.counts.buried += entry.tags.len() as u64;
        self.remove(slot);
        vec![Action::Forget(slot)]
    }

    /// Time goes on: rests end, and jobs that were held too long for the broker's patience go back.
    pub fn tick(&mut self, now_ms: u64) -> Vec<Action<T>> {
        self.now_ms = self.now_ms.max(now_ms);
        let mut actions = Vec::new();
        let slots: Vec<Slot> = self.jobs.keys().copied().collect();
        for slot in slots {
            let entry = self.jobs.get_mut(&slot).expect("it is held");
            let is_overdue = now_ms.saturating_sub(entry.delivered_ms) >= self.rules.hold_ms;
            if is_overdue && !entry.tags.is_empty() {
                actions.extend(self.hand_back(slot));
                continue;
            }
            if let Phase::Resting { until_ms, recall } = entry.phase
                && until_ms <= now_ms
            {
                entry.phase = if recall { Phase::Recalling } else { Phase::Ready };
                if recall {
                    actions.push(Action::Recall(slot));
                }
            }
        }
        actions
    }

    /// Takes nothing more to the renderer, and hands back what it has not begun.
    pub fn drain(&mut self) -> Vec<Action<T>> {
        self.is_draining = true;
        let idle = |entry: &Entry<T>| matches!(entry.phase, Phase::Recalling | Phase::Ready | Phase::Resting { .. });
        let slots: Vec<Slot> = self.jobs.iter().filter(|(_, entry)| idle(entry)).map(|(slot, _)| *slot).collect();
        slots.into_iter().flat_map(|slot| self.hand_back(slot)).collect()
    }

    /// Hands back everything.
    pub fn give_up(&mut self) -> Vec<Action<T>> {
        self.is_draining = true;
        let slots: Vec<Slot> = self.jobs.keys().copied().collect();
        slots.into_iter().flat_map(|slot| self.hand_back(slot)).collect()
    }

    fn hand_back(&mut self, slot: Slot) -> Vec<Action<T>> {
        let Some(mut entry) = self.remove(slot) else { return Vec::new() };
        let tags = std::mem::take(&mut entry.tags);
        self.counts.handed_back += tags.len() as u64;
        let is_unfinished = matches!(entry.phase, Phase::Rendering { .. } | Phase::Ready | Phase::Resting { .. });
        let records = match entry.unsaved > 0 && is_unfinished {
            true => entry.records.into_values().collect(),
            false => Vec::new(),
        };
        vec![Action::HandBack(slot, tags, records), Action::Forget(slot)]
    }

    fn bury(&mut self, slot: Slot, code: &str, message: &str) -> Vec<Action<T>> {
        let entry = self.jobs.get_mut(&slot).expect("it is held");
        if entry.tags.is_empty() {
            // It comes again, and will be found guilty again.
            self.remove(slot);
            return vec![Action::Forget(slot)];
        }
        entry.phase = Phase::Burying;
        let attempts = entry.deaths.max(entry.source_faults).max(1);
        vec![Action::Bury { slot, code: code.to_owned(), message: message.to_owned(), attempts }]
    }

    fn in_phase(&mut self, slot: Slot, is_it: impl Fn(&Phase) -> bool) -> Option<&mut Entry<T>> {
        self.jobs.get_mut(&slot).filter(|entry| is_it(&entry.phase))
    }

    fn remove(&mut self, slot: Slot) -> Option<Entry<T>> {
        let entry = self.jobs.remove(&slot)?;
        self.by_id.remove(&entry.id);
        Some(entry)
    }

    fn remember(&mut self, id: String, digest: [u8; 32]) {
        if self.done.len() == REMEMBERED {
            self.done.pop_front();
        }
        self.done.push_back((id, digest, self.now_ms + self.rules.hold_ms));
    }
}

#[cfg(test)]
mod tests;

//! The rules one by one, and any order of events.

use proptest::prelude::*;

use super::*;
use crate::job::{ErrorCode, Format, Status};

/// Session and number.
type Tag = (u64, u64);

fn rules() -> FarmRules {
    FarmRules {
        lane_weights: vec![1, 4],
        checkpoint_variants: 2,
        hold_ms: 10_000,
        source_attempts: 3,
        first_rest_ms: 100,
        longest_rest_ms: 1_000,
    }
}

fn record(seq: u64) -> Record {
    let record = Record::new(seq, seq.to_string(), "link", Format::Jpeg);
    Record { status: Status::Ok, object: Some(format!("{seq}.jpg")), ..record }
}

fn farm_with(jobs: &[&str]) -> (Farm<Tag>, Vec<Slot>) {
    let mut farm = Farm::new(rules());
    let mut slots = Vec::new();
    for (number, id) in (1..).zip(jobs) {
        let Delivered::New(slot) = farm.deliver((1, number), id, [0; 32], 0, false, 0) else { panic!("a new job") };
        assert!(farm.recalled(slot, Recalled::Kept(Vec::new())).is_empty());
        slots.push(slot);
    }
    (farm, slots)
}

fn render_all(farm: &mut Farm<Tag>) -> Vec<Slot> {
    std::iter::from_fn(|| farm.next_to_render())
        .map(|action| match action {
            Action::Render(slot) => slot,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn finish(farm: &mut Farm<Tag>, slot: Slot) -> Vec<Action<Tag>> {
    assert_eq!(farm.rendered(slot, 0, "t".into()), [Action::StoreManifest(slot)]);
    assert_eq!(farm.manifest_stored(slot), [Action::Tell(slot)]);
    farm.told(slot)
}

fn bury_code(actions: &[Action<Tag>]) -> Option<&str> {
    actions.iter().find_map(|action| match action {
        Action::Bury { code, .. } => Some(code.as_str()),
        _ => None,
    })
}

#[test]
fn a_job_is_acknowledged_after_manifest_and_result() {
    let (mut farm, slots) = farm_with(&["a"]);
    let slot = slots[0];
    assert_eq!(farm.next_to_render(), Some(Action::Render(slot)));
    assert!(farm.settle(slot, 1, record(1)).is_empty());
    assert_eq!(farm.settle(slot, 0, record(0)), [Action::Checkpoint(slot)]);
    assert!(farm.settle(slot, 0, record(7)).is_empty(), "the first end counts");
    assert!(farm.told(slot).is_empty() && farm.manifest_stored(slot).is_empty(), "not before its turn");
    assert_eq!(farm.rendered(slot, 2, "t".into()), [Action::StoreManifest(slot)]);
    assert_eq!(farm.held(slot).unwrap().counts().ok, 2);
    assert!(farm.told(slot).is_empty(), "not before the manifest");
    assert_eq!(farm.manifest_stored(slot), [Action::Tell(slot)]);
    let ack = Action::Ack(slot, vec![(1, 1)], "a".into(), [0; 32]);
    assert_eq!(farm.told(slot), [ack, Action::Forget(slot)]);
    assert_eq!(farm.counts(), FarmCounts { received: 1, acknowledged: 1, ..FarmCounts::default() });
}

#[test]
fn a_job_with_variants_missing_is_never_acknowledged() {
    let (mut farm, slots) = farm_with(&["a"]);
    farm.next_to_render();
    farm.settle(slots[0], 0, record(0));
    assert_eq!(bury_code(&farm.rendered(slots[0], 2, "t".into())), Some("internal"));
}

#[test]
fn a_redelivery_takes_the_job_over() {
    let (mut farm, slots) = farm_with(&["a", "b"]);
    assert_eq!(farm.next_to_render(), Some(Action::Render(slots[0])));
    // The first goes on without a delivery, the second has not begun and is forgotten.
    assert_eq!(farm.session_lost(|tag| tag.0 == 1), [Action::Forget(slots[1])]);
    assert!(farm.settle(slots[0], 0, record(0)).is_empty());
    assert!(farm.settle(slots[0], 1, record(1)).is_empty(), "no checkpoints while others may have the job");
    assert_eq!(farm.deliver((2, 1), "a", [0; 32], 0, true, 5), Delivered::Known(slots[0]));
    farm.rendered(slots[0], 2, "t".into());
    farm.manifest_stored(slots[0]);
    assert!(matches!(&farm.told(slots[0])[0], Action::Ack(_, tags, ..) if *tags == [(2, 1)]));
    assert_eq!(farm.counts(), FarmCounts { received: 3, acknowledged: 1, buried: 0, handed_back: 2 });
}

#[test]
fn a_job_that_was_done_and_comes_again_is_acknowledged_at_once() {
    let (mut farm, slots) = farm_with(&["a"]);
    farm.next_to_render();
    farm.session_lost(|_| true);
    assert_eq!(finish(&mut farm, slots[0]), [Action::Forget(slots[0])]);
    assert_eq!(farm.deliver((2, 1), "a", [9; 32], 0, true, 0), Delivered::New(Slot(1)), "another job of that id");
    farm.give_up();
    assert!(matches!(farm.deliver((2, 3), "a", [0; 32], 0, false, 0), Delivered::New(_)), "published once more");
    farm.give_up();
    assert_eq!(farm.deliver((2, 2), "a", [0; 32], 0, true, 0), Delivered::Done);
    farm.settled_at_once(false);
    let FarmCounts { received, acknowledged, buried, handed_back } = farm.counts();
    assert_eq!((received, acknowledged + buried + handed_back), (4, 4));
}

#[test]
fn two_jobs_of_one_id_do_not_mix() {
    let (mut farm, _) = farm_with(&["a"]);
    assert_eq!(farm.deliver((1, 2), "a", [1; 32], 0, false, 0), Delivered::Conflict);
    assert_eq!(farm.counts().received, 1);
}

#[test]
fn after_a_crash_each_job_is_tried_alone_and_only_the_guilty_one_dies() {
    let (mut farm, slots) = farm_with(&["a", "b", "c"]);
    assert_eq!(render_all(&mut farm), slots);
    assert!(farm.renderer_died(Death::Crash, "signal 6").is_empty(), "nobody is guilty yet");
    let Delivered::New(late) = farm.deliver((1, 9), "late", [0; 32], 1, false, 0) else { panic!() };
    farm.recalled(late, Recalled::Kept(Vec::new()));
    assert_eq!(render_all(&mut farm), [slots[0]], "alone, before all others");
    finish(&mut farm, slots[0]);
    assert_eq!(render_all(&mut farm), [slots[1]]);
    assert_eq!(bury_code(&farm.renderer_died(Death::Hang, "2 min")), Some("renderer_hang"));
    assert_eq!(render_all(&mut farm), [slots[2]]);
    finish(&mut farm, slots[2]);
    assert_eq!(farm.buried(slots[1]), [Action::Forget(slots[1])]);
    assert_eq!(render_all(&mut farm), [late], "and then as before");
    assert_eq!(farm.counts().buried, 1);
}

#[test]
fn a_job_that_is_the_only_one_is_tried_once_more() {
    let (mut farm, slots) = farm_with(&["a"]);
    render_all(&mut farm);
    assert!(farm.renderer_died(Death::Memory, "").is_empty());
    assert_eq!(render_all(&mut farm), slots);
    assert_eq!(bury_code(&farm.renderer_died(Death::Memory, "")), Some("renderer_out_of_memory"));
}

#[test]
fn a_store_that_is_down_costs_no_attempts() {
    let (mut farm, slots) = farm_with(&["a"]);
    let mut now = 0;
    for round in 0..50 {
        assert_eq!(render_all(&mut farm), slots, "round {round}");
        assert!(farm.fault(slots[0], FaultKind::OfTheStore, "store", "down", now).is_empty());
        assert!(render_all(&mut farm).is_empty(), "it rests");
        now += 1_000;
        farm.deliver((1, 2 + round), "a", [0; 32], 0, false, now);
        assert!(farm.tick(now).is_empty());
    }
    assert_eq!(farm.counts().buried, 0);
}

#[test]
fn a_source_that_cannot_be_had_is_given_up_after_some_tries() {
    let (mut farm, slots) = farm_with(&["a"]);
    for _ in 0..2 {
        render_all(&mut farm);
        assert!(farm.fault(slots[0], FaultKind::OfItsSource, "template_unreachable", "", 0).is_empty());
        farm.tick(5_000);
    }
    render_all(&mut farm);
    let actions = farm.fault(slots[0], FaultKind::OfItsSource, "template_unreachable", "", 0);
    assert_eq!(bury_code(&actions), Some("template_unreachable"));
    render_all(&mut farm);
}

#[test]
fn a_store_that_is_down_brings_no_source_nearer_to_its_end() {
    let (mut farm, slots) = farm_with(&["a"]);
    for _ in 0..20 {
        render_all(&mut farm);
        assert!(farm.fault(slots[0], FaultKind::OfTheStore, "store_unreachable", "", 0).is_empty());
        farm.tick(5_000);
    }
    render_all(&mut farm);
    assert!(farm.fault(slots[0], FaultKind::OfItsSource, "template_unreachable", "", 0).is_empty());
}

#[test]
fn a_full_renderer_still_takes_a_job_of_a_lane_that_has_none_there() {
    let (mut farm, slots) = farm_with(&["a", "b"]);
    let Delivered::New(urgent) = farm.deliver((1, 9), "urgent", [0; 32], 1, false, 0) else { panic!() };
    farm.recalled(urgent, Recalled::Kept(Vec::new()));
    assert_eq!(farm.next_of(|lane| lane == 0), Some(Action::Render(slots[0])));
    assert_eq!(farm.next_of(|lane| lane == 1), Some(Action::Render(urgent)));
    assert_eq!(farm.next_of(|lane| lane == 1), None);
}

#[test]
fn a_job_that_is_held_too_long_goes_back_with_what_there_is() {
    let (mut farm, slots) = farm_with(&["a"]);
    render_all(&mut farm);
    farm.settle(slots[0], 0, record(0));
    assert!(farm.tick(9_999).is_empty());
    let back = Action::HandBack(slots[0], vec![(1, 1)], vec![record(0)]);
    assert_eq!(farm.tick(10_000), [back, Action::Forget(slots[0])]);
    assert_eq!(farm.counts(), FarmCounts { received: 1, handed_back: 1, ..FarmCounts::default() });
}

#[test]
fn a_rest_that_ends_when_the_job_goes_back_begins_nothing() {
    let mut farm = Farm::new(rules());
    let Delivered::New(slot) = farm.deliver((1, 1), "a", [0; 32], 0, false, 0) else { panic!("a new job") };
    assert!(farm.fault(slot, FaultKind::OfTheStore, "store", "down", 9_950).is_empty());
    let back = Action::HandBack(slot, vec![(1, 1)], Vec::new());
    assert_eq!(farm.tick(20_000), [back, Action::Forget(slot)], "and no recall");
}

#[test]
fn draining_hands_back_what_has_not_begun() {
    let (mut farm, slots) = farm_with(&["a", "b"]);
    assert_eq!(farm.next_to_render(), Some(Action::Render(slots[0])));
    assert_eq!(farm.drain()[0], Action::HandBack(slots[1], vec![(1, 2)], vec![]));
    assert_eq!(farm.next_to_render(), None);
    finish(&mut farm, slots[0]);
    assert!(farm.is_empty());
}

#[test]
fn a_cancelled_job_is_told_and_acknowledged() {
    let mut farm = Farm::new(rules());
    let Delivered::New(slot) = farm.deliver((1, 1), "a", [0; 32], 0, false, 0) else { panic!() };
    assert_eq!(farm.recalled(slot, Recalled::Cancelled), [Action::Tell(slot)]);
    assert!(farm.held(slot).unwrap().is_cancelled);
    assert!(matches!(farm.told(slot)[0], Action::Ack(..)));
}

#[test]
fn failures_are_counted_by_code() {
    let (mut farm, slots) = farm_with(&["a"]);
    render_all(&mut farm);
    farm.settle(slots[0], 0, record(0).failed(ErrorCode::PhotoMissing, ""));
    assert_eq!(farm.held(slots[0]).unwrap().failures(), [(ErrorCode::PhotoMissing, 1)].into());
    assert_eq!(farm.held(slots[0]).unwrap().stored().count(), 0);
}

/// What may happen next, in any order.
#[derive(Clone, Debug)]
enum Chance {
    Deliver(u8),
    Recall(u8, bool),
    Render,
    Settle(u8, u8),
    Rendered(u8),
    Stored(u8),
    Told(u8, bool),
    Buried(u8),
    Fault(u8, u8),
    Death,
    SessionLost,
    Tick(u16),
    Drain,
}

fn chance() -> impl Strategy<Value = Chance> {
    prop_oneof![
        4 => (0..6_u8).prop_map(Chance::Deliver),
        4 => (0..8_u8, prop::bool::weighted(0.05)).prop_map(|(job, cancelled)| Chance::Recall(job, cancelled)),
        4 => Just(Chance::Render),
        6 => (0..8_u8, 0..3_u8).prop_map(|(job, seq)| Chance::Settle(job, seq)),
        4 => (0..8_u8).prop_map(Chance::Rendered),
        4 => (0..8_u8).prop_map(Chance::Stored),
        4 => (0..8_u8, prop::bool::weighted(0.1)).prop_map(|(job, stale)| Chance::Told(job, stale)),
        2 => (0..8_u8).prop_map(Chance::Buried),
        2 => (0..8_u8, 0..3_u8).prop_map(|(job, kind)| Chance::Fault(job, kind)),
        1 => Just(Chance::Death),
        1 => Just(Chance::SessionLost),
        1 => (0..4_000_u16).prop_map(Chance::Tick),
        1 => prop::bool::weighted(0.02).prop_map(|drain| if drain { Chance::Drain } else { Chance::Tick(1) }),
    ]
}

/// Follows the farm from outside: which deliveries are open, and what was done for each job.
#[derive(Default)]
struct Watch {
    session: u64,
    next_tag: u64,
    open: Vec<Tag>,
    manifest: std::collections::BTreeSet<Slot>,
    told: std::collections::BTreeSet<Slot>,
    burying: std::collections::BTreeMap<Slot, Vec<Tag>>,
}

impl Watch {
    fn settle(&mut self, tag: Tag) {
        let at = self.open.iter().position(|open| *open == tag).expect("settled once, and while it was open");
        self.open.remove(at);
    }

    fn see(&mut self, farm: &Farm<Tag>, actions: &[Action<Tag>]) {
        for action in actions {
            match action {
                Action::Ack(slot, tags, ..) => {
                    assert!(self.told.contains(slot), "acknowledged without a result");
                    tags.iter().for_each(|tag| self.settle(*tag));
                }
                Action::HandBack(_, tags, _) => tags.iter().for_each(|tag| self.settle(*tag)),
                Action::Bury { slot, .. } => {
                    self.burying.insert(*slot, Vec::new());
                }
                Action::StoreManifest(slot) | Action::Tell(slot) | Action::Render(slot) | Action::Recall(slot) => {
                    assert!(farm.held(*slot).is_some());
                }
                Action::Checkpoint(slot) => assert!(farm.held(*slot).is_some()),
                Action::Forget(slot) => assert!(farm.held(*slot).is_none()),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_delivery_is_lost_or_settled_early_whatever_happens(chances in prop::collection::vec(chance(), 1..160)) {
        let mut farm: Farm<Tag> = Farm::new(rules());
        let mut watch = Watch { session: 1, ..Watch::default() };
        let mut now = 0;
        let mut bodies = std::collections::HashMap::new();
        for chance in chances {
            let slots: Vec<Slot> = farm.jobs.keys().copied().collect();
            let pick = |job: u8| slots.get(job as usize % slots.len().max(1)).copied();
            let actions = match chance {
                Chance::Deliver(job) => {
                    watch.next_tag += 1;
                    let tag = (watch.session, watch.next_tag);
                    watch.open.push(tag);
                    match farm.deliver(tag, &format!("job-{job}"), [job; 32], job as usize % 2, true, now) {
                        Delivered::New(slot) => { bodies.insert(slot, job); }
                        Delivered::Known(slot) => prop_assert_eq!(bodies[&slot], job),
                        Delivered::Done => {
                            farm.settled_at_once(false);
                            watch.settle(tag);
                        }
                        Delivered::Conflict => prop_assert!(false, "one body for each id"),
                    }
                    Vec::new()
                }
                Chance::Recall(job, cancelled) => pick(job).map_or_else(Vec::new, |slot| {
                    let recalled = if cancelled { Recalled::Cancelled } else { Recalled::Kept(Vec::new()) };
                    let actions = farm.recalled(slot, recalled);
                    if actions == [Action::Tell(slot)] {
                        watch.manifest.insert(slot);
                    }
                    actions
                }),
                Chance::Render => farm.next_to_render().into_iter().collect(),
                Chance::Settle(job, seq) => {
                    pick(job).map_or_else(Vec::new, |slot| farm.settle(slot, seq.into(), record(seq.into())))
                }
                Chance::Rendered(job) => pick(job).map_or_else(Vec::new, |slot| {
                    let count = farm.held(slot).unwrap().records().count();
                    farm.rendered(slot, count as u64, String::new())
                }),
                Chance::Stored(job) => pick(job).map_or_else(Vec::new, |slot| {
                    let actions = farm.manifest_stored(slot);
                    if !actions.is_empty() {
                        watch.manifest.insert(slot);
                    }
                    actions
                }),
                Chance::Told(job, stale) => pick(job).map_or_else(Vec::new, |slot| {
                    if farm.held(slot).unwrap().phase == Phase::Telling {
                        assert!(watch.manifest.contains(&slot), "told without a manifest");
                        watch.told.insert(slot);
                    }
                    let actions = farm.told(slot);
                    if let (true, Some(Action::Ack(_, tags, id, digest))) = (stale, actions.first()) {
                        // Each was counted as acknowledged.
                        tags.iter().for_each(|_| farm.ack_was_stale(id.clone(), *digest));
                    }
                    actions
                }),
                Chance::Buried(job) => pick(job).map_or_else(Vec::new, |slot| {
                    if farm.held(slot).unwrap().phase == Phase::Burying {
                        let tags = farm.jobs[&slot].tags.clone();
                        tags.into_iter().for_each(|tag| watch.settle(tag));
                    }
                    farm.buried(slot)
                }),
                Chance::Fault(job, kind) => pick(job).map_or_else(Vec::new, |slot| {
                    let kind = [FaultKind::OfTheJob, FaultKind::OfItsSource, FaultKind::OfTheStore][kind as usize];
                    farm.fault(slot, kind, "code", "message", now)
                }),
                Chance::Death => farm.renderer_died(Death::Crash, ""),
                Chance::SessionLost => {
                    let lost = watch.session;
                    watch.session += 1;
                    watch.open.retain(|tag| tag.0 != lost);
                    farm.session_lost(|tag| tag.0 == lost)
                }
                Chance::Tick(ms) => {
                    now += u64::from(ms);
                    farm.tick(now)
                }
                Chance::Drain => farm.drain(),
            };
            watch.see(&farm, &actions);
            // Whoever is rendering alone is so.
            let alone = farm.jobs.values().any(|entry| entry.phase == Phase::Rendering { alone: true });
            prop_assert!(!alone || farm.rendering() == 1);
        }
        let actions = farm.give_up();
        watch.see(&farm, &actions);
        prop_assert!(watch.open.is_empty(), "every delivery is settled: {:?}", watch.open);
        let FarmCounts { received, acknowledged, buried, handed_back } = farm.counts();
        prop_assert_eq!(received, acknowledged + buried + handed_back);
        prop_assert!(farm.by_id.is_empty() && farm.is_empty());
    }
}

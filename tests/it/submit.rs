//! Campaigns submitted, watched, retried and called off, on a broker and a store in memory. A loop stands in for the
//! worker: it keeps manifests and results as one would, and draws nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gravure::campaign::{CampaignOptions, DataSource};
use gravure::job::{
    CampaignFile, CampaignPlaces, Counts, ErrorCode, Format, Job, JobResult, ObjectName, Record, TemplateSource,
    Timings,
};
use gravure::pipeline::Stop;
use gravure::queue::{DeadAction, DeathNote, JobQueue, MemoryBroker, Publisher, QueueEvent, ResultMessage};
use gravure::store::{MemoryStore, Store};
use gravure::submit::{
    CampaignPlace, Retried, RetryOptions, SubmitError, SubmitOptions, Submitted, Watched, cancel, follow, retry, state,
    submit,
};
use tokio::runtime::Runtime;

const TEMPLATE: &str = r##"
gravure: 1
name: badge
sizes:
  small: { width: 64, height: 64 }
  wide: { width: 128, height: 64 }
fields:
  title: { type: text }
  image: { type: image }
outputs: [{ format: png }]
layers:
  - { type: rect, frame: full, fill: "#336699" }
  - { type: image, src: "{{ image }}", frame: { width: 32, height: 32 } }
  - { type: image, src: "marks/{{ title }}.png", frame: { x: 32, width: 32, height: 32 } }
  - { type: image, src: "logo.png", frame: { y: 32, width: 32, height: 32 } }
"##;
const BOTH: RetryOptions = RetryOptions { failed: true, missing: true };

/// A template, its data, a broker and a store.
struct Farm {
    folder: tempfile::TempDir,
    broker: Arc<MemoryBroker>,
    memory: Arc<MemoryStore>,
    store: Arc<dyn Store>,
    runtime: Runtime,
}

impl Farm {
    /// Rows with the ids 1 to `rows`.
    fn new(rows: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("template.yaml"), TEMPLATE).unwrap();
        write_png(&folder.path().join("logo.png"), 1);
        std::fs::create_dir(folder.path().join("marks")).unwrap();
        std::fs::create_dir(folder.path().join("photos")).unwrap();
        for (nth, mark) in ["a", "b"].iter().enumerate() {
            write_png(&folder.path().join(format!("marks/{mark}.png")), nth as u8);
        }
        for photo in 0..3 {
            write_png(&folder.path().join(format!("photos/{photo}.png")), 10 + photo);
        }
        let memory = Arc::new(MemoryStore::new());
        let store: Arc<dyn Store> = Arc::clone(&memory) as Arc<dyn Store>;
        let runtime = Runtime::new().unwrap();
        let farm = Self { folder, broker: Arc::new(MemoryBroker::default()), memory, store, runtime };
        farm.write_rows(1..=rows);
        farm
    }

    fn write_rows(&self, ids: impl Iterator<Item = u64>) {
        let row = |id: u64| format!("{id},{},photos/{}.png\n", ["a", "b"][id as usize % 2], id % 3);
        let rows: String = ids.map(row).collect();
        std::fs::write(self.folder.path().join("rows.csv"), format!("id,title,image\n{rows}")).unwrap();
    }

    fn options(&self) -> SubmitOptions {
        SubmitOptions {
            campaign: CampaignOptions {
                template: self.folder.path().join("template.yaml"),
                data: Some(DataSource::File(self.folder.path().join("rows.csv"))),
                ..CampaignOptions::default()
            },
            destination: "s3://ads/2026".to_owned(),
            id: Some("spring".to_owned()),
            lane: "jobs".to_owned(),
            rows_per_job: 4,
            limit: None,
        }
    }

    fn submit(&self) -> Result<Submitted, SubmitError> {
        self.submit_as(&self.options(), &Stop::new(), &mut |_| ())
    }

    fn submit_as(
        &self,
        options: &SubmitOptions,
        stop: &Stop,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Submitted, SubmitError> {
        submit(options, &self.store, &self.broker, self.runtime.handle(), stop, progress)
    }

    fn place(&self) -> CampaignPlace {
        CampaignPlace::of("s3://ads/2026", "spring")
    }

    fn retry(&self, options: RetryOptions) -> Result<Retried, SubmitError> {
        retry(&self.place(), options, &self.store, &self.broker, self.runtime.handle(), &Stop::new())
    }

    fn state(&self) -> gravure::submit::State {
        state(&self.place(), &self.store).unwrap()
    }

    fn file(&self) -> CampaignFile {
        let place = CampaignPlaces::new("spring").campaign();
        serde_json::from_slice(&self.store.get(&place).unwrap().unwrap()).unwrap()
    }

    /// Takes every job that waits, hands each to `work`, and acknowledges it.
    fn take(&self, mut work: impl FnMut(Job)) -> Vec<String> {
        let waiting = self.broker.waiting();
        let mut ids = Vec::new();
        self.runtime.block_on(async {
            let queue = self.broker.worker();
            while ids.len() < waiting {
                if let Some(QueueEvent::Delivery(delivery)) = queue.next().await {
                    let job = Job::parse(&delivery.body).unwrap();
                    ids.push(job.id.clone());
                    work(job);
                    queue.ack(delivery.tag).await;
                }
            }
            queue.close().await;
        });
        ids
    }

    /// Ends a job as a worker does: manifest, result, and the result once more over the broker.
    fn end(&self, job: &Job, fails: &dyn Fn(u64) -> bool) {
        let places = CampaignPlaces::new(&job.campaign);
        let is_cancelled = self.store.get(&places.cancelled()).unwrap().is_some();
        let mut counts = Counts::default();
        let mut lines = String::new();
        let mut failures = BTreeMap::new();
        for row in job.told_rows() {
            let (number, is_bad) = match &row {
                Ok(row) => (row.number, fails(row.number)),
                Err(error) => (error.row.unwrap(), true),
            };
            for size in &job.sizes {
                let record = Record::new(number + 1, (number + 1).to_string(), size.as_str(), Format::Png);
                let record = match (is_cancelled, is_bad) {
                    (true, _) => continue,
                    (_, true) => record.failed(ErrorCode::PhotoMissing, "no such file"),
                    _ => Record { bytes: Some(100), ..record },
                };
                if record.error.is_some() {
                    *failures.entry(ErrorCode::PhotoMissing).or_default() += 1;
                }
                counts.add(&record);
                lines.push_str(&record.to_line());
            }
        }
        let result = JobResult {
            version: JobResult::VERSION,
            job: job.id.clone(),
            campaign: job.campaign.clone(),
            part: job.part,
            attempt: job.attempt,
            counts,
            failures,
            cancelled: is_cancelled,
            template_hash: None,
            manifest: String::new(),
            timings: Timings::default(),
            metadata: job.metadata.clone(),
        };
        let body = serde_json::to_vec(&result).unwrap();
        self.store.put(&places.manifest(&job.id), lines.as_bytes()).unwrap();
        self.store.put(&places.result(&job.id), &body).unwrap();
    }

    fn work(&self, fails: &dyn Fn(u64) -> bool) -> Vec<String> {
        self.take(|job| self.end(&job, fails))
    }
}

fn write_png(path: &Path, shade: u8) {
    let pixels = image::RgbImage::from_pixel(4, 4, image::Rgb([shade, 40, 40]));
    pixels.save_with_format(path, image::ImageFormat::Png).unwrap();
}

fn ids(parts: impl IntoIterator<Item = u64>) -> BTreeSet<String> {
    parts.into_iter().map(|part| format!("spring-{part}")).collect()
}

/// What lies below a URL of the destination.
fn below(url: &str) -> &str {
    url.strip_prefix("s3://ads/2026/").unwrap()
}

#[test]
fn rows_are_split_and_what_workers_need_is_uploaded_first() {
    let farm = Farm::new(10);
    std::fs::remove_file(farm.folder.path().join("photos/2.png")).unwrap();
    let submitted = farm.submit().unwrap();
    assert_eq!((submitted.jobs, submitted.published, submitted.rows, submitted.variants_per_row), (3, 3, 10, 2));
    assert_eq!(submitted.stopped, None);
    let mut rows = Vec::new();
    let taken = farm.take(|job| {
        let stored = farm.memory.bytes(CampaignPlaces::new("spring").job(&job.id).as_str()).unwrap();
        assert_eq!(Job::parse(&stored).unwrap(), job, "the message is stored as it was published");
        assert_eq!((job.first_row, job.sizes.len(), job.attempt), (job.part * 4, 2, 1));
        assert!(job.now.is_some() && job.outputs.len() == 1);
        rows.extend(job.inline_rows());
        // Every location leads somewhere below its base, but for the one that is missing.
        let TemplateSource::Url(template) = &job.template else { panic!("by URL") };
        assert_eq!(farm.memory.bytes(below(template)).as_deref(), Some(TEMPLATE.as_bytes()));
        let (of_template, of_rows) = (job.template_base.as_deref().unwrap(), job.data_base.as_deref().unwrap());
        assert!(farm.memory.bytes(&format!("{}logo.png", below(of_template))).is_some());
        // What is made with a value of the row is relative to the data.
        for file in ["marks/a.png", "marks/b.png"] {
            assert!(farm.memory.bytes(&format!("{}{file}", below(of_rows))).is_some(), "{file}");
        }
        for (photo, is_there) in [(0, true), (1, true), (2, false)] {
            let name = format!("{}photos/{photo}.png", below(of_rows));
            assert_eq!(farm.memory.bytes(&name).is_some(), is_there, "{name}");
        }
    });
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), ids(0..3));
    rows.sort_by_key(|row| row.number);
    let told: Vec<_> = rows.iter().map(|row| (row.number, row.get("id").and_then(|id| id.as_str()).unwrap())).collect();
    let expected: Vec<String> = (1..=10).map(|id: u64| id.to_string()).collect();
    assert_eq!(told, (0..).zip(expected.iter().map(String::as_str)).collect::<Vec<_>>());
    let file = farm.file();
    assert!(file.is_complete && file.parts == 3 && file.rows == 10 && file.template == "badge");
}

#[test]
fn the_same_again_publishes_and_uploads_nothing() {
    let farm = Farm::new(10);
    farm.submit().unwrap();
    let (names, file) = (farm.memory.names(), farm.file());
    let again = farm.submit().unwrap();
    assert_eq!((again.jobs, again.published, again.rows), (3, 0, 10));
    assert_eq!((farm.broker.waiting(), farm.memory.names(), farm.file()), (3, names, file));
}

#[test]
fn an_interrupted_submission_goes_on_where_it_was() {
    let farm = Farm::new(30);
    let stop = Stop::new();
    let first = farm.submit_as(&farm.options(), &stop, &mut |rows| {
        if rows == 14 {
            stop.request("interrupted");
        }
    });
    let first = first.unwrap();
    assert_eq!((first.stopped.as_deref(), first.jobs, first.published), (Some("interrupted"), 3, 3));
    assert!(!farm.file().is_complete && farm.file().rows == 12);
    let now = farm.file().now;
    let second = farm.submit().unwrap();
    assert_eq!((second.stopped, second.jobs, second.published, second.rows), (None, 8, 5, 30));
    assert_eq!((farm.file().now, farm.file().is_complete), (now, true), "all jobs see one time");
    let taken = farm.work(&|_| false);
    assert_eq!((taken.len(), taken.into_iter().collect::<BTreeSet<_>>()), (8, ids(0..8)));
    assert_eq!(farm.state().counts.ok, 60);

    // Nor does an interruption of what is all done make less of it.
    let stop = Stop::new();
    farm.submit_as(&farm.options(), &stop, &mut |_| stop.request("interrupted")).unwrap();
    assert!(farm.file().is_complete && farm.file().parts == 8);
}

#[test]
fn a_submission_that_was_killed_publishes_only_what_is_not_known_to_be_out() {
    let farm = Farm::new(30);
    let stop = Stop::new();
    farm.submit_as(&farm.options(), &stop, &mut |rows| {
        if rows == 20 {
            stop.request("interrupted")
        }
    })
    .unwrap();
    farm.take(|job| {
        if job.part < 3 {
            farm.end(&job, &|_| false)
        }
    });
    // As it was before the first rewriting.
    let file = CampaignFile { parts: 0, rows: 0, rows_hash: String::new(), ..farm.file() };
    farm.store.put(&CampaignPlaces::new("spring").campaign(), &serde_json::to_vec(&file).unwrap()).unwrap();
    let again = farm.submit().unwrap();
    assert_eq!((again.jobs, again.published), (8, 5));
    assert_eq!(farm.work(&|_| false).into_iter().collect::<BTreeSet<_>>(), ids(3..8));
    assert!(farm.state().is_done());
}

#[test]
fn a_broker_that_refuses_stops_a_submission_that_can_go_on() {
    let farm = Farm::new(600);
    let submitted = farm.submit_as(&farm.options(), &Stop::new(), &mut |rows| {
        if rows == 100 {
            farm.broker.refuse(Some("out of disk"));
        }
    });
    let submitted = submitted.unwrap();
    assert!(submitted.stopped.unwrap().contains("out of disk"));
    let jobs = submitted.jobs;
    assert!(jobs < 150 && !farm.file().is_complete && farm.file().parts == jobs);
    farm.broker.refuse(None);
    assert_eq!(farm.submit().unwrap().jobs, 150);
    let taken = farm.work(&|_| false);
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), ids(0..150));
    // Where nothing at all went out, that is an error.
    farm.broker.refuse(Some("out of disk"));
    let other = SubmitOptions { id: Some("other".to_owned()), ..farm.options() };
    let error = farm.submit_as(&other, &Stop::new(), &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("out of disk"), "{error}");
}

#[test]
fn a_lane_that_is_not_there_is_an_error() {
    let farm = Farm::new(3);
    let options = SubmitOptions { lane: "nowhere".to_owned(), ..farm.options() };
    let error = farm.submit_as(&options, &Stop::new(), &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[test]
fn other_rows_and_another_template_are_refused_under_the_same_id() {
    let farm = Farm::new(10);
    farm.submit().unwrap();
    let refused = |farm: &Farm| farm.submit().unwrap_err().to_string();
    for ids in [(1..=9).collect::<Vec<u64>>(), (1..=11).collect(), (1..=14).collect(), (2..=11).collect()] {
        farm.write_rows(ids.iter().copied());
        assert!(refused(&farm).contains("other rows"), "{ids:?}: {}", refused(&farm));
    }
    farm.write_rows(1..=10);
    let smaller = SubmitOptions { rows_per_job: 5, ..farm.options() };
    assert!(farm.submit_as(&smaller, &Stop::new(), &mut |_| ()).unwrap_err().to_string().contains("another template"));
    std::fs::write(farm.folder.path().join("template.yaml"), TEMPLATE.replace("#336699", "#336698")).unwrap();
    assert!(refused(&farm).contains("another template"));
    assert_eq!((farm.broker.waiting(), farm.file().parts), (3, 3), "nothing was published for it");
}

#[test]
fn mistakes_are_found_before_anything_is_published() {
    let farm = Farm::new(3);
    let twice =
        CampaignOptions { name: Some("{{ title }}-{{ size }}.{{ ext }}".to_owned()), ..farm.options().campaign };
    let twice = SubmitOptions { campaign: twice, ..farm.options() };
    let error = farm.submit_as(&twice, &Stop::new(), &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("same name"), "{error}");
    for id in ["", "a/b", ".x", &"x".repeat(101)] {
        let options = SubmitOptions { id: Some(id.to_owned()), ..farm.options() };
        assert!(farm.submit_as(&options, &Stop::new(), &mut |_| ()).is_err(), "{id:?}");
    }
    let stdin = CampaignOptions { data: Some(DataSource::Stdin), ..farm.options().campaign };
    let stdin = SubmitOptions { campaign: stdin, ..farm.options() };
    assert!(farm.submit_as(&stdin, &Stop::new(), &mut |_| ()).is_err());
    assert!(farm.memory.names().is_empty() && farm.broker.waiting() == 0);
}

#[test]
fn a_row_that_cannot_be_read_fails_under_its_number() {
    let farm = Farm::new(3);
    let rows = "id,title,image\n1,a,\n2,b\n3,a,\n";
    std::fs::write(farm.folder.path().join("rows.csv"), rows).unwrap();
    assert_eq!(farm.submit().unwrap().rows, 3);
    farm.take(|job| {
        let told = job.told_rows();
        assert_eq!(
            told.iter().map(|row| row.as_ref().map(|row| row.number).ok()).collect::<Vec<_>>(),
            [Some(0), None, Some(2)]
        );
        let error = told[1].as_ref().unwrap_err();
        assert_eq!((error.row, error.line), (Some(1), Some(3)));
        assert!(error.to_string().contains("found 2"), "{error}");
        farm.end(&job, &|_| false);
    });
    assert_eq!(farm.state().parts[&0].failed_rows, [1].into());
    // It cannot be read the next time either.
    assert_eq!(farm.retry(BOTH).unwrap(), Retried::default());
}

#[test]
fn long_rows_make_more_jobs() {
    let farm = Farm::new(0);
    let long = "x".repeat(1 << 20);
    let rows: String = (1..=10).map(|id| format!("{{\"id\": {id}, \"note\": \"{long}\"}}\n")).collect();
    let data = farm.folder.path().join("rows.jsonl");
    std::fs::write(&data, rows).unwrap();
    let campaign = CampaignOptions { data: Some(DataSource::File(data)), ..farm.options().campaign };
    let options = SubmitOptions { campaign, rows_per_job: 1000, ..farm.options() };
    assert_eq!(farm.submit_as(&options, &Stop::new(), &mut |_| ()).unwrap().jobs, 3);
    farm.take(|job| assert!(serde_json::to_vec(&job).unwrap().len() < 5 << 20));
}

#[test]
fn retry_takes_exactly_what_failed_and_what_is_missing() {
    let farm = Farm::new(20);
    farm.submit().unwrap();
    // Part 4 is lost; rows 1, 2 and 9 fail.
    farm.take(|job| {
        if job.part != 4 {
            farm.end(&job, &|row| [1, 2, 9].contains(&row))
        }
    });
    let state = farm.state();
    assert_eq!((state.counts.ok, state.counts.failed, state.missing(), state.open_parts()), (26, 6, 8, 1));
    assert_eq!(state.failures, [(ErrorCode::PhotoMissing, 6)].into());
    assert_eq!(state.failed_rows.iter().map(|failed| failed.row).collect::<Vec<_>>(), [2, 2, 3, 3, 10, 10]);
    assert!(!state.is_done());

    let failed = RetryOptions { failed: true, missing: false };
    assert_eq!(farm.retry(failed).unwrap(), Retried { jobs: 2, rows: 3, is_stopped: false });
    let mut rows = BTreeMap::new();
    farm.take(|job| {
        assert_eq!((job.attempt, job.id.ends_with("-a2")), (2, true));
        rows.insert(job.part, job.inline_rows().map(|row| row.number).collect::<Vec<_>>());
        // Row 9 fails again.
        farm.end(&job, &|row| row == 9);
    });
    assert_eq!(rows, [(0, vec![1, 2]), (2, vec![9])].into());
    let state = farm.state();
    assert_eq!((state.counts.ok, state.counts.failed, state.counts.bytes), (30, 2, 3000), "the latest attempt counts");
    // The part that is lost is not a failed one.
    assert_eq!(farm.retry(failed).unwrap(), Retried { jobs: 1, rows: 1, is_stopped: false });
    // What is being tried again has not failed again.
    assert_eq!(farm.retry(failed).unwrap(), Retried::default());
    assert_eq!(
        farm.retry(RetryOptions { failed: false, missing: true }).unwrap(),
        Retried { jobs: 2, rows: 5, is_stopped: false }
    );
    assert_eq!(
        farm.work(&|_| false).into_iter().collect::<BTreeSet<_>>(),
        ["spring-2-a3".to_owned(), "spring-2-a4".to_owned(), "spring-4-a2".to_owned()].into()
    );
    let state = farm.state();
    assert_eq!((state.counts.ok, state.counts.failed, state.missing()), (40, 0, 0));
    assert!(state.is_done() && farm.retry(BOTH).unwrap() == Retried::default());
}

#[test]
fn a_manifest_without_a_result_is_an_end_and_a_checkpoint_is_none() {
    let farm = Farm::new(8);
    farm.submit().unwrap();
    let places = CampaignPlaces::new("spring");
    farm.take(|job| match job.part {
        0 => {
            farm.end(&job, &|_| false);
            farm.store.delete(&places.result(&job.id)).unwrap();
        }
        _ => {
            farm.end(&job, &|_| false);
            let lines = farm.store.get(&places.manifest(&job.id)).unwrap().unwrap();
            farm.store.put(&places.checkpoint(&job.id), &lines).unwrap();
            farm.store.delete(&places.manifest(&job.id)).unwrap();
            farm.store.delete(&places.result(&job.id)).unwrap();
        }
    });
    let state = farm.state();
    assert_eq!((state.counts.ok, state.missing(), state.open_parts()), (8, 8, 1));
}

#[test]
fn a_campaign_that_is_called_off_ends() {
    let farm = Farm::new(8);
    assert!(cancel(&farm.place(), &farm.store).is_err(), "there is none yet");
    farm.submit().unwrap();
    // Jobs are published side by side: either may be the first.
    let mut is_first = true;
    farm.take(|job| {
        if !std::mem::take(&mut is_first) {
            cancel(&farm.place(), &farm.store).unwrap();
        }
        farm.end(&job, &|_| false);
    });
    let state = farm.state();
    assert!(state.is_cancelled && !state.is_done());
    assert_eq!((state.counts.ok, state.missing(), state.open_parts()), (8, 8, 1));
    for message in [farm.submit().unwrap_err().to_string(), farm.retry(BOTH).unwrap_err().to_string()] {
        assert!(message.contains("called off") && message.contains("_gravure/spring/cancelled"), "{message}");
    }
    // Called on again: what was called off is missing.
    farm.store.delete(&CampaignPlaces::new("spring").cancelled()).unwrap();
    assert_eq!(farm.retry(BOTH).unwrap(), Retried { jobs: 1, rows: 4, is_stopped: false });
    farm.work(&|_| false);
    assert!(farm.state().is_done() && farm.state().counts.ok == 16);
}

#[test]
fn a_campaign_is_watched_by_its_results_and_by_what_was_missed() {
    let farm = Farm::new(12);
    let results = farm.runtime.block_on(farm.broker.results("spring")).unwrap();
    let jobs = farm.submit().unwrap().jobs;
    let watched = Watched { place: farm.place(), jobs, look_every: Duration::from_millis(20) };
    // One is told of, one only stored, one given up.
    let (told, stop) = (Stop::new(), Stop::new());
    let followed = std::thread::scope(|threads| {
        let worker = threads.spawn(|| {
            farm.runtime.block_on(async {
                let queue = farm.broker.worker();
                let mut left = 3;
                while left > 0 {
                    let Some(QueueEvent::Delivery(delivery)) = queue.next().await else { continue };
                    left -= 1;
                    let job = Job::parse(&delivery.body).unwrap();
                    if job.part == 2 {
                        let note =
                            DeathNote { reason: "renderer_crash".into(), message: "it died".into(), attempts: 3 };
                        queue.bury(&delivery, &note).await.unwrap();
                        continue;
                    }
                    farm.end(&job, &|row| row == 0);
                    if job.part == 0 {
                        let body = farm.store.get(&CampaignPlaces::new("spring").result(&job.id)).unwrap().unwrap();
                        let campaign = job.campaign.clone();
                        let result = ResultMessage { message_id: job.id, campaign, reply_to: None, body };
                        queue.publish_result(&result).await.unwrap();
                    }
                    queue.ack(delivery.tag).await;
                }
            });
        });
        let mut most = 0;
        let mut progress = |counts: &Counts| {
            most = most.max(counts.variants());
            told.request("progress");
        };
        let follow = follow(&watched, &farm.store, &*farm.broker, results, &stop, &mut progress);
        let followed = farm.runtime.block_on(follow).unwrap();
        worker.join().unwrap();
        assert_eq!(most, 16);
        followed
    });
    assert!(followed.is_done && told.is_requested());
    assert_eq!((followed.state.counts.ok, followed.state.counts.failed), (14, 2));
    assert_eq!(followed.dead, [(2, ("renderer_crash".to_owned(), "it died".to_owned()))].into());

    // The dead letter is still there; requeued it is done by the next worker.
    let requeue = &mut |_: &_| DeadAction::Requeue;
    assert_eq!(farm.runtime.block_on(farm.broker.dead_letters(10, requeue)).unwrap(), 1);
    assert_eq!(farm.work(&|_| false), ["spring-2"]);
    assert!(farm.state().is_done());
}

#[test]
fn a_watch_that_is_stopped_says_so() {
    let farm = Farm::new(4);
    let results = farm.runtime.block_on(farm.broker.results("spring")).unwrap();
    let jobs = farm.submit().unwrap().jobs;
    let watched = Watched { place: farm.place(), jobs, look_every: Duration::from_millis(20) };
    let stop = Stop::new();
    let mut stop_at_first = |_: &Counts| stop.request("interrupted");
    let follow = follow(&watched, &farm.store, &*farm.broker, results, &stop, &mut stop_at_first);
    let followed = farm.runtime.block_on(follow).unwrap();
    assert!(!followed.is_done && followed.dead.is_empty() && followed.state.missing() == 8);
}

#[test]
fn names_of_gravures_own_are_kept_from_campaigns() {
    let farm = Farm::new(1);
    let campaign = CampaignOptions { name: Some("_gravure/{{ key }}.{{ ext }}".to_owned()), ..farm.options().campaign };
    let options = SubmitOptions { campaign, ..farm.options() };
    assert!(farm.submit_as(&options, &Stop::new(), &mut |_| ()).is_err());
    assert!(ObjectName::new("_gravure/1.png").is_err());
}

//! Buckets on two real servers that differ: Ceph's gateway, which checks signatures, digests and preconditions, and
//! s3rver, which checks nothing. Through a proxy that does what networks do.
//!
//! `tests/run.sh` starts them and tells where: `GRAVURE_TEST_CEPH` and `GRAVURE_TEST_S3RVER`, each
//! `ENDPOINT ACCESS_KEY SECRET BUCKET`.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use gravure::job::digest;
use gravure::store::{
    EtagKind, Fetched, Known, Precondition, S3Settings, Store, StoreError, StoreSettings, Stored, Stores,
};
use tempfile::NamedTempFile;

use crate::fault_proxy::{Fault, FaultProxy};
use crate::store_contract::{contract, name, racing_contract};

/// A server to test against, and a place in it that no other test uses.
pub struct Server {
    pub endpoint: String,
    pub access: String,
    pub secret: NamedTempFile,
    pub bucket: String,
}

impl Server {
    fn of(variable: &str) -> Self {
        let told = std::env::var(variable).unwrap_or_else(|_| {
            panic!("{variable} is not set: tests/run.sh starts the server and sets it to \"ENDPOINT ACCESS_KEY SECRET BUCKET\"")
        });
        let [endpoint, access, secret, bucket] = told.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{variable} must be \"ENDPOINT ACCESS_KEY SECRET BUCKET\"");
        };
        let mut file = NamedTempFile::new().unwrap();
        writeln!(file, "{secret}").unwrap();
        Self { endpoint: endpoint.to_owned(), access: access.to_owned(), secret: file, bucket: bucket.to_owned() }
    }

    pub fn ceph() -> Self {
        Self::of("GRAVURE_TEST_CEPH")
    }

    pub fn s3rver() -> Self {
        Self::of("GRAVURE_TEST_S3RVER")
    }

    pub fn settings(&self) -> S3Settings {
        S3Settings {
            endpoint: Some(self.endpoint.clone()),
            region: Some("us-east-1".to_owned()),
            access_key_id: Some(self.access.clone()),
            secret_access_key_file: Some(self.secret.path().to_owned()),
            attempt_timeout_ms: 5_000,
            ..S3Settings::default()
        }
    }

    /// A destination of this test's own.
    pub fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket, uuid::Uuid::now_v7())
    }

    /// A store behind a proxy, and the same place without one.
    fn behind_proxy(&self, change: impl Fn(&mut S3Settings)) -> Proxied {
        let proxy = FaultProxy::start(&self.endpoint);
        let place = self.place();
        let mut settings = S3Settings { endpoint: Some(proxy.url()), ..self.settings() };
        change(&mut settings);
        let stores = stores(settings);
        let store = stores.open(&place).unwrap();
        let direct = stores_of(self).open(&place).unwrap();
        Proxied { proxy, stores, store, direct }
    }
}

struct Proxied {
    proxy: FaultProxy,
    stores: Stores,
    store: Arc<dyn Store>,
    direct: Arc<dyn Store>,
}

impl Proxied {
    fn retries(&self) -> u64 {
        self.stores.opened_buckets().unwrap().totals().retries.load(Ordering::Relaxed)
    }

    /// Stores some objects at a time, and says how each went; those that were kept are read back, unharmed.
    fn put_many(&self, count: usize, bytes: usize) -> Vec<Result<Stored, StoreError>> {
        let (tell, told) = channel();
        for nth in 0..count {
            let tell = tell.clone();
            let done = Box::new(move |stored, _| tell.send((nth, stored)).unwrap());
            self.store.put_then(&name(&format!("many/{nth}.png")), body(nth, bytes), done);
        }
        drop(tell);
        let mut answers: Vec<_> = told.iter().collect();
        assert_eq!(answers.len(), count);
        answers.sort_by_key(|(nth, _)| *nth);
        for (nth, _) in answers.iter().filter(|(_, stored)| stored.is_ok()) {
            let kept = self.direct.get(&name(&format!("many/{nth}.png"))).unwrap().unwrap();
            assert!(kept == body(*nth, bytes), "many/{nth}.png");
        }
        answers.into_iter().map(|(_, stored)| stored).collect()
    }
}

fn body(nth: usize, bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 31 + nth) as u8).collect()
}

fn stores(s3: S3Settings) -> Stores {
    Stores::new(StoreSettings { s3 })
}

fn stores_of(server: &Server) -> Stores {
    stores(server.settings())
}

fn keeps_the_contract(server: &Server, races: bool, change: impl Fn(&mut S3Settings)) {
    let mut settings = server.settings();
    change(&mut settings);
    let (stores, place) = (stores(settings), server.place());
    let store = stores.open(&place).unwrap();
    let read = |object: &str| match stores.fetch(&format!("{place}/{object}"), None, 1 << 20).unwrap() {
        Fetched::Object { bytes, .. } => Some(bytes),
        Fetched::Missing => None,
        other => panic!("{other:?}"),
    };
    contract(&*store, &read);
    if races {
        racing_contract(&*store, &read);
    }
}

#[test]
fn ceph_keeps_the_contract() {
    keeps_the_contract(&Server::ceph(), true, |_| {});
    // With every limit at its least: nothing waits for itself.
    keeps_the_contract(&Server::ceph(), true, |settings| {
        (settings.max_requests, settings.max_bytes_in_flight) = (1, 1)
    });
}

#[test]
fn s3rver_keeps_the_contract() {
    keeps_the_contract(&Server::s3rver(), false, |_| {});
}

#[test]
fn the_probe_tells_them_apart() {
    let server = Server::ceph();
    let report = stores_of(&server).probe(&server.place()).unwrap().unwrap();
    let told = |report: &gravure::store::ProbeReport| (report.etags, report.precondition, report.checks_md5);
    assert_eq!(told(&report), (EtagKind::Md5, Precondition::Honoured, true), "{report}");
    let server = Server::s3rver();
    let (stores, place) = (stores_of(&server), server.place());
    let report = stores.probe(&place).unwrap().unwrap();
    assert_eq!(told(&report), (EtagKind::Md5, Precondition::Ignored, false), "{report}");
    assert!(stores.open(&place).unwrap().list("").unwrap().is_empty(), "nothing stays behind");
}

#[test]
fn objects_have_the_headers_that_settings_name() {
    let server = Server::ceph();
    let mut settings = server.settings();
    settings.cache_control = Some("public, max-age=60".to_owned());
    settings.metadata.insert("campaign".to_owned(), "spring".to_owned());
    settings.tags.insert("team".to_owned(), "a & b".to_owned());
    let place = server.place();
    let store = stores(settings).open(&place).unwrap();
    store.put(&name("x.jpg"), b"x").unwrap();
    let key = format!("{}/x.jpg", place.trim_start_matches(&format!("s3://{}/", server.bucket)));
    let client = client(&server);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let head = client.head_object().bucket(&server.bucket).key(&key).send().await.unwrap();
        assert_eq!(head.content_type(), Some("image/jpeg"));
        assert_eq!(head.cache_control(), Some("public, max-age=60"));
        assert_eq!(head.metadata().unwrap()["campaign"], "spring");
        let tags = client.get_object_tagging().bucket(&server.bucket).key(&key).send().await.unwrap();
        assert_eq!(tags.tag_set().iter().map(|tag| (tag.key(), tag.value())).collect::<Vec<_>>(), [("team", "a & b")]);
    });
}

/// The SDK's own, to look at what was stored.
fn client(server: &Server) -> aws_sdk_s3::Client {
    use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
    let secret = std::fs::read_to_string(server.secret.path()).unwrap();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(&server.endpoint)
        .region(Region::new("us-east-1"))
        .force_path_style(true)
        .credentials_provider(Credentials::new(&server.access, secret.trim(), None, None, "test"))
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

#[test]
fn a_thousand_names_and_more_are_listed_and_looked_for() {
    let server = Server::ceph();
    let stores = stores_of(&server);
    let store = stores.open(&server.place()).unwrap();
    let (tell, told) = channel();
    const COUNT: usize = 6_100;
    for nth in 0..COUNT {
        let tell = tell.clone();
        let done = Box::new(move |stored: Result<Stored, StoreError>, bytes: Vec<u8>| {
            let object = name(&format!("{nth:04}.png"));
            let known =
                Known { object, bytes: bytes.len() as u64, checksum: digest(&bytes), etag: stored.unwrap().etag };
            tell.send(known).unwrap();
        });
        store.put_then(&name(&format!("{nth:04}.png")), nth.to_string().into_bytes(), done);
    }
    drop(tell);
    let mut known: Vec<Known> = told.iter().collect();
    known.sort_by(|a, b| a.object.as_str().cmp(b.object.as_str()));
    assert_eq!(store.list("").unwrap(), known.iter().map(|known| known.object.to_string()).collect::<Vec<_>>());
    // Within the pages, and past the last of them.
    for nth in [3, COUNT - 2] {
        store.put(&known[nth].object, b"other").unwrap();
        store.delete(&known[nth + 1].object).unwrap();
    }
    known[7].etag = None;
    let holds = store.holds(&known).unwrap();
    let lost: Vec<_> = (0..COUNT).filter(|nth| !holds[*nth]).collect();
    assert_eq!(lost, [3, 4, 7, COUNT - 2, COUNT - 1]);
    // A few in the middle of many.
    assert_eq!(store.holds(&known[2_000..2_003]).unwrap(), [true; 3]);
    assert!(store.holds(&[]).unwrap().is_empty());
}

#[test]
fn an_object_is_fetched_by_its_version() {
    let server = Server::ceph();
    let (stores, place) = (stores_of(&server), server.place());
    let etag = stores.open(&place).unwrap().put(&name("t.yaml"), b"gravure: 1").unwrap().etag;
    let url = format!("{place}/t.yaml");
    let whole = Fetched::Object { bytes: b"gravure: 1".to_vec(), etag: etag.clone() };
    assert_eq!(stores.fetch(&url, None, 10), Ok(whole));
    assert_eq!(stores.fetch(&url, etag.as_deref(), 10), Ok(Fetched::NotModified));
    assert_eq!(stores.fetch(&format!("{place}/none.yaml"), None, 10), Ok(Fetched::Missing));
    assert!(matches!(stores.fetch(&url, None, 9), Ok(Fetched::TooLong { .. })));
}

#[test]
fn refusals_say_what_is_wrong_at_once_and_without_the_secret() {
    let server = Server::ceph();
    let refused = |settings: S3Settings, place: &str, says: &str| {
        let stores = stores(settings);
        let store = stores.open(place).unwrap();
        let errors = [
            store.put(&name("x.png"), b"x").unwrap_err(),
            store.list("").unwrap_err(),
            stores.probe(place).unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
            let text = error.to_string();
            assert!(text.contains(says) && text.contains(&server.endpoint), "{text}");
            assert!(!text.contains("wrong-secret") && !format!("{stores:?}").contains("wrong-secret"));
        }
        let buckets = stores.opened_buckets().unwrap();
        assert_eq!(buckets.totals().retries.load(Ordering::Relaxed), 0, "no use in trying again");
    };
    let mut wrong = NamedTempFile::new().unwrap();
    wrong.write_all(b"wrong-secret").unwrap();
    let place = server.place();
    let secret = S3Settings { secret_access_key_file: Some(wrong.path().to_owned()), ..server.settings() };
    refused(secret, &place, "the secret access key does not belong to the access key id");
    let id = S3Settings { access_key_id: Some("NOBODY".to_owned()), ..server.settings() };
    refused(id, &place, "the access key id is not known");
    refused(server.settings(), "s3://no-such-bucket-here/x", "the bucket does not exist");
    // A secret that is not there.
    let missing = S3Settings { secret_access_key_file: Some("/nowhere/secret".into()), ..server.settings() };
    assert!(stores(missing).open(&place).err().unwrap().to_string().contains("/nowhere/secret"));
}

#[test]
fn throttling_of_half_the_requests_is_waited_out() {
    let proxied = Server::ceph().behind_proxy(|_| {});
    proxied.proxy.set_share(Fault::SLOW_DOWN, 1, 2);
    assert!(proxied.put_many(60, 20_000).iter().all(Result::is_ok));
    assert!(proxied.retries() >= 60, "{}", proxied.retries());
    let counts = proxied.proxy.counts();
    assert!(counts.faults >= 60 && counts.requests >= counts.faults * 2 - 1, "{counts:?}");
    assert!(counts.connections < counts.requests, "connections are kept: {counts:?}");
    // Where it is said with a status of success, too.
    let Fault::Answer(_, words) = Fault::SLOW_DOWN else { unreachable!() };
    proxied.proxy.set_times(Fault::Answer(200, words), 5);
    assert!(proxied.put_many(10, 20_000).iter().all(Result::is_ok));
}

#[test]
fn a_store_that_is_away_for_a_while_is_waited_for() {
    let proxied = Server::ceph().behind_proxy(|_| {});
    assert!(proxied.put_many(5, 1_000).iter().all(Result::is_ok), "connections are open");
    proxied.proxy.set(Fault::Refuse);
    std::thread::scope(|scope| {
        let puts = scope.spawn(|| proxied.put_many(20, 20_000));
        // Until it has been tried for a while.
        while proxied.retries() < 60 {
            std::thread::sleep(Duration::from_millis(5));
        }
        proxied.proxy.set(Fault::Off);
        assert!(puts.join().unwrap().iter().all(Result::is_ok));
    });
}

#[test]
fn a_store_that_stays_away_is_told_of() {
    let proxied = Server::ceph().behind_proxy(|settings| settings.attempts = 3);
    proxied.proxy.set(Fault::Refuse);
    let error = proxied.store.put(&name("x.png"), b"x").unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }) && error.is_fatal(), "{error:?}");
    assert_eq!(proxied.retries(), 2);
    let ends = proxied.put_many(10, 1_000);
    assert!(ends.iter().all(|stored| matches!(stored, Err(StoreError::Unreachable { .. }))), "{ends:?}");
}

#[test]
fn the_total_time_ends_it_too() {
    let proxied = Server::ceph().behind_proxy(|settings| settings.total_timeout_ms = 700);
    proxied.proxy.set(Fault::SLOW_DOWN);
    let started = Instant::now();
    let error = proxied.store.put(&name("x.png"), b"x").unwrap_err();
    assert!(matches!(&error, StoreError::Unreachable { message, .. } if message.contains("SlowDown")), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_hanging_store_is_left_and_asked_again() {
    let proxied = Server::ceph().behind_proxy(|settings| settings.attempt_timeout_ms = 1_000);
    proxied.proxy.set_times(Fault::Hang, 12);
    assert!(proxied.put_many(10, 1_000).iter().all(Result::is_ok));
    assert!(proxied.retries() >= 10);
    // Slow is not hanging.
    proxied.proxy.set_times(Fault::Delay(Duration::from_millis(100)), 2);
    let retries = proxied.retries();
    proxied.store.put(&name("slow.png"), b"x").unwrap();
    assert_eq!(proxied.retries(), retries);
    proxied.proxy.set_times(Fault::Hang, 1);
    assert!(proxied.store.list("many/").is_ok());
    // An object of which nothing comes after its first bytes.
    proxied.store.put(&name("long.png"), &body(1, 400_000)).unwrap();
    proxied.proxy.set_times(Fault::Throttle(20_000), 1);
    assert_eq!(proxied.store.get(&name("long.png")).unwrap().unwrap(), body(1, 400_000));
}

#[test]
fn cut_connections_lose_nothing() {
    let proxied = Server::ceph().behind_proxy(|_| {});
    proxied.proxy.set_share(Fault::CutRequest(10_000), 1, 3);
    assert!(proxied.put_many(30, 30_000).iter().all(Result::is_ok));
    // The store has the object, and its answer does not arrive.
    proxied.proxy.set_share(Fault::CutAnswer(20), 1, 3);
    assert!(proxied.put_many(30, 30_000).iter().all(Result::is_ok));
    // Cut in the body.
    proxied.proxy.set_times(Fault::CutAnswer(5_000), 2);
    assert_eq!(proxied.store.get(&name("many/7.png")).unwrap().unwrap(), body(7, 30_000));
    assert!(proxied.retries() >= 20);
}

#[test]
fn a_byte_that_flips_on_its_way_is_found_by_the_strict_store() {
    let proxied = Server::ceph().behind_proxy(|_| {});
    proxied.proxy.set_share(Fault::FlipByte, 1, 3);
    assert!(proxied.put_many(30, 30_000).iter().all(Result::is_ok));
    assert!(proxied.retries() >= 10);
}

/// The store takes what arrives and says that all is well: it is compared here.
fn damage_is_found(fault: &Fault) {
    for etags_are_known in [false, true] {
        let proxied = Server::s3rver().behind_proxy(|settings| settings.attempts = 4);
        if etags_are_known {
            proxied.store.put(&name("first.png"), b"first").unwrap();
        }
        proxied.proxy.set_times(fault.clone(), 2);
        proxied.store.put(&name("x.png"), &body(1, 30_000)).unwrap();
        assert_eq!(proxied.direct.get(&name("x.png")).unwrap().unwrap(), body(1, 30_000));
        assert_eq!(proxied.retries(), 2);
        proxied.proxy.set_share(fault.clone(), 1, 3);
        assert!(proxied.put_many(20, 30_000).iter().all(Result::is_ok));
        // For ever: it is told, and nothing counts as stored.
        proxied.proxy.set(fault.clone());
        let error = proxied.store.put(&name("y.png"), &body(2, 30_000)).unwrap_err();
        assert!(error.to_string().contains("other bytes than were sent"), "{error}");
        assert!(error.is_fatal());
    }
}

#[test]
fn a_store_that_keeps_other_bytes_is_found_out() {
    damage_is_found(&Fault::FlipByte);
}

#[test]
fn a_store_that_keeps_fewer_bytes_is_found_out() {
    damage_is_found(&Fault::DropTail(700));
}

#[test]
fn what_is_on_its_way_stays_bounded() {
    let proxied = Server::ceph().behind_proxy(|settings| {
        settings.max_bytes_in_flight = 1 << 20;
        settings.attempt_timeout_ms = 20_000;
    });
    proxied.proxy.set(Fault::Hang);
    let (tell, told) = channel();
    std::thread::scope(|scope| {
        let (accepted, taken) = channel();
        let store = &proxied.store;
        scope.spawn(move || {
            for nth in 0..20 {
                let tell = tell.clone();
                let done = Box::new(move |stored: Result<Stored, StoreError>, _| tell.send(stored.is_ok()).unwrap());
                store.put_then(&name(&format!("{nth}.png")), vec![0; 200_000], done);
                accepted.send(nth).unwrap();
            }
        });
        // Four of them fill it; the fifth waits for as long as nothing is done.
        assert_eq!((0..4).map(|_| taken.recv().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!(taken.recv_timeout(Duration::from_millis(500)).is_err(), "it should wait");
        proxied.proxy.set(Fault::Off);
        assert!(told.iter().all(|is_ok| is_ok));
    });
}

//! The gate against servers that mean harm, or just fail: who gets a connection, how long, how many bytes.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gravure::assets::fetch::{FetchError, FetchLimits, Gate, GateConfig, Guard, Lookup};
use url::Url;

use crate::server::{Asked, Reply, Server};

const MAX_BYTES: u64 = 100_000;

/// Short, so that a test that waits for them is short too.
pub fn limits() -> FetchLimits {
    FetchLimits {
        connect_timeout: Duration::from_secs(5),
        first_byte_timeout: Duration::from_millis(300),
        stall_timeout: Duration::from_millis(300),
        total_timeout: Duration::from_millis(1500),
        first_pause: Duration::from_millis(2),
        ..FetchLimits::default()
    }
}

/// One that may ask this machine.
fn local() -> GateConfig {
    let guard = Guard { allow_private: true, ..Guard::default() };
    GateConfig { guard, limits: limits(), ..GateConfig::default() }
}

pub fn fetch(gate: &Gate, url: &str) -> Result<Vec<u8>, FetchError> {
    gate.fetch(&Url::parse(url).expect(url), MAX_BYTES)
}

fn local_fetch(url: &str) -> Result<Vec<u8>, FetchError> {
    fetch(&Gate::new(local()).expect("no cache folder"), url)
}

pub fn failure(result: Result<Vec<u8>, FetchError>) -> String {
    match result {
        Err(FetchError::Failed(message)) => message,
        other => panic!("expected a failure, got {other:?}"),
    }
}

pub fn refusal(result: Result<Vec<u8>, FetchError>) -> String {
    match result {
        Err(FetchError::Refused(message)) => message,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// A network in which names lead where `lookup` says, and every public address to a server of this machine. Gives
/// the gate, the names that were looked up, and the addresses that were connected to.
struct Network {
    gate: Gate,
    looked_up: Arc<Mutex<Vec<String>>>,
    dialled: Arc<Mutex<Vec<IpAddr>>>,
}

impl Network {
    fn new(server: &Server, lookup: impl Fn(&str, usize) -> Vec<&'static str> + Send + Sync + 'static) -> Self {
        Self::guarded(server, Guard::default(), lookup)
    }

    fn guarded(
        server: &Server,
        guard: Guard,
        lookup: impl Fn(&str, usize) -> Vec<&'static str> + Send + Sync + 'static,
    ) -> Self {
        let (looked_up, dialled) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<Vec<IpAddr>>>::default());
        let (names, addresses, port) = (Arc::clone(&looked_up), Arc::clone(&dialled), server.port());
        let ask = move |name: &str, port: u16| {
            let mut names = names.lock().expect("no panic");
            let before = names.iter().filter(|known| *known == name).count();
            names.push(name.to_owned());
            let found = lookup(name, before).into_iter();
            Ok(found.map(|address| SocketAddr::new(address.parse().expect(address), port)).collect())
        };
        let route = move |address: SocketAddr| {
            addresses.lock().expect("no panic").push(address.ip());
            SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port)
        };
        let lookup = Lookup::new(ask).routed(route);
        let config = GateConfig { guard, limits: limits(), lookup, ..GateConfig::default() };
        Self { gate: Gate::new(config).expect("no cache folder"), looked_up, dialled }
    }

    fn dialled(&self) -> Vec<String> {
        self.dialled.lock().expect("no panic").iter().map(ToString::to_string).collect()
    }

    fn look_ups(&self) -> usize {
        self.looked_up.lock().expect("no panic").len()
    }
}

#[test]
fn this_machine_gets_no_connection() {
    let server = Server::start(|_, _| Reply::ok("secret"));
    let port = server.port();
    let gate = Gate::new(GateConfig { limits: limits(), ..GateConfig::default() }).expect("no cache folder");
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[::]",
        "localhost",
        "LOCALHOST",
        "127.0.0.1.",
    ];
    for host in hosts {
        let reason = refusal(fetch(&gate, &format!("http://{host}:{port}/")));
        assert!(reason.contains("is not public") && !reason.contains("127.0.0.1"), "{host}: {reason}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn names_are_judged_by_where_they_lead() {
    let inner = [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:a00:1::1",
        "2001:0:a00:1::1",
        "fec0::1",
        "ff02::1",
        "100::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
    ];
    let server = Server::start(|_, _| Reply::ok("secret"));
    for address in inner {
        let network = Network::new(&server, move |_, _| vec![address]);
        let reason = refusal(fetch(&network.gate, "http://inner.example/"));
        assert!(reason.contains("is not public"), "{address}: {reason}");
        assert_eq!(network.look_ups(), 1, "{address}: a refusal is final");
    }
    assert_eq!(server.connections(), 0);
    let network = Network::new(&server, |_, _| vec!["93.184.216.34"]);
    assert_eq!(fetch(&network.gate, "http://public.example/").as_deref(), Ok(&b"secret"[..]));
}

#[test]
fn of_good_and_bad_addresses_the_good_ones_are_used() {
    let server = Server::start(|_, _| Reply::ok("photo"));
    let network = Network::new(&server, |_, _| vec!["127.0.0.1", "8.8.4.4", "::1", "10.0.0.1"]);
    assert!(fetch(&network.gate, "http://mixed.example/").is_ok());
    assert_eq!(network.dialled(), ["8.8.4.4"]);
    let network = Network::new(&server, |_, _| vec!["127.0.0.1", "::1"]);
    refusal(fetch(&network.gate, "http://bad.example/"));
    let network = Network::new(&server, |_, _| vec![]);
    assert!(failure(fetch(&network.gate, "http://nobody.example/")).contains("name is not known"));
    assert_eq!(network.dialled(), [""; 0]);
}

#[test]
fn a_name_that_changes_its_mind_gains_nothing() {
    // Each answer ends its connection, so that the next attempt needs another look-up.
    let busy = "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(move |_, _| Reply::Raw(busy.into()));
    let lookup = |_: &str, before: usize| if before == 0 { vec!["8.8.8.8"] } else { vec!["127.0.0.1"] };
    let network = Network::new(&server, lookup);
    refusal(fetch(&network.gate, "http://rebind.example/"));
    assert_eq!(network.look_ups(), 2);
    assert_eq!(network.dialled(), ["8.8.8.8"]);

    // One look-up gives both the check and the connection its address: there is no second one in between.
    let server = Server::start(|_, _| Reply::ok("photo"));
    let network = Network::new(&server, lookup);
    assert!(fetch(&network.gate, "http://rebind.example/").is_ok());
    assert_eq!((network.look_ups(), network.dialled()), (1, vec!["8.8.8.8".to_owned()]));
    // The same name again: over the connection that is there, or to an address that is checked again.
    assert!(fetch(&network.gate, "http://rebind.example/other").is_ok());
    assert_eq!(network.dialled(), ["8.8.8.8"]);
}

#[test]
fn redirects_pass_the_guard_at_every_hop() {
    let inner = Server::start(|_, _| Reply::ok("secret"));
    let inner_port = inner.port();
    let cases = [
        (format!("http://127.0.0.1:{inner_port}/"), "is not public"),
        (format!("//[::1]:{inner_port}/"), "is not public"),
        ("http://inner.example/".to_owned(), "is not public"),
        ("http://169.254.169.254/latest/".to_owned(), "is not public"),
        ("http://0x7f.1/".to_owned(), "is not public"),
        ("file:///etc/passwd".to_owned(), "file URLs"),
        ("ftp://public.example/".to_owned(), "ftp URLs"),
        ("data:image/png;base64,AAAA".to_owned(), "data URLs"),
        ("http://user:hunter2@public.example/".to_owned(), "user name"),
        ("http://public.example:25/".to_owned(), "port 25"),
    ];
    for (target, part) in cases {
        let to = target.clone();
        let server = Server::start(move |_, _| Reply::redirect(302, to.clone()));
        let lookup = |name: &str, _: usize| if name == "inner.example" { vec!["10.0.0.1"] } else { vec!["8.8.8.8"] };
        let network = Network::new(&server, lookup);
        let reason = refusal(fetch(&network.gate, "http://public.example/"));
        assert!(reason.contains(part), "{target}: {reason}");
        assert!(!reason.contains("hunter2"), "{reason}");
    }
    assert_eq!(inner.connections(), 0);
}

#[test]
fn redirects_are_followed_up_to_a_number() {
    let server = Server::start(|asked, _| match asked.target.as_str() {
        "/loop" => Reply::redirect(302, "/loop"),
        "/6" => Reply::ok("the end"),
        target => {
            let number: u32 = target[1..].parse().expect("a number");
            Reply::redirect([301, 302, 303, 307, 308][number as usize % 5], (number + 1).to_string())
        }
    });
    assert_eq!(local_fetch(&server.url("1")).as_deref(), Ok(&b"the end"[..]));
    assert!(failure(local_fetch(&server.url("0"))).contains("more than 5 redirects"));
    assert!(failure(local_fetch(&server.url("loop"))).contains("more than 5 redirects"));
    assert_eq!(server.times_asked("/loop"), 6);
    let server = Server::start(|_, _| Reply::status(302));
    assert!(failure(local_fetch(&server.url(""))).contains("leads nowhere"));
}

#[test]
fn allowed_hosts_hold_for_redirects_too() {
    let server = Server::start(|asked, _| match asked.headers["host"].as_str() {
        "images.example" => Reply::redirect(302, "http://cdn.images.example/a.png"),
        "cdn.images.example" if asked.target == "/a.png" => Reply::ok("photo"),
        _ => Reply::redirect(302, "http://other.example/"),
    });
    let allow_hosts = ["images.example", "*.images.example"].map(|host| host.parse().expect(host)).to_vec();
    let network = Network::guarded(&server, Guard { allow_hosts, ..Guard::default() }, |_, _| vec!["8.8.8.8"]);
    assert!(fetch(&network.gate, "http://images.example/").is_ok());
    assert!(refusal(fetch(&network.gate, "http://cdn.images.example/b")).contains("other.example is not among"));
    assert!(refusal(fetch(&network.gate, "http://other.example/")).contains("not among"));
    assert_eq!(network.look_ups(), 2);
}

#[test]
fn requests_say_who_asks_and_nothing_else() {
    let server = Server::start(|_, _| Reply::ok("x").with("Set-Cookie", "session=1"));
    let gate = Gate::new(local()).expect("no cache folder");
    for target in ["a?b=c#fragment", "d"] {
        fetch(&gate, &server.url(target)).expect("fetched");
    }
    let asked = server.asked();
    assert_eq!(asked.iter().map(|asked| asked.target.as_str()).collect::<Vec<_>>(), ["/a?b=c", "/d"]);
    for Asked { headers, .. } in asked {
        let names: Vec<_> = headers.keys().map(String::as_str).collect();
        assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
        assert_eq!(headers["user-agent"], concat!("gravure/", env!("CARGO_PKG_VERSION")));
        assert_eq!(headers["accept-encoding"], "identity");
    }
    assert_eq!(server.connections(), 1, "the connection is kept");
}

#[test]
fn bytes_are_counted_whatever_the_server_announces() {
    let chunk = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}", "fffe\r\n");
    let endless: Vec<u8> = chunk.into_bytes().into_iter().chain(std::iter::repeat_n(b'x', 300_000)).collect();
    let server = Server::start(move |asked, _| match asked.target.as_str() {
        "/announced" => Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n".to_vec()),
        "/chunked" => Reply::Raw(endless.clone()),
        "/until-closed" => Reply::Raw([b"HTTP/1.0 200 OK\r\n\r\n".as_slice(), &[b'x'; 200_000]].concat()),
        "/fits" => Reply::ok(vec![b'x'; 100_000]),
        "/fits-chunked" => {
            Reply::Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n".into())
        }
        "/negative" => Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx".to_vec()),
        _ => Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nx".to_vec()),
    });
    let too_large = |bytes| Err(FetchError::TooLarge { bytes, most: MAX_BYTES });
    assert_eq!(local_fetch(&server.url("announced")), too_large(Some(100_001)));
    assert_eq!(local_fetch(&server.url("until-closed")), too_large(None));
    assert_eq!(local_fetch(&server.url("fits")).map(|body| body.len()), Ok(100_000));
    assert_eq!(local_fetch(&server.url("fits-chunked")), Ok(b"abc".to_vec()));
    for target in ["chunked", "negative", "overflow"] {
        local_fetch(&server.url(target)).expect_err(target);
    }
}

#[test]
fn answers_that_are_cut_off_or_none_are_failures() {
    let server = Server::start(|asked, _| match asked.target.as_str() {
        "/short" => Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec()),
        "/hang-up" => Reply::HangUp,
        "/rubbish" => Reply::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        "/header" => Reply::Raw([b"HTTP/1.1 200 OK\r\nX: ".as_slice(), &[b'x'; 100_000]].concat()),
        "/compressed" => Reply::ok("x").with("Content-Encoding", "gzip"),
        "/silence" => Reply::Silence,
        "/partial" => Reply::status(206),
        _ => Reply::status(204),
    });
    let cases = [
        ("short", "closed too early", 3),
        ("hang-up", "closed too early", 3),
        ("rubbish", "not an http answer", 1),
        ("header", "header is too long", 1),
        ("compressed", "sent it compressed (gzip)", 1),
        ("silence", "no answer within 0.3 s", 3),
        ("partial", "says 206", 1),
        ("empty", "says 204", 1),
    ];
    for (target, part, attempts) in cases {
        let message = failure(local_fetch(&server.url(target)));
        assert!(message.to_lowercase().contains(part), "{target}: {message}");
        assert_eq!(server.times_asked(&format!("/{target}")), attempts, "{target}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    assert!(failure(local_fetch(&format!("http://{closed}/"))).contains("connection was refused"));
}

#[test]
fn a_server_that_drips_does_not_hold_us() {
    let drip = |head: &str| Reply::Drip([head.as_bytes(), &[b'x'; 5000]].concat(), Duration::from_millis(20));
    let server = Server::start(move |asked, _| match asked.target.as_str() {
        "/body" => drip("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
        _ => drip("HTTP/1.1 200 OK\r\nX: "),
    });
    let started = Instant::now();
    for target in ["body", "header"] {
        let message = failure(local_fetch(&server.url(target)));
        assert!(message.contains("within"), "{message}");
    }
    // 5,000 bytes at this pace take 100 s.
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn passing_trouble_is_tried_again_and_what_lasts_is_not() {
    let server = Server::start(|asked, before| match (asked.target.as_str(), before) {
        ("/busy", 0 | 1) => Reply::status(503),
        ("/limited", 0) => Reply::status(429).with("Retry-After", "0"),
        ("/busy" | "/limited", _) => Reply::ok("photo"),
        ("/patience", _) => Reply::status(429).with("Retry-After", "3600"),
        ("/down", _) => Reply::status(500),
        ("/gone", _) => Reply::status(410),
        ("/forbidden", _) => Reply::status(403),
        _ => Reply::status(404),
    });
    let gate = Gate::new(local()).expect("no cache folder");
    assert!(fetch(&gate, &server.url("busy")).is_ok());
    assert!(fetch(&gate, &server.url("limited")).is_ok());
    assert!(failure(fetch(&gate, &server.url("patience"))).contains("asks to come back in 3600 s"));
    assert!(failure(fetch(&gate, &server.url("down"))).contains("says 500 Internal Server Error"));
    assert!(failure(fetch(&gate, &server.url("forbidden"))).contains("says 403 Forbidden"));
    assert_eq!(fetch(&gate, &server.url("gone")), Err(FetchError::NotFound("410 Gone")));
    assert_eq!(fetch(&gate, &server.url("none")), Err(FetchError::NotFound("404 Not Found")));
    let times = ["busy", "limited", "patience", "down", "forbidden", "gone", "none"]
        .map(|target| server.times_asked(&format!("/{target}")));
    assert_eq!(times, [3, 2, 1, 3, 1, 1, 1]);
}

#[test]
fn a_dead_host_is_soon_left_alone_and_others_are_not() {
    let dead = Server::start(|_, _| Reply::status(503));
    let alive = Server::start(|_, _| Reply::ok("photo"));
    let gate = Gate::new(local()).expect("no cache folder");
    let results: Vec<_> = (0..200).map(|index| fetch(&gate, &dead.url(&index.to_string()))).collect();
    assert!(results.iter().all(Result::is_err));
    assert!(matches!(results.last(), Some(Err(FetchError::HostDown { .. }))), "{:?}", results.last());
    // Five fetches with three attempts each.
    assert!(dead.asked().len() <= 15, "{} requests", dead.asked().len());
    assert!(fetch(&gate, &alive.url("a")).is_ok());
}

#[test]
fn a_host_has_only_so_many_visitors() {
    let server = Server::start(|_, _| {
        std::thread::sleep(Duration::from_millis(20));
        Reply::ok("photo")
    });
    let limits = FetchLimits { at_once_per_host: 3, ..limits() };
    let gate = Gate::new(GateConfig { limits, ..local() }).expect("no cache folder");
    std::thread::scope(|scope| {
        for thread in 0..12 {
            let (gate, server) = (&gate, &server);
            scope.spawn(move || fetch(gate, &server.url(&thread.to_string())).expect("fetched"));
        }
    });
    assert!(server.most_at_once() <= 3, "{} at once", server.most_at_once());
    assert!(server.connections() <= 3, "{} connections: they are kept", server.connections());
}

#[test]
fn a_file_is_fetched_once_in_a_run() {
    let server = Server::start(|_, _| Reply::ok("photo"));
    let gate = Gate::new(local()).expect("no cache folder");
    for fragment in ["", "#a", "#b"] {
        assert!(fetch(&gate, &server.url(&format!("a{fragment}"))).is_ok());
    }
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn later_runs_ask_only_whether_it_has_changed() {
    let version = Arc::new(AtomicUsize::new(1));
    let shared = Arc::clone(&version);
    let server = Server::start(move |asked, _| {
        let tag = format!("\"{}\"", shared.load(Ordering::SeqCst));
        let is_known = asked.headers.get("if-none-match") == Some(&tag)
            || asked.headers.get("if-modified-since").is_some_and(|date| date.contains("1994"));
        match asked.target.as_str() {
            _ if is_known => Reply::Whole(304, Vec::new(), Vec::new()),
            "/tagged" => Reply::ok(format!("version {tag}")).with("ETag", tag),
            "/dated" => Reply::ok("old").with("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
            "/private" => Reply::ok("x").with("ETag", tag).with("Cache-Control", "private, No-Store"),
            _ => Reply::ok("unmarked"),
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let run = || {
        let gate = Gate::new(GateConfig { cache: Some(folder.path().to_owned()), ..local() }).expect("a folder");
        ["tagged", "tagged", "dated", "private", "plain"]
            .map(|target| String::from_utf8(fetch(&gate, &server.url(target)).expect(target)).expect("text"))
    };
    assert_eq!(run(), ["version \"1\"", "version \"1\"", "old", "x", "unmarked"]);
    assert_eq!(run()[0], "version \"1\"");
    version.store(2, Ordering::SeqCst);
    assert_eq!(run(), ["version \"2\"", "version \"2\"", "old", "x", "unmarked"]);
    assert_eq!(["tagged", "dated", "private", "plain"].map(|target| server.times_asked(&format!("/{target}"))), [3; 4]);
    let asked = server.asked();
    let tags: Vec<_> = asked.iter().filter_map(|asked| asked.headers.get("if-none-match")).collect();
    assert_eq!(tags, ["\"1\"", "\"1\""], "what may not be stored is asked for anew");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 3);
}

#[test]
fn a_cache_folder_that_cannot_be_used_is_an_error() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    assert!(Gate::new(GateConfig { cache: Some(file.path().to_owned()), ..local() }).is_err());
}

#[test]
fn tables_are_fetched_into_a_file() {
    let server = Server::start(|asked, before| match (asked.target.as_str(), before) {
        // The first half of the first attempt must not be in the file.
        ("/rows.csv", 0) => Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nid,na".to_vec()),
        ("/rows.csv", _) => Reply::ok("id\n1\n"),
        _ => Reply::ok(vec![b'x'; 1000]),
    });
    let gate = Gate::new(local()).expect("no cache folder");
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    let fetch = |target: &str, file: &mut std::fs::File| {
        gate.fetch_table(&Url::parse(&server.url(target)).expect("a URL"), 999, file)
    };
    fetch("rows.csv", file.as_file_mut()).expect("fetched");
    assert_eq!(std::fs::read_to_string(file.path()).expect("text"), "id\n1\n");
    assert!(matches!(fetch("big.csv", file.as_file_mut()), Err(FetchError::TooLarge { bytes: Some(1000), most: 999 })));
}

//! A proxy in front of a real store or server that does to connections and requests what networks and overloaded
//! servers do. Speaks as much HTTP/1.1 as it needs to find the ends of requests and answers.
//!
//! ```text
//!   client ──> FaultProxy ──> upstream        set(Fault::..) at any time; counts() says what came by
//! ```

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Error, ErrorKind, Result};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing.
    Off,
    /// Nobody listens, and open connections are cut.
    Refuse,
    /// Requests arrive and are never answered; cut when the fault is changed.
    Hang,
    /// The connection is cut when this many bytes of a request's body have passed.
    CutRequest(u64),
    /// The connection is cut when this many bytes of an answer, from its first line, have passed.
    CutAnswer(u64),
    /// This is answered instead: status, body.
    Answer(u16, &'static str),
    /// One bit of the body's middle byte is another on its way in.
    FlipByte,
    /// So many bytes at the end of the body do not arrive, and nothing tells of them.
    DropTail(u64),
    /// Every request waits first.
    Delay(Duration),
    /// Bodies pass at so many bytes a second, both ways.
    Throttle(u64),
}

impl Fault {
    /// What S3 says when too much is asked of it.
    pub const SLOW_DOWN: Self = Self::Answer(
        503,
        "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>",
    );
}

/// A fault, and which requests it befalls.
#[derive(Clone, Debug)]
struct Rule {
    fault: Fault,
    /// So many of so many requests, in turns.
    share: (u64, u64),
    /// Requests that it may still befall.
    left: Arc<AtomicU64>,
    /// Requests that were asked about.
    asked: Arc<AtomicU64>,
}

impl Rule {
    fn new(fault: Fault, share: (u64, u64), times: u64) -> Self {
        Self { fault, share, left: Arc::new(AtomicU64::new(times)), asked: Arc::default() }
    }

    /// The fault for a request.
    fn next(&self, has_body: bool) -> Fault {
        let needs_body = matches!(self.fault, Fault::CutRequest(_) | Fault::FlipByte | Fault::DropTail(_));
        if needs_body && !has_body {
            return Fault::Off;
        }
        let is_in_turn = self.asked.fetch_add(1, Ordering::Relaxed) % self.share.1 < self.share.0;
        let less = |left: u64| left.checked_sub(1);
        match is_in_turn && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            true => self.fault.clone(),
            false => Fault::Off,
        }
    }
}

/// What came by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub connections: u64,
    pub requests: u64,
    /// Of the requests, those that a fault befell.
    pub faults: u64,
}

#[derive(Default)]
struct Counters {
    connections: AtomicU64,
    requests: AtomicU64,
    faults: AtomicU64,
}

/// A running proxy; ends with the value.
pub struct FaultProxy {
    address: SocketAddr,
    rule: watch::Sender<Rule>,
    counters: Arc<Counters>,
    /// Until it is dropped.
    runtime: Option<Runtime>,
}

impl FaultProxy {
    /// Starts before `upstream`, `http://host:port` or `host:port`, without a fault.
    pub fn start(upstream: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let upstream = upstream.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (rule, changes) = watch::channel(Rule::new(Fault::Off, (1, 1), u64::MAX));
        let counters = Arc::new(Counters::default());
        runtime.spawn(listen(listener, address, upstream, changes, Arc::clone(&counters)));
        Self { address, rule, counters, runtime: Some(runtime) }
    }

    /// Where clients go.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, for every request.
    pub fn set(&self, fault: Fault) {
        self.set_share(fault, 1, 1);
    }

    /// From now on, for `some` of every `all` requests, in turns.
    pub fn set_share(&self, fault: Fault, some: u64, all: u64) {
        self.rule.send_replace(Rule::new(fault, (some, all), u64::MAX));
    }

    /// For the next requests, so many.
    pub fn set_times(&self, fault: Fault, times: u64) {
        self.rule.send_replace(Rule::new(fault, (1, 1), times));
    }

    /// Since the start.
    pub fn counts(&self) -> Counts {
        let [connections, requests, faults] =
            [&self.counters.connections, &self.counters.requests, &self.counters.faults]
                .map(|of| of.load(Ordering::Relaxed));
        Counts { connections, requests, faults }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn listen(
    listener: TcpListener,
    address: SocketAddr,
    upstream: String,
    mut changes: watch::Receiver<Rule>,
    counters: Arc<Counters>,
) {
    let mut listener = Some(listener);
    loop {
        let refuses = matches!(changes.borrow_and_update().fault, Fault::Refuse);
        match (&listener, refuses) {
            (Some(_), true) => listener = None,
            (None, false) => {
                listener = TcpListener::bind(address).await.ok();
                if listener.is_none() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            }
            _ => {}
        }
        let Some(open) = &listener else {
            if changes.changed().await.is_err() {
                return;
            }
            continue;
        };
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            accepted = open.accept() => if let Ok((client, _)) = accepted {
                counters.connections.fetch_add(1, Ordering::Relaxed);
                let (upstream, changes, counters) = (upstream.clone(), changes.clone(), Arc::clone(&counters));
                tokio::spawn(async move {
                    let mut refusals = changes.clone();
                    tokio::select! {
                        _ = serve(client, &upstream, changes, &counters) => {}
                        _ = refusals.wait_for(|rule| matches!(rule.fault, Fault::Refuse)) => {}
                    }
                });
            },
        }
    }
}

/// All requests of one connection, one after the other.
async fn serve(
    client: TcpStream,
    upstream: &str,
    mut changes: watch::Receiver<Rule>,
    counters: &Counters,
) -> Result<()> {
    let server = TcpStream::connect(upstream).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((read, mut to_client), (answers, mut to_server)) = (client.into_split(), server.into_split());
    let (mut client, mut server) = (BufReader::new(read), BufReader::new(answers));
    loop {
        let head = Head::read(&mut client).await?;
        counters.requests.fetch_add(1, Ordering::Relaxed);
        let fault = changes.borrow_and_update().next(head.length > 0);
        counters.faults.fetch_add(u64::from(!matches!(fault, Fault::Off)), Ordering::Relaxed);
        let mut limits = Limits::OFF;
        let mut flip = None;
        let mut sent = head.clone();
        match fault {
            Fault::Off | Fault::Refuse => {}
            Fault::Hang => {
                changes.changed().await.map_err(|_| Error::from(ErrorKind::BrokenPipe))?;
                return Ok(());
            }
            Fault::CutRequest(bytes) => limits.request = bytes.min(head.length),
            Fault::CutAnswer(bytes) => limits.answer = bytes,
            Fault::Answer(status, body) => {
                // The body is taken first: a client that is cut off while it sends takes it for a broken connection.
                let mut left = (&mut client).take(head.length);
                tokio::io::copy(&mut left, &mut tokio::io::sink()).await?;
                let body = if head.has_no_answer_body() { "" } else { body };
                let answer = format!(
                    "HTTP/1.1 {status} Fault\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                to_client.write_all(answer.as_bytes()).await?;
                continue;
            }
            Fault::FlipByte => flip = Some(head.length / 2),
            Fault::DropTail(bytes) => sent = head.with_length(head.length.saturating_sub(bytes)),
            Fault::Delay(wait) => tokio::time::sleep(wait).await,
            Fault::Throttle(bytes) => limits.bytes_per_second = bytes,
        }
        to_server.write_all(&sent.bytes).await?;
        if head.expects_continue {
            to_client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let mut passed = 0;
        let end = head.length.min(limits.request);
        while passed < end {
            let mut piece = vec![0; (end - passed).min(limits.piece()) as usize];
            client.read_exact(&mut piece).await?;
            let length = piece.len() as u64;
            if let Some(at) = flip.filter(|at| (passed..passed + length).contains(at)) {
                piece[(at - passed) as usize] ^= 1;
            }
            let kept = sent.length.saturating_sub(passed).min(length);
            to_server.write_all(&piece[..kept as usize]).await?;
            passed += length;
            limits.wait(length).await;
        }
        if limits.request != u64::MAX {
            return Ok(());
        }
        pass_answer(&mut server, &mut to_client, head.has_no_answer_body(), limits).await?;
    }
}

/// What is let through.
#[derive(Clone, Copy)]
struct Limits {
    request: u64,
    answer: u64,
    bytes_per_second: u64,
}

impl Limits {
    const OFF: Self = Self { request: u64::MAX, answer: u64::MAX, bytes_per_second: u64::MAX };

    /// At once: small where time is to pass.
    fn piece(self) -> u64 {
        (self.bytes_per_second / 20).clamp(1, 32 << 10)
    }

    async fn wait(self, bytes: u64) {
        if self.bytes_per_second != u64::MAX {
            tokio::time::sleep(Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64)).await;
        }
    }
}

/// First line and headers of a request or an answer.
#[derive(Clone, Debug)]
struct Head {
    bytes: Vec<u8>,
    /// Of the body, where it is told.
    length: u64,
    is_chunked: bool,
    expects_continue: bool,
}

impl Head {
    async fn read(from: &mut BufReader<OwnedReadHalf>) -> Result<Self> {
        let mut head = Self { bytes: Vec::new(), length: 0, is_chunked: false, expects_continue: false };
        loop {
            let at = head.bytes.len();
            if from.read_until(b'\n', &mut head.bytes).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let line = String::from_utf8_lossy(&head.bytes[at..]).trim().to_ascii_lowercase();
            match line.split_once(':').map(|(name, value)| (name, value.trim())) {
                Some(("content-length", value)) => head.length = value.parse().unwrap_or_default(),
                Some(("transfer-encoding", "chunked")) => head.is_chunked = true,
                Some(("expect", "100-continue")) => head.expects_continue = true,
                _ if line.is_empty() => return Ok(head),
                _ => {}
            }
        }
    }

    /// The same, telling of another length.
    fn with_length(&self, length: u64) -> Self {
        let text = String::from_utf8_lossy(&self.bytes);
        let lines =
            text.split_inclusive("\r\n").map(|line| match line.to_ascii_lowercase().starts_with("content-length:") {
                true => format!("Content-Length: {length}\r\n"),
                false => line.to_owned(),
            });
        Self { bytes: lines.collect::<String>().into_bytes(), length, ..*self }
    }

    fn has_no_answer_body(&self) -> bool {
        self.bytes.starts_with(b"HEAD ")
    }

    /// Of an answer.
    fn status(&self) -> u16 {
        String::from_utf8_lossy(&self.bytes).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }
}

async fn pass_answer(
    server: &mut BufReader<OwnedReadHalf>,
    client: &mut OwnedWriteHalf,
    is_without_body: bool,
    limits: Limits,
) -> Result<()> {
    let mut out = Out { client, left: limits.answer, limits };
    let mut head = Head::read(server).await?;
    // The client was told to go on already.
    while head.status() == 100 {
        head = Head::read(server).await?;
    }
    out.pass(&head.bytes).await?;
    if is_without_body || matches!(head.status(), 204 | 304) {
        return Ok(());
    }
    if !head.is_chunked {
        return out.pass_body(server, head.length).await;
    }
    loop {
        let mut line = Vec::new();
        server.read_until(b'\n', &mut line).await?;
        out.pass(&line).await?;
        let length =
            u64::from_str_radix(String::from_utf8_lossy(&line).trim(), 16).map_err(|_| ErrorKind::InvalidData)?;
        out.pass_body(server, length + 2).await?;
        if length == 0 {
            return Ok(());
        }
    }
}

/// The way to the client, as far as it is let through.
struct Out<'c> {
    client: &'c mut OwnedWriteHalf,
    left: u64,
    limits: Limits,
}

impl Out<'_> {
    async fn pass(&mut self, bytes: &[u8]) -> Result<()> {
        let passes = self.left.min(bytes.len() as u64);
        self.client.write_all(&bytes[..passes as usize]).await?;
        self.left -= passes;
        if self.left == 0 { Err(ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    async fn pass_body(&mut self, server: &mut BufReader<OwnedReadHalf>, length: u64) -> Result<()> {
        let mut left = length;
        while left > 0 {
            let mut piece = vec![0; left.min(self.limits.piece()) as usize];
            server.read_exact(&mut piece).await?;
            self.pass(&piece).await?;
            left -= piece.len() as u64;
            self.limits.wait(piece.len() as u64).await;
        }
        Ok(())
    }
}

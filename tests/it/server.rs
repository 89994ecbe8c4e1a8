//! A web server on this machine, for tests: answers as it is told, and counts who asked for what.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request, as far as tests want to know.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub target: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
}

/// What the server sends.
#[derive(Clone)]
pub enum Reply {
    /// Status line, header lines and body with the right length.
    Whole(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// These bytes one at a time with a pause after each, until the other side gives up.
    Drip(Vec<u8>, Duration),
    /// Nothing, until the other side gives up.
    Silence,
    /// The connection is closed at once.
    HangUp,
}

impl Reply {
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Whole(200, Vec::new(), body.into())
    }

    pub fn status(status: u16) -> Self {
        Self::Whole(status, Vec::new(), b"nothing here".to_vec())
    }

    pub fn redirect(status: u16, to: impl Into<String>) -> Self {
        Self::Whole(status, vec![("Location", to.into())], Vec::new())
    }

    pub fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        match self {
            Self::Whole(status, mut headers, body) => {
                headers.push((name, value.into()));
                Self::Whole(status, headers, body)
            }
            other => other,
        }
    }
}

type Answers = dyn Fn(&Asked, usize) -> Reply + Send + Sync;

/// A running server; ends with the value.
pub struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
    at_once: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

impl Server {
    /// `answers` is asked with the request and how often its target was asked for before.
    pub fn start(answers: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
        let server = Self {
            address: listener.local_addr().expect("bound"),
            asked: Arc::default(),
            connections: Arc::default(),
            at_once: Arc::default(),
            most_at_once: Arc::default(),
            is_over: Arc::default(),
        };
        let (shared, answers): (_, Arc<Answers>) = (server.handle(), Arc::new(answers));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (shared, answers) = (shared.handle(), Arc::clone(&answers));
                thread::spawn(move || shared.serve(stream, &*answers));
            }
        });
        server
    }

    fn handle(&self) -> Shared {
        Shared {
            asked: Arc::clone(&self.asked),
            connections: Arc::clone(&self.connections),
            at_once: Arc::clone(&self.at_once),
            most_at_once: Arc::clone(&self.most_at_once),
            is_over: Arc::clone(&self.is_over),
        }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://127.0.0.1:PORT/TARGET`.
    pub fn url(&self, target: &str) -> String {
        format!("http://{}/{target}", self.address)
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test holds it").clone()
    }

    /// How often a target (with its slash) was asked for.
    pub fn times_asked(&self, target: &str) -> usize {
        self.asked().iter().filter(|asked| asked.target == target).count()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The most requests that were being answered at one time.
    pub fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
    }
}

struct Shared {
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
    at_once: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

impl Shared {
    fn handle(&self) -> Self {
        Self {
            asked: Arc::clone(&self.asked),
            connections: Arc::clone(&self.connections),
            at_once: Arc::clone(&self.at_once),
            most_at_once: Arc::clone(&self.most_at_once),
            is_over: Arc::clone(&self.is_over),
        }
    }

    /// Answers on one connection until the other side leaves.
    fn serve(&self, stream: TcpStream, answers: &Answers) {
        let mut reader = BufReader::new(stream);
        while let Some(asked) = read_request(&mut reader) {
            let before = {
                let mut all = self.asked.lock().expect("no test holds it");
                let before = all.iter().filter(|other| other.target == asked.target).count();
                all.push(asked.clone());
                before
            };
            let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(now, Ordering::SeqCst);
            let goes_on = send(reader.get_mut(), answers(&asked, before), &self.is_over);
            self.at_once.fetch_sub(1, Ordering::SeqCst);
            if !goes_on {
                return;
            }
        }
    }
}

pub fn read_request(reader: &mut impl BufRead) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut asked = Asked { target: line.split(' ').nth(1)?.to_owned(), headers: BTreeMap::new() };
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => asked.headers.insert(name.to_lowercase(), value.trim().to_owned()),
            None => return Some(asked),
        };
    }
}

/// Whether the connection goes on.
fn send(stream: &mut TcpStream, reply: Reply, is_over: &AtomicBool) -> bool {
    match reply {
        Reply::Whole(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} Status\r\n");
            for (name, value) in headers {
                head += &format!("{name}: {value}\r\n");
            }
            if status != 304 {
                head += &format!("Content-Length: {}\r\n", body.len());
            }
            head += "\r\n";
            let body = if status == 304 { Vec::new() } else { body };
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).is_ok()
        }
        Reply::Raw(bytes) => {
            let _ = stream.write_all(&bytes);
            false
        }
        Reply::Drip(bytes, pause) => {
            for byte in bytes {
                if is_over.load(Ordering::SeqCst) || stream.write_all(&[byte]).is_err() {
                    break;
                }
                thread::sleep(pause);
            }
            false
        }
        Reply::Silence => {
            // Ends when the other side does.
            let _ = stream.read(&mut [0]);
            false
        }
        Reply::HangUp => false,
    }
}

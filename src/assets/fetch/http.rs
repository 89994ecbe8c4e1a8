//! One request and its answer. Redirects and retries are the caller's: see [`super::exchange`].
//!
//! No proxy of the environment, no cookies, no referrer, no compressed transfer; the body is counted while it comes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::str::FromStr;
use std::time::{Duration, Instant};

use ureq::http::header::{self, HeaderMap, HeaderName};
use ureq::http::{StatusCode, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::transport::{Connector, RustlsConnector, TcpConnector};
use ureq::{Agent, Body, Timeout};
use url::Url;

use super::connector::{GuardedConnector, Lookup, NoResolver};
use super::hosts::Room;
use super::{FetchError, FetchLimits, Guard};

/// Who asks.
const USER_AGENT: &str = concat!("gravure/", env!("CARGO_PKG_VERSION"));
/// Headers of an answer.
const MAX_HEADER_BYTES: usize = 16 << 10;
/// What is read of a body that nobody wants, so that its connection can be used again.
const MAX_DRAINED_BYTES: u64 = 16 << 10;
/// More than a header, or too long a one would look like the end of the answer.
const BUFFER_BYTES: usize = 32 << 10;

/// Sends requests and keeps connections.
pub(super) struct Client {
    agent: Agent,
    limits: FetchLimits,
}

/// What tells whether a file is still the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

impl Validators {
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

/// Where a body goes.
pub(super) enum Sink<'s> {
    Memory(Vec<u8>),
    File(&'s mut File),
}

impl Sink<'_> {
    /// Forgets what a failed attempt left.
    fn reset(&mut self) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => bytes.clear(),
            Self::File(file) => {
                file.set_len(0)?;
                file.seek(SeekFrom::Start(0))?;
            }
        }
        Ok(())
    }

    fn expect(&mut self, bytes: u64) {
        if let (Self::Memory(memory), Ok(bytes)) = (self, usize::try_from(bytes)) {
            memory.reserve_exact(bytes);
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory(memory) => {
                memory.extend_from_slice(bytes);
                Ok(())
            }
            Self::File(file) => file.write_all(bytes),
        }
    }
}

/// A request.
pub(super) struct Request<'r> {
    pub url: &'r Url,
    /// What we have already.
    pub known: &'r Validators,
    pub max_bytes: u64,
    pub deadline: Instant,
}

/// An answer that leads on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The sink has the body.
    Body { validators: Validators, may_be_stored: bool },
    /// It is still what we have.
    NotModified,
    /// It is elsewhere.
    Redirect(Url),
}

/// An answer that does not, or none.
#[derive(Debug)]
pub(super) struct Trouble {
    pub error: FetchError,
    /// Another try may help.
    pub is_passing: bool,
    /// The host is to blame, not this one file.
    pub is_of_host: bool,
    /// The server asks for this much patience.
    pub retry_after: Option<Duration>,
}

impl Trouble {
    fn of_file(error: FetchError) -> Self {
        Self { error, is_passing: false, is_of_host: false, retry_after: None }
    }

    fn of_host(message: impl Into<String>, is_passing: bool) -> Self {
        Self { error: FetchError::Failed(message.into()), is_passing, is_of_host: true, retry_after: None }
    }
}

impl Client {
    /// Trusts the public authorities, or only the given ones (DER).
    pub fn new(guard: &Guard, lookup: Lookup, authorities: &[Vec<u8>], limits: FetchLimits) -> Self {
        let mut tls = TlsConfig::builder();
        if !authorities.is_empty() {
            let certificates = authorities.iter().map(|der| Certificate::from_der(der).to_owned());
            tls = tls.root_certs(RootCerts::from(certificates));
        }
        let config = Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(USER_AGENT)
            .accept("*/*")
            .accept_encoding("identity")
            .max_response_header_size(MAX_HEADER_BYTES)
            .input_buffer_size(BUFFER_BYTES)
            .output_buffer_size(MAX_HEADER_BYTES)
            .max_idle_connections(limits.at_once)
            .max_idle_connections_per_host(limits.at_once_per_host)
            .timeout_connect(Some(limits.connect_timeout))
            .timeout_recv_response(Some(limits.first_byte_timeout))
            .timeout_per_read(Some(limits.stall_timeout.max(limits.first_byte_timeout)))
            .timeout_per_write(Some(limits.stall_timeout))
            .timeout_global(Some(limits.total_timeout))
            .tls_config(tls.build())
            .build();
        let connector = GuardedConnector { guard: guard.clone(), lookup, tcp: TcpConnector::default() };
        let connector = ().chain(connector).chain(RustlsConnector::default());
        Self { agent: Agent::with_parts(config, connector, NoResolver), limits }
    }

    /// Sends a request and reads what comes.
    pub fn get(&self, request: &Request<'_>, room: &Room, sink: &mut Sink<'_>) -> Result<Answer, Trouble> {
        let url = request.url;
        let not_sent = || Trouble::of_file(FetchError::Refused("the URL is not one that can be asked for".to_owned()));
        let uri = Uri::from_str(url.as_str()).map_err(|_| not_sent())?;
        // Two parsers that disagree about the host would make the guard's check one of something else.
        if uri.host() != url.host_str() || uri.port_u16() != url.port() {
            return Err(not_sent());
        }
        let mut call = self.agent.get(uri);
        if let Some(etag) = &request.known.etag {
            call = call.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(date) = &request.known.last_modified {
            call = call.header(header::IF_MODIFIED_SINCE, date);
        }
        let response = call.call().map_err(|error| self.trouble(error))?;
        let (head, body) = response.into_parts();
        match head.status {
            StatusCode::NOT_MODIFIED if !request.known.is_empty() => Ok(Answer::NotModified),
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => {
                drain(body);
                redirect(url, &head.headers).map(Answer::Redirect).map_err(Trouble::of_file)
            }
            StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => {
                self.receive(request, &head.headers, body, room, sink)?;
                let validators = Validators {
                    etag: text(&head.headers, header::ETAG),
                    last_modified: text(&head.headers, header::LAST_MODIFIED),
                };
                let cache_control = text(&head.headers, header::CACHE_CONTROL).unwrap_or_default();
                let may_be_stored = !cache_control.to_ascii_lowercase().contains("no-store");
                Ok(Answer::Body { validators, may_be_stored })
            }
            status => {
                drain(body);
                Err(refusal(status, &head.headers))
            }
        }
    }

    fn receive(
        &self,
        request: &Request<'_>,
        headers: &HeaderMap,
        body: Body,
        room: &Room,
        sink: &mut Sink<'_>,
    ) -> Result<(), Trouble> {
        let &Request { max_bytes, deadline, .. } = request;
        if let Some(coding) = text(headers, header::CONTENT_ENCODING).filter(|coding| coding != "identity") {
            let coding: String = coding.chars().take(40).collect();
            let message = format!("the server sent it compressed ({coding}), though asked not to");
            return Err(Trouble::of_file(FetchError::Failed(message)));
        }
        let announced = body.content_length();
        if let Some(bytes) = announced.filter(|bytes| *bytes > max_bytes) {
            return Err(Trouble::of_file(FetchError::TooLarge { bytes: Some(bytes), most: max_bytes }));
        }
        // What goes to a file takes no memory.
        let in_memory = if matches!(sink, Sink::Memory(_)) { announced.unwrap_or(max_bytes) } else { 0 };
        let _room = room.hold(in_memory);
        let stored = |result: io::Result<()>| {
            result.map_err(|error| Trouble::of_file(FetchError::Failed(format!("cannot be stored: {error}"))))
        };
        stored(sink.reset())?;
        sink.expect(announced.unwrap_or(0));
        let mut reader = body.into_reader();
        let mut buffer = [0; 16 << 10];
        let mut received = 0;
        loop {
            let length = match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.trouble(ureq::Error::from(error))),
            };
            received += length as u64;
            if received > max_bytes {
                return Err(Trouble::of_file(FetchError::TooLarge { bytes: None, most: max_bytes }));
            }
            stored(sink.put(&buffer[..length]))?;
            if Instant::now() >= deadline {
                return Err(self.trouble(ureq::Error::Timeout(Timeout::Global)));
            }
        }
    }

    /// ureq's errors in our words. They repeat no URL.
    fn trouble(&self, error: ureq::Error) -> Trouble {
        let seconds = |duration: Duration| format!("{} s", duration.as_secs_f64());
        match error {
            ureq::Error::Other(error) => match error.downcast::<FetchError>() {
                Ok(error) => Trouble::of_file(*error),
                Err(error) => Trouble::of_host(error.to_string().to_lowercase(), false),
            },
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
                Trouble::of_host(format!("no connection within {}", seconds(self.limits.connect_timeout)), true)
            }
            ureq::Error::Timeout(Timeout::RecvResponse) => {
                Trouble::of_host(format!("no answer within {}", seconds(self.limits.first_byte_timeout)), true)
            }
            ureq::Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => {
                Trouble::of_host("the server fell silent in the middle of its answer", true)
            }
            ureq::Error::Timeout(_) => {
                Trouble::of_host(format!("not complete within {}", seconds(self.limits.total_timeout)), true)
            }
            ureq::Error::HostNotFound => Trouble::of_host("the host's name is not known", false),
            ureq::Error::Io(error) => io_trouble(&error),
            ureq::Error::Rustls(error) => Trouble::of_host(format!("TLS: {error}"), false),
            ureq::Error::LargeResponseHeader(..) => {
                Trouble::of_file(FetchError::Failed("the answer's header is too long".to_owned()))
            }
            ureq::Error::Protocol(error) => Trouble::of_file(FetchError::Failed(format!(
                "not an HTTP answer: {}",
                error.to_string().to_lowercase()
            ))),
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                Trouble::of_file(FetchError::Refused("the URL is not one that can be asked for".to_owned()))
            }
            other => Trouble::of_host(other.to_string().to_lowercase(), false),
        }
    }
}

fn io_trouble(error: &io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Trouble::of_host("the connection was refused", true),
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Trouble::of_host("the connection was closed too early", true),
        io::ErrorKind::TimedOut => Trouble::of_host("no connection in time", true),
        // rustls speaks through here: a certificate does not get better.
        io::ErrorKind::InvalidData => Trouble::of_host(format!("TLS: {error}"), false),
        _ => {
            let text = error.to_string().to_lowercase();
            match text.contains("lookup address") {
                true => Trouble::of_host("the host's name is not known", text.contains("temporary")),
                false => Trouble::of_host(text, true),
            }
        }
    }
}

/// A status that brings no file.
fn refusal(status: StatusCode, headers: &HeaderMap) -> Trouble {
    let named = match status.canonical_reason() {
        Some(reason) => format!("the server says {} {reason}", status.as_u16()),
        None => format!("the server says {}", status.as_u16()),
    };
    match status {
        StatusCode::NOT_FOUND => Trouble::of_file(FetchError::NotFound("404 Not Found")),
        StatusCode::GONE => Trouble::of_file(FetchError::NotFound("410 Gone")),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Trouble {
            is_passing: true,
            retry_after: retry_after(headers),
            ..Trouble::of_file(FetchError::Failed(named))
        },
        StatusCode::INTERNAL_SERVER_ERROR
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Trouble { retry_after: retry_after(headers), ..Trouble::of_host(named, true) },
        _ => Trouble::of_file(FetchError::Failed(named)),
    }
}

/// Where a redirect leads. It may go from http to https and not back: what was asked for in secret stays so.
fn redirect(from: &Url, headers: &HeaderMap) -> Result<Url, FetchError> {
    let location = headers.get(header::LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let Some(location) = location else {
        return Err(FetchError::Failed("a redirect that leads nowhere".to_owned()));
    };
    let mut to = from.join(&location).map_err(|_| FetchError::Failed("a redirect to no valid URL".to_owned()))?;
    to.set_fragment(None);
    if from.scheme() == "https" && to.scheme() == "http" {
        return Err(FetchError::Refused("a redirect from https to http is not followed".to_owned()));
    }
    Ok(to)
}

/// Seconds or a date. <https://www.rfc-editor.org/rfc/rfc9110#name-retry-after>
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, header::RETRY_AFTER)?;
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let at = jiff::fmt::rfc2822::parse(&value).ok()?.timestamp();
    Some(at.duration_since(jiff::Timestamp::now()).try_into().unwrap_or(Duration::ZERO))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= 1024).then(|| value.to_owned())
}

/// A connection can be used again when the answer on it was read to its end.
fn drain(body: Body) {
    if body.content_length().is_some_and(|length| length > MAX_DRAINED_BYTES) {
        return;
    }
    let mut reader = body.into_reader().take(MAX_DRAINED_BYTES);
    // One that cannot be drained is closed: nothing is lost.
    let _ = io::copy(&mut reader, &mut io::sink());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn patience_is_asked_for_in_seconds_or_until_a_date() {
        let asked = |value| retry_after(&headers(header::RETRY_AFTER, value));
        assert_eq!(asked("3"), Some(Duration::from_secs(3)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        let future = asked("Mon, 06 Nov 2400 08:49:37 GMT").unwrap();
        assert!(future > Duration::from_secs(1_000_000));
        assert_eq!(asked("soon"), None);
        assert_eq!(asked("-3"), None);
    }

    #[test]
    fn redirects_are_resolved_and_never_lead_back_to_http() {
        let to = |from: &str, location| {
            redirect(&Url::parse(from).unwrap(), &headers(header::LOCATION, location)).map(|url| url.to_string())
        };
        assert_eq!(to("http://a.com/x/y?z", "../w#f").unwrap(), "http://a.com/w");
        assert_eq!(to("http://a.com/x", "https://b.com").unwrap(), "https://b.com/");
        assert_eq!(to("https://a.com/x", "//b.com/y").unwrap(), "https://b.com/y");
        assert!(matches!(to("https://a.com/x", "http://a.com/x"), Err(FetchError::Refused(_))));
        assert!(matches!(to("https://a.com/x", "https://[/"), Err(FetchError::Failed(_))));
        assert!(redirect(&Url::parse("http://a.com").unwrap(), &HeaderMap::new()).is_err());
    }
}

//! Connections: a name is looked up, its addresses are checked, and exactly those that passed are connected to.
//!
//! There is no second look-up between the check and the connection, so a name that changes its mind (DNS rebinding)
//! gains nothing. ureq asks a connector for every new connection, so redirects and retries come through here again;
//! a connection that is kept alive leads where it led before. Of a name with good and bad addresses the good ones
//! are used; one without any good address is refused.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport};

use super::{FetchError, Guard};

/// Addresses of a host that are tried.
const MAX_ADDRESSES: usize = 8;

/// How names become addresses. Tests put another one in the system's place.
#[derive(Clone)]
pub struct Lookup {
    ask: Arc<AskFn>,
    route: Arc<RouteFn>,
}

type AskFn = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;
type RouteFn = dyn Fn(SocketAddr) -> SocketAddr + Send + Sync;

impl Lookup {
    /// Asks a function.
    pub fn new(ask: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        Self { ask: Arc::new(ask), route: Arc::new(|address| address) }
    }

    /// Connects elsewhere once an address was found good: a test's server stands for a host of the internet.
    pub fn routed(self, route: impl Fn(SocketAddr) -> SocketAddr + Send + Sync + 'static) -> Self {
        Self { route: Arc::new(route), ..self }
    }

    /// The system's look-up cannot be called off: it goes on in a thread of its own when time is up.
    fn ask(&self, host: &str, port: u16, within: Option<Duration>) -> io::Result<Vec<SocketAddr>> {
        let Some(within) = within else { return (self.ask)(host, port) };
        let (sender, receiver) = sync_channel(1);
        let (ask, host) = (Arc::clone(&self.ask), host.to_owned());
        std::thread::Builder::new().name("lookup".to_owned()).spawn(move || {
            let _ = sender.send(ask(&host, port));
        })?;
        receiver.recv_timeout(within).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Default for Lookup {
    /// The system's.
    fn default() -> Self {
        Self::new(|host, port| Ok((host, port).to_socket_addrs()?.collect()))
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}

/// Looks nothing up: that is the connector's work. (ureq would ask for every request, we only for a connection.)
#[derive(Debug)]
pub(super) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

/// Looks up, checks, connects.
#[derive(Debug)]
pub(super) struct GuardedConnector {
    pub guard: Guard,
    pub lookup: Lookup,
    pub tcp: TcpConnector,
}

impl<In: Transport> Connector<In> for GuardedConnector {
    type Out = <TcpConnector as Connector<In>>::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let addrs = self.addresses(details)?;
        let ConnectionDetails { uri, config, request_level, resolver, now, timeout, .. } = details;
        let checked = ConnectionDetails {
            uri,
            addrs,
            resolver: *resolver,
            config,
            request_level: *request_level,
            now: *now,
            timeout: *timeout,
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::clone(&details.register_shutdown),
        };
        self.tcp.connect(&checked, None)
    }
}

impl GuardedConnector {
    /// The addresses that may be connected to; never none.
    fn addresses(&self, details: &ConnectionDetails<'_>) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let refused = |error: FetchError| ureq::Error::Other(Box::new(error));
        let default_port = if details.needs_tls() { 443 } else { 80 };
        let port = details.uri.port_u16().unwrap_or(default_port);
        let host = details.uri.host().unwrap_or_default();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let found = match bare.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => self.lookup.ask(host, port, details.timeout.not_zero().map(|within| *within))?,
        };
        let mut first_refusal = None;
        let mut addresses = details.resolver.empty();
        for address in found {
            match self.guard.check_address(address.ip()) {
                Ok(()) if addresses.len() < MAX_ADDRESSES => {
                    addresses.push((self.lookup.route)(SocketAddr::new(address.ip(), port)));
                }
                Ok(()) => {}
                Err(error) => first_refusal = first_refusal.or(Some(error)),
            }
        }
        match first_refusal {
            _ if !addresses.is_empty() => Ok(addresses),
            Some(error) => Err(refused(error)),
            None => Err(ureq::Error::HostNotFound),
        }
    }
}

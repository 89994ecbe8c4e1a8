//! Which URLs may be asked for at all. Addresses are looked at once more when a connection is made
//! ([`super::connector`]): a name says nothing about where it leads.

use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

use super::FetchError;
use super::address::{Reach, reach};
use super::stored;

/// Longest URL that is asked for: what common servers take.
const MAX_URL_BYTES: usize = 8 << 10;

/// Ports that browsers refuse, because what listens there might take a request for its own language:
/// <https://fetch.spec.whatwg.org/#port-blocking>.
const BAD_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
    110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531,
    532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060,
    5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// What may be fetched. The default: any `http` or `https` URL whose host has a public address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Nothing is asked of the network.
    pub offline: bool,
    /// Admits private and loopback addresses; never link-local ones, metadata services or multicast.
    pub allow_private: bool,
    /// Only these hosts. Empty: all.
    pub allow_hosts: Vec<HostPattern>,
}

/// A host, or `*.example.com` for every host below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    /// As [`Url`] writes it, without a trailing dot.
    host: String,
    is_suffix: bool,
}

impl FromStr for HostPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (name, is_suffix) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let wrong = || {
            let example = "expected a host such as images.example.com, or *.example.com for all below it";
            format!("{example}, without scheme, port and path")
        };
        // Of an IPv6 address the brackets may be left out.
        let bracketed = name.parse::<std::net::Ipv6Addr>().map(|address| format!("[{address}]"));
        let host = Host::parse(bracketed.as_deref().unwrap_or(name)).map_err(|_| wrong())?;
        let is_address = !matches!(host, Host::Domain(_));
        let host = host.to_string();
        let host = host.strip_suffix('.').unwrap_or(&host).to_owned();
        if host.is_empty() || host.contains('*') || (is_suffix && is_address) {
            return Err(wrong());
        }
        Ok(Self { host, is_suffix })
    }
}

impl HostPattern {
    fn admits(&self, host: &str) -> bool {
        match self.is_suffix {
            true => host.strip_suffix(&self.host).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
            false => host == self.host,
        }
    }
}

impl Guard {
    /// Whether a URL may be asked for, as far as the URL alone tells. Redirects are looked at in the same way.
    ///
    /// # Errors
    /// Always [`FetchError::Refused`].
    pub fn check(&self, url: &Url) -> Result<(), FetchError> {
        let refuse = |reason: &str| Err(FetchError::Refused(reason.to_owned()));
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Refused(format!("{} URLs are not fetched, only http and https", url.scheme())));
        }
        if self.offline {
            return refuse("nothing is fetched with --offline");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("a URL with a user name or password is not fetched");
        }
        if url.as_str().len() > MAX_URL_BYTES {
            return Err(FetchError::Refused(format!("the URL is longer than {MAX_URL_BYTES} bytes")));
        }
        let port = url.port_or_known_default().unwrap_or(0);
        if BAD_PORTS.contains(&port) {
            return Err(FetchError::Refused(format!("port {port} is not one that serves files")));
        }
        match url.host() {
            Some(Host::Domain(name)) if !name.trim_matches('.').is_empty() => {}
            Some(Host::Ipv4(address)) => self.check_address(address.into())?,
            Some(Host::Ipv6(address)) => self.check_address(address.into())?,
            _ => return refuse("the URL has no host"),
        }
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_suffix('.').unwrap_or(host);
        if !self.allow_hosts.is_empty() && !self.allow_hosts.iter().any(|pattern| pattern.admits(host)) {
            return Err(FetchError::Refused(format!("{host} is not among the allowed hosts (--allow-host)")));
        }
        Ok(())
    }

    /// Whether a connection to an address may be made. The message tells no address: it may be a secret of the
    /// network that we run in.
    ///
    /// # Errors
    /// Always [`FetchError::Refused`].
    pub fn check_address(&self, address: IpAddr) -> Result<(), FetchError> {
        match reach(address) {
            Reach::Global => Ok(()),
            Reach::Private(_) if self.allow_private => Ok(()),
            Reach::Private(what) => Err(FetchError::Refused(format!(
                "the host's address is not public ({what}): --allow-private admits it"
            ))),
            Reach::Never(what) => Err(FetchError::Refused(format!("the host's address is not public ({what})"))),
        }
    }
}

/// A location as messages show it: without user name, password, query and fragment, which may hold secrets, and
/// without the content of `data:` URLs.
pub fn shown_location(location: &str) -> String {
    const MAX_CHARS: usize = 200;
    let is_data = location.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
    if is_data {
        let media = location[5..].split([',', ';']).next().unwrap_or_default();
        return match media.is_empty() || media.len() > 40 || !media.is_ascii() {
            true => "a data: URL".to_owned(),
            false => format!("a data: URL ({media})"),
        };
    }
    let Some((scheme, rest)) = location.split_once("://") else {
        return location.chars().take(MAX_CHARS).collect();
    };
    if stored::is_scheme(scheme.trim_start()) {
        // Whoever writes a user name or a query into it means some other kind of URL.
        let (owner, _) = rest.split_once('/').unwrap_or((rest, ""));
        if owner.contains('@') {
            return format!("{scheme}://...");
        }
        let (shown, hidden) = location.split_once('?').map_or((location, ""), |(shown, _)| (shown, "?..."));
        return shown.trim().chars().take(MAX_CHARS).chain(hidden.chars()).collect();
    }
    let Ok(mut url) = Url::parse(location.trim()) else { return format!("{scheme}://...") };
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path();
    match url.host_str() {
        None => format!("{scheme}://..."),
        Some(host) => {
            let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
            format!("{}://{host}{port}{path}", url.scheme()).chars().take(MAX_CHARS).collect()
        }
    }
}

/// [`shown_location`] of a URL that was read.
pub fn shown_url(url: &Url) -> String {
    shown_location(&stored::written(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(guard: &Guard, url: &str) -> Option<String> {
        guard.check(&Url::parse(url).unwrap()).err().map(|error| error.to_string())
    }

    /// Every way to write 127.0.0.1, 169.254.169.254, 10.0.0.1 and the like, and what is no URL of a file at all.
    #[test]
    fn hosts_that_are_inner_addresses_are_refused_however_they_are_written() {
        let refused = [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://017700000001/",
            "http://127.000.000.001/",
            "http://0/",
            "http://0.0.0.0/",
            "http://255.255.255.255/",
            "http://3232235777/",
            "http://192.168.1.1:8080/",
            "http://10.0.0.1/a.png",
            "http://100.64.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://0251.0376.0251.0376/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[64:ff9b:1::1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001:0:7f00:1::]/",
            "http://[fe80::1]/",
            "http://[fc00::1]/",
            "http://[fd00:ec2::254]/",
            "http://[ff02::1]/",
            "http://①②⑦.⓪.⓪.①/",
            "http://127。0。0。1/",
        ];
        for url in refused {
            let reason = refusal(&Guard::default(), url).unwrap_or_else(|| panic!("{url} is admitted"));
            assert!(reason.contains("is not public"), "{url}: {reason}");
        }
    }

    #[test]
    fn what_is_no_plain_web_address_is_refused() {
        let cases = [
            ("ftp://example.com/a", "ftp URLs"),
            ("file:///etc/passwd", "file URLs"),
            ("gopher://example.com/", "gopher URLs"),
            ("s3://bucket/key", "s3 URLs"),
            ("http://user@example.com/", "user name"),
            ("http://user:pass@example.com/", "user name"),
            ("http://:pass@example.com/", "user name"),
            ("http://example.com:22/", "port 22"),
            ("http://example.com:0/", "port 0"),
            ("https://example.com:6667/", "port 6667"),
            ("http://./", "no host"),
        ];
        for (url, part) in cases {
            let reason = refusal(&Guard::default(), url).unwrap_or_else(|| panic!("{url} is admitted"));
            assert!(reason.contains(part), "{url}: {reason}");
            let lifted = Guard { allow_private: true, ..Guard::default() };
            assert_eq!(refusal(&lifted, url), Some(reason), "{url}: lifting the guard changes nothing");
        }
        let long = format!("https://example.com/{}", "a".repeat(MAX_URL_BYTES));
        assert!(refusal(&Guard::default(), &long).is_some());
        for url in
            ["http://[fe80::1%25eth0]/", "http://exa mple.com/", "http://example.com:99999/", "http://1.2.3.4.5/"]
        {
            assert!(Url::parse(url).is_err(), "{url}");
        }
        for url in
            ["https://example.com/a.png", "http://example.com:8080/?a=b", "https://EXAMPLE.com./", "http://8.8.8.8/"]
        {
            assert_eq!(refusal(&Guard::default(), url), None, "{url}");
        }
    }

    #[test]
    fn offline_refuses_all() {
        let guard = Guard { offline: true, allow_private: true, ..Guard::default() };
        assert!(refusal(&guard, "https://example.com/").is_some_and(|reason| reason.contains("--offline")));
    }

    #[test]
    fn lifting_the_guard_admits_private_addresses_and_nothing_else() {
        let guard = Guard { allow_private: true, ..Guard::default() };
        for url in ["http://127.0.0.1/", "http://10.1.2.3/", "http://[::1]/", "http://[fd12::1]/", "http://100.64.0.1/"]
        {
            assert_eq!(refusal(&guard, url), None, "{url}");
        }
        for url in ["http://169.254.169.254/", "http://0.0.0.0/", "http://[::ffff:127.0.0.1]/", "http://224.0.0.1/"] {
            assert!(refusal(&guard, url).is_some(), "{url}");
        }
    }

    #[test]
    fn allowed_hosts_are_compared_as_browsers_write_them() {
        let guard = |hosts: &[&str]| Guard {
            allow_hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
            ..Guard::default()
        };
        let images = guard(&["images.example.com", "*.cdn.example.net", "bücher.example", "8.8.8.8"]);
        for url in [
            "https://images.example.com/a",
            "https://IMAGES.example.com./a",
            "https://a.cdn.example.net/",
            "https://a.b.cdn.example.net/",
            "https://xn--bcher-kva.example/",
            "https://BÜCHER.example/",
            "http://0x08080808/",
        ] {
            assert_eq!(refusal(&images, url), None, "{url}");
        }
        for url in [
            "https://example.com/",
            "https://a.images.example.com/",
            "https://images.example.com.evil.com/",
            "https://evilcdn.example.net/",
            "https://cdn.example.net/",
            "https://.cdn.example.net/",
            "https://evil.com/images.example.com",
            "https://8.8.4.4/",
        ] {
            assert!(refusal(&images, url).is_some_and(|reason| reason.contains("allowed hosts")), "{url}");
        }
        // A listed host may still not lead inside.
        assert!(refusal(&guard(&["127.0.0.1"]), "http://127.0.0.1/").is_some());
        for wrong in ["", "*", "*.", "https://example.com", "example.com/a", "example.com:80", "*.1.2.3.4", "a.*.com"] {
            assert!(HostPattern::from_str(wrong).is_err(), "{wrong}");
        }
        assert!(HostPattern::from_str("::1").is_ok_and(|pattern| pattern.admits("[::1]")));
    }

    #[test]
    fn messages_hold_no_secrets() {
        let cases = [
            ("https://u:p@example.com/a.png?sig=s3cret#x", "https://example.com/a.png"),
            ("https://u:p@ss@example.com\\a?x", "https://example.com/a"),
            ("https://u:pa/ss@example.com/", "https://..."),
            ("http://[broken?token=1", "http://..."),
            (" https://example.com:8080?token=1", "https://example.com:8080/"),
            ("data:image/png;base64,AAAA", "a data: URL (image/png)"),
            ("DATA:,hello", "a data: URL"),
            ("images/a?b.png", "images/a?b.png"),
        ];
        for (location, shown) in cases {
            assert_eq!(shown_location(location), shown);
        }
    }
}

//! The gate and TLS: servers prove their name, and nothing falls back to plain HTTP.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use gravure::assets::fetch::{Gate, GateConfig, Lookup};

use crate::fetch::{failure, fetch, limits, refusal};
use crate::server::{Reply, Server, read_request};

/// Answers every request over TLS, as `photos.test`.
fn tls_server(answer: &'static str) -> u16 {
    let folder = crate::support::root().join("tests/fetch");
    let read = |name: &str| std::fs::read(folder.join(name)).expect(name);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(read("server.key.der"));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the defaults")
        .with_no_client_auth()
        .with_single_cert(vec![read("server.der").into()], key.into())
        .expect("a certificate with its key");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).expect("a good configuration");
            let mut reader = BufReader::new(rustls::StreamOwned::new(connection, stream));
            // A client that trusts nobody leaves here.
            if read_request(&mut reader).is_some() {
                let _ = reader.get_mut().write_all(answer.as_bytes());
                let _ = reader.get_mut().flush();
            }
        }
    });
    port
}

#[test]
fn https_is_spoken_with_servers_that_prove_their_name() {
    let authority = std::fs::read(crate::support::root().join("tests/fetch/authority.der")).expect("a file");
    let gate = |port: u16, authorities: Vec<Vec<u8>>| {
        let lookup = Lookup::new(|_, port| Ok(vec![SocketAddr::from(([8, 8, 8, 8], port))]))
            .routed(move |_| SocketAddr::from(([127, 0, 0, 1], port)));
        Gate::new(GateConfig { lookup, authorities, limits: limits(), ..GateConfig::default() }).expect("no folder")
    };
    let port = tls_server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nphoto");
    let trusting = gate(port, vec![authority.clone()]);
    assert_eq!(fetch(&trusting, "https://photos.test/").as_deref(), Ok(&b"photo"[..]));
    let message = failure(fetch(&trusting, "https://other.test/"));
    assert!(message.contains("TLS") && message.contains("not valid for name"), "{message}");
    // The public authorities know nothing of ours.
    let message = failure(fetch(&gate(port, Vec::new()), "https://photos.test/"));
    assert!(message.contains("TLS") && message.contains("UnknownIssuer"), "{message}");

    let port = tls_server("HTTP/1.1 302 Found\r\nLocation: http://photos.test/\r\nContent-Length: 0\r\n\r\n");
    let reason = refusal(fetch(&gate(port, vec![authority]), "https://photos.test/"));
    assert!(reason.contains("from https to http"), "{reason}");
    // Plain HTTP spoken to a TLS port and the other way round are failures, not hangs.
    let server = Server::start(|_, _| Reply::ok("x"));
    failure(fetch(&gate(server.port(), Vec::new()), "https://photos.test/"));
}

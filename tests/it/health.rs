//! Health and metrics as an orchestrator and Prometheus see them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use gravure::telemetry::{Health, Metrics, RendererSnapshot, serve};

/// Status and body of an answer.
fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: worker\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    (head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status"), body.to_owned())
}

#[test]
fn health_and_metrics_are_served_until_the_end() {
    let (metrics, health) = (Metrics::new(), Health::default());
    let server = serve("127.0.0.1:0".parse().unwrap(), metrics.clone(), health.clone()).unwrap();
    let address = server.address();

    assert_eq!(get(address, "/healthz"), (200, "live\n".to_owned()));
    let (status, report) = get(address, "/readyz");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((status, &report["ready"], &report["broker"]["detail"]), (503, &false.into(), &"not known yet".into()));

    health.set_adapter(true, "llvmpipe");
    health.set_broker(true, "consuming");
    health.set_storage(true, "reachable");
    assert_eq!(get(address, "/readyz").0, 200);
    health.set_draining();
    let (status, report) = get(address, "/readyz");
    assert!(status == 503 && report.contains("\"draining\":true"), "{report}");

    metrics.job_received("jobs");
    metrics.absorb(&RendererSnapshot::default(), &RendererSnapshot { sheets: 3, ..RendererSnapshot::default() });
    let (status, text) = get(address, "/metrics");
    assert_eq!(status, 200);
    let lines = [
        "gravure_jobs_received_total{lane=\"jobs\"} 1",
        "gravure_sheets_total 3",
        "gravure_adapter_ready 1",
        "gravure_storage_ready 1",
        "gravure_draining 1",
    ];
    for line in lines {
        assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
    }
    assert_eq!(get(address, "/").0, 404);

    // Somebody who has asked for nothing yet does not keep it from ending.
    let silent = TcpStream::connect(address).unwrap();
    drop(server);
    assert!(TcpStream::connect(address).is_err(), "it listens no more");
    drop(silent);
    assert!(serve(address, metrics, health).is_ok(), "the address is free again");
}

//! Health and metrics over HTTP: a small server on a thread of its own, so that it answers however busy the worker is.
//!
//! | path | answers |
//! |---|---|
//! | `/healthz` | 200 while the worker's loop turns, 503 when it stands still: start another |
//! | `/readyz` | 200 when adapter, broker and storage are there and the worker is not told to end, else 503; JSON |
//! | `/metrics` | every metric, as Prometheus reads it |

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use parking_lot::Mutex;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Metrics;

/// A loop that has turned and then stands still for so long is not live.
const STILL: Duration = Duration::from_secs(60);
/// How long those who ask may take to get their answers when the server ends.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// What must hold for a worker to be ready. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Health {
    conditions: Arc<Mutex<Conditions>>,
}

#[derive(Debug, Default)]
struct Conditions {
    adapter: Condition,
    broker: Condition,
    storage: Condition,
    is_draining: bool,
    beat: Option<Instant>,
}

#[derive(Debug)]
struct Condition {
    holds: bool,
    detail: String,
}

impl Default for Condition {
    fn default() -> Self {
        Self { holds: false, detail: "not known yet".to_owned() }
    }
}

/// What metrics tell of [`Health`].
pub(super) struct Readiness {
    pub has_adapter: bool,
    pub takes_objects: bool,
    pub is_draining: bool,
}

impl Health {
    /// Whether there is a renderer that can draw.
    pub fn set_adapter(&self, holds: bool, detail: &str) {
        self.conditions.lock().adapter = Condition { holds, detail: detail.to_owned() };
    }

    /// Whether jobs can come.
    pub fn set_broker(&self, holds: bool, detail: &str) {
        self.conditions.lock().broker = Condition { holds, detail: detail.to_owned() };
    }

    /// Whether objects can be stored.
    pub fn set_storage(&self, holds: bool, detail: &str) {
        self.conditions.lock().storage = Condition { holds, detail: detail.to_owned() };
    }

    /// No more jobs are taken.
    pub fn set_draining(&self) {
        self.conditions.lock().is_draining = true;
    }

    /// The worker's loop turns. Once it has, it must go on to: see [`Self::still`].
    pub fn beat(&self) {
        self.conditions.lock().beat = Some(Instant::now());
    }

    /// How long the worker's loop has stood still, where that is too long.
    pub fn still(&self) -> Option<Duration> {
        let beat = self.conditions.lock().beat;
        beat.map(|beat| beat.elapsed()).filter(|since| *since > STILL)
    }

    /// Whether all holds, with what does and does not.
    pub fn report(&self) -> (bool, serde_json::Value) {
        let Conditions { adapter, broker, storage, is_draining, .. } = &*self.conditions.lock();
        let is_ready = adapter.holds && broker.holds && storage.holds && !is_draining;
        let condition = |condition: &Condition| json!({"ready": condition.holds, "detail": condition.detail});
        let report = json!({
            "ready": is_ready, "draining": is_draining,
            "adapter": condition(adapter), "broker": condition(broker), "storage": condition(storage),
        });
        (is_ready, report)
    }

    fn readiness(&self) -> Readiness {
        let Conditions { adapter, storage, is_draining, .. } = &*self.conditions.lock();
        Readiness { has_adapter: adapter.holds, takes_objects: storage.holds, is_draining: *is_draining }
    }
}

/// A server that answers until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    /// Answers what was asked before, for a second at most, then closes.
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Serves `/healthz`, `/readyz` and `/metrics`.
///
/// # Errors
/// When it cannot listen there, or the system gives no thread.
pub fn serve(address: SocketAddr, metrics: Metrics, health: Health) -> std::io::Result<Server> {
    let listener = StdListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let thread = std::thread::Builder::new().name("http".to_owned()).spawn(move || {
        let ended = runtime.block_on(answer(listener, metrics, health, stopped));
        if let Err(error) = ended {
            tracing::error!(%error, "health and metrics are not served any more");
        }
        runtime.shutdown_background();
    })?;
    Ok(Server { address, stop, thread: Some(thread) })
}

async fn answer(
    listener: StdListener,
    metrics: Metrics,
    health: Health,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let router = Router::new()
        .route("/healthz", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(text))
        .with_state((metrics, health));
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_ANSWERS).await;
    };
    tokio::select! {
        ended = async { serving.await } => ended,
        () = patience => Ok(()),
    }
}

async fn live(State((_, health)): State<(Metrics, Health)>) -> Response {
    match health.still() {
        None => "live\n".into_response(),
        Some(since) => {
            let text = format!("the worker's loop has stood still for {} s\n", since.as_secs());
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

async fn ready(State((_, health)): State<(Metrics, Health)>) -> Response {
    let (is_ready, report) = health.report();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{report}\n")).into_response()
}

async fn text(State((metrics, health)): State<(Metrics, Health)>) -> Response {
    metrics.readiness(health.readiness());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.text()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_ready_when_all_holds_and_it_is_not_told_to_end() {
        let health = Health::default();
        assert!(!health.report().0);
        health.set_adapter(true, "llvmpipe");
        health.set_broker(true, "consuming");
        health.set_storage(true, "reachable");
        assert!(health.report().0);
        health.set_storage(false, "no answer");
        let (is_ready, report) = health.report();
        assert!(!is_ready);
        assert_eq!(report["storage"]["detail"], "no answer");
        health.set_storage(true, "reachable");
        health.set_draining();
        assert!(!health.report().0);
    }

    #[test]
    fn a_loop_that_has_not_begun_is_not_standing_still() {
        let health = Health::default();
        assert_eq!(health.still(), None);
        health.beat();
        assert_eq!(health.still(), None);
        health.conditions.lock().beat = Instant::now().checked_sub(STILL * 2);
        assert!(health.still().is_some_and(|since| since >= STILL * 2));
    }
}

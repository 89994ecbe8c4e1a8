//! Health and metrics over HTTP, on a small server of its own that never waits for work.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use parking_lot::Mutex;
use serde_json::json;
use tokio::net::TcpListener;

use super::Metrics;

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

    /// Whether all holds, with what does and does not.
    pub fn report(&self) -> (bool, serde_json::Value) {
        let Conditions { adapter, broker, storage, is_draining } = &*self.conditions.lock();
        let is_ready = adapter.holds && broker.holds && storage.holds && !is_draining;
        let condition = |condition: &Condition| json!({"ready": condition.holds, "detail": condition.detail});
        let report = json!({
            "ready": is_ready, "draining": is_draining,
            "adapter": condition(adapter), "broker": condition(broker), "storage": condition(storage),
        });
        (is_ready, report)
    }
}

/// Serves `/healthz`, `/readyz` and `/metrics` until the runtime ends. Gives the address that it listens on.
///
/// # Errors
/// When it cannot listen there.
pub async fn serve(address: SocketAddr, metrics: Metrics, health: Health) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/healthz", get(|| async { "live\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(text))
        .with_state((metrics, health));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "health and metrics are not served any more");
        }
    });
    Ok(address)
}

async fn ready(State((_, health)): State<(Metrics, Health)>) -> Response {
    let (is_ready, report) = health.report();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{report}\n")).into_response()
}

async fn text(State((metrics, _)): State<(Metrics, Health)>) -> Response {
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
}

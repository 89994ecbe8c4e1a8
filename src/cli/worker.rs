//! `gravure worker`, and the renderer that it starts.

use std::ffi::OsString;
use std::io::BufReader;
use std::process::exit;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;

use super::Status;
use super::config::{Config, ConfigArgs};
use crate::assets::fetch::{FetchLimits, Gate, GateConfig, Guard, HostPattern, Objects};
use crate::queue::rabbit::{RabbitPublisher, RabbitQueue};
use crate::store::AllowedPlaces;
use crate::telemetry::{Health, Metrics, serve};
use crate::worker::renderer::child::{self, RendererParts};
use crate::worker::renderer::open::{FRESH, JobLimits, Opener};
use crate::worker::renderer::supervisor::RendererSettings;
use crate::worker::{Ended, Settings, Shutdown, WorkerParts, depths};

/// The least memory that a renderer is allowed by default.
const LEAST_MEMORY: u64 = 2 << 30;

/// Arguments of `gravure worker`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 told to end, with everything done or handed back; 1 connected to the broker and \
    without jobs for too long; 2 the settings cannot be used. SIGTERM drains within worker.grace_secs, a second one \
    hands everything back at once."
)]
pub struct WorkerArgs {
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Arguments of `gravure renderer`.
#[derive(Debug, Args)]
pub struct RendererArgs {
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Works until it is told to end.
pub fn run(args: &WorkerArgs) -> anyhow::Result<Status> {
    let config = args.config.read()?;
    config.check_worker()?;
    config.check_broker()?;
    AllowedPlaces::new(config.worker.sources()).map_err(|message| anyhow!("worker.sources: {message}"))?;
    let address = config.worker.http.parse();
    let address =
        address.with_context(|| format!("worker.http: expected address:port, got {:?}", config.worker.http))?;
    let renderer = renderer_settings(args, &config.worker)?;
    let runtime = tokio::runtime::Runtime::new().context("no threads")?;
    let ended = runtime.block_on(async {
        let (metrics, health) = (Metrics::new(), Health::default());
        let server = serve(address, metrics.clone(), health.clone());
        let server = server.with_context(|| format!("cannot listen on {address} (worker.http)"))?;
        tracing::info!(listening = %server.address(), broker = config.amqp.shown(), destinations = ?config.worker.destinations, "worker starts");
        health.set_storage(true, "not asked yet");
        tokio::spawn(depths::watch(RabbitPublisher::new(config.amqp.clone()), metrics.clone()));
        let shutdown = Shutdown::default();
        end_on_signals(&shutdown)?;
        let lanes = config.amqp.lanes.iter().map(|lane| (lane.name.clone(), lane.weight)).collect();
        let parts = WorkerParts {
            lanes,
            queue: Arc::new(RabbitQueue::start(config.amqp.clone())),
            stores: Arc::new(config.stores()),
            settings: config.worker,
            renderer,
            metrics,
            health,
            shutdown,
        };
        crate::worker::run(parts).await.map_err(|message| anyhow!(message))
    })?;
    // Threads that wait for a store that does not answer are not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match ended {
        Ended::Drained => Ok(Status::Fine),
        Ended::Deaf(reason) => {
            super::output::note(&format!("error: no jobs came from the broker for too long: {reason}"));
            Ok(Status::SomeFailed)
        }
    }
}

fn renderer_settings(args: &WorkerArgs, settings: &Settings) -> anyhow::Result<RendererSettings> {
    let program = std::env::current_exe().context("this program cannot be found")?;
    let arguments = [OsString::from("renderer")].into_iter().chain(args.config.arguments()).collect();
    Ok(RendererSettings {
        program: program.into(),
        arguments,
        memory_bytes: settings.renderer.memory_bytes.unwrap_or_else(|| (machine_memory() / 2).max(LEAST_MEMORY)),
        hang: Duration::from_secs(settings.renderer.hang_secs),
        start: Duration::from_secs(settings.renderer.start_secs),
    })
}

/// The machine's memory, or what its control group leaves of it.
fn machine_memory() -> u64 {
    let of_machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
    });
    let of_group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    of_machine.unwrap_or(LEAST_MEMORY * 2).min(of_group.unwrap_or(u64::MAX))
}

/// The first SIGTERM or SIGINT drains, the second hands back at once, the third ends the process as it stands: the
/// broker hands everything back then.
fn end_on_signals(shutdown: &Shutdown) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be heard")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be heard")?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        for heard in 1.. {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            match heard {
                1 => shutdown.drain.cancel(),
                2 => shutdown.at_once.cancel(),
                _ => exit(130),
            }
        }
    });
    Ok(())
}

/// Draws what the worker hands over on standard input.
pub fn run_renderer(args: &RendererArgs) -> anyhow::Result<Status> {
    let Config { worker, storage, .. } = &args.config.read()?;
    let stores = Arc::new(crate::store::Stores::new(crate::store::StoreSettings { s3: storage.clone() }));
    let allowed = AllowedPlaces::new(worker.sources()).map_err(|message| anyhow!("worker.sources: {message}"))?;
    let objects = Objects::new(Arc::clone(&stores), allowed);
    let mut allow_hosts = Vec::new();
    for host in &worker.fetch.allow_hosts {
        match host.parse::<HostPattern>() {
            Ok(host) => allow_hosts.push(host),
            Err(message) => bail!("worker.fetch.allow_hosts: {message}"),
        }
    }
    let guard = Guard { offline: allow_hosts.is_empty(), allow_hosts, allow_private: worker.fetch.allow_private };
    let gate = Gate::new(GateConfig {
        guard,
        cache: worker.fetch.cache.clone(),
        objects: Some(objects.clone()),
        limits: FetchLimits { fresh_for: FRESH, ..FetchLimits::default() },
        ..GateConfig::default()
    });
    let gate = gate.context("worker.fetch.cache cannot be used")?;
    let limits = JobLimits {
        rows: worker.max_rows_per_job,
        variants: worker.max_variants_per_job,
        pixels: worker.max_pixels_per_job,
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let parts = RendererParts {
        opener: Arc::new(Opener::new(gate, objects, limits)),
        stores,
        threads: worker.renderer.threads.unwrap_or(cores).max(1),
    };
    // A terminal's Ctrl-C goes to the worker as well, which drains: the renderer is told by it.
    let _ = ctrlc::set_handler(|| {});
    let code = child::run(&parts, BufReader::new(std::io::stdin()), std::io::stdout());
    exit(i32::from(code));
}

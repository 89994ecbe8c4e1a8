//! Keeps a renderer running: starts it, hands it orders, watches it by deadline, exit status and memory, and starts
//! another when it dies. Knows no jobs.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc;

use super::child::EXIT_DEVICE_GONE;
use super::protocol::{Order, Report};
use crate::ledger::farm::Death;

/// How often the renderer is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A renderer that says nothing for so long stands still: it says something twice a second.
const SILENCE: Duration = Duration::from_secs(30);
/// Waiting for something outside is no hang, up to this many times the patience.
const WAITING_PATIENCE: u32 = 10;

/// How a renderer is started and watched.
#[derive(Clone, Debug)]
pub struct RendererSettings {
    /// The program: this one.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What it may hold in memory.
    pub memory_bytes: u64,
    /// How long it may make no progress while it has jobs.
    pub hang: Duration,
    /// How long it may take to begin.
    pub start: Duration,
}

/// What is heard of a renderer.
#[derive(Debug)]
pub enum RendererEvent {
    /// It can draw. Orders with this generation are for it.
    Ready {
        /// Which of the renderers of this worker.
        generation: u64,
        /// Who draws.
        adapter: String,
    },
    /// It said something.
    Report {
        /// Which renderer.
        generation: u64,
        /// What.
        report: Report,
    },
    /// It is gone; the next one is on its way.
    Died {
        /// Which renderer.
        generation: u64,
        /// How; `None`: before it was ready, and so over no job.
        death: Option<Death>,
        /// For people.
        message: String,
    },
}

/// What a renderer is sent.
#[derive(Debug)]
pub enum ToRenderer {
    /// An order, if this renderer still runs.
    Order {
        /// Which renderer.
        generation: u64,
        /// What.
        order: Box<Order>,
    },
    /// Whether it has jobs: only then can it hang.
    Busy(bool),
}

/// Keeps renderers running until `orders` is closed; then the last one is told to end, and killed when it does not.
pub async fn supervise(
    settings: RendererSettings,
    mut orders: mpsc::UnboundedReceiver<ToRenderer>,
    events: mpsc::Sender<RendererEvent>,
    resident: impl Fn(u64) + Send,
) {
    let backoff = || {
        let (least, most) = (Duration::from_millis(200), Duration::from_secs(15));
        ExponentialBuilder::new().with_min_delay(least).with_max_delay(most).with_jitter().without_max_times().build()
    };
    let mut waits = backoff();
    for generation in 1.. {
        let ended = match Renderer::start(&settings, generation) {
            Ok(renderer) => renderer.watch(&settings, &mut orders, &events, &resident).await,
            Err(error) => Ended::died(None, format!("the renderer cannot be started: {error}")),
        };
        let Some((death, message)) = ended.died else { return };
        if ended.was_ready {
            waits = backoff();
        }
        tracing::warn!(generation, death = death.map_or("not_ready", Death::code), message, "renderer died");
        if events.send(RendererEvent::Died { generation, death, message }).await.is_err() {
            return;
        }
        let wait = if ended.was_ready { Duration::ZERO } else { waits.next().unwrap_or(Duration::from_secs(15)) };
        // Orders that come meanwhile are for the one that died.
        let rest = tokio::time::sleep(wait);
        tokio::pin!(rest);
        loop {
            tokio::select! {
                () = &mut rest => break,
                order = orders.recv() => if order.is_none() { return },
            }
        }
    }
}

struct Renderer {
    generation: u64,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Written by a task of its own: a renderer that does not read must not stop us from watching it.
    input: mpsc::UnboundedSender<Order>,
    is_ready: bool,
    is_busy: bool,
    last_words: Option<String>,
}

/// How a renderer's life ended.
struct Ended {
    was_ready: bool,
    /// `None`: it was told to.
    died: Option<(Option<Death>, String)>,
}

impl Ended {
    fn died(death: Option<Death>, message: String) -> Self {
        Self { was_ready: death.is_some(), died: Some((death, message)) }
    }
}

impl Renderer {
    fn start(settings: &RendererSettings, generation: u64) -> std::io::Result<Self> {
        let mut child = Command::new(&settings.program)
            .args(&settings.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut stdin = child.stdin.take().expect("it is piped");
        let stdout = child.stdout.take().expect("it is piped");
        let (input, mut orders) = mpsc::unbounded_channel::<Order>();
        tokio::spawn(async move {
            while let Some(order) = orders.recv().await {
                let mut line = serde_json::to_vec(&order).expect("orders hold strings and numbers");
                line.push(b'\n');
                // A renderer that died is noticed elsewhere.
                if stdin.write_all(&line).await.is_err() {
                    return;
                }
            }
        });
        tracing::info!(generation, process = child.id(), "renderer started");
        Ok(Self {
            generation,
            child,
            lines: BufReader::new(stdout).lines(),
            input,
            is_ready: false,
            is_busy: false,
            last_words: None,
        })
    }

    async fn watch(
        mut self,
        settings: &RendererSettings,
        orders: &mut mpsc::UnboundedReceiver<ToRenderer>,
        events: &mpsc::Sender<RendererEvent>,
        resident: &(impl Fn(u64) + Send),
    ) -> Ended {
        let (started, mut heard, mut moved) = (Instant::now(), Instant::now(), Instant::now());
        let (mut progress, mut is_waiting) = (0, false);
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                line = self.lines.next_line() => {
                    let Ok(Some(line)) = line else { return self.died().await };
                    heard = Instant::now();
                    let report = match serde_json::from_str::<Report>(&line) {
                        Ok(report) => report,
                        Err(error) => return self.kill(Death::Crash, format!("it said what cannot be read: {error}")).await,
                    };
                    match &report {
                        Report::Pulse { progress: now, is_waiting: waiting, .. } => {
                            if *now != progress || !self.is_busy {
                                moved = heard;
                            }
                            (progress, is_waiting) = (*now, *waiting);
                        }
                        Report::Gone { message } => self.last_words = Some(message.clone()),
                        Report::Ready { .. } => self.is_ready = true,
                        _ => moved = heard,
                    }
                    let generation = self.generation;
                    let event = match report {
                        Report::Ready { adapter } => RendererEvent::Ready { generation, adapter },
                        report => RendererEvent::Report { generation, report },
                    };
                    if events.send(event).await.is_err() {
                        return self.end().await;
                    }
                }
                order = orders.recv() => match order {
                    Some(ToRenderer::Order { generation, order }) if generation == self.generation => {
                        drop(self.input.send(*order));
                    }
                    Some(ToRenderer::Order { .. }) => {}
                    Some(ToRenderer::Busy(is_busy)) => {
                        if is_busy && !self.is_busy {
                            moved = Instant::now();
                        }
                        self.is_busy = is_busy;
                    }
                    None => return self.end().await,
                },
                _ = look.tick() => {
                    let bytes = self.child.id().and_then(resident_bytes).unwrap_or_default();
                    resident(bytes);
                    if bytes > settings.memory_bytes {
                        let (has, may) = (bytes >> 20, settings.memory_bytes >> 20);
                        return self.kill(Death::Memory, format!("it held {has} MiB of memory; {may} are allowed")).await;
                    }
                    if !self.is_ready && started.elapsed() > settings.start {
                        return self.kill(Death::Hang, format!("it was not ready after {} s", settings.start.as_secs())).await;
                    }
                    let patience = if is_waiting { settings.hang * WAITING_PATIENCE } else { settings.hang };
                    if self.is_ready && self.is_busy && moved.elapsed() > patience {
                        return self.kill(Death::Hang, format!("no progress for {} s", patience.as_secs())).await;
                    }
                    if self.is_ready && heard.elapsed() > SILENCE.max(settings.hang) {
                        return self.kill(Death::Hang, format!("not a word for {} s", heard.elapsed().as_secs())).await;
                    }
                }
            }
        }
    }

    /// Its output has ended: so has it, or will at once.
    async fn died(mut self) -> Ended {
        let status = match tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await {
            Ok(status) => status,
            Err(_) => return self.kill(Death::Crash, "it closed its output and went on".to_owned()).await,
        };
        let (death, message) = match status {
            Ok(status) => (death_of(status), self.last_words.take().unwrap_or_else(|| status.to_string())),
            Err(error) => (Death::Crash, error.to_string()),
        };
        Ended::died(self.is_ready.then_some(death), message)
    }

    async fn kill(mut self, death: Death, message: String) -> Ended {
        drop(self.child.kill().await);
        Ended::died(self.is_ready.then_some(death), message)
    }

    /// It is told that there is no more to do.
    async fn end(self) -> Ended {
        let Self { mut child, mut lines, input, .. } = self;
        drop(input.send(Order::End));
        drop(input);
        // What it still says is heard, or it would wait for us.
        let wait = async {
            while let Ok(Some(_)) = lines.next_line().await {}
            child.wait().await
        };
        if tokio::time::timeout(Duration::from_secs(5), wait).await.is_err() {
            drop(child.kill().await);
        }
        Ended { was_ready: true, died: None }
    }
}

fn death_of(status: ExitStatus) -> Death {
    match status.code() {
        Some(code) if code == i32::from(EXIT_DEVICE_GONE) => Death::DeviceLost,
        _ => Death::Crash,
    }
}

/// The memory that a process holds now. `None`: it is gone, or the system does not tell.
fn resident_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

//! What the commands of the farm's other end share: settings, the store of a campaign, the broker.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::runtime::Runtime;

use super::config::{Config, ConfigArgs};
use crate::queue::rabbit::RabbitPublisher;
use crate::store::Store;
use crate::submit::CampaignPlace;

/// How long tasks that nobody waits for may take to end.
const LAST_TASKS: Duration = Duration::from_secs(1);

/// A campaign by its place, and the settings to reach it.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// Place of the campaign: s3://bucket/prefix/_gravure/CAMPAIGN
    place: String,
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// A campaign that is looked after.
pub struct OpenedPlace {
    /// Where it is.
    pub place: CampaignPlace,
    /// Its destination.
    pub store: Arc<dyn Store>,
    /// How all else is reached.
    pub config: Config,
}

impl PlaceArgs {
    /// Reads the settings and opens the destination.
    ///
    /// # Errors
    /// When the settings or the place cannot be used.
    pub fn open(&self) -> anyhow::Result<OpenedPlace> {
        let config = self.config.read()?;
        let place = CampaignPlace::parse(&self.place).map_err(|message| anyhow!(message))?;
        // Opening a folder makes it: not one that was misspelt.
        let folder = place.destination.strip_prefix("file://").unwrap_or(&place.destination);
        if !folder.contains("://") && !Path::new(folder).is_dir() {
            bail!("there is no folder {folder}");
        }
        let store = config.stores().open_shared(&place.destination)?;
        Ok(OpenedPlace { place, store, config })
    }
}

/// The broker, with the runtime that it is talked to on.
pub struct Broker {
    /// To publish by.
    pub publisher: Arc<RabbitPublisher>,
    /// Where messages are sent from.
    pub runtime: Runtime,
}

impl Broker {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        config.check_broker()?;
        let runtime = Runtime::new().context("cannot start the threads of the connection")?;
        let publisher = Arc::new(RabbitPublisher::new(config.amqp.clone()));
        Ok(Self { publisher, runtime })
    }

    /// Ends; whatever was to be waited for was.
    pub fn close(self) {
        self.runtime.shutdown_timeout(LAST_TASKS);
    }
}

/// A bar on standard error, where that is a terminal.
pub fn bar(what: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
    bar.set_style(style(&format!("{{spinner}} {{human_pos}} {what}, {{per_sec}}, {{elapsed}}{{msg}}")));
    bar
}

/// A bar whose end is known.
pub fn bar_to(what: &str, end: u64) -> ProgressBar {
    let bar = bar(what);
    bar.set_length(end);
    bar.set_style(style(&format!("{{wide_bar}} {{human_pos}}/{{human_len}} {what}, {{per_sec}}, {{elapsed}}{{msg}}")));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is fixed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bars_have_valid_styles() {
        bar("rows").finish_and_clear();
        assert_eq!(bar_to("variants", 10).length(), Some(10));
    }
}

//! Arguments about what may be fetched from the network.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;

use crate::render::campaign::{GateConfig, Guard, HostPattern};

/// What may be fetched. Photos, fonts, templates and data all come through the same gate.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Fetching")]
pub struct FetchArgs {
    /// Fetch URLs from this host only, or from all below one (*.example.com); may be given more than once. Default:
    /// any public host
    #[arg(
        long = "allow-host",
        value_name = "HOST",
        env = "GRAVURE_ALLOW_HOSTS",
        hide_env_values = true,
        value_delimiter = ','
    )]
    allow_hosts: Vec<HostPattern>,
    /// Fetch from private addresses and this machine too
    #[arg(long, env = "GRAVURE_ALLOW_PRIVATE", hide_env_values = true, value_parser = BoolishValueParser::new())]
    allow_private: bool,
    /// Fetch nothing from the network
    #[arg(long, visible_alias = "no-network", env = "GRAVURE_OFFLINE", hide_env_values = true,
        value_parser = BoolishValueParser::new())]
    offline: bool,
    /// Keep fetched files here from run to run, and fetch again only what has changed
    #[arg(long, value_name = "DIR", env = "GRAVURE_CACHE", hide_env_values = true)]
    cache: Option<PathBuf>,
    /// Ask one host for so many files at once. Default: 24
    #[arg(long, value_name = "N", env = "GRAVURE_FETCHES_PER_HOST", hide_env_values = true)]
    fetches_per_host: Option<NonZeroUsize>,
}

impl FetchArgs {
    /// How the run's gate is made.
    pub fn config(&self) -> GateConfig {
        let Self { allow_hosts, allow_private, offline, cache, fetches_per_host } = self;
        let guard = Guard { offline: *offline, allow_private: *allow_private, allow_hosts: allow_hosts.clone() };
        let mut config = GateConfig { guard, cache: cache.clone(), ..GateConfig::default() };
        if let Some(most) = fetches_per_host {
            config.limits.at_once_per_host = most.get();
            config.limits.at_once = config.limits.at_once.max(most.get());
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        fetch: FetchArgs,
    }

    #[test]
    fn a_host_may_be_spared() {
        let limits = |most| Command::try_parse_from(["x", "--fetches-per-host", most]).unwrap().fetch.config().limits;
        assert_eq!(limits("2").at_once_per_host, 2);
        assert_eq!(limits("99").at_once, 99);
        assert!(Command::try_parse_from(["x", "--fetches-per-host", "0"]).is_err());
    }

    #[test]
    fn flags_become_a_guard() {
        let arguments = ["x", "--allow-host", "a.com", "--allow-host=*.b.com", "--allow-private", "--cache", "dir"];
        let config = Command::try_parse_from(arguments).unwrap().fetch.config();
        assert_eq!(config.guard.allow_hosts, ["a.com", "*.b.com"].map(|host| host.parse().unwrap()));
        assert!(config.guard.allow_private && !config.guard.offline);
        assert_eq!(config.cache, Some(PathBuf::from("dir")));
        assert!(Command::try_parse_from(["x", "--no-network"]).unwrap().fetch.config().guard.offline);
        assert!(Command::try_parse_from(["x", "--allow-host", "https://a.com"]).is_err());
    }
}

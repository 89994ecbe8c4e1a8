//! The command line: arguments in, exit status out.
//!
//! Parses, calls `render/`, `gpu/` and the schemas, and prints. Standard output holds only what a command is asked
//! for (a report, a schema, a summary with `--json`); everything else goes to standard error. Settings come from
//! flags, else from `GRAVURE_*` environment variables.

mod args;
mod bench;
mod cancel;
mod check;
mod config;
mod dead;
mod doctor;
mod environment;
mod farm;
mod fetch_args;
mod objects;
mod output;
mod render;
mod retry;
mod schema;
mod stage_times;
mod status;
mod submit;
mod table;
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::telemetry;
use config::ConfigArgs;

/// Turns one template and a table of rows into finished images.
#[derive(Debug, Parser)]
#[command(name = "gravure", version, propagate_version = true, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Render every row: images, manifest.jsonl and index.html
    Render(render::RenderArgs),
    /// Check a template and, with --data, every row, without drawing
    Check(check::CheckArgs),
    /// Say which adapter is used and what it can hold
    Doctor(doctor::DoctorArgs),
    /// Submit a campaign to the workers of a farm
    Submit(Box<submit::SubmitArgs>),
    /// Say how far a submitted campaign is
    Status(status::StatusArgs),
    /// Submit again what failed or is missing
    Retry(retry::RetryArgs),
    /// Call a campaign off
    Cancel(cancel::CancelArgs),
    /// List, requeue or drop jobs that were given up
    Dead(dead::DeadArgs),
    /// Take jobs from RabbitMQ and store their images, until told to stop
    Worker(worker::WorkerArgs),
    /// Draw what a worker hands over; started by `gravure worker`
    #[command(hide = true)]
    Renderer(worker::RendererArgs),
    /// Measure this machine: images a second, and whether they are right
    Bench(bench::BenchArgs),
    /// Print a JSON Schema
    Schema(schema::SchemaArgs),
}

impl Command {
    /// Begins to log, as the command's settings ask.
    fn log(&self) -> anyhow::Result<telemetry::Logging> {
        let none = ConfigArgs::of_environment();
        let args = match self {
            Self::Render(_) | Self::Check(_) | Self::Schema(_) | Self::Bench(_) => &none,
            Self::Doctor(args) => &args.config,
            Self::Submit(args) => &args.config,
            Self::Status(args) => &args.place.config,
            Self::Retry(args) => &args.place.config,
            Self::Cancel(args) => &args.place.config,
            Self::Dead(args) => args.config(),
            Self::Worker(args) => &args.config,
            Self::Renderer(args) => &args.config,
        };
        let default = match self {
            Self::Worker(_) | Self::Renderer(_) => telemetry::LIFE,
            _ => telemetry::WARNINGS,
        };
        let config = args.read()?;
        telemetry::init(&config.log, default).map_err(|error| config.mistake(&error.to_string()))
    }
}

/// How a command ended, as its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// 0: all is well.
    Fine = 0,
    /// 1: some variants failed, or some rows will not look right.
    SomeFailed = 1,
    /// 2: the template, the input or the settings cannot be used.
    Unusable = 2,
    /// 3: stopped before the end.
    Stopped = 3,
}

/// Runs the program with the arguments of the process.
///
/// Exit status: 0 all is well, 1 some variants failed (`check`: some rows will not look right), 2 the template,
/// input or configuration cannot be used, 3 stopped early.
pub fn main() -> ExitCode {
    environment::prepare();
    let arguments: Vec<_> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(asked) => {
            // Also `--help` and `--version`. A closed pipe is no reason to fail.
            let _ = asked.print();
            return ExitCode::from(u8::try_from(asked.exit_code()).unwrap_or(Status::Unusable as u8));
        }
    };
    let log = cli.command.log();
    let result = log.as_ref().map_err(|error| anyhow::anyhow!("{error:#}")).and_then(|_| match cli.command {
        Command::Render(args) => render::run(&args, &arguments),
        Command::Check(args) => check::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Submit(args) => submit::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Retry(args) => retry::run(&args),
        Command::Cancel(args) => cancel::run(&args),
        Command::Dead(args) => dead::run(&args),
        Command::Worker(args) => worker::run(&args),
        Command::Renderer(args) => worker::run_renderer(&args),
        Command::Schema(args) => schema::run(&args),
    });
    let status = result.unwrap_or_else(|error| {
        output::error(&error);
        Status::Unusable
    });
    ExitCode::from(status as u8)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn commands_that_are_not_there_yet_are_not_listed() {
        let names: Vec<_> = Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        assert_eq!(
            names,
            [
                "render", "check", "doctor", "submit", "status", "retry", "cancel", "dead", "worker", "renderer",
                "bench", "schema"
            ]
        );
    }

    #[test]
    fn wrong_usage_has_the_status_of_unusable_settings() {
        for arguments in [&["gravure", "rendre"][..], &["gravure", "render", "t.yaml"], &["gravure", "schema", "row"]] {
            assert_eq!(Cli::try_parse_from(arguments).unwrap_err().exit_code(), Status::Unusable as i32);
        }
    }
}

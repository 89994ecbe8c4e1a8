//! Everything that is tested from outside, in one binary: it links once.

mod bombs;
mod cases;
mod check;
mod cli;
mod codes;
mod edges;
mod effects;
mod examples;
mod farm;
mod fetch;
mod fetch_runs;
mod fetch_tls;
mod hostile;
mod outputs;
mod photos;
mod pipeline;
mod queue_contract;
mod queue_rabbit;
mod rabbit_node;
mod runs;
mod server;
mod shaders;
mod slots;
mod support;

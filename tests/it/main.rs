//! Everything that is tested from outside, in one binary: it links once.

mod bombs;
mod cases;
mod cli;
mod edges;
mod effects;
mod fetch;
mod fetch_runs;
mod outputs;
mod photos;
mod pipeline;
mod runs;
mod server;
mod shaders;
mod slots;
mod support;

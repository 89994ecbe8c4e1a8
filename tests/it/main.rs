//! Everything that is tested from outside, in one binary: it links once.

mod cases;
mod check;
mod cli;
mod edges;
mod effects;
mod fetch;
mod fetch_runs;
mod hostile;
mod photos;
mod pipeline;
mod server;
mod shaders;
mod slots;
mod support;

//! Everything that is tested from outside, in one binary: it links once.

mod cases;
mod cli;
mod edges;
mod effects;
mod outputs;
mod pipeline;
mod runs;
mod shaders;
mod slots;
mod support;

//! Everything that is tested from outside, in one binary: it links once.

mod cases;
mod cli;
mod edges;
mod effects;
mod pipeline;
mod shaders;
mod slots;
mod support;

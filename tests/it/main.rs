//! Everything that is tested from outside, in one binary: it links once.

mod cases;
mod check;
mod cli;
mod edges;
mod pipeline;
mod shaders;
mod slots;
mod support;

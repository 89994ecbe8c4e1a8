//! Everything that is tested from outside, in one binary: it links once.

mod cases;
mod edges;
mod shaders;
mod slots;
mod support;

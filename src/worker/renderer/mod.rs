//! The renderer: a process of its own that draws, and the watch over it.

mod canary;
pub mod child;
mod counted;
mod faults;
pub mod open;
pub mod protocol;
mod reporter;
mod rota;
pub mod supervisor;

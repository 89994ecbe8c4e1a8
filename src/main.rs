//! The `gravure` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    gravure::cli::main()
}

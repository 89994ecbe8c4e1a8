#!/usr/bin/env bash
# Sets a fresh Debian-like machine up and runs every test: unit, integration and documentation tests.
#
# Usage: tests/run.sh [FILTER]...     filters are handed to the test runner
#
# Tests that draw need a Vulkan adapter (Mesa's software one is installed where there is none) and fail without it.
# Tests of the farm need RabbitMQ, Ceph's S3 gateway and s3rver: they are installed, started on loopback in a folder
# and on ports of their own (GRAVURE_TEST_PORT and above, default 41000), and stopped again.
# cargo-nextest is used where it is installed, else cargo's own runner.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/setup.sh
. "$root/deploy/setup.sh"

need_build_tools
need_test_tools
need_vulkan

# shellcheck source=tests/servers.sh
. "$root/tests/servers.sh"
start_test_servers

cd "$root"
status=0
# First, so that the runner's summary of the others comes last.
say "cargo test --release --locked --features faults --doc"
cargo test --release --locked --features faults --doc -- "$@" || status=$?

if cargo nextest --version >/dev/null 2>&1; then
    say "cargo nextest run --release --locked --features faults"
    cargo nextest run --release --locked --features faults --config-file tests/nextest.toml --no-fail-fast "$@" ||
        status=$?
else
    say "cargo-nextest not found (cargo install cargo-nextest --locked): cargo test --release --locked"
    cargo test --release --locked --features faults --lib --bins --tests --no-fail-fast -- "$@" || status=$?
fi

if [ "$status" -ne 0 ]; then
    fail "tests failed"
fi
say "all tests passed"

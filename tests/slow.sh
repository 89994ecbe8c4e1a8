#!/usr/bin/env bash
# The slow tests of the farm (a frozen broker, a long outage, the acknowledgement timeout), and the random ones several
# times over. tests/slow.md has what the last run gave.
#
# Usage: tests/slow.sh [TIMES]      how often the random ones are run (default 5)
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
run() {
    cargo nextest run --release --locked --features faults --config-file tests/nextest.toml --no-fail-fast \
        --success-output final "$@"
}
status=0
run --run-ignored only farm:: || status=$?
for round in $(seq "${1:-5}"); do
    say "round $round"
    run farm::deaths farm::renderers || status=$?
done
[ "$status" -eq 0 ] || fail "some failed"
say "all passed"

#!/usr/bin/env bash
# A whole farm on this machine: RabbitMQ, an S3 server (Ceph's gateway, objects in memory) and two workers.
#
# Usage: deploy/farm.sh start|stop|env [FOLDER]
#
#   start   sets the machine up, builds gravure, starts everything and says how to submit a campaign
#   stop    ends everything that `start` began
#   env     prints the variables by which submit, status and the others find the farm: eval "$(deploy/farm.sh env)"
#
# FOLDER (default: out/farm) holds logs and state. FARM_PORT (default 42000) and 120 ports above it are used, on
# loopback only. WORKERS says how many workers (default 2).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/setup.sh
. "$root/deploy/setup.sh"

usage() { sed -n '2,/^set -e/{/^set -e/d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}"; }

port=${FARM_PORT:-42000}
workers=${WORKERS:-2}
verb=${1:-}
mkdir -p "${2:-$root/out/farm}"
folder=$(cd "${2:-$root/out/farm}" && pwd)

print_env() {
    cat <<ENV
export GRAVURE_AMQP_URL='amqp://farm:farm-secret@127.0.0.1:$port/%2f'
export AWS_ENDPOINT_URL='http://127.0.0.1:$((port + 108))' AWS_REGION=default
export AWS_ACCESS_KEY_ID=GRAVUREKEY AWS_SECRET_ACCESS_KEY=gravure-secret
export GRAVURE_DESTINATIONS='s3://campaigns'
ENV
}

start() {
    need_build_tools
    need_vulkan
    say "building (the first time takes some minutes)"
    (cd "$root" && cargo build --release --locked)
    say "starting RabbitMQ and the S3 server"
    RABBITMQ_USER=farm RABBITMQ_PASSWORD=farm-secret "$root/deploy/servers/rabbitmq.sh" start "$folder/rabbitmq" "$port" >/dev/null
    "$root/deploy/servers/ceph.sh" start "$folder/ceph" "$((port + 100))" campaigns >/dev/null
    eval "$(print_env)"
    local number
    for number in $(seq "$workers"); do
        GRAVURE_WORKER_HTTP="127.0.0.1:$((port + 20 + number))" setsid "$root/target/release/gravure" worker \
            >"$folder/worker-$number.log" 2>&1 </dev/null &
        echo $! >"$folder/worker-$number.pid"
    done
    for number in $(seq "$workers"); do
        for _ in $(seq 300); do
            curl -sf -o /dev/null "http://127.0.0.1:$((port + 20 + number))/readyz" && break
            kill -0 "$(cat "$folder/worker-$number.pid")" 2>/dev/null || fail "worker $number ended: $folder/worker-$number.log"
            sleep 0.2
        done
        say "worker $number is ready: http://127.0.0.1:$((port + 20 + number))/metrics, $folder/worker-$number.log"
    done
    say "the farm runs; submit a campaign:"
    cat <<TRY

    eval "\$(deploy/farm.sh env)"
    target/release/gravure submit examples/product-card/template.yaml --data examples/product-card/rows.csv \\
        --limit 1000 --destination s3://campaigns/cards --campaign cards --wait
    target/release/gravure status s3://campaigns/cards/_gravure/cards
    curl -s --aws-sigv4 aws:amz:default:s3 -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" \\
        --user "\$AWS_ACCESS_KEY_ID:\$AWS_SECRET_ACCESS_KEY" \\
        -o card.jpg "\$AWS_ENDPOINT_URL/campaigns/cards/1-link.jpg"

deploy/farm.sh stop ends it.
TRY
}

stop() {
    local file pid
    for file in "$folder"/worker-*.pid; do
        [ -e "$file" ] || continue
        pid=$(cat "$file")
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 300); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        rm -f "$file"
    done
    "$root/deploy/servers/ceph.sh" stop "$folder/ceph" || true
    "$root/deploy/servers/rabbitmq.sh" stop "$folder/rabbitmq" || true
    say "the farm is stopped"
}

case "$verb" in
    start) start ;;
    stop) stop ;;
    env) print_env ;;
    -h | --help) usage ;;
    *)
        usage >&2
        exit 2
        ;;
esac

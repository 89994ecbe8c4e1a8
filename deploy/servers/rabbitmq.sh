#!/usr/bin/env bash
# A private RabbitMQ node: its own folder, ports and name, on loopback only. For tests and for a farm on one machine.
#
# Usage: deploy/servers/rabbitmq.sh start|stop|kill|ctl FOLDER [PORT | COMMAND...]
#
#   start FOLDER PORT   starts a node that listens on PORT (PORT+1 and PORT+2 are used too) and waits until it accepts
#   stop FOLDER         ends it and the epmd that it started
#   kill FOLDER         ends it as a power cut would
#   ctl FOLDER ...      rabbitmqctl on it
#
# RABBITMQ_EXTRA_CONF: more lines of rabbitmq.conf. User and password are test / test-pass, unless RABBITMQ_USER and
# RABBITMQ_PASSWORD say otherwise. What the node says is in FOLDER/out and FOLDER/log.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=/usr/lib/rabbitmq/bin # not /usr/sbin: that wrapper changes user and folder

[ "$#" -ge 2 ] || { sed -n '2,/^set -e/{/^set -e/d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}" >&2; exit 2; }
verb=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
shift 2
if [ "$verb" = start ]; then
    # shellcheck source=deploy/setup.sh
    . "$here/../setup.sh"
    need_rabbitmq >&2
    printf '%s\n' "${1:?a port}" >"$folder/port"
fi
port=$(cat "$folder/port")

export HOME=$folder ERL_EPMD_PORT=$((port + 1)) ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODENAME="gravure$port@localhost" \
    RABBITMQ_NODE_PORT=$port RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_DIST_PORT=$((port + 2)) \
    RABBITMQ_MNESIA_BASE=$folder/mnesia RABBITMQ_LOG_BASE=$folder/log RABBITMQ_PID_FILE=$folder/pid \
    RABBITMQ_CONFIG_FILE=$folder/rabbitmq.conf RABBITMQ_CONF_ENV_FILE=$folder/none \
    RABBITMQ_ADVANCED_CONFIG_FILE=$folder/none.config RABBITMQ_ENABLED_PLUGINS_FILE=$folder/plugins \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}"

is_running() { [ -s "$folder/pid" ] && kill -0 "$(cat "$folder/pid")" 2>/dev/null; }
wait_gone() {
    local pid=$1
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

case "$verb" in
    start)
        cat >"$folder/rabbitmq.conf" <<CONF
listeners.tcp.default = 127.0.0.1:$port
vm_memory_high_watermark.absolute = 512MiB
disk_free_limit.absolute = 50MB
default_user = ${RABBITMQ_USER:-test}
default_pass = ${RABBITMQ_PASSWORD:-test-pass}
log.file.level = warning
${RABBITMQ_EXTRA_CONF:-}
CONF
        echo '[].' >"$folder/plugins"
        rm -f "$folder/pid"
        setsid "$bin/rabbitmq-server" >"$folder/out" 2>&1 </dev/null &
        "$bin/rabbitmqctl" -q wait --timeout 60 "$folder/pid" >&2
        "$bin/rabbitmqctl" -q await_startup >&2
        ;;
    stop)
        if is_running; then
            pid=$(cat "$folder/pid")
            kill -CONT "$pid"
            kill -TERM "$pid"
            wait_gone "$pid"
        fi
        epmd=$(ss -ltnp "sport = :$ERL_EPMD_PORT" | grep -o 'pid=[0-9]*' | head -1 | cut -d= -f2 || true)
        [ -z "$epmd" ] || kill "$epmd" 2>/dev/null || true
        ;;
    kill)
        if is_running; then
            pid=$(cat "$folder/pid")
            kill -KILL "$pid"
            wait_gone "$pid"
        fi
        ;;
    ctl) exec "$bin/rabbitmqctl" "$@" ;;
    *)
        echo "error: unknown verb \"$verb\"" >&2
        exit 2
        ;;
esac

#!/usr/bin/env bash
# A private RabbitMQ on this machine: own folder, own ports, own name; several run side by side, as whoever calls.
#
# Usage: deploy/servers/rabbitmq.sh start FOLDER PORT     prints KEY=value lines; the node's state stays in FOLDER
#        deploy/servers/rabbitmq.sh start FOLDER          again, where it was
#        deploy/servers/rabbitmq.sh ctl FOLDER ARGUMENT...    rabbitmqctl for that node
#        deploy/servers/rabbitmq.sh kill FOLDER           the node, as a power cut would
#        deploy/servers/rabbitmq.sh stop FOLDER           the node and the port mapper that came with it
#
# Ports: PORT takes AMQP, PORT+1 the port mapper, PORT+2 the node's own, PORT+3 the management and PORT+4 AMQP over TLS.
#
# Environment:
#   RABBITMQ_EXTRA_CONF   lines that are added to rabbitmq.conf, such as "consumer_timeout = 20000"
#   RABBITMQ_TLS=1        listens for amqps:// too, with certificates made for it (FOLDER/tls)
#   RABBITMQ_USER, RABBITMQ_PASSWORD   default: test, test-pass
#
# Debian's own service is neither started nor touched. What the node says is in FOLDER/out and FOLDER/log.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=deploy/setup.sh
. "$root/deploy/setup.sh"

usage() { sed -n '2,/^set -e/{/^set -e/d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}"; }

# Not /usr/sbin: the wrapper there changes user and folder.
programs=/usr/lib/rabbitmq/bin

# Everything that RabbitMQ's programs read of a node, in the environment of this process only.
enter_node() {
    HOME=$folder
    ERL_EPMD_PORT=$((port + 1))
    ERL_EPMD_ADDRESS=127.0.0.1
    RABBITMQ_NODENAME=gravure$port@localhost
    RABBITMQ_NODE_PORT=$port
    RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
    RABBITMQ_DIST_PORT=$((port + 2))
    RABBITMQ_MNESIA_BASE=$folder/mnesia
    RABBITMQ_LOG_BASE=$folder/log
    RABBITMQ_PID_FILE=$folder/pid
    RABBITMQ_CONFIG_FILE=$folder/rabbitmq.conf
    RABBITMQ_CONF_ENV_FILE=$folder/none
    RABBITMQ_ADVANCED_CONFIG_FILE=$folder/none.config
    RABBITMQ_ENABLED_PLUGINS_FILE=$folder/plugins
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}"
    ERL_CRASH_DUMP=$folder/erl_crash.dump
    export ERL_CRASH_DUMP HOME ERL_EPMD_PORT ERL_EPMD_ADDRESS RABBITMQ_NODENAME RABBITMQ_NODE_PORT RABBITMQ_NODE_IP_ADDRESS \
        RABBITMQ_DIST_PORT RABBITMQ_MNESIA_BASE RABBITMQ_LOG_BASE RABBITMQ_PID_FILE RABBITMQ_CONFIG_FILE \
        RABBITMQ_CONF_ENV_FILE RABBITMQ_ADVANCED_CONFIG_FILE RABBITMQ_ENABLED_PLUGINS_FILE \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS
    unset RABBITMQ_EXTRA_CONF
}

make_certificates() {
    local tls=$folder/tls
    mkdir -p "$tls"
    [ ! -e "$tls/server.pem" ] || return 0
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=gravure test authority' \
        -keyout "$tls/ca.key" -out "$tls/ca.pem" 2>"$tls/log"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=localhost' \
        -keyout "$tls/server.key" -out "$tls/server.csr" 2>>"$tls/log"
    printf 'subjectAltName = DNS:localhost, IP:127.0.0.1\n' >"$tls/names"
    openssl x509 -req -days 30 -in "$tls/server.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -set_serial 1 \
        -extfile "$tls/names" -out "$tls/server.pem" 2>>"$tls/log"
}

write_configuration() {
    {
        cat <<CONF
listeners.tcp.default = 127.0.0.1:$port
management.tcp.ip = 127.0.0.1
management.tcp.port = $((port + 3))
vm_memory_high_watermark.absolute = 512MiB
disk_free_limit.absolute = 50MB
default_user = $user
default_pass = $password
log.file.level = warning
CONF
        if [ -n "${RABBITMQ_TLS:-}" ]; then
            cat <<CONF
listeners.ssl.default = 127.0.0.1:$((port + 4))
ssl_options.cacertfile = $folder/tls/ca.pem
ssl_options.certfile = $folder/tls/server.pem
ssl_options.keyfile = $folder/tls/server.key
ssl_options.verify = verify_none
CONF
        fi
        [ -z "${RABBITMQ_EXTRA_CONF:-}" ] || printf '%s\n' "$RABBITMQ_EXTRA_CONF"
    } >"$folder/rabbitmq.conf"
    echo '[rabbitmq_management].' >"$folder/plugins"
}

is_running() {
    [ -s "$folder/pid" ] && kill -0 "$(cat "$folder/pid")" 2>/dev/null
}

start() {
    need_rabbitmq >&2
    [ -z "${RABBITMQ_TLS:-}" ] || has openssl || install_packages openssl >&2
    mkdir -p "$folder"
    # A node that was killed leaves its number.
    is_running && fail "the node in $folder runs already"
    rm -f "$folder/pid"
    if [ ! -e "$folder/port" ]; then
        [ -n "$port" ] || fail "which port? there was no node in $folder"
        [ -z "${RABBITMQ_TLS:-}" ] || make_certificates
        write_configuration
        printf '%s\n' "$port" >"$folder/port"
    fi
    (
        enter_node
        # Its own session: a signal to whoever calls this does not reach it.
        setsid "$programs/rabbitmq-server" >"$folder/out" 2>&1 </dev/null &
        "$programs/rabbitmqctl" -q wait --timeout 60 "$folder/pid" >"$folder/wait" 2>&1 &&
            "$programs/rabbitmqctl" -q await_startup >>"$folder/wait" 2>&1
    ) || fail "the node does not start; see $folder/out, $folder/wait and $folder/log"
    printf 'AMQP_URL=amqp://%s:%s@127.0.0.1:%s\n' "$user" "$password" "$port"
    if [ -e "$folder/tls/ca.pem" ]; then
        printf 'AMQPS_URL=amqps://%s:%s@localhost:%s\n' "$user" "$password" "$((port + 4))"
        printf 'AMQPS_CA_FILE=%s\n' "$folder/tls/ca.pem"
    fi
    printf 'MANAGEMENT_URL=http://127.0.0.1:%s\n' "$((port + 3))"
    printf 'RABBITMQ_PID=%s\n' "$(cat "$folder/pid")"
}

# Processes of the node's port mapper: it outlives the node. Found by the folder that it was started with.
mapper_processes() {
    local process
    for process in /proc/[0-9]*; do
        if [ "$(cat "$process/comm" 2>/dev/null)" = epmd ] &&
            tr '\0' '\n' 2>/dev/null <"$process/environ" | grep -qxF "HOME=$folder"; then
            printf '%s\n' "${process#/proc/}"
        fi
    done
}

kill_node() {
    local process
    is_running || return 0
    process=$(cat "$folder/pid")
    kill -KILL "$process"
    while kill -0 "$process" 2>/dev/null; do sleep 0.1; done
}

stop() {
    local process
    if is_running; then
        process=$(cat "$folder/pid")
        # A frozen node hears nothing.
        kill -CONT "$process" 2>/dev/null || true
        kill -TERM "$process" 2>/dev/null || true
        for _ in $(seq 150); do
            kill -0 "$process" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$process" 2>/dev/null || true
    fi
    for process in $(mapper_processes); do
        kill "$process" 2>/dev/null || true
    done
    rm -f "$folder/pid"
}

action=${1:-}
folder=${2:-}
case "$action" in
    -h | --help)
        usage
        exit 0
        ;;
    start | stop | kill | ctl) [ -n "$folder" ] || fail "$action needs a folder" ;;
    *) fail "start, stop, kill or ctl; deploy/servers/rabbitmq.sh --help says more" ;;
esac
case "$folder" in
    /*) ;;
    *) folder=$PWD/$folder ;;
esac
port=
[ ! -e "$folder/port" ] || port=$(cat "$folder/port")
user=${RABBITMQ_USER:-test}
password=${RABBITMQ_PASSWORD:-test-pass}
case "$action" in
    start)
        [ -n "$port" ] || port=${3:-}
        case "$port" in *[!0-9]*) fail "a port is a number, got \"$port\"" ;; esac
        start
        ;;
    ctl)
        [ -n "$port" ] || fail "no node was started in $folder"
        shift 2
        enter_node
        exec "$programs/rabbitmqctl" "$@"
        ;;
    kill) kill_node ;;
    stop) stop ;;
esac

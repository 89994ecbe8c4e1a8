# The servers that tests of the farm need: started for a run of the tests, stopped when the script that sources this
# ends. Sourced after deploy/setup.sh.
# shellcheck shell=bash

# Starts RabbitMQ, Ceph and s3rver, and says to the tests where they are.
start_test_servers() {
    local servers=$root/deploy/servers port=${GRAVURE_TEST_PORT:-41000}
    test_servers=$(mktemp -d)
    trap stop_test_servers EXIT
    say "starting RabbitMQ, Ceph's S3 gateway and s3rver"
    "$servers/rabbitmq.sh" start "$test_servers/rabbitmq" "$port" >/dev/null
    "$servers/ceph.sh" start "$test_servers/ceph" "$((port + 100))" campaigns >/dev/null
    "$servers/s3rver.sh" start "$test_servers/s3rver" "$((port + 10))" test-bucket >/dev/null
    export GRAVURE_TEST_AMQP="amqp://test:test-pass@127.0.0.1:$port/%2f"
    export GRAVURE_TEST_RABBITMQCTL="$servers/rabbitmq.sh ctl $test_servers/rabbitmq"
    export GRAVURE_TEST_CEPH="http://127.0.0.1:$((port + 108)) GRAVUREKEY gravure-secret campaigns"
    export GRAVURE_TEST_S3RVER="http://127.0.0.1:$((port + 10)) S3RVER S3RVER test-bucket"
}

stop_test_servers() {
    local servers=$root/deploy/servers
    "$servers/s3rver.sh" stop "$test_servers/s3rver" || true
    "$servers/ceph.sh" stop "$test_servers/ceph" || true
    "$servers/rabbitmq.sh" stop "$test_servers/rabbitmq" || true
    rm -rf "$test_servers"
}

#!/usr/bin/env bash
# s3rver, an S3 server that ignores preconditions, checksums and what it does not know: how old stores behave. Files
# lie under FOLDER/data.
#
# Usage: deploy/servers/s3rver.sh start|stop FOLDER [PORT] [BUCKET]
#
# The bucket is test-bucket unless named. Prints S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY and S3_BUCKET as NAME=value
# lines, for `eval`. What it says is in FOLDER/out.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ "$#" -ge 2 ] || { sed -n '2,/^set -e/{/^set -e/d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}" >&2; exit 2; }
verb=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
case "$verb" in
    start)
        # shellcheck source=deploy/setup.sh
        . "$here/../setup.sh"
        need_s3rver "$folder" >&2
        port=${3:?a port}
        mkdir -p "$folder/data"
        setsid "$folder/node_modules/.bin/s3rver" -d "$folder/data" -a 127.0.0.1 -p "$port" --silent \
            --configure-bucket "${4:-test-bucket}" >"$folder/out" 2>&1 </dev/null &
        echo $! >"$folder/pid"
        for _ in $(seq 100); do
            if curl -s -o /dev/null "http://127.0.0.1:$port/"; then
                printf '%s\n' "S3_ENDPOINT=http://127.0.0.1:$port" S3_ACCESS_KEY=S3RVER S3_SECRET_KEY=S3RVER \
                    "S3_BUCKET=${4:-test-bucket}"
                exit 0
            fi
            sleep 0.1
        done
        cat "$folder/out" >&2
        exit 1
        ;;
    stop)
        if [ -s "$folder/pid" ]; then
            kill "$(cat "$folder/pid")" 2>/dev/null || true
        fi
        ;;
    *)
        echo "error: unknown verb \"$verb\"" >&2
        exit 2
        ;;
esac

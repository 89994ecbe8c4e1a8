#!/usr/bin/env bash
# Runs a farm under a mixed load for as long as asked: campaigns of several sizes, urgent jobs, a broken job now and
# then; prints counts, rates and memory every ten seconds. Not part of the tests.
#
# Usage: deploy/soak.sh MINUTES      on a farm that deploy/farm.sh has started
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ "$#" -eq 1 ] || { sed -n '2,/^set -e/{/^set -e/d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}" >&2; exit 2; }
eval "$("$root/deploy/farm.sh" env)"
port=${FARM_PORT:-42000}
gravure=$root/target/release/gravure
end=$(($(date +%s) + $1 * 60))
round=0
submit() { "$gravure" submit "$@" >/dev/null 2>>"$root/out/farm/soak.log"; }
number() { curl -s "http://127.0.0.1:$((port + 21))/metrics" "http://127.0.0.1:$((port + 22))/metrics" | awk -v name="$1" 'index($1, name) == 1 { sum += $2 } END { printf "%.0f", sum }'; }
while [ "$(date +%s)" -lt "$end" ]; do
    round=$((round + 1))
    card=$root/examples/product-card
    submit "$card/template.yaml" --data "$card/rows.csv" --limit $((200 + round % 5 * 200)) --campaign "soak-$$-$round" \
        --destination "s3://campaigns/soak/$round"
    submit "$root/examples/greeting/template.yaml" --data "$root/examples/greeting/rows.csv" --limit 50 --urgent \
        --campaign "soak-$$-$round-urgent" --destination "s3://campaigns/soak/$round-urgent"
    if [ $((round % 10)) -eq 0 ]; then
        submit "$card/template.yaml" --data "$card/rows.csv" --limit 1 --destination "s3://elsewhere/soak" || true
    fi
    sleep 10
    printf '%s received=%s acknowledged=%s dead=%s variants=%s deaths=%s resident_mib=%s\n' "$(date +%T)" \
        "$(number gravure_jobs_received_total)" "$(number gravure_jobs_acknowledged_total)" \
        "$(number gravure_jobs_dead_lettered_total)" "$(number gravure_variants_total)" \
        "$(number gravure_renderer_deaths_total)" "$(($(number gravure_renderer_resident_bytes) >> 20))"
done

#!/usr/bin/env bash
# Sets a fresh Debian-like machine up, builds gravure and renders the sample campaign.
#
# Usage: deploy/demo.sh [--all | --limit N] [--out DIR]
#
#   --limit N   the first N rows, each in three sizes (default: 60)
#   --all       all 5,250 rows
#   --out DIR   where the pictures go (default: out/demo)
#
# Safe to run again: it installs only what is missing and replaces its own pictures.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/setup.sh
. "$root/deploy/setup.sh"

usage() { sed -n '2,/^set -e/{/^set -e/d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}"; }

limit=60
out=$root/out/demo
while [ "$#" -gt 0 ]; do
    case "$1" in
        --all) limit='' ;;
        --limit)
            [ "$#" -ge 2 ] || fail "--limit needs a number"
            case "$2" in '' | *[!0-9]*) fail "--limit needs a number, got \"$2\"" ;; esac
            limit=$2
            shift
            ;;
        --out)
            [ "$#" -ge 2 ] || fail "--out needs a folder"
            case "$2" in
                /*) out=$2 ;;
                *) out=$PWD/$2 ;;
            esac
            shift
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) fail "unknown argument \"$1\"; deploy/demo.sh --help says what there is" ;;
    esac
    shift
done

need_build_tools
need_vulkan

cd "$root"
say "building (the first time takes some minutes)"
cargo build --release --locked
gravure=$root/target/release/gravure

if ! "$gravure" doctor; then
    say "gravure finds no usable adapter: trying Mesa's software adapter"
    install_software_vulkan
    "$gravure" doctor || fail "still no usable adapter; see the lines above"
fi

sample=examples/product-card
arguments=(render "$sample/template.yaml" --data "$sample/rows.csv" --out "$out" --timings)
if [ -n "$limit" ]; then
    arguments+=(--limit "$limit")
fi
say "target/release/gravure ${arguments[*]}"
status=0
"$gravure" "${arguments[@]}" || status=$?
[ "$status" -eq 0 ] || fail "gravure ended with status $status"

say "done: open $out/index.html; $out/manifest.jsonl says what happened to each picture"

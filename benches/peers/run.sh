#!/usr/bin/env bash
# Draws the product card with gravure and with libraries as their experts would, in turn, and prints a table.
#
# Usage: benches/peers/run.sh [ROWS] [ROUNDS] [recurring|distinct jpeg|png]      default 5250, 3 and all
#
# Two kinds of work: the sample campaign, where products recur, and as many distinct rows, of which no photo, name or
# price is another's. Needs Python 3 with venv; installs the versions of requirements.txt into target/peers, and cairo and Pango
# (through apt-get) where they are missing.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=deploy/setup.sh
. "$root/deploy/setup.sh"
need_build_tools
need_vulkan
ldconfig -p | grep -q 'libpangocairo-1.0' || install_packages libcairo2 libpangocairo-1.0-0
python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv

venv=$root/target/peers
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement "$root/benches/peers/requirements.txt"
(cd "$root" && cargo build --release --locked)
cat >"$venv/fonts.conf" <<CONF
<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>$root/examples/product-card/fonts</dir><cachedir>$venv/fonts</cachedir></fontconfig>
CONF
FONTCONFIG_FILE="$venv/fonts.conf" exec "$venv/bin/python" "$root/benches/peers/run.py" "$@"

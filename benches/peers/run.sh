#!/usr/bin/env bash
# Draws the product card with gravure and with libraries as their experts would, in turn, and prints a table.
#
# Usage: benches/peers/run.sh [ROWS] [ROUNDS] [recurring|distinct] [jpeg|png] [only=PROGRAM,...]
#                                                        default 5250, 3, all of them and every program
#
# Programs: gravure, cairo, pillow, canvas, takumi, sharp, satori and chromium. A slow one is given fewer of the rows, as
# many as it draws in 10 seconds. Two kinds of work: the sample campaign, where products recur, and as many distinct rows,
# of which no photo, name or price is another's.
#
# Needs Python 3 with venv; installs the versions of requirements.txt and package-lock.json into target/peers, and what of
# Debian's packages is missing: cairo and Pango, npm, Chromium's headless shell.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=deploy/setup.sh
. "$root/deploy/setup.sh"
need_build_tools
need_vulkan
ldconfig -p | grep -q 'libpangocairo-1.0' || install_packages libcairo2 libpangocairo-1.0-0
python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
has npm || install_packages nodejs npm
has chromium-headless-shell || install_packages chromium-headless-shell

peers=$root/benches/peers
venv=$root/target/peers
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement "$peers/requirements.txt"
# Node comes with them: Debian's npm only installs.
node=$venv/node
mkdir -p "$node"
if ! cmp --silent "$peers/package-lock.json" "$node/installed.json"; then
    cp "$peers/package.json" "$peers/package-lock.json" "$node"
    (cd "$node" && npm ci --silent --no-audit --no-fund --ignore-scripts)
    cp "$peers/package-lock.json" "$node/installed.json"
fi
(cd "$root" && cargo build --release --locked)
cat >"$venv/fonts.conf" <<CONF
<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>$root/examples/product-card/fonts</dir><cachedir>$venv/fonts</cachedir></fontconfig>
CONF
FONTCONFIG_FILE="$venv/fonts.conf" exec "$venv/bin/python" "$peers/run.py" "$@"

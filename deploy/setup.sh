# What gravure needs on a fresh Debian-like machine. Sourced by deploy/demo.sh and tests/run.sh, after `set -euo
# pipefail`. Safe to run again: it installs only what is missing.
# shellcheck shell=bash

# Mesa is not to look for a display: headless, its device-select layer complains on standard error.
export NODEVICE_SELECT=1

say() { printf '==> %s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        fail "root is needed and sudo is missing; run as root: $*"
    fi
}

# Installs Debian packages.
install_packages() {
    if ! has apt-get; then
        fail "apt-get not found; install what these Debian packages hold, then run this again: $*"
    fi
    say "installing $*"
    as_root apt-get -o DPkg::Lock::Timeout=300 update -q
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 install -q -y --no-install-recommends "$@"
}

# Rust, a C compiler, cmake and nasm: libjpeg-turbo is built from its sources.
need_build_tools() {
    if ! has cargo && [ -f "$HOME/.cargo/env" ]; then
        # shellcheck disable=SC1091
        . "$HOME/.cargo/env"
    fi
    has cargo || fail "cargo not found; install Rust with rustup, then run this again"
    local missing=()
    has cc || missing+=(gcc libc6-dev)
    has make || missing+=(make)
    has cmake || missing+=(cmake)
    has nasm || missing+=(nasm)
    if [ "${#missing[@]}" -gt 0 ]; then
        install_packages "${missing[@]}"
    fi
}

# What tests call: signals to a run, and a small disk that fills up.
need_test_tools() {
    local missing=()
    { [ -x /bin/kill ] || [ -x /usr/bin/kill ]; } || missing+=(procps)
    { has unshare && has mount; } || missing+=(util-linux mount)
    if [ "${#missing[@]}" -gt 0 ]; then
        install_packages "${missing[@]}"
    fi
    if ! unshare --map-root-user --mount true 2>/dev/null; then
        say "this system lets nobody mount a disk: the test of a full one (a_full_disk_stops_the_run...) tests nothing"
    fi
}

# Whether the Vulkan loader is there.
has_vulkan_loader() {
    local ldconfig=ldconfig
    has ldconfig || ldconfig=/sbin/ldconfig
    "$ldconfig" -p 2>/dev/null | grep 'libvulkan\.so\.1' >/dev/null
}

# Whether a Vulkan driver is there that has something to draw on: Mesa's software driver, or another one and a card.
has_vulkan_driver() {
    if [ -n "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ]; then
        return 0
    fi
    local drivers
    drivers=$(find /usr/share/vulkan/icd.d /usr/local/share/vulkan/icd.d /etc/vulkan/icd.d -name '*.json' 2>/dev/null || true)
    case "$drivers" in
        '') return 1 ;;
        *lvp_icd*) return 0 ;;
    esac
    compgen -G '/dev/dri/renderD*' >/dev/null || [ -e /dev/nvidiactl ]
}

install_software_vulkan() {
    install_packages libvulkan1 mesa-vulkan-drivers
}

# A Vulkan adapter: the machine's own, else Mesa's software one.
need_vulkan() {
    if has_vulkan_loader && has_vulkan_driver; then
        return
    fi
    say "no Vulkan adapter found: Mesa's software adapter will do"
    install_software_vulkan
}

# Installs Debian packages without starting the services that they bring.
install_without_services() {
    local policy=/usr/sbin/policy-rc.d made=0 status=0
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod +x "$policy"
        made=1
    fi
    install_packages "$@" || status=$?
    if [ "$made" -eq 1 ]; then
        as_root rm -f "$policy"
    fi
    return "$status"
}

# RabbitMQ, with what tells which process listens.
need_rabbitmq() {
    local missing=()
    [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing+=(rabbitmq-server)
    has ss || missing+=(iproute2)
    has setsid || missing+=(util-linux)
    if [ "${#missing[@]}" -gt 0 ]; then
        install_without_services "${missing[@]}"
    fi
}

# Ceph's S3 gateway with the daemons behind it.
need_ceph() {
    local missing=()
    has ceph-mon || missing+=(ceph-mon)
    has ceph-mgr || missing+=(ceph-mgr)
    has ceph-osd || missing+=(ceph-osd)
    has radosgw || missing+=(radosgw)
    has ceph || missing+=(ceph-common)
    has curl || missing+=(curl)
    if [ "${#missing[@]}" -gt 0 ]; then
        install_without_services "${missing[@]}"
    fi
}

# s3rver, from npm, into a folder of its own.
need_s3rver() {
    local folder=$1 missing=()
    has npm || missing+=(nodejs npm)
    has curl || missing+=(curl)
    if [ "${#missing[@]}" -gt 0 ]; then
        install_packages "${missing[@]}"
    fi
    if [ ! -x "$folder/node_modules/.bin/s3rver" ]; then
        (cd "$folder" && npm install --silent --no-audit --no-fund --no-save s3rver@3.7.1)
    fi
}

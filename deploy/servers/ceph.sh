#!/usr/bin/env bash
# A throw-away Ceph cluster with an S3 gateway, on loopback only; objects live in memory. For tests and for a farm on
# one machine. As root, without systemd; takes some 15 seconds.
#
# Usage: deploy/servers/ceph.sh start|stop FOLDER [PORT] [BUCKET]
#
# The gateway listens on PORT+8; PORT to PORT+50 are used. Keys are GRAVUREKEY / gravure-secret unless S3_ACCESS_KEY
# and S3_SECRET_KEY say otherwise; the bucket is test-bucket unless named. Prints S3_ENDPOINT, S3_ACCESS_KEY,
# S3_SECRET_KEY and S3_BUCKET as NAME=value lines, for `eval`. What the daemons say is in FOLDER/log.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ "$#" -ge 2 ] || { sed -n '2,/^set -e/{/^set -e/d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}" >&2; exit 2; }
verb=$1
case "$verb" in
    stop)
        folder=$2
        for daemon in client.rgw.a mgr.x osd.0 mon.a; do
            if [ -s "$folder/run/$daemon.pid" ]; then
                pid=$(cat "$folder/run/$daemon.pid")
                kill -CONT "$pid" 2>/dev/null || true
                kill "$pid" 2>/dev/null || true
                for _ in $(seq 50); do
                    kill -0 "$pid" 2>/dev/null || break
                    sleep 0.1
                done
                kill -KILL "$pid" 2>/dev/null || true
            fi
        done
        exit 0
        ;;
    start) ;;
    *)
        echo "error: unknown verb \"$verb\"" >&2
        exit 2
        ;;
esac

# shellcheck source=deploy/setup.sh
. "$here/../setup.sh"
need_ceph >&2
port=${3:?a port}
rm -rf "$2"
mkdir -p "$2"/{mon,mgr,osd,rgw,run,log}
folder=$(cd "$2" && pwd)
access=${S3_ACCESS_KEY:-GRAVUREKEY}
secret=${S3_SECRET_KEY:-gravure-secret}
bucket=${4:-test-bucket}
endpoint=http://127.0.0.1:$((port + 8))
fsid=$(cat /proc/sys/kernel/random/uuid)
cat >"$folder/ceph.conf" <<CONF
[global]
fsid = $fsid
mon_host = [v2:127.0.0.1:$port/0,v1:127.0.0.1:$((port + 1))/0]
public_network = 127.0.0.0/8
keyring = $folder/keyring
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
memstore_device_bytes = ${CEPH_MEMORY_BYTES:-2147483648}
ms_bind_port_min = $((port + 10))
ms_bind_port_max = $((port + 50))
ms_bind_ipv6 = false
admin_socket = $folder/run/\$name.asok
pid_file = $folder/run/\$name.pid
log_file = $folder/log/\$name.log
mon_cluster_log_file = $folder/log/cluster.log
crash_dir = $folder/crash
mon_data = $folder/mon
mgr_data = $folder/mgr
osd_data = $folder/osd
rgw_data = $folder/rgw
mon_data_avail_crit = 1
rgw_frontends = beast endpoint=127.0.0.1:$((port + 8))
CONF
export CEPH_CONF=$folder/ceph.conf
{
    ceph-authtool --create-keyring "$folder/keyring" --gen-key -n mon. --cap mon 'allow *'
    for name in client.admin osd.0 mgr.x client.rgw.a; do
        ceph-authtool "$folder/keyring" --gen-key -n "$name" --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
    done
    monmaptool --create --clobber --fsid "$fsid" --addv a "[v2:127.0.0.1:$port,v1:127.0.0.1:$((port + 1))]" \
        "$folder/monmap"
    ceph-mon -i a --mkfs --monmap "$folder/monmap" --keyring "$folder/keyring"
    ceph-mon -i a
    ceph-mgr -i x
    osd=$(cat /proc/sys/kernel/random/uuid)
    ceph osd new "$osd" 0
    ceph-osd -i 0 --mkfs --osd-uuid "$osd"
    ceph-osd -i 0
    until ceph osd stat | grep -q '1 up'; do sleep 0.3; done
    radosgw -n client.rgw.a
    until curl -s -o /dev/null "$endpoint/"; do sleep 0.3; done
    radosgw-admin user create --uid=gravure --display-name=gravure --access-key="$access" --secret-key="$secret"
    # curl of Debian 12 signs, but does not say what an empty body hashes to.
    empty=$(printf '' | sha256sum | cut -d ' ' -f 1)
    curl --silent --show-error --fail --retry 5 --aws-sigv4 aws:amz:default:s3 --user "$access:$secret" \
        --header "x-amz-content-sha256: $empty" --request PUT "$endpoint/$bucket"
} >"$folder/log/start.log" 2>&1 </dev/null || {
    tail -20 "$folder/log/start.log" >&2
    exit 1
}
printf '%s\n' "S3_ENDPOINT=$endpoint" "S3_ACCESS_KEY=$access" "S3_SECRET_KEY=$secret" "S3_BUCKET=$bucket"

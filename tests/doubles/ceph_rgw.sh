#!/bin/bash
# A real S3 server for tests: Ceph's gateway over one monitor and one memory-backed OSD, on loopback.
#   tests/doubles/ceph_rgw.sh COMMAND…
# Starts it in a temporary folder, makes the bucket `tradewind`, and runs COMMAND with TRADEWIND_TEST_S3 (the URL),
# TRADEWIND_TEST_S3_TLS (the same by https), SSL_CERT_FILE and keys in its environment; then stops all of it and removes the folder. Exit code: the command's; 77 where Ceph's
# packages are missing (make test-deps installs them); 1 where the server does not come up, with its log.
# TRADEWIND_CEPH_BYTES: how much its disk holds (1 GiB). Needs no root. Nothing else on the machine is touched.
set -eu

for program in ceph ceph-mon ceph-osd radosgw radosgw-admin monmaptool ceph-authtool curl openssl; do
  command -v "$program" >/dev/null && continue
  echo "ceph_rgw: $program is not installed, so the real S3 server is not tested; make test-deps installs it" >&2
  exit 77
done

folder=$(mktemp -d /tmp/tradewind-ceph-XXXXXX)
keyring=$folder/keyring
export CEPH_CONF=$folder/ceph.conf

stop_one() { # NAME: ends the daemon whose pid file that is, and waits for it
  [ -s "$folder/run/$1.pid" ] || return 0
  pid=$(cat "$folder/run/$1.pid")
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -9 "$pid" 2>/dev/null || true
}

stop_all() {
  stop_one client.admin
  stop_one osd.0
  stop_one mon.a
  rm -rf "$folder"
}
trap stop_all EXIT
trap 'exit 1' INT TERM

fail() {
  echo "ceph_rgw: $1" >&2
  tail -n 20 "$folder"/log/*.log "$folder"/log/steps 2>/dev/null >&2
  exit 1
}

quietly() { # LIMIT_S COMMAND…
  limit=$1
  shift
  timeout "$limit" "$@" >>"$folder/log/steps" 2>&1 </dev/null || fail "this failed: $*"
}

free_ports() { # three neighbours that are free now: the monitor's, and the gateway's without and with TLS
  for _ in $(seq 50); do
    port=$((20000 + RANDOM % 20000))
    taken=no
    for each in 0 1 2; do
      (exec 3<>"/dev/tcp/127.0.0.1/$((port + each))") 2>/dev/null && taken=yes
    done
    [ $taken = yes ] || return 0
  done
  fail "no free ports"
}

mkdir -p "$folder"/{mon,osd,run,log}
free_ports
monitor="[v2:127.0.0.1:$port]"
endpoint=http://127.0.0.1:$((port + 1))
cluster=$(cat /proc/sys/kernel/random/uuid)
cat >"$CEPH_CONF" <<END
[global]
fsid=$cluster
mon host=[v2:127.0.0.1:$port/0]
public addr=127.0.0.1
cluster addr=127.0.0.1
keyring=$keyring
osd pool default size=1
osd pool default min size=1
mon allow pool size one=true
osd pool default pg num=4
osd pool default pgp num=4
osd pool default pg autoscale mode=off
mon max pg per osd=1000
osd crush chooseleaf type=0
osd objectstore=memstore
memstore device bytes=${TRADEWIND_CEPH_BYTES:-1073741824}
osd memory target=939524096
osd crush initial weight=1
auth allow insecure global id reclaim=false
run dir=$folder/run
crash dir=$folder/log
mon data=$folder/mon
osd data=$folder/osd
osd journal=$folder/osd/journal
mon cluster log file=$folder/log/cluster.log
admin socket=$folder/run/\$name.\$pid.asok
log file=$folder/log/\$name.log
pid file=$folder/run/\$name.pid
[client.admin]
rgw frontends=beast endpoint=127.0.0.1:$((port + 1)) ssl_endpoint=127.0.0.1:$((port + 2)) ssl_certificate=$folder/server.pem ssl_private_key=$folder/server.key
rgw data=$folder/run
rgw thread pool size=16
END

# A certificate that signs itself is its own authority, which the client must be told of.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$folder/server.key" -out "$folder/server.pem" \
  2>>"$folder/log/steps" || fail "no certificate could be made"

ceph-authtool -C "$keyring" >/dev/null
ceph-authtool "$keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
ceph-authtool "$keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' >/dev/null
ceph-authtool "$keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' >/dev/null
quietly 20 monmaptool --create --clobber --fsid "$cluster" --addv a "$monitor" "$folder/monmap"
quietly 20 ceph-mon -i a --mkfs --monmap "$folder/monmap" --keyring "$keyring"
quietly 20 ceph-mon -i a --public-addrv "$monitor"
quietly 30 ceph auth import -i "$keyring"
disk=$(cat /proc/sys/kernel/random/uuid)
quietly 30 ceph osd new "$disk"
quietly 30 ceph-osd -i 0 --mkfs --osd-uuid "$disk"
quietly 30 ceph-osd -i 0
quietly 90 radosgw -n client.admin
for _ in $(seq 150); do
  curl -so /dev/null --max-time 2 "$endpoint/" && break
  sleep 0.2
done
export AWS_ACCESS_KEY_ID=AKTRADEWIND AWS_SECRET_ACCESS_KEY=SKTRADEWIND AWS_EC2_METADATA_DISABLED=true
quietly 60 radosgw-admin user create --uid=tradewind --display-name=tradewind \
  --access-key="$AWS_ACCESS_KEY_ID" --secret-key="$AWS_SECRET_ACCESS_KEY"
# A bucket is made by one signed PUT. Debian's curl signs an empty body rightly.
status=$(curl -s -o "$folder/log/bucket" -w '%{http_code}' --max-time 60 -X PUT --aws-sigv4 aws:amz:us-east-1:s3 \
  --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$endpoint/tradewind")
[ "$status" = 200 ] || fail "making the bucket answered $status: $(cat "$folder/log/bucket")"
export TRADEWIND_TEST_S3="s3://tradewind/tests?endpoint=$endpoint&region=us-east-1"
export TRADEWIND_TEST_S3_TLS="s3://tradewind/tests-tls?endpoint=https://localhost:$((port + 2))&region=us-east-1"
export SSL_CERT_FILE=$folder/server.pem
"$@"

# What doubles share that start one server twice on loopback, without TLS and with: sourced, by bash, once `double` names it.
# A folder, $folder, that goes with all servers of $pids when the script ends; ports, patience, a certificate.
# shellcheck shell=bash

folder=$(mktemp -d "/tmp/tradewind-$double-XXXXXX")
pids=()
stop_all() {
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$folder"
}
trap stop_all EXIT
trap 'exit 1' INT TERM

fail() {
  echo "$double: $1" >&2
  tail -n 20 "$folder"/*.log "$folder"/answer 2>/dev/null >&2
  exit 1
}

free_ports() { # two neighbours that are free now: without TLS, and with
  for _ in $(seq 50); do
    port=$((20000 + RANDOM % 20000))
    taken=no
    for each in 0 1; do
      (exec 3<>"/dev/tcp/127.0.0.1/$((port + each))") 2>/dev/null && taken=yes
    done
    [ $taken = yes ] || return 0
  done
  fail "no free ports"
}

await() { # PID ENDPOINT
  for _ in $(seq 150); do
    kill -0 "$1" 2>/dev/null || fail "a server ended"
    curl -so /dev/null --max-time 2 "$2" && return 0
    sleep 0.2
  done
  fail "$2 does not answer"
}

# One that signs itself is its own authority, which the clients must be told of.
make_certificate() { # $folder/server.pem and its key
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$folder/server.key" -out "$folder/server.pem" \
    2>>"$folder/steps.log" || fail "no certificate could be made"
  export SSL_CERT_FILE=$folder/server.pem CURL_CA_BUNDLE=$folder/server.pem
}

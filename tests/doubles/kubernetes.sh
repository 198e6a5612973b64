#!/bin/bash
# A Kubernetes cluster for tests: etcd, and the API server, the controllers and the scheduler of Kubernetes itself, on loopback.
# It has no kubelet: a test says itself what its pods do.
#   tests/doubles/kubernetes.sh COMMAND…
# Applies packaging/kubernetes/role.yaml, and runs COMMAND with two kubeconfigs in its environment: TRADEWIND_TEST_KUBECONFIG, of a
# user with that role alone, and TRADEWIND_TEST_KUBECONFIG_ADMIN; then stops all of it. While the file apiserver.away lies beside
# them, there is no API server: COMMAND makes the file, ends the process of apiserver.pid, and removes the file again.
# Exit code: the command's; 77 where a program is missing (make test-deps installs them); 1 where it does not come up, with its log.
# Needs no root. Nothing else on the machine is touched.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
server=$root/.deps/go/kubernetes
skip() {
  echo "kubernetes: $1 is not installed, so Kubernetes is tested on our own fake alone; make test-deps installs it" >&2
  exit 77
}
for program in curl openssl etcd kubectl; do
  command -v "$program" >/dev/null || skip "$program"
done
[ -x "$server" ] || skip "its API server"

double=kubernetes
. "$root/tests/doubles/two_servers.sh"

# Nothing is kept, and an API server that may end in order takes a minute to.
stop_all() {
  kill -KILL "${pids[@]}" 2>/dev/null || true
  kill -KILL "$(cat "$folder/apiserver.pid" 2>/dev/null)" 2>/dev/null || true
  wait "${pids[@]}" 2>/dev/null || true
  rm -rf "$folder"
}

quietly() { "$@" >>"$folder/steps.log" 2>&1 || fail "$* failed"; }

certificate() { # NAME SUBJECT [EXTENSION]: signed by $folder/ca.pem
  quietly openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" -keyout "$folder/$1.key" -out "$folder/$1.csr"
  printf '%s\n' "${3:-extendedKeyUsage=clientAuth}" >"$folder/$1.ext"
  quietly openssl x509 -req -days 2 -in "$folder/$1.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" -CAcreateserial \
    -extfile "$folder/$1.ext" -out "$folder/$1.pem"
}

kubeconfig() { # NAME NAMESPACE
  cat >"$folder/$1.yaml" <<END
apiVersion: v1
kind: Config
current-context: double
clusters:
  - name: double
    cluster: {server: "$endpoint", certificate-authority: ca.pem}
users:
  - name: $1
    user: {client-certificate: $1.pem, client-key: $1.key}
contexts:
  - name: double
    context: {cluster: double, user: $1, namespace: $2}
END
}

part() { # NAME OPTION…
  "$server" "$@" >"$folder/$1.log" 2>&1 </dev/null &
  pids+=($!)
}

quietly openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=double \
  -keyout "$folder/ca.key" -out "$folder/ca.pem"
certificate server /CN=kube-apiserver "subjectAltName=DNS:localhost,IP:127.0.0.1"
certificate admin /O=system:masters/CN=admin
certificate tradewind /CN=tradewind
quietly openssl genrsa -out "$folder/accounts.key" 2048

free_ports
store=http://127.0.0.1:$port
free_ports
peers=http://127.0.0.1:$port
etcd --data-dir "$folder/etcd" --listen-client-urls "$store" --advertise-client-urls "$store" --listen-peer-urls "$peers" \
  --initial-advertise-peer-urls "$peers" --initial-cluster "default=$peers" --unsafe-no-fsync >"$folder/etcd.log" 2>&1 </dev/null &
pids+=($!)
await "$!" "$store/health"

free_ports
endpoint=https://127.0.0.1:$port
kubeconfig admin tradewind
kubeconfig tradewind tradewind
# Begins it again wherever it ends.
keep_api_server() { # OPTION…
  while [ -d "$folder" ]; do
    while [ -e "$folder/apiserver.away" ]; do sleep 0.1; done
    "$server" kube-apiserver "$@" >>"$folder/kube-apiserver.log" 2>&1 </dev/null &
    echo $! >"$folder/apiserver.pid"
    wait $! || true
  done
}
keep_api_server --etcd-servers "$store" --bind-address 127.0.0.1 --advertise-address 127.0.0.1 --secure-port "$port" \
  --tls-cert-file "$folder/server.pem" --tls-private-key-file "$folder/server.key" --client-ca-file "$folder/ca.pem" \
  --authorization-mode RBAC --service-cluster-ip-range 10.99.0.0/24 --service-account-issuer "$endpoint" \
  --service-account-key-file "$folder/accounts.key" --service-account-signing-key-file "$folder/accounts.key" \
  --endpoint-reconciler-type none --cert-dir "$folder" --max-requests-inflight 200 &
pids+=($!)
export CURL_CA_BUNDLE=$folder/ca.pem
await "$!" "$endpoint/healthz"
for _ in $(seq 150); do
  [ "$(curl -s --max-time 2 "$endpoint/readyz")" = ok ] && break
  sleep 0.2
done
part kube-controller-manager --kubeconfig "$folder/admin.yaml" --leader-elect=false --secure-port 0 \
  --service-account-private-key-file "$folder/accounts.key" --root-ca-file "$folder/ca.pem" --node-monitor-grace-period 1h
part kube-scheduler --kubeconfig "$folder/admin.yaml" --leader-elect=false --secure-port 0
quietly kubectl --kubeconfig "$folder/admin.yaml" --cache-dir "$folder/cache" apply --validate=false -f "$root/packaging/kubernetes/role.yaml"

export TRADEWIND_TEST_KUBECONFIG=$folder/tradewind.yaml TRADEWIND_TEST_KUBECONFIG_ADMIN=$folder/admin.yaml
"$@"

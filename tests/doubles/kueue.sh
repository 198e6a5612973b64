#!/bin/bash
# Kueue itself, its queues and its scheduler, in the cluster of kubernetes.sh, which runs this:
#   tests/doubles/kubernetes.sh tests/doubles/kueue.sh COMMAND…
# Runs COMMAND with TRADEWIND_TEST_KUEUE=1 in its environment; then stops it. Its webhooks, which set defaults, are not installed.
# Exit code: the command's; 77 where Kueue is not installed (make test-deps) or may not have a mount namespace; 1 where it does not
# come up, with its log.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
manager=$root/.deps/go/kueue
cluster=$(dirname "$TRADEWIND_TEST_KUBECONFIG_ADMIN")
skip() {
  echo "kueue: $1, so queues are not tested on Kueue itself" >&2
  exit 77
}
[ -x "$manager" ] || skip "it is not installed (make test-deps)"
own="unshare --user --map-root-user --mount"
$own true 2>/dev/null || skip "this user may have no mount namespace"

kubectl="kubectl --kubeconfig $TRADEWIND_TEST_KUBECONFIG_ADMIN --cache-dir $cluster/cache"
for file in "$manager.crds"/*.yaml; do $kubectl create --validate=false -f "$file" >/dev/null; done
$kubectl wait --for condition=established --timeout 60s crd --all >/dev/null
$kubectl create namespace kueue-system >/dev/null

cat >"$cluster/kueue.yaml" <<END
apiVersion: config.kueue.x-k8s.io/v1beta2
kind: Configuration
health: {healthProbeBindAddress: "127.0.0.1:0"}
metrics: {bindAddress: "0"}
webhook: {port: $((30000 + RANDOM % 20000)), host: 127.0.0.1, certDir: $cluster/kueue}
leaderElection: {leaderElect: false}
internalCertManagement: {enable: false}
integrations: {frameworks: ["batch/job"]}
END
mkdir "$cluster/kueue"
cp "$cluster/server.pem" "$cluster/kueue/tls.crt"
cp "$cluster/server.key" "$cluster/kueue/tls.key"

# It reads a certificate at a path that it cannot be told: an /etc of its own has it there.
KUBECONFIG=$TRADEWIND_TEST_KUBECONFIG_ADMIN $own bash -c 'mount -t tmpfs tmpfs /etc && mkdir -p /etc/kueue/metrics && ln -s "$1" /etc/kueue/metrics/certs &&
  exec "$2" --config "$3" --feature-gates VisibilityOnDemand=false' kueue "$cluster/kueue" "$manager" "$cluster/kueue.yaml" >"$cluster/kueue.log" 2>&1 </dev/null &
pid=$!
trap 'kill -KILL $pid 2>/dev/null || true; wait $pid 2>/dev/null || true' EXIT
for _ in $(seq 300); do
  grep -q 'clusterqueue-reconciler.*Starting workers' "$cluster/kueue.log" && break
  kill -0 $pid 2>/dev/null || break
  sleep 0.2
done
if ! grep -q 'clusterqueue-reconciler.*Starting workers' "$cluster/kueue.log"; then
  echo "kueue: it does not come up" >&2
  tail -n 20 "$cluster/kueue.log" >&2
  exit 1
fi
TRADEWIND_TEST_KUEUE=1 "$@"

#!/usr/bin/env python3
"""A training run on a Kubernetes cluster: its pod is evicted, it moves away and back, and its final weights are, bit for bit,
those of a run that nothing disturbed. Needs the doubles kubernetes.sh and ceph_rgw.sh around it."""
import base64
import os
import sys
import unittest

import kubelet
import rig
import training_test
from training_test import STEPS, TASK, weights_in

S3 = os.environ.get("TRADEWIND_TEST_S3")
ADMIN = os.environ.get("TRADEWIND_TEST_KUBECONFIG_ADMIN")
RUNNER = os.environ.get("TRADEWIND_TEST_KUBECONFIG")


class Kubernetes(rig.TestCase):
    @classmethod
    def setUpClass(cls):
        training_test.Training.setUpClass.__func__(cls)

    def setUp(self):
        self.cluster = kubelet.Cluster(ADMIN)
        keys = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED")}
        self.cluster.ask("POST", "/api/v1/namespaces/tradewind/secrets",
                         {"metadata": {"name": "stores"},
                          "data": {name: base64.b64encode(value.encode()).decode() for name, value in keys.items()}})
        self.addCleanup(self.cluster.ask, "DELETE", "/api/v1/namespaces/tradewind/secrets/stores")
        self.node = kubelet.Kubelet(self, self.cluster)
        self.addCleanup(self.cluster.ask, "DELETE", "/api/v1/nodes/node-1")

    def test_evicted_moved_away_and_back_with_equal_bits(self):
        home = self.home("zones:\n  - {name: here, price_per_hour: 0.10}\n")
        kubelet.write_clusters(home, RUNNER, grace="20s")
        base, _, query = S3.partition("?")
        task = TASK.replace("{use_spot: true}", "{infra: [kubernetes/lab, local/here]}")
        task = task.replace("signal: SIGUSR1", f"signal: SIGUSR1, stores: ['{base}/k8s?{query}']")
        job = home.submit(home.task(task))
        home.wait_for(job, lambda seen: seen["saved_step"] > 0 and seen["location"] == "kubernetes/lab", "a checkpoint in the cluster")
        for target in ("local/here", "kubernetes/lab"):
            move = home.json("move", job, "--to", target, "--wait")
            self.assertTrue(move["digest_equal"], move)
            self.assertEqual(move["step_saved"], move["step_resumed"])
        evicted = self.node.running()
        self.assertEqual(len(evicted), 1)
        self.node.evict(evicted[0])
        seen = home.wait_for_end(job)
        self.assertEqual(weights_in(home.run("logs", job).stdout), self.undisturbed)
        proof = home.json("checkpoint", "verify", job)
        self.assertEqual((proof["problems"], proof["proof"]["counted_steps"]), ([], STEPS))
        places = [lease["location"] for lease in seen["leases"] if lease["instance"]]
        self.assertEqual(places, ["kubernetes/lab", "local/here", "kubernetes/lab", "local/here"])
        self.assertIn("preempted: the pod was told to end", home.run("events").stdout)
        self.assertNotIn("SKTRADEWIND", str(self.cluster.items("/apis/batch/v1/namespaces/tradewind/jobs")))

    def test_a_pod_that_no_node_takes_is_left_for_a_rented_machine(self):
        """The own cluster first; a machine at 20 USD an hour once the wait costs more; never both."""
        self.cluster.merge("/api/v1/nodes/node-1", {"spec": {"unschedulable": True}})
        home = self.home("zones: [{name: rented, on_demand_price_per_hour: 20, spot: no}]\n")
        kubelet.write_clusters(home, RUNNER)
        base, _, query = S3.partition("?")
        job = home.submit(home.task(
            f"name: burst\nduration: 60s\nwaiting_cost: $15\ncheckpoint: {{path: state, stores: ['{base}/burst?{query}']}}\n"
            "run: echo began >>state/runs; echo began; sleep 3\n"))
        home.wait_for(job, lambda seen: "unschedulable" in str(seen["leases"]), "why its pod waits")
        seen = home.wait_for_end(job, patience=300)
        self.assertEqual([lease["location"] for lease in seen["leases"]], ["kubernetes/lab", "local/rented"], seen)
        self.assertIn("withdrawn from its queue", seen["leases"][0]["reason"])
        self.assertEqual(float(seen["leases"][0]["cost"]["amount"]), 0)
        self.assertEqual(home.run("logs", job).stdout.count("began"), 1)
        self.assertEqual(self.node.running(), [])

    def test_an_api_server_that_is_away_ends_nothing_and_nothing_runs_twice(self):
        home = self.home()
        kubelet.write_clusters(home, RUNNER)
        base, _, query = S3.partition("?")
        head = f"resources: {{infra: kubernetes/lab}}\ncheckpoint: {{path: saved, stores: ['{base}/away?{query}']}}\n"
        first = home.submit(home.task(head + "run: for i in $(seq 100); do echo beat $i; sleep 0.3; done\n"))
        home.wait_for(first, lambda seen: "beat 3" in home.run("logs", first).stdout, "its output")
        self.addCleanup(self.cluster.bring_back)
        self.cluster.take_away()
        second = home.submit(home.task(head + "run: echo hello\n", "second.yaml"))
        heard = home.run("logs", first).stdout.count("beat")
        home.wait_for(second, lambda seen: "is the API server" in str(seen["leases"]), "the supplier's word with its cure")
        self.assertIn("is the API server", home.run("job", second).stdout)
        home.wait_for(first, lambda seen: home.run("logs", first).stdout.count("beat") > heard + 10, "that it goes on")
        self.assertEqual(home.job(first)["state"], "running")
        self.cluster.bring_back()
        for job in (first, second):
            seen = home.wait_for_end(job)
            self.assertEqual(len([lease for lease in seen["leases"] if lease["instance"]]), 1, seen)
        made = [item["metadata"]["labels"]["tradewind.dev/job"] for item in self.cluster.items("/apis/batch/v1/namespaces/tradewind/jobs")]
        self.assertEqual(sorted(job for job in made if job in (first, second)), sorted((first, second)))

    def test_a_store_of_this_machine_is_refused_with_the_cure(self):
        home = self.home()
        kubelet.write_clusters(home, RUNNER)
        refused = home.run("run", home.task("resources: {infra: kubernetes/lab}\nrun: echo hello\n"), "--detach", code=None)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("what runs on kubernetes/lab sees no folder of this machine", refused.stderr)
        self.assertIn("name one of the network in the task: checkpoint.stores", refused.stderr)
        self.assertEqual(home.json("jobs")["jobs"], [])
        self.assertEqual(self.node.running(), [])


if __name__ == "__main__":
    if not S3 or not ADMIN:
        print("TRADEWIND_TEST_S3 and TRADEWIND_TEST_KUBECONFIG_ADMIN are not set", file=sys.stderr)
        sys.exit(77)
    sys.exit(unittest.main(verbosity=2))

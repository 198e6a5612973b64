#!/usr/bin/env python3
"""Jobs of several pods on a Kubernetes cluster: an Indexed Job trains by a TCP all-reduce, and goes on with equal bits when one of its
pods is evicted or dies. Needs the doubles kubernetes.sh and ceph_rgw.sh around it."""
import base64
import os
import re
import sys
import time
import unittest

import gang_training
import kubelet
import rig

S3 = os.environ.get("TRADEWIND_TEST_S3")
ADMIN = os.environ.get("TRADEWIND_TEST_KUBECONFIG_ADMIN")
RUNNER = os.environ.get("TRADEWIND_TEST_KUBECONFIG")
NAMESPACE = "/api/v1/namespaces/tradewind/"
JOBS = "/apis/batch/v1/namespaces/tradewind/jobs"


class KubernetesGangs(rig.TestCase):
    def setUp(self):
        self.cluster = kubelet.Cluster(ADMIN)
        keys = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED")}
        self.make(NAMESPACE + "secrets", {"metadata": {"name": "stores"},
                                          "data": {name: base64.b64encode(value.encode()).decode() for name, value in keys.items()}})
        size = {"storage": "1Gi"}
        volume = f"shared-{time.time_ns()}"  # one that is deleted lingers
        self.make("/api/v1/persistentvolumes",
                  {"metadata": {"name": volume}, "spec": {"capacity": size, "accessModes": ["ReadWriteMany"], "storageClassName": "",
                                                            "hostPath": {"path": "/shared"}}})
        self.make(NAMESPACE + "persistentvolumeclaims",
                  {"metadata": {"name": volume}, "spec": {"resources": {"requests": size}, "accessModes": ["ReadWriteMany"],
                                                            "storageClassName": "", "volumeName": volume}})
        self.node = kubelet.Kubelet(self, self.cluster)
        self.addCleanup(self.cluster.ask, "DELETE", "/api/v1/nodes/node-1")
        self.control = self.home()
        kubelet.write_clusters(self.control, RUNNER, grace="30s", shared_volume=volume, forget_after="1s")

    def make(self, path, item):
        self.cluster.ask("POST", path, item)
        self.addCleanup(self.cluster.ask, "DELETE", f"{path}/{item['metadata']['name']}")

    def store(self, name):
        base, _, query = S3.partition("?")
        return f"stores: ['{base}/{name}?{query}']"

    def log(self, job):
        return self.control.run("logs", job).stdout

    def wait_until(self, condition, what, patience=90):
        until = time.monotonic() + patience
        while not condition():
            if time.monotonic() > until:
                pods = [(pod["metadata"]["name"], pod["status"].get("phase"), self.node.log_of(pod["metadata"]["name"]))
                        for pod in self.cluster.items(NAMESPACE + "pods") if pod["metadata"]["name"] in self.node.pods]
                raise AssertionError(f"never: {what}\n{pods}\n{[job['status'] for job in self.cluster.items(JOBS)]}\n{self.control.story()}")
            time.sleep(0.2)

    def check_nothing_is_left(self):
        """No pod, no Service, nothing on the volume and no process."""
        self.wait_until(lambda: not self.cluster.items(NAMESPACE + "pods") and not self.cluster.items(JOBS), "no Jobs and no pods")
        self.wait_until(lambda: [each["metadata"]["name"] for each in self.cluster.items(NAMESPACE + "services")] == [], "no Services")
        self.assertEqual([each for each in os.listdir(self.node.shared) if each.startswith("tw-")], [])

    def train(self, **fields):
        gang_training.write_program(self.control.file("gang.py"))
        text = gang_training.task(self.control.file("gang.py"), self.node.shared, 60, infra="kubernetes/lab", **fields)
        job = self.control.submit(self.control.task(text.replace("interval: 1h", "interval: 1h, " + self.store(self._testMethodName[5:20]))))
        self.wait_until(lambda: self.log(job).count("begins at step 0") == 2, "both ranks")
        self.control.wait_for(job, lambda seen: seen["saved_step"] >= 10, "a checkpoint")
        return job

    def check_trained(self, job, saved):
        """It went on from what was saved, and its weights are those of a run that nothing befell."""
        seen = self.control.wait_for_end(job, patience=200)
        out = self.log(job)
        began = [int(step) for step in re.findall(r"^\[\d\] rank \d begins at step (\d+)$", out, re.MULTILINE)]
        self.assertEqual(began[:2], [0, 0], out)
        # On a machine under load a place may be lost once more.
        self.assertGreaterEqual(len(began), 4, out)
        self.assertEqual(began[::2], began[1::2], out)
        self.assertEqual(began, sorted(began), "nothing that was saved is lost")
        self.assertGreaterEqual(began[2], saved, "nothing that was saved is lost")
        self.assertEqual(re.findall(r"^\[\d\] weights (\w+)$", out, re.MULTILINE), [gang_training.weights(60)] * 2, out)
        self.assertNotIn("runs twice", out)
        self.assertGreaterEqual(len([lease for lease in seen["leases"] if lease["instance"]]), 2, seen["leases"])
        return seen

    def pod_of(self, rank):
        return next(name for name in self.node.running() if re.search(rf"-{rank}-\w+$", name))

    def test_evicted_pod_of_one_rank_ends_all_in_order_and_all_go_on(self):
        job = self.train()
        specs = self.cluster.items(JOBS)
        self.assertEqual([(each["spec"]["completions"], each["spec"]["parallelism"], each["spec"]["completionMode"]) for each in specs],
                         [(2, 2, "Indexed")])
        services = self.cluster.items(NAMESPACE + "services")
        self.assertEqual([(each["metadata"]["name"], each["spec"]["clusterIP"]) for each in services],
                         [(specs[0]["metadata"]["name"], "None")])
        saved = self.control.job(job)["saved_step"]
        self.node.evict(self.pod_of(1))
        seen = self.check_trained(job, saved)
        self.assertEqual(seen["leases"][0]["end"], "preempted", seen["leases"])
        self.assertEqual(seen["leases"][0]["price_per_hour"]["amount"], "0.04", "of both pods")
        self.check_nothing_is_left()

    def test_killed_pod_of_one_rank_ends_the_attempt_and_all_go_on(self):
        job = self.train()
        saved = self.control.job(job)["saved_step"]
        self.node.kill(self.pod_of(1))
        self.check_trained(job, saved)
        self.check_nothing_is_left()

    def test_one_rank_that_fails_ends_all_and_is_named(self):
        job = self.control.submit(self.control.task(
            "name: fails\nnum_nodes: 3\nresources: {infra: kubernetes/lab}\n" f"checkpoint: {{path: state, {self.store('fails')}}}\n"
            "setup: echo setup of $RANK\nrun: |\n  [ $RANK != 2 ] || { sleep 2; echo dying; exit 7; }\n  sleep 300; echo not reached\n"))
        seen = self.control.wait_for_end(job, state="failed", patience=120)
        self.assertEqual(seen["exit_code"], 7, seen)
        self.assertIn("rank 2 of the program ended with exit code 7", seen["reason"])
        out = self.log(job)
        self.assertIn("[2] dying\n", out)
        for rank in range(3):
            self.assertIn(f"[{rank}] setup of {rank}\n", out)
        self.assertNotIn("not reached", out)
        self.check_nothing_is_left()

    def test_cancelled_gang_leaves_nothing(self):
        job = self.control.submit(self.control.task(
            "name: sleeps\nnum_nodes: 2\nresources: {infra: kubernetes/lab}\n" f"checkpoint: {{path: state, {self.store('sleeps')}}}\n"
            "run: echo here; trap '' TERM; sleep 300; sleep 300\n"))
        self.wait_until(lambda: self.log(job).count("here") == 2, "both ranks")
        self.control.run("cancel", job)
        self.control.wait_for_end(job, state="cancelled")
        self.check_nothing_is_left()

    def test_more_pods_than_the_pool_has_and_clusters_without_a_volume_are_refused(self):
        task = "name: many\nnum_nodes: %d\nresources: {infra: kubernetes/lab}\n" f"checkpoint: {{path: state, {self.store('many')}}}\n" "run: 'true'\n"
        refused = self.control.run("run", self.control.task(task % 17), "--detach", code=None)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("has 16 such nodes for one job, and num_nodes asks for 17", refused.stderr)
        other = self.home()
        kubelet.write_clusters(other, RUNNER)
        refused = other.run("run", other.task(task % 2), "--detach", code=None)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("takes jobs of one node alone, and num_nodes asks for 2", refused.stderr)


if __name__ == "__main__":
    if not S3 or not ADMIN:
        print("TRADEWIND_TEST_S3 and TRADEWIND_TEST_KUBECONFIG_ADMIN are not set", file=sys.stderr)
        sys.exit(77)
    sys.exit(unittest.main(verbosity=2))

#!/usr/bin/env python3
"""Many small tasks on a real Slurm (tests/doubles/slurm.sh): thousands are queued and cancelled by few calls to its controller.
TRADEWIND_TEST_TASKS says how many (1500): of 10,000, docs/suppliers/slurm.md tells what it took."""
import http.client
import json
import os
import socket
import sys
import threading
import time
import unittest

import slurm_cluster
from slurm_cluster import SLURM, slurm

TASKS = int(os.environ.get("TRADEWIND_TEST_TASKS", "1500"))
PROGRAMS = ("sbatch", "squeue", "scancel", "scontrol", "sinfo")
TASK = """
name: small
resources: {infra: slurm/tw/batch}
run: %s
"""


class Connection(http.client.HTTPConnection):
    """To the server's socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(120)
        self.sock.connect(self.path)

    def ask(self, method, path, body=None):
        self.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        answer = self.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise AssertionError(f"{method} {path}: {answer.status} {text[:500]}")
        return json.loads(text)


class ManyTasks(slurm_cluster.TestCase):
    def setUp(self):
        super().setUp()
        self.control.variables["PATH"] = self.counting() + ":" + os.environ["PATH"]
        self.cluster(partitions="[batch]", time_limit="30m")

    def counting(self):
        """A folder with programs that write a line for each call, and then call Slurm's own."""
        folder = self.control.file("bin")
        os.mkdir(folder)
        for name in PROGRAMS:
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\n[ \"$1\" = --test-only ] || echo {name} >>'{self.control.file('calls')}'\n"
                           f"exec /usr/bin/{name} \"$@\"\n")
            os.chmod(file.name, 0o755)
        return folder

    def calls(self):
        try:
            with open(self.control.file("calls"), encoding="utf-8") as file:
                made = file.read().split()
        except FileNotFoundError:
            made = []
        return {name: made.count(name) for name in PROGRAMS}

    def for_each(self, items, act, threads=4):
        """act(connection, item) for all, by several connections."""
        left = list(reversed(items))
        failed = []

        def work():
            connection = Connection(self.control.file("state", "server.sock"))
            try:
                while left:
                    try:
                        item = left.pop()
                    except IndexError:
                        return
                    act(connection, item)
            except Exception as error:  # told by the thread that waits
                failed.append(error)
            finally:
                connection.close()

        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if failed:
            raise failed[0]

    def submit(self, command, count):
        first = self.control.submit(self.control.task(TASK % command))
        spec = self.control.job(first)["spec"]
        jobs = [first]
        self.for_each(range(count - 1), lambda server, _: jobs.append(server.ask("POST", "/v1/jobs", {"spec": spec})["job"]))
        return jobs

    def wait_until(self, condition, what, patience):
        until = time.monotonic() + patience
        while not condition():
            if time.monotonic() > until:
                raise AssertionError(f"never: {what}\n{self.calls()}\n{self.control.server_log()}")
            time.sleep(1)

    def check_queries(self, seconds, calls):
        """One list of jobs in five seconds, and the partitions once a minute; a few more as it begins."""
        self.assertLessEqual(calls["squeue"], seconds / 5 + 3, calls)
        self.assertLessEqual(calls["scontrol"] + calls["sinfo"], seconds / 30 + 5, calls)

    def test_thousands_are_queued_and_cancelled_by_few_calls(self):
        begin = time.monotonic()
        jobs = self.submit("sleep 1000", TASKS)
        submitted = time.monotonic() - begin
        self.wait_until(lambda: len(slurm("squeue", "--me", "--array", "--noheader", "-o", "%i").split()) == TASKS,
                        f"{TASKS} jobs in squeue", 60 + TASKS / 50)
        queued = time.monotonic() - begin
        self.wait_until(lambda: time.monotonic() - begin > 30, "half a minute", 40)
        seconds, calls = time.monotonic() - begin, self.calls()
        print(f"{TASKS} tasks: taken by the server in {submitted:.1f} s, in Slurm's queue after {queued:.1f} s; "
              f"calls in {seconds:.0f} s: {calls}", file=sys.stderr)
        self.check_queries(seconds, calls)
        self.assertLessEqual(calls["sbatch"], 10 + TASKS / 100)

        begin = time.monotonic()
        self.for_each(jobs, lambda server, job: server.ask("POST", f"/v1/jobs/{job}/cancel"))
        self.wait_until(lambda: not slurm("squeue", "--me", "--noheader"), "an empty queue", 60 + TASKS / 50)
        emptied = time.monotonic() - begin
        server = Connection(self.control.file("state", "server.sock"))
        self.addCleanup(server.close)
        self.wait_until(lambda: server.ask("GET", "/v1/jobs?state=live&limit=1")["total"] == 0, "an end of all", 60 + TASKS / 50)
        seconds, after = time.monotonic() - begin, self.calls()
        calls = {name: after[name] - calls[name] for name in PROGRAMS}
        print(f"cancelled: the queue is empty after {emptied:.1f} s, all have ended after {seconds:.1f} s; calls: {calls}",
              file=sys.stderr)
        self.check_queries(seconds, calls)
        # One follows the other, and each ends what was cancelled meanwhile: a slow machine makes more, but not one a second.
        self.assertLessEqual(calls["scancel"], max(10 + TASKS / 100, seconds))
        self.assertEqual(calls["sbatch"], 0, "nothing is launched again")
        states = {job["state"] for job in server.ask("GET", f"/v1/jobs?limit={TASKS}")["jobs"]}
        self.assertEqual(states, {"cancelled"})

    def test_each_of_many_runs_once_and_to_its_end(self):
        ran = os.path.join(SLURM, "store", f"ran-{os.getpid()}")
        os.mkdir(ran)
        jobs = self.submit(f"echo >>{ran}/$TRADEWIND_JOB_ID", 60)
        for job in jobs:
            self.control.wait_for_end(job, patience=150)
        self.assertEqual(sorted(os.listdir(ran)), sorted(jobs))
        for job in jobs:
            self.assertEqual(os.path.getsize(os.path.join(ran, job)), 1, "ran once")
        self.assertLessEqual(self.calls()["sbatch"], 20)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""A workstation that its owner lends: jobs run there by his rules, leave when he comes back, and lose nothing."""
import getpass
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import unittest

import rig
import ssh_hosts

STEPS = 400
# Each step's state follows from the one before; what is not saved when it is told is done again.
PROGRAM = f"""
import hashlib, json, os, signal, time
state, step, asked, ending = "", 0, False, False
file = os.path.join(os.environ["TRADEWIND_CHECKPOINT_DIR"], "state")
def tell(**what):
    with open(os.environ["TRADEWIND_PROGRESS"], "a") as progress:
        progress.write(json.dumps(what) + "\\n")
def ask(number, frame):
    global asked, ending
    asked, ending = True, number == signal.SIGTERM
signal.signal(signal.SIGUSR1, ask)
signal.signal(signal.SIGTERM, ask)
if os.path.exists(file):
    state, step = json.load(open(file))
while step < {STEPS}:
    step, state = step + 1, hashlib.sha256((state + str(step)).encode()).hexdigest()
    tell(step=step)
    if asked or step % 40 == 0:
        asked = False
        with open(file + ".new", "w") as new:
            json.dump([state, step], new)
        os.rename(file + ".new", file)
        tell(checkpoint="saved", step=step)
    if ending:
        raise SystemExit(143)
    time.sleep(0.1)
print("done: " + state, flush=True)
"""
TASK = f"""
name: chain
resources: {{use_spot: true}}
workdir: WORKDIR
run: exec /usr/bin/python3 chain.py
work: {{unit: step, total: {STEPS}}}
checkpoint: {{path: checkpoint, interval: 2s, signal: SIGUSR1}}
"""


def last_state():
    state = ""
    for step in range(STEPS):
        state = hashlib.sha256((state + str(step)).encode()).hexdigest()
    return state


class Owner:
    """Who sits before a host: runs tradewind there, without a control plane."""

    def __init__(self, host, **variables):
        self.host = host
        self.variables = variables
        os.makedirs(host.own_home(), exist_ok=True)

    def run(self, *words, code=0):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIND_")}
        environment |= {"TRADEWIND_HOME": self.host.own_home(), "NO_COLOR": "1"} | self.variables
        done = subprocess.run([rig.TRADEWIND, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=120, check=False)
        if done.returncode != code:
            raise AssertionError(f"tradewind {' '.join(words)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def json(self, *words, code=0):
        return json.loads(self.run(*words, "--json", code=code))


class Node(rig.TestCase):
    def submit(self, home):
        os.mkdir(home.file("work"))
        with open(home.file("work", "chain.py"), "w", encoding="utf-8") as program:
            program.write(PROGRAM)
        return home.submit(home.task(TASK.replace("WORKDIR", json.dumps(home.file("work")))))

    def add(self, home, host):
        """By the command that the owner was told, and what only this test's sshd needs."""
        return home.json("node", "add", host.name, "--host", "127.0.0.1", "--user", getpass.getuser(), "--port", str(host.port),
                         "--identity", host.file("user_key"), "--known-hosts", host.file("known_hosts"),
                         "--folder", host.folder, "--claims", host.file("claims"))

    def test_a_job_leaves_when_the_owner_comes_back_and_loses_nothing(self):
        host = ssh_hosts.Host(self, "desk")
        owner = Owner(host)
        said = owner.json("node", "join", "--name", "desk", "--host", "127.0.0.1", "--cores", "2", "--yield", "20s", "--share")
        self.assertEqual(said["command"], f"tradewind node add desk --host 127.0.0.1 --user {getpass.getuser()}")
        home = self.home("zones:\n  - {name: here, price_per_hour: 0.10}\n")
        self.assertEqual(self.add(home, host)["location"], "ssh/desk")
        self.assertFalse(self.add(home, host)["changed"], "it is there already")
        offers = home.json("offers", "--provider", "ssh")["offers"]
        self.assertEqual([(offer["instance_type"], offer["purchase"], offer["notice_lead_s"]) for offer in offers],
                         [("whole", "spot", 20)])
        checked = {line["name"]: line for line in home.json("check", "ssh/desk")["checks"]}
        self.assertIn("open to jobs; its hours: always", checked["ssh/desk owner"]["detail"])

        job = self.submit(home)
        home.wait_for(job, lambda seen: seen["saved_step"] > 0 and seen["location"] == "ssh/desk", "a checkpoint at the desk")
        status = owner.json("node", "status")
        self.assertTrue(status["open"])
        self.assertEqual([each["job"] for each in status["instances"]], [job])
        paused = owner.json("node", "pause")
        self.assertEqual((paused["instances"], paused["yield_s"]), (1, 20))

        seen = home.wait_for_end(job)
        ends = [(lease["location"], lease["end"]) for lease in seen["leases"] if lease["instance"]]
        self.assertEqual(ends, [("ssh/desk", "preempted"), ("local/here", "finished")])
        self.assertEqual([gap["steps_redone"] for gap in seen["receipt"]["interruptions"]], [0])
        self.assertEqual([line for line in home.run("logs", job).stdout.splitlines() if "done: " in line][-1].split("done: ")[1],
                         last_state())
        proof = home.json("checkpoint", "verify", job)
        self.assertEqual(proof["problems"], [])
        self.assertEqual(proof["proof"]["counted_steps"], STEPS)

        status = owner.json("node", "status")
        self.assertEqual((status["open"], status["why"], status["instances"]), (False, "its owner has paused it", []))
        checked = {line["name"]: line for line in home.json("check", "ssh/desk")["checks"]}
        self.assertIn("closed to jobs: its owner has paused it", checked["ssh/desk owner"]["detail"])
        self.assertEqual(home.json("offers", "--provider", "ssh")["offers"], [])
        self.assertTrue(owner.json("node", "resume")["open"])

    def test_joins_and_leaves_over_ssh(self):
        control = ssh_hosts.Host(self, "control", path=rig.BIN + ":/usr/bin:/bin")
        desk = ssh_hosts.Host(self, "desk")
        with tempfile.NamedTemporaryFile("w", prefix="ssh_config", encoding="utf-8") as config:
            config.write(f'Host *\n  IdentityFile "{control.file("user_key")}"\n  UserKnownHostsFile "{control.file("known_hosts")}"\n')
            config.flush()
            owner = Owner(desk, TRADEWIND_SSH=f"ssh -F {config.name}")
            where = f"{getpass.getuser()}@127.0.0.1:{control.port}"
            said = owner.run("node", "join", where, "--name", "desk", "--host", "desk.lab", "--hours", "22:00-07:00", "--hours", "sat-sun")
            self.assertIn("ssh/desk is now in", said)
            hosts = os.path.join(control.own_home(), "config", "ssh.yaml")
            with open(hosts, encoding="utf-8") as file:
                self.assertEqual(file.read(), f'hosts:\n  - name: "desk"\n    host: "desk.lab"\n    user: "{getpass.getuser()}"\n')
            with open(hosts, "a", encoding="utf-8") as file:
                file.write("  # the rack\n  - name: gpu1\n")
            again = Owner(desk, TRADEWIND_SSH=f"ssh -F {config.name}")
            again.run("node", "join", where, "--name", "gpu1", "--host", "desk.lab", code=2)
            rules = os.path.join(desk.own_home(), "config", "node.yaml")
            with open(rules, encoding="utf-8") as file:
                self.assertIn('hours: ["22:00-07:00", "sat-sun"]', file.read())
            owner.run("node", "join", where, "--name", "desk", "--host", "desk.lab")
            owner.json("node", "leave")
            with open(hosts, encoding="utf-8") as file:
                self.assertEqual(file.read(), "hosts:\n  # the rack\n  - name: gpu1\n")
            self.assertFalse(os.path.exists(rules))
            status = owner.json("node", "status")
            self.assertEqual((status["open"], status["why"]), (False, "its owner has taken it out of the pool"))
            owner.run("node", "resume", code=2)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))

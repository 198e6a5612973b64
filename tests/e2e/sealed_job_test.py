#!/usr/bin/env python3
"""Encrypted jobs, on real processes: their stores hold nothing that can be read without the user's key, through a kill, a
move and a restart of the server; and the keys are found nowhere but where they belong."""
import os
import signal
import unittest

import rig

MARK = "the-weights-that-nobody-may-see"
ZONES = """
zones:
  - {name: west, price_per_hour: 0.10}
  - {name: east, price_per_hour: 0.20}
"""
# Random bytes do not pack: a chunk that is not encrypted shows the mark.
RUN = f"""
run: |
  env
  tr '\\0' '\\n' < /proc/$PPID/environ
  cd "$TRADEWIND_CHECKPOINT_DIR"
  i=$(cat i 2>/dev/null || echo 0)
  while [ $i -lt {{steps}} ]; do
    i=$((i + 1))
    (printf {MARK}; head -c 60000 /dev/urandom) > state.new
    mv state.new state
    echo $i > i.new && mv i.new i
    echo "{{{{\\"step\\": $i}}}}" >> "$TRADEWIND_PROGRESS"
    if [ $((i % 10)) -eq 0 ]; then
      echo '{{{{"checkpoint": "saved"}}}}' >> "$TRADEWIND_PROGRESS"
      sleep 0.6  # so that the next step is no part of it
    fi
    echo "{MARK} at step $i"
    sleep 0.1
  done
  cp state "$TRADEWIND_OUTPUT_DIR/result"
"""


def task(steps, encrypt):
    return f"""
name: hush
{RUN.format(steps=steps)}
work: {{unit: step, total: {steps}}}
checkpoint: {{path: checkpoint, interval: 10m, stores: [local/west, local/east], encrypt: {str(encrypt).lower()}}}
"""


def files_below(folder):
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    yield path, file.read().decode("latin-1")


class SealedJobs(rig.TestCase):
    def start(self):
        """A home with a key in its environment, and agents whose data key is written down for the test."""
        home = self.home(ZONES)
        home.run("checkpoint", "new-key", "my.key")
        home.run("checkpoint", "new-key", "other.key")
        with open(home.file("my.key"), encoding="utf-8") as file:
            self.key = file.read().strip()
        self.seen = home.file("key.seen")
        with open(home.file("agent.sh"), "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nprintf %s "$TRADEWIND_JOB_KEY" > "{self.seen}"\nexec "{rig.BIN}/tradewind-agent" "$@"\n')
        os.chmod(home.file("agent.sh"), 0o700)
        self.with_key = {"TRADEWIND_KEY": self.key, "TRADEWIND_AGENT": home.file("agent.sh")}
        home.variables = dict(self.with_key)
        return home

    def data_key(self):
        with open(self.seen, encoding="utf-8") as file:
            key = file.read()
        self.assertRegex(key, "^[0-9a-f]{64}$")
        return key

    def stores(self, home):
        return home.file("data", "stores")

    def check_hidden(self, home):
        seen = 0
        for path, text in files_below(self.stores(home)):
            self.assertNotIn(MARK, text, path)
            if "/jobs/" in path:
                self.assertIn("/sealed/", path)
                seen += 1
        self.assertGreater(seen, 10)

    def check_keys(self, home, said):
        secrets = {"the user's key": self.key.removeprefix("twkey-"), "the data key": self.data_key()}
        kept = (home.file("my.key"), self.seen)
        texts = [(path, text) for path, text in files_below(home.path) if path not in kept]
        server = home.server_pid()
        programs = set()
        for pid, program in home.processes():
            programs.add(os.path.basename(program))
            for name in ("cmdline", "environ"):
                try:
                    with open(f"/proc/{pid}/{name}", "rb") as file:
                        text = file.read().decode("latin-1")
                except OSError:
                    continue
                if pid != server or name != "environ":  # the server was started with the user's key
                    texts.append((f"{name} of {program}", text))
        for where, text in texts + said:
            for what, secret in secrets.items():
                if secret in text:
                    self.fail(f"{what} stands in {where}")
        return programs

    def test_a_plain_job_shows_what_it_saves(self):
        home = self.start()
        home.wait_for_end(home.submit(home.task(task(15, False))))
        self.assertTrue(any(MARK in text for _, text in files_below(self.stores(home))))

    def test_killed_moved_and_read(self):
        home = self.start()
        job = home.submit(home.task(task(150, True)))
        home.wait_for(job, lambda seen: seen["ledger"] and seen["ledger"][-1]["kind"] == "checkpoint", "saves")
        self.assertIn("tradewind-agent", self.check_keys(home, []))
        self.check_hidden(home)
        os.kill(home.agents()[0], signal.SIGKILL)
        home.wait_for(job, lambda seen: seen["epoch"] == 2 and seen["ledger"][-1]["kind"] == "checkpoint", "goes on")
        moved = home.json("move", job, "--to", "local/east", "--wait")
        self.assertEqual(moved["to"], "local/east")
        seen = home.wait_for_end(job)
        self.assertEqual(seen["warnings"], [])
        self.assertEqual([record["kind"] for record in seen["ledger"]].count("claim"), 3)
        log = home.run("logs", job).stdout
        self.assertIn(f"{MARK} at step 150", log)
        self.assertNotRegex(log, "JOB_KEY=[0-9a-f]", "the program found the key")
        self.assertIn("TRADEWIND_JOB_ID=", log)
        proof = home.json("checkpoint", "verify", job)
        self.assertTrue(proof["verified"], proof)
        said = [(" ".join(words), home.run(*words).stdout) for words in (("job", job), ("events",), ("jobs",))]
        self.check_keys(home, said + [("the log", log)])
        self.check_hidden(home)
        self.check_readers(home, job)
        self.check_rekey(home, job)

    def check_readers(self, home, job):
        """With the server or without, from either store: with the key alone."""
        home.run("checkpoint", "restore", job, "--to", "./back")
        with open(home.file("back", "state"), "rb") as file:
            self.assertTrue(file.read().startswith(MARK.encode()))
        for verb in ("list", "show", "diff", "verify"):
            home.run("checkpoint", verb, job)
        store = "file://" + os.path.join(self.stores(home), "west")
        self.assertEqual(home.json("checkpoint", "list", "hush", "--store", store)["checkpoints"][-1]["step"], 150)
        home.run("checkpoint", "prune", job, "--keep", "1", "--store", store)
        home.variables.pop("TRADEWIND_KEY")
        for words in (("--store", store), ()):
            done = home.run("checkpoint", "restore", job, "--to", "./none", *words, code=None)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("--key-file", done.stdout + done.stderr)
            done = home.run("checkpoint", "restore", job, "--to", "./none", *words, "--key-file", "other.key", code=None)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("does not open it", done.stdout + done.stderr)
            self.assertFalse(os.path.exists(home.file("none")))
        home.run("checkpoint", "verify", job, "--store", store, "--key-file", "my.key")
        home.variables = dict(self.with_key)

    def check_rekey(self, home, job):
        done = home.json("checkpoint", "rekey", job, "--key-file", "my.key", "--new-key-file", "other.key")
        self.assertEqual(len(done["stores"]), 2)
        home.variables.pop("TRADEWIND_KEY")
        for url in done["stores"]:
            self.assertNotEqual(home.run("checkpoint", "list", job, "--store", url, "--key-file", "my.key", code=None).returncode, 0)
        home.run("checkpoint", "restore", job, "--to", "./again", "--key-file", "other.key")
        home.run("server", "stop")
        home.variables = dict(self.with_key)
        self.assertIn("TRADEWIND_KEY_FILE", str(home.job(job)["warnings"]))
        home.run("server", "stop")
        home.variables = {"TRADEWIND_KEY_FILE": "other.key"}
        self.assertEqual(home.job(job)["warnings"], [])
        self.assertIn(MARK, home.run("logs", job).stdout)

    def test_a_server_without_the_key(self):
        home = self.start()
        job = home.submit(home.task(task(100, True)))
        home.wait_for(job, lambda seen: seen["ledger"] and seen["ledger"][-1]["kind"] == "checkpoint", "saves")
        home.run("server", "stop")
        home.variables.pop("TRADEWIND_KEY")
        done = home.run("run", home.task(task(5, True)), "--detach", code=None)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("TRADEWIND_KEY_FILE", done.stdout + done.stderr)
        self.assertEqual(len(home.json("jobs", "--all")["jobs"]), 1)
        done = home.run("logs", job, code=None)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("TRADEWIND_KEY_FILE", done.stdout + done.stderr)
        os.kill(home.agents()[0], signal.SIGKILL)  # nothing may take its place in plain text
        home.wait_for(job, lambda seen: seen["leases"][0]["state"] == "ended", "is lost")
        self.check_hidden(home)
        home.run("server", "stop")
        home.variables = dict(self.with_key)
        seen = home.wait_for_end(job)
        self.assertGreaterEqual(len([each for each in seen["ledger"] if each["kind"] == "claim"]), 2)
        self.check_hidden(home)


if __name__ == "__main__":
    unittest.main(verbosity=2)

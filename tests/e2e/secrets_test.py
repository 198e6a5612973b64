#!/usr/bin/env python3
"""Secrets are found nowhere: not in what the programs print, when all goes well and when it does not, not in logs, state, stores
and process lists. Those of stores are the ones that open two real servers; the keys of encrypted stores are made here."""
import os
import sys
import unittest

import rig
from clouds_test import AZBLOB, S3, below

SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN")


class Secrets(rig.TestCase):
    def setUp(self):
        self.said = []
        self.secrets = {name: os.environ[name] for name in SECRETS if os.environ.get(name)}
        self.assertGreaterEqual(len(self.secrets), 2)

    def say(self, home, *words, code=0):
        done = home.run(*words, code=code)
        self.said.append((" ".join(words), done.stdout + done.stderr))
        return done

    def check_text(self, where, text):
        for name, secret in self.secrets.items():
            if secret in text:
                self.fail(f"{name} stands in {where}")

    def check_processes(self, home):
        seen = 0
        for pid, program in home.processes():
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    line = file.read().decode(errors="replace")
            except OSError:
                continue
            seen += 1
            self.check_text(f"the command line of {program}", line)
        return seen

    def check_files(self, folder, keep=()):
        seen = 0
        for place, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(place, name)
                if path in keep or not os.path.isfile(path):
                    continue
                with open(path, "rb") as file:
                    self.check_text(path, file.read().decode("latin-1"))
                seen += 1
        return seen

    def test_of_a_job_between_two_clouds(self):
        home = self.home(f"""
zones:
  - {{name: west, store: '{below(S3, 'hush')}'}}
  - {{name: east, store: '{below(AZBLOB, 'hush')}'}}
""")
        job = home.submit(home.task("""
name: quiet
run: |
  for i in $(seq 1 60); do echo "{\\"step\\": $i}" >> $TRADEWIND_PROGRESS; echo $i > $TRADEWIND_CHECKPOINT_DIR/i; sleep 0.1; done
checkpoint: {path: checkpoint, interval: 1s, stores: [local/west, local/east]}
"""))
        home.wait_for(job, lambda seen: seen["state"] == "running", "runs")
        self.assertGreaterEqual(self.check_processes(home), 3, "the server, a machine and an agent")
        home.wait_for_end(job)
        for words in (("job", job), ("logs", job), ("events",), ("checkpoint", "list", job), ("checkpoint", "verify", job),
                      ("job", job, "--decisions"), ("job", job, "--json"), ("check",)):
            self.say(home, *words, code=None)
        self.check_files(home.path)
        for what, text in self.said:
            self.check_text(f"the output of {what}", text)

    def test_of_stores_that_refuse(self):
        home = self.home()
        os.mkdir(home.file("state dir"))
        with open(home.file("state dir", "w"), "w", encoding="utf-8") as file:
            file.write("weights")
        self.secrets["a wrong key"] = "bm90IHRoZSBrZXkgYnV0IGxvbmcgZW5vdWdoIHRvIGJlIG9uZQ=="
        for name in ("AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_KEY"):
            home.variables = {name: self.secrets["a wrong key"]}
            url = S3 if name.startswith("AWS") else AZBLOB
            done = self.say(home, "checkpoint", "save", "./state dir", below(url, "refused"), code=None)
            self.assertNotEqual(done.returncode, 0)
            self.say(home, "check", below(url, "refused"), code=None)
        # A port that nobody listens on, and a name that nobody has.
        home.variables = {}
        self.say(home, "checkpoint", "ls", "s3://nobody/x?endpoint=http://127.0.0.1:9", code=None)
        for what, text in self.said:
            self.check_text(f"the output of {what}", text)
        self.check_files(home.path)

    def test_of_a_url_with_its_sas(self):
        secret = "c2VjcmV0IG9mIGEgU0FTIHRoYXQgaXMgbG9uZw"
        self.secrets["the SAS"] = secret
        url = f"https://acme.blob.core.windows.net/runs?sv=2021-08-06&sp=rw&sig={secret}"
        home = self.home()
        done = self.say(home, "run", home.task(f"run: 'true'\ncheckpoint: {{path: x, stores: ['{url}']}}\n"), "--detach", code=None)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("AZURE_STORAGE_SAS_TOKEN", done.stdout + done.stderr)
        for what, text in self.said:
            self.check_text(f"the output of {what}", text)
        self.check_files(home.path, keep=(home.file("task.yaml"),))

    def test_of_the_keys_of_encrypted_stores(self):
        home = self.home()
        os.mkdir(home.file("dir"))
        with open(home.file("dir", "w"), "w", encoding="utf-8") as file:
            file.write("the weights that nobody may see" * 100)
        self.say(home, "checkpoint", "new-key", "my.key")
        with open(home.file("my.key"), encoding="utf-8") as file:
            self.secrets["the key"] = file.read().strip()
        self.secrets["its digits"] = self.secrets["the key"].removeprefix("twkey-")
        self.secrets["what is encrypted"] = "the weights that nobody may see"
        self.secrets["a passphrase"] = "tell it to nobody at all"
        with open(home.file("phrase"), "w", encoding="utf-8") as file:
            file.write(self.secrets["a passphrase"] + "\n")
        keys = tuple(home.file(name) for name in ("my.key", "phrase", "dir/w"))
        for store in ("./st", below(S3, "sealed"), below(AZBLOB, "sealed")):
            self.say(home, "checkpoint", "save", "./dir", store, "--encrypt", "--key-file", "my.key")
            self.say(home, "checkpoint", "save", "./dir", store, "--key-file", "phrase", code=None)
            self.say(home, "checkpoint", "ls", store, code=None)
            self.say(home, "checkpoint", "rekey", store, "--key-file", "my.key", "--new-key-file", "phrase")
            home.variables = {"TRADEWIND_KEY": self.secrets["a passphrase"]}
            self.say(home, "checkpoint", "verify", store, "--read-data")
            home.variables = {"TRADEWIND_KEY": self.secrets["the key"][:-1]}
            self.say(home, "checkpoint", "verify", store, "--read-data", code=None)
            home.variables = {}
        for what, text in self.said:
            if not what.startswith("checkpoint new-key"):
                self.check_text(f"the output of {what}", text)
        self.assertGreater(self.check_files(home.path, keep=keys), 3)


if __name__ == "__main__":
    if not S3 or not AZBLOB:
        print("TRADEWIND_TEST_S3 and TRADEWIND_TEST_AZBLOB are not set", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)

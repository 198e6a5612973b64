#!/usr/bin/env python3
"""Data in and out of jobs: what a job brings is brought once, what it writes goes where it was told."""
import json
import os
import signal
import sys
import unittest
import urllib.parse

import rig

S3 = os.environ.get("TRADEWIND_TEST_S3")


def url_of(folder):
    return "file://" + urllib.parse.quote(folder)


def fill(folder, files):
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def text_of(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


class Data(rig.TestCase):
    FILES = {"a.txt": "one\n", "deep/b.txt": "two\n", "big.bin": "x" * (9 << 20)}

    def setUp(self):
        self.place = self.home()
        self.source = self.place.file("the source")
        fill(self.source, self.FILES)

    def run_job(self, text, state="succeeded", **how):
        job = self.place.submit(self.place.task(text))
        return self.place.wait_for_end(job, state, **how)

    def logs(self, seen):
        return self.place.run("logs", seen["id"]).stdout

    def test_a_second_job_on_the_same_data_moves_nothing(self):
        text = f"""
name: reader
file_mounts:
  data: '{url_of(self.source)}'
  one.txt: '{url_of(self.source)}/a.txt'
run: |
  cat data/a.txt data/deep/b.txt one.txt
  stat -c %s data/big.bin
  echo spoilt > data/a.txt
"""
        size = sum(map(len, self.FILES.values()))
        for moved, reused in ((size + 4, 0), (0, size + 4)):
            seen = self.run_job(text)
            self.assertTrue(self.logs(seen).endswith(f"one\ntwo\none\n{9 << 20}\n"), self.logs(seen))
            self.assertEqual((seen["leases"][0]["bytes_moved"], seen["leases"][0]["bytes_reused"]), (moved, reused))
        self.assertIn("file_mounts.data: 3 objects", self.logs(seen))
        self.assertIn("0 B moved, 9.0 MiB reused", self.logs(seen))
        self.assertEqual(text_of(self.source, "a.txt"), "one\n")

    def test_inputs_are_read_only_and_below_their_variable(self):
        seen = self.run_job(f"""
inputs:
  corpus: '{url_of(self.source)}'
run: |
  cat "$TRADEWIND_INPUTS/corpus/a.txt"
  stat -c %a "$TRADEWIND_INPUTS/corpus/a.txt" "$TRADEWIND_INPUTS/corpus/deep"
""")
        self.assertTrue(self.logs(seen).endswith("one\n444\n555\n"), self.logs(seen))

    def test_files_of_this_machine_are_copied_with_their_modes(self):
        fill(self.place.file("conf"), {"tool.sh": "#!/bin/sh\necho ran $1\n"})
        os.chmod(self.place.file("conf", "tool.sh"), 0o755)
        os.symlink("tool.sh", self.place.file("conf", "link"))
        seen = self.run_job("""
file_mounts: {./etc/conf: ./conf, ./tool: ./conf/tool.sh}
run: |
  etc/conf/tool.sh a
  readlink etc/conf/link
  ./tool b
""")
        self.assertTrue(self.logs(seen).endswith("ran a\ntool.sh\nran b\n"), self.logs(seen))

    def test_an_absolute_target_is_a_link_while_the_job_lives(self):
        target = self.place.file("new", "data")
        seen = self.run_job(f"""
file_mounts: {{'{target}': '{url_of(self.source)}'}}
run: cat '{target}/a.txt'
""")
        self.assertTrue(self.logs(seen).endswith("one\n"), self.logs(seen))
        self.assertFalse(os.path.lexists(self.place.file("new")), "what was made for it was taken away")

    def test_what_is_there_is_not_overwritten(self):
        target = self.place.file("mine")
        fill(target, {"precious": "gold"})
        seen = self.run_job(f"file_mounts: {{'{target}': '{url_of(self.source)}'}}\nrun: 'true'\n", "failed")
        self.assertIn("not overwritten", seen["reason"])
        self.assertIn("such as 'mine'", seen["reason"])
        self.assertEqual(text_of(target, "precious"), "gold")

    def test_a_source_that_is_not_there_fails_the_job_with_its_name(self):
        seen = self.run_job(f"file_mounts: {{data: '{url_of(self.source)}/none'}}\nrun: 'true'\n", "failed")
        self.assertIn("file_mounts.data", seen["reason"])
        self.assertIn("/none", seen["reason"])
        self.assertEqual(seen["exit_code"], 2)

    def test_a_url_that_no_store_knows_is_refused_at_submission(self):
        task = self.place.task("inputs: {x: s4://bucket/a}\nrun: 'true'\n")
        refused = self.place.run("run", task, "--detach", code=2)
        self.assertIn("did you mean s3://", refused.stderr)

    def test_a_secret_in_a_url_is_refused_at_submission(self):
        secret = "https://acme.blob.core.windows.net/runs?sv=2022&sig=abcdef"
        refused = self.place.run("run", self.place.task(f"outputs: {{x: '{secret}'}}\nrun: 'true'\n"), "--detach", code=2)
        self.assertIn("SAS", refused.stderr)
        self.assertNotIn("abcdef", refused.stderr)

    def test_a_store_of_checkpoints_gives_its_newest(self):
        fill(self.place.file("state"), {"weights": "w2"})
        self.place.run("checkpoint", "save", self.place.file("state"), url_of(self.place.file("archive")))
        text = f"file_mounts: {{state: '{url_of(self.place.file('archive'))}'}}\nrun: cat state/weights\n"
        self.run_job(text)
        seen = self.run_job(text)
        self.assertTrue(self.logs(seen).endswith("w2"), self.logs(seen))
        self.assertEqual(seen["leases"][0]["bytes_moved"], 0)

    def test_outputs_are_copied_to_their_urls_once_the_program_has_succeeded(self):
        text = f"""
outputs:
  model: '{url_of(self.place.file('results'))}/a b'
  log.txt: '{url_of(self.place.file('results'))}/logs/'
  none.txt:
run: mkdir -p model/deep; echo weights > model/deep/w; echo told > log.txt; exit $CODE
"""
        self.run_job(text.replace("$CODE", "3"), "failed")
        self.assertFalse(os.path.exists(self.place.file("results")))
        seen = self.run_job(text.replace("$CODE", "0"))
        self.assertEqual(text_of(self.place.file("results", "a b", "deep", "w")), "weights\n")
        self.assertEqual(text_of(self.place.file("results", "logs", "log.txt")), "told\n")
        self.assertIn("outputs.model: 1 object to", self.logs(seen))

    def test_outputs_that_cannot_be_copied_lie_in_the_jobs_store(self):
        fill(self.place.path, {"taken": "a file"})
        seen = self.run_job(f"outputs: {{model: '{url_of(self.place.file('taken'))}'}}\nrun: mkdir model; echo w > model/w\n")
        self.assertIn("'model' was not copied", self.logs(seen))
        self.assertIn("lies in the job's own store", self.logs(seen))

    def test_what_a_job_has_kept_is_listed_and_brought(self):
        seen = self.run_job(f"""
outputs: [model]
run: |
  mkdir -p model/deep; echo weights > model/deep/w; chmod 750 model/deep/w
  head -c 20000000 /dev/urandom > model/big; cp model/big '{self.place.file("copy")}'
  echo told > "$TRADEWIND_OUTPUT_DIR/log.txt"
""")
        listed = json.loads(self.place.run("outputs", seen["id"], "--json").stdout)
        self.assertEqual([file["path"] for file in listed["files"]], ["log.txt", "model/big", "model/deep/w"])
        self.assertEqual(listed["bytes"], 20000013)
        self.place.run("outputs", seen["id"], "--to", self.place.file("results"))
        with open(self.place.file("results", "model", "big"), "rb") as brought, open(self.place.file("copy"), "rb") as made:
            self.assertEqual(brought.read(), made.read())
        self.assertEqual(os.stat(self.place.file("results", "model", "deep", "w")).st_mode & 0o777, 0o750)
        self.assertIn("3 files lay there already", self.place.run("outputs", seen["id"], "--to", self.place.file("results")).stdout)
        self.place.run("outputs", seen["id"], "model/deep/", "--to", self.place.file("some"))
        self.assertEqual(os.listdir(self.place.file("some", "model")), ["deep"])
        fill(self.place.file("results"), {"log.txt": "mine"})
        self.assertIn("--overwrite", self.place.run("outputs", seen["id"], "--to", self.place.file("results"), code=1).stderr)
        self.assertEqual(text_of(self.place.file("results", "log.txt")), "mine")
        self.assertIn("'nope'", self.place.run("outputs", seen["id"], "nope", code=3).stderr)
        none = self.run_job("run: 'true'\n")
        self.assertIn("kept no outputs", self.place.run("outputs", none["id"], code=3).stderr)

    def mount_task(self, run):
        return f"file_mounts: {{data: {{source: '{url_of(self.source)}', mode: MOUNT}}}}\nrun: |\n" + "".join(
            f"  {line}\n" for line in run.splitlines())

    def mounts(self):
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            return [line for line in file if " fuse.tradewind " in line and self.place.path.replace(" ", "\\040") in line]

    def test_a_mount_is_read_as_it_is_needed_or_refused_with_the_cure(self):
        task = self.mount_task("cat data/a.txt data/deep/b.txt\nstat -c %s data/big.bin\necho x > data/a.txt || echo read-only")
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            self.assertIn("mode: COPY", self.run_job(task, "failed")["reason"])
            return
        for told in ("8 B moved, 0 B reused", "0 B moved, 8 B reused"):
            seen = self.run_job(task)
            self.assertIn(f"one\ntwo\n{9 << 20}\n", self.logs(seen))
            self.assertIn("read-only\n", self.logs(seen))
            self.assertIn(told, self.logs(seen))
            self.assertEqual(self.mounts(), [])

    def test_a_killed_agent_leaves_no_mount(self):
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            return  # the test above has shown the refusal
        job = self.place.submit(self.place.task(self.mount_task(f"cat data/a.txt; [ -e '{self.place.file('go')}' ] || sleep 600")))
        self.place.wait_for(job, lambda seen: self.mounts() and "one" in self.place.run("logs", job).stdout, "reads its mount")
        fill(self.place.path, {"go": ""})
        os.kill(self.place.agents()[0], signal.SIGKILL)
        seen = self.place.wait_for_end(job)
        self.assertEqual(len(seen["leases"]), 2)
        self.assertEqual(self.mounts(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)

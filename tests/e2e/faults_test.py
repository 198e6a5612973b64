#!/usr/bin/env python3
"""Bad input and faults, through the real programs: each ends in a clear message or simply works; nothing is lost, nothing
is left running. A clock that is set back is left to the unit tests (scheduler, mail worker), which have a clock of their
own: the machine's is not a test's to turn."""
import hashlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import unittest

import rig

HERE = "zones:\n  - {name: here}\n"


def find_files(folder, part):
    return sorted(os.path.join(base, name) for base, _, names in os.walk(folder) for name in names if part in os.path.join(base, name))


class BadInput(rig.TestCase):
    def error_of(self, home, *words, code):
        done = home.run(*words, "--json", code=code)
        error = json.loads(done.stdout)["error"]
        self.assertEqual(set(error), {"code", "message", "hint"})
        plain = home.run(*words, code=code)
        self.assertEqual(plain.stdout, "")
        self.assertNotEqual(plain.stderr, "")
        return error

    def test_command_lines_and_task_files(self):
        home = self.home()
        self.assertIn("offers", self.error_of(home, "ofers", code=2)["hint"])
        self.assertIn("--spot", self.error_of(home, "offers", "--spto", code=2)["hint"])
        self.assertIn("nowhere.yaml", self.error_of(home, "run", "nowhere.yaml", code=3)["message"])
        wrong = home.task("name: x\nresources:\n  acelerators: H100\nnum_nodes: many\nrun: true\n")
        message = self.error_of(home, "run", wrong, code=2)["message"]
        self.assertIn("task.yaml:3:", message)
        self.assertIn("accelerators", message)
        self.assertIn("task.yaml:4:", message)
        self.assertEqual(self.error_of(home, "plan", home.file("config"), code=2)["code"], "invalid_argument")
        with open(home.file("binary.yaml"), "wb") as file:
            file.write(bytes(range(256)))
        self.error_of(home, "run", "binary.yaml", code=2)
        self.assertIn("there is no job yet", self.error_of(home, "job", "-", code=3)["message"])

    @unittest.skipUnless(os.geteuid() == 0, "only root can read what it may not")
    def test_unreadable_task_file(self):
        home = self.home()
        task = home.task("run: 'true'\n")
        os.chmod(task, 0)
        os.chmod(home.path, 0o755)
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", rig.TRADEWIND, "plan", task],
                              env={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("task.yaml", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_unwritable_state_folder(self):
        home = self.home()
        os.chmod(home.path, 0o555)
        environment = home.environment() | {"HOME": "/nonexistent"}
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", rig.TRADEWIND, "run", "--", "true"],
                              env=environment, cwd="/", capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("TRADEWIND_HOME", done.stderr)


class Servers(rig.TestCase):
    def test_port_in_use_and_second_server(self):
        home = self.home(HERE)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            error = home.json("server", "start", "--listen", str(port), code=1)["error"]
            self.assertIn(str(port), error["message"])
        home.run("server", "start")
        self.assertIn("runs already", home.run("server", "start", code=1).stderr)
        self.assertIn(str(home.server_pid()), home.run("server", code=1).stderr)

    def test_tcp_needs_the_token(self):
        home = self.home(HERE)
        listen = home.json("server", "start", "--listen", "0")["listen"]
        away = home.environment() | {"TRADEWIND_SERVER": listen}
        refused = subprocess.run([rig.TRADEWIND, "jobs"], env=away, capture_output=True, text=True, timeout=20)
        self.assertEqual(refused.returncode, 4, refused.stderr)
        with open(home.file("state", "token"), encoding="ascii") as file:
            away["TRADEWIND_TOKEN"] = file.read().strip()
        self.assertEqual(subprocess.run([rig.TRADEWIND, "jobs"], env=away, timeout=20).returncode, 0)

    def test_corrupt_database_is_refused_and_left_alone(self):
        home = self.home(HERE)
        home.run("run", "--", "true")
        home.run("server", "stop")
        database = home.file("state", "state.db")
        with open(database, "r+b") as file:
            file.write(b"this is no database any more" * 4)
        for extra in ("-wal", "-shm"):
            if os.path.exists(database + extra):
                os.unlink(database + extra)
        with open(database, "rb") as file:
            before = hashlib.sha256(file.read()).hexdigest()
        error = home.json("jobs", code=1)["error"]
        self.assertEqual(error["code"], "corrupt")
        self.assertIn("state.db", error["message"])
        with open(database, "rb") as file:
            self.assertEqual(hashlib.sha256(file.read()).hexdigest(), before)

    def test_killed_server_again_and_again(self):
        home = self.home(HERE)
        job = home.submit(home.task("name: long\nrun: for i in $(seq 60); do echo line $i; sleep 0.1; done\n"))
        for _ in range(5):
            time.sleep(0.7)
            home.run("jobs")  # starts the next one
            os.kill(home.server_pid(), signal.SIGKILL)
        seen = home.wait_for_end(job)
        self.assertEqual([lease["end"] for lease in seen["leases"]], ["finished"])
        self.assertEqual(home.run("logs", job).stdout, "".join(f"line {i}\n" for i in range(1, 61)))
        with sqlite3.connect(f"file:{home.file('state', 'state.db')}?mode=ro", uri=True) as database:
            self.assertEqual(database.execute("pragma integrity_check").fetchone(), ("ok",))


class Jobs(rig.TestCase):
    def test_a_hundred_megabytes_of_output(self):
        home = self.home(HERE)
        job = home.submit(home.task("name: loud\nrun: head -c 75000000 /dev/zero | base64 -w 99\n"))
        peak = 0
        while home.job(job)["state"] not in ("succeeded", "failed"):
            for pid, program in home.processes():
                if os.path.basename(program).startswith("tradewind"):
                    try:
                        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                            peak = max(peak, int(file.read().split()[1]) * 4096)
                    except OSError:
                        pass
            time.sleep(0.2)
        home.wait_for_end(job)
        told = home.run("logs", job, text=False).stdout
        expected = subprocess.run("head -c 75000000 /dev/zero | base64 -w 99", shell=True, capture_output=True, timeout=60).stdout
        self.assertEqual(len(told), len(expected))
        self.assertEqual(hashlib.sha256(told).hexdigest(), hashlib.sha256(expected).hexdigest())
        self.assertLess(peak, 300 << 20)

    def test_binary_output(self):
        home = self.home(HERE)
        with open(home.file("bytes"), "wb") as file:
            file.write(bytes(range(256)) * 400)
        home.run("run", "--detach", "--name", "binary", "--", "cat", home.file("bytes"))
        home.wait_for_end("binary")
        self.assertEqual(home.run("logs", "binary", text=False).stdout, bytes(range(256)) * 400)

    def test_ignores_sigterm(self):
        home = self.home(HERE)
        job = home.submit(home.task("name: deaf\nrun: trap '' TERM INT HUP; while :; do sleep 0.2; done\n"))
        home.wait_for(job, lambda seen: seen["phase"] == "running", "running")
        home.run("cancel", job)
        home.wait_for_end(job, "cancelled", patience=60)

    def test_five_hundred_children(self):
        home = self.home(HERE)
        job = home.submit(home.task("name: many\nrun: for i in $(seq 500); do setsid sleep 300 & done; echo all; sleep 300\n"))
        home.wait_for(job, lambda seen: "all" in home.run("logs", job).stdout, "500 children")
        home.run("cancel", job)
        home.wait_for_end(job, "cancelled", patience=60)

    def test_names_of_people(self):
        home = self.home(HERE)
        folder = home.file("일 folder")
        os.mkdir(folder)
        with open(os.path.join(folder, "값 file"), "w", encoding="utf-8") as file:
            file.write("여보세요\n")
        task = home.task(f"name: people\nworkdir: '{folder}'\nrun: cat '값 file'\n", "작업 file.yaml")
        self.assertEqual(home.run("run", task).stdout, "여보세요\n")
        self.assertEqual(home.json("job", "people")["state"], "succeeded")

    def test_exit_codes_and_reasons(self):
        home = self.home(HERE)
        self.assertIn("exit code 7", home.run("run", "--", "sh", "-c", "exit 7", code=1).stderr)
        self.assertIn("setup", home.run("run", home.task("setup: exit 3\nrun: 'true'\n"), code=1).stderr)


class Checkpoints(rig.TestCase):
    TASK = """
name: state
run: |
  n=0; [ -f "$TRADEWIND_CHECKPOINT_DIR/n" ] && n=$(head -n 1 "$TRADEWIND_CHECKPOINT_DIR/n")
  while [ $n -lt 8 ]; do
    n=$((n+1)); { echo $n; head -c 300000 /dev/urandom; } > "$TRADEWIND_CHECKPOINT_DIR/.n"
    mv "$TRADEWIND_CHECKPOINT_DIR/.n" "$TRADEWIND_CHECKPOINT_DIR/n"
    echo "{\\"step\\":$n}" >> "$TRADEWIND_PROGRESS"; echo "{\\"checkpoint\\":\\"saved\\",\\"step\\":$n}" >> "$TRADEWIND_PROGRESS"
    sleep 0.3
  done
checkpoint: {path: state, interval: 1s, keep: 3}
"""

    def finished(self):
        home = self.home(HERE)
        job = home.submit(home.task(self.TASK))
        home.wait_for_end(job)
        self.assertTrue(home.json("checkpoint", "verify", job)["verified"])
        return home, job

    def test_flipped_bit_in_a_chunk(self):
        home, job = self.finished()
        chunks = find_files(home.file("data", "stores", "home"), f"/{job}/chunks/")  # some are left over from pruned checkpoints
        for chunk in chunks:
            os.chmod(chunk, 0o644)
            with open(chunk, "r+b") as file:
                file.seek(os.path.getsize(chunk) // 2)
                byte = file.read(1)
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte[0] ^ 1]))
        report = home.json("checkpoint", "verify", job, code=1)
        self.assertFalse(report["verified"])
        named = [chunk for chunk in chunks if os.path.basename(chunk)[:12] in json.dumps(report["problems"])]
        self.assertEqual(len(named), report["chunks"], report["problems"])
        error = home.json("checkpoint", "restore", job, "--to", home.file("back"), code=1)["error"]
        self.assertEqual(error["code"], "corrupt")
        self.assertFalse(os.path.exists(home.file("back", "n")), "nothing half-done")

    def test_truncated_ledger_record(self):
        home, job = self.finished()
        record = find_files(home.file("data"), f"/{job}/ledger/00000002")[0]
        os.chmod(record, 0o644)
        os.truncate(record, 20)
        error = home.json("checkpoint", "verify", job, code=1)["error"]
        self.assertEqual(error["code"], "corrupt")
        self.assertIn("00000002", error["message"])

    @unittest.skipUnless(os.geteuid() == 0, "only root can make a small disk")
    def test_full_disk(self):
        home = self.home(HERE)
        os.makedirs(home.file("data"))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", home.file("data")], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("this machine lets nobody mount")
        try:
            job = home.submit(home.task(self.TASK))
            time.sleep(4)
            seen = home.job(job)
            self.assertNotIn(seen["state"], ("succeeded",))
            subprocess.run(["mount", "-o", "remount,size=64m", home.file("data")], check=True)
            home.wait_for_end(job)  # with room again it goes on by itself
            self.assertTrue(home.json("checkpoint", "verify", job)["verified"])
            home.run("server", "stop")
        finally:
            subprocess.run(["umount", "-l", home.file("data")], check=False)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))

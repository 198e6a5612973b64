#!/usr/bin/env python3
"""Bad input and faults, through the real programs: each ends in a clear message or simply works; nothing is lost, nothing
is left running."""
import contextlib
import errno
import functools
import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

import rig

HERE = "zones:\n  - {name: here}\n"
# Root may read and write everything: without that right it meets the same refusals as any user.
AS_SOMEBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
# Where only root may mount, a test that needs a disk of its own runs in a namespace where it is root of its own mounts.
OWN_MOUNTS = ["unshare", "--user", "--map-root-user", "--mount"]
IN_OWN_MOUNTS = "FAULTS_TEST_IN_OWN_MOUNTS"


def find_files(folder, part):
    return sorted(os.path.join(base, name) for base, _, names in os.walk(folder) for name in names if part in os.path.join(base, name))


def flip_bit(path):
    os.chmod(path, 0o644)
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


@contextlib.contextmanager
def small_disk(folder, megabytes):
    """A disk of its own at `folder`, to be filled."""
    os.makedirs(folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def may_mount():
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, check=False).returncode == 0
        if mounted:
            subprocess.run(["umount", folder], check=True)
        return mounted


def needs_own_disk(test):
    @functools.wraps(test)
    def run(self):
        if may_mount():
            return test(self)
        if IN_OWN_MOUNTS in os.environ or subprocess.run([*OWN_MOUNTS, "true"], capture_output=True, check=False).returncode != 0:
            raise unittest.SkipTest("this machine lets nobody mount, not even in a namespace of one's own")
        name = self.id().removeprefix("__main__.")
        done = subprocess.run([*OWN_MOUNTS, sys.executable, "-B", os.path.abspath(__file__), name], env=os.environ | {IN_OWN_MOUNTS: "1"},
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("skipped", done.stderr)
        return None
    return run


def fill(path):
    """Takes all space that is left on the disk of `path`."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        for size in (1 << 16, 1 << 12):
            try:
                while True:
                    os.write(file, bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    finally:
        os.close(file)


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

    def refused(self, home, *words, **variables):
        """The error of a program that may not do what it should."""
        environment = home.environment() | {"HOME": "/nonexistent"} | variables
        done = subprocess.run([*AS_SOMEBODY, rig.TRADEWIND, words[0], "--json", *words[1:]], env=environment, cwd="/", capture_output=True,
                              text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
        error = json.loads(done.stdout)["error"]
        self.assertEqual(error["code"], "unauthorized")
        return error

    def test_unreadable_task_file(self):
        home = self.home()
        task = home.task("run: 'true'\n")
        os.chmod(task, 0)
        os.chmod(home.path, 0o755)
        self.assertIn("task.yaml", self.refused(home, "plan", task, TRADEWIND_HOME="/nonexistent")["message"])

    def test_unwritable_state_folder(self):
        home = self.home()
        os.chmod(home.path, 0o555)
        error = self.refused(home, "run", "--", "true")
        os.chmod(home.path, 0o755)
        self.assertIn(home.path, error["message"])
        self.assertIn("TRADEWIND_HOME", error["hint"])
        self.assertEqual(os.listdir(home.path), ["config"])

    def test_a_server_that_is_not_there(self):
        home = self.home()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))  # bound, and not listening
            away = home.environment() | {"TRADEWIND_SERVER": f"http://127.0.0.1:{free.getsockname()[1]}"}
            done = subprocess.run([rig.TRADEWIND, "jobs", "--json"], env=away, capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "unavailable")


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
        seen = subprocess.run([rig.TRADEWIND, "jobs", "--json"], env=away, capture_output=True, text=True, timeout=20, check=True)
        self.assertEqual(json.loads(seen.stdout)["total"], 0)

    def test_corrupt_database_is_refused_and_left_alone(self):
        home = self.home(HERE)
        home.run("run", "--", "true")
        home.run("server", "stop")
        database = home.file("state", "state.db")
        with open(database, "rb") as file:
            good = file.read()
        before = home.json("jobs")
        home.run("server", "stop")
        for what, damaged in (("no database", b"this is no database any more" * 4 + good[112:]), ("empty", b""),
                              ("a page of noise", good[:-4096] + b"\xa5" * 4096), ("half of it", good[:len(good) // 2]),
                              ("cut off", good[:-100])):
            with self.subTest(what):
                with open(database, "wb") as file:
                    file.write(damaged)
                error = home.json("jobs", code=1)["error"]
                self.assertEqual(error["code"], "corrupt")
                self.assertIn("state.db", error["message"])
                self.assertIn("put back a copy", error["hint"])
                with open(database, "rb") as file:
                    self.assertEqual(file.read(), damaged, "left as it was")
        with open(database, "wb") as file:
            file.write(good)
        self.assertEqual(home.json("jobs"), before, "with the copy put back all is there again")

    @needs_own_disk
    def test_state_folder_on_a_full_disk(self):
        home = self.home(HERE)
        with small_disk(home.file("state"), 8):
            job = home.submit(home.task("name: long\nrun: for i in $(seq 60); do echo line $i; sleep 0.1; done\n"))
            home.wait_for(job, lambda seen: seen["state"] == "running", "running")
            fill(home.file("state", "ballast"))
            for words in (("run", "--detach", "--", "true"), ("cancel", job)):
                error = home.json(*words, code=5)["error"]
                self.assertIn("nothing was stored", error["message"])
                self.assertIn("space", error["hint"])
            home.run("server", "stop")
            error = home.json("jobs", code=5)["error"]  # no server can start
            self.assertIn("No space left", error["message"])
            self.assertIn("space", error["hint"])
            os.unlink(home.file("state", "ballast"))
            seen = home.wait_for_end(job)  # it ran on, and what was refused did not happen
            self.assertEqual([each["id"] for each in home.json("jobs", "--all")["jobs"]], [job])
            self.assertEqual([lease["end"] for lease in seen["leases"]], ["finished"])
            self.assertEqual(home.run("logs", job).stdout, "".join(f"line {i}\n" for i in range(1, 61)))
            home.run("server", "stop")

    def test_files_that_may_not_grow(self):
        home = self.home(HERE)
        limited = ["prlimit", "--fsize=60000:unlimited", rig.TRADEWIND]
        first = subprocess.run([*limited, "run", "--detach", "--json", "--", "true"], env=home.environment(), cwd=home.path,
                               capture_output=True, text=True, timeout=20, check=True)
        jobs = [json.loads(first.stdout)["job"]]
        server = home.server_pid()
        for _ in range(20):  # until the state is as large as it may be
            done = home.run("run", "--detach", "--json", "--", "true", code=None)
            if done.returncode != 0:
                break
            jobs.append(json.loads(done.stdout)["job"])
        self.assertEqual(done.returncode, 5, done.stdout)
        self.assertIn("nothing was stored", json.loads(done.stdout)["error"]["message"])
        self.assertEqual(home.server_pid(), server, "the server stands")
        home.run("server", "stop")
        self.assertEqual({each["id"] for each in home.json("jobs", "--all")["jobs"]}, set(jobs), "what was stored is there")
        home.wait_for_end(jobs[0])  # a server without the limit goes on from there
        for job in jobs[1:]:
            home.run("cancel", job, code=None)  # it may have ended
            home.wait_for_end(job, state=None)

    def test_killed_server_again_and_again(self):
        home = self.home(HERE)
        done = home.json("run", "--", "true")["id"]
        job = home.submit(home.task("name: long\nrun: for i in $(seq 60); do echo line $i; sleep 0.1; done\n"))
        home.wait_for(job, lambda seen: seen["state"] == "running", "running")
        servers = set()
        for _ in range(5):
            os.kill(home.server_pid(), signal.SIGKILL)
            time.sleep(0.5)
            told = [(each["id"], each["state"], each["attempts"]) for each in home.json("jobs")["jobs"]]  # starts the next one
            self.assertEqual(told, [(job, "running", 1), (done, "succeeded", 1)])
            servers.add(home.server_pid())
        self.assertEqual(len(servers), 5)
        seen = home.wait_for_end(job)
        self.assertEqual([lease["end"] for lease in seen["leases"]], ["finished"])
        self.assertEqual(home.run("logs", job).stdout, "".join(f"line {i}\n" for i in range(1, 61)))
        with sqlite3.connect(f"file:{home.file('state', 'state.db')}?mode=ro", uri=True) as database:
            self.assertEqual(database.execute("pragma integrity_check").fetchone(), ("ok",))


    def test_events_are_followed_from_server_to_server(self):
        home = self.home(HERE)
        home.run("run", "--name", "one", "--", "true")
        with home.started("events", "-f", "--json") as following:
            lines = iter(following.stdout.readline, "")
            told = [json.loads(next(lines))]
            os.kill(home.server_pid(), signal.SIGKILL)
            self.assertIn("waiting for it", following.stderr.readline())
            second = home.json("run", "--name", "two", "--", "true")["id"]  # starts the next server
            while (told[-1]["kind"], told[-1]["subject"]) != ("job.finished_ok", second):
                told.append(json.loads(next(lines)))
        sequences = [event["sequence"] for event in told]
        self.assertEqual(sequences, list(range(sequences[0], sequences[0] + len(told))), "each event once, in order")

    def test_clock_set_back(self):
        home = self.home(HERE)
        shim = home.file("clock_shim.so").replace(" ", "_").replace("집", "home")  # LD_PRELOAD knows no blanks
        os.makedirs(os.path.dirname(shim), exist_ok=True)
        self.addCleanup(shutil.rmtree, os.path.dirname(shim))
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", shim, os.path.join(rig.ROOT, "tests", "e2e", "clock_shim.c")], check=True)
        home.variables = {"LD_PRELOAD": shim, "CLOCK_SHIM_FILE": home.file("clock")}
        home.task("0", "clock")

        def hour_of_events():
            return home.json("events")["events"][-1]["at"][:13]

        first = home.submit(home.task("name: first\nrun: for i in $(seq 60); do echo line $i; sleep 0.1; done\n"))
        home.wait_for(first, lambda seen: seen["state"] == "running", "running")
        before = hour_of_events()
        home.task("-7200", "clock")  # two hours back: of the server and of the machines, not of the agent
        second = home.json("run", "--detach", "--name", "second", "--", "true")["job"]
        home.wait_for_end(second, patience=30)
        seen = home.wait_for_end(first, patience=30)
        self.assertEqual([lease["end"] for lease in seen["leases"]], ["finished"])
        self.assertEqual(home.run("logs", first).stdout, "".join(f"line {i}\n" for i in range(1, 61)))
        self.assertGreaterEqual(hour_of_events(), before, "what came later is stamped later")
        self.assertRegex(home.server_log(), "clock was set back by (1h 59m|2h)")
        # A server that begins with the clock behind its own records goes on all the same.
        third = home.submit(home.task("name: third\nrun: for i in $(seq 30); do echo line $i; sleep 0.1; done\n"))
        home.wait_for(third, lambda seen: seen["state"] == "running", "running")
        os.kill(home.server_pid(), signal.SIGKILL)
        seen = home.wait_for_end(third, patience=30)
        self.assertEqual([lease["end"] for lease in seen["leases"]], ["finished"])
        self.assertEqual({each["id"] for each in home.json("jobs", "--all")["jobs"]}, {first, second, third})


def peak_of(pid):
    """The most memory that a process ever had, in bytes; 0 when it has gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


class Jobs(rig.TestCase):
    def test_a_hundred_megabytes_of_output(self):
        home = self.home(HERE)
        count = 12_500_000  # 101 MB, no two lines alike; the pause after them is for looking at the agent
        job = home.submit(home.task(f"name: loud\nrun: seq {count}; sleep 2\n"))
        peak = {}
        while home.job(job)["state"] not in ("succeeded", "failed"):
            for pid, program in home.processes():
                name = os.path.basename(program)
                if name.startswith("tradewind"):
                    peak[name] = max(peak.get(name, 0), peak_of(pid))
            time.sleep(0.2)
        home.wait_for_end(job)
        told = home.run("logs", job, text=False).stdout
        peak["tradewind"] = max(peak["tradewind"], peak_of(home.server_pid()))
        expected = subprocess.run(["seq", str(count)], capture_output=True, timeout=60, check=True).stdout
        self.assertGreater(len(expected), 100_000_000)
        self.assertEqual(len(told), len(expected))
        self.assertEqual(hashlib.sha256(told).hexdigest(), hashlib.sha256(expected).hexdigest())
        self.assertEqual(set(peak), {"tradewind", "tradewind-agent"})
        self.assertLess(max(peak.values()), 300 << 20, peak)

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
        self.assertEqual(home.wait_for_quiet(), [])

    def test_five_hundred_children(self):
        home = self.home(HERE)
        job = home.submit(home.task("name: many\nrun: for i in $(seq 500); do setsid sleep 300 & done; echo all; sleep 300\n"))
        home.wait_for(job, lambda seen: "all" in home.run("logs", job).stdout, "500 children")
        self.assertGreaterEqual(sum(os.path.basename(program) == "sleep" for _, program in home.processes()), 500)
        home.run("cancel", job)
        home.wait_for_end(job, "cancelled", patience=60)
        self.assertEqual(home.wait_for_quiet(), [])

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
            flip_bit(chunk)
        report = home.json("checkpoint", "verify", job, code=1)
        self.assertFalse(report["verified"])
        named = [chunk for chunk in chunks if os.path.basename(chunk)[:12] in json.dumps(report["problems"])]
        self.assertEqual(len(named), report["chunks"], report["problems"])
        error = home.json("checkpoint", "restore", job, "--to", home.file("back"), code=1)["error"]
        self.assertEqual(error["code"], "corrupt")
        self.assertFalse(os.path.exists(home.file("back", "n")), "nothing half-done")

    def paused(self):
        """A job that waits after its fifth step, saved, until its place is lost; the next one goes on to the end."""
        home = self.home(HERE)
        mark = home.file("paused")
        pause = f"sleep 0.2; if [ $n = 5 ] && [ ! -e '{mark}' ]; then touch '{mark}'; sleep 300; fi"
        job = home.submit(home.task(self.TASK.replace("sleep 0.3", pause)))
        home.wait_for(job, lambda seen: seen["saved_step"] == 5, "the fifth step saved")
        return home, job

    def test_newest_checkpoint_damaged_in_every_store(self):
        home, job = self.paused()
        newest = max(find_files(home.file("data", "stores", "home"), f"/{job}/chunks/"), key=os.path.getmtime)
        for copy in find_files(home.file("data"), os.path.basename(newest)):
            flip_bit(copy)
        report = home.json("checkpoint", "verify", job, code=1)
        self.assertIn(os.path.basename(newest), json.dumps(report["problems"]))
        os.kill(home.agents()[0], signal.SIGKILL)
        seen = home.wait_for_end(job)
        self.assertEqual([lease["first_step"] for lease in seen["leases"]], [0, 4], "from the one before it")
        self.assertFalse(home.json("checkpoint", "verify", job, code=1)["proof"]["proven"], "what was lost is not hidden")

    def test_newest_checkpoint_damaged_in_one_store(self):
        home, job = self.paused()
        newest = max(find_files(home.file("data", "stores", "here"), f"/{job}/chunks/"), key=os.path.getmtime)
        flip_bit(newest)
        os.kill(home.agents()[0], signal.SIGKILL)
        seen = home.wait_for_end(job)
        self.assertEqual([lease["first_step"] for lease in seen["leases"]], [0, 5], "from the copy")
        self.assertTrue(home.json("checkpoint", "verify", job)["proof"]["proven"])

    def test_truncated_ledger_record(self):
        home, job = self.paused()
        record = find_files(home.file("data", "stores", "home"), f"/{job}/ledger/00000002")[0]
        os.chmod(record, 0o644)
        os.truncate(record, 20)
        self.assertIn("00000002", home.job(job)["warnings"][0])
        error = home.json("checkpoint", "verify", job, code=1)["error"]
        self.assertEqual(error["code"], "corrupt")
        self.assertIn("00000002", error["message"])
        os.kill(home.agents()[0], signal.SIGKILL)
        self.assertIn("00000002", home.wait_for_end(job, "failed")["reason"])  # no step is done on a guess

    @needs_own_disk
    def test_store_on_a_full_disk(self):
        home = self.home(HERE)
        with small_disk(home.file("data"), 64):
            ballast = home.file("data", "ballast")
            fill(ballast)
            os.truncate(ballast, os.path.getsize(ballast) - (1 << 20))
            job = home.submit(home.task(self.TASK))
            seen = home.wait_for(job, lambda seen: "No space left" in (seen["leases"][0]["reason"] or ""), "says that the disk is full")
            self.assertIn("No space left", home.run("job", job).stdout)
            self.assertEqual(seen["state"], "running")
            os.unlink(ballast)
            home.wait_for_end(job)  # with room again it goes on by itself
            self.assertTrue(home.json("checkpoint", "verify", job)["verified"])
            home.run("server", "stop")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))

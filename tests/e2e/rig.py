"""What end-to-end tests share: the real programs in a home of their own, on zones of this machine."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("TRADEWIND_BIN", os.path.join(ROOT, "build", "bin"))
TRADEWIND = os.path.join(BIN, "tradewind")


class Home:
    """A TRADEWIND_HOME whose path has a blank and Hangul in it, with the zones given as YAML."""

    def __init__(self, zones=None):
        self.path = tempfile.mkdtemp(prefix="tradewind 집 ")
        self.variables = {}  # more of them for all programs of this home
        os.mkdir(os.path.join(self.path, "config"))
        if zones:
            with open(os.path.join(self.path, "config", "zones.yaml"), "w", encoding="utf-8") as file:
                file.write(zones)

    def file(self, *parts):
        return os.path.join(self.path, *parts)

    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIND_")}
        kept["TRADEWIND_HOME"] = self.path
        kept["NO_COLOR"] = "1"
        return kept | self.variables

    def run(self, *words, code=0, timeout=120, text=True, stdin=None):
        """Runs tradewind to its end; the outcome, whose exit code must be `code` (None: any)."""
        done = subprocess.run([TRADEWIND, *words], env=self.environment(), cwd=self.path, timeout=timeout, input=stdin,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=text, check=False)
        if code is not None and done.returncode != code:
            raise AssertionError(f"tradewind {' '.join(words)}: exit code {done.returncode}, not {code}\n"
                                 f"{done.stdout}\n{done.stderr}\n{self.server_log()}")
        return done

    @contextlib.contextmanager
    def started(self, *words):
        """tradewind, running; it does not outlive the `with`."""
        with subprocess.Popen([TRADEWIND, *words], env=self.environment(), cwd=self.path, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def json(self, *words, code=0, timeout=120):
        flags = words.index("--") if "--" in words else len(words)  # what follows is a command's own
        return json.loads(self.run(*words[:flags], "--json", *words[flags:], code=code, timeout=timeout).stdout)

    def task(self, text, name="task.yaml"):
        with open(self.file(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.file(name)

    def submit(self, task, *words):
        return self.json("run", task, "--detach", *words)["job"]

    def job(self, job):
        return self.json("job", job)

    def wait_for(self, job, condition, what, patience=90):
        """The job's document once condition(document) holds."""
        until = time.monotonic() + patience
        while True:
            seen = self.job(job)
            if condition(seen):
                return seen
            if time.monotonic() > until or seen["state"] in ("succeeded", "failed", "cancelled"):
                raise AssertionError(f"never: {what}\n{json.dumps(seen, indent=1)[:3000]}\n{self.story()}")
            time.sleep(0.1)

    def wait_for_end(self, job, state="succeeded", patience=120):
        """The job's document once it is over, in `state` (None: any), and all its places are given back."""
        until = time.monotonic() + patience
        while True:
            seen = self.job(job)
            over = seen["state"] in ("succeeded", "failed", "cancelled")
            if over and all(lease["state"] == "ended" for lease in seen["leases"]):
                break
            if time.monotonic() > until:
                raise AssertionError(f"the job did not end\n{json.dumps(seen, indent=1)[:3000]}\n{self.story()}")
            time.sleep(0.1)
        if state and seen["state"] != state:
            raise AssertionError(f"the job {seen['state']}, not {state}: {seen['reason']}\n{self.story()}")
        return seen

    def story(self):
        return self.run("events", code=None).stdout[-6000:] + self.server_log()

    def server_log(self):
        try:
            with open(self.file("state", "server.log"), encoding="utf-8", errors="replace") as file:
                return "server.log: " + file.read()[-2000:]
        except OSError:
            return ""

    def server_pid(self):
        return int(self.json("server", "status")["pid"])

    def marks(self):
        """What a process of this home has in its environment or its command line: a path, or the mark of a place."""
        places = []
        for folder in ("instances", "ended"):
            if os.path.isdir(self.file("state", "local", folder)):
                places += os.listdir(self.file("state", "local", folder))
        return [self.path.encode()] + [b"TRADEWIND_INSTANCE=" + place.encode() for place in places]

    def processes(self):
        """(pid, program) of all that lives and belongs to this home: by its environment, command line or folder."""
        found = []
        marks = self.marks()
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                with open(f"/proc/{entry}/environ", "rb") as file:
                    environ = file.read()
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    cmdline = file.read()
                folder = os.readlink(f"/proc/{entry}/cwd").encode()
                with open(f"/proc/{entry}/stat", "rb") as file:
                    state = file.read().rsplit(b")", 1)[1].split()[0]
            except OSError:
                continue
            told = b"\n".join((environ, cmdline, folder))
            if state != b"Z" and any(mark in told for mark in marks):
                found.append((int(entry), cmdline.split(b"\0")[0].decode(errors="replace")))
        return found

    def wait_for_quiet(self, patience=15):
        """What still lives besides the server, once that is nothing or patience is over."""
        until = time.monotonic() + patience
        while True:
            server = self.server_pid()
            left = [each for each in self.processes() if each[0] != server]
            if not left or time.monotonic() > until:
                return left
            time.sleep(0.1)

    def agents(self):
        return [pid for pid, program in self.processes() if os.path.basename(program) == "tradewind-agent"]

    def close(self, test):
        """Stops the server; nothing may be left running, and then the folder goes."""
        self.run("server", "stop", code=None)
        until = time.monotonic() + 15
        while self.processes() and time.monotonic() < until:
            time.sleep(0.1)
        left = self.processes()
        for pid, _ in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.path, ignore_errors=True)
        test.assertEqual(left, [], "left running")


class TestCase(unittest.TestCase):
    def home(self, zones=None):
        home = Home(zones)
        self.addCleanup(home.close, self)
        return home

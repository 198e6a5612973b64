#!/usr/bin/env python3
"""How long whole commands take, each beside what a user would otherwise type: runs of both take turns, so that what else
the machine does befalls both alike.   bench/startup.py BUILD_DIR [RUNS]"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(sys.argv[1])
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 40
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TRADEWIND = os.path.join(BUILD, "bin", "tradewind")


def once(command, environment, cwd):
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    taken = (time.perf_counter() - began) * 1000
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)} failed: {done.stderr.decode(errors='replace')}")
    return taken


def compare(title, command, peer, environment, cwd, budget):
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(once(command, environment, cwd))
        theirs.append(once(peer, environment, cwd))
    own, other = statistics.median(ours), statistics.median(theirs)
    print(f"{title:<34} {min(ours):6.1f} {own:7.1f} ms   {' '.join(peer)[:30]:<30} {other:7.1f} ms   "
          f"{own / other:5.2f}x   budget {budget} ms", flush=True)


def repository(folder):
    """A small repository, as a user's project is: what `git status` has to look at."""
    quiet = {"stdout": subprocess.DEVNULL, "check": True, "cwd": folder}
    subprocess.run(["git", "init", "-q"], **quiet)
    for i in range(100):
        with open(os.path.join(folder, f"file{i}"), "w", encoding="ascii") as file:
            file.write("line\n" * i)
    subprocess.run(["git", "add", "."], **quiet)
    subprocess.run(["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "commit", "-qm", "files"], **quiet)


def main():
    if not shutil.which("git"):
        sys.exit("bench: git is needed for comparison")
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "TRADEWIND_HOME": os.path.join(folder, "home")}
        project = os.path.join(folder, "project")
        os.mkdir(project)
        repository(project)
        task = os.path.join(ROOT, "recipes", "train", "task.yaml")
        print(f"{'command':<34} {'min':>6} {'median':>7}      {'beside':<30} {'median':>7}      ratio")
        compare("tradewind version", [TRADEWIND, "version"], ["git", "status"], environment, project, 10)
        compare("tradewind offers H100", [TRADEWIND, "offers", "H100"], ["git", "status"], environment, project, 10)
        compare("tradewind plan task.yaml", [TRADEWIND, "plan", task], ["python3", "-c", "pass"], environment, project, 10)
        # With a server up and a hundred jobs in its state.
        for i in range(100):
            subprocess.run([TRADEWIND, "run", "--detach", "--name", f"job{i}", "--", "sleep", "600"], env=environment,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        compare("tradewind jobs, 100 jobs", [TRADEWIND, "jobs", "--all"], ["git", "log", "-n", "100"], environment, project, 30)
        compare("tradewind jobs --json, 100 jobs", [TRADEWIND, "jobs", "--json"], ["python3", "-c", "import json"], environment,
                project, 30)
        names = [f"job{i}" for i in range(100)]
        subprocess.run([TRADEWIND, "cancel", *names], env=environment, stderr=subprocess.DEVNULL, check=False)
        until = time.monotonic() + 30
        while "running" in subprocess.run([TRADEWIND, "jobs", "--all"], env=environment, capture_output=True, text=True,
                                          check=False).stdout and time.monotonic() < until:
            time.sleep(0.2)
        subprocess.run([TRADEWIND, "server", "stop"], env=environment, stderr=subprocess.DEVNULL, check=False)


main()

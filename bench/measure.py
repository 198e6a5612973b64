#!/usr/bin/env python3
"""Measures what has a budget, each beside what a user would otherwise use. What is compared takes turns on the same machine, so
that what else the machine does befalls both alike; ratios are of medians. Nothing is asserted about the figures.
    bench/measure.py BUILD_DIR [--runs N] [--jobs N]
BUILD_DIR: a release build with TRADEWIND_BENCH=ON. --runs: of each command (40). --jobs: of the simulated fleet (10000).
Exit code 1: something could not be measured; the table shows what could."""
import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
JOBS_LISTED = 100
WARM_UPS = 3


class Failed(Exception):
    pass


def tool(name):
    """The distribution's own program: one of another installation may be a script that starts it slowly."""
    return next((path for path in (f"/usr/bin/{name}", f"/bin/{name}") if os.access(path, os.X_OK)), shutil.which(name))


def run(command, environment=None, cwd=None, patience=120):
    try:
        done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=patience, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(str(error)) from error
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)[:80]}: exit code {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


def wall_ms(command, environment, cwd):
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    taken = (time.perf_counter() - began) * 1000
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)[:80]}: exit code {done.returncode}: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return taken


class Table:
    HEAD = ("WHAT", "MEDIAN", "MIN", "BUDGET", "BESIDE", "MEDIAN", "MIN", "RATIO")

    def __init__(self):
        self.rows = []

    def add(self, what, own, budget, beside="", other=None):
        """own, other: figures in ms."""
        row = [what, f"{statistics.median(own):.1f} ms", f"{min(own):.1f}", budget, beside, "", "", ""]
        if other:
            row[5:] = [f"{statistics.median(other):.1f} ms", f"{min(other):.1f}",
                       f"{statistics.median(own) / statistics.median(other):.2f}"]
        self.rows.append(row)

    def text(self):
        lines = [list(self.HEAD)] + self.rows
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.HEAD))]
        left = (0, 4)
        return "\n".join("  ".join(cell.ljust(width) if i in left else cell.rjust(width)
                                   for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def compare(table, own, peers, runs, environment, cwd):
    """own: (title, command, budget); peers: {title: command}. The commands take turns."""
    commands = {title: command for title, command, _ in own} | peers
    taken = {title: [] for title in commands}
    for i in range(WARM_UPS + runs):
        for title, command in commands.items():
            ms = wall_ms(command, environment, cwd)
            if i >= WARM_UPS:
                taken[title].append(ms)
    for title, _, budget in own:
        for peer in peers:
            table.add(title, taken[title], budget, peer, taken[peer])


def small_repository(folder):
    """100 files, 100 commits."""
    os.mkdir(folder)
    git = [tool("git"), "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0"]
    run(git + ["init", "-q"], cwd=folder)
    for i in range(100):
        with open(os.path.join(folder, f"file{i}"), "w", encoding="ascii") as file:
            file.write("line\n" * i)
    run(git + ["add", "."], cwd=folder)
    run(git + ["commit", "-qm", "files"], cwd=folder)
    for i in range(99):
        run(git + ["commit", "-qm", f"commit {i}", "--allow-empty"], cwd=folder)


def offline_commands(table, tradewind, runs, environment, project):
    task = os.path.join(ROOT, "recipes", "train", "task.yaml")
    peers = {"git status, 100 files": [tool("git"), "status"], "python3 -c pass": [tool("python3"), "-c", "pass"]}
    version = ("tradewind version", [tradewind, "version"], "10 ms")
    compare(table, [version, ("tradewind offers H100", [tradewind, "offers", "H100"], "10 ms"),
                    ("tradewind plan task.yaml", [tradewind, "plan", task], "10 ms")], peers, runs, environment, project)
    # By itself: it is so large that whatever runs after it finds the processor's caches empty.
    if tool("kubectl"):
        kubectl = {"kubectl version --client": [tool("kubectl"), "version", "--client"]}
        compare(table, [version], kubectl, runs, environment, project)


def jobs_database(path):
    """The same number of rows, as a table that a script would keep."""
    run([tool("sqlite3"), path, "create table jobs (id text, name text, state text, step real, place text, cost text);"
         f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {JOBS_LISTED}) insert into jobs select "
         "'j-' || i, 'job' || i, 'running', i * 10.0, 'local/zone', '0.01' from n;"])


@contextlib.contextmanager
def server_with_jobs(tradewind, environment, cwd):
    names = [f"job{i}" for i in range(JOBS_LISTED)]
    try:
        for name in names:
            run([tradewind, "run", "--detach", "--name", name, "--", "sleep", "600"], environment, cwd)
        time.sleep(3)  # the machines that start are started by then
        yield
    finally:
        with contextlib.suppress(Failed):
            run([tradewind, "cancel", *names], environment, cwd)
        until = time.monotonic() + 60
        with contextlib.suppress(Failed):
            while json.loads(run([tradewind, "jobs", "--json", "--state", "live"], environment, cwd))["total"] > 0:
                if time.monotonic() > until:
                    break
                time.sleep(0.3)
        with contextlib.suppress(Failed):
            run([tradewind, "server", "stop"], environment, cwd)


def commands_with_server(table, tradewind, runs, environment, folder, project):
    database = os.path.join(folder, "jobs.db")
    jobs_database(database)
    peers = {}
    if tool("squeue"):
        peers["squeue"] = [tool("squeue")]
    peers["sqlite3, 100 rows"] = [tool("sqlite3"), "-box", database, "select * from jobs"]
    peers["git log -n 100"] = [tool("git"), "log", "-n", "100"]
    with server_with_jobs(tradewind, environment, project):
        listed = json.loads(run([tradewind, "jobs", "--json"], environment, project))["total"]
        if listed != JOBS_LISTED:
            raise Failed(f"the server lists {listed} jobs, not {JOBS_LISTED}")
        compare(table, [("tradewind jobs --all, 100 jobs", [tradewind, "jobs", "--all"], "30 ms")], peers, runs, environment, project)


def planning(table, build):
    arguments = ["--benchmark_format=json", "--benchmark_min_time=0.1", "--benchmark_repetitions=9",
                 "--benchmark_enable_random_interleaving=true", "--benchmark_filter=eight_h100|anything"]
    taken = {}
    for each in json.loads(run([os.path.join(build, "bin", "planner_bench"), *arguments], patience=300))["benchmarks"]:
        if each["run_type"] == "iteration":
            taken.setdefault(each["run_name"], []).append(each["real_time"])
    for title, own, peer in (("plan 8 H100 over 100,000 offers", "plan_eight_h100", "sort_eight_h100"),
                             ("plan anything over 100,000 offers", "plan_anything", "sort_anything"),
                             ("the same, each with its own hazard", "plan_anything_with_own_hazards", "sort_anything")):
        table.add(title, taken[own], "20 ms", "scan, std::sort by price", taken[peer])


def fleet(table, build, jobs):
    found = json.loads(run([os.path.join(build, "bin", "fleet_bench"), "--json", str(jobs)], patience=900))
    table.add(f"deciding for {found['live_jobs']:,} live jobs", [found["decide_s"] * 1000], "",
              f"SQLite, {found['events']:,} rows", [found["sqlite_s"] * 1000])
    mib = 1 << 20
    return [f"Fleet: {found['jobs']:,} jobs, {found['live_jobs']:,} of them live at once; {found['launches']:,} launches, "
            f"{found['events']:,} events stored.",
            f"       {found['decisions_per_s']:,.0f} decisions/s while deciding (budget 10,000); {found['wall_s']:.0f} s in all, with "
            f"modelled suppliers and agents and with every promise checked, for {found['virtual_s']:.0f} s of virtual time.",
            f"       The control plane holds {found['state_bytes'] / found['jobs']:,.0f} bytes a job (budget "
            f"{2 * 1024 * mib / 100_000:,.0f}); peak RSS {found['peak_rss_bytes'] / mib:.0f} MiB, models and history included: "
            f"{found['peak_rss_bytes'] / found['jobs']:,.0f} bytes a job."]


PLAYED = {"on_demand": "on_demand", "greedy": "greedy", "failover": "greedy_multi", "uniform_progress": "uniform", "uniform_multi": "uniform_multi"}


def policies(table, build, tradewind, environment):
    found = json.loads(run([os.path.join(build, "bin", "policy_bench"), "--json"], patience=900))
    per_10_000 = found["optima_s"] * 10_000 / found["scenarios"]
    lines = [f"Policies: a decision with {found['zones']} zones, 99th percentile (budget 100 us): "
             + ", ".join(f"{each['policy']} {each['p99_us']:.1f} us" for each in found["decisions"]) + ";",
             "       with the protocol's line read and answered: "
             + ", ".join(f"{each['policy']} {each['with_protocol_p99_us']:.0f} us" for each in found["decisions"]) + ".",
             f"       10,000 scenarios with their optimum in {per_10_000:.0f} s on {found['threads']} threads (budget 60 s).",
             "       Growth with ticks (ms of all policies; ms of the optimum): "
             + ", ".join(f"{each['ticks']}: {each['play_ms']:.1f}; {each['optimum_ms']:.1f}" for each in found["growth"]) + "."]
    # An outsider's judge in Python, where it lies beside the project: the same policies over the same scenarios.
    spot = os.path.join(os.path.dirname(ROOT), "shared", "spot")
    spot = os.environ.get("TRADEWIND_SPOT", spot)
    judge = os.path.join(spot, "judge", "judge.py")
    if not os.path.exists(judge):
        return lines
    scenarios = os.path.join(spot, "scenarios")
    files = sorted(os.path.join(scenarios, name) for name in os.listdir(scenarios))
    ours = [tradewind, "simulate", *files, "--no-optimum", "--json", "--policy", ",".join(PLAYED)]
    theirs = ["/usr/bin/python3", "-B", judge, "baseline", "--json", "--policies", ",".join(PLAYED.values())]
    own, other, played = [], [], []
    for _ in range(3):
        other.append(wall_ms(theirs, environment, ROOT))
        own.append(wall_ms(ours, environment, ROOT))
        played.append(json.loads(run(ours + ["--jobs", "1"], environment))["play_s"] * 1000)
    every = [tradewind, "simulate", *files, "--no-optimum", "--json"]
    table.add(f"all policies of each over {len(files)} scenarios", [wall_ms(every, environment, ROOT) for _ in range(3)], "1/100",
              "the judge in Python", [wall_ms(theirs[:5], environment, ROOT)])
    table.add(f"{len(PLAYED)} policies over {len(files)} scenarios, whole process", own, "1/100", "the judge in Python", other)
    table.add("the same, playing alone", played, "1/100", "the judge in Python", other)
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=10_000)
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    tradewind = os.path.join(build, "bin", "tradewind")
    table, notes, failures = Table(), [], []

    def attempt(what, measure):
        print(f"bench: {what}", file=sys.stderr, flush=True)
        try:
            notes.extend(measure() or [])
        except (Failed, OSError, KeyError, ValueError) as error:
            failures.append(f"{what}: {error}")

    with tempfile.TemporaryDirectory(prefix="tradewind-bench-") as folder:
        project = os.path.join(folder, "project")
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8", "GIT_PAGER": "cat",
                       "TRADEWIND_HOME": os.path.join(folder, "home")}
        attempt("a repository to compare with", lambda: small_repository(project))
        attempt("commands without a server", lambda: offline_commands(table, tradewind, options.runs, environment, project))
        attempt("commands with a server", lambda: commands_with_server(table, tradewind, options.runs, environment, folder, project))
        attempt("planning", lambda: planning(table, build))
        attempt("spot policies", lambda: policies(table, build, tradewind, environment))
        attempt(f"a fleet of {options.jobs:,} jobs", lambda: fleet(table, build, options.jobs))

    print(f"\nOn {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}; commands ran {options.runs} times each, in turns.\n")
    print(table.text())
    print("\n" + "\n".join(notes))
    for failure in failures:
        print(f"bench: could not be measured: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Saves, restores and copies model state beside rclone, s5cmd and restic: the same data, server and machine, one after the other,
each in turn. Nothing is asserted about the figures.
    bench/transfer.py BUILD_DIR [--gib N] [--files N] [--rounds N] [--only WHAT,…] [--json]
BUILD_DIR: a release build. --gib: of state (1). --files: of the test of many small files (20000). --rounds: how often each tool
has its turn with the state (1); the first changes from round to round, and the figures are medians. WHAT: save, again, restore, copy,
files, coding. The servers are two Ceph gateways on loopback (tests/doubles/ceph_rgw.sh), whose disks are memory, so that the
tools' own work shows; they take processors from the tools, and from each alike. bench/transfer.sh installs what this needs
and starts them. Of each command: seconds, processor seconds, the peak of its memory, and how much more the bucket holds after it.
Exit code 1: something could not be measured; the table shows what could."""
import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

MIB = 1 << 20
LAYER = 8 * MIB  # of numbers' bytes: a tensor


class Failed(Exception):
    pass


# ---- commands

class Taken:
    def __init__(self, seconds, cpu_seconds, peak_bytes):
        self.seconds, self.cpu_seconds, self.peak_bytes = seconds, cpu_seconds, peak_bytes
        self.stored = None


def run(command, environment, patience=900):
    """Runs it to its end; its memory and processor time are those of its own process and what it waited for."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        deadline = began + patience
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.perf_counter() > deadline:
                child.kill()
                os.wait4(child.pid, 0)
                raise Failed(f"{' '.join(command)[:100]}: took longer than {patience} s")
            time.sleep(0.002)
        taken = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            said.seek(0)
            tail = said.read()[-600:].decode(errors="replace").strip()
            raise Failed(f"{' '.join(command)[:100]}: exit code {child.returncode}: {tail}")
        return Taken(taken, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


class Server:
    """One gateway, as each tool is told of it."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.bucket = parts.netloc
        self.query = parts.query
        self.endpoint = urllib.parse.parse_qs(parts.query)["endpoint"][0]


class Tool:
    name = ""

    def __init__(self, bench):
        self.bench = bench

    def prepare(self, server, prefix):
        pass


class Tradewind(Tool):
    name = "tradewind"

    def program(self):
        return [os.path.join(self.bench.build, "bin", "tradewind"), "checkpoint"]

    def url(self, server, prefix):
        return f"s3://{server.bucket}/{prefix}?{server.query}"

    def save(self, folder, server, prefix):
        return [*self.program(), "save", folder, self.url(server, prefix)]

    again = save

    def restore(self, server, prefix, folder):
        return [*self.program(), "restore", self.url(server, prefix), folder]

    def copy(self, source, target, prefix):
        return [*self.program(), "copy", self.url(source, prefix), self.url(target, prefix)]


class Rclone(Tool):
    name = "rclone"

    def program(self):
        return ["rclone", "--config", os.devnull, "--s3-no-check-bucket", "--transfers", "8"]

    def remote(self, server, prefix):
        return f":s3,provider=Ceph,env_auth=true,endpoint='{server.endpoint}':{server.bucket}/{prefix}"

    def save(self, folder, server, prefix):
        return [*self.program(), "copy", folder, self.remote(server, prefix)]

    again = save

    def restore(self, server, prefix, folder):
        return [*self.program(), "copy", self.remote(server, prefix), folder]

    def copy(self, source, target, prefix):
        return [*self.program(), "copy", self.remote(source, prefix), self.remote(target, prefix)]


class S5cmd(Tool):
    name = "s5cmd"

    def program(self, server):
        return [self.bench.s5cmd, "--endpoint-url", server.endpoint, "--log", "error"]

    def save(self, folder, server, prefix):
        return [*self.program(server), "cp", folder + "/", f"s3://{server.bucket}/{prefix}/"]

    def again(self, folder, server, prefix):
        return [*self.program(server), "sync", folder + "/", f"s3://{server.bucket}/{prefix}/"]

    def restore(self, server, prefix, folder):
        return [*self.program(server), "cp", f"s3://{server.bucket}/{prefix}/*", folder + "/"]

    copy = None  # one endpoint at a time


class Restic(Tool):
    name = "restic"

    def program(self, server, prefix):
        return ["restic", "--repo", f"s3:{server.endpoint}/{server.bucket}/{prefix}", "--no-cache", "-q", "-o", "s3.region=us-east-1"]

    def prepare(self, server, prefix):
        run([*self.program(server, prefix), "init"], self.bench.environment)

    def save(self, folder, server, prefix):
        return [*self.program(server, prefix), "backup", folder]

    again = save

    def restore(self, server, prefix, folder):
        return [*self.program(server, prefix), "restore", "latest", "--target", folder]

    def copy(self, source, target, prefix):
        # The flag of the repository to read from takes the same form.
        return [*self.program(target, prefix), "copy", "--from-repo", f"s3:{source.endpoint}/{source.bucket}/{prefix}"]


# ---- data

def in_a_child(work, *arguments):
    """A process's peak of memory begins with that of the one it was started from: this one stays small, without numpy."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(*arguments)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise Failed(f"{work.__name__} did not come to its end")


def tensors(random, count, as_bf16):
    """As trained weights are: normal within a tensor, of another width in each."""
    import numpy
    for _ in range(count):
        size = LAYER // (2 if as_bf16 else 4)
        values = (random.standard_normal(size, dtype=numpy.float32) * numpy.float32(0.02 * random.uniform(0.5, 2.0)))
        if as_bf16:
            yield (values.view(numpy.uint32) >> 16).astype(numpy.uint16).tobytes()
        else:
            yield values.tobytes()


def make_state(folder, gib, seed):
    """Four shards: a fifth of the bytes are weights in bf16, the rest moments and master weights in fp32."""
    import numpy
    random = numpy.random.default_rng(seed)
    os.makedirs(folder)
    per_shard = max(1, int(gib * 1024 * MIB / LAYER / 4))
    for shard in range(4):
        with open(os.path.join(folder, f"state-{shard}.bin"), "wb") as out:
            for index in range(per_shard):
                for tensor in tensors(random, 1, as_bf16=index % 5 == 0):
                    out.write(tensor)


def change_state(folder, share, seed):
    """That share of each shard's tensors gets other values, in place, as one who saves over the last state does."""
    import numpy
    random = numpy.random.default_rng(seed)
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        count = os.path.getsize(path) // LAYER
        with open(path, "r+b") as out:
            for index in random.choice(count, size=max(1, round(count * share)), replace=False):
                out.seek(int(index) * LAYER)
                for tensor in tensors(random, 1, as_bf16=False):
                    out.write(tensor)


def make_weights(path, as_bf16):
    import numpy
    with open(path, "wb") as out:
        for tensor in tensors(numpy.random.default_rng(4), 16, as_bf16):
            out.write(tensor)


def make_files(folder, count, seed):
    import numpy
    random = numpy.random.default_rng(seed)
    for index in range(count):
        place = os.path.join(folder, f"{index % 100:02d}")
        if index < 100:
            os.makedirs(place)
        with open(os.path.join(place, f"{index:06d}"), "wb") as out:
            out.write(random.bytes(int(random.integers(100, 8192))))


def digest_of(folder):
    """Of all that lies there, wherever a tool put it below: by names' ends and bytes."""
    lines = []
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                lines.append(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


# ---- the runs

class Bench:
    def __init__(self, options, place):
        self.build = os.path.abspath(options.build)
        self.options = options
        self.place = place
        self.servers = [Server(os.environ["TRADEWIND_TEST_S3"])]
        if "TRADEWIND_OTHER_S3" in os.environ:
            self.servers.append(Server(os.environ["TRADEWIND_OTHER_S3"]))
        self.s5cmd = os.environ.get("TRADEWIND_S5CMD", "s5cmd")
        # The gateways are spoken to without TLS, and rclone does not take a certificate in this form.
        inherited = {name: value for name, value in os.environ.items() if name not in ("SSL_CERT_FILE", "AWS_CA_BUNDLE")}
        self.environment = {**inherited, "RESTIC_PASSWORD": "bench", "RESTIC_FROM_PASSWORD": "bench", "AWS_REGION": "us-east-1",
                            "TMPDIR": place, "HOME": place}
        self.tools = [Tradewind(self), Rclone(self), S5cmd(self), Restic(self)]
        self.rows = []
        self.failed = False

    def stored(self, server, prefix):
        listing = subprocess.run([*Rclone(self).program(), "size", "--json", Rclone(self).remote(server, prefix)], env=self.environment,
                                 capture_output=True, text=True, timeout=300, check=False)
        return json.loads(listing.stdout)["bytes"] if listing.returncode == 0 else 0

    def empty(self, server):
        run([*Rclone(self).program(), "delete", Rclone(self).remote(server, "bench")], self.environment)

    def measure(self, what, tool, command, plain, counts=None):
        before = self.stored(*counts) if counts else 0
        try:
            taken = run(command, self.environment)
        except Failed as error:
            print(f"{what}, {tool.name}: {error}", file=sys.stderr)
            self.failed = True
            return None
        if counts:
            taken.stored = self.stored(*counts) - before
        self.rows.append((what, tool.name, taken, plain))
        print(f"  {what:<8} {tool.name:<10} {taken.seconds:8.2f} s", file=sys.stderr, flush=True)
        return taken

    def wanted(self, what):
        return not self.options.only or what in self.options.only.split(",")

    def check(self, what, tool, folder, digest):
        if digest_of(folder) != digest:
            print(f"{what}, {tool.name}: what came back is not what was saved", file=sys.stderr)
            self.failed = True

    def state_rounds(self):
        state = os.path.join(self.place, "state")
        in_a_child(make_state, state, self.options.gib, 1)
        changed = os.path.join(self.place, "changed")
        shutil.copytree(state, changed)
        in_a_child(change_state, changed, 0.05, 2)
        plain = sum(os.path.getsize(os.path.join(state, name)) for name in os.listdir(state))
        digest = digest_of(changed)
        for turn in range(self.options.rounds):
            first = turn % len(self.tools)
            for tool in [*self.tools[first:], *self.tools[:first]]:
                self.state_round(tool, state, changed, plain, digest)
        shutil.rmtree(state)
        shutil.rmtree(changed)

    def state_round(self, tool, state, changed, plain, digest):
        server, prefix = self.servers[0], f"bench/{tool.name}"
        # The same path for both saves, as a program saves.
        live = os.path.join(self.place, "live")
        os.rename(state, live)
        tool.prepare(server, prefix)
        saved = self.measure("save", tool, tool.save(live, server, prefix), plain, (server, prefix))
        os.rename(live, state)
        os.rename(changed, live)
        time.sleep(1.1)  # some tools go by times, of whole seconds: the change comes after the save
        for name in os.listdir(live):
            os.utime(os.path.join(live, name))
        if saved and self.wanted("again"):
            saved = self.measure("again", tool, tool.again(live, server, prefix), plain, (server, prefix))
        os.rename(live, changed)
        back = os.path.join(self.place, "back")
        if saved and self.wanted("restore") and self.wanted("again"):
            if self.measure("restore", tool, tool.restore(server, prefix, back), plain):
                self.check("restore", tool, back, digest)
            shutil.rmtree(back, ignore_errors=True)
        if saved and tool.copy and len(self.servers) > 1 and self.wanted("copy"):
            other = self.servers[1]
            tool.prepare(other, prefix)
            self.measure("copy", tool, tool.copy(server, other, prefix), plain, (other, prefix))
            self.empty(other)
        self.empty(server)

    def files_rounds(self):
        files = os.path.join(self.place, "files")
        in_a_child(make_files, files, self.options.files, 3)
        plain = sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(files) for name in names)
        digest = digest_of(files)
        for tool in self.tools:
            server, prefix = self.servers[0], f"bench/{tool.name}"
            tool.prepare(server, prefix)
            if self.measure("files", tool, tool.save(files, server, prefix), plain, (server, prefix)):
                back = os.path.join(self.place, "back")
                if self.measure("f. back", tool, tool.restore(server, prefix, back), plain):
                    self.check("f. back", tool, back, digest)
                shutil.rmtree(back, ignore_errors=True)
            self.empty(server)
        shutil.rmtree(files)

    def coding_rounds(self):
        """One core each: our packer beside ZipNN's, on weights made as above and on the trained ones of a folder."""
        paths = []
        for name, as_bf16 in (("fp32", False), ("bf16", True)):
            paths.append(os.path.join(self.place, name + ".bin"))
            in_a_child(make_weights, paths[-1], as_bf16)
        trained = os.environ.get("TRADEWIND_TRAINED")
        paths += [os.path.join(trained, name) for name in sorted(os.listdir(trained))] if trained else []
        bench = os.path.join(self.build, "bin", "coding_bench")
        own = json.loads(subprocess.run([bench, "--json", *paths], capture_output=True, text=True, timeout=300, check=True).stdout)
        peer = [zipnn_figures(path, self.environment) for path in paths]
        return list(zip(own, peer))


def zipnn_figures(path, environment):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "zipnn_pace.py")
    done = subprocess.run(["/usr/bin/python3", "-B", script, path], env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        print(f"zipnn: {done.stderr.strip()[-200:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout)


def medians(rows):
    """One row for each thing that a tool did, of the medians of its rounds; in the order in which they were first done."""
    turns = {}
    for what, tool, taken, plain in rows:
        turns.setdefault((what, tool, plain), []).append(taken)
    found = []
    for (what, tool, plain), several in turns.items():
        middle = Taken(*(statistics.median(getattr(one, name) for one in several) for name in ("seconds", "cpu_seconds", "peak_bytes")))
        if several[0].stored is not None:
            middle.stored = statistics.median(one.stored for one in several)
        found.append((what, tool, middle, plain))
    return found


def print_table(rows):
    print(f"{'WHAT':<9}{'TOOL':<11}{'SECONDS':>9}{'CPU S':>8}{'PEAK MIB':>10}{'STORED':>8}   TIME AGAINST TRADEWIND")
    own = {what: taken.seconds for what, tool, taken, _ in rows if tool == "tradewind"}
    for what, tool, taken, plain in rows:
        stored = f"{taken.stored / plain:.3f}" if taken.stored is not None else ""
        ratio = f"{taken.seconds / own[what]:.2f}" if tool != "tradewind" and what in own else ""
        print(f"{what:<9}{tool:<11}{taken.seconds:>9.2f}{taken.cpu_seconds:>8.2f}{taken.peak_bytes / MIB:>10.0f}{stored:>8}   {ratio}")


def print_coding(pairs):
    print(f"{'PACKED':<30}{'SHARE':>7}{'MB/S':>7}{'BACK':>7}   ZIPNN{'':>2}{'SHARE':>7}{'MB/S':>7}{'BACK':>7}")
    for own, peer in pairs:
        line = f"{os.path.basename(own['file']):<30}{own['share']:>7.3f}{own['encode_mb_per_s']:>7.0f}{own['decode_mb_per_s']:>7.0f}"
        if peer:
            line += f"{'':>10}{peer['share']:>7.3f}{peer['encode_mb_per_s']:>7.0f}{peer['decode_mb_per_s']:>7.0f}"
        print(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--gib", type=float, default=1)
    parser.add_argument("--files", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tradewind-transfer-") as place:
        bench = Bench(options, place)
        if any(bench.wanted(what) for what in ("save", "again", "restore", "copy")):
            bench.state_rounds()
        if bench.wanted("files"):
            bench.files_rounds()
        pairs = bench.coding_rounds() if bench.wanted("coding") else []
    rows = medians(bench.rows)
    if options.json:
        print(json.dumps({"transfers": [{"what": what, "tool": tool, "plain_bytes": plain, **vars(taken)} for what, tool, taken, plain in rows],
                          "coding": [{"tradewind": own, "zipnn": peer} for own, peer in pairs]}))
    else:
        if rows:
            print_table(rows)
        if pairs:
            print_coding(pairs)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Whether time stays linear in bytes and memory bounded: saves and restores of model state in a folder store, beside cp -r, for sizes that
double. Nothing is asserted about the figures.
    bench/sizes.py BUILD_DIR [--gib N,N,…] [--folder PLACE]
BUILD_DIR: a release build. --gib: sizes of state (1,2,4,8,16,32). PLACE: where all of it lies (the folder for temporary files);
its file system needs room for twice the largest. Each size: one save of weights in bf16 and one restore of it, each followed by a flush of the
file system, as cp is. HELD: how long the program that writes there was held."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import transfer

BLOCK = 64 << 20


def make_state(folder, gib):
    """Shards of 4 GiB at most. Each block is the first one turned by another number of words, so that no chunk is there twice."""
    import numpy
    random = numpy.random.default_rng(5)
    values = (random.standard_normal(BLOCK // 2, dtype=numpy.float32) * numpy.float32(0.02)).view(numpy.uint32) >> 16
    block = values.astype(numpy.uint16)
    os.makedirs(folder)
    for number in range(int(gib * 1024) * (1 << 20) // BLOCK):
        with open(os.path.join(folder, f"state-{number // 64:03d}.bin"), "ab") as out:
            turn = int(random.integers(1, block.size))
            out.write(block[turn:].tobytes() + block[:turn].tobytes())


def timed(command, place):
    os.sync()
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        subprocess.run(["sync", "-f", place], check=True)
        taken = time.perf_counter() - began
        said.seek(0)
        if child.returncode != 0:
            raise transfer.Failed(f"{' '.join(command)}: exit code {child.returncode}")
        return taken, usage.ru_maxrss / 1024, said.read()


def measure(program, gib, place):
    state, store, copy = (os.path.join(place, name) for name in ("state", "store", "copy"))
    transfer.in_a_child(make_state, state, gib)
    copied, _, _ = timed(["cp", "-r", state, copy], place)
    shutil.rmtree(copy)
    saved, save_peak, said = timed([program, "checkpoint", "save", state, store, "--json"], place)
    held = json.loads(said)["held_s"]
    shutil.rmtree(state)
    restored, restore_peak, _ = timed([program, "checkpoint", "restore", store, copy], place)
    shutil.rmtree(copy)
    shutil.rmtree(store)
    print(f"{gib:>5g} GIB   SAVE {saved:7.1f} s {saved / gib:6.2f} s/GIB {save_peak:5.0f} MIB   HELD {held:.4f} s   RESTORE {restored:7.1f} s {restored / gib:6.2f} s/GIB "
          f"{restore_peak:5.0f} MIB   CP {copied:7.1f} s {copied / gib:6.2f} s/GIB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--gib", default="1,2,4,8,16,32")
    parser.add_argument("--folder", default=None)
    options = parser.parse_args()
    program = os.path.join(os.path.abspath(options.build), "bin", "tradewind")
    for gib in options.gib.split(","):
        with tempfile.TemporaryDirectory(prefix="tradewind-sizes-", dir=options.folder) as place:
            try:
                measure(program, float(gib), place)
            except transfer.Failed as error:
                sys.exit(f"sizes: {error}")


if __name__ == "__main__":
    main()

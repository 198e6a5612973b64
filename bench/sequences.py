#!/usr/bin/env python3
"""How checkpoints of a real training change from one to the next, and what ways of cutting and coding make of it. The figures of
docs/decisions/chunks.md. Needs Debian's python3-torch; takes some five minutes of one core.
    bench/sequences.py BUILD_DIR [--steps N]
BUILD_DIR: a release build. A small transformer learns Python's own library, byte by byte (--steps, 300), with AdamW; checkpoints
are kept 1, 10 and 100 steps before the last. Then its first layers are frozen and it learns on.
CUT: the share of a second checkpoint's bytes that is not in the first one's chunks. CODED: the share of plain bytes that remains."""
import argparse
import copy
import glob
import hashlib
import json
import math
import os
import struct
import subprocess
import tempfile
import zipfile

import numpy
import torch
from torch import nn

MIB = 1 << 20
CHUNK = 4 * MIB
WIDTH, LAYERS, HEADS, CONTEXT, BATCH = 512, 4, 8, 96, 6


# ---- the training

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attend, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x, mask):
        batch, length, _ = x.shape
        q, k, v = self.attend(self.before(x)).view(batch, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        mixed = (q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS) + mask).softmax(-1) @ v
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        return x + self.down(nn.functional.gelu(self.up(self.between(x))))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.bytes, self.places = nn.Embedding(256, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 256)
        self.mask = torch.full((CONTEXT, CONTEXT), -1e9).triu(1)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)

    def forward(self, ids):
        x = self.bytes(ids) + self.places.weight
        for block in self.blocks:
            x = block(x, self.mask)
        return self.head(self.norm(x))


class Training:
    def __init__(self):
        torch.manual_seed(1)
        torch.set_num_threads(1)
        folder = os.path.dirname(os.__file__)
        text = b"".join(open(path, "rb").read() for path in sorted(glob.glob(folder + "/**/*.py", recursive=True))[:400])
        self.text = torch.frombuffer(bytearray(text[:4_000_000]), dtype=torch.uint8).long()
        self.net, self.losses = Transformer(), []
        self.begin(1e-3)

    def begin(self, rate):
        wanted = [each for each in self.net.parameters() if each.requires_grad]
        self.optimizer = torch.optim.AdamW(wanted, lr=rate, betas=(0.9, 0.95), weight_decay=0.1)

    def learn(self, steps, rate):
        for step in range(steps):
            for group in self.optimizer.param_groups:
                group["lr"] = rate(step)
            begins = torch.randint(len(self.text) - CONTEXT - 1, (BATCH,))
            batch = torch.stack([self.text[at:at + CONTEXT + 1] for at in begins])
            loss = nn.functional.cross_entropy(self.net(batch[:, :-1]).reshape(-1, 256), batch[:, 1:].reshape(-1))
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            self.optimizer.step()
            self.losses.append(loss.item())

    def state(self):
        return copy.deepcopy({"losses": self.losses, "model": self.net.state_dict(), "optimizer": self.optimizer.state_dict()})


# ---- files

def safetensors(path, tensors, note):
    header, at = {"__metadata__": {"losses": note}}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * 4
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(each.numpy().tobytes() for each in tensors.values()))


def in_format(path, state):
    if path.endswith(".pt"):
        torch.save(state, path)
    else:
        safetensors(path, state["model"], json.dumps(state["losses"]))


# ---- cutting

GEAR = numpy.random.default_rng(0).integers(0, 1 << 63, 256, dtype=numpy.uint64)


def content_defined(data, average):
    """A gear hash over the last 48 bytes (Xia et al., FastCDC, 2016); chunks of a quarter to four times the average, of whole words."""
    values = GEAR[numpy.frombuffer(data, numpy.uint8)]
    hashes = numpy.zeros(len(values), numpy.uint64)
    for back in range(48):
        hashes[back:] += (values << numpy.uint64(back))[:len(values) - back]
    cuts = [0]
    for at in numpy.nonzero(hashes >> numpy.uint64(64 - int(math.log2(average))) == 0)[0]:
        at = int(at + 1) & ~3
        while at - cuts[-1] > 4 * average:
            cuts.append(cuts[-1] + 4 * average)
        if at - cuts[-1] >= average // 4:
            cuts.append(at)
    while len(data) - cuts[-1] > 4 * average:
        cuts.append(cuts[-1] + 4 * average)
    return cuts


def tensors_in(path, data):
    if path.endswith(".safetensors"):
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + size])
        return [tuple(8 + size + at for at in each["data_offsets"]) for name, each in header.items() if name != "__metadata__"]
    places = []
    for member in zipfile.ZipFile(path).infolist():
        name, extra = struct.unpack("<HH", data[member.header_offset + 26:member.header_offset + 30])
        begin = member.header_offset + 30 + name + extra
        places.append((begin, begin + member.file_size))
    return places


def both_ends(path, data):
    marks = sorted({0, *(at for place in tensors_in(path, data) if place[1] - place[0] >= MIB for at in place)})
    return [at for begin, end in zip(marks, [*marks[1:], len(data)]) for at in range(begin, end, CHUNK)]


CUTS = {
    "every 4 MiB": lambda path, data: range(0, len(data), CHUNK),
    "by content, 4 MiB": lambda path, data: content_defined(data, CHUNK),
    "by content, 1 MiB": lambda path, data: content_defined(data, MIB),
    "both ends of tensors": both_ends,
}


def chunks_of(path, cut):
    with open(path, "rb") as file:
        data = file.read()
    cuts = [*cut(path, data), len(data)]
    return [(hashlib.sha256(data[begin:end]).digest(), end - begin) for begin, end in zip(cuts, cuts[1:]) if end > begin]


def share_of_new(first, second, cut):
    known = {digest for digest, _ in chunks_of(first, cut)}
    chunks = chunks_of(second, cut)
    return sum(dict(each for each in chunks if each[0] not in known).values()) / os.path.getsize(second), len(chunks)


def share_by_program(program, first, second, place):
    store = os.path.join(place, "store")
    for number, path in enumerate((first, second)):
        folder = os.path.join(place, f"saved{number}")
        os.makedirs(folder)
        os.link(path, os.path.join(folder, "state"))
        said = subprocess.run([program, "checkpoint", "save", folder, store, "--json"], capture_output=True, text=True, check=True).stdout
    found = json.loads(said)
    return found["bytes_new"] / found["bytes"], found["chunks"]


def compare_cuts(build, what, first, second):
    shares = {name: share_of_new(first, second, cut) for name, cut in CUTS.items()}
    with tempfile.TemporaryDirectory(dir=os.path.dirname(first)) as place:
        shares["tradewind"] = share_by_program(os.path.join(build, "bin", "tradewind"), first, second, place)
    for name, (share, chunks) in shares.items():
        print(f"CUT    {what:<44} {name:<22} {share:6.3f} {chunks:5} chunks", flush=True)


# ---- coding

def numbers_of(state, part):
    tensors = state["model"].values() if part == "weights" else [each[part] for each in state["optimizer"]["state"].values()]
    return numpy.concatenate([each.numpy().ravel() for each in tensors]).view(numpy.uint32)


def as_bf16(bits):
    wide = bits.astype(numpy.uint64)
    return ((wide + 0x7FFF + (wide >> 16 & 1)) >> 16).astype(numpy.uint16)


def compare_codings(build, place, states):
    last = states[0]
    for part in ("weights", "exp_avg", "exp_avg_sq"):
        for kind, stored in (("fp32", lambda bits: bits), ("bf16", as_bf16)):
            new = stored(numbers_of(last, part))
            for before, state in states.items():
                path = os.path.join(place, "numbers.bin")
                (new if before == 0 else new ^ stored(numbers_of(state, part))).tofile(path)
                said = subprocess.run([os.path.join(build, "bin", "coding_bench"), path, "--json"], capture_output=True, text=True, check=True)
                how = "as it is" if before == 0 else f"XOR {before} steps before"
                print(f"CODED  {kind} {part:<39} {how:<22} {json.loads(said.stdout)[0]['share']:6.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    training = Training()

    def rate(step):
        return 1e-3 * min(1, (step + 1) / 50)

    states = {}
    training.learn(options.steps - 100, rate)
    for before, steps in ((100, 90), (10, 9), (1, 1)):
        states[before] = training.state()
        training.learn(steps, lambda step: rate(step + 50))
    states = {0: training.state(), **states}
    print(f"loss {training.losses[0]:.2f}, then {sum(training.losses[-20:]) / 20:.2f}; {sum(each.numel() for each in training.net.parameters()):,} numbers")
    with tempfile.TemporaryDirectory(prefix="tradewind-sequences-") as place:
        compare_codings(options.build, place, states)
        for name, parameter in training.net.named_parameters():
            parameter.requires_grad_(not name.startswith(("bytes", "places", "blocks.0", "blocks.1")))
        training.begin(1e-4)
        training.learn(5, lambda step: 1e-4)
        first = training.state()
        training.learn(5, lambda step: 1e-4)
        second = training.state()
        paths = {}
        for kind in ("pt", "safetensors"):
            for number, state in enumerate((first, second)):
                paths[kind, number] = os.path.join(place, f"{number}.{kind}")
                in_format(paths[kind, number], state)
            compare_cuts(options.build, f"half frozen, losses in the header, {kind}", paths[kind, 0], paths[kind, 1])
        fixed = os.path.join(place, "fixed.pt")
        in_format(fixed, {**second, "losses": first["losses"]})
        compare_cuts(options.build, "half frozen, header as it was, pt", paths["pt", 0], fixed)
        compare_cuts(options.build, "the same weights, from pt to safetensors", paths["pt", 1], paths["safetensors", 1])


if __name__ == "__main__":
    main()

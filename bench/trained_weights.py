#!/usr/bin/env python3
"""Trained weights that packages carry, as files of numbers for bench/transfer.py: fp32-NAME.bin as they were published, and
bf16-NAME.bin, the same rounded to nearest even, as mixed-precision training and serving keep them.
    bench/trained_weights.py FOLDER OUT       FOLDER: the packages' models, *.onnx and *.pt, at any depth
bench/transfer.sh installs the packages, pinned, and names OUT in TRADEWIND_TRAINED."""
import os
import sys

import numpy
import torch

FLOATS_MIN = 1 << 10  # of a tensor: scales and tables are left out


# ---- ONNX: a protocol buffer (onnx.proto: ModelProto.graph = 7, GraphProto.initializer = 5, TensorProto.data_type = 2, raw_data = 9)

def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """(number, value) of each field; of those with a length, their bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value, at = data[at:at + size], at + size
        elif kind == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            raise ValueError(f"field of kind {kind}")
        yield key >> 3, value


def onnx_tensors(path):
    with open(path, "rb") as file:
        model = memoryview(file.read())
    for number, graph in fields(model):
        if number != 7:
            continue
        for inner, tensor in fields(graph):
            if inner == 5:
                members = dict(fields(tensor))
                if members.get(2) == 1 and 9 in members:  # FLOAT
                    yield numpy.frombuffer(members[9], dtype="<f4")


# ---- PyTorch

def torch_tensors(path):
    waiting = [torch.load(path, map_location="cpu")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += list(value.values())[::-1]
        elif isinstance(value, (list, tuple)):
            waiting += list(value)[::-1]
        elif isinstance(value, torch.Tensor) and value.dtype == torch.float32:
            yield value.contiguous().numpy().ravel()


def as_bf16(values):
    bits = values.view(numpy.uint32).astype(numpy.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")


def main():
    folder, out = sys.argv[1:]
    os.makedirs(out, exist_ok=True)
    written = 0
    for place, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            stem, kind = os.path.splitext(name)
            read = {".onnx": onnx_tensors, ".pt": torch_tensors}.get(kind)
            tensors = [each for each in read(os.path.join(place, name)) if each.size >= FLOATS_MIN] if read else []
            if sum(each.nbytes for each in tensors) < 4 << 20:
                continue
            values = numpy.concatenate(tensors)
            for numbers, stored in (("fp32", values), ("bf16", as_bf16(values))):
                stored.tofile(os.path.join(out, f"{numbers}-{stem}.bin"))
                written += 1
    if written == 0:
        sys.exit(f"trained_weights: no trained weights below {folder}")


if __name__ == "__main__":
    main()

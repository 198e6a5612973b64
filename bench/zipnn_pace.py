#!/usr/bin/env python3
"""What ZipNN makes of a file of numbers, on one core: its share of the plain bytes, and its pace both ways, as JSON.
    bench/zipnn_pace.py FILE      numbers of 16 bits where the name begins with bf16, else of 32
PYTHONPATH names the folder that ZipNN was installed into (bench/transfer.sh does)."""
import json
import os
import sys
import time

import torch

# Names of later versions of torch that ZipNN looks up as it is loaded, and that nothing here uses.
for name in ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"):
    setattr(torch, name, getattr(torch, name, name))

from zipnn import ZipNN  # noqa: E402

ROUNDS = 3  # the fastest counts, as in coding_bench


def main():
    path = sys.argv[1]
    with open(path, "rb") as file:
        plain = file.read()
    numbers = "bfloat16" if os.path.basename(path).startswith("bf16") else "float32"
    packer = ZipNN(bytearray_dtype=numbers, input_format="byte", threads=1)
    encode = decode = float("inf")
    for _ in range(ROUNDS):
        source = bytearray(plain)  # it works in place
        began = time.perf_counter()
        packed = packer.compress(source)
        encode = min(encode, time.perf_counter() - began)
        began = time.perf_counter()
        back = packer.decompress(packed)
        decode = min(decode, time.perf_counter() - began)
    if bytes(back) != plain:
        sys.exit("zipnn_pace: it did not come back whole")
    print(json.dumps({"share": len(packed) / len(plain), "encode_mb_per_s": len(plain) / 1e6 / encode, "decode_mb_per_s": len(plain) / 1e6 / decode}))


main()

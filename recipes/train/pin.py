"""Pins what the bits of a result hang on: the number of threads and the CPU kernels of the mathematical libraries.

A sum of floating-point numbers depends on its order, and the libraries choose that order by the number of threads and by
the processor they find. With both pinned a run gives the same weights, to the last bit, on every x86 machine that has the
pinned kernel. Must run before `import torch`: the libraries read their environment once, when they are loaded.
"""

import os

THREADS_DEFAULT = 2

# What the variables mean: the size of OpenMP's pool; the kernel of OpenBLAS; of PyTorch itself; of oneDNN.
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")

# Best first: the flag in /proc/cpuinfo that a kernel needs, and the kernel's name in each library.
_KERNELS = (
    ("avx2", ("Haswell", "avx2", "AVX2")),
    ("avx", ("Sandybridge", "default", "AVX")),
    ("sse4_2", ("Nehalem", "default", "SSE41")),
)
_FLAG_OF_CORETYPE = {"Haswell": "avx2", "Zen": "avx2", "Sandybridge": "avx", "Nehalem": "sse4_2", "SkylakeX": "avx512f"}


def cpu_flags():
    """The features of the first processor, as Linux names them; empty where it lists none."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("flags"):
                    return set(line.partition(":")[2].split())
    except OSError:
        pass
    return set()


def choose(environment, recorded, threads, flags):
    """The pin to run with, as {variable: value}, and a warning or None.

    What the caller's environment says comes first, then what the checkpoint was made with (`recorded`, or None), then the
    best kernel that is common on today's machines. `threads` is the user's --threads or None.
    """
    pin, warning = {}, None
    names = next((names for flag, names in _KERNELS if flag in flags), None)
    if names:
        pin = dict(zip(VARIABLES[1:], names))
    pin["OMP_NUM_THREADS"] = str(threads or THREADS_DEFAULT)
    if recorded:
        needed = _FLAG_OF_CORETYPE.get(recorded.get("OPENBLAS_CORETYPE"))
        if needed and flags and needed not in flags:
            warning = (f"the checkpoint was made with the {recorded['OPENBLAS_CORETYPE']} kernel, which this processor lacks "
                       f"({needed}): the run goes on, but its bits will differ from those of an unmoved run")
            recorded = {name: value for name, value in recorded.items() if name == "OMP_NUM_THREADS"}
        pin.update(recorded)
    if threads:
        pin["OMP_NUM_THREADS"] = str(threads)
    pin.update({name: environment[name] for name in VARIABLES if environment.get(name) and
                not (threads and name == "OMP_NUM_THREADS")})
    if recorded and not warning:
        changed = [name for name in sorted(recorded) if pin.get(name) != recorded[name]]
        if changed:
            told = ", ".join(f"{name} is {pin.get(name)} and was {recorded[name]}" for name in changed)
            warning = f"not as the checkpoint was made: {told}; the run goes on, but bits will differ"
    return pin, warning


def apply(pin):
    """Puts the pin into this process's environment. Call before the first import of torch."""
    os.environ.update(pin)
    os.environ["OMP_DYNAMIC"] = "FALSE"
    # Threads that wait do so asleep. No bit hangs on it; on a machine with other work, spinning made steps ten times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

"""What tests beside a real Slurm (tests/doubles/slurm.sh) have in common."""
import os
import subprocess
import time

import rig

SLURM = os.environ.get("TRADEWIND_TEST_SLURM", "")


def slurm(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False).stdout


class TestCase(rig.TestCase):
    """Jobs by a home of their own, whose cluster "tw" keeps its things below self.shared; none is left at the end."""

    def setUp(self):
        # On what stands for the cluster's shared file system.
        self.shared = os.path.join(SLURM, "store", f"e2e-{os.getpid()}-{self._testMethodName}")
        self.control = self.home()
        self.control.variables = {name: value for name, value in os.environ.items() if name.startswith("SLURM_")}

    def tearDown(self):
        slurm("scancel", f"--user={os.environ['USER']}")
        for _ in range(300):
            if not slurm("squeue", "--me", "--noheader"):
                break
            time.sleep(0.1)

    def cluster(self, **fields):
        lines = "".join(f"    {name}: {value}\n" for name, value in fields.items())
        with open(self.control.file("config", "slurm.yaml"), "w", encoding="utf-8") as file:
            file.write(f"clusters:\n  - name: tw\n    store: {self.shared}\n"
                       f"    shapes: [{{name: small, cpus: 1, memory_gib: 0.25}}]\n{lines}")

"""Tells whoever watches how far the run is: JSON lines into the file or FIFO that $TRADEWIND_PROGRESS names.

  {"step": 12, "total": 500, "metrics": {"loss": 2.81, "tokens_per_s": 13200.0}}   step 12 is done
  {"checkpoint": "saved", "step": 12}                                              the checkpoint folder holds step 12, whole
Without the variable nothing is written. A watcher that is slow, or gone, never stops the training.
"""

import errno
import json
import os
import time


class Progress:
    def __init__(self, path):
        self.path = path
        self.descriptor = None

    def step(self, step, total, metrics):
        self._write({"step": step, "total": total, "metrics": metrics}, patience_s=0.0)

    def saved(self, step):
        # Worth some waiting: this line is what makes a watcher take the checkpoint along.
        self._write({"checkpoint": "saved", "step": step}, patience_s=2.0)

    def _write(self, record, patience_s):
        if not self.path:
            return
        line = (json.dumps(record) + "\n").encode()
        until = time.monotonic() + patience_s
        while not self._try(line) and time.monotonic() < until:
            time.sleep(0.02)

    def _try(self, line):
        """One attempt, which never blocks; false when it is worth another."""
        try:
            if self.descriptor is None:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
                self.descriptor = os.open(self.path, flags, 0o644)
            os.write(self.descriptor, line)  # one call: a line is never mixed with another's
            return True
        except OSError as error:
            if error.errno != errno.EAGAIN and self.descriptor is not None:
                os.close(self.descriptor)
                self.descriptor = None
            return error.errno not in (errno.EAGAIN, errno.ENXIO, errno.EPIPE)

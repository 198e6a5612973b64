#!/usr/bin/python3
"""Trains a small GPT on text, and can be stopped and resumed at any step without changing a bit of the result.

  python3 train.py --steps 200 --out DIR          the King James text of Debian's package bible-kjv
  python3 train.py --text my.txt --size tiny      a text of your own, a smaller model
  python3 train.py --check-data --out DIR         was each step's data read exactly once, in order?

SIGUSR1 saves a checkpoint after the current step. SIGTERM and SIGINT save one and end the program with exit code 143
and 130. Started again, it goes on from its checkpoint.
"""

import argparse
import hashlib
import json
import os
import signal
import sys

import pin


class Requests:
    """What signals ask for. In place before torch is imported, which takes a second or two in which signals may come."""

    def __init__(self):
        self.stop_signal = None
        self._save = False
        signal.signal(signal.SIGUSR1, self._on_save)
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)

    def _on_save(self, _number, _frame):
        self._save = True

    def _on_stop(self, number, _frame):
        self.stop_signal = number

    def take_save(self):
        asked, self._save = self._save, False
        return asked


def say(line, file=sys.stdout):
    """Prints a line. A log that nobody reads any more does not end the training."""
    try:
        print(line, file=file, flush=True)
    except OSError:
        pass


def fail(message, code=1):
    say(f"train: {message}", sys.stderr)
    sys.exit(code)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--steps", type=int, default=800, help="train until this many steps are done (default %(default)s)")
    add("--size", choices=("tiny", "small", "medium"), default="small", help="30 thousand, 1 or 11 million parameters")
    add("--text", metavar="FILE", help="UTF-8 text to learn (default: the King James text)")
    add("--out", metavar="DIR", default=os.environ.get("TRADEWIND_OUTPUT_DIR") or "out",
        help="folder for sample.txt, loss.csv and weights.sha256 (default %(default)s)")
    add("--checkpoint-dir", metavar="DIR", default=os.environ.get("TRADEWIND_CHECKPOINT_DIR"),
        help="folder for the checkpoint (default $TRADEWIND_CHECKPOINT_DIR, else checkpoint in the --out folder)")
    add("--save-every", type=int, default=50, metavar="N", help="save after each N steps; 0: never (default %(default)s)")
    add("--log-every", type=int, default=10, metavar="N", help="print each Nth step (default %(default)s)")
    add("--sample", type=int, default=600, metavar="N", help="characters to write at the end (default %(default)s)")
    add("--prompt", default="\n", help="what the sample goes on from (default: a new line)")
    add("--seed", type=int, default=1, help="of weights, dropout, order of the text, sample (default %(default)s)")
    add("--threads", type=int, help=f"of the mathematics; part of the result's bits (default {pin.THREADS_DEFAULT})")
    add("--device", default="auto", help="cpu, cuda, or auto: cuda where PyTorch has it (default %(default)s)")
    add("--check-data", action="store_true", help="train nothing; check what the checkpoint says it has read")
    for name, kind in (("layers", int), ("width", int), ("heads", int), ("context", int), ("batch", int), ("lr", float),
                       ("dropout", float)):
        add(f"--{name}", type=kind, help=argparse.SUPPRESS if name == "heads" else f"instead of the --size's own {name}")
    arguments = parser.parse_args()
    for name in ("steps", "layers", "width", "heads", "context", "batch", "threads", "log_every"):
        if getattr(arguments, name) is not None and getattr(arguments, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    if arguments.save_every < 0 or arguments.sample < 0:
        parser.error("--save-every and --sample must not be negative")
    if not arguments.checkpoint_dir:
        arguments.checkpoint_dir = os.path.join(arguments.out, "checkpoint")
    return arguments


def import_torch(threads):
    try:
        import torch
    except ImportError as error:
        hint = "" if sys.executable == "/usr/bin/python3" else " Debian's PyTorch belongs to /usr/bin/python3."
        fail(f"{sys.executable} cannot import torch ({error}).\nRun: sudo apt install python3-torch{hint}")
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    torch.use_deterministic_algorithms(True)
    return torch


def settings_of(arguments, torch):
    from model import SIZES
    settings = dict(SIZES[arguments.size], seed=arguments.seed, steps=arguments.steps, device=arguments.device)
    for name in SIZES[arguments.size]:
        if getattr(arguments, name) is not None:
            settings[name] = getattr(arguments, name)
    if settings["device"] == "auto":
        settings["device"] = "cuda" if torch.cuda.is_available() else "cpu"
    return settings


def begin(trainer, warning):
    """Restores what there is to restore, and says where the run stands."""
    warnings = trainer.restore()
    for line in ([warning] if warning else []) + (warnings or []):
        say(f"warning: {line}", sys.stderr)
    parameters = sum(p.numel() for p in trainer.model.parameters())
    say(f"{parameters:,} parameters, {len(trainer.tokens):,} characters of {trainer.vocabulary.size} kinds, "
        f"{trainer.pin['OMP_NUM_THREADS']} threads, {trainer.pin.get('OPENBLAS_CORETYPE', 'default')} kernel")
    if warnings is not None:
        summary = trainer.summary()
        say(f"resumed after step {trainer.step}: weights {summary['weights_sha256'][:16]}, data {summary['data_chain'][:16]}")


def train(trainer, requests, arguments):
    """Trains to the end, or to the end of the step in which a signal came. The run is saved when this returns."""
    while trainer.step < trainer.steps and not requests.stop_signal:
        if requests.take_save():
            trainer.save()
        loss, rate = trainer.train_step()
        if trainer.step % arguments.log_every == 0 or trainer.step == trainer.steps:
            say(f"step {trainer.step}/{trainer.steps}  loss {loss:.4f}  {rate:,.0f} tokens/s")
        if arguments.save_every and trainer.step % arguments.save_every == 0:
            trainer.save()
    trainer.save()


def write_results(trainer, requests, arguments):
    """Writes the three files of the --out folder; false when a signal came first."""
    from model import write_on

    def stop():
        if requests.take_save():
            trainer.save()
        return requests.stop_signal is not None

    known = set(trainer.vocabulary.symbols or "")
    prompt = "".join(c for c in arguments.prompt if not known or c in known)
    start = trainer.vocabulary.encode(prompt).tolist() or [0]
    numbers = write_on(trainer.model, start, arguments.sample, arguments.seed, trainer.device, stop)
    if requests.stop_signal:
        return False
    sample = trainer.vocabulary.decode(numbers).strip("\n") + "\n"
    digest = trainer.summary()["weights_sha256"]
    curve = "step,loss\n" + "".join(f"{step},{loss:.6f}\n" for step, loss in enumerate(trainer.losses, 1))
    try:
        os.makedirs(arguments.out, exist_ok=True)
        for name, content in (("sample.txt", sample), ("loss.csv", curve), ("weights.sha256", digest + "\n")):
            with open(os.path.join(arguments.out, name), "w", encoding="utf-8") as file:
                file.write(content)
    except OSError as error:
        fail(f"cannot write the results into {arguments.out}: {error.strerror}. The checkpoint is saved.")
    say(f"\n{sample}\ndone: {trainer.step} steps, weights sha256 {digest}")
    return True


def check_data(trainer):
    chain = trainer.check_data()
    if chain != trainer.sampler.chain:
        fail(f"the data of {trainer.step} steps read in order gives {chain},\nbut the checkpoint says {trainer.sampler.chain}")
    say(f"data: each of {trainer.step} steps read its own {trainer.settings['batch']} windows once and in order, chain {chain}")


def run(arguments, requests, chosen, warning):
    torch = import_torch(int(chosen["OMP_NUM_THREADS"]))
    from checkpoint import CheckpointError, lock
    from data import DataError, king_james, read_text
    from progress import Progress
    from trainer import Trainer
    try:
        held = lock(arguments.checkpoint_dir)
        text = read_text(arguments.text) if arguments.text else king_james()
        digest = hashlib.sha256(text.encode()).hexdigest()
        trainer = Trainer(settings_of(arguments, torch), text, digest, chosen, arguments.checkpoint_dir,
                          Progress(os.environ.get("TRADEWIND_PROGRESS")))
        begin(trainer, warning)
        if arguments.check_data:
            check_data(trainer)
        else:
            train(trainer, requests, arguments)
            if requests.stop_signal is None:
                write_results(trainer, requests, arguments)
        os.close(held)
    except (CheckpointError, DataError, ValueError) as error:
        fail(str(error))
    if requests.stop_signal:
        say(f"stopped by {signal.Signals(requests.stop_signal).name} after step {trainer.step}; saved")
        return 128 + requests.stop_signal
    return 0


def main():
    requests = Requests()
    arguments = parse_arguments()
    recorded = None
    try:
        with open(os.path.join(arguments.checkpoint_dir, "state.json"), encoding="utf-8") as file:
            recorded = json.load(file)["pin"]
    except (OSError, ValueError, KeyError, TypeError):
        pass  # none, or none that can be read: the checkpoint itself is examined later
    chosen, warning = pin.choose(os.environ, recorded, arguments.threads, pin.cpu_flags())
    pin.apply(chosen)
    return run(arguments, requests, chosen, warning)


if __name__ == "__main__":
    sys.exit(main())

"""The text, its characters as numbers, and the order in which a run reads them."""

import hashlib
import re
import shutil
import subprocess

import torch

# Texts with more different characters than this (Chinese, Korean) are read byte by byte.
CHARACTERS_MAX = 512

_VERSE = re.compile(r"^[0-9]?[A-Za-z]+[0-9]+:[0-9]+ ")


class DataError(Exception):
    """The text cannot be used; the message says why and what to do."""


def king_james():
    """The King James text of Debian's package bible-kjv: one verse per line, without the verse numbers."""
    program = shutil.which("bible") or shutil.which("bible", path="/usr/bin:/usr/games")
    if not program:
        raise DataError("there is no program 'bible' here, which holds the King James text.\n"
                        "Run: sudo apt install bible-kjv   or give a text of your own: --text FILE")
    # The program takes its rows from the terminal where there is one; -f prints plainly, one verse per line.
    result = subprocess.run([program, "-f", "gen1:1-rev22:21"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, encoding="latin-1", check=False)
    verses = [_VERSE.sub("", line) for line in result.stdout.splitlines() if _VERSE.match(line)]
    if result.returncode != 0 or len(verses) < 31000:
        raise DataError(f"{program} gave {len(verses)} verses instead of 31,102 (exit code {result.returncode}).\n"
                        "Is the package bible-kjv-text whole? Or give a text of your own: --text FILE")
    return "\n".join(verses) + "\n"


def read_text(path):
    """The user's own text, UTF-8."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}.\n"
                        "Convert it first, for example: iconv -f latin1 -t utf-8") from None
    except OSError as error:
        raise DataError(f"cannot read the text {path}: {error.strerror}") from None


class Vocabulary:
    """Numbers for characters. `symbols` is the sorted string of all characters, or None for plain bytes."""

    def __init__(self, symbols):
        self.symbols = symbols
        self.size = len(symbols) if symbols is not None else 256

    @staticmethod
    def of(text):
        symbols = "".join(sorted(set(text)))
        return Vocabulary(symbols if len(symbols) <= CHARACTERS_MAX else None)

    def encode(self, text):
        if self.symbols is None:
            return torch.tensor(list(text.encode()), dtype=torch.int64)
        number = {symbol: index for index, symbol in enumerate(self.symbols)}
        return torch.tensor([number[symbol] for symbol in text], dtype=torch.int64)

    def decode(self, numbers):
        if self.symbols is None:
            return bytes(numbers).decode(errors="replace")
        return "".join(self.symbols[number] for number in numbers)


class Sampler:
    """Cuts the text into windows and gives each window once per pass over the text, in an order drawn anew for each pass;
    the few windows at a pass's end that do not fill a batch are left out of that pass.

    Its whole state is the pass, the position in it, and the state of its own random generator at the start of the pass.
    It keeps a chain of SHA-256 digests with one link per step, over the step's number and the very numbers that the model
    was shown. Two runs have the same chain only when each step of both read the same windows, each once, in order.
    """

    def __init__(self, tokens, context, batch, seed):
        self.tokens, self.context, self.batch = tokens, context, batch
        self.windows = (len(tokens) - 1) // context
        if self.windows < batch:
            raise DataError(f"the text has {len(tokens)} characters: too few for one batch of {batch} windows of {context}.\n"
                            f"Use a text of at least {batch * context + 1} characters, or a smaller --batch or --context.")
        self.generator = torch.Generator().manual_seed(seed)
        self.step = 0
        self.chain = hashlib.sha256(f"tradewind-data {seed} {context} {batch}".encode()).hexdigest()
        self._begin_pass(0)

    def _begin_pass(self, number):
        self.epoch, self.position = number, 0
        self.epoch_generator_state = self.generator.get_state()
        self.order = torch.randperm(self.windows, generator=self.generator)

    def next(self):
        """The next batch: (inputs, targets), each batch × context. Counts one step and adds one link to the chain."""
        if self.position + self.batch > self.windows:
            self._begin_pass(self.epoch + 1)
        starts = self.order[self.position:self.position + self.batch] * self.context
        self.position += self.batch
        numbers = self.tokens[starts[:, None] + torch.arange(self.context + 1)]
        self.step += 1
        link = hashlib.sha256(bytes.fromhex(self.chain) + self.step.to_bytes(8, "big"))
        link.update(numbers.numpy().tobytes())
        self.chain = link.hexdigest()
        return numbers[:, :-1], numbers[:, 1:]

    def state(self):
        """Where the sampler stands, as (plain values, the random state that drew this pass's order)."""
        return ({"step": self.step, "epoch": self.epoch, "position": self.position, "chain": self.chain},
                self.epoch_generator_state)

    def restore(self, plain, generator_state):
        self.generator.set_state(generator_state)
        self._begin_pass(plain["epoch"])
        self.position, self.step, self.chain = plain["position"], plain["step"], plain["chain"]

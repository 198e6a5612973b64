"""The state of a run on disk: whole or not at all, equal bytes for equal states, checked when read back.

A checkpoint folder holds
  checkpoint.pt  everything that is needed to go on, as torch.save writes it: model, optimiser, random state, data position
  state.json     a summary for people and programs: step, data_chain, weights_sha256, pin; written after checkpoint.pt
checkpoint.pt is the truth. A run that died between the two files leaves a state.json that is one save old.
"""

import fcntl
import hashlib
import io
import json
import os
import sys
import zipfile

import torch

FORMAT = 1
_FILE, _SUMMARY, _PREFIX = "checkpoint.pt", "state.json", ".new."


class CheckpointError(Exception):
    """The checkpoint cannot be used; the message says why and what to do."""


def weights_sha256(model):
    """SHA-256 over all weights in the order of their names: name, type, shape, values."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        value = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


def read_summary(folder):
    """state.json as a dict, or None where there is none that can be read."""
    try:
        with open(os.path.join(folder, _SUMMARY), encoding="utf-8") as file:
            summary = json.load(file)
            return summary if isinstance(summary, dict) else None
    except (OSError, ValueError):
        return None


def lock(folder):
    """Makes the folder, and takes it for this process until it ends. Returns the descriptor that holds the lock."""
    try:
        os.makedirs(folder, exist_ok=True)
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise CheckpointError(f"cannot use the checkpoint folder {folder}: {error.strerror}") from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise CheckpointError(f"another run is writing its checkpoints into {folder}.\n"
                              "Wait for it, stop it, or give this run a folder of its own: --checkpoint-dir DIR") from None
    except OSError:
        pass  # a file system without locks; there the user keeps runs apart
    for name in os.listdir(folder):
        if name.startswith(_PREFIX):
            os.unlink(os.path.join(folder, name))  # a save that did not end
    return held


def _replace(folder, name, content):
    """Puts `content` at folder/name so that after a crash at any moment the old file or the new one is there, whole."""
    temporary = os.path.join(folder, _PREFIX + name)
    with open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, os.path.join(folder, name))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _canonical(tensors):
    """The same tree of tensors, equal names being one object: pickle writes an object that it has seen before as a
    reference, so that the bytes would otherwise tell a resumed run from an undisturbed one."""
    if isinstance(tensors, dict):
        return {sys.intern(key) if isinstance(key, str) else key: _canonical(item) for key, item in tensors.items()}
    return tensors


def save(folder, tensors, plain):
    """Writes both files. `tensors`: dicts of dicts of tensors. `plain`: what JSON can hold; its "summary" becomes state.json."""
    content = io.BytesIO()  # not a path: torch would write the file's name into the archive
    # Plain values travel as one JSON text, since PyTorch 1.13 refuses numbers in a file that it may load without running code.
    torch.save(_canonical({"format": FORMAT, "plain": json.dumps(plain, sort_keys=True), **tensors}), content)
    try:
        _replace(folder, _FILE, content.getvalue())
        _replace(folder, _SUMMARY, (json.dumps(plain["summary"], indent=1, sort_keys=True) + "\n").encode())
    except OSError as error:
        raise CheckpointError(f"cannot write a checkpoint into {folder}: {error.strerror}.\n"
                              "The last checkpoint that was saved is still whole.") from None


def load(folder):
    """What save() was given, as (tensors, plain), or None where nothing has been saved. Refuses what is torn, altered or
    missing. Loading runs no code from the file: a checkpoint may come from a store that others can write to."""
    path = os.path.join(folder, _FILE)
    if not os.path.exists(path):
        summary = read_summary(folder)
        if summary:
            raise CheckpointError(f"{folder}/{_SUMMARY} speaks of step {summary.get('step')}, but {_FILE} is missing.\n"
                                  f"Put {_FILE} back, or remove {_SUMMARY} to start anew.")
        return None
    cure = f"Put back a whole copy, or remove {path} and {_SUMMARY} to start anew."
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # torch itself does not compare every checksum
            if damaged:
                raise CheckpointError(f"{path} is damaged: the checksum of its part {damaged} is wrong.\n{cure}")
        state = torch.load(path, map_location="cpu", weights_only=True)
        plain = json.loads(state["plain"]) if isinstance(state, dict) and state.get("format") == FORMAT else None
    except CheckpointError:
        raise
    except Exception as error:  # torch and zipfile raise nearly anything on a torn file
        told = str(error).strip().splitlines()
        raise CheckpointError(f"{path} is torn or is no checkpoint: {told[0] if told else type(error).__name__}\n"
                              f"{cure}") from None
    if plain is None:
        raise CheckpointError(f"{path} is not a checkpoint of this program (format {FORMAT}).\n{cure}")
    return state, plain

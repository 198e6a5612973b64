#!/usr/bin/python3
"""Checks of the training recipe: a run that was stopped, killed or moved ends with the very bytes of one that was not."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
import pin  # noqa: E402

STEPS = 150
WORDS = ("In", "the", "beginning", "God", "created", "heaven", "and", "earth", "was", "without", "form", "void")


def plain_text(characters):
    """Some text that needs no package: words in an order that a small model finds hard enough."""
    lines, number = [], 1
    while sum(map(len, lines)) < characters:
        number = number * 1103515245 + 12345 & 0x7FFFFFFF
        lines.append(WORDS[(number >> 16) % len(WORDS)] + ("\n" if number % 7 == 0 else " "))
    return "".join(lines)


class Run:
    """One process of train.py with a tiny model, writing into `folder`. Use in a `with`: nothing outlives the block."""

    def __init__(self, folder, *arguments, steps=STEPS, text=None, environment=None):
        self.folder = folder
        self.progress = os.path.join(folder, "progress.jsonl")
        os.makedirs(folder, exist_ok=True)
        self.lines_before = len(self.records())
        command = [sys.executable, "-B", os.path.join(HERE, "train.py"), "--size", "tiny", "--steps", str(steps), "--sample", "40",
                   "--save-every", "0", "--out", folder, *(["--text", text] if text else []), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
                                        env={**clean_environment(), "TRADEWIND_PROGRESS": self.progress, **(environment or {})})

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def records(self):
        """All progress records of this folder so far, those of earlier processes included; a torn last line is left out."""
        try:
            with open(self.progress, encoding="utf-8") as file:
                return [json.loads(line) for line in file if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def wait_for(self, wanted):
        """Waits until a record of this process fulfils `wanted`; false when the process ended before."""
        while True:
            ended = self.process.poll() is not None
            if any(wanted(record) for record in self.records()[self.lines_before:]):
                return True
            if ended:
                return False
            time.sleep(0.005)

    def finish(self):
        """(exit code, stdout, stderr)"""
        out, err = self.process.communicate()
        return self.process.returncode, out, err


def clean_environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIND_") and name not in pin.VARIABLES}


def file_bytes(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def at_step(step):
    return lambda record: record.get("step", 0) >= step and "metrics" in record


def saved(record):
    return record.get("checkpoint") == "saved"


class Undisturbed:
    """One run that nothing disturbed, made once, which the others are compared with."""


def setUpModule():  # noqa: N802 (the name that unittest looks for)
    Undisturbed.room = tempfile.mkdtemp(prefix="tw-recipe-")
    unittest.addModuleCleanup(shutil.rmtree, Undisturbed.room)
    Undisturbed.text = os.path.join(Undisturbed.room, "text with spaces 한글.txt")
    with open(Undisturbed.text, "w", encoding="utf-8") as file:
        file.write(plain_text(60000))
    Undisturbed.folder = os.path.join(Undisturbed.room, "undisturbed")
    with Run(Undisturbed.folder, text=Undisturbed.text) as run:
        code, Undisturbed.out, err = run.finish()
        assert code == 0, err
        Undisturbed.records = run.records()


class TrainTest(unittest.TestCase):
    """A base with what the tests share; holds no test itself."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="run ", dir=Undisturbed.room)

    def complete(self, *arguments, folder=None, **keywords):
        with Run(folder or self.folder, *arguments, text=Undisturbed.text, **keywords) as run:
            return run.finish()

    def interrupt(self, step, number, *arguments):
        """Starts a run and sends it a signal once it has done `step` steps. A run that was too quick is started anew."""
        for _ in range(5):
            with Run(self.folder, *arguments, text=Undisturbed.text) as run:
                self.assertTrue(run.wait_for(at_step(step)), run.process.poll())
                run.process.send_signal(number)
                result = run.finish()
                if result[0] != 0:
                    return result
            shutil.rmtree(self.folder)
        self.fail("the run ended before the signal, five times")

    def assert_same_end(self):
        for name in ("weights.sha256", "loss.csv", "sample.txt", "checkpoint/checkpoint.pt", "checkpoint/state.json"):
            self.assertEqual(file_bytes(self.folder, name), file_bytes(Undisturbed.folder, name), name)

    def state(self):
        return json.loads(file_bytes(self.folder, "checkpoint", "state.json"))


class Outcome(TrainTest):
    def test_a_run_reports_every_step_once_and_its_save(self):
        steps = [record["step"] for record in Undisturbed.records if "metrics" in record]
        self.assertEqual(steps, list(range(1, STEPS + 1)))
        self.assertEqual([r for r in Undisturbed.records if "metrics" not in r], [{"checkpoint": "saved", "step": STEPS}])
        self.assertEqual(set(Undisturbed.records[0]), {"step", "total", "metrics"})
        self.assertEqual(set(Undisturbed.records[0]["metrics"]), {"loss", "tokens_per_s"})
        self.assertEqual({record["total"] for record in Undisturbed.records if "total" in record}, {STEPS})

    def test_a_run_learns_and_leaves_its_three_files(self):
        rows = file_bytes(Undisturbed.folder, "loss.csv").decode().splitlines()
        self.assertEqual((rows[0], len(rows)), ("step,loss", STEPS + 1))
        self.assertLess(float(rows[-1].split(",")[1]), 0.8 * float(rows[1].split(",")[1]))
        self.assertIn(file_bytes(Undisturbed.folder, "sample.txt").decode().strip(), Undisturbed.out)
        self.assertIn(file_bytes(Undisturbed.folder, "weights.sha256").decode().strip(), Undisturbed.out)

    def test_two_fresh_runs_agree_to_the_last_byte(self):
        code, _, err = self.complete()
        self.assertEqual((code, err), (0, ""))
        self.assert_same_end()

    def test_saving_on_the_way_changes_nothing(self):
        code, _, err = self.complete("--save-every", "40")
        self.assertEqual((code, err), (0, ""))
        with Run(self.folder, text=Undisturbed.text) as run:
            self.assertEqual([r["step"] for r in run.records() if saved(r)], [40, 80, 120, STEPS])
        self.assert_same_end()


class Interruption(TrainTest):
    def test_after_sigterm_at_any_step_the_run_ends_as_if_undisturbed(self):
        for step in (1, 60):
            with self.subTest(step=step):
                code, out, err = self.interrupt(step, signal.SIGTERM)
                self.assertEqual((code, err), (143, ""))
                stopped_at = self.state()["step"]
                self.assertGreaterEqual(stopped_at, step)
                self.assertIn(f"after step {stopped_at}; saved", out)
                code, out, err = self.complete()
                self.assertEqual((code, err), (0, ""))
                self.assertIn(f"resumed after step {stopped_at}", out)
                self.assert_same_end()
                shutil.rmtree(self.folder)

    def test_after_kill_9_it_goes_on_from_the_last_save_and_ends_the_same(self):
        code, _, _ = self.interrupt(75, signal.SIGKILL, "--save-every", "20")
        self.assertEqual(code, -signal.SIGKILL)
        at = self.state()["step"]
        self.assertEqual(at % 20, 0)
        self.assertGreaterEqual(at, 60)
        code, out, err = self.complete("--save-every", "20")
        self.assertEqual((code, err), (0, ""))
        self.assertIn(f"resumed after step {at}", out)
        self.assert_same_end()

    def test_sigusr1_saves_after_the_step_and_training_goes_on(self):
        for _ in range(5):
            with Run(self.folder, text=Undisturbed.text) as run:
                self.assertTrue(run.wait_for(at_step(10)))
                run.process.send_signal(signal.SIGUSR1)
                self.assertTrue(run.wait_for(saved))
                early = next(record["step"] for record in run.records() if saved(record))
                self.assertEqual(run.finish()[0], 0)
            if early < STEPS:
                break
            shutil.rmtree(self.folder)
        self.assertLess(early, STEPS)
        self.assert_same_end()

    def test_a_finished_run_that_is_started_again_trains_no_more(self):
        shutil.copytree(Undisturbed.folder, self.folder, dirs_exist_ok=True)
        os.unlink(os.path.join(self.folder, "sample.txt"))
        with Run(self.folder, text=Undisturbed.text) as run:
            code, _, err = run.finish()
            self.assertEqual((code, err), (0, ""))
            self.assertFalse(any("metrics" in record for record in run.records()[run.lines_before:]))
        self.assert_same_end()

    def test_the_chain_of_data_can_be_recomputed_and_tells_a_forged_one(self):
        shutil.copytree(Undisturbed.folder, self.folder, dirs_exist_ok=True)
        code, out, _ = self.complete("--check-data")
        self.assertEqual(code, 0)
        self.assertIn(f"each of {STEPS} steps", out)
        forge(self.folder, {"position": {"chain": "00" * 32}})
        code, _, err = self.complete("--check-data")
        self.assertEqual(code, 1)
        self.assertIn("but the checkpoint says 0000", err)


def forge(folder, changes):
    """Rewrites checkpoint.pt with changed plain values: whole, and wrong, as a program with a mistake would leave it."""
    script = ("import json, sys, torch; path = sys.argv[1]; state = torch.load(path); plain = json.loads(state['plain'])\n"
              "for name, values in json.loads(sys.argv[2]).items(): plain[name].update(values)\n"
              "state['plain'] = json.dumps(plain, sort_keys=True); torch.save(state, path)")
    subprocess.run([sys.executable, "-c", script, os.path.join(folder, "checkpoint", "checkpoint.pt"), json.dumps(changes)],
                   check=True)


class Refusal(TrainTest):
    """Each refusal ends in exit code 1 and a message that names the thing and the cure, and alters no file."""

    def refused(self, *expected, arguments=(), **keywords):
        code, out, err = self.complete(*arguments, **keywords)
        self.assertEqual(code, 1, out + err)
        self.assertNotIn("Traceback", err)
        for words in expected:
            self.assertIn(words, err)

    def with_damaged(self, damage):
        shutil.copytree(Undisturbed.folder, self.folder, dirs_exist_ok=True)
        path = os.path.join(self.folder, "checkpoint", "checkpoint.pt")
        damaged = damage(file_bytes(path))
        with open(path, "wb") as file:
            file.write(damaged)
        self.refused(path, "Put back a whole copy")
        self.assertEqual(file_bytes(path), damaged)

    def test_a_truncated_checkpoint_is_refused(self):
        self.with_damaged(lambda content: content[:len(content) // 2])

    def test_a_checkpoint_with_one_flipped_bit_is_refused(self):
        middle = len(file_bytes(Undisturbed.folder, "checkpoint", "checkpoint.pt")) // 2
        self.with_damaged(lambda content: content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:])

    def test_an_empty_checkpoint_is_refused(self):
        self.with_damaged(lambda content: b"")

    def test_a_whole_checkpoint_whose_weights_are_not_those_it_names_is_refused(self):
        shutil.copytree(Undisturbed.folder, self.folder, dirs_exist_ok=True)
        forge(self.folder, {"summary": {"weights_sha256": "11" * 32}})
        self.refused("contradicts itself")

    def test_a_summary_without_its_checkpoint_is_refused(self):
        shutil.copytree(Undisturbed.folder, self.folder, dirs_exist_ok=True)
        os.unlink(os.path.join(self.folder, "checkpoint", "checkpoint.pt"))
        self.refused("checkpoint.pt is missing")

    def test_the_checkpoint_of_another_run_is_refused(self):
        shutil.copytree(Undisturbed.folder, self.folder, dirs_exist_ok=True)
        self.refused("is of another run", "seed: 1 in the checkpoint, 2 now", arguments=("--seed", "2"))

    def test_a_text_that_is_too_short_or_no_text_is_refused(self):
        short = os.path.join(self.folder, "short.txt")
        with open(short, "w", encoding="utf-8") as file:
            file.write("In the beginning")
        with Run(self.folder, text=short) as run:
            code, _, err = run.finish()
        self.assertEqual(code, 1)
        self.assertIn("16 characters: too few", err)
        binary = os.path.join(self.folder, "binary")
        with open(binary, "wb") as file:
            file.write(b"abc\xff\xfe")
        with Run(self.folder, text=binary) as run:
            code, _, err = run.finish()
        self.assertEqual(code, 1)
        self.assertIn("is not UTF-8 text: byte 3", err)

    def test_a_folder_that_another_run_writes_to_is_refused(self):
        folder = os.path.join(self.folder, "checkpoint")
        os.makedirs(folder)
        held = os.open(folder, os.O_RDONLY)
        self.addCleanup(os.close, held)
        fcntl.flock(held, fcntl.LOCK_EX)
        self.refused("another run is writing", folder)

    def test_wrong_usage_ends_with_2_before_torch_is_loaded(self):
        result = subprocess.run([sys.executable, "-B", os.path.join(HERE, "train.py"), "--steps", "0"], stderr=subprocess.PIPE,
                                text=True, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--steps must be at least 1", result.stderr)


class Watcher(TrainTest):
    def test_a_fifo_with_a_reader_gets_every_record(self):
        path = os.path.join(self.folder, "fifo")
        os.mkfifo(path)
        lines = []

        def read():
            with open(path, encoding="utf-8") as file:
                lines.extend(file)
        reader = threading.Thread(target=read)
        reader.start()
        code, _, err = self.complete(steps=5, environment={"TRADEWIND_PROGRESS": path})
        reader.join()
        self.assertEqual((code, err), (0, ""))
        self.assertEqual([json.loads(line)["step"] for line in lines], [1, 2, 3, 4, 5, 5])

    def test_no_watcher_or_a_hopeless_one_does_not_stop_the_training(self):
        path = os.path.join(self.folder, "fifo")
        os.mkfifo(path)
        for progress in (path, os.path.join(self.folder, "no", "such", "folder"), ""):
            code, _, err = self.complete(steps=2, environment={"TRADEWIND_PROGRESS": progress})
            self.assertEqual((code, err), (0, ""), progress)
            shutil.rmtree(os.path.join(self.folder, "checkpoint"))

    def test_the_checkpoint_folder_of_the_environment_is_used(self):
        folder = os.path.join(self.folder, "elsewhere")
        code, _, err = self.complete(steps=2, environment={"TRADEWIND_CHECKPOINT_DIR": folder})
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(sorted(os.listdir(folder)), ["checkpoint.pt", "state.json"])

    def test_without_a_text_the_king_james_text_is_read_whole(self):
        with Run(self.folder, steps=1) as run:
            code, out, err = run.finish()
        self.assertEqual((code, err), (0, ""))
        self.assertIn("4,137,850 characters of 63 kinds", out)

    def test_a_text_of_many_characters_is_read_byte_by_byte(self):
        path = os.path.join(self.folder, "hangul.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(chr(0xAC00 + number % 3000) for number in range(3000)))
        with Run(self.folder, text=path, steps=2) as run:
            code, out, err = run.finish()
        self.assertEqual((code, err), (0, ""))
        self.assertIn("9,000 characters of 256 kinds", out)


class Pin(unittest.TestCase):
    HASWELL = {"avx", "avx2", "sse4_2"}

    def test_the_kernel_is_the_best_common_one_that_the_processor_has(self):
        self.assertEqual(pin.choose({}, None, None, self.HASWELL)[0]["OPENBLAS_CORETYPE"], "Haswell")
        self.assertEqual(pin.choose({}, None, None, self.HASWELL | {"avx512f"})[0]["OPENBLAS_CORETYPE"], "Haswell")
        self.assertEqual(pin.choose({}, None, None, {"sse4_2"})[0]["OPENBLAS_CORETYPE"], "Nehalem")
        self.assertNotIn("OPENBLAS_CORETYPE", pin.choose({}, None, None, set())[0])

    def test_what_the_checkpoint_was_made_with_is_taken_again(self):
        recorded = {"OPENBLAS_CORETYPE": "Sandybridge", "OMP_NUM_THREADS": "1"}
        chosen, warning = pin.choose({}, recorded, None, self.HASWELL)
        self.assertEqual((chosen["OPENBLAS_CORETYPE"], chosen["OMP_NUM_THREADS"], warning), ("Sandybridge", "1", None))

    def test_the_users_own_choice_wins_and_is_warned_about(self):
        recorded = {"OPENBLAS_CORETYPE": "Haswell", "OMP_NUM_THREADS": "2"}
        chosen, warning = pin.choose({"OPENBLAS_CORETYPE": "Zen"}, recorded, 3, self.HASWELL)
        self.assertEqual((chosen["OPENBLAS_CORETYPE"], chosen["OMP_NUM_THREADS"]), ("Zen", "3"))
        self.assertIn("OMP_NUM_THREADS is 3 and was 2", warning)
        self.assertIn("OPENBLAS_CORETYPE is Zen and was Haswell", warning)

    def test_a_kernel_that_the_processor_lacks_is_not_taken(self):
        chosen, warning = pin.choose({}, {"OPENBLAS_CORETYPE": "Haswell", "OMP_NUM_THREADS": "2"}, None, {"avx", "sse4_2"})
        self.assertEqual(chosen["OPENBLAS_CORETYPE"], "Sandybridge")
        self.assertIn("this processor lacks", warning)


if __name__ == "__main__":
    unittest.main()

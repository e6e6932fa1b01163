#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The sub-command sweep, with real processes: a grid, points at random, a kill in the middle, trials that fail.

Usage: test_sweep.py DIGITS_CLI ROOT
"""
import csv
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from processes import alive, children, wait_until  # noqa: E402

PROGRAM = sys.argv.pop(1)
DATA = str(Path(sys.argv.pop(1), "examples/digits/data/digits.bin"))
LIMIT = 120
QUIET = ["--data.path", DATA, "--trainer.enable_progress_bar", "false", "--trainer.enable_model_summary", "false"]
SHORT = ["--model", "Mlp", *QUIET, "--trainer.max_epochs", "1", "--trainer.limit_train_batches", "4",
         "--trainer.limit_val_batches", "2"]
LONG = ["--model", "Mlp", *QUIET, "--trainer.max_epochs", "500"]


class Sweep(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def start(self, *words: str) -> subprocess.Popen:
        return subprocess.Popen([PROGRAM, "sweep", *words], cwd=self.folder, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_sweep(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([PROGRAM, "sweep", *words], cwd=self.folder, text=True, capture_output=True, timeout=LIMIT)

    def results(self, folder: str = "sweep") -> list[dict[str, str]]:
        with open(self.folder / folder / "results.csv", newline="") as file:
            return list(csv.DictReader(file))

    def test_a_grid(self):
        done = self.run_sweep("model.hidden=8,16", "data.batch_size=16,32", "--monitor", "val_acc", "--mode", "max", *SHORT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        rows = self.results()
        self.assertEqual({(row["model.hidden"], row["data.batch_size"]) for row in rows},
                         {("8", "16"), ("8", "32"), ("16", "16"), ("16", "32")})
        accuracies = [float(row["val_acc"]) for row in rows]
        self.assertEqual(accuracies, sorted(accuracies, reverse=True))
        # Each is a fit as it would be without the sweep.
        config = (self.folder / "sweep/002/lightning_logs/version_0/config.yaml").read_text()
        self.assertRegex(config, r"hidden: 16\n")
        self.assertRegex(config, r"batch_size: 16\n")
        # Nothing is done twice.
        again = self.run_sweep("--dir", "sweep")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("4 trials, 4 of them done", again.stdout)
        self.assertNotIn("trial 0 of 4", again.stdout)
        self.assertEqual(self.results(), rows)

    def test_points_at_random(self):
        words = ["optimizer.lr=1e-4..1e-1:log", "model.hidden=8..12", "--samples", "3", "--optimizer", "SGD", *SHORT]
        done = self.run_sweep(*words, "--dir", "a", "--seed", "5")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.run_sweep(*words, "--dir", "b", "--seed", "5")
        points = [[(row["optimizer.lr"], row["model.hidden"], row["val_loss"]) for row in self.results(name)] for name in "ab"]
        self.assertEqual(points[0], points[1])
        self.assertEqual(len(set(points[0])), 3)
        for rate, hidden, _ in points[0]:
            self.assertTrue(1e-4 <= float(rate) <= 1e-1 and 8 <= int(hidden) <= 12)

    def test_it_goes_on_after_a_kill(self):
        words = ["model.hidden=8,9,10,11", "--jobs", "1", *SHORT]
        job = self.start(*words)
        first = self.folder / "sweep/000/result.yaml"
        wait_until(lambda: first.exists() and "options" in first.read_text(), "the first result")
        trials = children(job.pid)
        job.kill()
        job.communicate()
        wait_until(lambda: not any(alive(trial) for trial in trials), "the end of the trials")
        result, when = first.read_text(), first.stat().st_mtime_ns
        done = self.run_sweep("--dir", "sweep", "--jobs", "2")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"4 trials, [123] of them done")
        self.assertEqual([row["state"] for row in self.results()], ["done"] * 4)
        self.assertEqual((first.read_text(), first.stat().st_mtime_ns), (result, when))

    def test_an_interrupt_ends_all(self):
        job = self.start("model.hidden=8,9,10", "--jobs", "2", *LONG)
        wait_until(lambda: len(list(self.folder.glob("sweep/*/lightning_logs"))) == 2, "two trials in their fit")
        trials = children(job.pid)
        self.assertEqual(len(trials), 2)
        job.send_signal(signal.SIGINT)
        out, err = job.communicate(timeout=LIMIT)
        self.assertEqual(job.returncode, 128 + signal.SIGINT, out + err)
        self.assertFalse(any(alive(trial) for trial in trials))
        self.assertRegex(out, r"to go on: \S+ sweep --dir sweep")
        self.assertEqual(self.results()[2]["state"], "not run")

    def test_a_trial_that_fails_does_not_end_the_others(self):
        (self.folder / "broken.ckpt").write_text("no checkpoint")
        done = self.run_sweep("ckpt_path=broken.ckpt,null", *SHORT)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("ended with status 2 (see sweep/000/output.txt)", done.stdout)
        self.assertIn("broken.ckpt", (self.folder / "sweep/000/output.txt").read_text())
        self.assertEqual([row["state"] for row in self.results()], ["ended with status 2", "done"])

    def test_mistakes_are_said_before_anything_is_written(self):
        for words, expected in [
            (["model.hiden=1,2"], r"has no flag --model.hiden; did you mean --model.hidden\?"),
            (["model.hidden=8,abc"], "model.hidden = 'abc' has the wrong type"),
            (["optimizer.lr=1e-3..1e-1"], r"lt\[E842\] optimizer.lr is a range"),
            (["optimizer.lr=1..0.1", "--samples", "2"], r"lt\[E841\]"),
            (["model.hidden=1,", "--samples", "2"], r"lt\[E840\] 'model.hidden=1,' has an empty value"),
            (["model.hidden=1", "model.hidden=2"], "model.hidden is given twice"),
            (["model.hidden=1,2", "--model.hidden", "3"], "is given twice"),
            (["model.hidden=1,2", "--mode", "up"], r"lt\[E844\] sweep: --mode"),
            (["model.hidden=1,2", "--jobs", "few"], r"lt\[E844\] sweep: .*few"),
            ([], r"lt\[E846\] no option to try"),
        ]:
            with self.subTest(words):
                done = self.run_sweep(*words, "--model", "Mlp")
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertRegex(done.stderr, expected)
                self.assertEqual(done.stderr.count("\n"), 1)
                self.assertEqual(os.listdir(self.folder), [])

    def test_a_folder_of_another_sweep(self):
        self.assertEqual(self.run_sweep("model.hidden=8", *SHORT).returncode, 0)
        done = self.run_sweep("model.hidden=9", *SHORT)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"lt\[E845\] sweep holds another sweep, of model.hidden=8;")

    def test_its_help(self):
        done = self.run_sweep("--help")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"--monitor\b")


if __name__ == "__main__":
    unittest.main()

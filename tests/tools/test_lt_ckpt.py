#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lt-ckpt on files that Lightning wrote, and on what it makes of them. Usage: test_lt_ckpt.py PROGRAM FOLDER"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM, RECORDED = sys.argv[1], Path(sys.argv[2])
FIRST, SECOND = str(RECORDED / "first.ckpt"), str(RECORDED / "second.ckpt")


def run(*words):
    """Status, lines of the output, errors."""
    done = subprocess.run([PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stdout.splitlines(), done.stderr


class Show(unittest.TestCase):
    def test_where_the_run_stood_and_every_value(self):
        status, lines, errors = run("show", FIRST)
        self.assertEqual((status, errors), (0, ""))
        self.assertEqual(lines[:5], [
            "format: torch.save", 'pytorch-lightning_version: "2.6.6"', "epoch: 0", "global_step: 2",
            "weights: 2 tensors, 8 numbers, 32 bytes"])
        values = {line.split("  ")[0]: line.split("  ")[-1].strip() for line in lines[6:]}
        self.assertEqual(values["state_dict.layer.weight"], "float32 [2, 3], 24 bytes")
        self.assertEqual(values["optimizer_states[0].state[1].momentum_buffer"], "float32 [2], 8 bytes")
        self.assertEqual(values["hyper_parameters.hidden"], "2")
        self.assertEqual(values["loops.predict_loop.state_dict"], "{}")
        self.assertEqual(values["optimizer_states[0].param_groups[0].fused"], "None")


class Diff(unittest.TestCase):
    def test_two_checkpoints_of_one_run(self):
        status, lines, errors = run("diff", FIRST, SECOND)
        self.assertEqual((status, errors), (1, ""))
        self.assertIn("~ epoch  0 -> 1", lines)
        self.assertTrue(any(line.startswith("~ state_dict.layer.weight  float32 [2, 3], 24 bytes: 6 of 6 numbers "
                                            "differ, by at most 0.0318") for line in lines))
        self.assertTrue(all(line.startswith("~ ") for line in lines))

    def test_a_file_and_itself(self):
        self.assertEqual(run("diff", FIRST, FIRST), (0, [], ""))


class Convert(unittest.TestCase):
    def test_there_and_back_without_a_difference(self):
        with tempfile.TemporaryDirectory() as folder:
            own, back = folder + "/own.ckpt", folder + "/back.ckpt"
            self.assertEqual(run("convert", FIRST, own), (0, [], ""))
            self.assertEqual(run("show", own)[1][0], "format: lt")
            self.assertEqual(run("convert", own, back), (0, [], ""))
            self.assertEqual(run("show", back)[1][0], "format: torch.save")
            self.assertEqual(run("diff", FIRST, own), (0, [], ""))
            self.assertEqual(run("diff", own, back), (0, [], ""))


class Errors(unittest.TestCase):
    def check(self, text, *words):
        status, lines, errors = run(*words)
        self.assertEqual((status, lines), (2, []))
        self.assertIn(text, errors)
        self.assertLess(len(errors.splitlines()), 12)

    def test_files_that_cannot_be_read(self):
        self.check("lt-ckpt: lt[E201] Checkpoint file not found: nowhere.ckpt", "show", "nowhere.ckpt")
        self.check("lt[E201]", "diff", FIRST, "nowhere.ckpt")
        self.check("lt[E221]", "show", __file__)
        self.check("is a folder", "show", str(RECORDED))

    def test_a_damaged_file(self):
        whole = Path(FIRST).read_bytes()
        with tempfile.TemporaryDirectory() as folder:
            cut = Path(folder, "cut.ckpt")
            cut.write_bytes(whole[: len(whole) // 2])
            self.check("lt[E221]", "show", str(cut))
            self.check("lt[E221]", "diff", FIRST, str(cut))

    def test_a_file_that_cannot_be_written(self):
        self.check("lt[E222]", "convert", FIRST, "/nonexistent/a.ckpt")

    def test_usage(self):
        for words in ((), ("show",), ("diff", FIRST), ("compare", FIRST, SECOND)):
            self.check("usage: lt-ckpt show FILE", *words)
        self.assertEqual(run("--help")[0], 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

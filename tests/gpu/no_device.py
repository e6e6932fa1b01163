#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Without a device lt_gpu starts, says so in one sentence, and ends with status 3. Usage: no_device.py PROGRAM"""
import os
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop(1)


class NoDevice(unittest.TestCase):
    def run_program(self, *arguments: str) -> subprocess.CompletedProcess:
        hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
        return subprocess.run([PROGRAM, *arguments], env=hidden, text=True, capture_output=True, timeout=60)

    def test_it_ends_with_status_3_and_one_sentence(self) -> None:
        run = self.run_program()
        self.assertEqual(run.returncode, 3, run.stderr)
        lines = run.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, run.stderr)
        self.assertRegex(lines[0], r"^lt_gpu: no CUDA device, so nothing was run \(.+\)$")
        self.assertEqual(run.stdout, "")

    def test_it_names_its_checks(self) -> None:
        run = self.run_program("--list")
        self.assertEqual(run.returncode, 0, run.stderr)
        names = [line.split(":")[0] for line in run.stdout.splitlines()]
        self.assertEqual(len(names), len(set(names)))
        for name in ("numerics", "graph", "prefetch", "scaler", "memory", "speed", "checkpoints", "nccl"):
            self.assertIn(name, names)

    def test_a_check_that_is_not_there(self) -> None:
        run = self.run_program("nothing")
        self.assertEqual(run.returncode, 2)
        self.assertIn("there is no check nothing", run.stderr)


if __name__ == "__main__":
    unittest.main()

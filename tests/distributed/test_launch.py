#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lt::launch with real processes, which have no LibTorch in them. Usage: test_launch.py PROGRAM"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from processes import alive, wait_until  # noqa: E402

PROGRAM = sys.argv.pop(1)
LIMIT = 30
CLEAN = {k: v for k, v in os.environ.items() if k not in ("RANK", "WORLD_SIZE", "LT_LAUNCHED")}


def run(what: str, ranks: int = 2, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run([PROGRAM, what, str(ranks)], capture_output=True, text=True, timeout=LIMIT,
                          env={**CLEAN, **variables})


class Launch(unittest.TestCase):
    def test_every_rank_says_its_own(self):
        done = run("greet", 3)
        self.assertEqual(done.returncode, 0, done.stderr)
        for rank in range(3):
            self.assertIn(f"[rank {rank}] rank {rank} of 3, port 1, socket {int(rank == 0)}\n", done.stdout)
            self.assertIn(f"[rank {rank}] and an end without a line\n", done.stdout)

    def test_an_error_ends_all(self):
        done = run("fail")
        self.assertEqual(done.returncode, 1)
        self.assertIn('[rank 1] the disk is "full"', done.stdout)
        self.assertIn("lt[E515] rank 1 of 2 (process ", done.stderr)
        self.assertIn("ended with status 1; the other ranks have been ended", done.stderr)
        self.assertEqual(done.stderr.count("lt[E515]"), 1)

    def test_the_status_of_the_first_that_failed(self):
        self.assertEqual(run("status").returncode, 7)

    def test_a_killed_rank(self):
        done = run("die")
        self.assertEqual(done.returncode, 128 + signal.SIGKILL)
        self.assertIn("was killed by signal 9 (Killed)", done.stderr)

    def test_a_rank_that_does_not_listen_is_killed(self):
        self.assertEqual(run("stubborn").returncode, 3)

    def test_restarts(self):
        done = run("third-time")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("restart 1 of 2", done.stderr)
        self.assertIn("restart 2 of 2", done.stderr)
        self.assertIn("[rank 1] attempt 2", done.stdout)

    def start_waiting(self):
        launcher = subprocess.Popen([PROGRAM, "wait", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    text=True, env=CLEAN)
        ranks = [int(launcher.stdout.readline().split()[-1]) for _ in range(2)]
        return launcher, ranks

    def test_signals_are_passed_on(self):
        for sent, status in ((signal.SIGTERM, 1), (signal.SIGUSR1, 0)):
            launcher, _ = self.start_waiting()
            launcher.send_signal(sent)
            out, _ = launcher.communicate(timeout=LIMIT)
            self.assertEqual(out.count(f"told {int(sent)}"), 2)
            self.assertEqual(launcher.returncode, status)

    def test_ranks_end_with_a_launcher_that_is_killed(self):
        launcher, ranks = self.start_waiting()
        launcher.kill()
        launcher.communicate(timeout=LIMIT)
        wait_until(lambda: not any(alive(rank) for rank in ranks), "the end of the ranks")

    def test_under_another_launcher_it_is_a_rank(self):
        done = run("greet", RANK="1", WORLD_SIZE="4", MASTER_ADDR="127.0.0.1", MASTER_PORT="1234")
        self.assertEqual(done.stdout, "rank 1 of 4, port 1, socket 0\n")

    def test_the_error_file_of_torchrun(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "error.json")
            done = run("fail", RANK="1", WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT="1234",
                       TORCHELASTIC_ERROR_FILE=str(path))
            self.assertEqual(done.returncode, 1)
            self.assertEqual(json.loads(path.read_text())["message"]["message"], 'the disk is "full"')

    def test_no_rank(self):
        done = run("greet", 0)
        self.assertEqual(done.returncode, 2)
        self.assertIn("lt[E516] lt::launch: the number of ranks is 0; expected 1 or more", done.stderr)

    def test_a_variable_that_makes_no_sense(self):
        done = run("greet", RANK="x", WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT="1234")
        self.assertEqual(done.returncode, 1)
        self.assertIn('lt[E513] RANK = "x"', done.stderr)


if __name__ == "__main__":
    unittest.main()

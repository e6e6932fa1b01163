# SPDX-License-Identifier: Apache-2.0
"""lt's data-parallel training beside Python's DistributedDataParallel: alone, side by side, in one job; torchrun."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BUILD = Path(os.environ["LT_INTEROP_PROGRAM"]).parents[1]
CPP = BUILD / "interop" / "interop_ddp"
TRAIN = BUILD / "distributed" / "lt_distributed_train"
PYTHON = Path(__file__).with_name("python_rank.py")
STEPS = 200
LIMIT = 240


def command(kind: str, batch_size: int) -> list[str]:
    if kind == "python":
        return [sys.executable, str(PYTHON), str(STEPS), str(batch_size)]
    return [str(CPP), kind, str(STEPS), str(batch_size)]


def environment(**variables) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", **{k: str(v) for k, v in variables.items()}}


def run(kinds: list[str], batch_size: int) -> list[dict]:
    """What the ranks of one job print; `kinds` by rank."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    jobs = [subprocess.Popen(command(kind, batch_size), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env=environment(RANK=rank, WORLD_SIZE=len(kinds), LOCAL_RANK=rank,
                                             MASTER_ADDR="127.0.0.1", MASTER_PORT=port))
            for rank, kind in enumerate(kinds)]
    try:
        # Ranks of Python leave first; the end of their input lets the others go.
        for kind, job in zip(kinds, jobs):
            if kind == "python":
                job.wait(LIMIT)
        outputs = [job.communicate(timeout=LIMIT) for job in jobs]
    finally:
        for job in jobs:
            job.kill()
    for job, (out, err) in zip(jobs, outputs):
        if job.returncode:
            raise AssertionError(f"{job.args} ended with {job.returncode}\n{out}\n{err}")
    return [json.loads(out) for out, _ in outputs]


class DataParallel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.python = run(["python", "python"], 4)

    def test_losses_are_those_of_one_process_on_the_joined_batch(self):
        for ranks in (2, 4):
            # One process reads every sample; two and four read the same ones of each batch.
            alone = run(["fabric"], 8)[0]["losses"]
            found = run(["fabric"] * ranks, 8 // ranks)
            mean = [sum(losses) / ranks for losses in zip(*(rank["losses"] for rank in found))]
            self.assertEqual(len(mean), STEPS)
            for step, (a, b) in enumerate(zip(alone, mean)):
                self.assertLess(abs(a - b), 1e-5 * abs(a), f"{ranks} ranks, step {step}")

    def test_weights_are_pythons_to_the_bit(self):
        found = run(["fabric", "fabric"], 4)
        self.assertEqual([rank["losses"] for rank in found], [rank["losses"] for rank in self.python])
        self.assertEqual(found[0]["weights"], self.python[0]["weights"])
        self.assertEqual(found[1]["weights"], found[0]["weights"])

    def test_four_ranks_too(self):
        found, python = run(["fabric"] * 4, 2), run(["python"] * 4, 2)
        self.assertEqual([rank["weights"] for rank in found], [rank["weights"] for rank in python])

    def test_the_trainer_reaches_the_same_weights(self):
        found = run(["trainer", "trainer"], 4)
        self.assertEqual(found[0]["weights"], self.python[0]["weights"])

    def test_one_job_of_both_kinds(self):
        for kinds in (["python", "fabric"], ["fabric", "python"]):
            with self.subTest(kinds):
                found = run(kinds, 4)
                self.assertEqual(found, self.python)


class Torchrun(unittest.TestCase):
    """The agent starts the program as it would start a script."""

    def torchrun(self, *words: str, options: list[str]) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
                               *options, "--no-python", str(TRAIN), *words],
                              capture_output=True, text=True, timeout=LIMIT, env=environment())

    @staticmethod
    def results(text: str) -> list[str]:
        return sorted(re.findall(r"rank \d of \d: \d+ steps, loss \S+, weights \S+", text))

    @classmethod
    def setUpClass(cls):
        done = subprocess.run([str(TRAIN)], capture_output=True, text=True, timeout=LIMIT, env=environment())
        cls.expected = cls.results(done.stdout)

    def test_a_job(self):
        done = self.torchrun(options=[])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.results(done.stdout), self.expected)

    def test_its_error_file(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.torchrun("throw=5", options=["--log-dir", folder])
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("this rank's sensor is broken", done.stderr)

    def test_a_restart_goes_on_at_the_newest_checkpoint(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.torchrun(f"folder={folder}", "die-once=25", "every=3", options=["--max-restarts", "1"])
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("restored all states from", done.stderr)
            self.assertEqual(self.results(done.stdout), self.expected)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What happens when a rank fails: an error that names it, within the limit, and nothing left behind.

Usage: test_faults.py PROGRAM [KILLS]     KILLS: how often a rank is killed at random (3)
"""
import os
import random
import signal
import sys
import tempfile
import time
import unittest

from support import alive, children, finish, free_port, program, results, run, start, wait_until

PROGRAM = program()
KILLS = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 3


def killed_one(process: int) -> bool:
    """Kills it, unless it has ended by itself."""
    try:
        os.kill(process, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


class Faults(unittest.TestCase):
    def test_a_rank_is_killed_in_a_step(self):
        done = run([PROGRAM, "ranks=3", "die=5"])
        self.assertEqual(done.returncode, 128 + signal.SIGKILL, done.stdout + done.stderr)
        self.assertRegex(done.stderr, r"lt\[E515\] rank 1 of 3 \(process \d+\) was killed by signal 9")
        self.assertRegex(done.stdout, r"lt\[E511\] rank [02] of 3: .* failed: the process of rank 1 has ended")

    def test_without_a_launcher_the_survivor_knows_it_too(self):
        port = free_port()
        jobs = [start([PROGRAM, "die=5"], RANK=rank, WORLD_SIZE=2, MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
                for rank in (0, 1)]
        survivor, _ = (finish(job) for job in jobs)
        self.assertEqual(survivor.returncode, 1)
        self.assertIn("the process of rank 1 has ended", survivor.stderr)

    def test_a_rank_hangs(self):
        done = run([PROGRAM, "hang=5", "timeout=2"])
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"lt\[E511\] rank 0 of 2: .* failed: rank 1 hangs or is out of reach")

    def test_a_rank_throws(self):
        done = run([PROGRAM, "throw=5"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("[rank 1] this rank's sensor is broken", done.stdout)

    def test_ranks_with_different_options(self):
        done = run([PROGRAM, "differ=1"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("lt[E512] the options of fit: rank 1 has `max_epochs = 9` and rank 0 has `max_epochs = 2`",
                      done.stdout)

    def test_a_store_that_is_not_there(self):
        done = run([PROGRAM, "timeout=2"], RANK=1, WORLD_SIZE=2, MASTER_ADDR="127.0.0.1", MASTER_PORT=free_port())
        self.assertEqual(done.returncode, 1)
        self.assertIn("lt[E510] rank 1 of 2: the store at 127.0.0.1:", done.stderr)

    def test_a_rank_that_never_comes(self):
        done = run([PROGRAM, "timeout=2"], RANK=0, WORLD_SIZE=2, MASTER_ADDR="127.0.0.1", MASTER_PORT=free_port())
        self.assertEqual(done.returncode, 1)
        self.assertIn("but not all ranks came within 2 s", done.stderr)

    def test_no_process_is_left_behind(self):
        for sent in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            job = start([PROGRAM, "ranks=2", "epochs=1000", "pause=1"])
            wait_until(lambda: len(children(job.pid)) == 2, "two ranks")
            ranks = children(job.pid)
            time.sleep(0.5)
            os.kill(job.pid, sent)
            finish(job)
            self.assertNotEqual(job.returncode, 0)
            wait_until(lambda: not any(alive(rank) for rank in ranks), "the end of the ranks")

    def test_restarts_reach_the_weights_of_an_undisturbed_run(self):
        job = [PROGRAM, "epochs=4", "pause=4", "every=3"]
        with tempfile.TemporaryDirectory() as folder:
            done = run([*job, f"folder={folder}/undisturbed"])
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            expected = results(done.stdout)
            seed = random.randrange(1 << 30)
            chance = random.Random(seed)
            kills = jobs = 0
            while kills < KILLS:  # a job that is over too soon is followed by another
                jobs += 1
                done, killed = self.disturbed([*job, f"folder={folder}/disturbed{jobs}"], KILLS - kills, chance)
                kills += killed
                said = f"seed {seed}, job {jobs}, {kills} kills\n{done.stdout}{done.stderr}"
                self.assertEqual(done.returncode, 0, said)
                self.assertEqual(results(done.stdout), expected, said)

    @staticmethod
    def disturbed(job: list[object], kills: int, chance: random.Random):
        """The end of a job of which a rank is killed `kills` times, and how often it was before the job was over."""
        running = start([*job, f"restarts={kills}"])
        killed = 0
        last: list[int] = []
        while killed < kills and running.poll() is None:
            # The ranks of this attempt, some time into it: at the start, in a step, while saving.
            wait_until(lambda: running.poll() is not None or
                       (len(children(running.pid)) == 2 and children(running.pid) != last), "ranks")
            last = children(running.pid)
            time.sleep(chance.uniform(0.0, 0.9))
            if len(last) == 2 and killed_one(chance.choice(last)):
                killed += 1
        return finish(running), killed


if __name__ == "__main__":
    unittest.main()

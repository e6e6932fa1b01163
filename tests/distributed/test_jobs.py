#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same job under every launcher that is there. Usage: test_jobs.py PROGRAM"""
import os
import shutil
import subprocess
import unittest

from support import finish, free_port, program, results, run, start

PROGRAM = program()


class Jobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = run([PROGRAM, "ranks=2"])
        assert done.returncode == 0, done.stdout + done.stderr
        cls.expected = results(done.stdout)

    def check(self, out: str, err: str = "") -> None:
        self.assertEqual(sorted(results(out)), [0, 1], out + err)
        self.assertEqual(results(out), self.expected, out + err)

    def test_ranks_have_the_same_weights(self):
        self.assertEqual(self.expected[0][2], self.expected[1][2])
        self.assertEqual(self.expected[0][0], 40)  # two epochs of 80 samples, in batches of 2 on 2 ranks

    def test_the_program_starts_its_own_ranks(self):
        done = run([PROGRAM, "devices=2"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check(done.stdout, done.stderr)

    def test_variables_set_by_hand(self):
        port = free_port()
        jobs = [start([PROGRAM], RANK=rank, WORLD_SIZE=2, MASTER_ADDR="127.0.0.1", MASTER_PORT=port) for rank in (1, 0)]
        self.check("".join(finish(job).stdout for job in jobs))

    def test_slurm_by_its_variables(self):
        job_id = 90000 + free_port() % 5000
        jobs = [start([PROGRAM], SLURM_NTASKS=2, SLURM_PROCID=rank, SLURM_LOCALID=rank, SLURM_NODEID=0,
                      SLURM_JOB_ID=job_id, SLURM_NODELIST="localhost") for rank in (0, 1)]
        self.check("".join(finish(job).stdout for job in jobs))

    def test_mpirun(self):
        found = [name for name in ("mpirun.openmpi", "mpirun.mpich") if shutil.which(name)]
        self.assertTrue(found, "there is neither Open MPI nor MPICH; `make setup` installs both")
        for mpirun in found:
            with self.subTest(mpirun):
                extra = ["--allow-run-as-root", "--oversubscribe"] if mpirun.endswith("openmpi") else []
                done = run([mpirun, *extra, "-np", 2, PROGRAM])
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.check(done.stdout, done.stderr)

    def test_more_devices_than_the_launcher_started(self):
        done = run([PROGRAM, "devices=3"], RANK=0, WORLD_SIZE=2, LOCAL_WORLD_SIZE=2, MASTER_ADDR="127.0.0.1",
                   MASTER_PORT=free_port())
        self.assertEqual(done.returncode, 1)
        self.assertIn("lt[E531] Ddp: devices = 3, but kubeflow has started 2 ranks", done.stderr)

    def test_four_ranks(self):
        done = run([PROGRAM, "ranks=4"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len({weights for _, _, weights in results(done.stdout).values()}), 1)
        self.assertEqual(len(results(done.stdout)), 4)

    def test_two_hosts(self):
        """Two network namespaces joined by a pair of virtual devices: ranks that share no interface."""
        names = [f"lt{os.getpid()}{end}" for end in "ab"]
        commands = [f"ip netns add {name}" for name in names]
        commands += [f"ip link add {names[0]} netns {names[0]} type veth peer name {names[1]} netns {names[1]}"]
        for i, name in enumerate(names):
            commands += [f"ip -n {name} addr add 10.213.7.{i + 1}/24 dev {name}", f"ip -n {name} link set {name} up",
                         f"ip -n {name} link set lo up"]
        try:
            for command in commands:
                done = subprocess.run(command.split(), capture_output=True, text=True)
                if done.returncode:
                    self.skipTest(f"this machine does not let a test make hosts: {command}: {done.stderr.strip()}")
            jobs = [start(["ip", "netns", "exec", name, PROGRAM], RANK=i, WORLD_SIZE=2, MASTER_ADDR="10.213.7.1",
                          MASTER_PORT=29511, GLOO_SOCKET_IFNAME=name) for i, name in enumerate(names)]
            self.check("".join(finish(job).stdout for job in jobs))
        finally:
            for name in names:
                subprocess.run(["ip", "netns", "delete", name], capture_output=True)


if __name__ == "__main__":
    unittest.main()

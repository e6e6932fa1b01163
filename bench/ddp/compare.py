#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A step of two ranks over a step of one process, by lt and by Python's DistributedDataParallel, in turns.

Usage: compare.py PROGRAM [ROUNDS]

The MLP 784-512-512-10 with Adam, batches of 128 for each rank, one thread a rank, Gloo over the loopback. Also the time
from the start of two processes to the end of their first step. Needs a Python with PyTorch (`make bench-ddp` finds it).
"""
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

STEPS = 300
LIMIT = 300
KINDS = {"lt": [sys.argv[1]], "Python": [sys.executable, str(Path(__file__).with_name("rank.py"))]}


def run(kind: str, ranks: int) -> tuple[float, float]:
    """Seconds until the first step is over, microseconds per step; of the slowest rank."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*KINDS[kind], "two" if ranks > 1 else "one", str(STEPS)]
    place = {"WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)} if ranks > 1 else {}
    began = time.time()
    jobs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                             env={**os.environ, "OMP_NUM_THREADS": "1", **place,
                                  **({"RANK": str(rank), "LOCAL_RANK": str(rank)} if place else {})})
            for rank in range(ranks)]
    try:
        outputs = [job.communicate(timeout=LIMIT)[0] for job in jobs]
    finally:
        for job in jobs:
            job.kill()
    if any(job.returncode for job in jobs):
        sys.exit(f"{command} ended with {[job.returncode for job in jobs]}")
    numbers = [[float(word) for word in output.split()] for output in outputs]
    return max(first for first, _ in numbers) - began, max(step for _, step in numbers)


def main() -> None:
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    found: dict[str, list[float]] = {}

    def note(what: str, value: float) -> None:
        found.setdefault(what, []).append(value)

    for turn in range(rounds):
        for kind in sorted(KINDS, reverse=bool(turn % 2)):
            _, one = run(kind, 1)
            launch, two = run(kind, 2)
            note(f"{kind}: microseconds per step, one process", one)
            note(f"{kind}: microseconds per step, two ranks", two)
            note(f"{kind}: two ranks over one process", two / one)
            note(f"{kind}: seconds from launch to the end of the first step", launch)
    for what, index in (("a step of two ranks", "microseconds per step, two ranks"),
                        ("two ranks over one", "two ranks over one process"),
                        ("launch to first step", "seconds from launch to the end of the first step")):
        found[f"lt over Python: {what}"] = [a / b for a, b in zip(found[f"lt: {index}"], found[f"Python: {index}"])]
    print(f"medians of {rounds} rounds (least to most)")
    for what in sorted(found):
        values = found[what]
        print(f"{what:58} {statistics.median(values):10.3f}  ({min(values):.3f} to {max(values):.3f})")


if __name__ == "__main__":
    main()

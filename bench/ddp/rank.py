#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Python half of compare.py: rank.cpp's model, data and output, by hand and with DistributedDataParallel.

Usage: rank.py one|two STEPS
"""
import os
import statistics
import sys
import time

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

WARM_UP = 20


def main() -> None:
    two, steps = sys.argv[1] == "two", int(sys.argv[2])
    torch.set_num_threads(1)
    net = torch.nn.Sequential(torch.nn.Linear(784, 512), torch.nn.ReLU(), torch.nn.Linear(512, 512), torch.nn.ReLU(),
                              torch.nn.Linear(512, 10))
    if two:
        dist.init_process_group("gloo")
        net = DistributedDataParallel(net)
    batches = [(torch.rand(128, 784), torch.randint(10, (128,))) for _ in range(16)]
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    begins: list[float] = []
    first = 0.0
    for step in range(steps):
        begins.append(time.perf_counter())
        if step == 1:
            first = time.time()
        x, target = batches[step % 16]
        loss = torch.nn.functional.cross_entropy(net(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    times = [(b - a) * 1e6 for a, b in zip(begins[WARM_UP:], begins[WARM_UP + 1:])]
    print(f"{first:.6f} {statistics.median(times):.3f}", flush=True)
    if two:
        dist.barrier()
        os._exit(0)  # destroy_process_group() may abort when another rank has left before


if __name__ == "__main__":
    main()

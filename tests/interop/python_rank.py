#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Python half of test_ddp.py: a rank of DistributedDataParallel, with the model and data of ddp.cpp.

Usage: python_rank.py STEPS BATCH_SIZE
"""
import json
import os
import sys

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

COUNT = 64


def network() -> torch.nn.Sequential:
    net = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    with torch.no_grad():
        for phase, parameter in enumerate(net.parameters()):
            values = (torch.arange(float(parameter.numel())) + float(phase)).sin().mul(0.5)
            parameter.copy_(values.view(parameter.shape))
    return net


def main() -> None:
    steps, batch_size = int(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    net = DistributedDataParallel(network())
    x = torch.arange(6.0 * COUNT).sin().view(COUNT, 6)
    data = TensorDataset(x, x.sum(1, keepdim=True).sin())
    sampler = DistributedSampler(data)
    loader = DataLoader(data, batch_size, sampler=sampler)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    losses: list[float] = []
    epoch = 0
    while len(losses) < steps:
        sampler.set_epoch(epoch)
        epoch += 1
        for inputs, targets in loader:
            loss = torch.nn.functional.mse_loss(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if len(losses) == steps:
                break
    weights = [value for parameter in net.parameters() for value in parameter.detach().flatten().tolist()]
    dist.barrier()
    print(json.dumps({"losses": losses, "weights": weights}), flush=True)
    # Not destroy_process_group(): it may abort when another rank has left before.
    os._exit(0)


if __name__ == "__main__":
    main()

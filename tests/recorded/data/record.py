# SPDX-License-Identifier: Apache-2.0
"""Records the orders that Python's torch gives, for tests/torch/data.

    python tests/recorded/data/record.py > tests/recorded/data/orders.hpp

Needs torch 2.15. Every list is what the named object yields; `after` is a draw from the default
generator behind it, which shows that it was left in the same state.
"""
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
    random_split,
)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(5))


def flat(loader):
    return [int(i) for batch in loader for i in batch]


def after():
    return int(torch.empty((), dtype=torch.int64).random_())


def emit(name, values):
    text = ", ".join(f"{v}" for v in values)
    print(f"inline const std::vector<std::int64_t> {name} = {{{text}}};")


def epochs(name, make, count=3):
    torch.manual_seed(42)
    loader = make()
    for epoch in range(count):
        emit(f"{name}_{epoch}", flat(loader))
    emit(f"{name}_after", [after()])


def generator(seed):
    return torch.Generator().manual_seed(seed)


data = list(range(10))
print("// SPDX-License-Identifier: Apache-2.0")
print("// Written by record.py beside it, with torch", torch.__version__.split("+")[0])
print("#pragma once\n\n#include <cstdint>\n#include <vector>\n\nnamespace recorded {\n")
print("// clang-format off")

epochs("sequential", lambda: DataLoader(data, batch_size=4))
epochs("shuffled", lambda: DataLoader(data, batch_size=4, shuffle=True))
epochs("shuffled_drop", lambda: DataLoader(data, batch_size=4, shuffle=True, drop_last=True))
epochs("own_4", lambda: DataLoader(data, batch_size=4, shuffle=True, generator=generator(7)))
# 5 divides 10: the sampler is asked once more at the end of a full pass.
epochs("own_5", lambda: DataLoader(data, batch_size=5, shuffle=True, generator=generator(7)))
epochs(
    "own_5_drop",
    lambda: DataLoader(data, batch_size=5, shuffle=True, drop_last=True, generator=generator(7)),
)
epochs("workers", lambda: DataLoader(data, batch_size=4, shuffle=True, num_workers=2))
epochs(
    "persistent",
    lambda: DataLoader(
        data, batch_size=4, shuffle=True, num_workers=2, persistent_workers=True
    ),
)
epochs(
    "workers_own_5",
    lambda: DataLoader(data, batch_size=5, shuffle=True, num_workers=2, generator=generator(7)),
)

# One batch per pass, as with a limit: what is drawn when a pass is left early.
for name, keywords in [("early", {}), ("early_own", {"generator": generator(7)})]:
    torch.manual_seed(42)
    loader = DataLoader(data, batch_size=5, shuffle=True, **keywords)
    for epoch in range(3):
        emit(f"{name}_{epoch}", [int(i) for i in next(iter(loader))])
    emit(f"{name}_after", [after()])

# A pass that is begun and never asked for a batch.
torch.manual_seed(42)
iter(DataLoader(data, batch_size=5, shuffle=True))
emit("begun_after", [after()])

epochs("stream", lambda: DataLoader(Stream(), batch_size=2))

sized = list(range(70))


def sampled(name, make):
    epochs(name, lambda: DataLoader(sized, batch_size=8, sampler=make()), count=2)


sampled("replacement", lambda: RandomSampler(sized, replacement=True))
sampled("replacement_64", lambda: RandomSampler(sized, replacement=True, num_samples=64))
sampled("replacement_own", lambda: RandomSampler(sized, True, 40, generator(3)))
sampled("longer", lambda: RandomSampler(sized, num_samples=100))
sampled("longer_own", lambda: RandomSampler(sized, num_samples=140, generator=generator(3)))
sampled("shorter", lambda: RandomSampler(sized, num_samples=20))
sampled("subset", lambda: SubsetRandomSampler([3, 1, 4, 15, 9, 26]))
sampled("subset_own", lambda: SubsetRandomSampler([3, 1, 4, 15, 9, 26], generator(3)))
weights = [0.1, 0.9, 0.4, 0.7, 3.0, 0.6]
sampled("weighted", lambda: WeightedRandomSampler(weights, 12))
sampled("weighted_own", lambda: WeightedRandomSampler(weights, 12, generator=generator(3)))
sampled("weighted_once", lambda: WeightedRandomSampler(weights, 5, replacement=False))

torch.manual_seed(42)
for name, parts in [
    ("split_lengths", random_split(data, [7, 3])),
    ("split_fractions", random_split(data, [0.5, 0.25, 0.25])),
    ("split_own", random_split(data, [0.9, 0.1], generator(42))),
]:
    for i, part in enumerate(parts):
        emit(f"{name}_{i}", part.indices)
emit("split_after", [after()])

for replicas in (2, 3):
    for drop in (False, True):
        for rank in range(replicas):
            sampler = DistributedSampler(data[:7], replicas, rank, True, 5, drop)
            for epoch in range(2):
                sampler.set_epoch(epoch)
                emit(f"dist_{replicas}_{'drop' if drop else 'pad'}_{rank}_{epoch}", sampler)
    for rank in range(replicas):
        sampler = DistributedSampler(data[:7], replicas, rank, shuffle=False)
        emit(f"dist_{replicas}_order_{rank}", sampler)
emit("dist_5_tiny_4", DistributedSampler([0, 1], 5, 4, shuffle=False))

print("// clang-format on\n\n}  // namespace recorded")

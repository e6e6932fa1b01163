#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure what the trainers that a command line holds cost to compile, in CPU seconds.

Usage: cli_compile_time.py [--held 1,2,4,8] [--compiler g++] [--flags "-O0"] [--elsewhere]

Compiles one program for each number, with as many models to choose from, and prints its seconds and what each trainer
beyond the first has added. The last line says whether the cost grows at most linearly: whether a trainer of the last
step costs at most half as much again as one of all steps together. With `--elsewhere`, all trainers are instantiated by
other translation units (LT_CLI_ELSEWHERE), and what is left for main.cpp is measured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from compile_time import ROOT, cpu_seconds, torch_folder

UNIT = """\
#include <lt/cli.hpp>
#include <lt/lt.hpp>
#include <lt/nn.hpp>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/linear.h>

template <int N>
struct Net : lt::nn::Module {
  lt::Tensor training_step(const lt::Example<>& batch, std::int64_t) {
    return torch::nn::functional::mse_loss(layer(batch.data), batch.target);
  }
  void validation_step(const lt::Example<>& batch, std::int64_t) { log("val_loss", layer(batch.data).mean()); }
  lt::optim::SGD configure_optimizers() { return lt::optim::SGD(parameters(), {.lr = 0.1 * N}); }
  torch::nn::Linear layer{register_module("layer", torch::nn::Linear(4, N))};
};
struct Data {
  lt::DataLoader<lt::TensorDataset<lt::Example<>>> train_dataloader();
  lt::DataLoader<lt::TensorDataset<lt::Example<>>> val_dataloader();
};
using App = lt::Cli<lt::choices<NETS>, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu, lt::precision::F32,
                    lt::PartList<lt::EarlyStopping, lt::ModelCheckpoint, lt::CsvLogger>>;
ELSEWHERE
int main(int argc, char** argv) { return App().run(argc, argv); }
"""


def unit(held: int, elsewhere: bool) -> str:
    lines = "\n".join(
        f"LT_CLI_ELSEWHERE(App::trainer<Net<{n}>, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu,"
        " lt::precision::F32>);" for n in range(1, held + 1))
    nets = ", ".join(f"Net<{n}>" for n in range(1, held + 1))
    return UNIT.replace("NETS", nets).replace("ELSEWHERE", lines if elsewhere else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--held", default="1,2,4,8")
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--flags", default="-O0")
    parser.add_argument("--elsewhere", action="store_true")
    arguments = parser.parse_args()
    torch = torch_folder()
    command = [arguments.compiler, "-std=c++20", *arguments.flags.split(), f"-I{ROOT / 'include'}", "-DFMT_HEADER_ONLY",
               "-isystem", str(torch / "include"), "-isystem", str(torch / "include/torch/csrc/api/include")]
    counts = [int(word) for word in arguments.held.split(",")]
    seconds: dict[int, float] = {}
    steps: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for held in counts:
            source = Path(folder, f"held{held}.cpp")
            source.write_text(unit(held, arguments.elsewhere), encoding="utf-8")
            seconds[held] = cpu_seconds([*command, "-c", str(source), "-o", str(source.with_suffix(".o"))])
            line = f"{held} trainers: {seconds[held]:.1f} s"
            before = [count for count in seconds if count < held]
            if before:
                steps.append((seconds[held] - seconds[before[-1]]) / (held - before[-1]))
                line += f", {steps[-1]:.1f} s for each of the last {held - before[-1]}"
            print(line, flush=True)
    if len(steps) < 2:
        return 0
    each = (seconds[counts[-1]] - seconds[counts[0]]) / (counts[-1] - counts[0])
    linear = steps[-1] <= 1.5 * each
    print(f"{each:.1f} s for each beyond the first")
    print("at most linear" if linear else "MORE THAN LINEAR")
    return int(not linear)


if __name__ == "__main__":
    sys.exit(main())

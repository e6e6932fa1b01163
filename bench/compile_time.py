#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure what the headers cost to compile, in CPU seconds, as ratios taken in one run.

Usage: compile_time.py [--rounds N] [--compilers g++,clang++-19] [--flags "-O0"] [--ladder]

Compiles the units of bench/compile in turns and prints the median of each, without a compiler cache: the light door
against the LibTorch headers that it cannot do without, and a unit with a model and a trainer against a bare
`#include <torch/torch.h>`; then both units on a precompiled <torch/torch.h>, as lt::pch has it.

`--ladder` says instead what each header of the light door adds: units with one more of its includes each, in its order.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNITS = ROOT / "bench" / "compile"
#: The wanted bounds: seconds of the light door above LibTorch's headers, and the trainer over the umbrella.
DOOR_SECONDS = 2.0
TRAINER_RATIO = 1.0


def torch_folder() -> Path:
    """Where the project's own environment, LT_TORCH_ROOT or the active Python has LibTorch."""
    if root := os.environ.get("LT_TORCH_ROOT"):
        return Path(root)
    for found in sorted((ROOT / ".venv" / "lib").glob("python3*/site-packages/torch")):
        return found
    sys.exit("bench-compile: no LibTorch; run `make setup` or set LT_TORCH_ROOT")


def cpu_seconds(command: list[str]) -> float:
    """User and system time of a command and its children; ends the program if the command fails."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "CCACHE_DISABLE": "1"})
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"bench-compile: {' '.join(command)}\n{errors}")
    return usage.ru_utime + usage.ru_stime


class Compiler:
    def __init__(self, name: str, flags: list[str], scratch: Path) -> None:
        torch = torch_folder()
        self.name = name
        self.scratch = scratch
        self.base = [
            shutil.which(name),
            "-std=c++20",
            *flags,
            f"-I{ROOT / 'include'}",
            *("-isystem", str(torch / "include")),
            *("-isystem", str(torch / "include/torch/csrc/api/include")),
            "-DFMT_HEADER_ONLY=1",
        ]

    def unit(self, name: str, extra: list[str] = []) -> float:
        return self.compile(UNITS / f"{name}.cpp", extra)

    def compile(self, source: Path, extra: list[str] = []) -> float:
        return cpu_seconds(self.base + extra + ["-c", str(source), "-o", str(self.scratch / "unit.o")])

    def precompile(self) -> list[str]:
        """Precompiles <torch/torch.h>; the flags with which a unit uses it."""
        header = self.scratch / f"{Path(self.base[0]).name}-umbrella.hpp"
        header.write_text("#include <torch/torch.h>\n", encoding="utf-8")
        if "clang" in self.name:
            built = header.with_suffix(".hpp.pch")
            cpu_seconds(self.base + ["-fpch-instantiate-templates", "-x", "c++-header", str(header), "-o", str(built)])
            return ["-include-pch", str(built)]
        cpu_seconds(self.base + ["-x", "c++-header", str(header), "-o", f"{header}.gch"])
        return ["-include", str(header)]


def compare(compiler: Compiler, rounds: int) -> bool:
    pch = compiler.precompile()
    cases = {
        "Tensor.h and optimizer.h": ("libtorch", []),
        "lt/lt.hpp": ("door", []),
        "torch/torch.h": ("umbrella", []),
        "model and trainer": ("trainer", []),
        "torch/torch.h, precompiled": ("umbrella", pch),
        "model and trainer, precompiled": ("trainer", pch),
    }
    seconds: dict[str, list[float]] = {case: [] for case in cases}
    for _ in range(rounds):
        for case, (unit, extra) in cases.items():
            seconds[case].append(compiler.unit(unit, extra))
    median = {case: statistics.median(values) for case, values in seconds.items()}
    print(f"{compiler.name}: CPU seconds, medians of {rounds}")
    for case, value in median.items():
        print(f"  {case:32} {value:6.2f}")
    door = median["lt/lt.hpp"] - median["Tensor.h and optimizer.h"]
    ratio = median["model and trainer"] / median["torch/torch.h"]
    precompiled = median["model and trainer, precompiled"] / median["torch/torch.h"]
    print(f"  the light door costs {door:+.2f} s (wanted: at most {DOOR_SECONDS:+.1f})")
    print(f"  model and trainer over torch/torch.h: {ratio:.2f} (wanted: at most {TRAINER_RATIO:.1f})")
    print(f"  the same on lt::pch: {precompiled:.2f}", flush=True)
    return door <= DOOR_SECONDS and ratio <= TRAINER_RATIO


def ladder(compiler: Compiler, rounds: int) -> None:
    """What each header of the light door adds to those before it; LibTorch's two come first."""
    text = (UNITS / "libtorch.cpp").read_text(encoding="utf-8")
    door = re.findall(r'^#include "(.+)"', (ROOT / "include/lt/lt.hpp").read_text(encoding="utf-8"), re.MULTILINE)
    source = compiler.scratch / "rung.cpp"
    before = 0.0
    print(f"{compiler.name}: CPU seconds that each header adds, medians of {rounds}")
    for header in ["LibTorch's two", *door]:
        if header in door:
            text += f"#include <{header}>\n"
        source.write_text(text, encoding="utf-8")
        now = statistics.median(compiler.compile(source) for _ in range(rounds))
        print(f"  {header:48} {now - before:+6.2f} {now:6.2f}", flush=True)
        before = now


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compilers", default="g++,clang++-19")
    parser.add_argument("--flags", default="-O0")
    parser.add_argument("--ladder", action="store_true", help="what each header of the light door adds")
    options = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.compilers.split(","):
            if shutil.which(name) is None:
                print(f"{name}: not installed, not measured")
                continue
            compiler = Compiler(name, options.flags.split(), Path(scratch))
            if options.ladder:
                ladder(compiler, options.rounds)
            else:
                met = compare(compiler, options.rounds) and met
    if options.ladder:
        return 0
    print("All wanted bounds are met." if met else "A wanted bound is not met.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hold the layers of DESIGN.md.

Usage: check_layers.py includes|alone --root DIR [--cache DIR] [--jobs N] [--compiler CXX] [--torch DIR]

`includes` reads: no header includes upwards; layers 1-2 name no LibTorch and no fmt; nothing behind the light door
includes a heavy header; no file is longer than 600 lines. `alone` compiles every header by itself: layers 1-2 without
LibTorch on the include path, the others with it, the light door also behind PyTorch's own fence. A header that passed
is not compiled again until it, what it includes, or the compiler changes.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import hashlib
import re
import subprocess
import sys
from pathlib import Path

#: Where a header is -> its layer; the longest prefix (of path parts, without suffix) wins.
LAYERS = {
    "core": 1,
    "loops": 2,
    "fwd": 1,
    "policies": 3,
    "tensor": 4,
    "seed": 4,
    "data": 4,
    "optim": 4,
    "metrics": 4,
    "nn": 4,
    "checkpoint": 4,
    "generator": 4,
    "cuda": 4,
    "distributed": 4,
    "launch": 5,
    "fabric": 5,
    "trainer": 6,
    "module": 6,
    "data_module": 6,
    "cli": 7,
    "tuner": 7,
}
#: The doors stand above everything. `nn.hpp` and `cli.hpp` are doors though folders carry their names.
DOORS = {"lt.hpp": 8, "nn.hpp": 8, "precision.hpp": 8, "torch.hpp": 8, "kineto.hpp": 8, "torch_checkpoint.hpp": 8, "ddp.hpp": 8, "cuda.hpp": 8, "nccl.hpp": 8, "cli.hpp": 8, "all.hpp": 9}

LIGHT_DOOR = "lt.hpp"
TORCH_FREE = re.compile(r"^(torch|ATen|c10|caffe2|fmt|pybind11)/")
#: Each costs seconds; DESIGN.md, "Compile time is a feature".
HEAVY = [
    (re.compile(r"^ATen/ops/(?!\w+_ops\.h$)"), "only *_ops.h of ATen/ops"),
    (re.compile(r"^ATen/(ATen|Functions|autocast_mode|NativeFunctions)\.h$"), "ATen/core/Tensor.h instead"),
    (re.compile(r"^torch/(torch|types|all|nn|optim|data|serialize|autograd|script|extension)\.h$"), "no umbrella"),
    (re.compile(r"^torch/(nn|data|serialize)/"), "behind a door of its own"),
    (re.compile(r"^torch/optim/(?!optimizer\.h$)"), "torch/optim/optimizer.h only"),
    (re.compile(r"^torch/csrc/(distributed|jit)/"), "behind a door of its own"),
]
#: Need headers of the CUDA toolkit (and NCCL's); only compiled where these are found.
NEED_CUDA = {"cuda.hpp", "nccl.hpp", "cuda/runtime.hpp", "policies/backend/nccl.hpp"}
CUDA_INCLUDE = Path("/usr/local/cuda/include")
MAX_LINES = 600
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror".split()
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


class Tree:
    """The headers below include/lt, by path relative to it."""

    def __init__(self, root: Path) -> None:
        self.include = root / "include"
        self.base = self.include / "lt"
        self.headers = sorted(
            str(path.relative_to(self.base))
            for path in self.base.rglob("*")
            if path.suffix in (".hpp", ".def") and path.is_file()
        )
        self.text = {name: (self.base / name).read_text(encoding="utf-8") for name in self.headers}

    def includes(self, name: str) -> list[str]:
        """What a header includes: its own kind as `lt/...`, whichever way it is written."""
        found = []
        for bracket, target in INCLUDE.findall(self.text[name]):
            beside = (self.base / name).parent / target
            if bracket == '"' and beside.is_file():
                target = "lt/" + str(beside.resolve().relative_to(self.base.resolve()))
            found.append(target)
        return found

    def own_includes(self, name: str) -> list[str]:
        return [target[3:] for target in self.includes(name) if target.startswith("lt/") and target[3:] in self.text]

    def behind(self, door: str) -> list[str]:
        """The door and all headers of ours that it includes, directly or not."""
        seen, todo = [], [door] if door in self.text else []
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.append(name)
                todo += self.own_includes(name)
        return seen


def layer(name: str) -> int | None:
    if name in DOORS:
        return DOORS[name]
    return LAYERS.get(Path(name).with_suffix("").parts[0])


def family_member(name: str) -> tuple[str, bool]:
    """(family, is a member) of a header in policies/: policies/strategy/ddp.hpp is a member of strategy."""
    parts = Path(name).with_suffix("").parts
    return parts[1], len(parts) > 2


def include_error(name: str, target: str) -> str | None:
    """Why `name` may not include `target`, both relative to include/lt."""
    ours, theirs = layer(name), layer(target)
    if ours is None or theirs is None:
        return None  # said once for the header itself
    is_policy, to_policy = name.startswith("policies/"), target.startswith("policies/")
    if is_policy and to_policy:
        if not family_member(name)[1] and family_member(target)[1]:
            return "a family's contract never includes a member"
        return None
    if is_policy and theirs == 4:
        return None  # layers 3 and 4 stand side by side
    if ours == 4 and to_policy:
        return "layer 4 may use a family's contract, never a member" if family_member(target)[1] else None
    if theirs > ours:
        return f"layer {ours} includes upwards, layer {theirs}"
    return None


def check_includes(tree: Tree) -> list[str]:
    errors = []
    for name in tree.headers:
        if layer(name) is None:
            errors.append(f"{name}: in no layer; give its folder a row in LAYERS (tests/layers/check_layers.py)")
            continue
        lines = tree.text[name].count("\n")
        if lines > MAX_LINES and name.endswith(".hpp"):  # a .def is a table, one row a line
            errors.append(f"{name}: {lines} lines, at most {MAX_LINES}")
        for target in tree.includes(name):
            if layer(name) <= 2 and TORCH_FREE.match(target):
                errors.append(f"{name}: layers 1-2 never include LibTorch or fmt, but it includes <{target}>")
            if target.startswith("lt/"):
                if target[3:] not in tree.text:
                    errors.append(f"{name}: includes <{target}>, which does not exist")
                    continue
                reason = include_error(name, target[3:])
                if reason:
                    errors.append(f"{name}: includes <{target}>: {reason}")
    for name in tree.behind(LIGHT_DOOR):
        for target in tree.includes(name):
            for pattern, instead in HEAVY:
                if pattern.match(target):
                    errors.append(f"{name}: is behind the light door but includes <{target}> ({instead})")
    return errors


def closure_hash(tree: Tree, name: str, command: list[str], compiler: str) -> str:
    digest = hashlib.sha256("\0".join([compiler, *command]).encode())
    for part in sorted(tree.behind(name)):
        digest.update(part.encode() + b"\0" + tree.text[part].encode() + b"\0")
    return digest.hexdigest()


def compile_alone(tree: Tree, name: str, command: list[str], torch_free: bool) -> str | None:
    unit = f"#include <lt/{name}>\n#include <lt/{name}>\n"  # twice: the guard is tested too
    command = [*command, "-x", "c++", "-"]
    run = subprocess.run(command, input=unit, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if run.returncode != 0:
        return f"{name}: does not compile alone\n{run.stdout[:3000]}"
    if torch_free:  # an installed libfmt or LibTorch in /usr/include must not slip in either
        listing = [argument for argument in command if argument != "-fsyntax-only"] + ["-M", "-w"]
        run = subprocess.run(listing, input=unit, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for path in run.stdout.split():
            if re.search(r"/(torch|ATen|c10|caffe2|fmt)/", path):
                return f"{name}: layers 1-2 reach {path}"
    return None


def check_alone(tree: Tree, arguments: argparse.Namespace) -> list[str]:
    version = subprocess.run([arguments.compiler, "--version"], stdout=subprocess.PIPE, text=True).stdout
    torch_version = Path(arguments.torch, "include/torch/headeronly/version.h")
    identity = version + (torch_version.read_text() if torch_version.is_file() else "")
    base = [arguments.compiler, "-std=c++20", "-fsyntax-only", *WARNINGS, f"-I{tree.include}"]
    torch_include = Path(arguments.torch, "include")
    with_torch = [*base, "-DFMT_HEADER_ONLY", "-isystem", str(torch_include),
                  "-isystem", str(torch_include / "torch/csrc/api/include")]
    jobs = []
    for name in tree.headers:
        if name.endswith(".def") or layer(name) is None:
            continue
        free = layer(name) <= 2
        if name in NEED_CUDA:
            # The doors are compiled by the preset `cuda`.
            if name not in DOORS and (CUDA_INCLUDE / "cuda_runtime_api.h").is_file() and (CUDA_INCLUDE / "nccl.h").is_file():
                jobs.append((name, [*with_torch, "-isystem", str(CUDA_INCLUDE)], False))
            continue
        jobs.append((name, base if free else with_torch, free))
        if name == LIGHT_DOOR:
            fence = ["-DAT_PER_OPERATOR_HEADERS", "-DTORCH_ASSERT_ONLY_METHOD_OPERATORS"]
            jobs.append((name, [*with_torch, *fence], False))

    cache = Path(arguments.cache)
    cache.mkdir(parents=True, exist_ok=True)

    def run(job: tuple[str, list[str], bool]) -> str | None:
        stamp = cache / closure_hash(tree, job[0], job[1], identity)
        if stamp.exists():
            return None
        error = compile_alone(tree, *job)
        if error is None:
            stamp.touch()
        return error

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        errors = [error for error in pool.map(run, jobs) if error]
    wanted = {closure_hash(tree, *job[:2], identity) for job in jobs}
    for stamp in cache.iterdir():
        if stamp.name not in wanted:
            stamp.unlink()
    print(f"{len(jobs)} headers compiled alone")
    return errors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["includes", "alone"])
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--cache", default="build/layers")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--torch", default="")
    arguments = parser.parse_args()
    tree = Tree(arguments.root)
    if not tree.headers:
        print(f"no headers below {tree.base}")
        return 1
    errors = check_includes(tree) if arguments.part == "includes" else check_alone(tree, arguments)
    print("\n".join(errors) or f"{len(tree.headers)} headers keep the layers")
    return int(bool(errors))


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions of a training step of lt and of the same step in a hand-written loop.

    check_instructions.py COUNTS [--valgrind V]

Runs the program COUNTS (counts.cpp) under callgrind and compares its dumps:

 - lt may add at most LIMIT instructions to a step,
 - callbacks with nothing to do at a batch add none,
 - with checkpoints, progress and a logger, none of the services that a run reaches through function pointers
   (lt/trainer/services.hpp) is called at a step where nothing is due.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

LIMIT = 3000
# Hash tables keyed by addresses in LibTorch's autograd cost a few instructions more or less.
SAME = 100


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("counts")
    parser.add_argument("--valgrind", default="valgrind")
    args = parser.parse_args()
    program = pathlib.Path(args.counts).resolve()

    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [args.valgrind, "--tool=callgrind", "--instr-atstart=no", "--callgrind-out-file=dump", program,
             "instructions"], cwd=folder, capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"callgrind ended with status {run.returncode}:\n{run.stdout}{run.stderr}")
        steps = int(re.search(r"counted steps: (\d+)", run.stdout)[1])
        totals, functions = {}, {}
        for dump in pathlib.Path(folder).glob("dump.*"):
            text = dump.read_text(errors="replace")
            loop = re.search(r"^desc: Trigger: Client Request: (.+)$", text, re.MULTILINE)[1]
            totals[loop] = int(re.search(r"^totals: (\d+)$", text, re.MULTILINE)[1]) / steps
            functions[loop] = re.findall(r"^c?fn=\(\d+\) (.+)$", text, re.MULTILINE)

    by_hand, by_lt = totals["by hand"], totals["by lt"]
    idle = totals["by lt with 32 idle callbacks"]
    print(f"instructions per training step of an MLP 64-32-10, batch 32, SGD (mean of {steps} steps):")
    for loop in sorted(totals):
        print(f"  {loop:30} {totals[loop]:10.0f}   {totals[loop] - by_hand:+8.0f}")

    failures = []
    if by_hand < 10_000 or by_lt < by_hand:
        failures.append("these numbers cannot be: a step of LibTorch takes some 400,000 instructions")
    if by_lt - by_hand > LIMIT:
        failures.append(f"lt adds {by_lt - by_hand:.0f} instructions to a step; at most {LIMIT} are allowed")
    if abs(idle - by_lt) > SAME:
        failures.append(f"32 callbacks that do nothing at a batch cost {idle - by_lt:.0f} instructions a step")
    if not any("lt::FitLoop<" in name for name in functions["by lt with the usual parts"]):
        failures.append("lt::FitLoop is not among the functions that ran: names are missing in the dumps")
    for name in functions["by lt with the usual parts"]:
        if "lt::services<" in name:
            failures.append(f"called at a step where nothing is due: {name}")
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()

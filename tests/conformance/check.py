#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the conformance driver on the suite and judges its traces.

Usage: check.py DRIVER [--only GLOB] [--update] [--cases FILE --at-least N]

Fails if a case of passing.txt does not pass. That list only grows: --update adds the cases that pass now.
With --cases, all cases in that file have to pass, at least N, and nothing else is looked at.
The last line is the comparer's own.
"""

import argparse
import fnmatch
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PASSING = HERE / "passing.txt"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("driver", type=Path)
    parser.add_argument("--only", default="*", help="only the cases whose name matches this pattern")
    parser.add_argument("--update", action="store_true", help="add the cases that pass to passing.txt")
    parser.add_argument("--cases", type=Path, default=PASSING, help="the names of the cases that have to pass")
    parser.add_argument("--at-least", type=int, default=1, help="how many names there have to be")
    options = parser.parse_args()

    listed = set(options.cases.read_text().split())
    if len(listed) < options.at_least:
        print(f"{options.cases.name} names {len(listed)} cases; expected at least {options.at_least}")
        return 1
    whole_suite = options.cases == PASSING
    with tempfile.TemporaryDirectory(prefix="conformance-") as out:
        driver = subprocess.run(
            [options.driver.resolve(), "--cases", HERE / "suite" / "cases", "--out", out, "--only", options.only]
        )
        judge = subprocess.run(
            [sys.executable, HERE / "suite" / "compare.py", HERE / "suite" / "traces", out, "--only", options.only],
            stdout=subprocess.PIPE, text=True,
        )
    lines = judge.stdout.splitlines()
    passed = {line.split()[1] for line in lines if line.startswith("PASS ")}
    if options.update and whole_suite:
        PASSING.write_text("\n".join(sorted(listed | passed)) + "\n")
    lost = sorted(name for name in listed - passed if fnmatch.fnmatch(name, options.only))
    for line in lines:
        if line.startswith("FAIL ") and (whole_suite or line.split()[1].rstrip(":") in listed):
            print(line)
    for name in lost:
        print(f"LOST {name}: listed in {options.cases.name}, but it does not pass")
    if lines and whole_suite:
        print(lines[-1], flush=True)
    elif lines:
        print(f"{len(listed & passed)} of {len(listed)} cases of {options.cases.name} pass", flush=True)
    return 1 if lost or driver.returncode != 0 or not lines else 0


if __name__ == "__main__":
    sys.exit(main())

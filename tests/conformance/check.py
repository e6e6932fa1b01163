#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the conformance driver on the suite and judges its traces.

Usage: check.py DRIVER [--only GLOB] [--update]

Fails if a case of passing.txt does not pass. That list only grows: --update adds the cases that pass now.
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
    options = parser.parse_args()

    listed = set(PASSING.read_text().split())
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
    if options.update:
        PASSING.write_text("\n".join(sorted(listed | passed)) + "\n")
    lost = sorted(name for name in listed - passed if fnmatch.fnmatch(name, options.only))
    for line in lines:
        if line.startswith("FAIL "):
            print(line)
    for name in lost:
        print(f"LOST {name}: listed in {PASSING.name}, but it does not pass")
    if lines:
        print(lines[-1], flush=True)
    return 1 if lost or driver.returncode != 0 or not lines else 0


if __name__ == "__main__":
    sys.exit(main())

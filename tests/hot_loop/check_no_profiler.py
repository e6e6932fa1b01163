#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A trainer without a profiler has no instruction of one. Usage: check_no_profiler.py PROGRAM [--must-find]

Reads the line table of an optimized program: no instruction stems from a line of lt/trainer/profiling.hpp or of
lt/policies/profiler/, and no function of them is there. With --must-find there must be both: the twin has a profiler.
"""

import re
import subprocess
import sys

#: As `objdump --dwarf=decodedline` has it: file name, line, address.
ROW = re.compile(r"^(\S*profil\w*\.hpp)\s+(\d+)\s+(0x[0-9a-f]+)")
FUNCTION = re.compile(r"\blt::(detail::Measured<|\w*Profiler::)")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def main() -> int:
    program, must_find = sys.argv[1], "--must-find" in sys.argv[2:]
    rows = [match.groups() for line in output("objdump", "--dwarf=decodedline", program)
            if (match := ROW.match(line.strip()))]
    names = [line for line in output("nm", "-C", "--defined-only", program) if FUNCTION.search(line)]
    for file, line, address in rows[:5]:
        print(f"{address}: {file}, line {line}")
    for name in names[:5]:
        print(name)
    print(f"{len(rows)} places and {len(names)} functions of a profiler")
    if must_find:
        return 0 if rows and names else 1
    lines = sum("trainer" in line or "loop" in line for line in output("objdump", "--dwarf=decodedline", program))
    if not lines:
        print("the program has no line table of lt's headers: build it with -g1")
        return 1
    return 1 if rows or names else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check one file of tests/compile_fail.

Usage: check.py twin|fails FILE -- COMPILER FLAG...

`twin` compiles FILE as it is, which must work. `fails` compiles it with LT_MUST_FAIL defined, which must fail, and the
first line with `error:` must match every `// expect-error: <regular expression>` of the file.
"""

import re
import subprocess
import sys
from pathlib import Path


def main() -> int:
    kind, name, separator, *command = sys.argv[1:]
    if kind not in ("twin", "fails") or separator != "--" or not command:
        print(__doc__)
        return 2
    text = Path(name).read_text(encoding="utf-8")
    expected = re.findall(r"^\s*//\s*expect-error:\s*(.+?)\s*$", text, re.MULTILINE)
    if not expected or "LT_MUST_FAIL" not in text:
        print(f"{name}: needs `// expect-error: <regex>` and a part under `#ifdef LT_MUST_FAIL`")
        return 1

    command += ["-fsyntax-only", "-Wall", "-Wextra", name]
    if kind == "fails":
        command.append("-DLT_MUST_FAIL")
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if kind == "twin":
        if run.returncode != 0:
            print(run.stdout, "\nThe compiling twin does not compile.")
        return int(run.returncode != 0)

    if run.returncode == 0:
        print("Compiles, but must not.")
        return 1
    errors = [line for line in run.stdout.splitlines() if re.search(r"\berror:", line)]
    first = errors[0] if errors else ""
    missing = [pattern for pattern in expected if not re.search(pattern, first)]
    if missing:
        print(run.stdout[:8000])
        print("First error line:   ", first or "(none: the compiler stopped for another reason)")
        for pattern in missing:
            print("Does not match:     ", pattern)
        return 1
    print(first)
    return 0


if __name__ == "__main__":
    sys.exit(main())

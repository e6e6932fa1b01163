#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""In this very tree, once it is set up, `make demo` calls no apt, no pip and no CMake configure. Usage: ... ROOT"""

import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from test_front_door import SETS_UP, plan  # noqa: E402


def main() -> int:
    root = Path(sys.argv[1])
    stamps = root / "build" / "stamps"
    if not any((stamps / name).exists() for name in ("release", "release-tests")):
        print("skipped: this tree was not set up by make")
        return 77
    text = plan(root, "demo")
    found = SETS_UP.findall(text)
    print(text, f"\nsets up again: {found}" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"make -n demo failed:\n{error.stdout}")

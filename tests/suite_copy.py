#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Say where the copy of the conformance suite differs from its original. Usage: suite_copy.py COPY ORIGINAL

Exit status: 0 the same, 1 different, 77 there is no original on this machine (a skipped test).
"""

import sys
from pathlib import Path


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def main() -> int:
    copy, original = Path(sys.argv[1]), Path(sys.argv[2])
    if not original.is_dir():
        print(f"skipped: no {original}")
        return 77
    ours, theirs = files(copy), files(original)
    different = [f"missing in the copy: {name}" for name in theirs.keys() - ours.keys()]
    different += [f"only in the copy: {name}" for name in ours.keys() - theirs.keys()]
    different += [f"differs: {name}" for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]]
    print("\n".join(sorted(different)) or f"{len(ours)} files are the same")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A code of a message means one thing: each lt[E...] and each W... or I... stands in one file."""
import re
import sys
from collections import defaultdict
from pathlib import Path

root = Path(__file__).resolve().parents[2] / "include" / "lt"
# Codes that are said from two places of one matter.
shared = {"E201", "E221", "E222", "E223", "E224"}


def main() -> int:
    places: dict[str, set[str]] = defaultdict(set)
    for path in sorted([*root.rglob("*.hpp"), *root.rglob("*.def")]):
        lines = path.read_text().splitlines()
        text = "\n".join(line for line in lines if not line.lstrip().startswith("//"))
        found = re.findall(r'"lt\[([A-Z]\d{3})\]', text)
        found += re.findall(r"LT_CHECK\((E\d{3}),", text) + re.findall(r"LT_RULE\((E\d{3}),", text)
        found += re.findall(r'\.(?:warn|info)\(\s*"([WI]\d{3})"', text)
        for code in found:
            places[code].add(path.relative_to(root).as_posix())
    bad = {c: p for c, p in places.items() if len(p) > 1 and c not in shared}
    for code, paths in sorted(bad.items()):
        print(f"{code} stands in {', '.join(sorted(paths))}")
    print(f"{len(places)} codes, {len(bad)} of them used for several things")
    return 1 if bad or not places else 0


if __name__ == "__main__":
    sys.exit(main())

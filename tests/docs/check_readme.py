#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Code in the documentation is a part of a compiled file, never a copy that can go stale.

A fenced block behind `<!-- from: PATH -->` must be that file without its leading comment; behind
`<!-- from: PATH, A .. B -->` the lines from the first that contains A to the next that contains B.
"""
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
pattern = re.compile(r"<!-- from: ([^,\n]+?)(?:, (.+?) \.\. (.+?))? -->\n```\w*\n(.*?)```", re.S)


def expected(path: str, first: str | None, last: str | None) -> str:
    lines = (root / path).read_text().splitlines()
    if first is None:
        start = next(i for i, line in enumerate(lines) if not line.startswith("//"))
        return "\n".join(lines[start:]).strip()
    start = next(i for i, line in enumerate(lines) if first in line)
    end = next(i for i, line in enumerate(lines[start:], start) if last in line)
    return "\n".join(lines[start : end + 1]).strip()


def main() -> int:
    bad = blocks = 0
    for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        for path, first, last, code in pattern.findall(page.read_text()):
            blocks += 1
            if code.strip() != expected(path, first or None, last or None):
                bad += 1
                print(f"{page.relative_to(root)}: the block from {path} differs from the file")
    print(f"{blocks} blocks of code compared, {bad} differ")
    return 1 if bad or blocks == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

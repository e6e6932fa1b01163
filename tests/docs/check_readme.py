#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Code in the documentation is a part of a compiled file, never a copy that can go stale.

Usage: check_readme.py [--write]

A fenced block behind `<!-- from: PATH -->` must be that file without its leading comment; behind
`<!-- from: PATH, A .. B -->` the lines from the first that contains A to the next that contains B.
`--write` puts the lines of the files into the pages instead of comparing them.

Each family of include/lt/policies has a page docs/policies/FAMILY.md, which names every requirement of its concepts,
and shows a member of less than 40 lines; docs/design.md links to it.
"""
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
pattern = re.compile(r"(<!-- from: ([^,\n]+?)(?:, (.+?) \.\. (.+?))? -->\n```\w*\n)(.*?)```", re.S)
longest_policy = 39


def expected(path: str, first: str | None, last: str | None) -> str:
    lines = (root / path).read_text().splitlines()
    if first is None:
        start = next(i for i, line in enumerate(lines) if not line.startswith("//"))
        return "\n".join(lines[start:]).strip()
    start = next(i for i, line in enumerate(lines) if first in line)
    end = next(i for i, line in enumerate(lines[start:], start) if last in line)
    return "\n".join(lines[start : end + 1]).strip()


def check_blocks(page: Path, write: bool) -> tuple[int, list[str]]:
    """How many blocks there are, and what is wrong with them."""
    mistakes = []

    def check(found: re.Match) -> str:
        head, path, first, last, code = found.groups()
        wanted = expected(path, first, last)
        if code.strip() != wanted and not write:
            mistakes.append(f"the block from {path} differs from the file")
        return f"{head}{wanted}\n```"

    text = page.read_text()
    fresh, count = pattern.subn(check, text)
    if write and fresh != text:
        page.write_text(fresh)
    return count, mistakes


def requirements(header: str) -> list[str]:
    """The members that the concepts of a family ask for."""
    code = re.sub(r"//.*", "", header.split("namespace archetype")[0])
    concepts = "".join(re.findall(r"\bconcept\b.*?;\n\n", code, re.S))
    return sorted(set(re.findall(r"\b(?:[a-z]\w*\.|[A-Z]::)(\w+)", concepts)))


def check_family(header: Path) -> list[str]:
    page = root / "docs" / "policies" / f"{header.stem}.md"
    if not page.exists():
        return ["there is no such page"]
    text = page.read_text()
    mistakes = [
        f"says nothing of `{name}`, which the concept requires"
        for name in requirements(header.read_text())
        if not re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", text)
    ]
    blocks = [code.strip().splitlines() for *_, code in pattern.findall(text)]
    if not blocks:
        mistakes.append("shows no member (<!-- from: ... -->)")
    mistakes += [f"shows {len(b)} lines; expected {longest_policy} or less" for b in blocks if len(b) > longest_policy]
    if f"policies/{header.stem}.md" not in (root / "docs" / "design.md").read_text():
        mistakes.append("docs/design.md does not link to it")
    return mistakes


def main() -> int:
    write = sys.argv[1:] == ["--write"]
    blocks = 0
    bad = []
    for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        count, mistakes = check_blocks(page, write)
        blocks += count
        bad += [f"{page.relative_to(root)}: {mistake}" for mistake in mistakes]
    families = sorted((root / "include" / "lt" / "policies").glob("*.hpp"))
    for header in families:
        bad += [f"docs/policies/{header.stem}.md: {mistake}" for mistake in check_family(header)]
    print("\n".join(bad + [f"{blocks} blocks of code compared, {len(families)} families, {len(bad)} mistakes"]))
    return 1 if bad or blocks == 0 or not families else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule of core/rules.def has one file of tests/compile_fail that expects its error, and each error that one of the
files expects is there."""
import re
import sys
from pathlib import Path

folder = Path(__file__).resolve().parent
core = folder.parents[1] / "include" / "lt"


def main() -> int:
    tests: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.cpp")):
        for code in sorted(set(re.findall(r"// expect-error: lt\\\[(E\d{3})\\\]", path.read_text()))):
            tests.setdefault(code, []).append(path.name)
    rules = re.findall(r"LT_RULE\((E\d{3}),", (core / "core" / "rules.def").read_text())
    known = {code for path in core.rglob("*") if path.suffix in (".hpp", ".def")
             for code in re.findall(r"\b(E\d{3})\b", path.read_text())}
    bad = [f"rule {rule}: expected one test, found {tests.get(rule, [])}" for rule in rules if len(tests.get(rule, [])) != 1]
    bad += [f"{', '.join(files)}: there is no {code}" for code, files in tests.items() if code not in known]
    print("\n".join(bad + [f"{len(rules)} rules, {len(tests)} errors with a test, {len(bad)} mistakes"]))
    return 1 if bad or not rules else 0


if __name__ == "__main__":
    sys.exit(main())

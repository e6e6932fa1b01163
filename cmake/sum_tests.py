#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sum up ctest's JUnit reports. Usage: sum_tests.py REPORT...

Names what failed and what was skipped, and prints as the last line "N passed, N failed". A report that is missing or
cannot be read counts as one failure: its run did not end. Exit status 1 if anything failed.
"""

import sys
import xml.etree.ElementTree
from pathlib import Path


def main() -> int:
    passed = failed = 0
    for name in sys.argv[1:]:
        preset = Path(name).parent.name
        try:
            cases = xml.etree.ElementTree.parse(name).getroot().iter("testcase")
        except (OSError, xml.etree.ElementTree.ParseError) as error:
            print(f"FAILED  {preset}: no report of its tests ({error})")
            failed += 1
            continue
        for case in cases:
            status = case.get("status")
            if status == "run":
                passed += 1
            elif status in ("notrun", "disabled") and case.find("skipped") is not None and runnable(case):
                print(f"skipped {preset}: {case.get('name')}")
            else:
                print(f"FAILED  {preset}: {case.get('name')}")
                failed += 1
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


def runnable(case: xml.etree.ElementTree.Element) -> bool:
    """A test that skipped itself or is disabled, not one whose program was never built."""
    message = (case.find("skipped").get("message") or "").lower()
    return message.startswith("skip_") or "disabled" in message


if __name__ == "__main__":
    sys.exit(main())

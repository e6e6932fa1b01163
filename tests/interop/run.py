#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the tests beside this file. Usage: run.py PROGRAM REPORT

PROGRAM is the C++ half, REPORT a JUnit file for cmake/sum_tests.py.
"""

import os
import sys
import time
import unittest
import warnings
import xml.etree.ElementTree as tree
from pathlib import Path


class Result(unittest.TextTestResult):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.suite = tree.Element("testsuite", name="interop")
        self.began = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def note(self, test, status, problem=None):
        case = tree.SubElement(self.suite, "testcase", name=test.id(), classname="interop", status=status,
                               time=f"{time.monotonic() - self.began:.3f}")
        if problem:
            tree.SubElement(case, "failure").text = problem

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "run")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "fail", self._exc_info_to_string(err, test))

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, "fail", self._exc_info_to_string(err, test))


def main() -> int:
    program, report = sys.argv[1:]
    os.environ["LT_INTEROP_PROGRAM"] = str(Path(program).resolve())
    here = Path(__file__).parent
    sys.path.insert(0, str(here))
    warnings.simplefilter("ignore")
    tests = unittest.defaultTestLoader.discover(str(here), top_level_dir=str(here))
    result = unittest.TextTestRunner(resultclass=Result, verbosity=2, warnings="ignore").run(tests)
    Path(report).parent.mkdir(parents=True, exist_ok=True)
    tree.ElementTree(result.suite).write(report, encoding="utf-8", xml_declaration=True)
    if result.testsRun == 0:
        print("no test was found")
    return int(not result.wasSuccessful() or result.testsRun == 0)


if __name__ == "__main__":
    sys.exit(main())

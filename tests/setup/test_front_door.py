#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `make` would run: in a folder that holds only the Makefile and what it looks at. Usage: test_front_door.py ROOT

Also holds cmake/sum_tests.py, cmake/run_demo.py and cmake/stage.sh to what they promise.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

#: What a second run must not do: installing or configuring.
SETS_UP = re.compile(r"apt-get|\bapt\b|\bpip\b|setup\.sh|-m venv|cmake --preset|cmake -S|cmake -B")
ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()


def plan(root: Path, target: str) -> str:
    """The commands `make target` would run."""
    # Called from a make, its flags would come along.
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    environment.pop("LT_TORCH_ROOT", None)
    run = subprocess.run(["make", "-n", target], cwd=root, env=environment, check=True, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.stdout


class Plans(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in ("Makefile", "CMakePresets.json", "cmake/setup.sh", "cmake/requirements.txt"):
            (self.root / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)
            os.utime(self.root / name, (0, 0))

    def touch(self, *names: str) -> None:
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            time.sleep(0.01)  # the next one is newer

    def done(self, *stamps: str) -> None:
        self.touch(".venv/lib/python3.11/site-packages/torch/lib/libtorch_cpu.so", "build/release/CMakeCache.txt")
        self.touch(*(f"build/stamps/{stamp}" for stamp in stamps))

    def test_a_fresh_clone_is_set_up_and_configured(self) -> None:
        text = plan(self.root, "demo")
        self.assertIn("setup.sh demo", text)
        self.assertIn("cmake --preset release", text)
        self.assertIn("--target digits", text)

    def test_the_second_demo_only_builds_and_runs(self) -> None:
        self.done("setup-demo", "release")
        text = plan(self.root, "demo")
        self.assertNotRegex(text, SETS_UP)
        self.assertIn("--target digits", text)

    def test_the_demo_after_the_tests_only_builds_and_runs(self) -> None:
        self.done("setup-test", "release-tests")
        self.assertNotRegex(plan(self.root, "demo"), SETS_UP)

    def test_a_removed_environment_is_noticed(self) -> None:
        self.done("setup-demo", "release")
        shutil.rmtree(self.root / ".venv")
        self.assertIn("setup.sh demo", plan(self.root, "demo"))

    def test_a_removed_build_is_noticed(self) -> None:
        self.done("setup-demo", "release")
        shutil.rmtree(self.root / "build/release")
        text = plan(self.root, "demo")
        self.assertIn("cmake --preset release", text)
        self.assertNotIn("setup.sh", text)

    def test_new_requirements_are_noticed(self) -> None:
        self.done("setup-demo", "release")
        self.touch("cmake/requirements.txt")
        self.assertIn("setup.sh demo", plan(self.root, "demo"))

    def test_the_tests_are_built_by_both_compilers(self) -> None:
        text = plan(self.root, "test")
        for part in ("setup.sh test", "--preset release", "--preset dev-clang", "run_ctest.sh release dev-clang"):
            self.assertIn(part, text)


class Helpers(unittest.TestCase):
    def run_helper(self, *command: str) -> subprocess.CompletedProcess:
        return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    def sum_tests(self, *reports: str) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for index, report in enumerate(reports):
                path = Path(folder, str(index), "junit.xml")
                path.parent.mkdir()
                path.write_text(report)
                paths.append(str(path))
            return self.run_helper("python3", str(ROOT / "cmake/sum_tests.py"), *paths)

    def test_sum_over_reports(self) -> None:
        good = '<testsuite><testcase name="a" status="run"/><testcase name="b" status="run"/></testsuite>'
        bad = '<testsuite><testcase name="c" status="fail"><failure/></testcase></testsuite>'
        run = self.sum_tests(good, bad)
        self.assertEqual(run.stdout.splitlines()[-1], "2 passed, 1 failed")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(self.sum_tests(good).returncode, 0)

    def test_a_report_cut_short_is_a_failure(self) -> None:
        run = self.sum_tests("<testsuite><testcase")
        self.assertEqual(run.stdout.splitlines()[-1], "0 passed, 1 failed")
        self.assertEqual(run.returncode, 1)

    def test_a_program_that_was_not_built_is_a_failure(self) -> None:
        run = self.sum_tests('<testsuite><testcase name="a" status="notrun"><skipped message=""/></testcase>'
                             '<testcase name="b" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>'
                             "</testsuite>")
        self.assertEqual(run.stdout.splitlines()[-1], "0 passed, 1 failed")

    def test_a_stage_keeps_the_status(self) -> None:
        run = self.run_helper("sh", str(ROOT / "cmake/stage.sh"), "some stage", "sh", "-c", "exit 3")
        self.assertEqual(run.returncode, 3)
        self.assertRegex(run.stdout, r"== some stage: 0\.\d min \(failed, status 3\)")

    def test_the_demo_says_when_its_first_progress_line_came(self) -> None:
        program = "echo loading; echo 'Epoch 0: 1/45'; echo 'Epoch 1: 1/45'; echo accuracy; exit 5"
        run = self.run_helper("python3", str(ROOT / "cmake/run_demo.py"), str(time.time() - 100), "sh", "-c", program)
        lines = run.stdout.splitlines()
        self.assertEqual(run.returncode, 5)
        self.assertRegex(lines[1], r"^first progress line after \d+\.\d s \(100\.\d s after make demo began\)$")
        self.assertEqual(lines[:1] + lines[2:], ["loading", "Epoch 0: 1/45", "Epoch 1: 1/45", "accuracy"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

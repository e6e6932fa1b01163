# SPDX-License-Identifier: Apache-2.0
"""How the tests of tests/interop ask the C++ program, whose path is in LT_INTEROP_PROGRAM."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path


def ask(*words, fails=False):
    """The program's answer, or with `fails` the text of its error."""
    done = subprocess.run([os.environ["LT_INTEROP_PROGRAM"], *map(str, words)], capture_output=True, text=True)
    if fails != (done.returncode != 0):
        raise AssertionError(f"interop {words[0]} ended with {done.returncode}: {done.stderr}")
    return done.stderr if fails else json.loads(done.stdout)


class InteropTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lt_interop_")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the demo and say when its first progress line came. Usage: run_demo.py START PROGRAM [ARGUMENT...]

START is when `make demo` began, in seconds since 1970. On a terminal the program gets a terminal too, so that its
progress bar redraws as always. Its output passes through unchanged; its exit status is ours.
"""

import os
import pty
import re
import subprocess
import sys
import time

PROGRESS = re.compile(rb"epoch", re.IGNORECASE)  # "Epoch 0: ..."


class Watch:
    def __init__(self, began: float) -> None:
        self.began = began
        self.program_began = time.time()
        self.told = False

    def see(self, text: bytes) -> bytes:
        """The text, with our line before it if it holds the first progress."""
        if self.told or not PROGRESS.search(text):
            return text
        self.told = True
        now = time.time()
        line = (
            f"first progress line after {now - self.program_began:.1f} s"
            f" ({now - self.began:.1f} s after make demo began)\n"
        )
        return b"\r" + line.encode() + text


def main() -> int:
    watch = Watch(float(sys.argv[1]))
    command = sys.argv[2:]
    if sys.stdout.isatty():
        status = pty.spawn(command, lambda terminal: watch.see(os.read(terminal, 65536)))
        code = os.waitstatus_to_exitcode(status)
    else:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        for line in iter(process.stdout.readline, b""):
            sys.stdout.buffer.write(watch.see(line).removeprefix(b"\r"))
            sys.stdout.buffer.flush()
        code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the commands of a README and look for the lines that it promises.

Usage: run_commands.py README PROGRAM ROOT

Each block ```sh is run with bash, in a new folder in which ROOT's folder examples/ is seen, with the program on the
PATH; it must end with status 0. The lines of a block ```text must be in the output of the block before it, in order.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    readme, program, root = (Path(argument).resolve() for argument in sys.argv[1:])
    blocks = re.findall(r"^```(sh|text)\n(.*?)^```$", readme.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    output, count = "", 0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "examples").symlink_to(root / "examples")
        for kind, text in blocks:
            if kind == "sh":
                run = subprocess.run(["bash", "-ec", text], cwd=folder, env=environment, text=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                output, count = run.stdout, count + 1
                print(f"$ {text}{output}")
                if run.returncode != 0:
                    print(f"ended with status {run.returncode}")
                    return 1
                continue
            place = 0
            for line in text.splitlines():
                found = output.find(line, place)
                if found < 0:
                    print(f"the README promises, but the output lacks: {line}")
                    return 1
                place = found + len(line)
    print(f"{count} blocks of commands")
    return int(count == 0)


if __name__ == "__main__":
    sys.exit(main())

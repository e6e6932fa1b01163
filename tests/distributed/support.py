# SPDX-License-Identifier: Apache-2.0
"""Jobs of several processes, each within a limit."""
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from processes import alive, children, wait_until  # noqa: E402, F401

LIMIT = 60
LAUNCHER_VARIABLES = re.compile("(RANK|WORLD_SIZE|LOCAL_RANK|MASTER_|TORCHELASTIC_|SLURM_|OMPI_|PMI|LT_|PL_)")
LINE = re.compile(r"rank (\d+) of (\d+): (\d+) steps, loss (\S+), weights (\S+)")


def environment(**variables: object) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not LAUNCHER_VARIABLES.match(k)}
    return {**clean, "OMP_NUM_THREADS": "1", **{k: str(v) for k, v in variables.items()}}


def start(command: list[object], **variables: object) -> subprocess.Popen:
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=environment(**variables), start_new_session=True)


def finish(job: subprocess.Popen, limit: float = LIMIT) -> subprocess.CompletedProcess:
    """Its end; a job that is not over within the limit is an error, and is killed."""
    try:
        out, err = job.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(job.pid, signal.SIGKILL)
        out, err = job.communicate()
        raise AssertionError(f"not over within {limit} s\n{out}\n{err}") from None
    return subprocess.CompletedProcess(job.args, job.returncode, out, err)


def run(command: list[object], **variables: object) -> subprocess.CompletedProcess:
    return finish(start(command, **variables))


def results(text: str) -> dict[int, tuple[int, str, str]]:
    """Of each rank: steps, loss, weights."""
    return {int(rank): (int(steps), loss, weights) for rank, _, steps, loss, weights in LINE.findall(text)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program() -> str:
    return sys.argv.pop(1)

"""Maps whose calls run elsewhere: on a cluster of Dask, one of whose workers is killed in the middle."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PROGRAM = """
import os, signal, sys, threading, time
from contextlib import suppress
from pathlib import Path
from distributed import Client, LocalCluster
import durnb
from durnb.testing import Crash, step

def work(n):
    with open(sys.argv[1] + "/effects", "ab", buffering=0) as lines:
        lines.write(f"{n}\\n".encode())
    time.sleep(0.01)
    return n * n

def main():
    folder = Path(sys.argv[1])
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.run(lambda path: sys.argv.__setitem__(slice(None), ["", path]), sys.argv[1])
        pids = list(client.run(os.getpid).values())
        with suppress(Crash), step(folder):
            durnb.map(work, range(20), executor=client.get_executor(), concurrency=4)
            raise Crash

        def kill():
            while (folder / "effects").read_text().count("\\n") < 40: time.sleep(0.001)
            os.kill(pids[0], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        with step(folder):
            found = durnb.map(work, range(80), executor=client.get_executor(), concurrency=4)
        killer.join()
    print(found == [n * n for n in range(80)])

if __name__ == "__main__":
    main()
"""


def test_a_worker_of_dask_that_is_killed_costs_its_own_calls_only(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environ = {**os.environ, "DURNB_SECRET": "a key"}
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path)], env=environ, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.stdout.strip().endswith("True"), done.stderr[-2000:]
    counts = Counter((tmp_path / "effects").read_text().split())
    assert set(counts) == set(map(str, range(80)))
    assert all(counts[str(n)] == 1 for n in range(20))
    assert counts.total() <= 80 + 8  # those that were on the worker, running or waiting

"""The same work by others, each in a process of its own; one that is not installed here is left out, and said so in a row."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.rows import Row

SAMPLES = 3
_CHUNK = 1 << 20
_TIMED = """
import os, pickle, sys, time
{imports}
{made}
def synced(path):
    fd = os.open(path, os.O_RDONLY); os.fsync(fd); os.close(fd)
taken = []
for _ in range({samples}):
    began = time.perf_counter()
    {work}
    synced('peer.bin')
    taken.append(time.perf_counter() - began)
    os.unlink('peer.bin')
print(sorted(taken)[len(taken) // 2])
"""
SAVERS = {
    "pickle": ("", "with open('peer.bin', 'wb') as file: pickle.dump({value}, file, protocol=5)"),
    "cloudpickle": ("import cloudpickle", "with open('peer.bin', 'wb') as file: cloudpickle.dump({value}, file)"),
    "dill": ("import dill", "with open('peer.bin', 'wb') as file: dill.dump({value}, file)"),
    "joblib": ("import joblib", "joblib.dump({value}, 'peer.bin')"),
}


def raw(folder: Path, size: int) -> float:
    """Seconds for `size` bytes from memory to a file and an fsync."""
    data = memoryview(os.urandom(_CHUNK) * (size // _CHUNK))
    taken = []
    for _ in range(SAMPLES):
        began = time.perf_counter()
        with (folder / "raw.bin").open("wb", buffering=0) as file:
            for at in range(0, size, _CHUNK):
                file.write(data[at : at + _CHUNK])
            os.fsync(file.fileno())
        taken.append(time.perf_counter() - began)
        (folder / "raw.bin").unlink()
    return statistics.median(taken)


def frame(folder: Path, made: str) -> list[Row]:
    """How others save the frame that the code `made` makes."""
    return [
        _row(folder, name, f"{name}: the same frame to a file, fsync", "import numpy as np, pandas as pd", made, "df") for name in SAVERS
    ]


def objects(folder: Path, made: str) -> list[Row]:
    """How others save the rows that the code `made` makes."""
    return [_row(folder, name, f"{name}: the same dicts to a file, fsync", "", made, "rows") for name in SAVERS]


def _row(folder: Path, name: str, what: str, imports: str, made: str, value: str) -> Row:
    imported, work = SAVERS[name]
    code = _TIMED.format(imports=f"{imports}\n{imported}", made=made, work=work.format(value=value), samples=SAMPLES)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1]
        return Row(key=name, what=what, value=float("nan"), unit="", samples=0, note=f"not measured: {why}")
    return Row(key=name, what=what, value=float(done.stdout), unit="s", samples=SAMPLES)

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
_MARIMO = """
import marimo
app = marimo.App()
@app.cell
def _():
    import marimo as mo, numpy as np, pandas as pd, time
    {made}
    began = time.perf_counter()
    with mo.persistent_cache('peer', save_path='marimo'):
        cached = {value}
    print(time.perf_counter() - began)
    return
app.run()
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
    imports = "import numpy as np, pandas as pd"
    rows = [_row(folder, name, f"{name}: the same frame to a file, fsync", imports, made, "df") for name in SAVERS]
    return [*rows, _marimo(folder, "the same frame", made, "df")]


def objects(folder: Path, made: str) -> list[Row]:
    """How others save the rows that the code `made` makes."""
    rows = [_row(folder, name, f"{name}: the same dicts to a file, fsync", "", made, "rows") for name in SAVERS]
    return [*rows, _marimo(folder, "the same dicts", made, "rows")]


def _row(folder: Path, name: str, what: str, imports: str, made: str, value: str) -> Row:
    imported, work = SAVERS[name]
    code = _TIMED.format(imports=f"{imports}\n{imported}", made=made, work=work.format(value=value), samples=SAMPLES)
    return _timed(folder, name, what, code, SAMPLES)


def _marimo(folder: Path, what: str, made: str, value: str) -> Row:
    """marimo's cache of a cell, which does not wait for the disk."""
    text = f"marimo's persistent_cache: {what} saved, without fsync"
    return _timed(folder, "marimo", text, _MARIMO.format(made=made, value=value), 1)


def _timed(folder: Path, name: str, what: str, code: str, samples: int) -> Row:
    script = folder / "peer.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script)], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1]
        return Row(key=name, what=what, value=float("nan"), unit="", samples=0, note=f"not measured: {why}")
    return Row(key=name, what=what, value=float(done.stdout), unit="s", samples=samples)

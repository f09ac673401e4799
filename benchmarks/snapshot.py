"""What a checkpoint costs: P4 a gigabyte of numbers, P5 its restore, P6 small changes beside it, P7 objects of Python. All in a real kernel."""

from __future__ import annotations

import statistics
from datetime import timedelta
from pathlib import Path

from benchmarks import peers
from benchmarks.kernel import Kernel
from benchmarks.rows import Row
from durnb.clock import SystemClock
from durnb.journal import RunName, Store, read_history
from durnb.steps import Checkpoint

GIGABYTE = 1 << 30
_COLUMNS = 16
_ROWS = GIGABYTE // 8 // _COLUMNS
_MAKE = f"np.arange({_ROWS * _COLUMNS}, dtype=float).reshape({_COLUMNS}, {_ROWS})"
_FRAME = f"df = pd.DataFrame(dict(zip((f'c{{i}}' for i in range({_COLUMNS})), {_MAKE})))"
_MEMORY = """
def kilobytes(what):
    return next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith(what))
open('extra', 'w').write(str(kilobytes('VmHWM') - kilobytes('VmRSS')))
"""
_OBJECTS = "rows = [{'id': i, 'name': f'customer {i}', 'amount': i * 0.5, 'tags': ['a', str(i % 7)]} for i in range(400_000)]"
SAMPLES = 3


def measure(folder: Path) -> list[Row]:
    """The rows of P4 to P7."""
    return [*_big(folder), *_objects(folder)]


def checkpoints(notebook: Path) -> dict[str, Checkpoint]:
    """The newest checkpoint of each step of a notebook that no kernel has."""
    history = read_history(Store.of(notebook), RunName("interactive", 1), SystemClock(), wait=timedelta(seconds=10))
    return {name: step.checkpoints[max(step.checkpoints)] for name, step in history.steps.items() if step.checkpoints}


def _big(folder: Path) -> list[Row]:
    raw = peers.raw(folder, GIGABYTE)
    saves, restores, floors = [], [], []
    for number in range(SAMPLES):
        notebook = folder / f"big{number}" / "big.ipynb"
        notebook.parent.mkdir()
        kernel = Kernel(notebook)
        for plain in ("%load_ext durnb", "import numpy as np, pandas as pd"):
            kernel.run(plain)
        kernel.run(f"%%durable frame\n{_FRAME}\nopen('/proc/self/clear_refs', 'w').write('5')")
        kernel.run(_MEMORY)
        kernel.run("%%durable small\nitems = list(range(1000)); little = pd.DataFrame({'a': [1, 2, 3]})")
        kernel.run("%%durable column\ndf['derived'] = df['c0'] * 2")
        kernel.run("%%durable item\nitems.append(1)")
        kernel.run("%%durable cell\nlittle.loc[1, 'a'] = 7")
        kernel.kill()
        kernel = Kernel(notebook)
        kernel.run("%load_ext durnb\nimport numpy as np, pandas as pd")
        kernel.run("%%durable nothing\npass")
        restores.append(kernel.run(f"%%durable frame\n{_FRAME}\nopen('/proc/self/clear_refs', 'w').write('5')"))
        floors.append(kernel.run("%%durable small\nitems = list(range(1000)); little = pd.DataFrame({'a': [1, 2, 3]})"))
        kernel.close()
        made = checkpoints(notebook)
        saves.append(made["frame"].save)
    save = statistics.median(saves)
    extra = int((notebook.parent / "extra").read_text()) / 1024 / 1024
    changed = _ROWS * 8
    return [
        Row(key="P4f", what="1 GB raw: write + fsync", value=raw, unit="s", samples=SAMPLES),
        Row(key="P4", what="P4 checkpoint of a 1 GB frame of 16 columns", value=save, unit="s", samples=SAMPLES, goal="raw / 0.8"),
        Row(key="P4r", what="P4 its rate beside raw write + fsync", value=raw / save, unit="×", samples=SAMPLES, goal="≥ 0.8"),
        Row(
            key="P4m",
            what="P4 memory beside the frame",
            value=extra,
            unit="GB",
            samples=1,
            goal="≤ 0.1",
            note="peak less what is there after",
        ),
        Row(
            key="P5",
            what="P5 restore of the 1 GB frame: request to reply",
            value=statistics.median(restores),
            unit="ms",
            samples=SAMPLES,
            goal="< 50 ms",
        ),
        Row(key="P5f", what="P5 restore of a small list and frame", value=statistics.median(floors), unit="ms", samples=SAMPLES),
        Row(
            key="P6c",
            what="P6 one derived column: bytes written for each byte that changed",
            value=made["column"].size / changed,
            unit="×",
            samples=1,
            goal="≤ 1.1",
            note=f"{changed / 1e6:.0f} MB changed beside 1 GB",
        ),
        Row(
            key="P6i",
            what="P6 one appended item beside 1 GB",
            value=made["item"].size,
            unit="B",
            samples=1,
            note="of a list of 1,000 integers",
        ),
        Row(key="P6s", what="P6 one edited cell of a frame of 3 rows beside 1 GB", value=made["cell"].size, unit="B", samples=1),
        Row(key="P6t", what="P6 the appended item: time to save", value=made["item"].save * 1000, unit="ms", samples=1),
        *peers.frame(folder, _FRAME),
    ]


def _objects(folder: Path) -> list[Row]:
    saves = []
    for number in range(SAMPLES):
        notebook = folder / f"objects{number}" / "objects.ipynb"
        notebook.parent.mkdir()
        kernel = Kernel(notebook)
        kernel.run("%load_ext durnb")
        kernel.run("%%durable nothing\npass")
        kernel.run(f"%%durable objects\n{_OBJECTS}")
        kernel.kill()
        saves.append(checkpoints(notebook)["objects"].save)
    save = statistics.median(saves)
    others = peers.objects(folder, _OBJECTS)
    pickled = next(row.value for row in others if row.key == "pickle")
    return [
        *others,
        Row(key="P7", what="P7 checkpoint of 400,000 dicts", value=save, unit="s", samples=SAMPLES, goal="≤ 1.5× C pickle"),
        Row(key="P7r", what="P7 beside the C pickler and one fsync", value=save / pickled, unit="×", samples=SAMPLES, goal="≤ 1.5"),
    ]

"""What a user feels, in a real kernel: P1 a durable no-op cell, P8 a resume, P9 plain cells, imports and %load_ext."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from benchmarks.rows import Row

CELLS = 150
STEPS = 1000


class Kernel:
    """A real ipykernel that runs cells one after the other."""

    def __init__(self, notebook: Path, **more: str) -> None:
        env = {**os.environ, "DURNB_NOTEBOOK": str(notebook), "DURNB_SECRET": "benchmark", **more}
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env=env, cwd=str(notebook.parent))
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, source: str) -> float:
        """Milliseconds from the request to the reply. Raises RuntimeError for a cell that fails."""
        began = time.perf_counter()
        reply = self.client.execute_interactive(source, output_hook=lambda _: None, timeout=600)
        taken = (time.perf_counter() - began) * 1000
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"{source!r}: {reply['content']}")
        return taken

    def run_all(self, sources: list[str]) -> float:
        """Milliseconds from the first request to the last reply, all requests sent at once as Run All does."""
        began = time.perf_counter()
        for source in sources:
            self.client.execute(source)
        for _ in sources:
            self.client.get_shell_msg(timeout=600)
        return (time.perf_counter() - began) * 1000

    def kill(self) -> None:
        os.kill(self.manager.provisioner.process.pid, signal.SIGKILL)  # type: ignore[union-attr]
        self.close()

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def measure(folder: Path, commit_ms: float) -> list[Row]:
    """The rows of P1, P8 and P9; `commit_ms` is the raw DuckDB commit of this run."""
    return [*_cells(folder, commit_ms), *_resume(folder), *_imports()]


def _cells(folder: Path, commit_ms: float) -> list[Row]:
    kernel = Kernel(folder / "cells.ipynb")
    bare = [kernel.run(f"x{i % 7} = {i}") for i in range(CELLS)]
    loading = kernel.run("%load_ext durnb")
    loaded = [kernel.run(f"x{i % 7} = {i}") for i in range(CELLS)]
    first = kernel.run("%%durable first\npass")
    durable = [kernel.run(f"%%durable step{i}\npass") for i in range(CELLS)]
    after = [kernel.run(f"x{i % 7} = {i}") for i in range(CELLS)]
    kernel.close()
    extra = statistics.median(durable) - statistics.median(bare)
    mine = [statistics.median(cells) - statistics.median(bare) for cells in (loaded, after)]
    return [
        Row(
            key="P1",
            what="P1 a durable no-op cell, more than a plain one",
            value=extra,
            unit="ms",
            samples=CELLS,
            goal="≤ 1.5× two DuckDB commits, ≤ 5 ms",
        ),
        Row(key="P1r", what="P1 in raw DuckDB commits", value=extra / commit_ms, unit="×", samples=CELLS, goal="≤ 3"),
        Row(key="P1f", what="the first durable cell of a kernel (opens the journal)", value=first, unit="ms", samples=1),
        Row(
            key="P9a", what="P9 a plain cell with durnb loaded, more than without", value=mine[0], unit="ms", samples=CELLS, goal="< 0.1 ms"
        ),
        Row(
            key="P9b",
            what="P9 a plain cell after durable ones, more than without durnb",
            value=mine[1],
            unit="ms",
            samples=CELLS,
            goal="< 0.1 ms",
        ),
        Row(
            key="P9l",
            what="P9 %load_ext durnb",
            value=loading,
            unit="ms",
            samples=1,
            goal="< 150 ms",
            note="once, in a kernel, request to reply",
        ),
    ]


def _resume(folder: Path) -> list[Row]:
    steps = [f"%%durable step{i}\nv{i} = {i}" for i in range(STEPS)]
    notebook = folder / "resume.ipynb"
    kernel = Kernel(notebook)
    kernel.run("%load_ext durnb")
    made = kernel.run_all(steps)
    kernel.kill()
    rows = [
        Row(
            key="P8w",
            what=f"{STEPS} durable cells, first run",
            value=made / 1000,
            unit="s",
            samples=1,
            note="once, all requests sent at once",
        ),
    ]
    plain = Kernel(folder / "plain.ipynb")
    floor = plain.run_all([f"v{i} = {i}" for i in range(STEPS)])
    plain.close()
    kernel = Kernel(notebook)
    whole = kernel.run_all(["%load_ext durnb", *steps, "%%durable unfinished\npass"])
    half = _half(folder, steps[: STEPS // 2])
    kernel.close()
    rows += [
        Row(key="P8f", what=f"{STEPS} plain no-op cells, the protocol's floor", value=floor / 1000, unit="s", samples=1, note="once"),
        Row(
            key="P8",
            what=f"P8 resume with {STEPS} finished steps: kernel ready to the first unfinished cell done",
            value=whole / 1000,
            unit="s",
            samples=1,
            goal="< 0.5 s, and linear",
            note="once; %load_ext and opening the journal included",
        ),
        Row(key="P8h", what=f"P8 with {STEPS // 2} finished steps", value=half / 1000, unit="s", samples=1, goal="half of it", note="once"),
    ]
    return rows


def _half(folder: Path, steps: list[str]) -> float:
    notebook = folder / "half.ipynb"
    kernel = Kernel(notebook)
    kernel.run("%load_ext durnb")
    kernel.run_all(steps)
    kernel.kill()
    kernel = Kernel(notebook)
    taken = kernel.run_all(["%load_ext durnb", *steps, "%%durable unfinished\npass"])
    kernel.close()
    return taken


def _imports() -> list[Row]:
    timed = "import time; b = time.perf_counter(); import durnb; print(time.perf_counter() - b)"
    taken = [
        float(subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True).stdout) * 1000 for _ in range(15)
    ]
    return [Row(key="P9i", what="P9 import durnb", value=statistics.median(taken), unit="ms", samples=15, goal="< 50 ms")]

"""``make bench``: measures and writes benchmarks/RESULTS.md. Each row names its goal; the machine's floor is measured in the same run.

``python -m benchmarks runner`` measures the rows of one module again. Run it on an idle machine. Trust ratios, not absolute times: machines differ, and shared ones are noisy.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import ipykernel
import IPython

import durnb
from benchmarks import browser, calls, engines, floor, journal, kernel, notebook, runner, snapshot
from benchmarks.rows import Row, replaced, table

RESULTS = Path(__file__).with_name("RESULTS.md")


def measure(folder: Path) -> list[Row]:
    """Every row, the floor first."""
    base = floor.measure(folder)
    commit_ms, append_ms = (next(row.value for row in base if row.key == key) for key in ("duckdb-commit", "duckdb-appender"))
    inside = [*calls.measure(folder, commit_ms, append_ms), *engines.measure(folder)]
    return [
        *base,
        *kernel.measure(folder, commit_ms),
        *inside,
        *journal.measure(folder),
        *snapshot.measure(folder),
        *notebook.measure(folder),
        *runner.measure(folder),
        *browser.measure(folder),
    ]


def measure_again(names: Sequence[str], folder: Path) -> None:
    """Measure the rows of some modules anew, and put them in the place of the old ones."""
    modules: dict[str, Callable[[Path], list[Row]]] = {
        "floor": floor.measure,
        "kernel": _kernel,
        "journal": journal.measure,
        "snapshot": snapshot.measure,
        "notebook": notebook.measure,
        "runner": runner.measure,
        "browser": browser.measure,
        "engines": engines.measure,
    }
    rows: list[Row] = []
    for name in names:
        (folder / name).mkdir()
        rows += modules[name](folder / name)
    note = f"measured by itself on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores"
    RESULTS.write_text(replaced(RESULTS.read_text(), rows, note))
    sys.stdout.write(table(rows))


def _kernel(folder: Path) -> list[Row]:
    commit = next(row.value for row in floor.measure(folder) if row.key == "duckdb-commit")
    return kernel.measure(folder, commit)


def main() -> None:
    if names := sys.argv[1:]:
        with tempfile.TemporaryDirectory(prefix="durnb-bench-") as name:
            measure_again(names, Path(name))
        return
    with tempfile.TemporaryDirectory(prefix="durnb-bench-") as name:
        rows = measure(Path(name))
    versions = f"durnb {durnb.__version__}, CPython {platform.python_version()}, duckdb {duckdb.__version__}, ipykernel {ipykernel.__version__}, IPython {IPython.__version__}"
    text = f"""# Results

Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}. {versions}; {platform.system()} {platform.machine()}, {os.cpu_count()} cores.
Medians unless said otherwise. The first rows are the machine's own floor in the same run: compare with them, not with other machines.

{table(rows)}
"""
    RESULTS.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()

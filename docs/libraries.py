"""Takes objects of every library that is installed here to another process and back, and writes `docs/libraries.md`.

Run in an environment with as many of them as possible: ``python docs/libraries.py``, or with names of libraries to write only their lines anew. Two
processes for each library, so that none can spoil another's result. The table is `tests/contract/libraries.py`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import platform
import re
import sys
import tempfile
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

HEAD = """# Objects of libraries

What becomes of an object when the kernel dies: made in one process, saved, and put back in another. Written by `python docs/libraries.py` with Python {python}; not in the tests, which take the same trip with the libraries that they install.

- **stored**: it comes back as it was, and shares what it shared.
- **rebuilt**: it is made again from what can be stored of it; the note says what is not kept.
- **lost**: it can't be stored. The badge says so, the run goes on, and after a restart the name is unbound.
- **dropped**: nobody misses it.

"reading counts": a method that only reads changes what the object holds, so that a plain cell that reads it makes the steps after it run again.
"not tracked": a part of it can't be looked into; a change there is not seen.

| library | version | object | what becomes of it |
| --- | --- | --- | --- |
"""


def verdict(before: Any, after: Any) -> str:
    """What became of one object, in a few words."""
    if before.error:
        return f"not tried: {_cell(before.error.strip().splitlines()[-1])}"
    told = _fate(before, after)
    if "read" in before.unlike:
        told += "; reading counts"
    if before.missed:
        told += f"; a change of it is not seen ({', '.join(before.missed)})"
    if before.opaque and not before.lost:
        told += f"; not tracked: {_cell(before.opaque[0].lstrip(':. '))}"
    return told


def _fate(before: Any, after: Any) -> str:
    if before.lost:
        return f"**lost** ({_cell(before.lost[0])})"
    notes = [note.partition(": ")[2] for note in before.dropped if re.match(r"x\W", note)]
    if after is None or after.shown != before.shown:
        return f"**dropped** ({_cell(notes[0])})" if notes else "**comes back as another**"
    kept = f"**rebuilt** ({_cell(notes[0])})" if notes else "**stored**"
    return kept if after.alias or not before.linked else f"{kept}; its two holders come apart"


def _cell(text: str) -> str:
    clean = " ".join(text.replace("|", "\\|").replace(tempfile.gettempdir(), "…").split())
    return clean if len(clean) <= 160 else clean[:157] + "…"


def rows(wanted: Collection[str]) -> Iterator[str]:
    """One line of the page for each object of the libraries that are wanted; of all, where none is named."""
    table: Any = importlib.import_module("contract.libraries")
    travel = importlib.import_module("contract.trip").travel
    here = sorted(
        (each for each in table.LIBRARIES if find_spec(each.needs) is not None and (not wanted or each.package in wanted)),
        key=lambda each: each.package,
    )
    groups = [(package, list(each)) for package, each in groupby(here, key=lambda each: each.package)]

    def take(group: tuple[str, list[Any]]) -> list[str]:
        package, each = group
        with tempfile.TemporaryDirectory() as folder:
            try:
                trip = travel([one.entry for one in each], Path(folder))
            except RuntimeError as error:
                return [f"| {package} | | all of it | not tried: {_cell(str(error))} |"]
        version = importlib.metadata.version(package)
        return [
            f"| {package} | {version} | {one.what} | {verdict(trip.before[one.entry.title], trip.after.get(one.entry.title))} |"
            for one in each
        ]

    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(take, groups):
            yield from found


def main() -> None:
    page = HERE / "libraries.md"
    wanted = sys.argv[1:]
    kept = (
        [line for line in page.read_text().splitlines()[HEAD.count("\n") :] if line.split("|")[1].strip() not in wanted] if wanted else []
    )
    found = sorted([*kept, *rows(wanted)], key=lambda line: line.split("|")[1])
    page.write_text(HEAD.format(python=platform.python_version()) + "\n".join(found) + "\n")


if __name__ == "__main__":
    main()

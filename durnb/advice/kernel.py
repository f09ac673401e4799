"""What only a live kernel can tell: which variables can't be stored, which are not tracked, and how big a checkpoint would be."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from durnb.advice.findings import Finding, Severity, Size
from durnb.advice.losing import is_made_again
from durnb.advice.reading import ReadCell, read_cells
from durnb.advice.secrets import in_variables
from durnb.engine.cells import NotebookCell
from durnb.engine.live import LiveNames
from durnb.engine.remaking import is_opened, moves
from durnb.engine.session import Session
from durnb.engine.versions import Durable
from durnb.fingerprint import content
from durnb.snapshot import Captured, Group, capture, is_imported

_MUCH_TEXT: Final = 10_000  # rows


def examine(session: Session, cells: Sequence[NotebookCell], environ: Mapping[str, str]) -> tuple[list[Finding], list[Size]]:
    """Take a snapshot of all that steps made, or would make, and say what is wrong with it; the sizes, biggest first. Nothing is kept."""
    with session.busy:
        session.live.observe()
        read = read_cells(cells)
        values = session.live.values()
        names = sorted(name for name in values if _is_of_a_step(name, session.live, read))
        captured = capture(values, names, home=session.namespace)
        sizes = sorted((_size(group) for group in captured.groups), key=lambda size: -size.bytes)
        found = [
            *_lost(captured, values, read),
            *_untracked(values, session.live, read),
            *_not_kept(session, read),
            *slow_text(values, has_arrow=find_spec("pyarrow") is not None),
            *in_variables({name: values[name] for name in names}, environ),
            *_too_big(sizes, session.store().folder),
        ]
    return found, sizes


def _is_of_a_step(name: str, live: LiveNames, cells: Sequence[ReadCell]) -> bool:
    held = live.names.get(name)
    return (held is not None and isinstance(held.version, Durable)) or any(_makes(cell, name) for cell in cells)


def _makes(cell: ReadCell, name: str) -> bool:
    """Whether the cell is a step that leaves the name."""
    return cell.header is not None and name in cell.names.binds and name not in cell.header.header.ignore


def _maker(name: str, cells: Sequence[ReadCell]) -> ReadCell | None:
    return next((cell for cell in reversed(cells) if cell.is_step and name in cell.names.binds), None)


def _lost(captured: Captured, values: Mapping[str, object], cells: Sequence[ReadCell]) -> Iterator[Finding]:
    opened = [name for name, value in values.items() if is_opened(f"{type(value).__module__}.{type(value).__qualname__}")]
    for lost in captured.lost:
        maker = _maker(lost.name, cells)
        again = maker is not None and is_made_again(maker, [other.name for other in captured.lost] + opened)
        if again and not moves(values[lost.name], lost.reason):
            continue
        what = f"`{lost.name}` can't be stored ({lost.path}: {lost.reason}): after a resume it is not there, and steps that need it stop"
        cure = "make it in a plain cell, or leave it out with --ignore"
        needed = any(cell is not maker and lost.name in cell.names.reads for cell in cells)
        yield _about(lost.name, maker, "warning" if needed else "note", what, cure)


def _about(name: str, maker: ReadCell | None, severity: Severity, what: str, cure: str) -> Finding:
    if maker is not None:
        return maker.finding(severity, "lost", what, cure)
    return Finding(severity=severity, kind="lost", where=f"variable {name}", what=what, cure=cure)


def _untracked(values: Mapping[str, object], live: LiveNames, cells: Sequence[ReadCell]) -> Iterator[Finding]:
    """Notes on plain values that steps read and whose changes can't be seen."""
    told: set[str] = set()
    for cell in cells:
        for name in sorted(cell.names.reads & values.keys() - told) if cell.is_step else ():
            held = live.names.get(name)
            if held is not None and isinstance(held.version, Durable):
                continue
            opaque = content(values[name], attributes=cell.names.attributes.get(name)).opaque
            if opaque:
                told.add(name)
                what = f"it reads `{name}`, of which {name}{opaque[0]} is not tracked: a change there will not be seen"
                yield cell.finding("note", "untracked", what, "nothing, if it never changes; else %durable rerun after a change")


def _not_kept(session: Session, cells: Sequence[ReadCell]) -> Iterator[Finding]:
    """What steps read of plain variables and what is too big to be kept for another attempt: retried, a step may find its own changes there."""
    live, limit = session.live, session.settings().max_prestate
    values = {name: value for name, value in live.values().items() if not is_imported(value)}
    read = {name for cell in cells if cell.is_step for name in cell.names.reads}
    plain = sorted(name for name in read & values.keys() if _is_plain(name, live, cells))
    big = [size for size in map(_size, capture(values, plain, home=session.namespace).groups) if size.bytes > limit]
    for cell in cells:
        for size in big if cell.header is not None else ():
            if not cell.names.reads.isdisjoint(size.names):
                names = ", ".join(f"`{name}`" for name in size.names)
                what = f"it reads {names}, {size.bytes / 1e6:.0f} MB of a plain cell, more than is kept for another attempt: an attempt finds what the last one changed there"
                cure = f"make it in a step, change a copy of it, or set max_prestate above {limit / 1e6:.0f} MB"
                retried = cell.header is not None and cell.header.header.retries > 0
                yield cell.finding("warning" if retried else "note", "too-big-to-keep", what, cure)


def _is_plain(name: str, live: LiveNames, cells: Sequence[ReadCell]) -> bool:
    """Whether the name is a plain variable when the step that reads it begins, even where a step changed it in place since."""
    held = live.names.get(name)
    return held is None or not isinstance(held.version, Durable) or _maker(name, cells) is None


def slow_text(values: Mapping[str, Any], *, has_arrow: bool) -> Iterator[Finding]:
    """A note where frames hold much text as Python's strings, because Arrow is not there to hold it."""
    pandas: Any = sys.modules.get("pandas")
    if has_arrow or pandas is None or not hasattr(pandas, "StringDtype"):
        return
    for name, value in values.items():
        columns = list(value.dtypes) if isinstance(value, pandas.DataFrame) else [value.dtype] if isinstance(value, pandas.Series) else []
        if any(isinstance(kind, pandas.StringDtype) for kind in columns) and len(value) >= _MUCH_TEXT:
            what = f"`{name}` has columns of text, each a string of Python, which take long to look at and to store"
            cure = "install pyarrow: pandas then keeps text in it, which is looked at many times faster"
            yield Finding(severity="note", kind="slow-text", where=f"variable {name}", what=what, cure=cure)
            return


def _size(group: Group) -> Size:
    return Size(names=group.names, bytes=len(group.stream) + sum(memoryview(buffer).nbytes for buffer in group.buffers))


def _too_big(sizes: Sequence[Size], store: Path) -> Iterator[Finding]:
    total = sum(size.bytes for size in sizes)
    there = next(folder for folder in (store, *store.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if total > free:
        what = f"its variables take {total / 1e9:.1f} GB, and the disk of {there} has {free / 1e9:.1f} GB left"
        yield Finding(
            severity="error", kind="disk", where="the store", what=what, cure="free some, or set DURNB_STORE to a folder elsewhere"
        )

"""What only a live kernel can tell: which variables can't be stored, which are not tracked, and how big a checkpoint would be."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

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
from durnb.snapshot import Captured, Group, capture


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

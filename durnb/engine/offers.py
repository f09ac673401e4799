"""The store of a notebook that is gone, offered to the one that may be that notebook under a new name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from durnb.clock import Clock
from durnb.engine.cells import NotebookCell, header_of
from durnb.engine.plan import code_of
from durnb.journal import Orphan, Store, codes_of


def offered(store: Store, cells: Sequence[NotebookCell], clock: Clock, now: Mapping[str, str | None]) -> Orphan | None:
    """The store that `store`, which has no runs, may go on from; None where there is none.

    It is one that has a step of the notebook with the very code, or several by name: one name alone is common to many notebooks. `now` is
    the step that is about to run, with the digest of its code. The saved notebook has to be there: a renamed one is, under its new name.
    """
    if store.runs() or not store.notebook.exists():
        return None
    here = {found.header.name: code_of(found.body) for cell in cells if (found := header_of(cell)) is not None} | dict(now)
    best: tuple[tuple[int, int], Orphan] | None = None
    for orphan in store.orphans():
        there = codes_of(orphan, clock)
        common = here.keys() & there.keys()
        same = sum(here[name] in there[name] for name in common)
        if (same or len(common) > 1) and (best is None or (same, len(common)) > best[0]):
            best = (same, len(common)), orphan
    return best[1] if best is not None else None

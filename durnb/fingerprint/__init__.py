"""Source and values to what they reach and to digests; pure."""

from __future__ import annotations

from durnb.fingerprint.cell import CellSource, read_cell
from durnb.fingerprint.names import CellNames
from durnb.fingerprint.naming import NOTEBOOK_HIDDEN, notebook_names

__all__ = ["NOTEBOOK_HIDDEN", "CellNames", "CellSource", "notebook_names", "read_cell"]

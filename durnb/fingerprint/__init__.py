"""Source and values to what they reach and to digests; pure."""

from __future__ import annotations

from durnb.fingerprint.cell import CellSource, read_cell
from durnb.fingerprint.content import Content, content
from durnb.fingerprint.holding import Circle, circles
from durnb.fingerprint.names import CellNames
from durnb.fingerprint.naming import NOTEBOOK_HIDDEN, is_hidden, notebook_names
from durnb.fingerprint.origin import is_project_file
from durnb.fingerprint.probe import Probe, probe
from durnb.fingerprint.properties import watch_properties
from durnb.fingerprint.reach import Reach, reach
from durnb.fingerprint.reached_code import of_code, unwrapped

__all__ = [
    "NOTEBOOK_HIDDEN",
    "CellNames",
    "CellSource",
    "Circle",
    "Content",
    "Probe",
    "Reach",
    "circles",
    "content",
    "is_hidden",
    "is_project_file",
    "notebook_names",
    "of_code",
    "probe",
    "reach",
    "read_cell",
    "unwrapped",
    "watch_properties",
]

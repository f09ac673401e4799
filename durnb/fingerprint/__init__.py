"""Source and values to what they reach and to digests; pure."""

from __future__ import annotations

from durnb.fingerprint.cell import CellSource, read_cell
from durnb.fingerprint.content import Content, content
from durnb.fingerprint.holding import Circle, circles
from durnb.fingerprint.lens import Lens
from durnb.fingerprint.names import CellNames, names_of
from durnb.fingerprint.naming import NOTEBOOK_HIDDEN, is_hidden, notebook_names
from durnb.fingerprint.origin import is_project_file, module_dict
from durnb.fingerprint.probe import Probe, probe
from durnb.fingerprint.properties import watch_properties
from durnb.fingerprint.reach import Reach, reach
from durnb.fingerprint.reached_code import of_code, unwrapped
from durnb.fingerprint.typed import CellMagic, Magic, cell_magic, magic_of, parse_typed
from durnb.fingerprint.written import Written, written

__all__ = [
    "NOTEBOOK_HIDDEN",
    "CellMagic",
    "CellNames",
    "CellSource",
    "Circle",
    "Content",
    "Lens",
    "Magic",
    "Probe",
    "Reach",
    "Written",
    "cell_magic",
    "circles",
    "content",
    "is_hidden",
    "is_project_file",
    "magic_of",
    "module_dict",
    "names_of",
    "notebook_names",
    "of_code",
    "parse_typed",
    "probe",
    "reach",
    "read_cell",
    "unwrapped",
    "watch_properties",
    "written",
]

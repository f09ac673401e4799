"""Documents and molecules of C libraries, by the bytes in which the library writes them."""

from __future__ import annotations

import sys
from typing import Any

from durnb.fingerprint.hashing import digest
from durnb.fingerprint.looking import type_name
from durnb.fingerprint.parts import Parts, joined


def of_element(value: Any) -> Parts:
    """An element of lxml: its whole document, since it leads to all of it, and its place in that."""
    etree: Any = sys.modules["lxml.etree"]
    tree = value.getroottree()
    place = tree.getpath(value)
    return Parts(
        joined("element", type_name(type(value)), digest(etree.tostring(tree)), place), numbered=True, linked=(tree.getroot(), place)
    )


def of_molecule(value: Any) -> Parts:
    """A molecule of RDKit, with the properties that people gave it; the others are computed when it is read."""
    options: Any = sys.modules["rdkit.Chem"].PropertyPickleOptions
    given = int(options.MolProps) | int(options.AtomProps) | int(options.BondProps)
    return Parts(joined("molecule", type_name(type(value)), digest(value.ToBinary(given))), numbered=True)

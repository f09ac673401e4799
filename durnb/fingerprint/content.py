"""The canonical content of a value, equal in every process."""

from __future__ import annotations

from types import ModuleType

from durnb.fingerprint.definitions import take_module
from durnb.fingerprint.lens import Lens
from durnb.fingerprint.parts import Parts
from durnb.fingerprint.walk import Walk
from durnb.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a value holds: equal digests, equal content."""

    digest: str
    opaque: tuple[str, ...]
    """Parts without canonical content, as path and type (``.session._sock: socket.socket``), to be put behind the value's name."""
    notes: tuple[str, ...] = ()
    """What a person should know: ``reload utils: utils.py was changed after it was loaded``."""


def content(value: object, *, attributes: frozenset[str] | None = None, lens: Lens | None = None) -> Content:
    """The content of a value; of a project's module only `attributes`, where given. Changes nothing and never raises.

    `lens`: one for several values between which nothing happens; a note is told of the first alone. Runs no code of the value but ``__reduce_ex__`` and ``__getstate__``. What has no canonical content counts as its type.
    """
    lens = lens or Lens()
    said = len(lens.notes)
    walk = Walk(lens)
    apart: Parts | None = None
    if attributes is not None and type(value) is ModuleType:
        apart = take_module(value, attributes)
    digest = walk.digest(value, apart)
    return Content(digest=digest.hex(), opaque=tuple(walk.opaque), notes=tuple(lens.notes)[said:])

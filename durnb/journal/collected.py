"""What a collection came to, as facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from durnb.journal.names import RunName
from durnb.records import dataclass

What = Literal["run", "checkpoints", "small values", "packs", "damaged packs", "leftovers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """Something that a collection removed, or would: `count` of it, `bytes` on the disk.

    Of a run these are its own files; what checkpoints held is counted with the small values and the packs.
    """

    what: What
    count: int
    bytes: int
    run: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """All that was removed. `owned` are runs that only the process of that pid can look into, `left` those that could not be looked into, and why.

    `damaged` are the files, and their bytes, of damaged packs that a run still lists.
    """

    removed: tuple[Removed, ...] = ()
    owned: Mapping[RunName, int]
    left: Mapping[RunName, str]
    damaged: Mapping[str, int] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.removed)

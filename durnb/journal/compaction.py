"""Packs that hold little that is needed, written anew without the rest.

The new pack is listed beside the old one, so that nothing hangs on this having come to its end: a run lists the smallest packs in which its bytes
lie, and the old one is then a pack that no run lists. What is mapped of it stays mapped.
"""

from __future__ import annotations

import mmap
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from durnb import faults
from durnb.journal import disk
from durnb.journal.draft import ObjectsLock
from durnb.journal.journal import Journal
from durnb.journal.packs import Packs, PackWriter, Place, packed_size
from durnb.records import dataclass

_LEAST: Final = 1_000_000  # bytes that have to be won


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """A pack of which only `kept` is needed; `before` and `after` are the bytes of the old and of the new one."""

    name: str
    kept: list[tuple[bytes, Place]]
    before: int
    after: int


def rewrites(packs: Packs, needed: Collection[str], alive: Collection[bytes], listings: Mapping[str, int]) -> Iterator[Rewrite]:
    """Those of the packs `needed` by a run that are mostly dead and that no other run lists (`listings` counts): nobody else's digests lie in them."""
    for name in sorted(needed):
        if listings.get(name, 0) > 1 or packs.problem([name]) is not None:
            continue
        kept = [(digest, place) for digest, place in packs.entries(name) if digest in alive]
        before, after = disk.size_of(packs.folder / name), packed_size([place.length for _, place in kept])
        if before - after >= max(_LEAST, after):
            yield Rewrite(name=name, kept=kept, before=before, after=after)


def rewrite(journal: Journal, rewrite: Rewrite) -> bool:
    """Write the new pack and list it beside the old one; False where the old one is not what was written, or is gone. Raises DiskFull, JournalReadOnly."""
    lock, writer = ObjectsLock(journal.packs.folder), PackWriter(journal.packs.folder)
    try:
        with disk.at(journal.packs.folder):
            lock.share()
            if not _copy(journal.packs, rewrite, writer):
                return False
            writer.seal()
            journal.packs.add(writer.name, writer.index)
        faults.point("pack-rewritten")
        journal.relist({*journal.listed, writer.name})
        return True
    finally:
        writer.discard()
        lock.release()


def _copy(packs: Packs, rewrite: Rewrite, writer: PackWriter) -> bool:
    try:
        file = (packs.folder / rewrite.name).open("rb")
    except FileNotFoundError:
        return False
    with file:
        return all(_copied(file.fileno(), digest, place, writer) for digest, place in rewrite.kept)


def _copied(fd: int, digest: bytes, place: Place, writer: PackWriter) -> bool:
    """Copy one buffer, mapped and never in memory as a whole; False where its bytes are not those of its digest."""
    before = place.offset % mmap.ALLOCATIONGRANULARITY  # some machines map in steps of more than a page of ours
    mapped = mmap.mmap(fd, before + place.length, access=mmap.ACCESS_READ, offset=place.offset - before)
    with mapped, memoryview(mapped) as whole, whole[before:] as view:
        return writer.write(view) == digest

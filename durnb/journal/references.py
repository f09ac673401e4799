"""Which stored bytes a run still refers to: asked of its events, so that a kind of event that refers to bytes in a new way is heeded too."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from durnb.journal.packs import Packs, digest_of_bytes

if TYPE_CHECKING:  # duckdb takes 0.1 s to import, so only the first open does
    from duckdb import DuckDBPyConnection

EMPTY: Final = digest_of_bytes(b"")
# Whatever looks like a digest counts as one: a byte too many is kept, never one too few. Content digests of inputs look so and name nothing stored.
_MENTIONED: Final = """
select distinct unnest(regexp_extract_all(detail, '[0-9a-f]{64}')) from events
where seq not in (select unnest(cast(json_extract(detail, '$.events') as bigint[])) from events where kind = 'checkpoints_dropped')
and seq not in (select unnest(cast(? as bigint[])))
"""


def mentioned(connection: DuckDBPyConnection, without: Collection[int] = ()) -> set[bytes]:
    """The digests that the run's events name, those left out whose bytes were let go of, and those numbered `without`. Raises DuckDB's errors."""
    return {bytes.fromhex(digest) for (digest,) in connection.execute(_MENTIONED, [list(without)]).fetchall()}


def small_digests(connection: DuckDBPyConnection) -> set[bytes]:
    """The digests of all small values. Raises DuckDB's errors."""
    return {digest for (digest,) in connection.execute("select digest from blobs").fetchall()}


def small_values(connection: DuckDBPyConnection) -> dict[bytes, int]:
    """The digests of all small values, and their lengths in bytes. Raises DuckDB's errors."""
    return dict(connection.execute("select digest, octet_length(data) from blobs").fetchall())


def needed_packs(packs: Packs, listed: Collection[str], alive: Collection[bytes]) -> set[str]:
    """The packs that a run has to list: each digest of `alive` that lies in a pack lies in one of these, by preference in one of those `listed`.

    A listed pack that can't be read stays, so that its damage stays known.
    """
    held = {name: {digest for digest, _ in packs.entries(name) if digest in alive} for name in listed}
    needed = {name for name in listed if packs.problem([name]) is not None}
    found: set[bytes] = set()
    for name in sorted(held, key=lambda name: (-len(held[name]), len(packs.entries(name)), name)):  # of two alike, the one with less beside
        if name not in needed and not held[name] <= found:
            needed.add(name)
            found |= held[name]
    unlisted = (packs.find(digest) for digest in alive if digest not in found)
    return needed | {place.pack for place in unlisted if place is not None}


def dead_values(connection: DuckDBPyConnection, alive: Collection[bytes]) -> dict[bytes, int]:
    """The small values that are not `alive`, and their lengths in bytes. Raises DuckDB's errors."""
    dead = [digest for digest in small_digests(connection) if digest not in alive and digest != EMPTY]
    if not dead:
        return {}
    return dict(connection.execute("select digest, octet_length(data) from blobs where digest in (select unnest(?))", [dead]).fetchall())


def delete_dead(connection: DuckDBPyConnection, alive: Collection[bytes]) -> dict[bytes, int]:
    """Delete the small values that are not `alive`, inside a transaction; their digests and lengths.

    One empty value is put there in their place: DuckDB gives the room of deleted rows back at a checkpoint only where that also adds to the table.
    """
    dead = dead_values(connection, alive)
    if dead:
        connection.execute("delete from blobs where digest in (select unnest(?))", [[*dead, EMPTY]])
        connection.execute("insert into blobs values (?, ''::blob)", [EMPTY])
    return dead

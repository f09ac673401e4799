"""A run as one file that stands by itself: its journal, the packs that it refers to, and the digest of each, in a tar."""

from __future__ import annotations

import io
import json
import os
import tarfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Final

from blake3 import blake3

from durnb.clock import Clock
from durnb.errors import JournalDamaged, UsageError
from durnb.journal import disk
from durnb.journal.lease import Lease
from durnb.journal.names import RunName
from durnb.journal.opening import open_database
from durnb.journal.packs import read_list, write_list
from durnb.journal.store import Store
from durnb.journal.temporaries import hidden_beside

_ABOUT: Final = "durnb-run.json"
_JOURNAL: Final = "run.duckdb"
_PACKS: Final = "packs/"
_FORMAT: Final = 1
_CHUNK: Final = 1 << 20


def export_run(store: Store, run: RunName, target: Path, clock: Clock) -> int:
    """Write the run to `target`, which is whole or not there; the bytes written.

    Raises UsageError where there is no such run, RunHeld while a kernel has it, JournalDamaged for a pack that is gone, and the JournalErrors.
    """
    if not store.file(run, "duckdb").exists():
        raise UsageError(f"{store.notebook.name} has no run {run}")
    lease = Lease.acquire(store.file(run, "lock"), run=str(run), notebook=str(store.notebook), clock=clock, wait=timedelta(0))
    try:
        database, history = open_database(store, run, lease, clock)
        database.close()  # what a killed kernel left in DuckDB's log is in the file from here on
        packs = sorted(read_list(store.file(run, "packs")))
        members = [(_JOURNAL, store.file(run, "duckdb")), *((f"{_PACKS}{name}", store.objects / name) for name in packs)]
        for name, path in members:
            if not path.exists():
                raise JournalDamaged(path=str(path), why=f"{name.removeprefix(_PACKS)} is gone")
        about = {
            "format": _FORMAT,
            "run": str(run),
            "key": run.key,
            "number": run.number,
            "store": history.store,
            "notebook": store.notebook.name,
        }
        return _write(target, about, members)
    finally:
        lease.release()


def _write(target: Path, about: dict[str, Any], members: list[tuple[str, Path]]) -> int:
    hidden = hidden_beside(target)
    with disk.at(target):
        try:
            with hidden.open("xb") as file:
                digests = {name: _digest(path) for name, path in members}
                with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                    text = json.dumps({**about, "digests": digests}).encode()
                    _add(tar, _ABOUT, io.BytesIO(text), len(text))
                    for name, path in members:
                        with path.open("rb") as content:
                            _add(tar, name, content, path.stat().st_size)
                file.flush()
                os.fsync(file.fileno())
            size = hidden.stat().st_size
            hidden.chmod(disk.PRIVATE_FILE)
            hidden.replace(target)
        finally:
            hidden.unlink(missing_ok=True)
    return size


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, disk.PRIVATE_FILE
    tar.addfile(member, content)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return _digest_of(file)


def _digest_of(file: IO[bytes]) -> str:
    hasher = blake3()
    while chunk := file.read(_CHUNK):
        hasher.update(chunk)
    return hasher.hexdigest()


def import_run(store: Store, source: Path) -> RunName:
    """Put the run of a file of `export_run` into the store of its notebook. Nothing of it is unpickled; who signed it is asked when it is used.

    Raises UsageError for a file that is none or is damaged, and where the store has that run already; then nothing is changed.
    """
    try:
        with tarfile.open(source) as tar:
            about = _about(tar, source)
            run = RunName(str(about["key"]), int(about["number"]))
            if store.file(run, "duckdb").exists():
                raise UsageError(f"{store.notebook.name} has a run {run} already: import it for another notebook, or remove that one")
            _check(tar, about["digests"], source)
            _unpack(tar, store, run, list(about["digests"]))
    except (OSError, tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{source} is not a run that durnb export wrote, or is damaged: {error}") from None
    return run


def _about(tar: tarfile.TarFile, source: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(_content(tar, _ABOUT).read())
    if about["format"] != _FORMAT:
        raise UsageError(f"{source} is of format {about['format']}, and this durnb knows {_FORMAT}: upgrade durnb (pip install -U durnb)")
    return about


def _check(tar: tarfile.TarFile, digests: dict[str, str], source: Path) -> None:
    """Every member is what was written, and none is anything else, before any is put in place."""
    for name, digest in digests.items():
        if name != _JOURNAL and (not name.startswith(_PACKS) or "/" in name.removeprefix(_PACKS) or not name.endswith(".pack")):
            raise UsageError(f"{source} holds {name!r}, which is no part of a run")
        with closing(_content(tar, name)) as content:
            if _digest_of(content) != digest:
                raise UsageError(f"{source} is damaged: {name} is not what was written")
    if _JOURNAL not in digests:
        raise UsageError(f"{source} holds no journal")


def _content(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    content = tar.extractfile(name)
    if content is None:
        raise ValueError(f"{name} is no file")
    return content


def _unpack(tar: tarfile.TarFile, store: Store, run: RunName, names: list[str]) -> None:
    """Packs first, then the list that keeps them, then the journal: a crash between leaves packs that nobody refers to, and no run."""
    store.create()
    store.name(run)
    packs = [name for name in names if name != _JOURNAL]
    with disk.at(store.folder):
        disk.make_folder(store.objects)
        write_list(store.file(run, "packs"), {name.removeprefix(_PACKS) for name in packs})
        for name in packs:
            _place(tar, name, store.objects / name.removeprefix(_PACKS))
        _place(tar, _JOURNAL, store.file(run, "duckdb"))


def _place(tar: tarfile.TarFile, name: str, target: Path) -> None:
    if target.exists():
        return  # a pack is named by chance and never changes: it is the same one
    hidden = hidden_beside(target)
    try:
        with closing(_content(tar, name)) as content, hidden.open("xb") as file:
            hidden.chmod(disk.PRIVATE_FILE)
            while chunk := content.read(_CHUNK):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(target)
        disk.sync_folder(target.parent)
    finally:
        hidden.unlink(missing_ok=True)

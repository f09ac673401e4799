"""One notebook's folder under ``.durnb``: where it is, which notebook it belongs to, and the runs in it."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from os.path import relpath
from pathlib import Path
from typing import Any, Final

from durnb.errors import JournalError, RunHeld, UsageError
from durnb.journal import disk, inbox, lease
from durnb.journal.names import RunName, folder_elsewhere, folder_of, quoted, unquoted
from durnb.records import dataclass

_ABOUT: Final = "notebook.json"


@dataclass(frozen=True, slots=True)
class Orphan:
    """A store whose notebook is gone, and the steps that its runs have."""

    notebook: Path
    folder: Path
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Store:
    """The store of `notebook`, whether or not it is there yet. Nothing is shared between notebooks."""

    notebook: Path
    folder: Path

    @classmethod
    def of(cls, notebook: Path, root: Path | None = None) -> Store:
        """The store beside `notebook`, or under `root`; neither is touched."""
        notebook = notebook.expanduser()
        notebook = notebook.parent.resolve() / notebook.name
        if root is None:
            return cls(notebook, notebook.parent / ".durnb" / folder_of(notebook))
        return cls(notebook, root.expanduser().absolute() / folder_elsewhere(notebook))

    @property
    def exists(self) -> bool:
        return (self.folder / _ABOUT).is_file()

    @property
    def id(self) -> str:
        """What every signature binds; it stays when the store is moved, copied or adopted. "" before the store is made."""
        about = _about(self.folder)
        return str(about.get("id", "")) if about else ""

    def create(self) -> None:
        """Make the folder and say whose it is. Raises JournalReadOnly, DiskFull."""
        if self.exists and not self._moved():
            return
        with disk.at(self.folder):
            disk.make_folder(self.folder)
            self._ignore()
            disk.create_once(self.folder / _ABOUT, self._described(uuid.uuid4().hex))
            if self._moved():  # somebody renamed folder and notebook together: where the folder lies says whose it is
                disk.replace(self.folder / _ABOUT, self._described(self.id))

    def _ignore(self) -> None:
        beside = self.folder.parent.name == ".durnb"
        ignore = (self.folder.parent if beside else self.folder) / ".gitignore"
        if not ignore.exists():
            disk.create_once(ignore, b"*\n")

    def _moved(self) -> bool:
        about = _about(self.folder)
        return about is not None and _notebook(self.folder, about) != self.notebook

    def _described(self, store: str) -> bytes:
        return json.dumps({"id": store, "notebook": relpath(self.notebook, self.folder)}).encode()

    def orphans(self) -> list[Orphan]:
        """The sibling stores whose notebook is gone, by name."""
        return [orphan for folder in _folders(self.folder.parent) if folder != self.folder and (orphan := _orphan(folder))]

    def adopt(self, old: str) -> None:
        """Take over the store of the notebook `old`, which is gone: a name or path as `orphans` shows it.

        Raises UsageError where there is none, more than one, or this store has runs; RunHeld where a kernel still owns one of its runs.
        """
        orphan = self._orphan_called(old)
        if self.runs():
            raise UsageError(f"{self.notebook.name} has runs of its own, so it can't take over the store of {orphan.notebook.name}")
        theirs = Store(orphan.notebook, orphan.folder)
        for run in theirs.runs():
            if (pid := theirs.owner(run)) is not None:
                raise RunHeld(run=str(run), notebook=str(orphan.notebook), pid=pid)
        with disk.at(self.folder):
            disk.make_folder(self.folder.parent)
            for file in self.folder.iterdir() if self.folder.is_dir() else ():
                if file.suffix == ".json" and not (orphan.folder / file.name).exists():
                    file.rename(orphan.folder / file.name)  # a schedule, or what a runner was asked for
            if self.folder.exists():
                shutil.rmtree(self.folder)  # it has no runs, so nothing else of anybody's
            orphan.folder.rename(self.folder)
            disk.replace(self.folder / _ABOUT, self._described(self.id))

    def _orphan_called(self, old: str) -> Orphan:
        orphans = self.orphans()
        found = [o for o in orphans if old in (str(o.notebook), o.notebook.name, o.notebook.stem)]
        exact = [o for o in found if old in (str(o.notebook), o.notebook.name)] or found
        if len(exact) != 1:
            there = ", ".join(str(o.notebook) if found else o.notebook.name for o in (exact or orphans)) or "none"
            raise UsageError(f"{'more than one' if exact else 'no'} store of a notebook {old!r} that is gone; there is: {there}")
        return exact[0]

    def runs(self) -> list[RunName]:
        """The runs that have a journal, sorted by key and number."""
        if not self.folder.is_dir():
            return []
        return sorted(run for file in self.folder.iterdir() if file.suffix == ".duckdb" and (run := self.run_of(file.stem)))

    def run_of(self, stem: str) -> RunName | None:
        """The run whose files have that stem; None for what is no run's."""
        name, _, number = stem.rpartition(".")
        if not name or name.startswith(".") or not (number.isascii() and number.isdecimal()):
            return None
        key = unquoted(name)
        if key is None:
            with suppress(FileNotFoundError):
                key = (self.folder / f"{name}.key").read_text("utf-8", "surrogatepass")
        return None if key is None else RunName(key, int(number))

    def name(self, run: RunName) -> None:
        """Keep the key of `run` where its file name can't say it. Raises JournalReadOnly, DiskFull."""
        file = quoted(run.key)
        if unquoted(file) is None:
            with disk.at(self.folder):
                disk.create_once(self.folder / f"{file}.key", run.key.encode("utf-8", "surrogatepass"))

    def newest(self, key: str) -> RunName | None:
        """The run of `key` with the highest number."""
        return max((run for run in self.runs() if run.key == key), default=None)

    def used_last(self) -> RunName | None:
        """The run that an owner last wrote of."""
        return max(self.runs(), key=lambda run: (str((self.status(run) or {}).get("at", "")), run.number), default=None)

    def file(self, run: RunName, suffix: str) -> Path:
        """The run's file of that kind: duckdb, lock, packs, status.json, inbox."""
        return self.folder / f"{run.file}.{suffix}"

    @property
    def objects(self) -> Path:
        return self.folder / "objects"

    def status(self, run: RunName) -> dict[str, Any] | None:
        """What the owner last wrote of itself; None where nothing is, or nothing that can be read."""
        try:
            text = json.loads(self.file(run, "status.json").read_bytes())
        except (OSError, ValueError):
            return None
        return text if isinstance(text, dict) else None

    def owner(self, run: RunName) -> int | None:
        """The pid of the live process that owns the run, 0 for one that is only now taking it, None where nobody does."""
        path = self.file(run, "lock")
        with disk.at(path):
            return lease.owner(path)

    def request(self, run: RunName, kind: str, **facts: Any) -> str:
        """Ask the owner of `run` for something, now or when there is one; the request's id. Raises JournalReadOnly, DiskFull."""
        return inbox.put(self.file(run, "inbox"), kind, facts)

    def asked(self, run: RunName, request: str | None = None) -> bool:
        """Whether that request to the owner of `run`, or any, waits to be served."""
        return inbox.holds(f"{self.folder}/{run.file}.inbox", request)

    def withdraw(self, run: RunName, request: str) -> None:
        """Take back a request that nobody has served; harmless where it is gone."""
        inbox.withdraw(self.file(run, "inbox"), request)

    def answer(self, run: RunName, request: str) -> str | None:
        """What became of a request: "" where it was taken, the reason where it was refused (told once), None while it waits."""
        return inbox.answer(self.file(run, "inbox"), request)

    def write_status(self, run: RunName, facts: Mapping[str, Any]) -> None:
        """Replace the run's status. Raises JournalReadOnly, DiskFull, and TypeError for facts that JSON does not have."""
        path = self.file(run, "status.json")
        with disk.at(path):
            disk.replace(path, json.dumps(facts).encode(), durable=False)


def store_in(folder: Path) -> Store | None:
    """The store that lies in `folder`; None where none does. Raises JournalError where whose it is can't be read."""
    about = _about(folder)
    return Store(_notebook(folder, about), folder) if about is not None else None


def _about(folder: Path) -> dict[str, Any] | None:
    try:
        about = json.loads((folder / _ABOUT).read_bytes())
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return None
    except ValueError as error:
        raise JournalError(f"{folder / _ABOUT} is damaged ({error}): put a copy of it back") from error
    return about if isinstance(about, dict) else None


def _notebook(folder: Path, about: Mapping[str, Any]) -> Path:
    path = folder / str(about.get("notebook", ""))
    return path.parent.resolve() / path.name


def _folders(parent: Path) -> Iterator[Path]:
    if parent.is_dir():
        yield from sorted(folder for folder in parent.iterdir() if folder.is_dir() and not folder.name.startswith("."))


def _orphan(folder: Path) -> Orphan | None:
    try:
        about = _about(folder)
    except JournalError:
        return None  # whose it is can't be read, so it is nobody's to offer
    if about is None or (notebook := _notebook(folder, about)).exists():
        return None
    store = Store(notebook, folder)
    steps = {name: None for run in store.runs() for name in _steps(store.status(run) or {})}
    return Orphan(notebook, folder, tuple(steps))


def _steps(status: Mapping[str, Any]) -> Iterator[str]:
    """The names of steps in a status: a list of names, of objects with a "step", or an object by name."""
    for step in status.get("steps") or ():
        name = step.get("step") if isinstance(step, Mapping) else step
        if isinstance(name, str):
            yield name

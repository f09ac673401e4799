"""What may keep durnb from working well on this machine and with this notebook, each finding with its cure."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

import psutil
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_core.paths import jupyter_data_dir

from durnb.errors import DurnbError
from durnb.journal import Store, check, load_secret
from durnb.records import dataclass
from durnb.runner.unread import unread

Grade = Literal["ok", "warning", "error"]
_SHOWN: Final = ("durnb", "duckdb", "ipykernel", "ipython", "jupyter-client", "nbclient")
_LOW: Final = 1_000_000_000  # bytes of free space
_SKEW: Final = timedelta(seconds=2)
_NETWORK: Final = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ceph", "lustre", "gpfs", "beegfs", "glusterfs")
_FLEETING: Final = ("tmpfs", "ramfs", "overlay", "aufs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; `cure` is empty where there is nothing to do."""

    what: str
    grade: Grade
    found: str
    cure: str = ""


def diagnose(store: Store | None, environment: Mapping[str, str]) -> list[Finding]:
    """All findings; of the notebook's store too, where one is given. A few bytes are written into its folder, and deleted."""
    found = [_versions(), _kernelspec(), *_secret(environment)]
    if store is not None:
        found += [
            *_place(store),
            *_journal(store),
            *(Finding(what="runner", grade="error", found=each.said, cure=each.cure) for each in unread(store)),
        ]
    return found


def _versions() -> Finding:
    said = ", ".join(f"{name} {_version(name)}" for name in _SHOWN)
    return Finding(what="versions", grade="ok", found=f"Python {sys.version.split()[0]}, {said}")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _kernelspec() -> Finding:
    specs = KernelSpecManager().find_kernel_specs()
    if "durnb" in specs:
        return Finding(what="kernel", grade="ok", found=f"Python 3 (durable) in {specs['durnb']}")
    return Finding(
        what="kernel",
        grade="warning",
        found="Jupyter does not see the kernel Python 3 (durable)",
        cure="install durnb in the environment of Jupyter too, or use %load_ext durnb, or durnb install",
    )


# ---- the key


def _secret(environment: Mapping[str, str]) -> Iterator[Finding]:
    if environment.get("DURNB_SECRET"):
        yield Finding(what="key", grade="ok", found="from DURNB_SECRET")
        return
    given = environment.get("DURNB_SECRET_FILE")
    path = Path(given).expanduser() if given else Path(jupyter_data_dir(), "durnb", "secret")
    try:
        load_secret(environment)
    except DurnbError as error:
        yield Finding(what="key", grade="error", found=str(error), cure="set DURNB_SECRET_FILE to a file that can be written")
        return
    kind = file_system(path)
    if kind in _FLEETING:
        cure = "keep it: DURNB_SECRET_FILE on a disk that stays, or DURNB_SECRET"
        yield Finding(
            what="key", grade="warning", found=f"{path} is on {kind}, and may be gone with the container or at a reboot", cure=cure
        )
    elif path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(what="key", grade="error", found=f"others can read {path}", cure=f"chmod 600 {path}")
    else:
        yield Finding(what="key", grade="ok", found=str(path))


# ---- where the store lies


def _place(store: Store) -> Iterator[Finding]:
    folder = next(path for path in (store.folder, *store.folder.parents) if path.is_dir())
    yield _file_system(folder)
    free = shutil.disk_usage(folder).free
    low = free < _LOW
    yield Finding(
        what="space",
        grade="warning" if low else "ok",
        found=f"{free / 1e9:.1f} GB free",
        cure="free some, remove old results with durnb gc, or keep the store elsewhere with DURNB_STORE" if low else "",
    )
    yield from _writing(folder)
    if store.exists and store.folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(what="permissions", grade="warning", found=f"others can read {store.folder}", cure=f"chmod -R go-rwx {store.folder}")


def _file_system(folder: Path) -> Finding:
    kind = file_system(folder)
    if kind in _NETWORK or kind.startswith("fuse"):
        cure = "DURNB_STORE=/a/local/folder; on a network disk a second machine may not see who has a run"
        return Finding(what="disk", grade="warning", found=f"{folder} is on {kind}, a network file system", cure=cure)
    if kind in _FLEETING:
        cure = "DURNB_STORE=/a/folder/that/stays"
        return Finding(
            what="disk", grade="warning", found=f"{folder} is on {kind}, and may be gone with the container or at a reboot", cure=cure
        )
    return Finding(what="disk", grade="ok", found=f"{folder} is on {kind or 'a disk of unknown kind'}")


def _writing(folder: Path) -> Iterator[Finding]:
    probe = folder / f".durnb-doctor.{os.getpid()}"
    try:
        before = time.time()
        probe.write_bytes(b"durnb")
        written = probe.stat().st_mtime
        after = time.time()
    except OSError as error:
        cure = "make it writable, or keep the store elsewhere with DURNB_STORE"
        yield Finding(what="permissions", grade="error", found=f"{folder} can't be written ({error.strerror or error})", cure=cure)
        return
    finally:
        probe.unlink(missing_ok=True)
    skew = max(before - written, written - after, 0.0)
    if skew > _SKEW.total_seconds():
        cure = "set both clocks by NTP: sleeps and schedules go by this machine's"
        yield Finding(what="clock", grade="warning", found=f"the disk's clock and this machine's differ by {skew:.0f} s", cure=cure)
    else:
        yield Finding(what="clock", grade="ok", found="the disk's and this machine's agree")


def file_system(path: Path) -> str:
    """The kind of file system that a path is on; empty where that can't be told."""
    real = path.resolve()
    mounts = [part for part in psutil.disk_partitions(all=True) if real.is_relative_to(part.mountpoint)]
    return str(max(mounts, key=lambda part: len(part.mountpoint)).fstype) if mounts else ""


# ---- the runs


def _journal(store: Store) -> Iterator[Finding]:
    runs = store.runs()
    if not runs:
        yield Finding(what="journal", grade="ok", found=f"{store.notebook.name} has no runs yet")
        return
    owned = {run: pid for run in runs if (pid := store.owner(run)) is not None}
    for run, pid in owned.items():
        yield Finding(what="lease", grade="ok", found=f"process {pid} has run {run}")
    problems = [problem for problem in check(store) if "so it was not checked" not in problem]
    for problem in problems:
        yield Finding(what="journal", grade="error", found=problem, cure=_cure(problem))
    if not problems:
        yield Finding(what="journal", grade="ok", found=f"{len(runs) - len(owned)} of {len(runs)} runs were checked, and are whole")


def _cure(problem: str) -> str:
    if "not signed by this user" in problem:
        return "durnb trust, if you trust where it comes from"
    return "put a copy of the store back, or begin another run (durnb run --new)"

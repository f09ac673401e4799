"""What others ask of the owner of a run: one file for each request, complete from the moment it has its name."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from durnb.journal import disk
from durnb.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something asked: `kind` says what, `facts` the particulars. Its id is recorded with the event that it leads to."""

    id: str
    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    path: Path = field(compare=False, repr=False)


def put(folder: Path, kind: str, facts: Mapping[str, Any]) -> str:
    """Write a request durably; its id. Raises JournalReadOnly, DiskFull, and TypeError for facts that JSON does not have."""
    request = uuid.uuid4().hex
    text = json.dumps({"id": request, "kind": kind, "facts": dict(facts)})
    with disk.at(folder):
        disk.make_folder(folder)
        disk.replace(folder / f"{time.time_ns():020d}-{request}.json", text.encode())
    return request


def waiting(folder: Path, applied: Collection[str]) -> list[Request]:
    """The requests not yet applied, oldest first; files of those that are, left by a crash, are deleted."""
    try:
        files = [folder / name for name in sorted(os.listdir(folder)) if name.endswith(".json") and not name.startswith(".")]
    except FileNotFoundError:
        return []
    found: list[Request] = []
    for request in filter(None, map(_read, files)):
        if request.id in applied:
            remove(request)
        else:
            found.append(request)
    return found


def holds(folder: str, request: str | None) -> bool:
    """Whether that request, or any, waits. Quick: a worker asks this of a thousand runs each second."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return False
    end = f"-{request}.json" if request else ".json"
    return any(name.endswith(end) and not name.startswith(".") for name in names)


def _read(file: Path) -> Request | None:
    """The request in `file`; None where it is gone, or none of ours."""
    try:
        text = json.loads(file.read_bytes())
        return Request(id=str(text["id"]), kind=str(text["kind"]), facts=dict(text["facts"]), path=file)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def withdraw(folder: Path, request: str) -> None:
    """Delete the file of a request by its id, where it is still there."""
    for file in folder.glob(f"*-{request}.json"):
        file.unlink(missing_ok=True)


def remove(request: Request) -> None:
    """Delete the request's file; harmless when repeated."""
    with disk.at(request.path):
        request.path.unlink(missing_ok=True)


def refuse(request: Request, why: str) -> None:
    """Delete the request, and leave its sender the reason."""
    with disk.at(request.path):
        disk.replace(request.path.with_suffix(".refused"), why.encode())
        request.path.unlink(missing_ok=True)


def answer(folder: Path, request: str) -> str | None:
    """What became of a request: "" where it was taken, the reason where it was refused (told once), None while it waits."""
    waits = any(folder.glob(f"*-{request}.json"))  # first: the reason is there before the request goes
    for file in folder.glob(f"*-{request}.refused"):
        why = file.read_text()
        file.unlink(missing_ok=True)
        return why
    return None if waits else ""

"""A trip of many objects into another process, and what was seen on the way. Run as a script: ``trip.py first|second FOLDER``.

The first process makes each object of ``table.json`` by its cell, looks at it twice, captures it, shows it, reads it and changes it. The second, with
another hash seed, restores all of them, runs nothing of the cells, and shows them again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import linecache
import os
import pickle
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

from durnb import computed
from durnb.fingerprint import content, probe, watch_properties
from durnb.snapshot import capture, restore
from durnb.snapshot.kinds import Kinds


@dataclass(frozen=True, slots=True)
class Entry:
    """An object `x` made by `cell`, and an expression that shows what a person could see of it.

    `reading` are statements that change nothing of what it means, `change` is one that does. `needs` is the module without which it is left out.
    `plain` is a plain cell above it, which both processes run. `live`: the second process runs the cell, too, before it restores.
    """

    title: str
    cell: str
    shown: str
    needs: str = "builtins"
    reading: str = ""
    change: str = ""
    plain: str = ""
    live: bool = False


@dataclass(frozen=True, slots=True)
class Before:
    """What the first process saw. `unlike` are the looks that told another object although nothing had changed, and probes that say
    falsely that they tell the content.
    """

    lost: list[str]
    dropped: list[str]
    shown: str | None
    unlike: list[str]
    missed: list[str]
    opaque: list[str]
    digest: str
    linked: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class After:
    """What the second process saw; `alias`: the object is still one with its second holder. `apart` are live functions and classes that were made anew."""

    shown: str
    alias: bool
    digest: str
    apart: list[str]


@dataclass(frozen=True, slots=True)
class Trip:
    """What both processes saw, by title, and the files that the second one touched."""

    before: dict[str, Before]
    after: dict[str, After]
    touched: list[object]


KEYS = {"SHOP_API_KEY": "hush", "OPENAI_API_KEY": "hush", "ANTHROPIC_API_KEY": "hush"}
"""Secrets that both processes have in their environment."""


def travel(entries: Iterable[Entry], folder: Path, python: str = sys.executable) -> Trip:
    """Sends the objects on their way."""
    (folder / "table.json").write_text(json.dumps([asdict(each) for each in entries]))
    for seed, half in ((1, "first"), (2, "second")):
        environment = {**os.environ, **KEYS, "PYTHONHASHSEED": str(seed), "MPLBACKEND": "agg"}
        command = [python, "-W", "ignore", __file__, half, str(folder)]
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise RuntimeError(f"the {half} process ended with {ran.returncode}\n{ran.stderr[-4000:]}")
    before = json.loads((folder / "before.json").read_text())
    after = json.loads((folder / "after.json").read_text())
    return Trip(
        {title: Before(**told) for title, told in before.items()},
        {title: After(**told) for title, told in after["shown"].items()},
        after["touched"],
    )


def first(table: list[Entry]) -> None:
    told: dict[str, dict[str, object]] = {}
    stored: dict[str, object] = {}
    watch_properties()
    for entry in table:
        if importlib.util.find_spec(entry.needs) is None:
            continue
        try:
            before, stored[entry.title] = _make(entry)
        except BaseException:
            failed = Before([], [], None, [], [], [], "", False, traceback.format_exc())
            before = failed
        told[entry.title] = asdict(before)
    Path("stored.pickle").write_bytes(pickle.dumps(stored))
    Path("before.json").write_text(json.dumps(told))
    computed.unwatch()


def _make(entry: Entry) -> tuple[Before, object]:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(entry.plain, space)
    given = set(space)
    _run(entry, space)
    names = [name for name in space if not name.startswith("__") and name not in given]
    if "x" in space:
        space["second_holder"] = [space["x"]]
        names.append("second_holder")
    looks = [_look(space, "looked at twice") for _ in range(2)]
    taken = capture(space, names)
    groups = [
        (g.names, g.stream, [bytes(b) if r else bytearray(b) for b, r in zip(g.buffers, g.readonly, strict=True)]) for g in taken.groups
    ]
    looks.append(_look(space, "saved"))
    told = [
        name
        for name in names
        if (found := probe(space).get(name)) is not None and found.canonical and found.content != content(space[name]).digest
    ]
    shown = repr(eval(entry.shown, space))
    unlike = [said for look, said in zip(looks[1:], ("looked at twice", "saved"), strict=True) if look != looks[0]]
    unlike += [f"the probe of {name} is no content" for name in told]
    if entry.reading:
        exec(entry.reading, space)
        unlike += ["read"] if _look(space, "read")[1] != looks[0][1] else []
    opaque = list(content(space["x"]).opaque) if "x" in space else []
    missed = _missed(entry, space, bool(opaque)) if entry.change else []
    before = Before(
        lost=[f"{one.path}: {one.reason}" for one in taken.lost if one.name != "second_holder"],
        dropped=[each.note for each in taken.dropped],
        shown=shown,
        unlike=unlike,
        missed=missed,
        opaque=opaque,
        digest=looks[0][1],
        linked="x" in space and Kinds().links(type(space["x"])),
    )
    return before, (groups, dict(taken.sources))


def _run(entry: Entry, space: dict[str, Any]) -> None:
    file = f"<cell {entry.title}>"
    linecache.cache[file] = (len(entry.cell), None, entry.cell.splitlines(keepends=True), file)
    exec(compile(entry.cell, file, "exec"), space)


def _look(space: dict[str, Any], _: str) -> tuple[object, str]:
    if "x" not in space:
        return probe(space), ""
    return probe({"x": space["x"]}), content(space["x"]).digest


def _missed(entry: Entry, space: dict[str, Any], opaque: bool) -> list[str]:
    before = _look(space, "")
    exec(entry.change, space)
    after = _look(space, "")
    return ["probe"] * (before[0] == after[0]) + ["content"] * (before[1] == after[1] and not opaque)


def second(table: list[Entry]) -> None:
    stored = pickle.loads(Path("stored.pickle").read_bytes())
    before = (_tree(), os.getcwd())
    shown = {entry.title: asdict(_restored(entry, *stored[entry.title])) for entry in table if entry.title in stored}
    after = (_tree(), os.getcwd())
    told = {"shown": shown, "touched": [(a, b) for a, b in zip(before, after, strict=True) if a != b]}
    Path("after.json").write_text(json.dumps(told))


def _restored(entry: Entry, groups: list[Any], sources: dict[str, str]) -> After:
    space: dict[str, Any] = {"__name__": "__main__"}
    try:
        exec(entry.plain, space)
        if entry.live:
            _run(entry, space)
        live = {name: value for name, value in space.items() if issubclass(type(value), (type, FunctionType))}
        for _, stream, buffers in groups:
            space.update(restore(stream, buffers, space, sources))
        digest = content(space["x"]).digest if "x" in space else ""
        alias = "second_holder" in space and space["second_holder"][0] is space["x"]
        apart = [name for name, value in live.items() if space[name] is not value]
        return After(repr(eval(entry.shown, space)), alias, digest, apart)
    except BaseException:
        return After(traceback.format_exc(), False, "", [])


def _tree() -> list[tuple[object, ...]]:
    files = (Path(folder) / file for folder, _, names in os.walk(".") for file in names)
    return sorted(
        (str(each), each.stat().st_size, each.stat().st_mtime_ns, hashlib.sha256(each.read_bytes()).hexdigest()) for each in files
    )


if __name__ == "__main__":
    halves: dict[str, Callable[[list[Entry]], None]] = {"first": first, "second": second}
    os.chdir(sys.argv[2])
    warnings.simplefilter("ignore")
    sys.path[0] = ""
    halves[sys.argv[1]]([Entry(**row) for row in json.loads(Path("table.json").read_text())])

"""Puts a checkpoint back into the kernel: names, ambient state, imports. Nothing of the body runs."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping

from durnb.engine import surroundings
from durnb.engine.checkpoints import Shelf
from durnb.engine.live import LiveNames
from durnb.engine.manifest import OUT, Manifest
from durnb.engine.saving import became_durable
from durnb.engine.versions import Durable
from durnb.records import dataclass
from durnb.snapshot import Undo, noting
from durnb.steps import Checkpoint, Line


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """What came back: the Out value where there was one, the names that could not, and notes for the badge."""

    manifest: Manifest
    has_value: bool
    value: object
    notes: tuple[str, ...]


def put_back(shelf: Shelf, live: LiveNames, checkpoint: Checkpoint, shown: Mapping[Durable, object], earlier: Line = ()) -> PutBack:
    """Make the checkpoint's versions the live ones; what is that very version already stays as it is.

    `earlier` is the line before it. `shown` holds the Out values that this kernel has. Everything is read before anything is bound. Raises CheckpointUnreadable.
    """
    manifest = shelf.manifest(checkpoint)
    version = Durable(checkpoint.step, checkpoint.number)
    due = [group for group in manifest.groups if any(not live.is_very(n, version) for n in group.names if n != OUT)]
    rebound = {name for group in due for name in group.names}
    wanted = rebound | ({OUT} if manifest.has_value and version not in shown else set())
    with noting() as said, live.loading():
        loaded = _loaded(shelf, checkpoint.step, manifest, wanted) if wanted else {}
        imported = _import_all(manifest)
    payloads = {
        n: shelf.payload(checkpoint.step, manifest.ambient[n].payload)
        for n in surroundings.due(live, manifest, version)
        if manifest.ambient[n].payload
    }
    notes = [*said, *imported]
    has_value = manifest.has_value
    value = loaded.pop(OUT, shown.get(version))
    kept = {n for n in (*manifest.lost, *manifest.unsaved) if live.is_very(n, version) or _is_newer(n, live, earlier)}
    gone = [n for n in (*manifest.deleted, *manifest.lost, *manifest.unsaved) if n not in kept]
    before = {n: live.namespace[n] for n in manifest.same if n in rebound and n in live.namespace}
    bound = {n: v for n, v in loaded.items() if n in rebound}
    live.bind(bound, gone, first=[n for n in (*bound, *gone) if n not in manifest.same])
    live.follow(before)
    became_durable(live, manifest, version)
    notes += surroundings.set_from(live, manifest, version, payloads)
    notes += [
        f"{n} could not be stored ({manifest.lost[n].path}: {manifest.lost[n].reason}) and is not bound"
        for n in manifest.lost
        if n not in kept
    ]
    debris = {note.partition(":")[0] for note in manifest.dropped}
    notes += [f"{n} was left out by --save and is not bound" for n in manifest.unsaved if n not in kept and n not in debris]
    return PutBack(manifest=manifest, has_value=has_value, value=value, notes=tuple(notes))


def _loaded(shelf: Shelf, step: str, manifest: Manifest, wanted: Collection[str]) -> dict[str, object]:
    """The values; where some can't be loaded, functions and classes are left as they were."""
    undo = Undo()
    try:
        with undo.following():
            return shelf.load(step, manifest, wanted)
    except BaseException:
        undo.take_back()
        raise


def _is_newer(name: str, live: LiveNames, earlier: Line) -> bool:
    """Whether the name has what a step made that is not one before the checkpoint: that is never taken from a live kernel."""
    if not live.is_of_a_step(name):
        return False
    version = live.names[name].version
    return not isinstance(version, Durable) or (version.step, version.checkpoint) not in earlier


def _import_all(manifest: Manifest) -> list[str]:
    notes: list[str] = []
    for name in manifest.imports:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and "." in name and error.name == name:
                continue  # `from package import attribute` is noted as a module only where it is one
            notes.append(f"import {name} failed: {error}")
        except Exception as error:  # importing runs code of any library; its failure is told, the step's values are there all the same
            notes.append(f"import {name} failed: {type(error).__name__}: {error}")
    return notes

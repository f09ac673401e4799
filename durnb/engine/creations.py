"""Files that a step says it creates (``--creates``): what they were when it finished, and whether they are still that.

A file is always hashed: an unchanged time and size do not tell that its content is unchanged (writes through a memory map, ``cp -p``, coarse clocks).
Only another size tells at once that it is another file.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from blake3 import blake3

from durnb.engine.decide import MADE, NOT_LOOKED_AT, NOT_MADE, Question
from durnb.engine.manifest import MadeFile, Manifest
from durnb.events import Input
from durnb.fold import History
from durnb.steps import Checkpoint

if TYPE_CHECKING:  # `durnb plan` looks at no values, and what does takes a third of its time to import
    from durnb.engine.checkpoints import Shelf

_CHUNK: Final = 4_000_000  # bytes held in memory while a file is hashed
_GONE: Final = "gone"
_UNREADABLE: Final = "unreadable"

Creations = Mapping[str, Mapping[str, MadeFile]]
"""For each pattern of a header, the files that it named when the step finished, by their paths as the pattern spells them."""


def record(patterns: Iterable[str], folder: str) -> Creations:
    """What the patterns name now; relative ones are of `folder`. Takes the time of reading every file."""
    return {pattern: {path: _look(os.path.join(folder, path)) for path in _named_by(pattern, folder)} for pattern in patterns}


def working_folder() -> str:
    """Where relative paths count from; empty where the folder is gone."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""


def unlooked(patterns: Iterable[str]) -> Creations:
    """What a step leaves whose files were not looked at."""
    return {pattern: {} for pattern in patterns}


def notes_on(creations: Creations) -> tuple[str, ...]:
    """What the badge says of patterns that named no file: the step is done all the same."""
    return tuple(
        f"--creates {pattern}: there is no such file, so the step will run again" for pattern, files in creations.items() if not files
    )


def _named_by(pattern: str, folder: str) -> list[str]:
    """The files that a pattern names: matches of a glob, or all that lie below a folder."""
    if pattern.endswith("/") or os.path.isdir(os.path.join(folder, pattern)):
        below = sorted(path for path in Path(folder, pattern).rglob("*") if path.is_file())
        return [os.path.join(pattern, path.relative_to(Path(folder, pattern))) for path in below]
    return sorted(path for path in glob.glob(pattern, root_dir=folder, recursive=True) if os.path.isfile(os.path.join(folder, path)))


def _look(path: str) -> MadeFile:
    """The file at `path`, read in pieces. One that can't be read is equal to none."""
    hasher, size, piece = blake3(), 0, bytearray(_CHUNK)
    try:
        with open(path, "rb", buffering=0) as file:
            while count := file.readinto(piece):
                hasher.update(memoryview(piece)[:count])
                size += count
    except FileNotFoundError:
        return MadeFile(digest=_GONE, size=-1)
    except OSError as error:
        return MadeFile(digest=f"{_UNREADABLE}: {error.strerror}", size=-1)
    return MadeFile(digest=hasher.hexdigest(), size=size)


def with_files(question: Question, patterns: Collection[str], history: History, shelf: Shelf) -> Question:
    """The question, with what the checkpoints that could serve it say of their files, and how those are now. Raises CheckpointUnreadable."""
    own = history.steps.get(question.step)
    steps = [own] if own is not None and own.checkpoints else list(history.steps.values())
    made = {c.number: _recorded(c, patterns, shelf) for step in steps for c in step.checkpoints.values()}
    sizes: dict[str, set[int]] = {}
    for files in made.values():
        for path, file in files.items():
            sizes.setdefault(path, set()).add(file.size)
    now = [Input(name=f"{MADE}{path}", kind="file", digest=_now(path, known).digest) for path, known in sorted(sizes.items())]
    return replace(
        question,
        files=tuple(now),
        made={
            number: tuple(Input(name=f"{MADE}{path}", kind="file", digest=file.digest) for path, file in sorted(files.items()))
            for number, files in made.items()
        },
    )


def _recorded(checkpoint: Checkpoint, patterns: Collection[str], shelf: Shelf) -> dict[str, MadeFile]:
    """What a checkpoint says of the patterns' files; a pattern that it knows nothing of stands for itself."""
    creations = shelf.manifest(checkpoint).creates
    found: dict[str, MadeFile] = {}
    for pattern in patterns:
        if not creations.get(pattern):
            found[pattern] = MadeFile(digest=NOT_MADE if pattern in creations else NOT_LOOKED_AT, size=-1)
        else:
            found.update(creations[pattern])
    return found


def _now(path: str, known: Collection[int]) -> MadeFile:
    """The file as it is; not read where its size is none of the known ones."""
    try:
        size = os.stat(path).st_size
    except OSError:
        return _look(path)
    return _look(path) if size in known else MadeFile(digest=f"of {size} bytes", size=size)


def missing(manifest: Manifest, patterns: Collection[str] | None, folder: Path) -> str | None:
    """Why the files of a checkpoint are not what they were, as far as that is seen without reading them; None where nothing is seen."""
    for pattern in manifest.creates if patterns is None else patterns:
        if not manifest.creates.get(pattern):
            return f"it left no file {pattern}"
        for path, file in manifest.creates[pattern].items():
            try:
                size = (folder / path).stat().st_size
            except OSError:
                return f"its file {path} is gone"
            if size != file.size:
                return f"its file {path} was changed since"
    return None

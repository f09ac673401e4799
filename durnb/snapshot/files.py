"""Files open for reading: where they are, and where in them one reads. Nothing here moves, writes or creates one."""

from __future__ import annotations

import gc
import importlib
import io
import os
from typing import Any

from durnb import reading
from durnb.records import dataclass


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file open for reading, without any buffer; `name` is what it calls itself."""

    path: str
    name: str | bytes
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLayer:
    """How text is read over a buffer."""

    encoding: str
    errors: str
    newline: str | None
    position: int


class NotToBeReopened(Exception):
    """Why an open file can't be stored."""


def describe(file: io.FileIO) -> OpenFile:
    """How to open `file` again. Raises NotToBeReopened."""
    check(file)
    return OpenFile(path_of(file), file.name, file.tell())


def describe_text(file: io.TextIOWrapper) -> TextLayer:
    """How `file` reads its buffer. Raises NotToBeReopened."""
    check(file)
    try:
        position = reading.place_of(file)
    except (OSError, reading.Untold) as error:
        raise NotToBeReopened("a file in the middle of `for line in file`: read it to its end, or with readline") from error
    return TextLayer(encoding=file.encoding, errors=file.errors or "strict", newline=_newline(file), position=position)


def check(file: Any) -> None:
    """Raises NotToBeReopened for what can't be read again from where it is."""
    if file.writable():
        raise NotToBeReopened("a file open for writing")
    if not file.seekable():
        raise NotToBeReopened("a pipe, terminal or socket")


def path_of(file: Any) -> str:
    """The absolute path at which this very file is found now. Raises NotToBeReopened where it is none."""
    name = file.name
    if not isinstance(name, (str, bytes)):
        raise NotToBeReopened("an open file without a path")
    path = os.path.abspath(os.fsdecode(name))
    try:
        here, there = os.fstat(file.fileno()), os.stat(path)
    except OSError as error:
        raise NotToBeReopened(f"an open file that is no longer at {path}") from error
    if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
        raise NotToBeReopened(f"an open file; {path} is another one now")
    return path


def _newline(file: Any) -> str | None:
    """What `newline` the file was opened with. Python does not say; what it holds does: the text given, if any, comes right after the decoder."""
    held = gc.get_referents(file)
    decoders = [at for at, each in enumerate(held) if hasattr(each, "getstate") and hasattr(each, "decode")]
    if not decoders:
        return None
    at = decoders[-1]
    texts = [each for each in held[at + 1 : at + 3] if isinstance(each, str)]
    if not isinstance(held[at], io.IncrementalNewlineDecoder):
        return texts[0] if texts else None
    if texts[:1] != [""]:
        return None
    if len(texts) == 1 and file.buffer.tell() >= os.fstat(file.fileno()).st_size:
        raise NotToBeReopened("a text file read to its end: close it")  # an empty text may be the rest of what was read, too
    return ""


def reopen(told: OpenFile) -> io.FileIO:
    """The file, at its position. Raises OSError where it is not there."""

    def opener(_: object, flags: int) -> int:
        return os.open(told.path, os.O_RDONLY | os.O_CLOEXEC)  # whatever the flags: never created, never truncated

    made = io.FileIO(told.name, "rb", opener=opener)
    made.seek(told.position)
    return made


def closed_temporary(name: str) -> Any:
    """A temporary file that was closed, of which only the name is left; what is on the disk under it is nobody's to remove."""
    found = importlib.import_module("tempfile")._TemporaryFileWrapper(io.TextIOWrapper(io.BytesIO()), name, delete=False)
    found.close()  # by itself: since Python 3.12 one that was not closed so complains when it goes
    return found

"""Where in a text file one reads, told where `tell` refuses to: in the middle of ``for line in file``.

The file has then decoded more than was handed out. How much of that was, only its memory says; where it says so is found by reading a text of our
own, so that no layout of any Python is relied on. Nothing here moves a file.
"""

from __future__ import annotations

import codecs
import ctypes
import gc
import io
import os
from functools import cache
from typing import Any

from durnb.records import dataclass

_WORD = ctypes.sizeof(ctypes.c_void_p)
_CLEAN = (b"", 0)
_WITHOUT_MARK = {"utf-8-sig": "utf-8"}


class Untold(Exception):
    """Where a file is read can't be said."""


def place_of(file: io.TextIOWrapper) -> int:
    """What `file.tell()` says, or would say but for the iteration. Raises Untold, and OSError for what has no places."""
    try:
        return file.tell()
    except OSError:
        if not file.seekable():
            raise
    decoder, rest, end = decoder_of(file), rest_of(file), taken_by(file)
    if decoder is None:
        return end
    pending, flags = decoder.getstate()
    name = codecs.lookup(file.encoding).name
    coding = _Coding(_WITHOUT_MARK.get(name, name), file.errors or "strict")
    if isinstance(decoder, io.IncrementalNewlineDecoder):
        end -= len(coding.encode("\r")) * (flags & 1)  # kept until it is known whether a \n follows
        flags >>= 1
    if flags:  # of an encoding in which a place alone does not say how to go on
        raise Untold
    end -= len(pending)
    most = min(end, 8 * len(rest) + 16)
    behind = os.pread(file.fileno(), most, end - most)
    return end - coding.length(behind, rest)


def taken_by(file: io.TextIOWrapper) -> int:
    """How many bytes the file has taken to decode. Raises Untold where it does not read a file itself."""
    buffer = file.buffer
    if type(buffer) is not io.BufferedReader or type(buffer.raw) is not io.FileIO:
        raise Untold
    return buffer.tell()


def decoder_of(file: io.TextIOWrapper) -> Any | None:
    """What decodes the file; None where nothing was read yet."""
    found = [each for each in gc.get_referents(file) if hasattr(each, "getstate") and hasattr(each, "decode")]
    return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class _Coding:
    name: str
    errors: str

    def encode(self, text: str) -> bytes:
        return text.encode(self.name, self.errors)

    def length(self, data: bytes, text: str) -> int:
        """How many bytes at the end of `data` were decoded to `text`, and nothing else. Raises Untold."""
        for ends in (("\n",), ("\r\n", "\n", "\r")):  # as they are, or all taken for one
            taken = self._behind(data, text, [*map(self.encode, ends)])
            fresh = codecs.getincrementaldecoder(self.name)(self.errors)
            if taken is not None and _plain(fresh.decode(taken)) == _plain(text) and fresh.getstate() == _CLEAN:
                return len(taken)
        raise Untold

    def _behind(self, data: bytes, text: str, ends: list[bytes]) -> bytes | None:
        at = len(data)
        for count, line in enumerate(reversed(text.split("\n"))):
            for choice in (ends, [self.encode(line)]) if count else ([self.encode(line)],):
                found = next((each for each in choice if data.endswith(each, 0, at)), None)
                if found is None:
                    return None
                at -= len(found)
        return data[at:]


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def rest_of(file: io.TextIOWrapper) -> str:
    """What the file has decoded and not handed out. Raises Untold on a Python whose files are not laid out as those of CPython."""
    place = _place_of_used()
    if place is None:
        raise Untold
    address = _word(file, place - _WORD)
    decoded = next((each for each in gc.get_referents(file) if type(each) is str and id(each) == address), "")
    return decoded[_word(file, place) :]


@cache
def _place_of_used() -> int | None:
    """Where a file says how much of what is decoded was handed out: right after the decoded text."""
    text = "".join(map(chr, range(48, 112)))
    file = io.TextIOWrapper(io.BytesIO(text.encode()))
    places = set(range(object.__basicsize__ + _WORD, type(file).__basicsize__, _WORD))
    for step in (3, 5, 11):
        file.read(step)
        used = text.index(file.read(1)) + 1
        places = {at for at in places if _word(file, at) == used}
    held = {id(each) for each in gc.get_referents(file) if each == text}
    return next((at for at in places if _word(file, at - _WORD) in held), None)


def _word(value: object, at: int) -> int:
    return ctypes.c_ssize_t.from_address(id(value) + at).value

"""A cell's outputs as a saved notebook holds them, folded from the messages that a kernel publishes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from durnb.records import dataclass

RECORDED: Final = frozenset(
    {"stream", "display_data", "update_display_data", "execute_result", "error", "clear_output", "comm_open", "comm_msg"}
)
_CONTROLS: Final = re.compile(r"([\n\r\b])")


def is_badge(metadata: Mapping[str, Any]) -> bool:
    """Whether a display is one of durnb's own badges."""
    mark = metadata.get("durnb")
    return isinstance(mark, dict) and bool(mark.get("badge"))


@dataclass(slots=True)
class _Stream:
    """Text as a screen shows it: backspaces and carriage returns move the cursor, and what follows overwrites (text progress bars)."""

    name: str
    length: int = 0
    _done: list[str] = field(default_factory=list)
    _line: list[str] = field(default_factory=list)
    _cursor: int | None = None  # None: at the line's end

    def write(self, text: str) -> None:
        for part in _CONTROLS.split(text):
            match part:
                case "\n":
                    self._done += [*self._line, "\n"]
                    self.length += 1
                    self._line, self._cursor = [], None
                case "\r":
                    self._cursor = 0
                case "\b":
                    self._cursor = max(0, self._at() - 1)
                case "":
                    pass
                case _:
                    self._put(part)

    def _at(self) -> int:
        return sum(map(len, self._line)) if self._cursor is None else self._cursor

    def _put(self, text: str) -> None:
        if self._cursor is None:
            self._line.append(text)
            self.length += len(text)
            return
        line, end = "".join(self._line), self._cursor + len(text)
        shown = line[: self._cursor] + text + line[end:]
        self.length += len(shown) - len(line)
        self._line, self._cursor = [shown], end

    def output(self) -> dict[str, Any]:
        return {"output_type": "stream", "name": self.name, "text": "".join((*self._done, *self._line))}


@dataclass(slots=True)
class _Display:
    kind: str
    content: Mapping[str, Any]
    size: int

    @property
    def display_id(self) -> str | None:
        given = (self.content.get("transient") or {}).get("display_id")
        return str(given) if given is not None else None

    def output(self) -> dict[str, Any]:
        metadata = dict(self.content.get("metadata") or {})
        if self.display_id:
            metadata["durnb"] = {"display_id": self.display_id}
        kind = self.kind
        if kind == "update_display_data":  # of another cell's display: no output of its own, but to be sent again
            metadata["durnb"] = {"display_id": self.display_id, "update": True}
            kind = "display_data"
        output: dict[str, Any] = {"output_type": kind, "data": dict(self.content["data"]), "metadata": metadata}
        return output | {"execution_count": self.content.get("execution_count")} if self.kind == "execute_result" else output


@dataclass(slots=True)
class _Error:
    content: Mapping[str, Any]

    def output(self) -> dict[str, Any]:
        return {"output_type": "error", **{key: self.content[key] for key in ("ename", "evalue", "traceback")}}


@dataclass(slots=True)
class Transcript:
    """Folds messages one by one; holds at most about `limit` bytes.

    Obeys clear_output and updates by display id, joins streams, leaves out durnb's badges and what an ``ipywidgets.Output`` of the cell took
    (`request` is the cell's message id, by which a front end routes it). `cleared` tells that the cell's outputs were cleared since it was last set.
    """

    limit: int
    request: str = ""
    cleared: bool = False
    _entries: list[_Stream | _Display | _Error] = field(default_factory=list)
    _size: int = 0
    _clear_next: bool = False
    _overflowed: bool = False
    _routes: set[str] = field(default_factory=set)

    @property
    def clears_next(self) -> bool:
        """Whether the next output will clear those before it."""
        return self._clear_next

    def add(self, kind: str, content: Mapping[str, Any], size: int) -> None:
        """Takes one published message of a kind in `RECORDED`; `size` is that of its content in bytes."""
        if kind in ("comm_open", "comm_msg"):
            self._route(content)
        elif self._routes:
            return
        elif kind == "clear_output":
            self._clear_next = bool(content.get("wait"))
            if not self._clear_next:
                self._clear()
        elif not is_badge(content.get("metadata") or {}):
            self._add_output(kind, content, size)
        elif kind == "display_data" and self._clear_next:
            self._clear()  # a front end clears before whatever comes next, our badge too

    def _route(self, content: Mapping[str, Any]) -> None:
        state = (content.get("data") or {}).get("state") or {}
        if "msg_id" in state:
            follow = self._routes.add if state["msg_id"] == self.request and self.request else self._routes.discard
            follow(str(content.get("comm_id")))

    def _clear(self) -> None:
        self.cleared = True
        self._clear_next = self._overflowed = False
        self._entries.clear()
        self._size = 0

    def _add_output(self, kind: str, content: Mapping[str, Any], size: int) -> None:
        if kind == "update_display_data":
            self._update(content, size)
            return
        if self._clear_next:
            self._clear()
        if self._overflowed:
            return
        if kind == "stream":
            self._write(str(content["name"]), str(content["text"]))
        elif self._size + size > self.limit:
            self._overflowed = True
        else:
            self._entries.append(_Error(content) if kind == "error" else _Display(kind, content, size))
            self._size += size

    def _write(self, name: str, text: str) -> None:
        last = self._entries[-1] if self._entries else None
        if not (isinstance(last, _Stream) and last.name == name):
            last = _Stream(name)
            self._entries.append(last)
        room, before = self.limit - self._size, last.length
        last.write(text if "\r" in text or "\b" in text else text[:room])
        self._size += last.length - before
        self._overflowed = self._size > self.limit or ("\r" not in text and len(text) > room)

    def _update(self, content: Mapping[str, Any], size: int) -> None:
        update = _Display("update_display_data", content, size)
        found = False
        for index, entry in enumerate(self._entries):
            if isinstance(entry, _Display) and entry.display_id is not None and entry.display_id == update.display_id:
                merged = {**entry.content, "data": content["data"], "metadata": content.get("metadata") or {}}
                if self._size - entry.size + size > self.limit:
                    self._overflowed = True
                    return
                self._entries[index] = _Display(entry.kind, merged, size)
                self._size += size - entry.size
                found = True
        if not found and update.display_id is not None and self._size + size <= self.limit:
            self._entries.append(update)
            self._size += size

    def outputs(self) -> list[dict[str, Any]]:
        """The outputs as nbformat has them; a display's id stands in its metadata, so that a replay can be updated like the first showing."""
        outputs = [entry.output() for entry in self._entries]
        if self._overflowed:
            note = f"[durnb] the outputs beyond {self.limit:,} bytes were not kept (setting max_output)\n"
            outputs.append({"output_type": "stream", "name": "stderr", "text": note})
        return outputs

    def forget(self) -> None:
        """Drops what was recorded; routes and the cell's identity stay."""
        self._clear()

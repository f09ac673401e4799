"""Loggers: level, propagation, whether disabled, and handlers that can be described. A logger has a name, and is the process's.

A handler goes with the stream or file that it writes to. One to a file is made so that the file is opened, to append, by the first record;
others, and filters, stay as they are, and a note names them.
"""

from __future__ import annotations

import logging
import pickle
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from durnb.snapshot.plain import spelled
from durnb.snapshot.process_state import _Replaced

STREAMS = ("stdout", "stderr")
Told = tuple[Any, ...]


class Loggers(_Replaced):
    """Each logger that is not as Python makes it, by itself; the root logger has the empty name."""

    prefix = "@logging:"

    def look(self) -> object:
        return {name: _told(logger) for name, logger in _loggers() if not _is_untouched(logger)}

    def take(self, seen: Any) -> Mapping[str, bytes]:
        return {self.prefix + name: spelled(told) for name, told in seen.items()}

    def put(self, name: str, payload: bytes | None) -> str | None:
        key = name.removeprefix(self.prefix)
        logger = logging.getLogger(key) if key else logging.getLogger()
        level, propagate, disabled, handlers, filters = _untouched(logger) if payload is None else pickle.loads(payload)
        logger.setLevel(level)
        logger.propagate, logger.disabled = propagate, disabled
        _set_handlers(logger, handlers)
        present = [*map(_handler, logger.handlers), *map(_kind, logger.filters)]
        return _unkept(key, [told for told in (*handlers, *filters) if told not in present])


def unkept(name: str, before: bytes | None, after: bytes) -> str | None:
    """What of a logger's new state can't be put back after a restart, for the badge of the step that made it."""
    had: Told = () if before is None else pickle.loads(before)[3:]
    _, _, _, handlers, filters = pickle.loads(after)
    return _unkept(name.removeprefix(Loggers.prefix), [told for told in (*handlers, *filters) if not any(told in part for part in had)])


def _unkept(key: str, parts: list[Any]) -> str | None:
    gone = [
        f"filter {told}" if isinstance(told, str) else f"handler {told[1]}" for told in parts if isinstance(told, str) or told[0] == "other"
    ]
    return f"logger {key or 'root'}: {', '.join(gone)} can't be kept: add it in a plain cell" if gone else None


def _loggers() -> Iterator[tuple[str, logging.Logger]]:
    yield "", logging.getLogger()
    yield from ((name, each) for name, each in list(logging.Logger.manager.loggerDict.items()) if isinstance(each, logging.Logger))


def _told(logger: logging.Logger) -> Told:
    handlers = tuple(map(_handler, logger.handlers))
    return logger.level, bool(logger.propagate), bool(logger.disabled), handlers, tuple(map(_kind, logger.filters))


def _is_untouched(logger: logging.Logger) -> bool:
    """Whether a logger is as Python makes it; there are hundreds, and this is asked before and after every step."""
    if logger.handlers or logger.filters or logger.disabled or not logger.propagate:
        return False
    return logger.level == (logging.WARNING if logger.parent is None else logging.NOTSET)


def _untouched(logger: logging.Logger) -> Told:
    return logging.WARNING if logger is logging.getLogger() else logging.NOTSET, True, False, (), ()


def _handler(handler: logging.Handler) -> Told:
    """What is known of a handler: what it is and writes to, its level and its format; ``other`` where it can't be made from that."""
    facts = (handler.level, _format(handler.formatter), handler.terminator if isinstance(handler, logging.StreamHandler) else "")
    plain = facts[1] is not None and not handler.filters
    if plain and type(handler) is logging.NullHandler:
        return ("null", *facts)
    if plain and type(handler) is logging.FileHandler:
        return ("file", handler.baseFilename, handler.encoding, handler.errors, *facts)
    if plain and type(handler) is logging.StreamHandler:
        stream = next((name for name in STREAMS if handler.stream is getattr(sys, name)), None)
        if stream is not None:
            return ("stream", stream, *facts)
    return ("other", _kind(handler))


def _kind(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _format(formatter: logging.Formatter | None) -> Told | None:
    """How a plain formatter writes, () for none; None where code decides."""
    if formatter is None:
        return ()
    style: Any = formatter._style
    styles: dict[str, Any] = logging._STYLES  # the only place that has their signs
    known = next((key for key, (kind, _) in styles.items() if type(style) is kind), None)
    if type(formatter) is not logging.Formatter or known is None or getattr(style, "_defaults", None):
        return None
    return (style._fmt, formatter.datefmt, known)


def _set_handlers(logger: logging.Logger, wanted: tuple[Told, ...]) -> None:
    """Leaves the handlers that are wanted, makes those that are missing, takes off the others that durnb could make again."""
    missing = list(wanted)
    for handler in list(logger.handlers):
        told = _handler(handler)
        if told in missing:
            missing.remove(told)
        elif told[0] != "other":
            logger.removeHandler(handler)
    for told in missing:
        made = _made(told)
        if made is not None:
            logger.addHandler(made)


def _made(told: Told) -> logging.Handler | None:
    made: logging.Handler
    match told:
        case ("null", *_):
            made = logging.NullHandler()
        case ("stream", stream, *_):
            made = logging.StreamHandler(getattr(sys, stream))
        case ("file", path, encoding, errors, *_):
            made = logging.FileHandler(path, "a", encoding, delay=True, errors=errors)
        case _:
            return None
    level, formatting, terminator = told[-3:]
    made.setLevel(level)
    if formatting:
        made.setFormatter(logging.Formatter(formatting[0], formatting[1], formatting[2]))
    if isinstance(made, logging.StreamHandler):
        made.terminator = terminator
    return made

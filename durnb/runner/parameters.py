"""Parameters of a run: typed values from text, and the run key that they make."""

from __future__ import annotations

import hashlib
import json
import keyword
from collections.abc import Iterable, Mapping
from typing import Any, Final

from durnb.engine.runs import DEFAULT_KEY
from durnb.errors import UsageError

_LONGEST_KEY: Final = 80  # characters; a key becomes part of a file's name
_WORDS: Final[Mapping[str, Any]] = {"True": True, "False": False, "None": None, "true": True, "false": False, "null": None}


def parse_parameters(texts: Iterable[str]) -> dict[str, Any]:
    """Typed values from ``name=value`` texts. Raises UsageError for one that can't be read or is given twice."""
    parameters: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            raise UsageError(f"-p {text}: write -p name=value")
        if not name.isidentifier() or keyword.iskeyword(name):
            raise UsageError(f"-p {text}: {name!r} is not the name of a variable")
        if name in parameters:
            raise UsageError(f"-p {text}: {name} is given twice")
        parameters[name] = parse_value(value)
    return parameters


def parse_value(text: str) -> Any:
    """The value that a text means: True, False, None, an int, a float, JSON (``[1, 2]``, ``{"a": 1}``, ``"3"``), else the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    if text[:1] in ('"', "[", "{"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def run_key(parameters: Mapping[str, Any]) -> str:
    """The canonical form of the parameters: equal for equal values however they are ordered, different for different ones.

    ``default`` without parameters; ``day=2026-11-20,n=3`` with some. A long form is cut and ends in a digest of the whole.
    """
    if not parameters:
        return DEFAULT_KEY
    form = ",".join(f"{name}={_canonical(value)}" for name, value in sorted(parameters.items()))
    if len(form) <= _LONGEST_KEY:
        return form
    return f"{form[: _LONGEST_KEY - 20]}~{hashlib.sha256(form.encode()).hexdigest()[:12]}"


def _canonical(value: Any) -> str:
    if isinstance(value, str) and value.isprintable() and "," not in value and value == value.strip() and parse_value(value) == value:
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

"""Parameters of a run from a file, as ``--params`` takes them."""

from __future__ import annotations

import importlib
import json
import tomllib
from datetime import date, time
from pathlib import Path
from typing import Any

from durnb.errors import UsageError


def parameters_of(file: Path) -> dict[str, Any]:
    """The parameters in a JSON, TOML or (where PyYAML is installed) YAML file, by its suffix; dates are texts. Raises UsageError."""
    try:
        found = _with_texts(_parse(file))
    except OSError as error:
        raise UsageError(f"--params {file} can't be read: {error.strerror or error}") from None
    except ValueError as error:  # of json, tomllib and the decoding of text
        raise UsageError(f"--params {file}: {str(error).splitlines()[0]}") from None
    if not isinstance(found, dict) or not all(isinstance(name, str) and name.isidentifier() for name in found):
        raise UsageError(f"--params {file}: it has to map names of variables to values")
    try:
        json.dumps(found)
    except TypeError as error:
        raise UsageError(
            f"--params {file}: {error}; a parameter is a number, a text, true, false, null, or a list or mapping of them"
        ) from None
    return found


def _with_texts(value: Any) -> Any:
    """The value with dates and times, which TOML and YAML have, as the texts that they were written as: what ``-p day=2026-11-20`` gives, too."""
    match value:
        case date() | time():
            return value.isoformat()
        case dict():
            return {name: _with_texts(one) for name, one in value.items()}
        case list():
            return [_with_texts(one) for one in value]
        case _:
            return value


def _parse(file: Path) -> Any:
    match file.suffix.lower():
        case ".toml":
            return tomllib.loads(file.read_text("utf-8"))
        case ".yaml" | ".yml":
            try:
                yaml = importlib.import_module("yaml")
            except ImportError:
                raise UsageError(f"--params {file}: YAML needs PyYAML (pip install pyyaml); JSON and TOML are read without") from None
            try:
                return yaml.safe_load(file.read_text("utf-8"))
            except yaml.YAMLError as error:
                raise UsageError(f"--params {file}: {str(error).splitlines()[0]}") from None
        case _:
            return json.loads(file.read_text("utf-8"))

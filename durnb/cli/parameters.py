"""Parameters of a run from a file, as ``--params`` takes them."""

from __future__ import annotations

import importlib
import json
import tomllib
from pathlib import Path
from typing import Any

from durnb.errors import UsageError


def parameters_of(file: Path) -> dict[str, Any]:
    """The parameters in a JSON, TOML or (where PyYAML is installed) YAML file, by its suffix. Raises UsageError."""
    try:
        found = _parse(file)
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

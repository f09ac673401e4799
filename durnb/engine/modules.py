"""The project's own modules that a cell imports itself: told by their files, since before its first run they are not loaded."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from durnb.digests import digest_of
from durnb.events import Input
from durnb.fingerprint import is_project_file, read_cell

_NOT_THE_PROJECTS: Final = sys.stdlib_module_names | {"durnb", "durnb_kernel_ext", "durnb_widgets"}


def module_inputs(imports: Iterable[str]) -> list[Input]:
    """An input for each project module that is imported, directly or by one of them: the digest of its code, comments left out."""
    found: dict[Path, str] = {}
    waiting = list(imports)
    while waiting:
        name = waiting.pop()
        if name.partition(".")[0] in _NOT_THE_PROJECTS:
            continue
        for file in _files(name):
            if file not in found:
                source = _text(file)
                found[file] = _digest(source)
                waiting.extend(_imported_by(source, name if file.name == "__init__.py" else name.rpartition(".")[0]))
    return [Input(name=f"module:{os.path.relpath(file)}", kind="file", digest=digest) for file, digest in sorted(found.items())]


def _files(name: str) -> Iterator[Path]:
    """The files of a dotted module and of its packages, where they are the project's."""
    parts = name.split(".")
    for folder in sys.path:
        at = Path(folder or ".")
        files: list[Path] = []
        for depth, part in enumerate(parts):
            at = at / part
            if (at / "__init__.py").is_file():
                files.append(at / "__init__.py")
            elif at.with_name(f"{part}.py").is_file():
                files.append(at.with_name(f"{part}.py"))
                break
            elif depth == 0:
                break
        if files:
            yield from (file for file in files if is_project_file(str(file.resolve())))
            return


def digest_of_module(file: Path) -> str:
    """The digest by which a module's file counts. Raises OSError."""
    return _digest(_text(file))


def _text(file: Path) -> str:
    return file.read_text(errors="surrogateescape")


def _digest(source: str) -> str:
    try:
        return read_cell(source).digest
    except (SyntaxError, ValueError):
        return digest_of("text", source)


def _imported_by(source: str, package: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                parts = package.split(".") if level else []
                base = ".".join([*parts[: len(parts) - (level - 1)], *([module] if module else [])]) if level else module or ""
                yield from (f"{base}.{alias.name}".lstrip(".") for alias in aliases)
            case _:
                continue

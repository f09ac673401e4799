"""The project's own modules that a cell imports itself: told by their files, since before its first run they are not loaded."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Final

from durnb.digests import digest_of
from durnb.events import Input
from durnb.fingerprint import is_project_file, module_dict, read_cell
from durnb.records import dataclass

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
                found[file] = digest_of_module(file)
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
    """The digest by which a module's file counts: that of the text by which it is loaded, where it is. Raises OSError."""
    note_loaded()
    known = _loaded.get(os.path.realpath(file))
    return known.digest if known is not None and known.is_current and not _is_patched() else digest_of_file(file)


def digest_of_file(file: Path) -> str:
    """The digest of a module's file as it is now. Raises OSError."""
    told = file.stat()
    return _digest_at(str(file), told.st_mtime_ns, told.st_size)


@lru_cache(maxsize=256)  # by the time of its last change, too: a panel plans again at each change of the run
def _digest_at(path: str, changed: int, size: int) -> str:
    return _digest(_text(Path(path)))


def note_loaded() -> None:
    """Remember by which text each of the project's modules is loaded that came since the last time: its file may be edited before it is loaded anew."""
    gone = [path for path, known in _loaded.items() if not known.is_current]
    for path in gone:
        _met.discard(_loaded.pop(path).name)
    if not gone and len(sys.modules) == len(_met):  # none came: there are thousands, and this is asked at every cell
        return
    _met.intersection_update(list(sys.modules))
    for name in [name for name in list(sys.modules) if name not in _met]:
        _met.add(name)
        spec = _spec(name)
        file = spec.origin if spec is not None and spec.has_location else None
        if file is not None and spec is not None and file.endswith(".py") and _may_be_the_projects(os.path.dirname(file)):
            with suppress(OSError):  # gone already
                if is_project_file(file):
                    _loaded[os.path.realpath(file)] = _Loaded(name, spec, digest_of_file(Path(file)))


@lru_cache(maxsize=4096)
def _may_be_the_projects(folder: str) -> bool:
    """Whether a file of a folder may be the project's own: of most folders none is."""
    return is_project_file(os.path.join(folder, "any.py"))


def stale_modules(inputs: Iterable[Input]) -> Iterator[str]:
    """A note on each module among the inputs whose file is not what is loaded."""
    for i in inputs:
        file = Path(i.name.removeprefix("module:"))
        known = _loaded.get(os.path.realpath(file))
        if i.name.startswith("module:") and known is not None and i.digest != digest_of_file(file):
            yield f"reload {known.name}: {file.name} was changed after it was loaded"


def _is_patched() -> bool:
    """Whether autoreload may have changed loaded modules to what their files say."""
    return "IPython.extensions.autoreload" in sys.modules


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A module as it is loaded; one that is loaded anew has another spec."""

    name: str
    spec: ModuleSpec
    digest: str

    @property
    def is_current(self) -> bool:
        return _spec(self.name) is self.spec


def _spec(name: str) -> ModuleSpec | None:
    module = sys.modules.get(name)
    spec = module_dict(module).get("__spec__") if type(module) is ModuleType else None
    return spec if isinstance(spec, ModuleSpec) else None


_loaded: dict[str, _Loaded] = {}  # by the real paths of their files
_met: set[str] = set()


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

"""Files that code reads and writes, as far as its text names them: patterns, in which what only a run knows is a ``*``."""

from __future__ import annotations

import ast
import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

from durnb.engine.work import dotted
from durnb.records import dataclass

Use = Literal["reads", "writes", "adds"]

_READS: Final = re.compile(
    r"(?:read|scan)_(?:csv|table|fwf|json|jsonl|ndjson|excel|parquet|feather|ipc|orc|pickle|hdf|stata|sas|spss|xml|avro|file)\Z"
    r"|(?:loadtxt|genfromtxt|fromfile|loadmat|imread|load_workbook|open_dataset|open_dataarray|open_zarr)\Z"
)
_READS_WITH: Final = (
    *("np.load", "numpy.load", "jnp.load", "torch.load", "joblib.load", "librosa.load", "nib.load", "Image.open", "fits.open"),
    *("rasterio.open", "wavfile.read", "sf.read", "soundfile.read"),
)
_WRITES: Final = re.compile(
    r"to_(?:csv|json|excel|parquet|feather|orc|pickle|hdf|stata|xml|html|latex|markdown|netcdf|zarr|file)\Z"
    r"|(?:write|sink)_(?:csv|json|ndjson|excel|parquet|ipc|avro|html|image|delta)\Z|(?:savefig|savetxt|imwrite|imsave)\Z"
)
_WRITES_SECOND: Final = ("torch.save", "joblib.dump")
_ENDINGS: Final[Mapping[str, str]] = {"save": ".npy", "savez": ".npz", "savez_compressed": ".npz"}
_OPENS: Final = (
    "open",
    "io.open",
    "codecs.open",
    "gzip.open",
    "bz2.open",
    "lzma.open",
    "h5py.File",
    "ZipFile",
    "zipfile.ZipFile",
    "tarfile.open",
)
_PATHS: Final = ("Path", "PurePath", "pathlib.Path", "os.path.join", "path.join", "os.path.expanduser", "expanduser", "os.fspath", "str")
_KEYWORDS: Final = frozenset(
    {"filepath_or_buffer", "path_or_buf", "path_or_buffer", "path", "io", "source", "file", "fname", "f", "filename", "fp", "filepath"}
)
_OF_THE_SYSTEM: Final = ("/proc/", "/sys/", "/dev/", "*")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUse:
    """What a call does with the file, or files, of a pattern."""

    use: Use
    pattern: str
    node: ast.AST


def constants_of(statements: Iterable[ast.stmt]) -> dict[str, str]:
    """The patterns that names stand for: those that the statements bind once, to a path."""
    known: dict[str, str] = {}
    bound: set[str] = set()
    for statement in statements:
        names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        for name in names & bound:
            known.pop(name, None)
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in bound and (path := _path(value, known)) is not None:
                known[name] = path
            case _:
                pass
        bound |= names
    return known


def files_of(calls: Iterable[ast.Call], constants: Mapping[str, str]) -> Iterator[FileUse]:
    """What the calls do with files that the text names."""
    for call in calls:
        found = _of_path(call, constants) or _of_function(call, constants)
        if found is not None and found[1] and "://" not in found[1] and not found[1].startswith(_OF_THE_SYSTEM):
            yield FileUse(use=found[0], pattern=os.path.expanduser(found[1]), node=call)


def _of_path(call: ast.Call, constants: Mapping[str, str]) -> tuple[Use, str] | None:
    """``Path("a.txt").read_text()`` and its like."""
    if not isinstance(call.func, ast.Attribute) or (path := _path(call.func.value, constants)) is None:
        return None
    match call.func.attr:
        case "read_text" | "read_bytes":
            return "reads", path
        case "write_text" | "write_bytes":
            return "writes", path
        case "open":
            return _use_of_mode(call, 0), path
        case "glob" | "rglob" if call.args and (below := _pattern(call.args[0])) is not None:
            return "reads", f"{path}/{'**/' if call.func.attr == 'rglob' else ''}{below}"
        case _:
            return None


def _of_function(call: ast.Call, constants: Mapping[str, str]) -> tuple[Use, str] | None:
    name = dotted(call.func)
    last = name.rpartition(".")[2]
    if name in ("glob.glob", "glob.iglob", "iglob") and call.args:
        return "reads", _pattern(call.args[0]) or ""
    path = _argument(call, 1 if name in _WRITES_SECOND else 0, constants)
    if path is None:
        return None
    if name in _OPENS:
        return _use_of_mode(call, 1), path
    if name in _WRITES_SECOND or _WRITES.match(last):
        return "writes", path
    if name.startswith(("np.save", "numpy.save")) and last in _ENDINGS:
        return "writes", path if path.endswith(_ENDINGS[last]) else path + _ENDINGS[last]
    if last == "save" and isinstance(call.func, ast.Attribute) and os.path.splitext(path)[1]:
        return "writes", path
    return ("reads", path) if _READS.match(last) or name in _READS_WITH else None


def _argument(call: ast.Call, place: int, constants: Mapping[str, str]) -> str | None:
    named = [keyword.value for keyword in call.keywords if keyword.arg in _KEYWORDS]
    chosen = [*call.args[place : place + 1], *named][:1]
    return _path(chosen[0], constants) if chosen else None


def _use_of_mode(call: ast.Call, place: int) -> Use:
    modes = [*call.args[place : place + 1], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    mode = str(modes[0].value) if modes and isinstance(modes[0], ast.Constant) else "r"
    return "adds" if "a" in mode else "writes" if {"w", "x"} & set(mode) else "reads"


def _pattern(node: ast.expr) -> str | None:
    """A literal that is a pattern already."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _path(node: ast.expr, constants: Mapping[str, str]) -> str | None:
    """The path that an expression names; None where it names none."""
    match node:
        case ast.Constant(value=str(text)):
            return glob.escape(text)
        case ast.JoinedStr(values=parts):
            return "".join(glob.escape(str(part.value)) if isinstance(part, ast.Constant) else "*" for part in parts)
        case ast.Name(id=name):
            return constants.get(name)
        case ast.BinOp(left=left, op=ast.Div() | ast.Add() as how, right=right):
            sides = _path(left, constants), _path(right, constants)
            return None if None in sides else ("/" if isinstance(how, ast.Div) else "").join(map(str, sides))
        case ast.Call(func=ast.Attribute(value=inner, attr="expanduser" | "resolve" | "absolute"), args=[]):
            return _path(inner, constants)
        case ast.Call(func=function, args=[_, *_] as parts) if dotted(function) in _PATHS:
            named = [_path(part, constants) for part in parts]
            return None if None in named else "/".join(map(str, named))
        case _:
            return None

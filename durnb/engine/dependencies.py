"""Files that steps depend upon (``--depends``), as they are now, looked at from outside the kernel that will read them."""

from __future__ import annotations

import fnmatch
import glob
import os
from functools import lru_cache
from pathlib import Path
from typing import Final

from durnb.digests import digest_of
from durnb.events import Input

NO_FILE: Final = "no such file"
"""The digest of a pattern that matches nothing."""
_FILE: Final = "file:"


def is_dependency(i: Input) -> bool:
    """Whether an input is a file that a header names."""
    return i.kind == "file" and i.name.startswith(_FILE)


def path_of(i: Input) -> str:
    """The path of such an input, as its pattern spells it."""
    return i.name.removeprefix(_FILE)


def is_of(i: Input, pattern: str) -> bool:
    """Whether an input came by the pattern, as far as its name tells."""
    path = path_of(i)
    return is_dependency(i) and (path == pattern or fnmatch.fnmatch(path, pattern) or fnmatch.fnmatch(path, pattern.replace("**/", "")))


def inputs_of(pattern: str, folder: Path, largest: int | None) -> list[Input] | None:
    """The inputs that a kernel in `folder` makes of a pattern; None where a file can't be read, or has more bytes than `largest`."""
    names = sorted(name for name in glob.glob(pattern, root_dir=folder, recursive=True) if (folder / name).is_file())
    if not names:
        return [Input(name=f"{_FILE}{pattern}", kind="file", digest=NO_FILE)]
    found: list[Input] = []
    for name in names:
        try:
            told = os.stat(folder / name)
            if largest is not None and told.st_size > largest:
                return None
            digest = _digest(str(folder / name), told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)
        except OSError:
            return None
        found.append(Input(name=f"{_FILE}{name}", kind="file", digest=digest))
    return found


@lru_cache(maxsize=1024)  # a panel plans again at each change of the run; nothing but a memory map changes a file and not its times
def _digest(path: str, *told: int) -> str:
    return digest_of("file", Path(path).read_bytes())

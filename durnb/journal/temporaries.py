"""Files in the making, beside the one whose place they take by a rename; and such as a killed writer left.

All that durnb writes so goes by `hidden_beside`, packs and journals aside: of those their locks tell whether somebody writes them.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_LONGEST: Final = 100  # bytes of the name that are kept: with what is added it has to be a name, too
_OLD: Final = 3600.0  # seconds: another machine's writer may be alive, and no process of this one has its number
_FORM: Final = re.compile(r"\.(?P<of>.+)\.(?P<pid>[0-9]{1,10})\.[0-9a-f]{12}\.tmp", re.DOTALL)


def hidden_beside(path: Path) -> Path:
    """A name that nobody has, in the same folder, for what is to take the place of `path`."""
    return path.with_name(f".{_cut(path.name)}.{os.getpid()}.{secrets.token_hex(6)}.tmp")


def _cut(name: str) -> str:
    return os.fsdecode(os.fsencode(name)[:_LONGEST])


def left_in(folder: Path, now: float) -> Iterator[Path]:
    """The files in `folder` of which the writer is gone, and for an hour: `now` counts seconds since 1970. Raises OSError."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            found = _FORM.fullmatch(entry.name)
            if found and not _lives(int(found["pid"])) and entry.is_file(follow_symlinks=False) and now - entry.stat().st_mtime > _OLD:
                yield Path(entry.path)


def remove_left_of(path: Path, now: float) -> None:
    """Remove what killed writers of `path` left beside it. Raises OSError."""
    for each in left_in(path.parent, now):
        if (found := _FORM.fullmatch(each.name)) and found["of"] == _cut(path.name):
            each.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it is another user's
    return True

"""Loading durnb in every kernel of an environment: a marked block in IPython's configuration file."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import Final

from durnb.errors import UsageError
from durnb.journal import hidden_beside, remove_left_of

_BLOCK: Final = """# >>> durnb >>>  (made by durnb install; durnb uninstall takes it out)
get_config().InteractiveShellApp.extensions.append("durnb")
# <<< durnb <<<
"""
_FOUND: Final = re.compile(r"\n?^# >>> durnb >>>.*?^# <<< durnb <<<\n", re.MULTILINE | re.DOTALL)


def config_file(*, user: bool) -> Path:
    """The file that IPython reads at each start: of this Python environment, or of this user's default profile."""
    if user:
        home = os.environ.get("IPYTHONDIR") or Path.home() / ".ipython"
        return Path(home) / "profile_default" / "ipython_config.py"
    return Path(sys.prefix) / "etc" / "ipython" / "ipython_config.py"


def install(file: Path) -> bool:
    """Add the block; False where it is there. Raises UsageError where the file can't be written."""
    try:
        text = file.read_text("utf-8") if file.exists() else ""
        if _FOUND.search(text):
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        _replace(file, text + ("\n" if text else "") + _BLOCK)
    except OSError as error:
        raise UsageError(f"{file} can't be written ({error.strerror or error}): durnb install --user needs no such right") from None
    return True


def uninstall(file: Path) -> bool:
    """Take the block out, and the file where nothing else is in it; False where it was not there. Raises UsageError where the file can't be written."""
    try:
        text = file.read_text("utf-8") if file.exists() else ""
        rest = _FOUND.sub("", text)
        if rest == text:
            return False
        if rest.strip():
            _replace(file, rest)
        else:
            file.unlink()
    except OSError as error:
        raise UsageError(f"{file} can't be written ({error.strerror or error})") from None
    return True


def _replace(file: Path, text: str) -> None:
    remove_left_of(file, time.time())
    hidden = hidden_beside(file)
    hidden.write_text(text, "utf-8")
    if file.exists():
        hidden.chmod(file.stat().st_mode & 0o777)
    hidden.replace(file)

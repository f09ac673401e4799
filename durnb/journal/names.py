"""How notebooks and runs are called on disk: reversible, safe in every file system, and no two alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Final
from urllib.parse import quote, unquote

from durnb.digests import digest_of

_PLAIN: Final = "=,@+()"  # and letters, digits and _.-~ ; everything else is escaped by %XX
_LONGEST: Final = 120  # bytes of a quoted name, so that with number and suffix it stays under 255
_CUT: Final = 80
_EMPTY: Final = "%-"  # the name of no characters; `quote` never gives it


@dataclass(frozen=True, slots=True, order=True)
class RunName:
    """A run of a notebook: its key and its number, from 1."""

    key: str
    number: int

    def __str__(self) -> str:
        return f"{self.key}.{self.number}"

    @property
    def file(self) -> str:
        """The stem of the run's files."""
        return f"{quoted(self.key)}.{self.number}"


def quoted(text: str) -> str:
    """`text` as a file name; a long one is cut and told apart by its digest, so that `unquoted` can't give it back."""
    name = quote(text, safe=_PLAIN, errors="surrogatepass")
    name = "%2E" + name[1:] if name.startswith(".") else name or _EMPTY
    return name if len(name) <= _LONGEST else f"{name[:_CUT]}%~{digest_of(text.encode(errors='surrogatepass'))[:32]}"


def unquoted(name: str) -> str | None:
    """The inverse of `quoted`; None for a name that was cut."""
    if name == _EMPTY:
        return ""
    return None if "%~" in name else unquote(name, errors="surrogatepass")


def folder_of(notebook: PurePath) -> str:
    """The name of the notebook's folder inside ``.durnb``: ``etl`` for etl.ipynb, the full name for any other, so that none share."""
    stem, suffix = notebook.stem, notebook.suffix
    if suffix == ".ipynb" and not set(".%") & set(stem):
        return _shortened(stem)
    return _shortened(notebook.name if suffix else f"{notebook.name}%")


def folder_elsewhere(notebook: PurePath) -> str:
    """The name of the folder of the notebook at this absolute path inside a store that many folders use."""
    return f"{_shortened(notebook.name)[:100]}-{digest_of(str(notebook).encode(errors='surrogatepass'))[:16]}"


def _shortened(name: str) -> str:
    encoded = name.encode(errors="surrogatepass")
    return name if len(encoded) <= _LONGEST else f"{encoded[:_CUT].decode(errors='ignore')}%~{digest_of(encoded)[:32]}"

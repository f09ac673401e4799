"""Makes a durable cell valid for IPython: its header line becomes a comment, so that line numbers stay right."""

from __future__ import annotations

import re
from typing import Final

_HEADER: Final = re.compile(r"%%durable(?=\s|\Z)|#[ \t]*durable:")
COMMENT: Final = "# "


def hide_header(lines: list[str]) -> list[str]:
    """A pure IPython input transformer, for ``input_transformers_cleanup``.

    Above another cell magic the header line is left out, for a magic has to stand first. Errors of a header are not raised here: IPython calls this
    more than once for one cell, and to find out whether a cell is complete.
    """
    if not lines or not _HEADER.match(lines[0]):
        return lines
    below = next((index for index, line in enumerate(lines[1:], 1) if line.strip()), None)
    if below is not None and lines[below].startswith("%%"):
        return lines[below:]
    return lines if lines[0].startswith("#") else [COMMENT + lines[0], *lines[1:]]


# IPython skips such transformers where it asks whether a cell is complete: so a terminal waits for the body, as it does for any cell magic.
hide_header.has_side_effects = True  # type: ignore[attr-defined]  # a function attribute, IPython's own convention


def without_header(source: str) -> str:
    """A transformed cell without its header comment."""
    first, _, rest = source.partition("\n")
    return rest if _HEADER.match(first.removeprefix(COMMENT) if "%%durable" in first else first) else source

"""``python -m durnb.cli``: the program ``durnb``."""

from __future__ import annotations

from durnb.cli import main

main()

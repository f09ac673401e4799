"""Finds libfaketime, with which tests move the clock of a program, and installs it where apt and root are at hand: ``python tests/install_faketime.py``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import debian_packages

_FOLDERS: Final = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
_NAME: Final = "faketime/libfaketimeMT.so.1"  # the one for programs with threads


def find_faketime() -> Path | None:
    """The library; ``LIBFAKETIME`` in the environment is looked at first."""
    named = [Path(os.environ["LIBFAKETIME"])] if "LIBFAKETIME" in os.environ else []
    found = [path for folder in _FOLDERS for pattern in (_NAME, f"*/{_NAME}") for path in sorted(Path(folder).glob(pattern))]
    return next((path for path in (*named, *found) if path.is_file()), None)


def main() -> None:
    """Where this finds nothing, the tests that move the clock are skipped, and say why."""
    if find_faketime() is None and debian_packages.can_install():
        debian_packages.install("faketime")
    print(f"the clock of tests is moved by {find_faketime() or 'nothing: install libfaketime, or name it in LIBFAKETIME'}")


if __name__ == "__main__":
    main()

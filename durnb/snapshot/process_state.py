"""The working folder, the module search path and the environment."""

from __future__ import annotations

import os
import pickle
import re
import sys
from collections.abc import Mapping

SECRET = re.compile("KEY|TOKEN|SECRET|PASS|CREDENTIAL", re.IGNORECASE)
MACHINERY = ("JPY_", "DURNB_", "KMP_")  # set by Jupyter, by us, and by OpenMP libraries as they load


class _Replaced:
    """State that no mere use moves on."""

    def follows(self, before: bytes, after: bytes) -> bool:
        return False

    def as_loaded(self) -> bool:
        return False


class WorkingFolder(_Replaced):
    """The current folder; absent while it is deleted."""

    prefix = "@cwd"

    def take(self) -> Mapping[str, bytes]:
        try:
            return {self.prefix: pickle.dumps(os.getcwd())}
        except OSError:
            return {}

    def put(self, name: str, payload: bytes | None) -> str | None:
        if payload is None:
            return None
        folder = pickle.loads(payload)
        try:
            os.chdir(folder)
        except OSError:
            return f"cwd {folder} is gone; left as it is"
        return None


class SearchPath(_Replaced):
    """`sys.path`, entry by entry."""

    prefix = "@sys.path"

    def take(self) -> Mapping[str, bytes]:
        return {self.prefix: pickle.dumps([str(each) for each in sys.path])}

    def put(self, name: str, payload: bytes | None) -> str | None:
        if payload is not None:
            sys.path[:] = pickle.loads(payload)
        return None


class Environment(_Replaced):
    """Each environment variable by itself, save those that look secret or belong to the kernel's machinery."""

    prefix = "@environ:"

    def take(self) -> Mapping[str, bytes]:
        return {self.prefix + name: os.fsencode(value) for name, value in os.environ.items() if not _is_private(name)}

    def put(self, name: str, payload: bytes | None) -> str | None:
        key = name.removeprefix(self.prefix)
        if _is_private(key):
            return f"environment variable {key} is never set by durnb"
        if payload is None:
            os.environ.pop(key, None)
            return None
        value = os.fsdecode(payload)
        if os.environ.setdefault(key, value) != value:
            return f"environment variable {key} has another value here; left as it is"
        return None


def _is_private(name: str) -> bool:
    return name.startswith(MACHINERY) or SECRET.search(name) is not None

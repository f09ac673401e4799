"""The working folder, the module search path, the environment, the locale and the limit of recursion."""

from __future__ import annotations

import locale
import os
import pickle
import re
import sys
import time
from collections.abc import Mapping
from typing import Any

from durnb.snapshot.plain import spelled

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

    def look(self) -> object:
        try:
            return os.getcwd()
        except OSError:
            return None

    def take(self, seen: Any) -> Mapping[str, bytes]:
        return {} if seen is None else {self.prefix: spelled(seen)}

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

    def look(self) -> object:
        return [str(each) for each in sys.path]

    def take(self, seen: Any) -> Mapping[str, bytes]:
        return {self.prefix: spelled(seen)}

    def put(self, name: str, payload: bytes | None) -> str | None:
        if payload is not None:
            sys.path[:] = pickle.loads(payload)
        return None


class Environment(_Replaced):
    """Each environment variable by itself, save those that look secret or belong to the kernel's machinery."""

    prefix = "@environ:"

    def look(self) -> object:
        # what `os.environ` encodes and decodes at each look; a copy of it costs a hundredth
        return dict(getattr(os.environ, "_data", None) or os.environ)

    def take(self, seen: Any) -> Mapping[str, bytes]:
        there = ((os.fsdecode(name), os.fsencode(value)) for name, value in seen.items())
        return {self.prefix + name: value for name, value in there if not _is_private(name)}

    def put(self, name: str, payload: bytes | None) -> str | None:
        key = name.removeprefix(self.prefix)
        if _is_private(key):
            return f"environment variable {key} is never set by durnb"
        value = os.fsdecode(payload) if payload is not None else None
        if value is None:
            os.environ.pop(key, None)
        elif os.environ.setdefault(key, value) != value:
            return f"environment variable {key} has another value here; left as it is"
        if key == "TZ":
            time.tzset()  # who sets the time zone means the clock of this process
        return None


class Locale(_Replaced):
    """The locale of this process, all its categories."""

    prefix = "@locale"

    def look(self) -> object:
        return locale.setlocale(locale.LC_ALL)

    def take(self, seen: Any) -> Mapping[str, bytes]:
        return {self.prefix: spelled(seen)}

    def put(self, name: str, payload: bytes | None) -> str | None:
        if payload is not None:
            wanted = pickle.loads(payload)
            try:
                locale.setlocale(locale.LC_ALL, wanted)
            except locale.Error:
                return f"locale {wanted} is not installed here; left as it is"
        return None


class RecursionLimit(_Replaced):
    """How deep calls may nest."""

    prefix = "@recursionlimit"

    def look(self) -> object:
        return sys.getrecursionlimit()

    def take(self, seen: Any) -> Mapping[str, bytes]:
        return {self.prefix: spelled(seen)}

    def put(self, name: str, payload: bytes | None) -> str | None:
        if payload is not None:
            sys.setrecursionlimit(pickle.loads(payload))
        return None


def _is_private(name: str) -> bool:
    return name.startswith(MACHINERY) or SECRET.search(name) is not None

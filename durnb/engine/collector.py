"""Python's garbage collector waits while durnb looks at a notebook's values, stores them, or makes them anew.

It goes by how much is made and not by what is garbage: a look at a model makes it search the whole heap, a tenth of a second with the usual
libraries loaded, and the finalizers that it runs would change values between two looks at them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_users: list[bool] = []  # for each block that holds it, whether the user's code has it on


@contextmanager
def held() -> Iterator[None]:
    """No collection while the block runs; then it is as the user's code has it."""
    _users.append(gc.isenabled())
    gc.disable()
    try:
        yield
    finally:
        _set(_users.pop())


@contextmanager
def as_user_has_it() -> Iterator[None]:
    """Inside of `held`, while code of the user runs: what that sets is kept."""
    if not _users:
        yield
        return
    _set(_users[-1])
    try:
        yield
    finally:
        _users[-1] = gc.isenabled()
        gc.disable()


def _set(on: bool) -> None:
    if on:
        gc.enable()
    else:
        gc.disable()

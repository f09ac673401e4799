"""Which notebook something is of: one object for each namespace, so that what is remembered of many objects is one reference to it.

How many references there are to a namespace tells whether it got functions that nobody is known to hold, and each change is followed up.
"""

from __future__ import annotations

from weakref import WeakValueDictionary


class Home:
    """A namespace, while anything is remembered of it."""

    __slots__ = ("__weakref__", "namespace")

    def __init__(self, namespace: object) -> None:
        self.namespace = namespace


_homes: WeakValueDictionary[int, Home] = WeakValueDictionary()


def home_of(namespace: object) -> Home:
    """The home of a namespace; the same object as long as anybody has it."""
    found = _homes.get(id(namespace))
    if found is None:
        found = _homes[id(namespace)] = Home(namespace)
    return found

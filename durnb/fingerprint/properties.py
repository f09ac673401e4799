"""Watches the cached properties of the notebook's and the project's classes, so that reading one is told from assigning to it."""

from __future__ import annotations

from durnb import computed
from durnb.fingerprint.content import content
from durnb.fingerprint.origin import Origin, of_class


def watch_properties() -> None:
    """From here on, in this process; `durnb.computed.unwatch` ends it."""
    computed.watch(lambda value: content(value).digest, lambda cls: of_class(cls) is not Origin.INSTALLED)

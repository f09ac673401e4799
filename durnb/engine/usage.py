"""What takes a run's room, by step and by variable. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, field
from typing import Any, Final

from durnb.engine.manifest import OUT, Manifest
from durnb.fold import History
from durnb.records import dataclass
from durnb.steps import Checkpoint, Execution, StepHistory

_DIGEST: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Something that a run stores for a step: variables that are stored together, or what `what` says.

    `bytes` is all of it; `shared` are those of its bytes that an earlier holding has counted, so that `bytes` less `shared` adds up to the run's.
    """

    step: str
    what: str
    types: str
    bytes: int
    shared: int
    names: tuple[str, ...] = ()

    @property
    def own(self) -> int:
        return self.bytes - self.shared


def holdings(history: History, lengths: Mapping[str, int]) -> list[Holding]:
    """What the run of `history` stores, steps that take most first; `lengths` gives bytes by digest.

    Counted first are the checkpoints that stand for their steps, then earlier ones, then what was kept for retries and of failed attempts.
    """
    count = _Count(lengths)
    steps = [step for step in history.steps.values() if step.executions]
    found = [
        holding
        for of_step in (_current, _earlier, _for_retries, _failed)
        for step in steps
        for holding in of_step(step, count)
        if holding.bytes
    ]
    totals = {step.name: sum(one.own for one in found if one.step == step.name) for step in steps}
    return sorted(found, key=lambda one: (-totals[one.step], one.step, -one.bytes, one.what))


def of_checkpoint(step: StepHistory, lengths: Mapping[str, int]) -> list[Holding]:
    """What the checkpoint that stands for the step stores."""
    return list(_current(step, _Count(lengths)))


@dataclass(slots=True)
class _Count:
    """Which bytes have been counted."""

    lengths: Mapping[str, int]
    seen: set[str] = field(default_factory=set)

    def holding(self, step: str, what: str, digests: Iterable[str], names: Mapping[str, str] | None = None) -> Holding:
        """What the digests hold; those of which nothing is stored are no digests of bytes. `names` are variables and their types."""
        stored = {digest for digest in digests if digest in self.lengths}
        size, shared = (sum(self.lengths[digest] for digest in part) for part in (stored, stored & self.seen))
        self.seen |= stored
        names = names or {}
        types = ", ".join(dict.fromkeys(filter(None, names.values())))
        return Holding(step=step, what=what, types=types, bytes=size, shared=shared, names=tuple(names))


def _current(step: StepHistory, count: _Count) -> Iterator[Holding]:
    checkpoint = step.checkpoint
    if checkpoint is None:
        return
    try:
        manifest = Manifest.decode(checkpoint.manifest)
    except (ValueError, KeyError, TypeError):
        yield count.holding(step.name, "its checkpoint", _digests(checkpoint.manifest))
        return
    for group in manifest.groups:
        types = {"Out" if name == OUT else name: _type_of(manifest, name) for name in group.names}
        yield count.holding(step.name, ", ".join(types), (group.stream, *group.buffers), types)
    yield count.holding(step.name, "its outputs", (manifest.outputs,))
    rest = (manifest.sources, *(ambient.payload for ambient in manifest.ambient.values()))
    yield count.holding(step.name, "settings and source text", rest)


def _type_of(manifest: Manifest, name: str) -> str:
    return manifest.names[name].type if name in manifest.names else ""


def _earlier(step: StepHistory, count: _Count) -> Iterator[Holding]:
    earlier = [c for c in step.checkpoints.values() if c.number != step.current]
    many = f"{len(earlier)} earlier checkpoint{'s' * (len(earlier) != 1)}"
    yield count.holding(step.name, many, _all_digests(earlier))


def _all_digests(checkpoints: Iterable[Checkpoint]) -> Iterator[str]:
    return (digest for checkpoint in checkpoints for digest in _digests(checkpoint.manifest))


def _for_retries(step: StepHistory, count: _Count) -> Iterator[Holding]:
    digests = (digest for execution in step.executions for digest in _digests(execution.prestate))
    yield count.holding(step.name, "values before it ran", digests)


def _failed(step: StepHistory, count: _Count) -> Iterator[Holding]:
    yield count.holding(step.name, "outputs of failed attempts", _outputs(step.executions))


def _outputs(executions: Iterable[Execution]) -> Iterator[str]:
    return (attempt.outputs for execution in executions for attempt in execution.attempts)


def _digests(text: str) -> list[str]:
    return _DIGEST.findall(text)


def as_json(found: Iterable[Holding]) -> list[dict[str, Any]]:
    """The holdings as JSON values."""
    return [{**asdict(one), "names": list(one.names)} for one in found]

"""Checkpoints between the journal's bytes and the namespace: stored through a draft, read back only under a good signature."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, MutableMapping
from dataclasses import field
from typing import Any

from durnb.engine.manifest import Manifest, StoredGroup
from durnb.engine.signatures import signed_facts
from durnb.errors import CheckpointUnreadable, CheckpointUntrusted, DurnbError
from durnb.journal import Draft, Journal
from durnb.records import dataclass
from durnb.snapshot import Captured, Group, restore
from durnb.steps import Attempt, Checkpoint, Execution


def store_groups(draft: Draft, captured: Captured) -> tuple[tuple[StoredGroup, ...], str]:
    """Put the groups into the draft; their stored form, and the digest of the sources ("" for none). Raises NoRoom before any is written."""
    draft.reserve([part for group in captured.groups for part in (group.stream, *group.buffers)])
    groups = tuple(_store_group(draft, group) for group in captured.groups)
    sources = draft.add(json.dumps(dict(captured.sources)).encode()) if captured.sources else ""
    return groups, sources


def _store_group(draft: Draft, group: Group) -> StoredGroup:
    return StoredGroup(
        names=tuple(group.names),
        stream=draft.add(group.stream),
        buffers=tuple(draft.add(buffer) for buffer in group.buffers),
        readonly=tuple(group.readonly),
        plain=tuple(group.plain),
    )


def _fixed(data: bytearray | memoryview) -> bytes | memoryview:
    """The same bytes, read-only."""
    return data.toreadonly() if isinstance(data, memoryview) else bytes(data)


@dataclass(slots=True)
class Shelf:
    """Reads checkpoints of one run. Manifests are verified once and kept; values never are. `restore` makes values of a group's bytes."""

    journal: Journal
    namespace: MutableMapping[str, object]
    restore: Callable[..., dict[str, object]] = restore
    _manifests: dict[tuple[int, str], Manifest] = field(default_factory=dict)

    def manifest(self, checkpoint: Checkpoint) -> Manifest:
        """The checkpoint's table of contents. Raises CheckpointUntrusted, CheckpointUnreadable."""
        started = self._execution(checkpoint).started_seq
        return self._verified(checkpoint.step, checkpoint.manifest, checkpoint.signature, started, "checkpoint")

    def prestate(self, step: str, execution: Execution) -> Manifest | None:
        """What was kept of plain values when the execution began; None where nothing was."""
        if not execution.prestate:
            return None
        return self._verified(step, execution.prestate, execution.prestate_signature, execution.started_seq, "prestate")

    def _execution(self, checkpoint: Checkpoint) -> Execution:
        executions = self.journal.history.steps[checkpoint.step].executions
        return next(e for e in executions if e.number == checkpoint.execution)

    def _verified(self, step: str, text: str, signature: str, started: int, what: str) -> Manifest:
        known = self._manifests.get((started, text))
        if known is not None:
            return known
        if not self.journal.verify(signed_facts(self.journal, started, what), text.encode(), signature):
            raise CheckpointUntrusted(step=step)
        try:
            manifest = Manifest.decode(text)
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointUnreadable(step=step, why=f"its manifest is not one of this durnb ({error})") from error
        self._manifests[started, text] = manifest
        return manifest

    def load(self, step: str, manifest: Manifest, wanted: Collection[str]) -> dict[str, object]:
        """The values of every group that holds a wanted name. Raises CheckpointUnreadable."""
        values: dict[str, object] = {}
        try:
            sources = self._json(manifest.sources) if manifest.sources else {}
            for group in manifest.groups:
                if not set(wanted).isdisjoint(group.names):
                    values.update(self._load_group(group, sources, manifest.names.keys()))
        except DurnbError as error:
            raise CheckpointUnreadable(step=step, why=str(error)) from error
        except Exception as error:  # unpickling runs code of any library; whatever it raises, the checkpoint can't be read
            raise CheckpointUnreadable(step=step, why=f"{type(error).__name__}: {error}") from error
        return values

    def _load_group(self, group: StoredGroup, sources: Mapping[str, str], own: Collection[str]) -> dict[str, object]:
        plain = group.plain or (False,) * len(group.buffers)
        read = self.journal.read_all(group.buffers, plain)
        buffers = [_fixed(data) if readonly else data for data, readonly in zip(read, group.readonly, strict=True)]
        return self.restore(bytes(self.journal.read(group.stream)), buffers, self.namespace, sources, own)

    def outputs(self, step: str, manifest: Manifest) -> list[dict[str, Any]]:
        """The outputs to replay. Raises CheckpointUnreadable."""
        try:
            return list(self._json(manifest.outputs)) if manifest.outputs else []
        except (DurnbError, ValueError, KeyError) as error:
            raise CheckpointUnreadable(step=step, why=f"its outputs: {error}") from error

    def failure(self, step: str, attempt: Attempt) -> list[dict[str, Any]]:
        """What an attempt had shown when it failed. Nobody signed it: to be looked at as text. Raises CheckpointUnreadable."""
        try:
            return list(self._json(attempt.outputs)) if attempt.outputs else []
        except (DurnbError, ValueError, KeyError) as error:
            raise CheckpointUnreadable(step=step, why=f"its outputs: {error}") from error

    def payload(self, step: str, digest: str) -> bytes:
        """The bytes of an ambient component. Raises CheckpointUnreadable."""
        try:
            return bytes(self.journal.read(digest))
        except (DurnbError, KeyError) as error:
            raise CheckpointUnreadable(step=step, why=str(error)) from error

    def _json(self, digest: str) -> Any:
        return json.loads(bytes(self.journal.read(digest)))

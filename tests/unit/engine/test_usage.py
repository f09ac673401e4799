"""What takes a run's room: everything is counted, and once."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from durnb.engine.manifest import Manifest, StoredAmbient, StoredGroup, StoredName
from durnb.engine.usage import Holding, as_json, holdings
from durnb.events import StepSucceeded
from durnb.fold import History
from unit.engine.run_story import Story
from unit.journal.journal_samples import failed, started, succeeded


def digest(name: str) -> str:
    return name.encode().hex().rjust(64, "0")


LENGTHS = {digest(name): length for name, length in {"s": 100, "b1": 5000, "b2": 7000, "t": 30, "out": 12, "rc": 8, "src": 40}.items()}


def group(stream: str, *buffers: str, names: tuple[str, ...] = ("df",)) -> StoredGroup:
    return StoredGroup(names=names, stream=digest(stream), buffers=tuple(map(digest, buffers)), readonly=(False,) * len(buffers))


def manifest(*groups: StoredGroup, **rest: object) -> str:
    names = {name: StoredName(digest="d", type="pandas.DataFrame") for one in groups for name in one.names if name != "@out"}
    return Manifest(step="load", names=names, groups=groups, **rest).encode()  # type: ignore[arg-type]  # passed on


def done(story: Story, step: str, text: str, *, prestate: str = "") -> int:
    past = story.history.steps.get(step)
    number = len(past.executions) + 1 if past else 1
    story.tell(replace(started(step, number), prestate=prestate, prestate_signature="s" if prestate else ""))
    event: StepSucceeded = replace(succeeded(step, number), manifest=text)
    return story.tell(event)


def told(history: History) -> list[tuple[str, str, int, int]]:
    return [(one.step, one.what, one.bytes, one.shared) for one in holdings(history, LENGTHS)]


def test_variables_that_are_stored_together_are_one_holding_with_their_types() -> None:
    story = Story()
    done(story, "load", manifest(group("s", "b1", "b2", names=("df", "view", "@out"))))
    names = ("df", "view", "Out")
    holding = Holding(step="load", what="df, view, Out", types="pandas.DataFrame", bytes=12_100, shared=0, names=names)
    assert holdings(story.history, LENGTHS) == [holding]


def test_what_several_steps_store_is_counted_with_the_first_and_said_of_the_others() -> None:
    story = Story()
    done(story, "load", manifest(group("s", "b1")))
    done(story, "clean", manifest(group("t", "b1", "b2")))
    assert told(story.history) == [("clean", "df", 12_030, 5000), ("load", "df", 5100, 0)]


def test_earlier_checkpoints_are_counted_after_those_that_stand_for_their_steps() -> None:
    story = Story()
    first = done(story, "load", manifest(group("s", "b1")))
    done(story, "load", manifest(group("t", "b1")))
    done(story, "clean", manifest(group("s")))
    assert told(story.history) == [
        ("load", "1 earlier checkpoint", 5100, 5100),
        ("load", "df", 5030, 0),
        ("clean", "df", 100, 0),
    ]
    story.reuses("load", first)
    assert ("load", "1 earlier checkpoint", 5030, 5000) in told(story.history)


def test_outputs_settings_kept_values_and_failures_have_rows_of_their_own() -> None:
    story = Story()
    story.tell(replace(started("load"), prestate=json.dumps({"groups": [{"stream": digest("t")}]}), prestate_signature="s"))
    story.tell(replace(failed("load"), outputs=digest("out")))
    story.tell(started("load", 1, 2))
    ambient = {"@rcParams": StoredAmbient(digest="d", payload=digest("rc"), derived="set")}
    story.tell(replace(succeeded("load", 1, 2), manifest=manifest(outputs=digest("out"), ambient=ambient, sources=digest("src"))))
    assert told(story.history) == [
        ("load", "settings and source text", 48, 0),
        ("load", "values before it ran", 30, 0),
        ("load", "its outputs", 12, 0),
        ("load", "outputs of failed attempts", 12, 12),
    ]


def test_a_manifest_of_another_durnb_is_counted_all_the_same() -> None:
    story = Story()
    done(story, "load", json.dumps({"what": digest("b1"), "will": ["be", digest("t")]}))
    assert told(story.history) == [("load", "its checkpoint", 5030, 0)]


groups = st.lists(st.builds(group, st.sampled_from(["s", "t"]), st.sampled_from(["b1", "b2", "none"])), max_size=3)


@given(st.lists(st.tuples(st.sampled_from(["load", "clean"]), groups, st.sampled_from(["", "out"]), groups), max_size=5))
def test_the_parts_add_up_to_what_the_run_refers_to(steps: list[tuple[str, list[StoredGroup], str, list[StoredGroup]]]) -> None:
    story = Story()
    for step, stored, outputs, kept in steps:
        done(story, step, manifest(*stored, outputs=digest(outputs) if outputs else ""), prestate=manifest(*kept) if kept else "")
    found = holdings(story.history, LENGTHS)
    texts = [c.manifest for s in story.history.steps.values() for c in s.checkpoints.values()]
    texts += [e.prestate for s in story.history.steps.values() for e in s.executions]
    referred = {name for text in texts for name in re.findall("[0-9a-f]{64}", text) if name in LENGTHS}
    assert sum(one.own for one in found) == sum(LENGTHS[name] for name in referred)
    assert all(0 <= one.shared <= one.bytes for one in found)
    assert json.loads(json.dumps(as_json(found))) == [
        {"step": o.step, "what": o.what, "types": o.types, "bytes": o.bytes, "shared": o.shared, "names": list(o.names)} for o in found
    ]

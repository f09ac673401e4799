"""What a durable cell does: new, finished and stale steps, and names that are not there. Each rule of the design's "Decide", by example."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from durnb.engine.decide import Ask, Decision, Execute, Missing, Refuse, Reuse
from durnb.events import Input
from durnb.journal.retention import superfluous
from durnb.steps import Attempt
from unit.engine.questions import DF, KEEP, LONG, RETRY, decided, words
from unit.engine.run_story import CODE, Story, made, reads

# ---- new and finished steps


def test_a_step_that_has_not_run_is_executed() -> None:
    assert decided(Story()) == Execute(reason="it has not run yet")


def test_a_step_that_succeeded_is_not_run_again() -> None:
    story = Story()
    number = story.runs("train", inputs=[DF])
    assert decided(story, inputs=(DF,)) == Reuse(checkpoint=number, reason="finished")


def test_it_is_reused_in_the_next_kernel_too() -> None:
    story = Story()
    number = story.runs("train", inputs=[DF])
    story.dies()
    assert decided(story, inputs=(DF,)) == Reuse(checkpoint=number, reason="finished")


def test_the_order_of_inputs_does_not_matter() -> None:
    story = Story()
    number = story.runs("train", inputs=[DF, reads("n")])
    assert decided(story, inputs=(reads("n"), DF)) == Reuse(checkpoint=number, reason="finished")


def test_a_step_before_it_that_ran_again_and_gave_the_same_content_leaves_it_fresh() -> None:
    story = Story()
    number = story.runs("train", inputs=[DF])
    for same in (made("df", "load"), made("df", "another"), reads("df")):
        assert decided(story, inputs=(same,)) == Reuse(checkpoint=number, reason="finished")


def test_a_step_that_is_done_and_was_not_saved_is_reused_too() -> None:
    story = Story()
    story.starts("train")
    number = story.succeeds("train", saved=False)
    assert decided(story) == Reuse(checkpoint=number, reason="finished")


def test_an_edit_that_was_undone_runs_where_retention_dropped_its_result_and_says_so() -> None:
    story = Story()
    story.runs("train", "A", [DF])
    story.runs("train", "B", [DF])
    (dropped,) = superfluous(story.history, 1)
    story.tell(dropped)
    decision = decided(story, "A", (DF,))
    assert isinstance(decision, Execute)
    assert words(decision) == "its code was edited; its earlier result for just this was removed to save room (setting keep_checkpoints)"
    assert words(decided(story, "C", (DF,))) == "its code was edited"
    assert isinstance(decided(story, "B", (DF,)), Reuse)


def test_an_edit_that_was_undone_reuses_the_earlier_checkpoint() -> None:
    story = Story()
    first = story.runs("train", "A", [DF])
    story.runs("train", "B", [DF])
    decision = decided(story, "A", (DF,))
    assert isinstance(decision, Reuse)
    assert decision.checkpoint == first
    assert decision.reason == "an earlier checkpoint fits again"


@pytest.mark.parametrize("end", ["crash", "exception", "interrupt"])
def test_an_edit_that_was_undone_reuses_the_earlier_checkpoint_though_the_edited_code_did_not_finish(end: str) -> None:
    story = Story()
    first = story.runs("train", "A")
    story.starts("train", "B")
    story.dies() if end == "crash" else story.fails("train", how=end)  # type: ignore[arg-type]
    assert decided(story, "A") == Reuse(checkpoint=first, reason="finished")
    assert isinstance(decided(story, "B"), Execute)


def test_inputs_that_are_as_they_were_before_the_last_change_reuse_the_earlier_checkpoint() -> None:
    story = Story()
    first = story.runs("train", inputs=[made("df", "load", "1")])
    story.runs("train", inputs=[made("df", "load", "2")])
    decision = decided(story, inputs=(made("df", "load", "1"),))
    assert isinstance(decision, Reuse)
    assert decision.checkpoint == first


def test_of_several_checkpoints_that_fit_the_current_one_is_taken() -> None:
    story = Story()
    first, second = story.runs("train"), story.runs("train")
    assert decided(story) == Reuse(checkpoint=second, reason="finished")
    story.reuses("train", first)
    assert decided(story) == Reuse(checkpoint=first, reason="finished")


# ---- stale, and why


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (made("df", "load"), made("df", "load", "2"), ["`df`", "changed", "'load'", "ran again"]),
        (made("df", "load"), made("df", "clean", "2"), ["`df`", "changed", "'clean'"]),
        (reads("df"), made("df", "load", "2"), ["`df`", "changed", "'load'"]),
        (reads("n"), reads("n", "2"), ["`n`", "changed"]),
        (made("df", "load"), reads("df", "2", maker="load"), ["`df`", "changed"]),
        (reads("n"), None, ["`n`", "gone"]),
        (reads("n"), reads("n", "", kind="absent"), ["`n`", "gone"]),
        (None, reads("n"), ["`n`", "new"]),
        (reads("n", "", kind="absent"), reads("n"), ["`n`", "new"]),
        (reads("file:a.csv", kind="file"), reads("file:a.csv", "2", kind="file"), ["file a.csv", "changed"]),
        (reads("@random", kind="ambient"), reads("@random", "2", kind="ambient"), ["random seed", "changed"]),
        (reads("@cwd", kind="ambient"), reads("@cwd", "2", kind="ambient"), ["cwd", "changed"]),
        (None, reads("@environ:HOME", kind="ambient"), ["environ:HOME", "new"]),
    ],
)
def test_a_changed_input_is_executed_and_the_reason_names_it(before: Input | None, now: Input | None, said: list[str]) -> None:
    story = Story()
    story.runs("train", inputs=[i for i in (before,) if i])
    decision = decided(story, inputs=tuple(i for i in (now,) if i))
    assert isinstance(decision, Execute)
    assert not decision.resume
    assert all(word in decision.reason for word in said)


def test_edited_code_is_executed() -> None:
    story = Story()
    story.runs("train", "A")
    assert decided(story, "B") == Execute(reason="its code was edited")


def test_every_change_is_among_the_reasons() -> None:
    story = Story()
    story.runs("train", "A", [DF, reads("n")])
    reason = words(decided(story, "B", (made("df", "load", "2"), reads("n", "2"))))
    assert all(word in reason for word in ("code was edited", "`df`", "`n`"))


def test_a_name_reached_only_through_everything_counts_if_it_was_there_before() -> None:
    story = Story()
    story.runs("train", inputs=[reads("a", by_everything=True)])
    assert isinstance(decided(story, inputs=(reads("a", "2", by_everything=True),)), Execute)
    assert isinstance(decided(story, inputs=()), Execute)


def test_a_name_reached_only_through_everything_does_not_count_if_it_is_new() -> None:
    story = Story()
    number = story.runs("train", inputs=[reads("a", by_everything=True)])
    now = (reads("a", by_everything=True), reads("b", by_everything=True))
    assert decided(story, inputs=now) == Reuse(checkpoint=number, reason="finished")


@pytest.mark.parametrize("generator", ["@random", "@numpy.random", "@torch.random", "@torch.cuda.random"])
def test_a_generator_counts_only_where_the_step_drew_from_it(generator: str) -> None:
    seeded, other = reads(generator, "1", kind="ambient"), reads(generator, "2", kind="ambient")
    undrawn, unseeded, drawn = Story(), Story(), Story()
    first = undrawn.runs("train", inputs=[seeded], dropped=(generator,))
    assert decided(undrawn, inputs=(other,)) == Reuse(checkpoint=first, reason="finished")
    second = unseeded.runs("train")
    assert decided(unseeded, inputs=(other,)) == Reuse(checkpoint=second, reason="finished")
    drawn.runs("train", inputs=[seeded])
    assert isinstance(decided(drawn, inputs=(other,)), Execute)


def test_a_name_that_was_absent_and_still_is_changes_nothing() -> None:
    absent = reads("debug", "", kind="absent")
    story = Story()
    number = story.runs("train", inputs=[absent])
    assert decided(story, inputs=(absent,)) == Reuse(checkpoint=number, reason="finished")


def test_a_further_name_that_is_absent_changes_nothing() -> None:
    story = Story()
    number = story.runs("train")
    assert decided(story, inputs=(reads("debug", "", kind="absent"),)) == Reuse(checkpoint=number, reason="finished")


# ---- on_change, ask_over, expires, always


@pytest.mark.parametrize("code", ["A", "B"])
def test_on_change_keep_reuses_the_stale_checkpoint_and_says_why(code: str) -> None:
    story = Story()
    number = story.runs("train", "A", [DF])
    decision = decided(story, code, (made("df", "load", "2"),), on_change="keep")
    assert isinstance(decision, Reuse)
    assert decision.checkpoint == number
    assert "`df`" in decision.stale
    assert ("code was edited" in decision.stale) == (code == "B")


def test_on_change_ask_asks() -> None:
    story = Story()
    story.runs("train", "A")
    decision = decided(story, "B", on_change="ask")
    assert isinstance(decision, Ask)
    assert "its code was edited" in decision.why
    assert set(decision.commands) == {RETRY, KEEP}


@pytest.mark.parametrize("on_change", ["rerun", "keep", "ask"])
def test_on_change_says_nothing_of_a_fresh_step(on_change: str) -> None:
    story = Story()
    number = story.runs("train", inputs=[DF])
    assert decided(story, inputs=(DF,), on_change=on_change) == Reuse(checkpoint=number, reason="finished")


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (reads("n"), reads("n", "2")),
        (reads("client", kind="opaque"), reads("client", "2", kind="opaque")),
        (made("df", "load"), reads("df", "2", maker="load")),  # touched by a plain cell
        (None, reads("n")),
    ],
)
def test_a_long_step_that_is_stale_only_by_plain_values_asks(before: Input | None, now: Input) -> None:
    story = Story()
    story.runs(
        "train", inputs=[DF, *([before] if before and before.name != "df" else [])] if now.name != "df" else [before or now], ran=LONG
    )
    inputs = (now,) if now.name == "df" else (DF, now)
    decision = decided(story, inputs=inputs)
    assert isinstance(decision, Ask)
    assert f"`{now.name}`" in decision.why
    assert set(decision.commands) == {RETRY, KEEP}


@pytest.mark.parametrize("now", [(reads("helper", "2"),), (reads("helper", "2"), reads("depth", "", kind="absent"))])
def test_a_long_step_asks_too_where_a_plain_value_is_no_longer_read_or_there(now: tuple[Input, ...]) -> None:
    story = Story()
    story.runs("train", inputs=[reads("helper"), reads("depth")], ran=LONG)
    assert isinstance(decided(story, inputs=now), Ask)


@pytest.mark.parametrize(
    ("code", "now"),
    [
        ("B", (DF, reads("n", "2"))),
        (CODE, (made("df", "load", "2"), reads("n", "2"))),
        (CODE, (made("df", "load", "2"), reads("n"))),
        (CODE, (DF, reads("n"), reads("file:a", kind="file"))),
        (CODE, (DF, reads("n"), reads("@cwd", kind="ambient", maker="setup"))),
    ],
)
def test_a_long_step_with_any_other_reason_is_executed(code: str, now: tuple[Input, ...]) -> None:
    story = Story()
    story.runs("train", inputs=[DF, reads("n")], ran=LONG)
    assert isinstance(decided(story, code, now), Execute)


@pytest.mark.parametrize(("ran", "kind"), [(599.0, Execute), (600.0, Execute), (600.1, Ask)])
def test_long_is_longer_than_ask_over(ran: float, kind: type[Decision]) -> None:
    story = Story()
    story.runs("train", inputs=[reads("n")], ran=ran)
    assert isinstance(decided(story, inputs=(reads("n", "2"),)), kind)


def test_a_setting_that_no_step_made_counts_as_plain_for_a_long_step() -> None:
    story = Story()
    story.runs("train", inputs=[reads("pandas:display.max_rows", kind="ambient")], ran=LONG)
    decision = decided(story, inputs=(reads("pandas:display.max_rows", "2", kind="ambient"),))
    assert isinstance(decision, Ask)
    assert "pandas:display.max_rows" in decision.why


def test_the_attempts_of_an_execution_are_long_together() -> None:
    story = Story()
    story.starts("train", inputs=[reads("n")])
    story.fails("train", retry_in=0.0)
    story.resumes("train")
    story.succeeds("train", ran=599.5)
    assert isinstance(decided(story, inputs=(reads("n", "2"),)), Ask)


def test_an_attempt_that_died_spent_what_its_calls_took_and_no_longer_than_it_lived() -> None:
    began = datetime(2026, 11, 20, 9, tzinfo=UTC)
    died = Attempt(number=1, epoch=1, started=began, status="crashed", calls_ran=400.0, seen=began + timedelta(hours=5))
    assert died.spent == 400.0
    assert replace(died, seen=began + timedelta(seconds=60)).spent == 60.0
    assert replace(died, seen=None).spent == 0.0


def test_an_expired_checkpoint_is_executed_however_long_the_step_took() -> None:
    story = Story()
    number = story.runs("train", ran=LONG)
    at = story.step("train").checkpoints[number].at
    day = timedelta(hours=24)
    assert decided(story, expires=day, now=at + day) == Reuse(checkpoint=number, reason="finished")
    decision = decided(story, expires=day, now=at + day + timedelta(seconds=1))
    assert isinstance(decision, Execute)
    assert decision.reason == "its checkpoint expired (--expires 1d)"


def test_an_expired_earlier_checkpoint_does_not_serve() -> None:
    story = Story()
    story.runs("train", "A")
    story.runs("train", "B")
    assert isinstance(decided(story, "A", expires=timedelta(0)), Execute)


def test_always_is_executed_though_nothing_changed() -> None:
    story = Story()
    story.runs("train")
    assert decided(story, always=True) == Execute(reason="--always")


def test_always_names_what_changed() -> None:
    story = Story()
    story.runs("train", "A", ran=LONG)
    assert "its code was edited" in words(decided(story, "B", always=True))


def test_always_goes_on_with_the_attempt_that_died() -> None:
    story = Story()
    story.crashes("train", 1)
    assert decided(story, always=True) == Execute(reason="its attempt 1 died with the kernel", resume=True)


# ---- names that are not there


@pytest.mark.parametrize("past", ["new", "stale", "died", "rerun", "retry"])
def test_a_step_that_must_run_and_misses_a_name_is_refused_naming_its_maker(past: str) -> None:
    story = _past(past)
    decision = decided(story, "B", missing=(Missing(name="df", maker="load"),))
    assert isinstance(decision, Refuse)
    assert all(word in decision.why for word in ("`df`", "'load'", "%durable restore"))


def _past(past: str) -> Story:
    story = Story()
    if past == "died":
        story.crashes("train", 1, "B")
    elif past != "new":
        story.runs("train", "A")
    if past == "rerun":
        story.asks_rerun("train")
    if past == "retry":
        story.resolves("train", "retry")
    return story


def test_a_plain_name_that_is_missing_is_refused_with_the_plain_cells_as_the_way_out() -> None:
    decision = decided(Story(), missing=(Missing(name="pd"),))
    assert isinstance(decision, Refuse)
    assert "`pd`" in decision.why
    assert "run the cells above" in decision.why


def test_a_name_that_could_not_be_stored_is_refused_naming_its_maker_the_culprit_and_the_rerun() -> None:
    decision = decided(Story(), missing=(Missing(name="client", maker="connect", lost="client.session._sock"),))
    assert isinstance(decision, Refuse)
    assert all(word in decision.why for word in ("`client`", "'connect'", "client.session._sock", "rerun connect"))


def test_a_finished_step_is_reused_though_a_name_is_missing_that_it_reads() -> None:
    lost = reads("client", "opaque", kind="opaque", maker="connect")
    story = Story()
    number = story.runs("train", inputs=[lost])
    missing = (Missing(name="client", maker="connect", lost="client._sock"),)
    assert decided(story, inputs=(lost,), missing=missing) == Reuse(checkpoint=number, reason="finished")


# ---- small

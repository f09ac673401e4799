"""Durable calls, waits and loops without a kernel: what is recorded, and what happens where the disk or the clock does not do its part."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import durnb
from durnb.clock import SystemClock
from durnb.config import Settings
from durnb.engine.body import Body
from durnb.engine.steering import resolve_call
from durnb.errors import CallTooLate, DiskFull, JournalError, StepAsks, UsageError
from durnb.inside.results import as_json
from durnb.journal import Journal, RunName, Store, check
from durnb.journal.packs import PackWriter
from durnb.testing import Crash, FakeClock, step


@contextmanager
def ending(error: type[BaseException], folder: Path, *, match: str | None = None, **options: Any) -> Iterator[Body]:
    """A step that ends with `error`."""
    with pytest.raises(error, match=match), step(folder, **options) as body:
        yield body


def problems(folder: Path) -> list[str]:
    return check(Store.of(folder / "test.ipynb"))


def counted(made: list[Any]) -> Callable[[Any], Any]:
    def work(x: Any) -> Any:
        made.append(x)
        return [x, {"of": x}]

    return work


def test_what_was_recorded_before_a_crash_comes_back_and_the_store_is_whole(folder: Path) -> None:
    made: list[Any] = []
    with ending(Crash, folder):
        assert durnb.call(counted(made))(1) == [1, {"of": 1}]
        durnb.map(counted(made), ["a", ("b", 2)], concurrency=2)
        raise Crash
    with step(folder):
        assert durnb.call(counted(made))(1) == [1, {"of": 1}]
        assert durnb.map(counted(made), [("b", 2), "a"]) == [[("b", 2), {"of": ("b", 2)}], ["a", {"of": "a"}]]
    assert sorted(map(str, made)) == ["('b', 2)", "1", "a"]
    with step(folder):
        durnb.call(counted(made))(1)
    assert made[-1] == 1
    assert problems(folder) == []


@pytest.mark.parametrize("value", [None, True, -0.0, "text", "\ud800", [1, [2.5]], {"k": [None]}, 10**30])
def test_json_gives_a_value_back_as_it_was(folder: Path, value: object) -> None:
    assert as_json(value) is not None
    for _ in range(2):
        with ending(Crash, folder):
            back = durnb.call(lambda: value, name="give")()
            assert repr(back) == repr(value)
            raise Crash


def test_values_that_json_would_change_are_no_json() -> None:
    shared: list[object] = []
    for value in (float("nan"), (1,), {1: 2}, [shared, shared], b"", {"k": {3}}, "x" * 300, [float("inf")]):
        assert as_json(value) is None


def test_concurrent_calls_share_transactions(folder: Path) -> None:
    with step(folder) as body:
        asked = []
        original = body.journal._writer._store  # type: ignore[attr-defined]  # how many transactions there are is what is asked

        def counting(jobs: Any, recorded: Any) -> None:
            asked.append(len(jobs))
            original(jobs, recorded)

        body.journal._writer._store = counting  # type: ignore[method-assign, assignment]  # as above

        async def nothing(n: int) -> int:
            return n

        assert durnb.map(nothing, range(300), concurrency=50) == list(range(300))
    assert len(asked) < 100


def test_a_sleep_of_days_ends_at_its_time_over_crashes(folder: Path) -> None:
    clock = FakeClock()
    with ending(Crash, folder, clock=clock):
        raise_after(durnb.sleep, "1s")
    with ending(KeyboardInterrupt, folder, clock=clock) as body:
        body.clock = _Interrupting(clock, 3600)
        durnb.sleep("2d")
    began = clock.now()
    with step(folder, clock=clock):
        durnb.sleep("2d")
    assert timedelta(days=2) - timedelta(hours=2) < clock.now() - began < timedelta(days=2)


def raise_after(wait: Callable[[str], None], length: str) -> None:
    wait(length)
    raise Crash


class _Interrupting(FakeClock):
    """A clock by which a wait is interrupted after some seconds."""

    def __init__(self, clock: FakeClock, after: float) -> None:
        super().__init__(clock.start, clock.passed)
        self._clock, self._after = clock, after

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(self._after)
        raise KeyboardInterrupt


class _Jumping(FakeClock):
    """A clock of which the wall is set by `jump` seconds once, in the first wait."""

    def __init__(self, jump: float) -> None:
        super().__init__()
        self.jump, self.waits = jump, 0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.jump if self.waits else 0)

    def sleep(self, seconds: float) -> None:
        self.waits += 1
        super().sleep(min(seconds, 600.0))


@pytest.mark.parametrize(("jump", "slept", "word"), [(3600, 3600, "forward by 1 h"), (-1800, 9000, "back by 30 m"), (3, 7200, "")])
def test_a_clock_that_is_set_in_a_wait_is_said_and_gone_by(folder: Path, jump: float, slept: float, word: str) -> None:
    clock, said = _Jumping(jump), list[str]()
    with step(folder, clock=clock) as body:
        body.say = said.append
        durnb.sleep("2h")
    assert slept - 600 <= clock.monotonic() <= slept + 600
    assert len(said) == bool(word)
    assert word in "".join(said)


def test_a_signal_is_taken_once_by_one_of_two_waits(folder: Path) -> None:
    store, run = Store.of(folder / "test.ipynb"), RunName("interactive", 1)
    with step(folder):
        store.request(run, "signal", name="go", value="1")
        store.request(run, "signal", name="go", value="2")
        store.request(run, "signal", name="go", value="not json")
        taken = durnb.map(lambda n: durnb.wait_for("go", timeout="30s"), range(2), concurrency=2)
        assert sorted(taken) == [1, 2]
        assert durnb.wait_for("go", timeout=0, default="none") == "none"
    assert len(list(store.file(run, "inbox").glob("*.refused"))) == 1
    assert problems(folder) == []


def test_a_schema_that_is_none_is_an_error_of_the_wait(folder: Path) -> None:
    with ending(UsageError, folder, match="no JSON schema: 'nonsense' is not valid"):
        durnb.wait_for("approve", schema={"type": "nonsense"})
    with step(folder) as body:
        assert body.calls.waits == {}


def test_a_model_of_pydantic_checks_a_signal_and_gives_its_instance(folder: Path) -> None:
    pydantic = pytest.importorskip("pydantic")
    Approval = pydantic.create_model("Approval", by=(str, ...), amount=(int, 0))
    store, run = Store.of(folder / "test.ipynb"), RunName("interactive", 1)
    for _ in range(2):
        with ending(Crash, folder):
            store.request(run, "signal", name="approve", value='{"by": 3}')
            store.request(run, "signal", name="approve", value='{"by": "ann"}')
            assert durnb.wait_for("approve", schema=Approval).by == "ann"
            raise Crash


def test_a_call_that_cannot_be_recorded_fails_and_is_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    with ending(DiskFull, folder) as body:
        rows = __import__("durnb.journal.rows", fromlist=["insert"])
        original = rows.insert

        def full(connection: Any, table: str, values: Any) -> None:
            if table == "events" and values and values[0][3] == "call_succeeded":
                raise OSError(28, "No space left on device")
            original(connection, table, values)

        monkeypatch.setattr(rows, "insert", full)
        try:
            durnb.call(counted(made))(1)
        finally:
            monkeypatch.setattr(rows, "insert", original)
        assert body
    with step(folder):
        durnb.call(counted(made))(1)
    assert made == [1, 1]
    assert problems(folder) == []


def test_a_big_result_that_does_not_fit_the_disk_fails_and_is_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def big(n: int) -> bytes:
        made.append(n)
        return b"x" * 200_000

    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, ending(DiskFull, folder):
        patched.setattr(PackWriter, "write", full)
        durnb.call(big)(1)
    for _ in range(2):
        with ending(Crash, folder):
            assert durnb.call(big)(1) == b"x" * 200_000
            raise Crash
    assert made == [1, 1]
    assert problems(folder) == []


def test_points_of_loops_in_items_that_are_done_are_let_go(folder: Path) -> None:
    seen: list[tuple[int, int]] = []

    def nest(body: Body, crash_at: tuple[int, int]) -> None:
        for epoch in durnb.loop(range(3), every=0):
            for batch in durnb.loop(range(2), every=0):
                for _ in durnb.loop(range(2), every=0):
                    pass
                seen.append((epoch, batch))
                if (epoch, batch) == crash_at:
                    raise Crash
        assert len(body.calls.loops) == 1

    with ending(Crash, folder, namespace={}) as body:
        nest(body, (2, 1))
    with step(folder) as body:
        assert len(body.calls.loops) == 3  # of the item in which it died
        nest(body, (3, 3))
    assert seen == [(epoch, batch) for epoch in range(3) for batch in range(2)] + [(2, 1)]
    assert problems(folder) == []


def test_two_maps_at_a_time_have_a_line_each_and_leave_none(folder: Path) -> None:
    shown: list[str] = []
    with step(folder) as body:
        body.show = shown.append
        for name in ("one", "two", "three", "four"):
            body.tell(name, f"{name}: 5")
        for name in ("one", "two", "three", "four", "four"):
            body.tell(name, "")
    assert shown == [
        "one: 5",
        "one: 5 · two: 5",
        "one: 5 · two: 5 · three: 5",
        "one: 5 · two: 5 · three: 5 · and 1 more",
        "two: 5 · three: 5 · four: 5",
        "three: 5 · four: 5",
        "four: 5",
        "",
    ]


def test_a_call_that_changes_its_arguments_says_so(folder: Path) -> None:
    with step(folder) as body:
        said: list[str] = []
        body.say = said.append
        durnb.call(list.append)([1], 2)
        durnb.call(sorted)([2, 1])
    assert len(said) == 1
    assert "list.append changed its arguments in place" in said[0]


class _Model:
    """A client with streams of every kind."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def generate(self, text: str) -> AsyncIterator[str]:
        self.asked.append(text)
        for letter in text:
            yield letter

    async def begin(self, text: str) -> AsyncIterator[str]:
        return self.generate(text)

    def lines(self, text: str) -> Iterator[str]:
        self.asked.append(text)
        yield from text


def test_streams_of_a_wrapped_client_are_recorded_when_drained_and_given_again(folder: Path) -> None:
    model = _Model()

    async def talk(client: Any) -> list[str]:
        found = ["".join([part async for part in client.generate("one")])]
        found.append("".join([part async for part in await client.begin("two")]))
        async for _ in client.generate("left"):
            break  # a stream that is not drained is not recorded
        return [*found, "".join(client.lines("three"))]

    for _ in range(2):
        with ending(Crash, folder):
            assert asyncio.run(talk(durnb.wrap(model))) == ["one", "two", "three"]
            raise Crash
    assert sorted(model.asked) == ["left", "left", "one", "three", "two"]
    assert problems(folder) == []


def test_a_step_that_is_over_takes_no_call(folder: Path) -> None:
    late: list[BaseException] = []
    go = threading.Event()

    def run() -> None:
        go.wait()
        try:
            durnb.call(abs)(-1)
        except BaseException as error:
            late.append(error)

    with step(folder):
        thread = threading.Thread(target=run)
        thread.start()
    go.set()
    thread.join()
    assert isinstance(late[0], CallTooLate)


def test_what_is_to_happen_once_asks_however_the_question_is_caught(folder: Path) -> None:
    with ending(ZeroDivisionError, folder):
        durnb.call(lambda: 1 / 0, once=True, name="pay")()
    with ending(StepAsks, folder, match="step/pay done"), suppress(Exception):  # the cell goes on, and the step still asks
        durnb.call(lambda: 1 / 0, once=True, name="pay")()
    with pytest.raises(UsageError, match="exclude"):
        durnb.call(print, once=True, retries=1)


def test_what_happened_once_is_not_made_again_when_the_step_or_its_code_is_new(folder: Path) -> None:
    made: list[Any] = []

    def pay(n: int, add: int = 1) -> int:
        made.append(n)
        return n + add

    def pay_more(n: int) -> int:
        made.append(n)
        return n + 2

    for function in (pay, pay_more, pay):  # each step is of a new generation
        with step(folder):
            assert durnb.call(function, once=True, name="pay")(1) == 2
            assert durnb.call(function, once="invoice", name="pay")(1) == 2
    assert made == [1, 1]
    assert problems(folder) == []


def test_what_a_person_takes_as_done_is_done_for_every_step_and_run(folder: Path) -> None:
    pay = durnb.call(lambda: 1 / 0, once="invoice")
    with ending(ZeroDivisionError, folder):
        pay()
    with ending(StepAsks, folder, match="other/invoice done", name="other"):
        pay()
    store, clock = Store.of(folder / "test.ipynb"), SystemClock()
    journal = Journal.open(store, RunName("interactive", 1), create=False, clock=clock, wait=timedelta(0), attach=False)
    with pytest.raises(UsageError, match="not JSON"):
        resolve_call(journal, "step", "invoice", "done", "{")
    resolve_call(journal, "step", "invoice", "done", '{"id": 7}')
    journal.close(None)
    for name in ("step", "third"):
        with step(folder, name):
            assert pay() == {"id": 7}
    assert problems(folder) == []


def test_waiting_says_what_the_step_and_all_its_calls_wait_for(folder: Path) -> None:
    seen: list[Any] = []
    go = threading.Event()

    def item(n: int) -> object:
        if n == 2:
            go.wait(20)
        return durnb.wait_for(f"signal{n}", timeout="1h")

    def watch(body: Any) -> None:
        seen.append(body.waiting())
        go.set()
        while (found := body.waiting()) is None or len(found.names) < 3:  # the map begins its items one after the other
            time.sleep(0.001)
        seen.append(found)
        for n in range(3):
            body.journal.store.request(body.journal.run, "signal", name=f"signal{n}", value="1")

    with step(folder) as body:
        watcher = threading.Thread(target=watch, args=(body,))
        watcher.start()
        assert durnb.map(item, range(3), concurrency=3) == [1, 1, 1]
        watcher.join()
        assert body.waiting() is None
    assert seen[0] is None
    assert seen[1].names == ("signal0", "signal1", "signal2")
    assert seen[1].until is not None


def test_two_thousand_calls_are_folded_and_found_again(folder: Path) -> None:
    with ending(Crash, folder) as body:
        for _ in range(20):
            durnb.map(_same, range(100), concurrency=8)
        kept = len(body.calls.made)
        raise Crash
    journal = Journal.open(Store.of(folder / "test.ipynb"), RunName("interactive", 1), create=False, clock=SystemClock(), wait=timedelta(0))
    assert len(journal.history.steps["step"].calls.made) == kept == 2000
    journal.close()


def _same(n: int) -> int:
    return n


def test_stale_calls_that_took_long_ask_by_the_settings(folder: Path) -> None:
    with ending(Crash, folder):
        durnb.call(lambda x: x + 1, name="add")(1)
        raise Crash
    with ending(StepAsks, folder, match=r"step/\* retry", settings=Settings(ask_over=timedelta(0))):
        durnb.call(lambda x: x + 2, name="add")(1)
    with ending(JournalError, folder) as body:
        assert durnb.call(lambda x: x + 2, name="add", on_change="keep")(1) == 2
        body.journal.close()
        durnb.call(abs)(1)

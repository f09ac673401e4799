"""The room that results take: what is collected when, and what that means for the cells of a notebook."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from durnb.cli import cli
from durnb.journal import Store, check
from kernel.conftest import Notebook


def load(version: int, size: int = 100_000) -> str:
    return f"%%durable load\nran('load')\ndata = bytes([{version}]) * {size}"


USE = "%%durable use\nran('use')\ntotal = len(data)\ntotal"


def store_of(nb: Notebook) -> Store:
    return Store.of(nb.place.notebook)


def packs(nb: Notebook) -> list[Path]:
    return list(store_of(nb).objects.glob("*.pack"))


@pytest.fixture(autouse=True)
def _whole(nb: Notebook, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After each test the store is whole."""
    yield
    if nb.alive:
        nb.shutdown()
    monkeypatch.setenv("DURNB_SECRET_FILE", nb.place.env["DURNB_SECRET_FILE"])
    assert check(store_of(nb)) == []


def durnb(nb: Notebook, *words: str) -> str:
    done = CliRunner().invoke(cli, [words[0], str(nb.place.notebook), *words[1:]], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_undoing_an_edit_is_free_while_its_result_is_kept_and_runs_again_and_says_why_where_it_is_not(nb: Notebook) -> None:
    nb.ok(load(1), USE, load(2), USE, load(3), USE)
    assert "this would remove" in nb.ok("%durable gc --dry-run").text
    assert len(packs(nb)) == 3
    removed = nb.command("gc --json")["removed"]
    assert [(one["step"], one["count"]) for one in removed if one["what"] == "checkpoints"] == [("load", 1), ("use", 1)]  # type: ignore[index, attr-defined]  # JSON
    assert len(packs(nb)) == 2
    assert nb.ok(load(2)).replayed
    assert nb.ok(USE).replayed
    assert nb.executions == {"load": 3, "use": 3}
    nb.open()
    assert nb.ok(load(3)).replayed
    assert nb.evaluate("data[0]") == 3
    again = nb.ok(load(1))
    assert "its earlier result for just this was removed to save room" in again.badge
    assert "removed to save room" in nb.ok(USE).badge
    assert nb.executions == {"load": 4, "use": 4}
    nb.ok("%durable gc", load(3), load(1))
    assert nb.executions == {"load": 4, "use": 4}


def test_what_a_line_of_other_steps_still_uses_is_not_removed(nb: Notebook) -> None:
    """`other` was not run since `load` was edited twice, alone: what it would put back is there."""
    nb.ok(
        "%config Durable.keep_checkpoints = 1", load(1), "%%durable other\nran('other')\nrest = data[:5]", load(2), load(3), "%durable gc"
    )
    nb.open()
    assert nb.ok(load(3)).replayed
    nb.ok("%%durable other\nran('other')\nrest = data[:5]")
    assert nb.evaluate("list(rest)") == [3] * 5


def test_a_run_that_comes_back_without_a_result_that_was_on_the_line_goes_on(nb: Notebook, make: Callable[..., Notebook]) -> None:
    nb.ok(load(1), USE)
    second = make(nb.place).open()
    second.ok("%durable takeover", "%config Durable.keep_checkpoints = 1", load(2), load(3), "%durable gc")
    second.shutdown()
    result = nb.run(USE)
    assert (result.ename, "%durable restore" in result.evalue) == ("StepRefused", True)
    nb.ok(load(3), USE)
    assert nb.evaluate("data[0]") == 3


def test_big_results_that_edits_replaced_go_by_themselves(nb: Notebook) -> None:
    for version in range(1, 5):
        nb.ok(load(version, 35_000_000))
    assert len(packs(nb)) == 2
    assert nb.ok(load(3, 35_000_000)).replayed


def test_a_result_that_max_store_does_not_allow_is_saved_without_running_again_once_there_is_room(nb: Notebook) -> None:
    nb.ok(load(1), "%config Durable.max_store = '8 MB'")
    result = nb.refused("%%durable big\nran('big')\nbig = __import__('os').urandom(10_000_000)\nkept = big[:9]")
    assert result.ename == "NoRoom"
    for word in ("max_store", "8.0 MB", "%durable du", "%durable gc", "%durable save big"):
        assert word in result.evalue
    assert nb.ok(load(1)).replayed
    kept = nb.evaluate("list(kept)")
    nb.ok("%config Durable.max_store = 0", "%durable save big")
    nb.open()
    nb.ok("%%durable big\nran('big')\nbig = __import__('os').urandom(10_000_000)\nkept = big[:9]")
    assert nb.evaluate("list(kept)") == kept
    assert nb.executions == {"load": 1, "big": 1}


def test_where_max_store_is_reached_old_results_make_room(nb: Notebook) -> None:
    nb.ok("%config Durable.max_store = '25 MB'")
    for version in range(1, 7):
        nb.ok(load(version, 5_000_000))
    assert len(packs(nb)) < 6
    assert nb.executions == {"load": 6}


def test_finished_runs_beyond_those_that_are_kept_go_when_one_ends(nb: Notebook) -> None:
    nb.ok("%config Durable.keep_runs = 1", load(1), "%durable new", load(2), "%durable finish", load(3))
    assert [str(run) for run in store_of(nb).runs()] == ["interactive.2", "interactive.3"]
    assert len(packs(nb)) == 2
    nb.ok("%durable new")
    assert [str(run) for run in store_of(nb).runs()] == ["interactive.3", "interactive.4"]


def test_what_a_killed_save_left_half_written_goes_when_the_run_is_opened_again(nb: Notebook) -> None:
    nb.open(DURNB_FAULTS="after-pack:use=kill").ok(load(1))
    nb.run("%%durable use\nmore = data + b'x'")
    left = store_of(nb).objects / f".{'0' * 32}.pack.tmp"
    left.write_bytes(b"half")
    nb.open().ok(load(1))
    assert not left.exists()
    assert len(packs(nb)) == 1


def test_a_kernel_collects_in_its_run_when_others_ask_it_to(nb: Notebook) -> None:
    nb.ok(load(1), load(2), load(3))
    assert "it was asked" in durnb(nb, "gc")
    assert len(packs(nb)) == 3
    assert nb.control("durnb_request", {"op": "look"})["status"] == "ok"
    assert len(packs(nb)) == 2
    durnb(nb, "gc")
    nb.ok(load(4))
    assert len(packs(nb)) == 2


def test_du_tells_the_room_by_variable_and_shared_bytes_once(nb: Notebook) -> None:
    cell = "%%durable load\nfirst = [bytes(100_000)]\nsecond = [first]\nother = bytes(100_000)\nprint('hello')"
    nb.ok(cell, "%%durable more\nthird = other + b'x'")
    facts = nb.command("du --json")
    held = {(one["step"], one["what"]): (one["bytes"], one["shared"], one["types"]) for one in facts["holdings"]}  # type: ignore[index, attr-defined]  # JSON
    group = held["load", "first, second"]
    assert 100_000 < group[0] < 101_000
    assert group[2] == "list"
    assert held["load", "other"][2] == "bytes"
    assert ("load", "its outputs") in held
    assert held["more", "third"][0] > 100_000
    shown = nb.ok("%durable du")
    assert "first, second" in shown.text
    nb.shutdown()
    text = durnb(nb, "du")
    for word in ("interactive.1", "first, second", "third", "list"):
        assert word in text
    outside = json.loads(durnb(nb, "du", "--json"))
    assert outside["holdings"] == facts["holdings"]

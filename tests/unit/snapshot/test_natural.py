"""What has a natural way to be made again: files being read, connections to databases in files, clients; and what must not be stored."""

from __future__ import annotations

import asyncio
import contextvars
import csv
import decimal
import gzip
import hashlib
import io
import itertools
import os
import re
import sqlite3
import struct
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from durnb.errors import Unavailable
from durnb.fingerprint import content, probe
from durnb.snapshot import Captured, capture, noting, restore


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_bytes("één\r\ntwee\ndrie\n".encode())
    return tmp_path


def tree(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Every file: size, time of change, content."""
    files = [each for each in sorted(folder.rglob("*")) if each.is_file()]
    return {str(each): (each.stat().st_size, each.stat().st_mtime_ns, hashlib.sha256(each.read_bytes()).hexdigest()) for each in files}


def back(taken: Captured) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "__main__"}
    for group in taken.groups:
        space.update(restore(group.stream, [bytearray(b) for b in group.buffers], space, taken.sources))
    return space


def again(value: Any, folder: Path) -> Any:
    """`value` after a restore that changed no file."""
    taken = capture({"x": value}, ["x"])
    assert taken.lost == ()
    before = tree(folder)
    found = back(taken)["x"]
    assert tree(folder) == before
    return found


def lost(value: Any) -> str:
    (one,) = capture({"x": value}, ["x"]).lost
    return one.reason


def test_a_weak_proxy_is_one_of_the_object_that_comes_back() -> None:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec("import weakref\nclass C: pass\nowner = C(); owner.v = 1\nx = [weakref.proxy(owner)]", space)
    found = back(capture(space, ["x", "owner", "C"]))
    found["owner"].v = 2
    assert (type(found["x"][0]), found["x"][0].v) == (weakref.ProxyType, 2)
    del space["owner"]
    with pytest.raises(Unavailable):
        _ = back(capture(space, ["x", "C"]))["x"][0].v


def test_layouts_and_functions_for_arrays_are_made_again(folder: Path) -> None:
    np = pytest.importorskip("numpy")
    assert again(struct.Struct("<if"), folder).pack(1, 2) == struct.pack("<if", 1, 2)
    space: dict[str, Any] = {"__name__": "__main__", "np": np}
    exec("x = np.frompyfunc(lambda a: a + k, 1, 1); k = 2", space)
    found = back(capture(space, ["x", "k"]))
    found["k"] = 5
    assert found["x"](1) == 6
    assert again(np.add, folder) is np.add
    first, second = (np.frompyfunc(function, 1, 1) for function in (abs, lambda a: -a))
    assert content(first) != content(second)


MATCHES = {
    "search": lambda p: p.search("xx ab1"),
    "match at a place": lambda p: p.match("xab1", 1),
    "fullmatch": lambda p: p.fullmatch("ab1"),
    "one of several": lambda p: list(p.finditer("ab1 ab2 ab3"))[2],
    "behind something": lambda p: re.search("(?<=b)(?P<n>[0-9])?$", "ab1"),
    "nothing in a group": lambda p: re.match("(a)|(b)", "b"),
    "bytes": lambda p: re.search(b"a(b)", b"xab"),
}


@pytest.mark.parametrize("kind", MATCHES)
def test_a_match_is_found_again(kind: str, folder: Path) -> None:
    value = MATCHES[kind](re.compile("a(b)(?P<n>[0-9])"))
    found = again(value, folder)
    assert (found.regs, found.groups(), found.groupdict(), found.string) == (value.regs, value.groups(), value.groupdict(), value.string)
    assert (found.re, found.pos) == (value.re, value.pos) or kind == "one of several"


def test_counters_and_repetitions_go_on_where_they_stood(folder: Path) -> None:
    counters = [
        itertools.count(-5, -1),
        itertools.count(1.5, 0.25),
        itertools.count(2**80),
        itertools.repeat([1], 3),
        itertools.repeat("a"),
    ]
    for counter in counters:
        next(counter)  # type: ignore[call-overload]  # of whatever kind
    found = [list(itertools.islice(each, 3)) for each in again(counters, folder)]
    assert found == [[-6, -7, -8], [1.75, 2.0, 2.25], [2**80 + 1, 2**80 + 2, 2**80 + 3], [[1], [1]], ["a", "a", "a"]]


@pytest.mark.parametrize(
    "made", [itertools.cycle("ab"), itertools.tee([1, 2])[0], itertools.count(Fraction(1, 2))], ids=["cycle", "tee", "count"]
)
def test_what_itertools_does_not_tell_any_more_is_lost_with_a_way_out(made: Any, folder: Path) -> None:
    next(made)
    if sys.version_info < (3, 14):
        assert next(again(made, folder)) == next(made)
    else:
        assert "make it in a plain cell" in lost(made)


TEXT: list[dict[str, Any]] = [{}, {"newline": ""}, {"newline": "\n"}, {"newline": "\r\n"}, {"encoding": "latin-1", "errors": "ignore"}]


@pytest.mark.parametrize("given", TEXT, ids=str)
@pytest.mark.parametrize("read", ["pass", "f.readline()", "f.read(2)", "f.read(100)", "f.read()", "f.seek(2)"])
def test_a_text_file_is_read_on_from_where_it_was(given: dict[str, Any], read: str, folder: Path) -> None:
    with open("a.txt", **{"encoding": "utf-8", **given}) as f:
        exec(read)
        if read == "f.read(100)" and "newline" not in given:
            assert lost(f) == "a text file read to its end: close it"
            return
        with again(f, folder) as g:
            assert (g.name, g.mode, g.encoding, g.errors, g.tell()) == (f.name, f.mode, f.encoding, f.errors, f.tell())
            assert g.read() == f.read()
            g.seek(0)
            f.seek(0)
            assert g.read() == f.read()


@pytest.mark.parametrize("buffering", [-1, 0])
def test_a_binary_file_is_read_on_from_where_it_was(buffering: int, folder: Path) -> None:
    with open("a.txt", "rb", buffering) as f:
        f.read(3)
        with again(f, folder) as g:
            assert (type(g), g.tell(), g.read()) == (type(f), 3, f.read())


def test_a_file_and_its_buffer_stay_one(folder: Path) -> None:
    with open("a.txt", encoding="utf-8") as f:
        with again({"f": f, "b": f.buffer}, folder)["f"] as g:
            assert g.buffer.raw.name == "a.txt"
        found = again([f, f.buffer], folder)
        assert found[0].buffer is found[1]
        found[0].close()


def test_a_compressed_file_is_read_on(folder: Path) -> None:
    with gzip.open("z.gz", "wb") as made:
        made.write(b"abcdef")
    with gzip.open("z.gz") as f:
        f.read(2)
        with again(f, folder) as g:
            assert g.read() == b"cdef"


def test_reading_on_is_a_change_of_the_variable_and_looking_is_none(folder: Path) -> None:
    with open("a.txt", encoding="utf-8") as f:
        before, held = probe({"f": f}), content(f)
        assert (probe({"f": f}), content(f)) == (before, held)
        assert f.readline() == "één\n"
        assert probe({"f": f}) != before
        assert content(f).digest != held.digest


def test_what_is_no_file_any_more_is_not_opened(folder: Path) -> None:
    with open("a.txt") as f, open("a.txt", "rb") as keep:
        taken = capture({"x": f}, ["x"])
        os.rename("a.txt", "b.txt")
        assert "no longer at" in lost(keep)
        with noting() as notes:
            gone = back(taken)["x"]
        assert "a.txt could not be opened again (FileNotFoundError" in notes[0]
        assert not Path("a.txt").exists()
        Path("a.txt").write_text("another")
        assert "is another one now" in lost(keep)
        for use in (lambda: gone.read(), lambda: list(gone), lambda: gone.__enter__()):
            with pytest.raises(Unavailable, match=r"a.txt could not be opened again .*run the cell that makes it again"):
                use()
        assert repr(gone).startswith("<gone: file ")
        assert repr(again(gone, folder)) == repr(gone)


def test_a_file_for_writing_is_lost_and_untouched(folder: Path) -> None:
    for mode in ("r+", "a", "r+b"):
        with open("a.txt", mode) as f:
            assert lost(f) == "a file open for writing"
    Path("wide.txt").write_text("a\n" * 9, "utf-16")
    with open("wide.txt", encoding="utf-16") as f:
        next(f)
        assert "in the middle of `for line in file`" in lost(f)


def test_a_text_file_in_the_middle_of_an_iteration_goes_on_there(folder: Path) -> None:
    Path("long.txt").write_text("".join(f"{n} é\n" for n in range(5000)))
    with open("long.txt") as f:
        for line in f:
            if line.startswith("3456 "):
                break
        found = again(f, folder)
        assert next(found) == "3457 é\n"
        assert list(found) == list(f)[1:]
        found.close()


def test_a_line_more_is_another_place(folder: Path) -> None:
    with open("a.txt") as f:
        next(f)
        before = probe({"f": f})
        assert probe({"f": f}) == before
        next(f)
        assert probe({"f": f}) != before


def test_a_reader_of_csv_goes_on_with_the_next_row(folder: Path) -> None:
    Path("t.csv").write_bytes(b'a;b\r\n1;"2\r\n3"\r\n4;5\r\n')
    with open("t.csv", newline="") as f:
        rows = csv.DictReader(f, delimiter=";")
        assert next(rows) == {"a": "1", "b": "2\r\n3"}
        before = content(rows), probe({"x": rows})
        found = back(capture({"f": f, "rows": rows}, ["f", "rows"]))
        assert list(found["rows"]) == [{"a": "4", "b": "5"}]
        found["f"].close()
        assert (content(rows), probe({"x": rows})) == before
        next(rows)
        assert probe({"x": rows}) != before[1]


def test_a_reader_of_csv_in_the_middle_of_a_row_is_lost(folder: Path) -> None:
    rows = csv.reader(iter(['1,"2']), strict=True)
    with pytest.raises(csv.Error):
        next(rows)
    assert lost(rows) == "a reader of csv in the middle of a row"


def test_thread_local_state_is_what_this_thread_has_and_others_set_up_their_own() -> None:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec("import threading\nclass Own(threading.local):\n  def __init__(self, v, *, w): self.v, self.w = [v], w\nx = Own(3, w=4)", space)
    space["x"].v.append(5)
    before = content(space["x"]), probe({"x": space["x"]})
    found = back(capture(space, ["x", "Own"]))["x"]
    others: list[object] = []
    thread = threading.Thread(target=lambda: others.append((found.v, found.w)))
    thread.start()
    thread.join()
    assert (found.v, found.w, others) == ([3, 5], 4, [([3], 4)])
    assert (content(space["x"]), probe({"x": space["x"]})) == before
    space["x"].v.append(6)
    assert probe({"x": space["x"]}) != before[1]


def test_a_thread_that_has_ended_comes_back_with_its_result() -> None:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec("import threading\nclass Worker(threading.Thread):\n  def run(self): self.result = [5]\nx = Worker(name='w')", space)
    (one,) = capture(space, ["x"]).lost
    assert one.reason == "a thread"
    space["x"].start()
    space["x"].join()
    found = back(capture(space, ["x", "Worker"]))
    assert (found["x"].result, found["x"].name, found["x"].is_alive(), type(found["x"]) is found["Worker"]) == ([5], "w", False, True)
    found["x"].join()


def test_a_finalizer_waits_for_what_comes_back() -> None:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec("import weakref\nclass C: pass\nowner = C(); log = []\nx = weakref.finalize(owner, log.append, 5)", space)
    found = back(capture(space, ["x", "owner", "log", "C"]))
    assert (found["x"].alive, found["log"]) == (True, [])
    del found["owner"]
    assert (found["x"].alive, found["log"], space["log"]) == (False, [5], [])


def test_what_draws_on_an_image_draws_on_the_one_that_comes_back() -> None:
    pytest.importorskip("PIL")
    space: dict[str, Any] = {"__name__": "__main__"}
    exec("from PIL import Image, ImageDraw\nimage = Image.new('RGB', (9, 9)); x = ImageDraw.Draw(image); x.fontmode = '1'", space)
    found = back(capture(space, ["x", "image"]))
    found["x"].point((3, 4), fill=(1, 2, 3))
    assert (found["image"].getpixel((3, 4)), found["x"].fontmode, space["image"].getpixel((3, 4))) == ((1, 2, 3), "1", (0, 0, 0))


def test_a_writer_of_csv_writes_on(folder: Path) -> None:
    text = io.StringIO()
    rows = csv.writer(text, delimiter="|")
    rows.writerow([1, 2])
    found = back(capture({"text": text, "rows": rows}, ["text", "rows"]))
    found["rows"].writerow([3, 4])
    assert found["text"].getvalue() == "1|2\r\n3|4\r\n"


def test_a_memory_map_is_made_again_as_long_as_its_file_holds_the_same(folder: Path) -> None:
    np = pytest.importorskip("numpy")
    mapped = np.memmap("m.bin", "i4", "w+", shape=(2, 3))
    mapped[:] = 7
    taken = capture({"m": mapped, "part": mapped[1]}, ["m", "part"])
    found = back(taken)
    found["part"][0] = 8
    assert (found["m"].tolist(), mapped[1, 0]) == ([[7, 7, 7], [8, 7, 7]], 8)
    with noting() as notes:
        gone = back(taken)
    assert notes == [f"memory map of {folder / 'm.bin'} could not be opened again (ValueError: the file has changed since)"]
    with pytest.raises(Unavailable):
        gone["part"].sum()


@pytest.fixture
def db(folder: Path) -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect("data.db", timeout=3, isolation_level="IMMEDIATE")
    made.execute("create table t(x)")
    made.execute("insert into t values (1)")
    made.commit()
    yield made
    made.close()


def test_a_connection_to_an_sqlite_file_is_opened_again(db: sqlite3.Connection, folder: Path) -> None:
    db.row_factory = sqlite3.Row
    db.execute("pragma foreign_keys = on")
    rows = db.execute("select 1 union all select 2")
    rows.fetchone()
    found = again({"a": db, "b": [db]}, folder)
    made = found["a"]
    assert found["b"][0] is made
    assert (made.isolation_level, made.row_factory) == ("IMMEDIATE", sqlite3.Row)
    assert [tuple(made.execute(f"pragma {name}").fetchone()) for name in ("foreign_keys", "busy_timeout")] == [(1,), (3000,)]
    assert tuple(made.execute("select x from t").fetchone()) == (1,)
    assert tuple(rows.fetchone()) == (2,)
    made.close()


def test_a_row_of_sqlite_has_its_names_and_values(db: sqlite3.Connection, folder: Path) -> None:
    db.row_factory = sqlite3.Row
    (row,) = db.execute('select 1 as a, x\'00ff\' as "b ""c", null as A').fetchall()
    made = again(row, folder)
    assert (type(made), made.keys(), tuple(made), made["a"], made == row) == (sqlite3.Row, row.keys(), tuple(row), 1, True)
    assert content(made).digest == content(row).digest
    assert not content(row).opaque


def test_a_temporary_file_that_was_closed_keeps_its_name(folder: Path) -> None:
    with tempfile.NamedTemporaryFile("w", delete=False, dir=folder) as kept:
        kept.write("text")
    made = again({"file": kept}, folder)["file"]
    assert (made.name, made.closed, Path(made.name).read_text()) == (kept.name, True, "text")
    del made
    assert Path(kept.name).exists()


def test_the_decimal_context_that_counts_is_itself_again_and_another_one_of_its_own() -> None:
    with decimal.localcontext() as context:
        context.prec, other = 7, decimal.Context(prec=3, traps=[])
        found = back(capture({"current": context, "other": other}, ["current", "other"]))
        assert found["current"] is decimal.getcontext()
        assert (found["other"].prec, found["other"] is other) == (3, False)
        before = content(context)
        assert (before.opaque, decimal.Decimal(1) / 3, content(context).digest) == ((), decimal.Decimal("0.3333333"), before.digest)


def test_an_sqlite_file_that_is_gone_is_not_made(db: sqlite3.Connection, folder: Path) -> None:
    taken = capture({"x": db, "good": [1]}, ["x", "good"])
    assert any("opened again on" in each.note for each in taken.dropped)
    os.remove("data.db")
    with noting() as notes:
        found = back(taken)
    assert found["good"] == [1]
    assert "data.db could not be opened again" in notes[0]
    assert not Path("data.db").exists()


def test_what_an_sqlite_connection_alone_knows_makes_it_lost(db: sqlite3.Connection) -> None:
    db.execute("begin")
    db.execute("insert into t values (2)")
    assert "not committed" in lost(db)
    db.rollback()
    db.execute("attach ':memory:' as other")
    assert "other attached" in lost(db)
    db.execute("detach other")
    db.execute("create temp table s(x)")
    db.commit()
    assert "temporary tables" in lost(db)
    with sqlite3.connect(":memory:") as memory:
        assert "in memory" in lost(memory)
    memory.close()
    (dropped,) = capture({"memory": memory}, ["memory"]).dropped
    assert dropped.note == "memory: closed connection"


@pytest.fixture
def duck(folder: Path) -> Iterator[Any]:
    duckdb = pytest.importorskip("duckdb", "2.0", reason="an older one can't be asked")
    with duckdb.connect("data.duckdb") as made:
        made.execute("create table t as select 1 x")
        made.execute("checkpoint")
        yield made


def test_a_connection_to_a_duckdb_file_is_opened_again(duck: Any, folder: Path) -> None:
    with again(duck, folder) as made:
        assert made.execute("select x from t").fetchall() == [(1,)]


def test_a_duckdb_file_stays_read_only_and_is_not_made(duck: Any, folder: Path) -> None:
    import duckdb

    duck.close()
    with duckdb.connect("data.duckdb", read_only=True) as reading:
        taken = capture({"x": reading}, ["x"])
    before = tree(folder)
    with back(taken)["x"] as made, pytest.raises(duckdb.Error, match="read-only"):
        made.execute("insert into t values (2)")
    assert tree(folder) == before
    os.remove("data.duckdb")
    with noting() as notes:
        back(taken)
    assert "data.duckdb could not be opened again" in notes[0]
    assert not Path("data.duckdb").exists()


def test_what_a_duckdb_connection_alone_knows_makes_it_lost(duck: Any) -> None:
    import duckdb

    duck.begin()
    duck.execute("insert into t values (2)")
    assert "in a transaction" in lost(duck)
    duck.rollback()
    duck.execute("create temp table s as select 1 x").fetchall()
    assert "temporary tables" in lost(duck)
    duck.execute("drop table s").fetchall()
    duck.execute("select range x from range(10000)")
    first = duck.fetchone()
    assert "unfinished result" in lost(duck)
    assert len(duck.fetchall()) == 9999, first
    with duckdb.connect() as memory:
        assert "in memory" in lost(memory)


def test_a_context_variable_has_its_value_and_is_the_live_one() -> None:
    variable: contextvars.ContextVar[tuple[int, ...]] = contextvars.ContextVar("durnb-test", default=(0,))
    taken = capture({"x": variable}, ["x"])
    made = back(taken)["x"]
    assert (made.name, made.get()) == ("durnb-test", (0,))
    token = variable.set((1,))
    taken = capture({"x": variable}, ["x"])
    variable.reset(token)
    space: dict[str, Any] = {"v": variable}
    (group,) = taken.groups
    assert restore(group.stream, [], space, {})["x"] is variable
    assert variable.get() == (1,)


def test_primitives_of_asyncio_leave_their_loop() -> None:
    async def used() -> list[Any]:
        lock, queue, event = asyncio.Lock(), asyncio.Queue[int](), asyncio.Event()
        await queue.put(1)
        waiting = asyncio.create_task(event.wait())
        await asyncio.sleep(0)
        event.set()
        return [lock, queue, event, waiting, await waiting]

    found = asyncio.run(used())
    taken = capture({"x": found}, ["x"])
    assert taken.lost == ()
    (group,) = taken.groups

    async def restored() -> None:
        lock, queue, event, done, _ = restore(group.stream, [], {}, {})["x"]
        async with lock:
            assert await queue.get() == 1
        assert event.is_set()
        assert await done is True

    asyncio.run(restored())


def test_a_failed_and_a_cancelled_future_stay_so() -> None:
    async def made() -> list[Any]:
        failed, cancelled = asyncio.Future[int](), asyncio.Future[int]()
        failed.set_exception(ValueError("no"))
        failed.exception()
        cancelled.cancel()
        assert lost(asyncio.Future()) == "a task or future that is not done"
        failed2, cancelled2 = back(capture({"x": [failed, cancelled]}, ["x"]))["x"]
        assert repr(failed2.exception()) == "ValueError('no')"
        assert cancelled2.cancelled()
        return []

    asyncio.run(made())


def test_a_hash_part_way_is_lost() -> None:
    assert lost(hashlib.sha256(b"a")) == lost(hashlib.blake2s()) == "a hash part way"


def test_a_secret_is_stored_by_the_name_of_its_variable_and_never_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    pydantic = pytest.importorskip("pydantic")
    monkeypatch.setenv("SHOP_API_KEY", "hush-4711")
    taken = capture({"x": {"key": pydantic.SecretStr("hush-4711")}}, ["x"])
    assert b"hush" not in b"".join(group.stream for group in taken.groups)
    assert back(taken)["x"]["key"].get_secret_value() == "hush-4711"
    monkeypatch.delenv("SHOP_API_KEY")
    assert "which is never stored" in lost([pydantic.SecretStr("hush-4711")])

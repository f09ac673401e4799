from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import fields
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durnb.engine.header import Header, find_header, is_marked_plain, option_help, parse_header
from durnb.errors import UsageError


def test_every_option_is_read() -> None:
    header = parse_header(
        "train --retries 3 --delay 2s --backoff=1.5 --max-delay 5m --no-retry ValueError,requests.HTTPError --timeout 1h30m"
        " --on-change keep --save model,scores --ignore client --depends 'data/a b/*.csv' --depends=x.txt --always --expires 24h"
    )
    assert header == Header(
        name="train",
        retries=3,
        delay=timedelta(seconds=2),
        backoff=1.5,
        max_delay=timedelta(minutes=5),
        no_retry=("ValueError", "requests.HTTPError"),
        timeout=timedelta(minutes=90),
        on_change="keep",
        save=("model", "scores"),
        ignore=("client",),
        depends=("data/a b/*.csv", "x.txt"),
        always=True,
        expires=timedelta(hours=24),
    )
    assert parse_header("--once train").once


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "needs a name"),
        ("a b", "'b' is one word too many"),
        ("a/b", "a name is letters, digits"),
        (".hidden", "a name is letters, digits"),
        ("'a b'", "a name is letters, digits"),
        ("x" * 101, "at most 100"),
        ("a --retires 3", "did you mean --retries?"),
        ("a -q", "%%durable? lists them"),
        ("a --retries", "--retries N"),
        ("a --retries --once", "needs a value"),
        ("a --retries many", "'many' is not a number of retries"),
        ("a --retries -1", "not a number of retries"),
        ("a --retries 1 --retries 2", "given twice"),
        ("a --once=yes", "takes no value"),
        ("a --once --retries 1", "--retries can't go with it"),
        ("a --timeout soon", "not a length of time"),
        ("a --timeout 0s", "not longer than nothing"),
        ("a --backoff 0.5", "factor of 1 or more"),
        ("a --backoff x", "factor of 1 or more"),
        ("a --on-change maybe", "not rerun, keep or ask"),
        ("a --save a-b", "not a variable's name"),
        ("a --no-retry 7up", "not an exception's name"),
        ("a --depends ''", "--depends"),
        ("a 'open", "a quote is not closed"),
    ],
)
def test_a_header_that_cannot_be_read_is_told_in_one_line(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_header(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_header_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        assert parse_header(text).name


def test_names_of_all_scripts_are_names() -> None:
    for name in ("load", "schritt-2", "données", "数据.v2", "2024_load"):
        assert parse_header(name).name == name


def test_both_spellings_mean_the_same() -> None:
    magic = find_header("\n\n%%durable load --retries 1\nx = 1\n")
    comment = find_header("# durable: load --retries 1\nx = 1\n")
    assert magic is not None
    assert comment is not None
    assert magic.header == comment.header
    assert (magic.spelling, magic.line, magic.text, magic.body) == ("magic", 3, "load --retries 1", "x = 1\n")
    assert (comment.spelling, comment.line) == ("comment", 1)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "x = 1",
        "%%durable?",
        "%%durables x\n1",
        "# durability matters\nx = 1",
        'x = """\n%%durable x\n"""',
        "x = '''\n# durable: x\n'''\n",
        's = "it\'s"; t = """\n%%durable x\n"""',
        "%%markdown\n%%durable x\ntext",
        "%%bash\n# durable: x\n",
        "!echo it's\ny = '''\n%%durable q\n'''",
        "x = 1  # durable: x",
        "if x:\n    # durable: not at the margin\n    pass",
        "import durable",
    ],
)
def test_other_cells_are_plain(cell: str) -> None:
    assert find_header(cell) is None


@pytest.mark.parametrize(
    "cell",
    [
        "x = 1\n%%durable x\ny = 2",
        "# a comment\n%%durable x\ny = 2",
        "x = 1\n  %%durable x",
        "# note\n# durable: x\ny = 2",
        "%%time\n%%durable x\ny = 2",
        "x = '''a'''\n%%durable x\n",
        "x = 'unclosed\n%%durable x\n",
        "# it's\n%%durable x\n",
    ],
)
def test_a_header_below_the_first_line_is_an_error(cell: str) -> None:
    with pytest.raises(UsageError, match="first line"):
        find_header(cell)


@pytest.mark.parametrize("second", ["%%durable b", "# durable: b", "%%durable"])
def test_two_headers_are_an_error(second: str) -> None:
    with pytest.raises(UsageError, match="two durable headers"):
        find_header(f"%%durable a\nx = 1\n{second}\ny = 2")


def test_a_header_over_another_magic_is_fine_and_its_body_may_say_anything() -> None:
    for below in ("%%time\nx = 1", "\n%%bash\n# durable: y\necho", "%%html\n<pre>\n%%durable z\n</pre>"):
        assert find_header(f"%%durable a\n{below}") is not None


@pytest.mark.parametrize("body", ["", "\n", "\n\n", "\n# only a comment\n   # and another"])
def test_a_header_with_nothing_below_is_an_error(body: str) -> None:
    with pytest.raises(UsageError, match="nothing below"):
        find_header("%%durable a" + body)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("import pandas\ndf = load()", "df"),
        ("def fit(x):\n    y = 1", "fit"),
        ("async def fit(x):\n    pass", "fit"),
        ("x: int = 3", "x"),
        ("x == 3\nprint(x)", "load"),
    ],
)
def test_a_missing_name_is_proposed_from_the_cell(body: str, name: str) -> None:
    with pytest.raises(UsageError, match=rf"%%durable {name}$"):
        find_header(f"%%durable\n{body}")


def test_help_lists_every_option() -> None:
    text = option_help()
    for field in fields(Header):
        if field.name != "name":
            assert f"--{field.name.replace('_', '-')}" in text


@given(st.text(alphabet="%#durable: ax'\"\\\n\t!=()", max_size=80))
def test_any_cell_is_plain_durable_or_a_usage_error(cell: str) -> None:
    with suppress(UsageError):
        find_header(cell)


def test_looking_for_a_header_is_fast() -> None:
    cell = "x = '" + "durable " * 20_000 + "'\n" + "y = 1  # durable\n" * 5_000
    began = time.perf_counter()
    assert find_header(cell) is None
    assert time.perf_counter() - began < 1


def test_a_cell_can_say_that_it_is_no_step() -> None:
    for mark in ("# durable: off", "%%durable off", "#durable:off "):
        assert find_header(f"{mark}\nx = 1") is None
        assert is_marked_plain(f"{mark}\nx = 1")
    assert not is_marked_plain("# durable: load\nx = 1")
    assert not is_marked_plain("x = 1  # durable: off")
    with pytest.raises(UsageError, match="nothing can follow"):
        find_header("# durable: off --retries 2\nx = 1")


def test_files_that_a_step_makes_can_be_named_more_than_once_and_are_no_inputs() -> None:
    assert parse_header("a --creates x.csv --creates 'out/*.png'").creates == ("x.csv", "out/*.png")
    with pytest.raises(UsageError, match="both an input"):
        parse_header("a --creates x.csv --depends x.csv")

"""Where in a text file one reads is told in the middle of an iteration, whatever its encoding and its ends of lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from durnb.reading import Untold, place_of

ENDS = {"one kind": ["\n"], "of Windows": ["\r\n"], "of old": ["\r"], "mixed": ["\n", "\r\n", "\r"]}


def lines(ends: list[str], letters: str) -> str:
    """Lines of many lengths, longer together than what is decoded at once."""
    return "".join(letters * (n * 7 % 23) + str(n) + ends[n % len(ends)] for n in range(700))


@pytest.mark.parametrize("newline", [None, "", "\n", "\r\n"])
@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize(
    ("encoding", "letters"), [("utf-8", "a字é"), ("utf-8-sig", "é"), ("cp1252", "é"), ("shift_jis", "漢b"), ("utf-16-le", "a字")]
)
def test_a_place_is_told_from_which_the_same_lines_come(
    encoding: str, letters: str, ends: str, newline: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "text"
    path.write_bytes(lines(ENDS[ends], letters).encode(encoding))
    with open(path, encoding=encoding, newline=newline) as file, open(path, encoding=encoding, newline=newline) as again:
        every = list(file)
        file.seek(0)
        for number, line in enumerate(file):
            assert line == every[number]
            if number % 37 == 5:
                again.seek(place_of(file))
                assert list(again) == every[number + 1 :]


def test_what_can_not_be_told_is_not_guessed(tmp_path: Path) -> None:
    for encoding in ("utf-16", "iso2022_jp"):
        (tmp_path / "text").write_text("漢\n" * 9, encoding)
        with open(tmp_path / "text", encoding=encoding) as file:
            next(file)
            with pytest.raises(Untold):
                place_of(file)
            assert next(file) == "漢\n"

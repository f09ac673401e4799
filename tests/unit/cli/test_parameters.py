"""Parameters from files: one meaning in JSON, TOML, YAML and on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from durnb.cli.parameters import parameters_of
from durnb.errors import UsageError
from durnb.runner.parameters import parse_parameters, run_key

WANTED = parse_parameters(["day=2026-11-20", "n=3", "names=[1, 2]"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.json", '{"day": "2026-11-20", "n": 3, "names": [1, 2]}'),
        ("p.toml", "day = 2026-11-20\nn = 3\nnames = [1, 2]"),
        ("p.yaml", "day: 2026-11-20\nn: 3\nnames: [1, 2]"),
        ("p.yml", "day: '2026-11-20'\nn: 3\nnames:\n- 1\n- 2"),
    ],
)
def test_the_same_parameters_are_the_same_run_however_they_are_written(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert parameters_of(tmp_path / name) == WANTED
    assert run_key(parameters_of(tmp_path / name)) == run_key(WANTED)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("p.json", "[1]", "map names of variables to values"),
        ("p.json", "{", "p.json: Expecting"),
        ("p.toml", "day =", "p.toml: Invalid value"),
        ("p.yaml", "a: [", "p.yaml: while parsing"),
        ("p.yaml", "a b: 1", "map names of variables to values"),
        ("p.yaml", "a: !!set {b}", "a parameter is a number"),
    ],
)
def test_what_can_not_be_meant_is_one_line_that_names_the_file(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=words) as caught:
        parameters_of(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)

"""Cells as they are typed, read without IPython as IPython reads them."""

from __future__ import annotations

import ast

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from durnb.fingerprint import Magic, cell_magic, magic_of, parse_typed


def magics(source: str) -> list[Magic]:
    tree = parse_typed(source)
    assert tree is not None
    return [magic for node in ast.walk(tree) if (magic := magic_of(node)) is not None]


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\nprint(x)",
        "%matplotlib inline\nimport os",
        "try:\n    import x\nexcept ImportError:\n    !pip install x\n    import x",
        "lines = !ls {folder}\nvalue = %env HOME",
        "!!ls",
        "os?",
        "?os",
        "print('a'\n% 3)",
    ],
)
def test_the_tree_is_that_of_ipython_s_transform(source: str) -> None:
    tree = parse_typed(source)
    assert tree is not None
    assert ast.dump(tree) == ast.dump(ast.parse(TransformerManager().transform_cell(source)))


def test_magics_and_shell_lines_are_told() -> None:
    assert magics("%load_ext durnb\nx = !ls -l") == [
        Magic(kind="magic", name="load_ext", line="durnb"),
        Magic(kind="shell", name="", line="ls -l"),
    ]


def test_a_shell_line_can_go_on_below_and_a_command_can_be_typed_bare() -> None:
    assert magics("!pip install a \\\n   b")[0].line == "pip install a  b"
    assert magics("pip install a") == [Magic(kind="magic", name="pip", line="install a")]


def test_a_cell_magic_is_told_from_its_body() -> None:
    found = cell_magic("\n%%time -n 3\nx = 1\n")
    assert found is not None
    assert (found.name, found.line, found.body) == ("time", "-n 3", "x = 1\n")
    assert cell_magic("x = 1\n%%time") is None


def test_what_only_ipython_could_read_has_no_tree() -> None:
    assert parse_typed("this is no Python") is None

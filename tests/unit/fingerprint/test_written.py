"""What a text tells of the values that it defines, against what they are when it has run."""

from __future__ import annotations

import ast
import linecache
from typing import Any

import pytest

from durnb.fingerprint import content, written


def run(text: str) -> dict[str, Any]:
    """The namespace of a notebook after a cell."""
    name = f"/tmp/ipykernel_1/{abs(hash(text))}.py"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(text, name, "exec", dont_inherit=True), namespace)
    return namespace


@pytest.mark.parametrize(
    "text",
    [
        "n = 3; x: float = -2.5; t = True; s = 'ä'; b = b'x'; z = None; c = 1 + 2j",
        "n = 60 * 60 * 24; big = 10 ** 6; half = (1 - 3) / 2; third = 10 // 3",
        "a, b = 1, [2, 3]",
        "rows = [1, [2, (3, -4)], {'k': {5, 6}}]; empty = {}; pairs = ((1, 2), ())",
        "many = [" + ", ".join(map(str, range(2000))) + "]",
        "import os, sys as system, json.decoder, xml.dom as dom",
        "def f(a, b=2, *rest, c=(1, 'x'), **more):\n    'says so'\n    return [a + n for n in rest] + (lambda: b)()",
        "def f(a: int = 1, *, b: 'str' = '') -> list[int]:\n    x: int = a\n    def g(y: int): return x + y\n    return [g(b)]",
        "async def f(a):\n    async with a: yield 1",
        "class A:\n    '''A thing.\n\n    More.\n    '''\n    size = 3\n    names = ('a', 'b')\n    def f(self, k: int = 1) -> int: return self.size\n    async def g(self): pass",
        "class A: pass",
    ],
)
def test_the_text_tells_the_content_that_the_value_has(text: str) -> None:
    made = run(text)
    told = {name: value.digest for statement in ast.parse(text).body for name, value in written(statement)}
    assert told
    assert told == {name: content(made[name]).digest for name in told}
    assert told.keys() == made.keys() - {"__name__", "__builtins__", "__annotations__", "__annotate__", "__conditional_annotations__"}


@pytest.mark.parametrize(
    "text",
    [
        "n = f()",
        "n = m",
        "n = f'{m}'",
        "n = set()",
        "n = 'a' * 10",
        "n = 2 ** 1000",
        "n = 1 / 0",
        "a = b = []",
        "a, *b = 1, 2",
        "a.b = 1",
        "@f\ndef g(): pass",
        "def g(a=[]): pass",
        "def g(a=f()): pass",
        "class A(B): pass",
        "class A(metaclass=B): pass",
        "@f\nclass A: pass",
        "class A:\n    items = []",
        "class A:\n    n: int = 1",
        "class A:\n    n = f()",
        "class A:\n    @property\n    def f(self): pass",
        "class A:\n    def f(self): return super().f()",
        "class A:\n    for n in (1, 2): pass",
        "from math import sqrt",
        "for n in (1, 2): pass",
    ],
)
def test_what_runs_code_or_may_be_another_is_not_told(text: str) -> None:
    assert [name for statement in ast.parse(text).body for name, _ in written(statement)] == []


def test_the_names_that_a_function_reads_are_told() -> None:
    ((name, value),) = written(ast.parse("def f(a):\n    b = a\n    return g(b, N, len)").body[0])
    assert (name, value.how) == ("f", "code")
    assert value.reads - {"len"} == {"g", "N"}

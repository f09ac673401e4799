"""Resume equivalence over random notebooks, each killed at a random place, run again, and killed at another.

Their cells bind, alias, share, change and delete values of many kinds, by names, through functions, classes, closures and registers. A seed makes a
notebook; ``DURNB_TRIALS=all`` tries two hundred.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from crash.equivalence import Book, Reference, Trial, chain, kills
from kernel.driver import Nursery

SETUP = """
import collections, functools, types
class Node:
    registry = []
    limits = {"most": 3}
    def __init__(self, *parts): self.parts = list(parts)
    def grow(self, part): self.parts.append(part); return self
class Leaf(Node):
    pass
def keep(x, acc=[]):
    acc.append(x)
    return acc
def counter():
    n = [0]
    def inc():
        n[0] += 1
        return n
    return inc
def change_a(): a.append(7)
def rebind_b():
    global b
    b = [b]
---
%%durable start
effect("start")
handlers = {}
a, b, c, d, e = [1], {"k": [2]}, [[3]], Node([4]), counter()
rows = [{"id": i, "tags": [i]} for i in range(40)]
x, y = [5], {"k": [6]}
"""
NAMES = ("a", "b", "c", "d", "e", "x", "y")
FORMS = (
    *(
        "{n} = [1, 2]",
        "{n} = {{'k': {m}}}",
        "{n} = [{m}, {k}]",
        "{n} = {m}",
        "{n} = ({m}, 1)",
        "{n} = frozenset([1, 2])",
        "{n} = {{1, 'one'}}",
    ),
    *("{n}.append({m})", "{n}.append(5)", "{n}['k'] = {m}", "{n}['k'].append(1)", "{n}[0] = {m}", "{n}[0].append(1)", "{n}[0] += 1"),
    *("{n} = Node({m})", "{n} = Leaf({m}, {k})", "{n}.grow({m})", "{n}.parts[0].append(1)", "{n}.parts = {m}", "{n}.extra = {m}"),
    *("Node.registry.append({m})", "Node.registry[-1].append(1)", "type({n}).limits['most'] += 1", "type({n}).marker = {m}"),
    *("keep({m})", "keep.__defaults__[0].clear()", "keep.calls = {m}", "{n} = keep", "{n} = lambda: {m}", "{n} = lambda: {m}.append(1)"),
    *("{n} = counter()", "{n}()", "{n}().append(1)", "handlers['h'] = lambda: {m}.append(1)", "handlers['h'] = {m}", "handlers['h']()"),
    *(
        "change_a()",
        "rebind_b()",
        "{n} = rows[3]",
        "{n} = rows[:35]",
        "rows[3]['tags'].append({m})",
        "rows[3]['id'] += 1",
        "rows.append({m})",
    ),
    *("{n} = functools.partial(keep, {m})", "{n} = types.SimpleNamespace(v={m})", "{n}.v.append(1)", "{n} = collections.deque([{m}])"),
    *("{n} = collections.defaultdict(list, k={m})", "{n} = [{{'v': i}} for i in range(50)]", "{n}.me = {n}", "{n} = {m}.append"),
    *("{n} = iter([1, 2, {m}])", "next({n})", "exec('{n} = [0]')", "globals()['{n}'] = {m}", "eval('{n}').append(1)"),
    *("class Node(Node): newer = {m}", "def keep(x, acc={m}): return acc", "{n} = type({m})", "print(type({n}).__name__)"),
    *("import random; {n} = random.random()", "{n} = range(3)", "del {n}"),
)
SETTLE = "import random; random.seed(1)\nfor name in 'abcdexy': globals().setdefault(name, [0])"


def random_book(seed: int) -> Book:
    """A notebook of three to seven random cells below its first ones, more of them durable than not."""
    chance = Random(seed)
    cells = [SETUP.strip("\n"), SETTLE]
    for number in range(chance.randint(3, 7)):
        lines = [
            chance.choice(FORMS).format(n=chance.choice(NAMES), m=chance.choice(NAMES), k=chance.choice(NAMES))
            for _ in range(chance.randint(1, 3))
        ]
        body = "\n".join(f"try:\n    {line}\nexcept Exception as error:\n    print(type(error).__name__)" for line in lines)
        cells.append(f'%%durable s{number}\neffect("s{number}")\n{body}' if chance.random() < 0.7 else body)
    return Book(f"random-{seed}", f"A random notebook, of seed {seed}.", "\n---\n".join(cells))


SEEDS = range(200 if os.environ.get("DURNB_TRIALS") == "all" else 8)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_notebook_killed_anywhere_ends_as_one_that_never_was(seed: int, light: tuple[Nursery, Nursery], tmp_path: Path) -> None:
    book = random_book(seed)
    plain = [Trial(book, tmp_path / name, pair) for name, pair in (("one", light), ("other", light[::-1]))]
    reference = Reference(*(trial.plainly() for trial in plain))
    every = kills(book)
    places = sorted(Random(seed).sample(range(len(every)), 2))
    problems = chain(book, [every[at] for at in places], tmp_path / "killed", light, reference)
    assert not problems, f"{book.text}\n\n" + "\n".join(problems)

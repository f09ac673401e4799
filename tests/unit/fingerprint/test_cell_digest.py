"""The digest of a cell's text: the same for the same meaning, on every Python; another for another meaning."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import durnb
from durnb.fingerprint import read_cell
from durnb.fingerprint.syntax import canonical

SAME = [
    ("x=1", "x = 1  # one"),
    ("x = 1\n", "# %%durable load --retries 3\n\n\nx = 1\n\n# end"),
    ("f(a,b)", "f(\n    a,  # first\n    b,\n)"),
    ("x = 'a'", 'x = "a"'),
    ("x = 'ab'", "x = 'a' 'b'"),
    ("x = f'a{b}c'", "x = f'a' f'{b}' 'c'"),
    ("x = f'{b}'", 'x = f"""{b}"""'),
    ("x = 1_000", "x = 1000"),
    ("x = (a, b)", "x = a, b"),
    ("def f():\n  return 1", "def f():\n\n        # why\n        return 1\n"),
    ("if a:\n  b\nelif c:\n  d", "if a:\n    b\nelse:\n    if c:\n        d"),
    ("x = u'a'", "x = 'a'"),
    ("x = 1 # type: int", "x = 1"),
    ("get_ipython().run_cell_magic('time', '', 'x=1\\n# hm\\n')", "get_ipython().run_cell_magic('time', '', 'x = 1')"),
    ("get_ipython().run_line_magic('time', 'x=1')", "get_ipython().run_line_magic('time', ' x = 1')"),
]
OTHER = [
    ("x = 1", "x = 2"),
    ("x = 1", "y = 1"),
    ("x = 1", "x = 1.0"),
    ("x = 1", "x = True"),
    ("x = 0.0", "x = -0.0"),
    ("x = 'a'", "x = b'a'"),
    ("x = ()", "x = b')'"),
    ("x = f(b')')", "x = f(b')', b')')"),
    ("x = None", "x = ..."),
    ("x", "(x,)"),
    ("x, y", "x; y"),
    ("f(a, b)", "f(a)(b)"),
    ("def f(): 'doc'", "def f(): 'other'"),
    ("def f(): pass", "async def f(): pass"),
    ("def f(a, /): pass", "def f(a): pass"),
    ("def f(*, a): pass", "def f(a): pass"),
    ("def f(*, a, b=1): pass", "def f(*, a=1, b): pass"),
    ("[x for x in y]", "(x for x in y)"),
    ("f'{x}'", "f'{x!r}'"),
    ("f'{x:a}'", "f'{x:b}'"),
    ("f'{x}a'", "f'a{x}'"),
    ("a < b", "a <= b"),
    ("a = b", "a == b"),
    ("import a", "import a as a"),
    ("import a.b", "from a import b"),
    ("{**a}", "{a: a}"),
    ("match x:\n    case None: pass", "match x:\n    case True: pass"),
    ("match x:\n    case _: pass", "match x:\n    case y: pass"),
    ("global x", "global y"),
    ("raise A", "raise A from B"),
    ("if a:\n    b\nc", "if a:\n    b\n    c"),
    ("get_ipython().run_cell_magic('time', '', 'x = 1')", "get_ipython().run_cell_magic('prun', '', 'x = 1')"),
    ("get_ipython().run_cell_magic('bash', '', 'ls')", "get_ipython().run_cell_magic('bash', '', 'ls -l')"),
    ("get_ipython().run_line_magic('timeit', '-n 1 f()')", "get_ipython().run_line_magic('timeit', '-n 2 f()')"),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_formatting_and_comments_do_not_change_the_digest(first: str, second: str) -> None:
    assert read_cell(first).digest == read_cell(second).digest


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_another_meaning_is_another_digest(first: str, second: str) -> None:
    assert read_cell(first).digest != read_cell(second).digest


def test_reading_a_text_warns_of_nothing() -> None:
    names = read_cell("x = '\\d'\nget_ipython().run_cell_magic('time', '', \"y = '\\\\d'\")").names
    assert names.binds == {"x", "y"}


def test_a_very_deep_tree_has_a_digest() -> None:
    assert read_cell(" + ".join(["x"] * 1500)).digest != read_cell(" + ".join(["x"] * 1501)).digest


EVERY_FORM = """
import a.b as c, d
from . import e
from __future__ import annotations
@dec(1)
class K(B, metaclass=M, **kw):
    '''doc'''
    x: int = 1
    async def m(self, a, /, b: "T" = 2, *args, c, d=3, **kw) -> None:
        async with x as y, z: await w
        async for i in j: yield i
        return [k async for k in l if k if not m]
def g():
    global p, q
    nonlocal_ = lambda x, *y, z=1, **w: (yield)
    try: raise E from F
    except (A, B) as e: pass
    except: ...
    else: del r, s[0], t.u
    finally: assert v, f"{w!r:>{x}.{y}} {z=} {{}} {a:%Y-%m-%d} " "tail" rf"\\d{b}" f"{c:}" f'{d["k"]}'
    while 1:
        if a: break
        elif b: continue
    else: pass
    for x, *y in z: pass
    with (a as b, c as d): pass
    match v:
        case {'a': 1, **r} | [1, 2, *_] | P(1, k=None) | -1.5 | 'x' "y" | a.b: pass
        case (x as y) if z: pass
    x = y = (1, -2, 3.5, 1j, True, None, ..., b'\\xff', 'é\\ud800', 10**3, 0xffffffffffffffffffff)
    x @= y; x //= 2; x **= -3; x >>= ~1; (x := 2)
    return {**a, 'b': 1}, {1, *b}, {k: v for k, v in w}, a[1:2, ::3, ...], not a and b or c, a if b else c, a < b is not c not in d
print(f'{x}' 'y' f'{z}', *a, k=1, **b)
get_ipython().run_cell_magic('time', '', 'x = f"{a}" "b"')
"""


def other_pythons() -> list[str]:
    """The supported pythons of this machine that run (pyenv's shims may not), and the one that runs this."""
    named = [path for minor in range(11, 15) if (path := shutil.which(f"python3.{minor}")) is not None]
    named += [str(path) for path in sorted((Path.home() / ".pyenv/versions").glob("3.1[1-4].*/bin/python"))]
    runs = [path for path in named if subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0]
    return [sys.executable, *runs]


# blake3 may not be installed there: any hash serves, because only equality counts
ASK = """
import hashlib, json, sys, types
fake = types.ModuleType("blake3")
fake.blake3 = lambda data=b"": hashlib.blake2b(data, digest_size=32)
sys.modules["blake3"] = fake
fast = types.ModuleType("xxhash")
fast.xxh3_128 = lambda data=b"": hashlib.blake2b(data, digest_size=16)
sys.modules["xxhash"] = fast
sys.path.insert(0, sys.argv[1])
from durnb.fingerprint import read_cell
answers = []
for source in json.load(sys.stdin):
    cell = read_cell(source)
    answers.append([cell.digest, sorted(cell.names.reads), sorted(cell.names.certain), sorted(cell.names.binds), cell.names.everything])
json.dump(answers, sys.stdout)
"""


def ask(python: str, sources: list[str]) -> list[object]:
    home = str(Path(durnb.__file__).parents[1])
    done = subprocess.run([python, "-c", ASK, home], input=json.dumps(sources), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: list[object] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("python", other_pythons())
def test_digest_and_names_are_the_same_on_every_python(python: str) -> None:
    sources = [EVERY_FORM, *(first for pair in (*SAME, *OTHER) for first in pair)]
    sources += [file.read_text(encoding="utf-8") for file in sorted((Path(durnb.__file__).parent / "fingerprint").glob("*.py"))]
    assert ask(python, sources) == ask(sys.executable, sources)


def test_a_literal_that_looks_like_the_end_of_a_node_is_told() -> None:
    assert b"b1:)" in canonical(ast.parse("x = b')'"))

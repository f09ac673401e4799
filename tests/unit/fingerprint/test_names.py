"""The table of what cells read, surely read, bind and delete."""

from __future__ import annotations

import builtins

import pytest

from durnb.fingerprint import read_cell


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# (source, reads, certain, binds, deletes, everything); builtins are left out of reads here, and tested below
CASES: list[tuple[str, str, str, str, str, bool]] = [
    # plain statements
    ("x = 1", "", "", "x", "", False),
    ("x = y", "y", "y", "x", "", False),
    ("x = x", "x", "x", "x", "", False),
    ("x = 1\nx", "", "", "x", "", False),
    ("x\nx = 1", "x", "x", "x", "", False),
    ("x += 1", "x", "x", "x", "", False),
    ("x = 0\nx += y", "y", "y", "x", "", False),
    ("d['k'] += v", "d v", "d v", "", "", False),
    ("df['a'] = 1", "df", "df", "", "", False),
    ("o.a = b", "o b", "o b", "", "", False),
    ("a, (b, *c) = v", "v", "v", "a b c", "", False),
    ("a = b = v", "v", "v", "a b", "", False),
    ("d[i] = a", "d i a", "d i a", "", "", False),
    ("x: int = 1", "", "", "x", "", False),
    ("x: T = v", "T v", "v", "x", "", False),
    ("x: T", "T", "", "", "", False),
    ("o.a: T = v", "o T v", "o v", "", "", False),
    ("del x", "x", "x", "", "x", False),
    ("x = 1\ndel x", "", "", "x", "x", False),
    ("x = 1\ndel x\nx", "x", "", "x", "x", False),
    ("del d['k']", "d", "d", "", "", False),
    ("del a, b.c", "a b", "a b", "", "a", False),
    ("assert ok, text", "ok text", "ok", "", "", False),
    ("raise E(x)\ny", "E x", "E x", "", "", False),
    ("pass", "", "", "", "", False),
    ("", "", "", "", "", False),
    ("# only a comment", "", "", "", "", False),
    # expressions
    ("f(a, *b, k=c, **d)", "f a b c d", "f a b c d", "", "", False),
    ("a and b", "a b", "a", "", "", False),
    ("a or b or c", "a b c", "a", "", "", False),
    ("a if t else b", "a b t", "t", "", "", False),
    ("a < b < c", "a b c", "a b", "", "", False),
    ("f'{x} {y!r:>{w}}'", "x y w", "x y w", "", "", False),
    ("f'{x=}'", "x", "x", "", "", False),
    ("{**a, 'k': b}", "a b", "a b", "", "", False),
    ("a[b:c]", "a b c", "a b c", "", "", False),
    ("await g(x)", "g x", "g x", "", "", False),
    ("(y := x) + y", "x", "x", "y", "", False),
    ("t and (y := 1)\ny", "t y", "t", "y", "", False),
    ("(y := 1) if t else (y := 2)\ny", "t", "t", "y", "", False),
    # comprehensions
    ("[a for a in b if c]", "b c", "b", "", "", False),
    ("[a for a in a]", "a", "a", "", "", False),
    ("[(i, j) for i in xs for j in f(i, k)]", "xs f k", "xs", "", "", False),
    ("{k: v for k, v in d.items()}", "d", "d", "", "", False),
    ("sum(x * w for x in xs)", "xs w", "xs", "", "", False),
    ("[y := f(x) for x in xs]\ny", "f xs y", "xs", "y", "", False),
    ("any((hit := x) > 3 for x in xs)", "xs", "xs", "hit", "", False),
    ("[x for x in xs]\nx", "xs x", "xs x", "", "", False),
    ("[[y for y in x] for x in xs]", "xs", "xs", "", "", False),
    ("[lambda: x for x in xs]", "xs", "xs", "", "", False),
    ("[lambda: z for x in xs]", "xs z", "xs", "", "", False),
    ("[0 for d['k'] in xs]", "d xs", "xs", "", "", False),
    # functions
    ("def f(): return x", "x", "", "f", "", False),
    ("def f(a, b=c): return a", "c", "c", "f", "", False),
    ("@dec(y)\ndef f(): pass", "dec y", "dec y", "f", "", False),
    ("def f(a: T) -> R: pass", "T R", "", "f", "", False),
    ("def f(n): return f(n - 1)", "", "", "f", "", False),
    ("def f(): return x\nx = 1", "", "", "f x", "", False),
    ("def f(): return x\nf()\nx = 1", "x", "", "f x", "", False),
    ("def f(): return x\nx = 1\nf()", "", "", "f x", "", False),
    ("def f(): return g()\ndef g(): return x\nf()\nx = 1", "x", "", "f g x", "", False),
    ("def f(): return x\nif t:\n    x = 1", "x t", "t", "f x", "", False),
    ("@run\ndef f(): return x\nx = 1", "run x", "run", "f x", "", False),
    ("@lru_cache\ndef f(): return x\nx = 1", "lru_cache", "lru_cache", "f x", "", False),
    ("def f():\n    x = 1\n    return x", "", "", "f", "", False),
    ("def f():\n    global x\n    x = 1", "", "", "f x", "", False),
    ("def f():\n    global x\n    x += 1", "x", "", "f x", "", False),
    ("def f():\n    global x\n    return x", "x", "", "f", "", False),
    ("def f():\n    global x\n    del x", "x", "", "f", "x", False),
    ("def f():\n    x = 1\n    def g():\n        nonlocal x\n        x += 1", "", "", "f", "", False),
    ("def f():\n    x = 1\n    def g():\n        global x\n        return x", "x", "", "f", "", False),
    ("def f():\n    def g(): return y\n    return g", "y", "", "f", "", False),
    ("def f(y):\n    def g(): return y\n    return g", "", "", "f", "", False),
    ("def f(*args, **kw): return args, kw", "", "", "f", "", False),
    ("def f():\n    try: pass\n    except E as e: print(e)", "E", "", "f", "", False),
    ("def f():\n    import os\n    return os", "", "", "f", "", False),
    ("def f(v):\n    match v:\n        case [a, *b]: return a, b", "", "", "f", "", False),
    ("def f(): return [i for i in xs]", "xs", "", "f", "", False),
    ("def f():\n    [y := 1 for _i in xs]\n    return y", "xs", "", "f", "", False),
    ("def f():\n    class A:\n        z = q\n        def m(self): return w\n    return A", "q w", "", "f", "", False),
    ("f = lambda a, b=c: a + d", "c d", "c", "f", "", False),
    ("g = map(lambda a: a + d, xs)", "d xs map", "xs", "g", "", False),
    ("f = lambda: x\nx = 1", "", "", "f x", "", False),
    ("async def f():\n    async with c as d:\n        await d", "c", "", "f", "", False),
    ("for i in xs:\n    if i: g()\n    def g(): return x\nx = 1", "xs g x", "xs", "i g x", "", False),
    # classes
    ("class A(B, metaclass=M):\n    x = y\n    def m(self): return x, z", "B M y x z", "B M y", "A", "", False),
    ("class A:\n    x = 1\n    y = x", "", "", "A", "", False),
    ("class A:\n    x = x", "x", "x", "A", "", False),
    ("class A:\n    n = 1\n    l = [n for _ in xs]", "n xs", "xs", "A", "", False),
    ("class A:\n    n = 1\n    l = [i for i in n]", "", "", "A", "", False),
    ("class A:\n    def m(self): return A()", "", "", "A", "", False),
    ("@dataclass\nclass A:\n    x: int\n    def m(self): return A(w)\nw = 1", "dataclass", "dataclass", "A w", "", False),
    ("class A:\n    def m(self): return w\nA().m()\nw = 1", "w", "", "A w", "", False),
    ("class A:\n    print(__qualname__)", "", "", "A", "", False),
    ("class A:\n    global g\n    g = 1", "", "", "A g", "", False),
    ("x = 1\nclass A:\n    y = x", "", "", "x A", "", False),
    # if
    ("if t:\n    x = 1\nx", "t x", "t", "x", "", False),
    ("if t:\n    x = 1\nelse:\n    x = 2\nx", "t", "t", "x", "", False),
    ("if t:\n    x = 1\nelif u:\n    x = 2\nelse:\n    raise E\nx", "t u E", "t", "x", "", False),
    ("if t:\n    y\nelse:\n    z", "t y z", "t", "", "", False),
    ("if (n := f()):\n    n\nn", "f", "f", "n", "", False),
    ("if t:\n    del x\nx", "t x", "t", "", "x", False),
    # loops
    ("for i in xs:\n    a = i\nprint(a, i)", "xs a i", "xs", "a i", "", False),
    ("for i in xs:\n    s = s + i", "xs s", "xs", "i s", "", False),
    ("for i in xs:\n    pass\nelse:\n    y = 1\ny", "xs", "xs", "i y", "", False),
    ("for i in xs:\n    if i:\n        break\nelse:\n    y = 1\ny", "xs y", "xs", "i y", "", False),
    ("for i in xs:\n    if i:\n        y = 2\n        break\nelse:\n    y = 1\ny", "xs", "xs", "i y", "", False),
    ("for i in xs:\n    if i: continue\n    y = 1\ny", "xs y", "xs", "i y", "", False),
    ("for d['k'] in xs:\n    pass", "xs d", "xs", "", "", False),
    ("while t:\n    x = 1\nx", "t x", "t", "x", "", False),
    ("while True:\n    x = 1\n    break\nx", "", "", "x", "", False),
    ("while True:\n    x = 1\n    if t: break\nx", "t", "", "x", "", False),
    ("while True:\n    if t: break\n    x = 1\nx", "t x", "", "x", "", False),
    ("while (line := f()):\n    g(line)\nline", "f g", "f", "line", "", False),
    ("async for x in xs:\n    y = x", "xs", "xs", "x y", "", False),
    # try
    ("try:\n    x = 1\nexcept E:\n    x = 2\nx", "E", "", "x", "", False),
    ("try:\n    x = f()\nexcept E:\n    pass\nx", "f E x", "", "x", "", False),
    ("try:\n    x = f()\nexcept E as e:\n    print(e)\n    raise\nx", "f E", "", "x e", "e", False),
    ("try:\n    f()\nexcept E as e:\n    pass\ne", "f E e", "", "e", "e", False),
    ("try:\n    x = f()\nfinally:\n    x", "f x", "", "x", "", False),
    ("try:\n    f()\nfinally:\n    x = 1\nx", "f", "", "x", "", False),
    ("try:\n    x = f()\nfinally:\n    g()\nx", "f g", "", "x", "", False),
    ("try:\n    f()\nexcept E:\n    x = 1\nelse:\n    x = 2\nx", "f E", "", "x", "", False),
    ("try:\n    y\nexcept NameError:\n    y = 1\ny", "y", "", "y", "", False),
    ("x = 1\ntry:\n    del x\nexcept E:\n    x", "E x", "", "x", "x", False),
    ("try:\n    x = 1\nexcept* E:\n    x = 2\nx", "E", "", "x", "", False),
    # with
    ("with f(a) as b:\n    c = b\nc", "f a", "f a", "b c", "", False),
    ("with f() as (a, b), g(a) as c:\n    d", "f g d", "f g d", "a b c", "", False),
    ("with suppress(E):\n    x = f()\nx", "suppress E f x", "suppress E", "x", "", False),
    ("with contextlib.suppress(E):\n    y", "contextlib E y", "contextlib E", "", "", False),
    ("async with f() as b:\n    b", "f", "f", "b", "", False),
    # match
    ("match v:\n    case 1: x = 1\n    case _: x = 2\nx", "v", "v", "x", "", False),
    ("match v:\n    case 1: x = 1\nx", "v x", "v", "x", "", False),
    ("match v:\n    case P(a=b, c=[d, *e]) if g: b, d, e\n    case {'k': k, **rest}: k, rest", "v P g", "v", "b d e k rest", "", False),
    ("match v:\n    case C.RED | C.BLUE as c: c", "v C", "v", "c", "", False),
    ("match v:\n    case x: pass\nx", "v", "v", "x", "", False),
    # imports
    ("import a.b as c\nc", "", "", "c", "", False),
    ("import a.b\na", "", "", "a", "", False),
    ("from a import b as c, d", "", "", "c d", "", False),
    ("from a import *\nx", "x", "x", "", "", True),
    ("import __main__", "", "", "__main__", "", True),
    ("from __main__ import x", "", "", "x", "", True),
    ("importlib.import_module('__main__')", "importlib", "importlib", "", "", True),
    # everything
    ("globals()['x'] = 1", "", "", "", "", True),
    ("locals()", "", "", "", "", True),
    ("vars()", "", "", "", "", True),
    ("vars(o)", "o", "o", "", "", False),
    ("exec('x = 1')", "", "", "", "", True),
    ("eval(text)", "text", "text", "", "", True),
    ("def f(): return locals()", "", "", "f", "", False),
    ("def f(): return globals()", "", "", "f", "", True),
    ("run = eval", "", "", "run", "", True),
    ("eval = parse\neval(x)", "parse x", "parse x", "eval", "", False),
    ("df.eval('a = b + @c')", "df c", "df", "", "", False),
    ("get_ipython().user_ns['x']", "", "", "", "", True),
    ("ip = get_ipython()", "", "", "ip", "", True),
    # texts that name variables
    ("df.query('a > @limit and b < @other.x')", "df limit other", "df", "", "", False),
    ("pd.eval('a + b')", "pd a b", "pd", "", "", False),
    ("duckdb.sql('select * from df join other using (k)')", "duckdb df other", "duckdb", "", "", False),
    ("duckdb.sql(text)", "duckdb text", "duckdb text", "", "", True),
    # magics, as IPython leaves them
    ("get_ipython().run_line_magic('time', 'x = y')", "y", "y", "x", "", False),
    ("get_ipython().run_line_magic('timeit', '-n 10 -r3 f(x)')", "f x", "", "", "", False),
    ("get_ipython().run_line_magic('timeit', '-n10 x = f()')", "f", "", "", "", False),
    ("get_ipython().run_line_magic('prun', '-l 5 f(x)')", "f x", "f x", "", "", False),
    ("get_ipython().run_cell_magic('time', '', 'x = y\\nz = x')", "y", "y", "x z", "", False),
    ("get_ipython().run_cell_magic('timeit', 'a = b', 'f(a)')", "b f", "", "", "", False),
    ("get_ipython().run_cell_magic('capture', 'out', 'x = y')", "y", "y", "x out", "", False),
    ("get_ipython().run_cell_magic('time', '', \"get_ipython().system('ls {d}')\")", "d", "", "", "", False),
    (
        "get_ipython().run_cell_magic('time', '', 'a = f(1)\\n!ls {a} {d}\\nif a:\\n    y = !ls $e\\n%cd x\\nq?')",
        "f d e q",
        "f",
        "a y",
        "",
        False,
    ),
    ("get_ipython().run_cell_magic('time', '', 'a = (')", "", "", "", "", True),
    ("get_ipython().run_line_magic('matplotlib', 'inline')", "", "", "", "", False),
    ("get_ipython().run_line_magic('sql', 'select {cols} from $table')", "cols table", "", "", "", False),
    ("get_ipython().run_line_magic('run', '-i other.py')", "", "", "", "", True),
    ("get_ipython().run_line_magic('run', 'other.py')", "", "", "", "", True),
    ("get_ipython().run_line_magic('pinfo', 'df.head')", "df", "", "", "", False),
    ("get_ipython().system('ls {d.x} {d[i]:>3} $e $$HOME')", "d i e", "", "", "", False),
    ("get_ipython().system(\"awk '{print $1}' {f}\")", "f", "", "", "", False),
    ("x = get_ipython().getoutput('ls {d}')", "d", "", "x", "", False),
    ("get_ipython().run_cell_magic('bash', '--out text', 'echo $HOME {x}')", "", "", "text", "", False),
    ("get_ipython().run_cell_magic('custom', '', 'a {x}')", "x", "", "", "", False),
    ("def f(d):\n    get_ipython().system('ls {d} {e}')", "e", "", "f", "", False),
    # names that are not the notebook's
    ("_ = f()\nOut[3], In, _5, _i2, __, _x", "f _x", "f _x", "", "", False),
    ("for _ in range(3): pass", "", "", "", "", False),
    ("exit()", "", "", "", "", False),
]


@pytest.mark.parametrize(("source", "reads", "certain", "binds", "deletes", "everything"), CASES)
def test_the_names_of_a_cell(source: str, reads: str, certain: str, binds: str, deletes: str, everything: bool) -> None:
    names = read_cell(source).names
    seen = {name for name in names.reads if not hasattr(builtins, name)}
    wanted = {name for name in words(reads) if not hasattr(builtins, name)}
    assert seen == wanted
    assert names.certain == words(certain)
    assert {name for name in names.binds if name != "__main__"} == words(binds) - {"__main__"}
    assert names.deletes == words(deletes)
    assert names.everything is everything


def test_a_builtin_is_read_since_a_notebook_may_shadow_it_but_never_for_certain() -> None:
    names = read_cell("print(len(x))").names
    assert names.reads == {"print", "len", "x"}
    assert names.certain == {"x"}


def test_certain_names_are_read_names() -> None:
    for source, *_ in CASES:
        names = read_cell(source).names
        assert names.certain <= names.reads, source


@pytest.mark.parametrize(
    ("source", "attributes"),
    [
        ("u.a; u.b(1)", {"u": {"a", "b"}}),
        ("u.a; u", {}),
        ("u.a; f(u)", {"f": None}),
        ("def f(): return u.a", {"u": {"a"}}),
        ("def f(): return u.a\ng(u)", {"g": None}),
        ("u.a.b", {"u": {"a"}}),
        ("u.a = 1", {}),
        ("import u\nu.a", {}),
        ("[u.a for x in xs]", {"u": {"a"}, "xs": None}),
        ("class A:\n    x = u.a\n    def m(self): return u.b", {"u": {"a", "b"}}),
    ],
)
def test_attributes_taken_directly_from_a_name(source: str, attributes: dict[str, set[str] | None]) -> None:
    wanted = {name: frozenset(taken) for name, taken in attributes.items() if taken is not None}
    assert read_cell(source).names.attributes == wanted


def test_the_modules_that_a_cell_imports_are_told() -> None:
    assert read_cell("import a.b as c, d\nfrom e.f import g\nfrom . import h").names.imports == {"a.b", "d", "e.f", "."}


def test_a_cell_too_deep_to_analyse_reads_everything() -> None:
    names = read_cell("x = " + "f(" * 180 + "y" + ")" * 180).names
    assert {"f", "y"} <= names.reads


def test_a_long_sum_and_a_long_elif_chain_are_no_problem() -> None:
    names = read_cell("x = " + " + ".join(["y"] * 2000)).names
    assert names.reads == {"y"}
    source = "if a0: x = 0\n" + "".join(f"elif a{n}: x = {n}\n" for n in range(1, 300)) + "else: x = -1\nx"
    assert read_cell(source).names.binds == {"x"}
    assert "x" not in read_cell(source).names.reads


@pytest.mark.parametrize("source", ["x = ", "def f(:", "x\0"])
def test_text_that_is_no_python_is_an_error(source: str) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        read_cell(source)

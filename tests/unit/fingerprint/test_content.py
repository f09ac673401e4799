"""Content of values: what counts, what does not, and that looking changes nothing and never fails."""

from __future__ import annotations

import collections
import contextvars
import copy
import ctypes
import functools
import gc
import importlib
import inspect
import io
import linecache
import socket
import sys
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from durnb.fingerprint import Content, content


def digest(value: object) -> str:
    return content(value).digest


_cells = iter(range(1, 10**6))


def cell(source: str, namespace: dict[str, Any] | None = None) -> dict[str, Any]:
    """Runs a source as a kernel does; its functions are the notebook's, and linecache has the text."""
    names: dict[str, Any] = {"__name__": "__main__"} if namespace is None else namespace
    name = f"<content cell {next(_cells)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec", dont_inherit=True), names)
    return names


OTHERS: list[tuple[object, object]] = [
    (1, 1.0),
    (1, True),
    (0, False),
    (0, None),
    (0.0, -0.0),
    ("a", b"a"),
    (b"a", bytearray(b"a")),
    ([1], (1,)),
    ([1], {1}),
    ({1}, frozenset({1})),
    ([[1], 2], [[1, 2]]),
    ([1, 2], [2, 1]),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, collections.OrderedDict(a=1)),
    (collections.deque([1]), collections.deque([1], 3)),
    ((1, (2, 3)), ((1, 2), 3)),
    ("", ()),
    ([], [[]]),
    ([None], [[]]),
    (["ab"], ["a", "b"]),
    (range(3), range(4)),
    (slice(1), slice(2)),
    (len, print),
    ([].append, [1].append),
    (int, float),
    (functools.partial(print, 1), functools.partial(print, 2)),
    (types.SimpleNamespace(a=1), types.SimpleNamespace(a=2)),
]


@pytest.mark.parametrize(("first", "second"), OTHERS)
def test_other_values_have_other_contents(first: object, second: object) -> None:
    assert digest(first) != digest(second)


def test_an_order_of_insertion_counts_for_dicts_and_not_for_sets() -> None:
    first, second = {f"k{n}" for n in range(50)}, {f"k{n}" for n in reversed(range(50))}
    assert digest(first) == digest(second)
    assert digest(dict.fromkeys("ab")) != digest(dict.fromkeys("ba"))


def test_sharing_counts_for_what_can_change_and_not_for_what_cannot() -> None:
    shared: list[int] = [1]
    assert digest([shared, shared]) != digest([[1], [1]])
    text, pair = "".join(["a", "b"]), tuple(iter([1, 2]))
    assert digest([text, text, pair, pair]) == digest(["".join(["a", "b"]), "ab", tuple(iter([1, 2])), (1, 2)])


def test_the_same_part_in_two_equal_tuples_or_one_is_the_same() -> None:
    part: list[int] = [1]
    pair = (part, 2)
    assert digest([pair, pair]) == digest([(part, 2), (part, 2)])


def test_deep_wide_and_tangled_values_end() -> None:
    deep: list[Any] = []
    chain: tuple[Any, ...] = ([],)
    for _ in range(100_000):
        deep = [deep]
        chain = (chain,)
    folded: tuple[Any, ...] = ([],)
    frozen: frozenset[Any] = frozenset()
    for _ in range(500):
        folded = (folded, folded)
        frozen = frozenset([frozen])
    for value in (deep, chain, folded, frozen):
        assert content(value).opaque == ()
    mapping: dict[Any, Any] = {}
    mapping["me"] = mapping
    assert digest(mapping) != digest({"me": {}})


def test_a_linked_list_of_50000_nodes_has_a_content() -> None:
    class Node:
        next: Node | None = None

    first = node = Node()
    for _ in range(50_000):
        node.next = Node()
        node = node.next
    before = digest(first)
    node.last = True  # type: ignore[attr-defined]  # a change at its end
    assert digest(first) != before


def test_a_set_of_entangled_objects_ends_and_its_deep_changes_count() -> None:
    class Node:
        def __init__(self, name: int) -> None:
            self.name, self.near = name, set[Node]()

    nodes = [Node(n) for n in range(200)]
    for at, node in enumerate(nodes):
        node.near |= {nodes[at - step] for step in range(1, 10)}
    before = digest(nodes[0])
    assert digest(nodes[0]) == before
    nodes[100].name = -1
    assert digest(nodes[0]) != before


# -- functions and classes --------------------------------------------------------------------------

FUNCTION = "def f(a, b=1, *, c=2):\n    return a + b\n"


@pytest.mark.parametrize(
    "source",
    [
        "# why\n\n" + FUNCTION,
        "def f(a, b = 1, *, c = 2):\n    # why\n\n    return (a +\n        b)\n",
        "x = 1\n" + FUNCTION,
    ],
)
def test_formatting_and_place_of_a_function_do_not_count(source: str) -> None:
    assert digest(cell(source)["f"]) == digest(cell(FUNCTION)["f"])


@pytest.mark.parametrize(
    "source",
    [
        "def f(a, b=1, *, c=2):\n    return a - b\n",
        "def f(a, b=2, *, c=2):\n    return a + b\n",
        "def f(a, b=1, *, c=3):\n    return a + b\n",
        "def f(a, b=1, *, d=2):\n    return a + b\n",
        "def f(a: int, b=1, *, c=2):\n    return a + b\n",
        "def f(a, b=1, *, c=2):\n    'doc'\n    return a + b\n",
        "def f(a, b=1, *, c=2):\n    return a + 1\n",
        FUNCTION + "f.x = 1",
        "async " + FUNCTION,
    ],
)
def test_the_meaning_of_a_function_counts(source: str) -> None:
    assert digest(cell(source)["f"]) != digest(cell(FUNCTION)["f"])


def test_a_default_list_that_grew_and_a_closure_that_changed_count() -> None:
    names = cell(
        "def f(acc=[]): acc.append(1)\ndef counter():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n    return step\ns = counter()"
    )
    for name in "fs":
        before = digest(names[name])
        assert digest(names[name]) == before
        names[name]()
        assert digest(names[name]) != before


def test_several_lambdas_of_a_line_are_told_apart() -> None:
    fs = cell("fs = [lambda x: x + 1, lambda x: x + 2, lambda: lambda: 3, lambda x: x + 1]")["fs"]
    assert len({digest(f) for f in fs}) == 3
    assert digest(fs[0]) == digest(cell("\n\nf = lambda x: (x  +  1)")["f"])


def test_what_global_names_mean_is_no_content_of_a_function() -> None:
    names = cell("def f(): return x\nx = 1")
    before = digest(names["f"])
    names["x"] = 2
    assert digest(names["f"]) == before


def test_a_function_without_source_counts_by_its_code() -> None:
    def make(source: str) -> Any:
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(source, "<gone>", "exec"), names)
        return names["f"]

    assert digest(make("def f(): return {'a', 1} == 2")) == digest(make("\n\ndef f(): return {'a', 1} == 2"))
    assert digest(make("def f(): return 2")) != digest(make("def f(): return 3"))
    assert digest(make("def f(): return [i for i in x]")) != digest(make("def f(): return [j for j in y]"))


def test_source_that_is_not_the_loaded_code_is_not_believed() -> None:
    names = cell("def f(): return 1")
    file = names["f"].__code__.co_filename
    fresh = cell("def f(): return 1")
    linecache.cache[file] = (1, None, ["def f(): return 2\n"], file)
    assert digest(names["f"]) != digest(cell("def f(): return 2")["f"])
    assert digest(fresh["f"]) == digest(cell("def f():\n  return 1")["f"])


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    n = 2\n    def m(self): return self.n",
        "class A:\n    n = 1\n    def m(self): return -self.n",
        "class A:\n    n = 1\n    def m(self): return self.n\n    def k(self): return 1",
        "class A(dict):\n    n = 1\n    def m(self): return self.n",
        "class A:\n    n = 1\n    @property\n    def m(self): return self.n",
        "class A:\n    n = 1\n    @classmethod\n    def m(self): return self.n",
        "class A:\n    n: int = 1\n    def m(self): return self.n",
        "class A:\n    'doc'\n    n = 1\n    def m(self): return self.n",
    ],
)
def test_the_meaning_of_a_class_counts_for_it_and_its_instances(source: str) -> None:
    first, second = cell("class A:\n    n = 1\n    def m(self): return self.n"), cell(source)
    assert digest(first["A"]) != digest(second["A"])
    assert digest(first["A"]()) != digest(second["A"]())


def test_a_class_attribute_set_later_counts_and_lazy_ones_of_the_interpreter_do_not() -> None:
    names = cell("import abc, collections.abc\nclass A(abc.ABC):\n    x: int = 1\nclass B(A): pass")
    before = digest(names["A"]), digest(names["B"]())
    assert issubclass(names["B"], names["A"])
    isinstance(3, names["A"])
    copy.copy(names["B"]())  # caches __slotnames__
    weakref.ref(names["A"])
    assert (digest(names["A"]), digest(names["B"]())) == before
    names["A"].x = 2
    assert digest(names["A"]) != before[0]
    assert digest(names["B"]()) != before[1]


def test_the_decorated_function_counts_behind_its_wrapper() -> None:
    sources = ["import functools\n@functools.lru_cache(maxsize={})\ndef f(): return {}".format(*pair) for pair in ((1, 1), (1, 2), (2, 1))]
    assert len({digest(cell(source)["f"]) for source in sources}) == 3
    names = cell("import contextlib\n@contextlib.contextmanager\ndef f(): yield 1")
    assert digest(names["f"]) != digest(cell("import contextlib\n@contextlib.contextmanager\ndef f(): yield 2")["f"])


def test_an_instance_dict_counts_without_its_order() -> None:
    A = cell("class A: pass")["A"]
    first, second = A(), A()
    first.x, first.y = 1, 2
    second.y, second.x = 2, 1
    assert digest(first) == digest(second)
    second.x = 3
    assert digest(first) != digest(second)


# -- opaque and strange values -----------------------------------------------------------------------


def test_opaque_parts_are_told_with_their_path_and_count_by_type() -> None:
    A = cell("class A: pass")["A"]

    def client(part: object) -> object:
        value = A()
        value.session = A()
        value.session.parts = {"x": [0, part]}
        return value

    with socket.socket() as one, socket.socket() as two:
        seen = content(client(one))
        assert seen.opaque == (".session.parts['x'][1]: socket.socket",)
        assert seen.digest == digest(client(two))
    assert content(contextvars.copy_context()).opaque == (": _contextvars.Context",)
    assert digest(client(threading.Lock())) != digest(client(threading.Event()))


STRANGE = """
class Raises:
    def __getattribute__(self, name): raise RuntimeError(name)
    def __eq__(self, other): raise RuntimeError
    def __hash__(self): raise RuntimeError
    def __repr__(self): raise RuntimeError
    def __bool__(self): raise RuntimeError
    def __len__(self): raise RuntimeError
    def __iter__(self): raise RuntimeError
class NoReduce:
    def __reduce__(self): raise RuntimeError
class Exits:
    def __reduce_ex__(self, protocol): raise SystemExit
class Lies:
    @property
    def __class__(self): return int
    @property
    def __dict__(self): raise RuntimeError
    def __getattr__(self, name): return lambda *args: 1
class BadReduce:
    def __reduce__(self): return 42
class ShortReduce:
    def __reduce__(self): return (1,)
class Endless:
    def __reduce__(self): return (Endless, (), None, iter(int, 1) if False else None, [1, 2])
class Meta(type):
    def __getattribute__(cls, name): raise RuntimeError(name)
    def __hash__(cls): raise RuntimeError
    def __eq__(cls, other): raise RuntimeError
    def __instancecheck__(cls, value): raise RuntimeError
    def __subclasscheck__(cls, other): raise RuntimeError
class Odd(metaclass=Meta): pass
class Getter(list):
    def __iter__(self): raise RuntimeError
    def __len__(self): raise RuntimeError
    def __getitem__(self, at): raise RuntimeError
class Mapping(dict):
    def __iter__(self): raise RuntimeError
    def keys(self): raise RuntimeError
    def items(self): raise RuntimeError
class Text(str):
    def __str__(self): raise RuntimeError
    def __eq__(self, other): raise RuntimeError
    def __hash__(self): return 1
class Slots:
    __slots__ = ("a", "b")
class NoModule: pass
NoModule.__module__ = 7
class Named: pass
Named.__qualname__ = "é\\ud800"
class Doc:
    __doc__ = property(lambda self: 1 / 0)
made = [Raises(), NoReduce(), Exits(), Lies(), BadReduce(), ShortReduce(), Endless(), Odd, Getter([1]), Mapping(a=1), Text("x"), Slots(),
        NoModule(), Named(), Doc(), Meta, (i for i in [1]), {Text("k"): 1}, object(), type("", (), {})()]
made.append(object.__new__(Odd))
"""


def strange() -> Iterator[object]:
    yield from cell(STRANGE)["made"]
    yield sys._getframe()
    yield sys.modules
    yield from (threading.Thread(), gc.get_objects, weakref.ref(cell), types.ModuleType("made up"), cell.__code__, property(repr))
    yield memoryview(b"abc")[::2]
    released = memoryview(b"abc")
    released.release()
    yield released


def names_of_strange() -> list[str]:
    return [str(at) for at, _ in enumerate(strange())]


@pytest.mark.parametrize("at", names_of_strange())
def test_a_strange_value_never_fails(at: str) -> None:
    value = list(strange())[int(at)]
    assert len(digest(value)) == 64
    assert len(digest([value, {"k": value}])) == 64


def test_user_code_does_not_run_but_to_reduce() -> None:
    names = cell(
        """
calls = []
def log(name):
    def method(self, *args, **kw):
        calls.append(name)
        return NotImplemented
    return method
class Loud:
    for name in ("__eq__", "__hash__", "__repr__", "__str__", "__getattr__", "__len__", "__iter__", "__bool__", "__sizeof__", "__format__",
                 "__copy__", "__deepcopy__", "__get__", "__contains__", "__call__", "__index__", "__array__", "__dir__"):
        locals()[name] = log(name)
    @property
    def shown(self): calls.append("shown")
    def __setattr__(self, name, value): object.__setattr__(self, name, value)
loud = Loud()
loud.x = 1
class Quiet(Loud):
    def __reduce_ex__(self, protocol): calls.append("reduce"); return (Quiet, ())
quiet = Quiet()
"""
    )
    for value in (names["loud"], [names["loud"]], {"k": names["loud"]}, names["Loud"]):
        digest(value)
    assert names["calls"] == []
    digest(names["quiet"])
    assert set(names["calls"]) <= {"reduce"}


def test_looking_twice_sees_the_same() -> None:
    for value in (io.StringIO("x"), io.BytesIO(b"x"), ValueError("x"), threading.Event(), collections.Counter("aab")):
        assert digest(value) == digest(value)
    figures = pytest.importorskip("matplotlib.figure")
    axes = figures.Figure().subplots()
    axes.plot([1, 2])
    assert digest(axes) == digest(axes)


GENERATOR = "K = 1\nrows = [1, 2, 3]\ndef walk(start):\n    n = start\n    while True:\n        yield n\n        n += 1\n"


@pytest.mark.parametrize(
    ("made", "old", "new"),
    [
        ("x = (n * 2 for n in rows)", "n * 2", "n * 3"),
        ("x = (n * 2 for n in rows)", "[1, 2, 3]", "[1, 2, 4]"),
        ("x = walk(1)", "walk(1)", "walk(2)"),
        ("x = walk(1)", "n += 1", "n += 2"),
        ("x = walk(1); next(x)", "next(x)", "[next(x) for _ in '12']"),
        ("x = walk(1)", "walk(1)", "walk(1); next(x)"),
        ("x = walk(1); x.close()", "; x.close()", ""),
        ("async def f(n): pass\nx = f(1)", "f(1)", "f(2)"),
        ("async def f(n): yield n\nx = f(1)", "yield n", "yield -n"),
        ("from pathlib import Path\nx = Path().rglob('*.a')", "*.a", "*.b"),
        ("import contextlib\n@contextlib.contextmanager\ndef here(a): yield a\nx = here(1)", "here(1)", "here(2)"),
    ],
)
def test_a_generator_counts_by_its_code_by_what_it_holds_and_by_where_it_stands(made: str, old: str, new: str) -> None:
    text = GENERATOR + made
    first = _of_suspended(text)
    assert _of_suspended("# a comment\n" + text.replace("n = start", "n =  start")) == first
    assert _of_suspended(text.replace(old, new)).digest != first.digest
    assert not first.opaque


def _of_suspended(text: str) -> Content:
    made = cell(text)["x"]
    found = content(made)
    if inspect.iscoroutine(made):
        made.close()  # or it complains, whenever it goes
    return found


def test_looking_does_not_change_a_value() -> None:
    consumed = iter([1, 2, 3])
    digest(consumed)
    assert list(consumed) == [1, 2, 3]
    generator = (n for n in range(3))
    digest(generator)
    assert list(generator) == [0, 1, 2]
    made: dict[str, list[int]] = collections.defaultdict(list)
    digest(made)
    assert not made


# -- modules -----------------------------------------------------------------------------------------

Project = Callable[..., types.ModuleType]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Writes and imports a module of the project, anew each time."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    written: list[str] = []

    def write(name: str, source: str, *, load: bool = True) -> types.ModuleType:
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        written.append(name)
        if not load:
            return sys.modules[name]
        for known in written:
            sys.modules.pop(known, None)
        importlib.invalidate_caches()
        linecache.clearcache()
        return importlib.import_module(name)

    yield write
    for name in written:
        sys.modules.pop(name, None)


UTILS = "LIMIT = 3\nOTHER = 1\ndef clean(x):\n    return helper(x) + LIMIT\ndef helper(x):\n    return x\ndef unused():\n    return OTHER\n"


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("return x\n", "return -x\n", True),
        ("LIMIT = 3", "LIMIT = 4", True),
        ("return helper(x)", "return  1 + helper(x)", True),
        ("OTHER = 1", "OTHER = 2", False),
        ("return OTHER", "return -OTHER", False),
        ("LIMIT = 3", "# more\n\nLIMIT = 3", False),
    ],
)
def test_a_function_of_the_project_counts_with_what_it_reaches_in_its_module(project: Project, old: str, new: str, counts: bool) -> None:
    first = project("durnb_utils", UTILS)
    before = [digest(first.clean), content(first, attributes=frozenset({"clean"})).digest, digest(first)]
    second = project("durnb_utils", UTILS.replace(old, new))
    after = [digest(second.clean), content(second, attributes=frozenset({"clean"})).digest, digest(second)]
    assert (before[0] != after[0]) is counts
    assert (before[1] != after[1]) is counts
    assert (before[2] != after[2]) is (new != "# more\n\nLIMIT = 3")


def test_another_module_of_the_project_counts_as_far_as_it_is_used(project: Project) -> None:
    def make(deep: str) -> types.ModuleType:
        project("durnb_deep", deep)
        return project("durnb_utils", "import durnb_deep, os\ndef clean(x): return durnb_deep.trim(x), os.sep\n")

    deep = "def trim(x): return x\ndef other(): return 1\n"
    before = digest(make(deep).clean)
    assert digest(make(deep.replace("return 1", "return 2")).clean) == before
    assert digest(make(deep.replace("return x", "return -x")).clean) != before


def test_a_module_of_the_project_that_was_edited_and_not_reloaded_counts_as_loaded_and_says_so(project: Project) -> None:
    loaded = project("durnb_utils", UTILS)
    before = content(loaded.clean)
    assert before.notes == ()
    project("durnb_utils", UTILS.replace("return x\n", "return -x  # edited\n"), load=False)
    after = content(loaded.clean)
    assert after.digest == before.digest
    assert after.notes == ("reload durnb_utils: durnb_utils.py was changed after it was loaded",)
    assert content(loaded, attributes=frozenset({"unused"})).notes == ()


def test_a_module_of_the_project_that_is_reloaded_counts_as_one_that_was_just_loaded(project: Project) -> None:
    edited = UTILS.replace("return x\n", "return -x  # edited\n")
    wanted = digest(project("durnb_utils", edited))
    loaded = project("durnb_utils", UTILS)
    digest(loaded)
    project("durnb_utils", edited, load=False)
    assert digest(importlib.reload(loaded)) == wanted


def test_methods_that_autoreload_changed_in_a_loaded_class_count_as_those_of_the_file(project: Project) -> None:
    source = "class A:\n    def m(self): return [n for n in (lambda: 'ab')()]\n    @property\n    def p(self): return 1\n"
    edited = source.replace("'ab'", "'abc'").replace("return 1", "return 2")
    wanted = digest(project("durnb_utils", edited).A)
    loaded: Any = project("durnb_utils", source)
    before = digest(loaded.A)
    project("durnb_utils", edited, load=False)
    patched: dict[str, Any] = {}
    file = loaded.A.m.__code__.co_filename
    for text, name in (("def m(self):\n    return [n for n in (lambda: 'abc')()]", file), ("def p(self):\n    return 2", "<string>")):
        held: dict[str, Any] = {}
        exec(
            compile("class __autoreload_class__:\n    " + text.replace("\n", "\n    "), name, "exec", dont_inherit=True), vars(loaded), held
        )
        patched |= vars(held["__autoreload_class__"])
    loaded.A.m.__code__, loaded.A.p.fget.__code__ = patched["m"].__code__, patched["p"].__code__
    assert digest(loaded.A) == wanted != before


def test_a_class_of_the_project_counts_with_its_instances(project: Project) -> None:
    source = "class A:\n    def m(self): return scale(1)\ndef scale(x): return x\n"
    before = digest(project("durnb_utils", source).A())
    assert digest(project("durnb_utils", source.replace("return x", "return 2 * x")).A()) != before


def test_an_installed_module_counts_by_its_name() -> None:
    import json

    before = digest(json)
    json.made_up = 1  # type: ignore[attr-defined]  # outside of what is promised
    try:
        assert digest(json) == before
    finally:
        del json.made_up  # type: ignore[attr-defined]  # the same
    assert digest(json) != digest(socket)
    assert digest(json.dumps) != digest(json.loads)


def test_a_library_of_ctypes_counts_by_its_name_and_by_what_was_told_of_its_functions() -> None:
    before, after = ctypes.CDLL(None), ctypes.CDLL(None)
    before.abs(-3)
    assert content(before).digest == content(after).digest
    after.abs.restype = ctypes.c_double
    assert content(before).digest != content(after).digest

"""Run as a script: content of every kind of value, made here or restored from a pickle.

fresh_process.py make FILE      makes the values, writes {name: pickle}, prints {name: digest, opaque}
fresh_process.py restore FILE   reads the pickles, prints the same for what comes out of them
"""

from __future__ import annotations

import json
import linecache
import pickle
import sys
import warnings
from typing import Any

DEFINITIONS = '''
import abc, array, collections, dataclasses, datetime, decimal, enum, fractions, functools, pathlib, re, types, typing, uuid, zoneinfo

LIMIT = 3
shared = [1, 2]

def plain(a, b=2, *c, d=4, **e):
    """doc"""
    return a + b + LIMIT

def outer(n):
    kept = {n: [n]}
    def inner(x=(1, [2])):
        return kept, n, x
    inner.calls = [n]
    return inner

closure = outer(7)
pair = [lambda x: x + 1, lambda x: x + 2]

@functools.lru_cache(maxsize=10)
def cached(x): return plain(x)

@functools.wraps(plain)
def wrapped(*args): return plain(*args)

class Point:
    origin = {"x": 0, "tags": {"a", "b", "c"}}
    def __init__(self, x, **more):
        self.x = x
        self.__dict__.update(more)
    @property
    def double(self): return self.x * 2
    @classmethod
    def make(cls): return cls(1)
    @staticmethod
    def zero(): return 0
    @functools.cached_property
    def slow(self): return 1

class Slotted(Point):
    __slots__ = ("a", "b")

class Tags(set): pass
class Row(list): pass
class Table(dict):
    def __missing__(self, key): return 1
class Celsius(float): pass

class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...

class Square(Shape):
    def area(self): return super().area()

@dataclasses.dataclass
class Data:
    a: int
    b: list = dataclasses.field(default_factory=list, metadata={"unit": "m"})
    c: "typing.ClassVar[int]" = 4

@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    a: int
    b: frozenset = frozenset({"x", "y", "z"})

class Colour(enum.Enum):
    RED = "r"
    BLUE = ("b", 1)
    def shout(self): return self.name.upper()

class Flags(enum.Flag):
    A = enum.auto()
    B = enum.auto()

Pair = collections.namedtuple("Pair", "left right")

class Typed(typing.NamedTuple):
    a: int
    b: str = "b"

T = typing.TypeVar("T")

class Box(typing.Generic[T]):
    def __init__(self, item: T) -> None: self.item = item

class Reduced:
    def __init__(self, n): self.n = n
    def __reduce__(self): return (Reduced, (self.n,), {"extra": {"q", "r", "s"}})

class Stated:
    def __init__(self): self.a, self.cache = 1, object()
    def __getstate__(self): return {"a": self.a}

class Node:
    def __init__(self, name): self.name, self.near = name, set()

def ring(count):
    nodes = [Node(f"n{i}") for i in range(count)]
    for i, node in enumerate(nodes):
        node.near |= {nodes[i - 1], nodes[(i + 1) % count], nodes[(i + 3) % count]}
    return nodes

def looped():
    point = Point(1)
    point.me = point
    point.them = [point, {"p": point}]
    return point

def deep(depth):
    value = []
    for _ in range(depth): value = [value]
    return value
'''

VALUES: dict[str, str] = {
    "None": "None",
    "bool": "[True, False]",
    "int": "[0, 1, -1, 2**40, -(2**200)]",
    "float": "[0.0, -0.0, 1.5, float('nan'), float('inf')]",
    "complex": "complex(-0.0, 1)",
    "str": "['', 'a', 'é', '\\ud800', 'a b' * 2]",
    "bytes": "[b'', b'\\xff', bytearray(b'ab'), memoryview(b'ab').tobytes()]",
    "range, slice, Ellipsis": "[range(3), slice(1, None, 2), ..., NotImplemented]",
    "tuple": "(1, ('a',), ())",
    "dict": "{'b': 1, 'a': [2], (1, 'x'): {'y': None}, 1.5: 2}",
    "records": "[{'id': i, 'name': f'n{i}', 'tags': ['a', (i, 2.5, b'x')], 'd': {i: None}} for i in range(100)]",
    "records by key": "{i: [{'n': str(i)}] for i in range(100)}",
    "records, one of them twice": "(lambda records: [*records, records[3]])([[i] for i in range(100)])",
    "records, one of them also beside": "(lambda records: {'all': records, 'best': records[3]})([[i, [i]] for i in range(100)])",
    "records with a set": "[[i, {'a', 'b', 'c', i}] for i in range(100)]",
    "set of strings": "{'a', 'b', 'c', 'dd', 'eee'}",
    "set of tuples": "{('a', 1), ('b', 2), ('c', ('d', frozenset({'x', 'y', 'z'})))}",
    "nested frozensets": "frozenset({frozenset({'a', 'b'}), frozenset({'c', 'd'}), frozenset()})",
    "set of objects": "{Point('a'), Point('b'), Point('c'), 'd', Colour.RED}",
    "ring of sets": "ring(12)",
    "shared": "[shared, shared, {'k': shared}]",
    "equal strings, shared or not": "['ab', ''.join(['a', 'b']), 'ab', {'ab': ''.join(['a', 'b'])}]",
    "equal tuples, shared or not": "[(1, 2), tuple([1, 2]), ((1, 2),), (tuple([1, 2]),)]",
    "cycle": "looped()",
    "deep list": "[1, {'a': [(2, [3])]}]",
    "deque": "collections.deque([1, [2]], maxlen=5)",
    "defaultdict": "collections.defaultdict(list, {'a': [1]})",
    "OrderedDict": "collections.OrderedDict([('b', 1), ('a', 2)])",
    "Counter": "collections.Counter('abca')",
    "ChainMap": "collections.ChainMap({'a': 1}, {'b': 2})",
    "dates": "[datetime.datetime(2026, 1, 2, 3, 4, 5, 6), datetime.date(2026, 1, 2), datetime.time(1), datetime.timedelta(1, 2, 3)]",
    "zones": "[datetime.datetime(2026, 1, 2, tzinfo=zoneinfo.ZoneInfo('UTC')), datetime.timezone(datetime.timedelta(hours=1), 'X'), datetime.timezone.utc]",
    "numbers": "[decimal.Decimal('1.10'), decimal.Decimal('NaN'), fractions.Fraction(1, 3)]",
    "UUID, Path, Pattern": "[uuid.UUID(int=5), pathlib.Path('/tmp/x'), pathlib.PurePosixPath('a'), re.compile('a+', re.I)]",
    "array": "array.array('d', [1, 2])",
    "namespace": "types.SimpleNamespace(a=1, b=[2])",
    "proxy": "dict(types.MappingProxyType({'a': 1}))",
    "partial": "functools.partial(plain, 1, d=[2])",
    "function": "plain",
    "lambda of a list": "[Point.make, Point.zero]",
    "lru_cache": "cached",
    "wraps": "Point(1).make",
    "class": "Point",
    "class hierarchy": "[Slotted, Square, Shape]",
    "instance": "Point(1, tags={'a', 'b', 'c'}, b=[1])",
    "bound method": "Point(2).make",
    "bound method of an instance": "{'hit': Row([1]).append}",
    "subclasses": "[Tags({'a', 'b', 'c'}), Row([1, 2]), Table(a=1), Celsius(1.5)]",
    "abstract": "Square()",
    "dataclass": "[Data(1), Data(2, [3]), Data]",
    "frozen dataclass": "[Frozen(1), Frozen]",
    "enum": "[Colour.RED, Colour.BLUE, Colour, Flags.A | Flags.B, Flags.A]",
    "namedtuple": "[Pair(1, [2]), Pair, Typed(1), Typed]",
    "generic": "Box([1])",
    "hints": "[list[int], dict[str, list[int]], int | None, typing.Optional[int], typing.Callable[[int], str], T, typing.Any]",
    "__reduce__": "Reduced(4)",
    "__getstate__": "Stated()",
    "exception": "ValueError('x', [1])",
    "builtins": "[len, str.upper, [].__class__, dict.fromkeys, int, ValueError, type, print]",
    "installed": "[re.compile, json.dumps, collections.OrderedDict, functools.reduce]",
    "iterator": "iter([1, 2, 3])",
    "set iterator of nothing": "iter(())",
}

LIBRARIES: dict[str, dict[str, str]] = {
    "numpy": {
        "arrays": "[np.arange(10), np.arange(10)[::2], np.arange(12).reshape(3, 4).T, np.zeros((0, 3)), np.array(5), np.array([True])]",
        "fortran": "np.asfortranarray(np.arange(12.).reshape(3, 4))",
        "strides of a slice": "np.arange(100).reshape(10, 10)[1:9:2, ::-3]",
        "broadcast": "np.broadcast_to(np.arange(3), (4, 3))",
        "object array": "np.array([1, 'a', [2], None, {'k'}], dtype=object)",
        "strings": "[np.array(['a', 'bcd']), np.array([b'x'])]",
        "times": "np.array(['2026-01-02', 'NaT'], dtype='datetime64[D]')",
        "structured": "np.array([(1, 'a', [2])], dtype=[('a', 'i4'), ('b', 'U3'), ('c', 'O')])",
        "padded": "np.zeros(3, dtype=np.dtype([('a', 'i1'), ('b', 'f8')], align=True))",
        "big endian": "np.array([1, 2], dtype='>i4')",
        "shared array": "(lambda a: [a, a, {'a': a}])(np.arange(3))",
        "masked": "np.ma.array([1, 2, 3], mask=[0, 1, 0])",
        "matrix, record": "[np.array([(1, 2.0)], dtype=[('a', 'i4'), ('b', 'f8')]).view(np.recarray)]",
        "scalars": "[np.float32(1.5), np.int8(3), np.datetime64('2026-01-01'), np.str_('a'), np.bool_(True), np.float64('nan')]",
        "dtypes": "[np.dtype('f4'), np.dtype([('a', 'i4')]), np.float32]",
        "generators": "[np.random.default_rng(3), np.random.RandomState(4)]",
        "ufunc": "[np.add, np.sum, np.random.default_rng]",
    },
    "pandas": {
        "frame": "pd.DataFrame({'a': [1, 2], 'b': ['x', None], 'c': [1.5, float('nan')]})",
        "blocks": "wide()",
        "sliced": "pd.DataFrame({'a': range(10), 'b': range(10)})[::2][['b', 'a']]",
        "types": "typed()",
        "object column": "pd.DataFrame({'a': [[1], {'k': {'x', 'y', 'z'}}, 'abc', 2]})",
        "same strings": "pd.DataFrame({'a': ['xy'] * 3, 'b': [''.join(['x', 'y'])] * 3}, dtype=object)",
        "index": "[pd.RangeIndex(3), pd.Index([3, 1]), pd.Index(['a', 'b'], name='n'), pd.date_range('2026', periods=3, tz='UTC')]",
        "multiindex": "pd.DataFrame({'v': [1, 2]}, index=pd.MultiIndex.from_tuples([('a', 1), ('b', 2)], names=['x', 'y']))",
        "shared index": "(lambda i: [pd.Series([1, 2], index=i), pd.Series([3, 4], index=i, name='s'), i])(pd.Index(['a', 'b'], dtype=object))",
        "groups": "[frame for _, frame in pd.DataFrame({'a': [1, 1, 2], 'b': [3, 4, 5]}).groupby('a')]",
        "scalars": "[pd.Timestamp('2026-01-02', tz='UTC'), pd.Timedelta('1s'), pd.NaT, pd.NA, pd.Period('2026-01'), pd.Interval(0, 1), pd.offsets.BDay(2)]",
        "attrs": "with_attrs()",
        "dtypes": "[pd.CategoricalDtype(['a']), pd.StringDtype(), pd.DatetimeTZDtype('ns', 'UTC'), pd.Int64Dtype()]",
        "categorical": "pd.Categorical(['a', 'b', 'a'], ordered=True)",
        "after use": "used()",
    },
    "pyarrow": {
        "table": "pa.table({'a': [1, None, 3], 'b': ['x', 'yy', None]})",
        "chunks": "pa.chunked_array([[1, 2], [3]])",
        "sliced arrow": "pa.array(['a', None, 'ccc', 'd'])[1:3]",
        "arrow dtypes": "pa.schema([('a', pa.int64()), ('b', pa.list_(pa.string()))])",
    },
    "polars": {
        "polars frame": "pl.DataFrame({'a': [1, None, 3], 'b': ['x', 'yy', None]})",
        "polars sliced": "pl.DataFrame({'a': range(10)})[2:7]",
        "polars series": "pl.Series('s', [[1], [2, 3]])",
    },
    "scipy.sparse": {
        "sparse": "[sp.csr_matrix(([1., 2.], ([0, 1], [1, 0])), shape=(2, 3)), sp.coo_array(([1.], ([0], [1])), shape=(2, 2))]",
    },
    "attr": {"attrs class": "[Attrs(1), Attrs(2, [3]), Attrs]"},
    "pydantic": {"pydantic model": "[Model(a=1), Model(a=2, b=['x']), Model]"},
    "sklearn.tree": {"estimator": "tree.DecisionTreeClassifier(random_state=0).fit([[0], [1], [2]], [0, 1, 1])"},
}

LIBRARY_DEFINITIONS: dict[str, str] = {
    "numpy": "import numpy as np",
    "pandas": """
import pandas as pd
def wide():
    frame = pd.DataFrame({"a": [1, 2]})
    for at in range(5): frame[f"c{at}"] = at
    frame["s"] = ["x", "y"]
    return frame
def typed():
    return pd.DataFrame({
        "i": pd.array([1, None], dtype="Int64"), "c": pd.Categorical(["a", "b"]), "t": pd.to_datetime(["2026", None]),
        "z": pd.to_datetime(["2026", "2027"]).tz_localize("Europe/Zurich"), "d": pd.to_timedelta([1, 2], unit="s"),
        "p": pd.period_range("2026", periods=2, freq="M"), "v": pd.interval_range(0, 2), "s": pd.array(["a", None], dtype="string"),
        "o": pd.array([True, None], dtype="boolean"), "x": pd.arrays.SparseArray([0, 1]), "b": [True, False],
    })
def with_attrs():
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["source"] = ["x"]
    return frame
def used():
    frame = pd.DataFrame({"a": [3, 1, 2]}, index=["x", "y", "z"])
    frame.loc["y"], frame.index.get_loc("z"), frame["a"].values, frame.dtypes, repr(frame), frame.index.is_unique, hash(frame.dtypes["a"])
    return frame
""",
    "pyarrow": "import pyarrow as pa",
    "polars": "import polars as pl",
    "scipy.sparse": "import scipy.sparse as sp",
    "attr": """
import attr
@attr.define
class Attrs:
    a: int
    b: list = attr.field(factory=list)
""",
    "pydantic": """
import pydantic
class Model(pydantic.BaseModel):
    a: int = pydantic.Field(ge=0)
    b: list[str] = []
    def shout(self): return self.b
""",
    "sklearn.tree": "from sklearn import tree",
}


def cell(number: int, source: str, namespace: dict[str, Any]) -> None:
    """Runs a source as a notebook's kernel does, with linecache knowing its text."""
    name = f"<cell {number}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec", dont_inherit=True), namespace)


def prepare(namespace: dict[str, Any]) -> dict[str, str]:
    """Runs the definitions in `namespace`; the expressions of all values whose library is installed."""
    cell(1, DEFINITIONS, namespace)
    expressions = dict(VALUES)
    for number, (library, source) in enumerate(LIBRARY_DEFINITIONS.items(), 2):
        try:
            cell(number, source, namespace)
        except ImportError:
            continue
        expressions.update(LIBRARIES[library])
    return expressions


def main() -> None:
    from durnb.fingerprint import content

    mode, file = sys.argv[1:]
    namespace = globals()
    expressions = prepare(namespace)
    found: dict[str, list[object]] = {}
    pickles: dict[str, bytes] = {}
    if mode == "restore":
        with open(file, "rb") as stream:
            pickles = pickle.load(stream)
    for name, expression in expressions.items():
        value = pickle.loads(pickles[name]) if mode == "restore" else eval(expression, namespace)
        if mode == "make":
            pickles[name] = pickle.dumps(value, 5)
        seen = content(value)
        found[name] = [seen.digest, list(seen.opaque)]
    if mode == "make":
        with open(file, "wb") as stream:
            pickle.dump(pickles, stream)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()

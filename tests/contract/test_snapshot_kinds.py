"""Every kind of object that a notebook may hold comes back in a fresh process as it was.

Each entry of the table is a cell and an expression that shows what a person could see of it; shown before the capture and after
the restore, in two processes with different hash seeds, it must say the same. Nothing of the cell is run in the second process.
"""

from __future__ import annotations

import pytest

from contract.trip import Entry, Trip, travel

pytestmark = pytest.mark.xdist_group("kinds")  # one trip for all

NUMPY, PANDAS, POLARS, ARROW, SCIPY, SKLEARN, PYDANTIC = "numpy", "pandas", "polars", "pyarrow", "scipy", "sklearn", "pydantic"

STRUCTURE = (
    "import ctypes\nclass P(ctypes.Structure):\n  _fields_ = [('a', ctypes.c_int), ('b', ctypes.c_double)]\n  def m(self): return self.a\n"
)

# one line for each entry
# fmt: off
PLAIN = [
    ("None", "x = None", "x is None"),
    ("a bool", "x = True", "x is True"),
    ("a large int", "x = 2**200", "x"),
    ("a negative zero", "x = -0.0", "x"),
    ("a nan", "x = float('nan')", "x"),
    ("a complex number", "x = 1 - 2j", "x"),
    ("text beyond the basic plane", "x = 'a\\U0001f600\\ud800'", "x.encode('utf-8', 'surrogatepass')"),
    ("bytes", "x = bytes(range(256))", "x"),
    ("a bytearray", "x = bytearray(b'abc')", "x"),
    ("a large bytearray", "x = bytearray(range(256)) * 1000", "(len(x), x[:3], type(x))"),
    ("Ellipsis and NotImplemented", "x = [..., NotImplemented]", "(x[0] is ..., x[1] is NotImplemented)"),
    ("a range", "x = range(1, 9, 3)", "x"),
    ("a slice", "x = slice(1, None, 2)", "x"),
    ("nested containers", "x = {'a': [1, (2, {3})], 'b': {'c': frozenset({4})}}", "x"),
    ("the order of a dict", "x = {k: i for i, k in enumerate('zyxab')}", "list(x)"),
    ("a set of texts", "x = set('hello world')", "sorted(x)"),
    ("a list that holds itself", "x = [1]; x.append(x)", "x[1] is x"),
    ("a dict that holds itself", "x = {}; x['me'] = x", "x['me'] is x"),
    ("a tuple in a cycle", "l = []; x = (1, l); l.append(x)", "x[1][0] is x"),
    ("one list twice", "a = [1]; x = [a, a]", "x[0] is x[1]"),
    ("a deque", "import collections\nx = collections.deque([1, 2, 3], maxlen=3)", "x"),
    ("a defaultdict", "import collections\nx = collections.defaultdict(list, a=[1])", "(x, x['b'])"),
    ("a defaultdict of a lambda", "import collections\nx = collections.defaultdict(lambda: 7)", "x['b']"),
    ("an OrderedDict", "import collections\nx = collections.OrderedDict(b=1, a=2); x.move_to_end('b')", "x"),
    ("a Counter", "import collections\nx = collections.Counter('banana')", "sorted(x.items())"),
    ("a ChainMap", "import collections\nx = collections.ChainMap({'a': 1}, {'b': 2})", "(x['b'], x.maps)"),
    ("a UserDict", "import collections\nx = collections.UserDict(a=1)", "x"),
    ("an array of the standard library", "import array\nx = array.array('d', [1.5, 2])", "x"),
    ("an array of ctypes", "import ctypes\nx = (ctypes.c_double * 2)(1, 2.5)", "(list(x), type(x) is ctypes.c_double * 2)"),
    ("a memoryview", "b = bytearray(b'abcd')\nx = memoryview(b)", "(bytes(x), x.obj is b, x.readonly)"),
    ("a memoryview by shape", "x = memoryview(bytes(range(8))).cast('H', (2, 2))", "(x.tolist(), x.shape, x.readonly)"),
    ("a part of a memoryview", "b = bytearray(b'abcdef')\nx = memoryview(b)[2:4]", "(bytes(x), x.obj is b, b.__setitem__(2, 90), bytes(x), x.readonly)"),
    ("a memoryview backwards", "import array\na = array.array('d', range(9))\nx = memoryview(a)[7:0:-3]", "(x.tolist(), x.strides, a.__setitem__(7, 90), x.tolist(), x.obj is a)"),
    ("rows of a memoryview", "b = bytearray(range(24))\nx = memoryview(b).cast('H', (3, 4))[1:].toreadonly()", "(x.tolist(), x.shape, x.readonly)"),
    ("a SimpleNamespace", "import types\nx = types.SimpleNamespace(a=1, b=[2])", "x"),
    ("a mapping proxy", "import types\nd = {'a': 1}\nx = types.MappingProxyType(d)\nd['b'] = 2", "(dict(x), d.update(c=3), dict(x))"),
    ("an iterator part way", "x = iter([1, 2, 3]); next(x)", "list(x)"),
    ("a zip part way", "x = zip([1, 2], 'ab'); next(x)", "list(x)"),
    ("an enumerate", "x = enumerate('ab', 5)", "list(x)"),
    ("BytesIO part way", "import io\nx = io.BytesIO(b'abcdef'); x.read(2)", "(x.tell(), x.read())"),
    ("StringIO part way", "import io\nx = io.StringIO('abcdef'); x.read(2)", "(x.tell(), x.read())"),
    ("views of a dict", "d = {'a': 1}\nx = [d.keys(), d.values(), d.items()]", "(x, d.update(b=2), x)"),
    ("an object as a sentinel", "S = object()\nx = [S, {'k': S}]", "x[0] is S and x[1]['k'] is S"),
]

STANDARD = [
    ("a datetime with a zone", "import datetime, zoneinfo\nx = datetime.datetime(2026, 1, 2, tzinfo=zoneinfo.ZoneInfo('UTC'))", "x"),
    ("a date, a time and a delta", "import datetime as d\nx = (d.date(2026, 1, 2), d.time(3, 4, fold=1), d.timedelta(1, 2, 3))", "x"),
    ("a Decimal", "import decimal\nx = decimal.Decimal('1.10')", "x"),
    ("a Fraction", "import fractions\nx = fractions.Fraction(1, 3)", "x"),
    ("a UUID", "import uuid\nx = uuid.UUID(int=5)", "x"),
    ("a Path", "import pathlib\nx = pathlib.Path('a/../b')", "x"),
    ("a compiled pattern", "import re\nx = re.compile('a+', re.I)", "(x.pattern, x.flags)"),
    ("a random generator of one's own", "import random\nx = random.Random(5); x.random()", "x.random()"),
    ("a bound method of the hidden generator", "import random\nfrom random import randint as x", "x.__self__ is random._inst"),
    ("an unlocked lock", "import threading\nx = threading.Lock()", "(x.locked(), x.acquire(), x.locked())"),
    ("a reentrant lock", "import threading\nx = threading.RLock()", "(x.acquire(), x.acquire(), type(x))"),
    ("a queue", "import queue\nx = queue.Queue(); x.put(3)", "(x.qsize(), x.get())"),
    ("an event and a condition", "import threading\nx = threading.Event(); x.set()", "(x.is_set(), x.wait(0))"),
    ("a logger", "import logging\nx = logging.getLogger('a.b')", "x is logging.getLogger('a.b')"),
    ("an exception", "x = ValueError('a', 3)", "(x.args, type(x))"),
    ("an exception with its causes", "try:\n  try: {}['k']\n  except KeyError as e: raise OSError(2, 'gone', 'f') from e\nexcept OSError as e: x = e.with_traceback(None); x.__cause__.__traceback__ = None", "(x.filename, repr(x.__cause__), x.__context__ is x.__cause__, x.__suppress_context__)"),
    ("an OSError", "x = FileNotFoundError(2, 'gone', '/a')", "(x.errno, x.strerror, x.filename)"),
    ("an exception group", "x = ExceptionGroup('g', [ValueError(1), KeyError('k')])", "(x.message, [repr(e) for e in x.exceptions])"),
    ("a unicode error", "x = UnicodeDecodeError('utf-8', b'a', 0, 1, 'why')", "(x.start, x.end, x.reason)"),
    ("the streams of the process", "import sys\nx = [sys.stdout, sys.stderr]", "x[0] is sys.stdout and x[1] is sys.stderr"),
    ("the environment", "import os\nx = os.environ", "x is os.environ"),
    ("a module", "import os.path as x", "x.__name__"),
    ("a module made by hand", "import types\nx = types.ModuleType('mine'); x.a = [1]", "(x.__name__, x.a)"),
    ("a builtin function", "x = [len, print, [].append, str.upper, 'a'.join]", "(x[0]([1]), x[3]('a'), x[4]('bc'))"),
    ("a bound builtin of a variable", "l = []\nx = l.append", "(x(3), l)"),
    ("operators", "import operator as o\nx = [o.itemgetter(1), o.attrgetter('real'), o.methodcaller('upper')]", "(x[0]('ab'), x[1](3), x[2]('a'))"),
    ("types of C", "import types\nx = [type(None), types.FunctionType, type(...), int, types.GeneratorType]", "x"),
    ("a generic alias", "x = [list[int], dict[str, int | None], int | str]", "x"),
    ("typing forms", "import typing as t\nx = [t.Optional[int], t.Callable[[int], str], t.Literal['a'], t.Any]", "x"),
    ("a weak reference", "import weakref\nclass C: pass\nc = C()\nx = weakref.ref(c)", "x() is c"),
    ("a dead weak reference", "import weakref\nclass C: pass\nx = weakref.ref(C()); import gc; gc.collect()", "x()"),
    ("weak collections", "import weakref\nclass C: pass\nc = C()\nx = (weakref.WeakSet([c]), weakref.WeakValueDictionary(a=c))", "(c in x[0], x[1]['a'] is c)"),
    ("a weak method", "import weakref\nclass C:\n  def m(self): return 5\nc = C()\nx = weakref.WeakMethod(c.m)", "x()()"),
    ("an ipaddress", "import ipaddress\nx = ipaddress.ip_network('10.0.0.0/8')", "x"),
    ("a string template", "import string\nx = string.Template('$a')", "x.substitute(a=1)"),
    ("an ended process", "import subprocess, sys\nx = subprocess.run([sys.executable, '-c', ''], capture_output=True)", "(x.returncode, x.stdout)"),
    ("a namespace of arguments", "import argparse\nx = argparse.Namespace(a=1)", "x"),
    ("a config parser", "import configparser\nx = configparser.ConfigParser(); x.read_string('[a]\\nb=1')", "x['a']['b']"),
    ("an element tree", 'import xml.etree.ElementTree as E\nx = E.fromstring(\'<a><b c="1"/></a>\')', "E.tostring(x)"),
    ("a heap in a closed-over list", "import heapq\nx = [3, 1, 2]; heapq.heapify(x)", "x"),
]

FUNCTIONS = [
    ("a function", "def x(a, /, b=2, *c, d=4, **e): return a, b, c, d, e", "x(1, 2, 3, d=5, f=6)"),
    ("a function's texts", "def x(a: int = 1) -> str:\n  'doc'\nx.note = [1]", "(x.__doc__, x.note, x.__name__, x.__module__, x.__qualname__)"),
    ("annotations", "def x(a: int) -> str: ...", "x.__annotations__"),
    ("a function of globals", "k = 3\ndef x(): return k + 1", "x()"),
    ("functions that call each other", "def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n != 0 and even(n - 1)", "(even(10), odd(7))"),
    ("a lambda in a list", "x = [lambda a, b=3: a * b]", "x[0](4)"),
    ("a recursive closure", "def make():\n  def f(n): return 1 if n < 2 else n * f(n - 1)\n  return f\nx = make()", "x(5)"),
    ("two closures over one cell", "def make():\n  n = 0\n  def inc():\n    nonlocal n; n += 1; return n\n  return inc, lambda: n\ninc, get = make(); inc()", "(get(), inc(), get())"),
    ("a closure over an empty cell", "def make():\n  def f(): return late\n  if False: late = 1\n  return f\nx = make()", "x.__closure__[0] == __import__('types').CellType()"),
    ("a cell by itself", "def make():\n  v = [1]\n  return lambda: v\nf = make()\nx = f.__closure__[0]", "(x.cell_contents is f(), x is f.__closure__[0])"),
    ("a list held by a default", "l = [1]\ndef x(a=l): return a", "x() is l"),
    ("a list held by a closure", "def make(v): return lambda: v\nl = [1]\nx = make(l)", "x() is l"),
    ("a list held by an attribute", "l = [1]\ndef x(): ...\nx.cache = l", "x.cache is l"),
    ("a keyword-only default shared", "l = [1]\ndef x(*, a=l): return a", "x() is l"),
    ("a decorated function", "import functools\ndef deco(f):\n  @functools.wraps(f)\n  def w(*a): return 1 + f(*a)\n  return w\n@deco\ndef x(a): return a * 2", "(x(3), x.__wrapped__(3), x.__name__)"),
    ("a context manager of a generator", "import contextlib\n@contextlib.contextmanager\ndef x():\n  yield 5", "x().__enter__()"),
    ("a generator function", "def x():\n  yield from (1, 2)", "list(x())"),
    ("a coroutine function", "import asyncio\nasync def x(): return 3", "asyncio.run(x())"),
    ("a partial of a notebook function", "import functools\ndef f(a, b): return a - b\nx = functools.partial(f, b=1)", "(x(5), x.func is f)"),
    ("an lru_cache", "import functools\n@functools.lru_cache(maxsize=7)\ndef x(n): return n if n < 2 else x(n - 1) + x(n - 2)", "(x(20), x.cache_parameters())"),
    ("a single dispatch", "import functools\n@functools.singledispatch\ndef x(a): return 'any'\n@x.register\ndef _(a: int): return 'int'", "(x(1), x('a'))"),
    ("a code object", "x = compile('1 + 2', 'a', 'eval')", "eval(x)"),
    ("a bound method", "class C:\n  def m(self): return self.v\nc = C(); c.v = 4\nx = c.m", "(x(), x.__self__ is c)"),
    ("a method of a function", "import types\ndef f(self): return len(self)\nx = types.MethodType(f, [1, 2])", "x()"),
    ("a function with its own globals", "g = {'k': 4}\nexec('def f(): return k', g)\nx = g['f']\ndel g", "x()"),
    ("a property by itself", "x = property(lambda self: 3)", "x.fget(None)"),
    ("a static method by itself", "x = staticmethod(lambda: 3)", "x()"),
    ("a callback on oneself", "class C:\n  def __init__(self): self.cb = self.go\n  def go(self): return id(self)\nx = C()", "x.cb() == id(x)"),
    ("a function in its own attribute", "def x(): return 3\nx.me = x", "x.me is x"),
    ("one lambda under two names", "f = lambda: 1\nx = f", "x is f"),
    ("one lambda in two lists", "def make(): return lambda: 1\nf = make()\na = [f]; b = [f]\ndel f", "a[0] is b[0]"),
    ("nested functions' sources", "def make():\n  def inner(): return 5\n  return inner\nx = make()", "__import__('inspect').getsource(x)"),
]

CLASSES = [
    ("a class and its instance", "class C:\n  def m(self): return self.v\nx = C(); x.v = 3", "(x.m(), type(x) is C, isinstance(x, C))"),
    ("super and __class__", "class A:\n  def m(self): return 1\nclass B(A):\n  def m(self): return super().m() + 1\nx = B()", "(x.m(), B.__mro__[1] is A)"),
    ("class attributes", "class C: v = [1]\nC.v.append(2); C.late = 5\nx = C()", "(x.v, x.late, x.v is C.v)"),
    ("a class attribute that a variable holds", "class C: registry = {}\nr = C.registry\nx = C()", "C.registry is r and x.registry is r"),
    ("static, class and property members", "class C:\n  @staticmethod\n  def s(): return 1\n  @classmethod\n  def c(cls): return cls\n  @property\n  def p(self): return 3\nx = C()", "(x.s(), x.c() is C, x.p)"),
    ("a property with a setter", "class C:\n  @property\n  def p(self): return self._p\n  @p.setter\n  def p(self, v): self._p = v * 2\nx = C(); x.p = 2", "(x.p, setattr(x, 'p', 5), x.p)"),
    ("slots", "class C:\n  __slots__ = ('a', '__b', 'c')\n  def __init__(self): self.a = 1; self.__b = 2\nx = C()", "(x.a, x._C__b, hasattr(x, 'c'), hasattr(x, '__dict__'))"),
    ("slots and a base with a dict", "class A: pass\nclass C(A):\n  __slots__ = 'a'\nx = C(); x.a = 1; x.z = 2", "(x.a, x.z)"),
    ("nested classes", "class C:\n  class D:\n    def m(self): return 7\nx = C.D()", "(x.m(), type(x) is C.D, C.D.__qualname__)"),
    ("a local class", "def make():\n  class L:\n    k = 2\n    def m(self): return __class__\n  return L\nL = make()\nx = L()", "(type(x) is L, x.m() is L)"),
    ("a local class shared by two names", "def make():\n  class L: pass\n  return L\nL = make()\na = L(); b = L()\ndel L", "type(a) is type(b)"),
    ("a dataclass", "import dataclasses as d\n@d.dataclass\nclass P:\n  a: int\n  b: list = d.field(default_factory=list)\nx = P(1)", "(x, P(2), d.asdict(x), [f.name for f in d.fields(x)], x == P(1))"),
    ("a frozen dataclass with slots", "import dataclasses as d\n@d.dataclass(frozen=True, slots=True)\nclass P:\n  a: int = 1\nx = {P(2): 'v'}", "(x[P(2)], P())"),
    ("a dataclass with keyword-only fields", "import dataclasses as d\n@d.dataclass(kw_only=True, order=True)\nclass P:\n  a: int\nx = P(a=1)", "(x, x < P(a=2))"),
    ("an enum", "import enum\nclass E(enum.Enum):\n  A = 1\n  B = 'b'\n  C = 1\nx = [E.A, E.B]", "(x[0] is E.A, E('b') is x[1], list(E), E.C is E.A, x[0].name)"),
    ("an enum with values of its own", "import enum\nclass E(enum.Enum):\n  A = (1, 2)\n  def __init__(self, p, q): self.p = p\n  def m(self): return self.p\nx = E.A", "(x.m(), E((1, 2)) is x)"),
    ("an int enum, a str enum and a flag", "import enum\nclass I(enum.IntEnum):\n  A = 3\nclass S(enum.StrEnum):\n  A = enum.auto()\nclass F(enum.Flag):\n  A = 1\n  B = 2\nx = [I.A, S.A, F.A | F.B]", "(x[0] + 1, x[0] is I.A, x[1].upper(), F.A in x[2], x[2] == F.A | F.B)"),
    ("a functional enum", "import enum\nE = enum.Enum('E', 'A B')\nx = E.B", "(x is E.B, x.value)"),
    ("a namedtuple", "import collections\nP = collections.namedtuple('P', 'a b', defaults=[5])\nx = P(1)", "(x, x.b, P(2), x._replace(a=3), type(x) is P)"),
    ("a typed namedtuple", "import typing\nclass P(typing.NamedTuple):\n  a: int\n  b: str = 'k'\n  def m(self): return self.a\nx = P(1)", "(x, x.m(), P._field_defaults)"),
    ("a typed dict", "import typing\nclass T(typing.TypedDict):\n  a: int\nx = T(a=1)", "(x, T.__annotations__, T.__total__)"),
    ("an abstract class", "import abc\nclass A(abc.ABC):\n  @abc.abstractmethod\n  def m(self): ...\nclass B(A):\n  def m(self): return 1\nA.register(int)\nx = B()", "(x.m(), isinstance(x, A), issubclass(int, A), A.__abstractmethods__)"),
    ("a protocol", "import typing\n@typing.runtime_checkable\nclass P(typing.Protocol):\n  def m(self) -> int: ...\nclass C:\n  def m(self): return 1\nx = C()", "(isinstance(x, P), isinstance(3, P))"),
    ("a generic class over an abstract one", "import abc, typing\nclass B(abc.ABC): ...\nclass G(B, typing.Generic[typing.TypeVar('Q')]):\n  def __init__(self, v): self.v = v\nx = G([1])", "(x.v, [c.__name__ for c in type(x).__mro__])"),
    ("a generic class that holds an instance of a class derived from it", "import typing\nclass G(typing.Generic[typing.TypeVar('Q')]):\n  made = []\nclass D(G[int]): ...\nx = D(); G.made.append(x)", "(type(x).__orig_bases__[0].__args__, G.made[0] is x)"),
    ("a generic class", "import typing\nT = typing.TypeVar('T', bound=int)\nclass G(typing.Generic[T]):\n  def __init__(self, v: T): self.v = v\nx = G[int](3)", "(x.v, x.__orig_class__, G.__parameters__ == (T,), T.__bound__)"),
    ("a new type", "import typing\nU = typing.NewType('U', int)\nx = U(3)", "(x, U.__supertype__, U(4))"),
    ("a metaclass", "class M(type):\n  made = []\n  def __new__(m, n, b, ns):\n    M.made.append(n)\n    return super().__new__(m, n, b, ns)\n  def __len__(cls): return 4\nclass C(metaclass=M): pass\nx = C()", "(len(C), M.made, type(type(x)) is M)"),
    ("a registry of subclasses", "class A:\n  known = []\n  def __init_subclass__(cls, *, tag, **k): A.known.append((tag, cls))\nclass B(A, tag='b'): pass\nx = B()", "(A.known == [('b', B)], type(x) is B)"),
    ("a descriptor", "class D:\n  def __set_name__(self, o, n): self.n = n\n  def __get__(self, o, t): return self.n\nclass C: d = D()\nx = C()", "x.d"),
    ("a cached property", "import functools\nclass C:\n  @functools.cached_property\n  def p(self): return [1]\nx = C(); x.p", "(x.p, C().p)"),
    ("subclasses of builtins", "class L(list): tag = 1\nclass D(dict):\n  def __missing__(self, k): return k\nclass I(int): pass\nclass S(str): pass\nx = [L([1]), D(a=1), I(3), S('a')]; x[0].k = 2", "(x, x[0].k, x[1]['z'], [type(v).__name__ for v in x])"),
    ("an exception of one's own", "class E(Exception):\n  def __init__(self, a, b):\n    super().__init__(f'{a}-{b}')\n    self.a = a\nx = E(1, 2)\nx.__cause__ = KeyError('k')", "(str(x), x.a, repr(x.__cause__))"),
    ("getstate and setstate", "class C:\n  def __init__(self): self.a = 1; self.skip = open\n  def __getstate__(self): return {'a': 1}\n  def __setstate__(self, s): self.__dict__.update(s, back=1)\nx = C()", "(x.a, getattr(x, 'back', 1), 'back' in vars(x) or hasattr(x, 'skip'))"),
    ("__reduce__", "def build(v): return C(v)\nclass C:\n  def __init__(self, v): self.v = v\n  def __reduce__(self): return build, (self.v,)\nx = C(4)", "x.v"),
    ("an instance in its own class", "class C:\n  def __hash__(self): return 3\n  def __eq__(self, o): return type(o) is C\nC.ONLY = C(); C.INDEX = {C.ONLY: 1}\nx = C.ONLY", "(x is C.ONLY, C.INDEX[x])"),
    ("a set of objects that hash by a method", "class C:\n  def __init__(self, v): self.v = v\n  def __hash__(self): return hash(self.v)\n  def __eq__(self, o): return self.v == o.v\nx = {C('a'), C('b')}", "(C('a') in x, len(x))"),
    ("a cycle of instances", "class N: pass\na = N(); b = N(); a.n = b; b.n = a\nx = a", "(x.n.n is x, x.n is b)"),
    ("a proxy by __getattr__", "class P:\n  def __init__(self, o): self.o = o\n  def __getattr__(self, n): return getattr(self.__dict__['o'], n)\nx = P([1, 2])", "x.count(1)"),
    ("an operator method", "class V:\n  def __init__(s, a): s.a = a\n  def __add__(s, o): return V(s.a + o.a)\nx = V(2)", "(x + x).a"),
    ("a class made by type()", "x = type('Q', (), {'m': lambda self: 3})()", "x.m()"),
    ("a class decorator with a closure", "def deco(c):\n  old = c.m\n  c.m = lambda self: old(self) + 1\n  return c\n@deco\nclass C:\n  def m(self): return 1\nx = C()", "x.m()"),
    ("total ordering", "import functools\n@functools.total_ordering\nclass C:\n  def __init__(s, v): s.v = v\n  def __eq__(s, o): return s.v == o.v\n  def __lt__(s, o): return s.v < o.v\nx = C(1)", "(x <= C(1), x > C(0))"),
    ("an old-style state with a lock", "import threading\nclass C:\n  def __init__(self): self.l = threading.RLock(); self.v = 1\nx = C()", "(x.l.acquire(), x.v)"),
    ("a structure", STRUCTURE + "x = P(1, 2.5)", "(x.a, x.b, x.m(), type(x) is P, ctypes.sizeof(P), P(3).a)", "ctypes", "x.a", "x.a = 5"),
    ("an array of structures", STRUCTURE + "y = (P * 3)(P(1), P(2))\nx = y[1]", "(type(y) is P * 3, x.a, setattr(x, 'a', 7), y[1].a)", "ctypes", "", "y[1].a = 3"),
    ("a packed structure with parts", STRUCTURE + "class Q(P):\n  _pack_ = 1\n  _layout_ = 'ms'\n  _fields_ = [('p', P), ('c', ctypes.c_char * 3), ('l', ctypes.c_int, 3)]\nx = Q(1, 2., P(5, 6.), b'ab', 2)\ny = x.p", "(x.a, x.c, x.l, ctypes.sizeof(Q), setattr(y, 'a', 8), x.p.a, issubclass(Q, P))", "ctypes", "", "y.a = 4"),
    ("a union in the order of bytes of others", "import ctypes\nclass U(ctypes.BigEndianUnion):\n  _fields_ = [('a', ctypes.c_int), ('f', ctypes.c_short)]\nx = U(a=1)", "(x.a, x.f, bytes(x))", "ctypes", "x.f", "x.a = 5"),
    ("a structure in a buffer", STRUCTURE + "b = bytearray(64)\nx = P.from_buffer(b, 8)", "(x.a, b.__setitem__(8, 5), x.a)", "ctypes", "", "b[8] = 1"),
    ("a structure that points to its like", "import ctypes\nclass N(ctypes.Structure): pass\nN._fields_ = [('v', ctypes.c_int), ('next', ctypes.POINTER(N))]\nx = N", "(x(3).v, bool(x(3).next), x is N)"),
    ("a class with a class of its own attribute", "class C: pass\nC.me = C\nx = C", "x.me is x"),
]

ARRAYS = [
    ("an array", "import numpy as np\nx = np.arange(6.).reshape(2, 3)", "(x.tolist(), x.dtype, x.flags.c_contiguous)", NUMPY),
    ("a large array", "import numpy as np\nx = np.arange(100_000)", "(int(x.sum()), x.dtype, x.flags.writeable, x.__setitem__(0, 5), int(x[0]))", NUMPY),
    ("Fortran order", "import numpy as np\nx = np.asfortranarray(np.arange(6).reshape(2, 3))", "(x.tolist(), x.strides, x.flags.f_contiguous)", NUMPY),
    ("permuted axes", "import numpy as np\nx = np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2).copy(order='K')", "(x.tolist(), x.strides)", NUMPY),
    ("a read-only array", "import numpy as np\nx = np.arange(3); x.flags.writeable = False", "(x.flags.writeable, x.tolist())", NUMPY),
    ("a large read-only array", "import numpy as np\nx = np.arange(90_000.); x.flags.writeable = False", "(x.flags.writeable, float(x.sum()))", NUMPY),
    ("no elements and no dimensions", "import numpy as np\nx = [np.zeros((0, 3)), np.array(5), np.array([])]", "[(a.shape, a.dtype, a.tolist()) for a in x]", NUMPY),
    ("structured, text and time types", "import numpy as np\nx = [np.array([(1, 2.)], dtype=[('a', 'i4'), ('b', 'f8')]), np.array(['ab', 'c']), np.array(['2026-01-02'], 'M8[ns]'), np.array([1], 'm8[s]'), np.array([b'q'])]", "[(a.tolist(), a.dtype) for a in x]", NUMPY),
    ("big endian and half", "import numpy as np\nx = [np.array([1, 2], '>i4'), np.array([1.5], 'f2'), np.array([1 + 2j])]", "[(a.tolist(), a.dtype) for a in x]", NUMPY),
    ("an array of objects", "import numpy as np\nl = [1]\nx = np.array([l, None, 'a', l], dtype=object)", "(x.tolist(), x[0] is x[3], x[0] is l)", NUMPY),
    ("an array of objects that holds itself", "import numpy as np\nx = np.empty(1, object); x[0] = x", "x[0] is x", NUMPY),
    ("a view", "import numpy as np\na = np.arange(12).reshape(3, 4)\nx = a[1:, ::-2]", "(x.tolist(), x.strides, x.base is a.base or x.base is a, a.__setitem__((1, 3), 99), x.tolist())", NUMPY),
    ("a row of a structured array", "import numpy as np\na = np.array([(1, 2.), (3, 4.)], dtype=[('i', 'i4'), ('f', 'f8')])\nx = a[1]", "(x.tolist(), x.__setitem__('i', 9), a[1].tolist())", NUMPY, "", "x['i'] = 8"),
    ("a row of a record array", "import numpy as np\na = np.array([(1, 2.), (3, 4.)], dtype=[('i', 'i4'), ('f', 'f8')]).view(np.recarray)\nx = a[1]", "(x.f, x.__setitem__('i', 9), a.i.tolist(), type(a), type(x))", NUMPY, "", "a.i[1] = 8"),
    ("a row inside a row", "import numpy as np\na = np.zeros(2, dtype=[('p', [('x', 'i4')]), ('q', 'f8')])\nx = a[1]['p']", "(x.__setitem__('x', 9), a.tolist())", NUMPY, "", "x['x'] = 5"),
    ("a row with objects", "import numpy as np\na = np.array([([1], 2.), ([3], 4.)], dtype=[('i', 'O'), ('f', 'f8')])\nx = a[1]", "(x['i'] is a[1]['i'], x.__setitem__('f', 9), a.tolist())", NUMPY, "", "x['i'].append(8)"),
    ("an iterator over elements", "import numpy as np\na = np.arange(6).reshape(2, 3)\nx = a.flat; next(x)", "(x.index, x.base is a, x.coords, list(x))", NUMPY, "", "x[0] = 8"),
    ("a memory map", "import numpy as np\nnp.arange(10.).tofile('map.bin')\nx = np.memmap('map.bin', 'f8', 'r', 16)", "(x.tolist(), x.mode, x.offset, x.filename, type(x), x.flags.writeable)", NUMPY, "x.sum(), x[1:]"),
    ("a part of a memory map", "import numpy as np\nnp.arange(10.).tofile('part.bin')\nm = np.memmap('part.bin', 'f8', 'r+', shape=(2, 5), order='F')\nx = m.T[1::2]", "(x.tolist(), np.shares_memory(m, x), type(x), x.filename == m.filename)", NUMPY, "x.sum()"),
    ("an array on a memory map", "import numpy as np\nnp.arange(10.).tofile('onmap.bin')\nm = np.memmap('onmap.bin', 'f8', 'r+')\nx = np.asarray(m)[::-2]", "(x.tolist(), np.shares_memory(m, x), type(x))", NUMPY),
    ("a copy of a memory map", "import numpy as np\nnp.arange(10.).tofile('copied.bin')\nx = np.memmap('copied.bin', 'f8', 'r').copy()", "(x.tolist(), type(x))", NUMPY, "x.sum()", "x[0] = 5"),
    ("a view of large memory", "import numpy as np\na = np.zeros(100_000)\nx = a[10:20]", "(a.__setitem__(10, 7.), float(x[0]), x.base is a)", NUMPY),
    ("a view of another type", "import numpy as np\na = np.arange(2, dtype='i4')\nx = a.view('u1')", "(x.__setitem__(0, 9), a.tolist())", NUMPY),
    ("a broadcast view", "import numpy as np\na = np.arange(3)\nx = np.broadcast_to(a, (2, 3))", "(x.tolist(), x.strides, x.flags.writeable, a.__setitem__(0, 5), x.tolist())", NUMPY),
    ("a view of objects", "import numpy as np\na = np.array([[1], [2], [3]], dtype=object)[:, 0]\nb = a[::-1]", "(b.tolist(), a.__setitem__(0, 'z'), b.tolist())", NUMPY),
    ("an array on a bytearray", "import numpy as np\nb = bytearray(8)\nx = np.frombuffer(b, 'u1')", "(b.__setitem__(0, 5), int(x[0]))", NUMPY),
    ("a view alone", "import numpy as np\nx = np.arange(10)[::3]", "x.tolist()", NUMPY),
    ("a read-only view of a writable array", "import numpy as np\na = np.arange(4)\nx = a[:2]; x.flags.writeable = False", "(x.flags.writeable, a.__setitem__(0, 9), x.tolist())", NUMPY),
    ("numpy scalars", "import numpy as np\nx = [np.float32(1.5), np.int8(3), np.datetime64('2026-01-01'), np.bool_(True), np.str_('a')]", "[(v, type(v)) for v in x]", NUMPY),
    ("a generator of numpy", "import numpy as np\nx = np.random.default_rng(5); x.random()", "x.random()", NUMPY),
    ("a RandomState", "import numpy as np\nx = np.random.RandomState(5); x.rand()", "x.rand()", NUMPY),
    ("two generators on one bit generator", "import numpy as np\nb = np.random.PCG64(1)\nx = [np.random.Generator(b), np.random.Generator(b)]", "(x[0].random(), x[1].random())", NUMPY),
    ("numpy's hidden generator", "import numpy as np\nx = np.random.mtrand._rand", "x is np.random.mtrand._rand", NUMPY),
    ("a masked array", "import numpy as np\nx = np.ma.array([1, 2], mask=[0, 1])", "(x.tolist(), x.mask.tolist(), np.ma.masked is x[1])", NUMPY),
    ("a matrix and a record array", "import numpy as np\nx = [np.matrix([[1, 2]]), np.rec.array([(1, 'a')], names='n,t')]", "(x[0] * x[0].T, x[1].n.tolist(), type(x[0]).__name__)", NUMPY),
    ("a subclass of arrays", "import numpy as np\nclass A(np.ndarray):\n  def __array_finalize__(self, o): self.tag = getattr(o, 'tag', None)\nx = np.arange(3).view(A); x.tag = 'k'", "(x.tolist(), x.tag, type(x) is A)", NUMPY),
    ("ufuncs and dtypes", "import numpy as np\nx = [np.add, np.dtype('f4'), np.float64, np.sum]", "(x[0](1, 2), x[1], x[2], x[3]([1, 2]))", NUMPY),
    ("a frame", "import pandas as pd\nx = pd.DataFrame({'a': [1, 2], 'b': ['x', None], 'c': [1.5, 2]}, index=['p', 'q']); x.attrs['k'] = [1]", "(x.to_dict(), x.dtypes.tolist(), x.index, x.attrs)", PANDAS),
    ("a frame of many types", "import pandas as pd\nx = pd.DataFrame({'c': pd.Categorical(['a', 'b']), 't': pd.to_datetime(['2026-01-01', None]), 'z': pd.to_datetime(['2026-01-01', '2026-01-02'], utc=True), 'i': pd.array([1, None], dtype='Int64'), 's': pd.array(['a', None], dtype='string')})", "(x.to_csv(), x.dtypes.tolist())", PANDAS),
    ("a large frame", "import pandas as pd, numpy as np\nx = pd.DataFrame(np.arange(200_000.).reshape(-1, 4), columns=list('abcd'))", "(x.sum().tolist(), x.__setitem__('a', 0), float(x.a.sum()))", PANDAS),
    ("a series and its index", "import pandas as pd\nx = pd.Series([1, 2], index=pd.MultiIndex.from_tuples([('a', 1), ('b', 2)]), name='n')", "(x.to_dict(), x.name, x.index.names)", PANDAS),
    ("indexes", "import pandas as pd\nx = [pd.RangeIndex(3), pd.date_range('2026', periods=2, freq='D'), pd.period_range('2026', periods=2, freq='M'), pd.IntervalIndex.from_breaks([0, 1, 2]), pd.CategoricalIndex(['a'])]", "[repr(i) for i in x]", PANDAS),
    ("pandas scalars", "import pandas as pd\nx = [pd.Timestamp('2026', tz='UTC'), pd.Timedelta(1), pd.NaT, pd.NA, pd.Period('2026-01'), pd.Interval(0, 1)]", "([repr(v) for v in x], x[2] is pd.NaT, x[3] is pd.NA)", PANDAS),
    ("an array that a frame was made from", "import pandas as pd, numpy as np\na = np.zeros((2, 2))\nx = pd.DataFrame(a.copy())", "(x.iloc.__setitem__((0, 0), 5.), a.tolist())", PANDAS),
    ("two frames that write apart", "import pandas as pd\na = pd.DataFrame({'v': [1, 2]})\nb = a.copy(deep=False) if pd.__version__ >= '3' else a.copy()\nx = [a, b]", "(a.loc.__setitem__((0, 'v'), 9), a.v.tolist(), b.v.tolist(), x[0] is a)", PANDAS),
    ("a sparse frame", "import pandas as pd\nx = pd.DataFrame({'a': pd.arrays.SparseArray([0, 0, 1])})", "(x.a.tolist(), x.dtypes.tolist())", PANDAS),
    ("a frame of lists", "import pandas as pd\nl = [1]\nx = pd.Series([l, l, None])", "(x.tolist(), x[0] is x[1], x[0] is l)", PANDAS),
    ("a group by", "import pandas as pd\nd = pd.DataFrame({'k': ['a', 'b', 'a'], 'v': [1, 2, 3]})\nx = d.groupby('k')", "x.v.sum().to_dict()", PANDAS),
    ("an arrow-backed frame", "import pandas as pd, pyarrow\nx = pd.DataFrame({'a': pd.array([1, None], dtype='int64[pyarrow]')})", "(x.a.tolist().__repr__(), x.dtypes.tolist())", ARROW),
    ("an arrow table", "import pyarrow as pa\nx = pa.table({'a': [1, None], 's': ['x', 'y']})", "(x.to_pydict(), x.schema)", ARROW),
    ("a large arrow array", "import pyarrow as pa\nx = pa.array(range(50_000)).slice(10, 40_000)", "(len(x), x[0].as_py())", ARROW),
    ("a polars frame", "import polars as pl\nx = pl.DataFrame({'a': [1, None], 's': ['x', 'y']})", "(x.to_dict(as_series=False), x.schema)", POLARS),
    ("polars lazily", "import polars as pl\nx = pl.DataFrame({'a': [1, 2]}).lazy().filter(pl.col('a') > 1)", "x.collect().to_dict(as_series=False)", POLARS),
    ("a sparse matrix", "import scipy.sparse as s\nx = s.csr_matrix([[0, 1], [2, 0]])", "(x.toarray().tolist(), x.format)", SCIPY),
    ("an interpolator", "import scipy.interpolate as i\nx = i.interp1d([0, 1], [0, 2])", "float(x(.5))", SCIPY),
    ("a tree tells tall from short", "import numpy as np\nfrom sklearn.tree import DecisionTreeClassifier as T\nx = T(random_state=0).fit([[0], [1]], [0, 1])", "x.predict([[0], [1]]).tolist()", SKLEARN),
    ("a forest in a pipeline", "from sklearn.pipeline import make_pipeline as p\nfrom sklearn.preprocessing import StandardScaler as S\nfrom sklearn.ensemble import RandomForestRegressor as R\nx = p(S(), R(5, random_state=0)).fit([[0.], [1.], [2.]], [0, 1, 2])", "x.predict([[1.5]]).tolist()", SKLEARN),
    ("a model of a notebook", "import pydantic\nclass M(pydantic.BaseModel):\n  a: int\n  b: list[str] = []\nx = M(a='3')", "(x, M(a=1, b=['k']), x.model_dump(), type(x) is M)", PYDANTIC),
    ("an attrs class", "import attrs\n@attrs.define\nclass A:\n  a: int = 1\n  b: list = attrs.field(factory=list)\nx = A(2)", "(x, A(), x == A(2))", "attrs"),
    ("a sorted list", "from sortedcontainers import SortedDict\nx = SortedDict(b=1, a=2)", "list(x.items())", "sortedcontainers"),
    ("a figure", "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nx, ax = plt.subplots(); ax.plot([1, 2])", "(x.axes[0] is ax, ax.lines[0].get_ydata().tolist())", "matplotlib"),
]

# fmt: on


LIVE = [
    Entry(f"live: {title}", cell, shown, *needs, live=True)
    for title, cell, shown, *needs in (
        *FUNCTIONS,
        *CLASSES,
        *(row for row in ARRAYS if row[0] in ("a model of a notebook", "an attrs class")),
    )
]
TABLE = [Entry(*row) for rows in (PLAIN, STANDARD, FUNCTIONS, CLASSES, ARRAYS) for row in rows]


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Trip:
    return travel([*TABLE, *LIVE], tmp_path_factory.mktemp("kinds"))


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.title)
def test_an_object_comes_back_in_a_fresh_process_as_it_was(entry: Entry, trip: Trip) -> None:
    if entry.title not in trip.before:
        pytest.skip(f"{entry.needs} is not installed")
    before, after = trip.before[entry.title], trip.after.get(entry.title)
    assert before.error == ""
    assert (before.lost, before.dropped, before.unlike, before.missed) == ([], [], [], [])
    assert after is not None
    assert after.shown == before.shown
    assert after.alias or not before.linked


@pytest.mark.parametrize("entry", LIVE, ids=lambda entry: entry.title)
def test_functions_and_classes_that_are_live_are_used_as_they_are(entry: Entry, trip: Trip) -> None:
    if entry.title not in trip.before:
        pytest.skip(f"{entry.needs} is not installed")
    assert trip.after[entry.title].shown == trip.before[entry.title].shown
    assert trip.after[entry.title].apart == []


def test_restoring_has_no_effect_outside_the_process(trip: Trip) -> None:
    assert trip.touched == []


def test_the_table_is_long_and_no_two_entries_are_one() -> None:
    assert len(TABLE) >= 120
    assert len({each.title for each in TABLE}) == len(TABLE)

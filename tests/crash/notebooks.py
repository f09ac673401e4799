"""Small notebooks, each with one way in which a resumed run could differ from an unbroken one. To add one, add a `Book`.

Cells are parted by lines of ``---``. Each durable cell leaves one effect named after it, so that its executions can be counted.
"""

from __future__ import annotations

import sys

from crash.equivalence import Book

PICKLED = sys.version_info < (3, 14)  # objects of itertools but count and repeat can't be stored since
TURNS, SUMS = ('itertools.cycle("ab")', "itertools.accumulate([1, 2, 3, 4])") if PICKLED else ('iter("abab")', "iter([1, 3, 6, 10])")

BOOKS: list[Book] = [
    # -- shared references ---------------------------------------------------------------------------------------------------------
    Book(
        "alias-across-cells",
        "A list bound by one step and held by another's dict stays one list.",
        """
%%durable make
effect("make")
a = [1, 2]
---
%%durable hold
effect("hold")
b = {"l": a}
---
b["l"].append(3)
print(a)
---
%%durable after
effect("after")
c = [a, b["l"]]
print(c[0] is c[1])
""",
    ),
    Book(
        "alias-of-a-part",
        "A step that keeps a part of an earlier value keeps the part itself, not a copy.",
        """
%%durable make
effect("make")
table = {"rows": [[1], [2]], "total": 0}
---
%%durable part
effect("part")
first = table["rows"][0]
first.append(10)
---
first.append(11)
---
%%durable sum
effect("sum")
table["total"] = sum(table["rows"][0])
table["total"]
""",
    ),
    Book(
        "swap-of-aliases",
        "Names that trade their values keep them traded.",
        """
%%durable make
effect("make")
a, b = [1], [2]
pair = (a, b)
---
%%durable swap
effect("swap")
a, b = b, a
---
a.append("a")
print(pair, a, b)
""",
    ),
    Book(
        "cycle",
        "A value that holds itself is put back as one.",
        """
%%durable make
effect("make")
node = {"name": "root", "children": []}
node["children"].append({"parent": node})
---
%%durable grow
effect("grow")
leaf = node["children"][0]
leaf["parent"]["children"].append(leaf)
print(len(node["children"]))
""",
    ),
    Book(
        "alias-broken-by-a-step",
        "A step that replaces a shared list by an equal one of its own has parted the names.",
        """
%%durable make
effect("make")
a = [1]
b = a
---
%%durable part
effect("part")
b = list(a)
---
a.append(2)
print(a, b)
""",
    ),
    Book(
        "plain-alias-of-a-durable-value",
        "A plain name for a durable list follows its changes.",
        """
%%durable make
effect("make")
a = [1]
---
view = a
---
%%durable grow
effect("grow")
a.append(2)
---
print(view, view is a)
""",
    ),
    # -- changes in place ----------------------------------------------------------------------------------------------------------
    Book(
        "change-through-a-function",
        "A step that changes a global through a function has changed it.",
        """
seen = []
def note(x):
    seen.append(x)
---
%%durable one
effect("one")
note(1)
---
%%durable two
effect("two")
note(2)
print(seen)
""",
    ),
    Book(
        "change-through-a-method",
        "A step that changes an object through its method has changed the object.",
        """
class Account:
    def __init__(self):
        self.entries = []
    def book(self, amount):
        self.entries.append(amount)
        return self
---
%%durable open
effect("open")
account = Account()
---
%%durable pay
effect("pay")
account.book(5).book(7)
---
account.book(1)
print(account.entries, type(account) is Account)
""",
    ),
    Book(
        "class-attribute",
        "A step that counts in a class attribute has changed the class.",
        """
class Counter:
    made = 0
    names = []
    def __init__(self, name):
        type(self).made += 1
        self.names.append(name)
---
%%durable first
effect("first")
x = Counter("x")
---
%%durable second
effect("second")
y = Counter("y")
print(Counter.made, Counter.names)
---
print(Counter.made, x.names is Counter.names)
""",
    ),
    Book(
        "default-argument",
        "A function's mutable default remembers what a step put there.",
        """
def collect(x, into=[]):
    into.append(x)
    return into
---
%%durable one
effect("one")
collect("one");
---
%%durable two
effect("two")
r = collect("two")
---
print(collect.__defaults__, r is collect.__defaults__[0])
""",
    ),
    Book(
        "closure",
        "A closure's counter goes on where the last step left it.",
        """
%%durable make
effect("make")
def counter():
    n = 0
    def up():
        nonlocal n
        n += 1
        return n
    return up
tick = counter()
---
%%durable one
effect("one")
first = tick()
---
%%durable two
effect("two")
second = tick()
---
print(first, second, tick())
""",
    ),
    Book(
        "two-closures-over-one-cell",
        "Two functions that share a variable go on sharing it.",
        """
%%durable make
effect("make")
def box():
    content = []
    def put(x): content.append(x)
    def get(): return content
    return put, get
put, get = box()
---
%%durable fill
effect("fill")
put("a")
---
put("b")
print(get())
""",
    ),
    Book(
        "registry-by-decorator",
        "Functions registered by plain cells stand in the registry that a step reads, as those of this kernel.",
        """
handlers = {}
def register(f):
    handlers[f.__name__] = f
    return f
---
@register
def double(x):
    return 2 * x
---
%%durable call
effect("call")
results = {name: f(21) for name, f in handlers.items()}
---
print(results, handlers["double"] is double)
""",
    ),
    Book(
        "registry-filled-by-a-step",
        "A step that puts functions into a plain registry has changed it.",
        """
handlers = {"x": []}
class Hook:
    def __init__(self): self.hits = 0
    def hit(self): self.hits += 1; log.append(self.hits)
log = []
---
%%durable hook
effect("hook")
handlers["x"].append(Hook())
---
%%durable hit
effect("hit")
handlers["x"][0].hit()
handlers["x"][0].hit()
---
print(log, handlers["x"][0].hits)
""",
    ),
    Book(
        "attribute-of-a-function",
        "What a step writes onto a function is there after the resume.",
        """
def f():
    f.calls += 1
    return f.calls
f.calls = 0
---
%%durable one
effect("one")
f()
---
%%durable two
effect("two")
print(f())
---
f.calls
""",
    ),
    Book(
        "accumulate-over-steps",
        "A list that every step appends to grows by each of them once.",
        """
total = []
---
%%durable s1
effect("s1")
total.append(1)
---
%%durable s2
effect("s2")
total.append(2)
---
%%durable s3
effect("s3")
total += [3]
print(total)
---
total
""",
    ),
    Book(
        "instance-in-a-set-and-as-a-key",
        "Objects used as keys and in sets are the same objects as those with names.",
        """
class Node:
    def __init__(self, name): self.name = name
    def __repr__(self): return f"Node({self.name})"
---
%%durable make
effect("make")
n, m = Node("n"), Node("m")
graph = {n: {m}, m: set()}
---
%%durable walk
effect("walk")
graph[m].add(n)
print(n in graph, m in graph[n], graph[m] == {n})
""",
    ),
    # -- functions and classes -----------------------------------------------------------------------------------------------------
    Book(
        "live-globals",
        "A function made by a step reads the notebook's globals of now, not those of its making.",
        """
rate = 2
---
%%durable define
effect("define")
def price(x):
    return x * rate
---
%%durable use
effect("use")
p = price(10)
---
rate = 3
---
print(p, price(10))
""",
    ),
    Book(
        "function-edited-in-a-plain-cell",
        "Editing a function in a plain cell runs the steps that call it, and no others.",
        """
def clean(x):
    return x + 1
---
%%durable calls
effect("calls")
y = clean(1)
---
%%durable other
effect("other")
z = 5
---
print(y, z)
""",
        edited="""
def clean(x):
    return x + 100
---
%%durable calls
effect("calls")
y = clean(1)
---
%%durable other
effect("other")
z = 5
---
print(y, z)
""",
        reruns=("calls",),
    ),
    Book(
        "helper-of-a-helper-edited",
        "A step depends on the functions that its functions call.",
        """
def inner(x): return x + 1
def outer(x): return inner(x) * 2
---
%%durable calls
effect("calls")
y = outer(1)
print(y)
""",
        edited="""
def inner(x): return x + 2
def outer(x): return inner(x) * 2
---
%%durable calls
effect("calls")
y = outer(1)
print(y)
""",
        reruns=("calls",),
    ),
    Book(
        "only-a-comment-edited",
        "A changed comment or blank line changes nothing.",
        """
def f(x):
    return x + 1
---
%%durable calls
effect("calls")
y = f(1)
print(y)
""",
        edited="""
# adds one
def f(x):

    return x + 1   # here
---
%%durable calls
# a comment

effect("calls")
y = f(1)  # another
print(y)
""",
    ),
    Book(
        "class-in-a-step",
        "A class defined by a step and its instances belong together after the resume.",
        """
%%durable define
effect("define")
class Point:
    __slots__ = ("x", "y")
    def __init__(self, x, y): self.x, self.y = x, y
    def __eq__(self, other): return (self.x, self.y) == (other.x, other.y)
    def __hash__(self): return hash((self.x, self.y))
---
%%durable make
effect("make")
p = Point(1, 2)
points = {p: "p"}
---
q = Point(1, 2)
print(type(p) is Point, p == q, points[q])
""",
    ),
    Book(
        "class-in-a-plain-cell",
        "Instances made by steps are instances of the class that the plain cell defines in this kernel.",
        """
class Animal:
    def speak(self): return "…"
class Dog(Animal):
    def speak(self): return super().speak() + "woof"
---
%%durable make
effect("make")
pets = [Dog(), Animal()]
---
print([isinstance(p, Animal) for p in pets], pets[0].speak(), type(pets[0]) is Dog)
""",
    ),
    Book(
        "method-edited-in-a-plain-cell",
        "Editing a method runs the steps that call it; instances made before have the new method.",
        """
class Model:
    def __init__(self): self.w = 1
    def predict(self, x): return x * self.w
---
%%durable fit
effect("fit")
m = Model()
m.w = 3
---
%%durable predict
effect("predict")
p = m.predict(2)
print(p)
""",
        edited="""
class Model:
    def __init__(self): self.w = 1
    def predict(self, x): return x * self.w + 1000
---
%%durable fit
effect("fit")
m = Model()
m.w = 3
---
%%durable predict
effect("predict")
p = m.predict(2)
print(p)
""",
        reruns=("fit", "predict"),
    ),
    Book(
        "dataclass-enum-namedtuple",
        "Values of notebook dataclasses, enums and named tuples keep their identity and their class.",
        """
from dataclasses import dataclass, field
from enum import Enum
from collections import namedtuple
class Color(Enum):
    RED = 1
    BLUE = 2
@dataclass
class Car:
    color: Color
    parts: list = field(default_factory=list)
Pair = namedtuple("Pair", "left right")
---
%%durable build
effect("build")
car = Car(Color.RED)
pair = Pair(car, car.parts)
---
%%durable tune
effect("tune")
car.parts.append("wheel")
---
print(car.color is Color.RED, pair.left is car, pair.right, type(pair) is Pair)
""",
    ),
    Book(
        "property-and-super",
        "A class made by a step keeps its properties, class methods and super().",
        """
%%durable define
effect("define")
class Base:
    registry = {}
    def __init_subclass__(cls, **kw):
        super().__init_subclass__(**kw)
        Base.registry[cls.__name__] = cls
    @classmethod
    def make(cls): return cls()
    @property
    def name(self): return type(self).__name__
class Child(Base):
    def greet(self): return f"I am {super().name}"
---
%%durable make
effect("make")
c = Child.make()
---
print(c.greet(), Base.registry["Child"] is Child, type(c) is Child)
""",
    ),
    Book(
        "partial-and-bound-method",
        "Partials and bound methods kept by a step act on the very objects with names.",
        """
from functools import partial
class Log:
    def __init__(self): self.lines = []
    def add(self, level, text): self.lines.append((level, text))
---
%%durable make
effect("make")
log = Log()
warn = partial(log.add, "warn")
info = log.add
---
%%durable use
effect("use")
warn("one")
---
info("info", "two")
print(log.lines)
""",
    ),
    Book(
        "lambda-and-recursion",
        "Lambdas and functions that call themselves work after the resume.",
        """
%%durable define
effect("define")
square = lambda x: x * x
def fact(n): return 1 if n < 2 else n * fact(n - 1)
table = {"sq": square, "fact": fact}
---
print(table["sq"](3), table["fact"](5), table["sq"] is square)
""",
    ),
    # -- randomness and ambient state ----------------------------------------------------------------------------------------------
    Book(
        "seeded-random",
        "Draws go on in their sequence over finished steps.",
        """
import random
random.seed(42)
---
%%durable one
effect("one")
a = random.random()
---
%%durable two
effect("two")
b = random.random()
---
c = random.random()
print(a, b, c)
""",
    ),
    Book(
        "seed-edited",
        "Editing the seed runs the steps that drew from it, and no others.",
        """
import random
random.seed(1)
---
%%durable draw
effect("draw")
a = random.random()
---
%%durable still
effect("still")
s = 7
---
print(a, s)
""",
        edited="""
import random
random.seed(2)
---
%%durable draw
effect("draw")
a = random.random()
---
%%durable still
effect("still")
s = 7
---
print(a, s)
""",
        reruns=("draw",),
    ),
    Book(
        "unseeded-random",
        "What a finished step drew without a seed is not drawn again.",
        """
import random
---
%%durable draw
effect("draw")
a = random.random()
b = [random.random() for _ in range(3)]
---
%%durable use
effect("use")
c = a + sum(b)
---
print(len(b))
""",
        kept={"a": "draw", "b": "draw", "c": "use"},
    ),
    Book(
        "seeded-numpy",
        "numpy's global generator goes on in its sequence.",
        """
import numpy as np
np.random.seed(7)
---
%%durable one
effect("one")
a = np.random.rand(3)
---
%%durable two
effect("two")
b = np.random.rand(3)
---
print(a.sum(), b.sum(), np.random.rand())
""",
        needs=("numpy",),
    ),
    Book(
        "numpy-generator-object",
        "A generator object that steps draw from goes on in its sequence, and is one object wherever it is held.",
        """
import numpy as np
---
%%durable make
effect("make")
rng = np.random.default_rng(3)
holder = {"rng": rng}
---
%%durable draw
effect("draw")
x = rng.normal(size=2)
---
%%durable more
effect("more")
y = holder["rng"].normal(size=2)
---
print(x, y, rng.random(), holder["rng"] is rng)
""",
        needs=("numpy",),
    ),
    Book(
        "seed-in-a-step",
        "A seed set by a finished step holds for the plain cells below it.",
        """
%%durable seed
import random
effect("seed")
random.seed(5)
a = random.random()
---
b = random.random()
print(a, b)
""",
    ),
    Book(
        "cwd",
        "A step's change of folder holds for the cells below it.",
        """
import os
---
%%durable enter
effect("enter")
os.makedirs("data", exist_ok=True)
os.chdir("data")
---
%%durable write
effect("write")
with open("x.txt", "w") as f:
    f.write("hello")
del f
---
print(os.path.basename(os.getcwd()), open("x.txt").read())
""",
    ),
    Book(
        "environ",
        "Environment variables that a step set are set after the resume.",
        """
import os
---
%%durable setup
effect("setup")
os.environ["MY_MODE"] = "fast"
---
%%durable read
effect("read")
mode = os.environ["MY_MODE"]
---
print(mode, os.environ.get("MY_MODE"))
""",
    ),
    Book(
        "sys-path-and-decimal",
        "sys.path, the decimal context and warning filters set by a step are set after the resume.",
        """
%%durable setup
import sys, decimal, warnings
effect("setup")
sys.path.append("/tmp/nowhere")
decimal.getcontext().prec = 7
warnings.filterwarnings("ignore", message="never mind")
---
from decimal import Decimal
print(Decimal(1) / Decimal(3), "/tmp/nowhere" in sys.path)
---
%%durable divide
effect("divide")
third = Decimal(2) / Decimal(3)
""",
    ),
    Book(
        "pandas-options",
        "pandas display options set by a step shape the tables of later cells.",
        """
import pandas as pd
---
%%durable options
effect("options")
pd.set_option("display.max_rows", 4)
---
%%durable table
effect("table")
df = pd.DataFrame({"a": range(20)})
df
---
print(df)
""",
        needs=("pandas",),
    ),
    # -- names ---------------------------------------------------------------------------------------------------------------------
    Book(
        "deleted-name",
        "A name that a step deleted stays deleted.",
        """
%%durable make
effect("make")
tmp = [1, 2, 3]
kept = tmp
---
%%durable tidy
effect("tidy")
n = len(tmp)
del tmp
---
print("tmp" in globals(), n, kept)
""",
    ),
    Book(
        "deleted-plain-name",
        "A plain name that a step deleted is gone after the resume, though the plain cell bound it again.",
        """
scratch = {"a": 1}
---
%%durable use
effect("use")
x = scratch["a"]
del scratch
---
print("scratch" in globals(), x)
""",
    ),
    Book(
        "shadowed-builtin",
        "A builtin's name bound by a step and freed by another is itself again.",
        """
%%durable shadow
effect("shadow")
list = [1, 2]
sum = 3
---
%%durable free
effect("free")
total = list + [sum]
del list
---
print(total, sum, list((1,)))
""",
    ),
    Book(
        "rebound-by-every-step",
        "A name that each step binds anew has the last value, and each step its own.",
        """
x = 1
---
%%durable a
effect("a")
x = x + 1
---
%%durable b
effect("b")
x = x * 10
---
%%durable c
effect("c")
x = x - 3
---
print(x)
""",
    ),
    Book(
        "loop-variables-and-with",
        "Names left behind by loops, with, walrus, match and except are there as in an unbroken run.",
        """
%%durable odd
import io
effect("odd")
for i in range(3):
    pass
with io.StringIO("text") as handle:
    text = handle.read()
if (n := len(text)) > 2:
    pass
match {"k": [1, 2]}:
    case {"k": [head, *tail]}:
        pass
try:
    1 / 0
except ZeroDivisionError as error:
    seen = str(error)
del handle
---
print(i, text, n, head, tail, seen, "error" in globals())
""",
    ),
    Book(
        "global-statement",
        "A function's global statement binds a notebook name, and that is kept.",
        """
def configure(value):
    global setting, history
    setting = value
    history = [value]
---
%%durable set
effect("set")
configure("on")
---
%%durable use
effect("use")
history.append(setting + "!")
print(history)
""",
    ),
    Book(
        "globals-user",
        "A step that goes through globals() sees and makes names like any other.",
        """
alpha = 1
---
%%durable make
effect("make")
for k in "xyz":
    globals()["v_" + k] = [k]
---
%%durable collect
effect("collect")
found = sorted(name for name in globals() if name.startswith("v_"))
v_x.append(len(found))
---
print(found, v_x, v_y)
""",
    ),
    Book(
        "exec-and-eval",
        "Names made and read by exec and eval are kept and counted.",
        """
%%durable make
effect("make")
exec("p = [1]; q = p")
---
%%durable use
effect("use")
r = eval("p + q")
exec("p.append(2)")
---
print(p, q, r, p is q)
""",
    ),
    Book(
        "comprehension-scopes",
        "Names inside comprehensions and functions are not those of the notebook.",
        """
x = "outer"
---
%%durable squares
effect("squares")
squares = [x for x in range(3)]
def f(y): x = y; return x
z = f(5)
---
x = "changed"
---
%%durable after
effect("after")
w = x + str(squares) + str(z)
print(w)
""",
    ),
    # -- imports -------------------------------------------------------------------------------------------------------------------
    Book(
        "imports-in-steps",
        "Imports made by a finished step are there for the cells below it.",
        """
%%durable imports
import math
import os.path as osp
from collections import Counter, OrderedDict as OD
effect("imports")
c = Counter("abca")
---
print(math.floor(2.5), osp.join("a", "b"), c.most_common(1), OD)
---
%%durable more
effect("more")
d = OD(c)
print(Counter(d) == c)
""",
    ),
    Book(
        "project-module",
        "A function of a project module is an input, and its module state is the user's own affair.",
        """
import helper
---
%%durable call
effect("call")
y = helper.double(4)
---
%%durable other
effect("other")
z = 1
---
print(y, z)
""",
        files={"helper.py": "def double(x):\n    return 2 * x\n\ndef unused():\n    return 1\n"},
        edited_files={"helper.py": "def double(x):\n    return 3 * x\n\ndef unused():\n    return 1\n"},
        reruns=("call",),
    ),
    Book(
        "project-module-unused-part-edited",
        "Editing a function that no step reaches runs nothing.",
        """
import helper
---
%%durable call
effect("call")
y = helper.double(4)
print(y)
""",
        files={"helper.py": "def double(x):\n    return 2 * x\n\ndef unused():\n    return 1\n"},
        edited_files={"helper.py": "def double(x):\n    return 2 * x\n\ndef unused():\n    return 2\n"},
    ),
    Book(
        "instances-of-a-project-class",
        "Instances of a project module's class are restored as instances of the loaded class.",
        """
from shapes import Square
---
%%durable make
effect("make")
s = Square(3)
t = [s, s]
---
%%durable grow
effect("grow")
s.side += 1
---
print(s.area(), type(s) is Square, t[0] is t[1] is s)
""",
        files={
            "shapes.py": "class Square:\n    def __init__(self, side):\n        self.side = side\n    def area(self):\n        return self.side ** 2\n"
        },
    ),
    # -- edits and orders ----------------------------------------------------------------------------------------------------------
    Book(
        "edit-in-the-middle",
        "An edited step runs again, and those below it that read what it made.",
        """
%%durable load
effect("load")
a = [1, 2, 3]
---
%%durable scale
effect("scale")
b = [x * 2 for x in a]
---
%%durable total
effect("total")
c = sum(b)
---
%%durable apart
effect("apart")
d = len(a)
---
print(b, c, d)
""",
        edited="""
%%durable load
effect("load")
a = [1, 2, 3]
---
%%durable scale
effect("scale")
b = [x * 5 for x in a]
---
%%durable total
effect("total")
c = sum(b)
---
%%durable apart
effect("apart")
d = len(a)
---
print(b, c, d)
""",
        reruns=("scale", "total"),
    ),
    Book(
        "edit-of-a-step-that-changes-in-place",
        "An edited step that changed its input in place gets the input as it was before it.",
        """
%%durable load
effect("load")
a = [3, 1, 2]
---
%%durable change
effect("change")
a.append(10)
---
%%durable use
effect("use")
s = sum(a)
---
print(a, s)
""",
        edited="""
%%durable load
effect("load")
a = [3, 1, 2]
---
%%durable change
effect("change")
a.append(20)
a.sort()
---
%%durable use
effect("use")
s = sum(a)
---
print(a, s)
""",
        reruns=("change", "use"),
    ),
    Book(
        "early-cutoff",
        "A step that runs again and gives the same leaves the steps after it as they are.",
        """
%%durable load
effect("load")
a = [1, 2]
---
%%durable use
effect("use")
b = sum(a)
print(b)
""",
        edited="""
%%durable load
effect("load")
a = [1] + [2]
---
%%durable use
effect("use")
b = sum(a)
print(b)
""",
        reruns=("load",),
    ),
    Book(
        "edited-plain-value",
        "An edited plain value runs the steps that read it.",
        """
threshold = 5
unused = 1
---
%%durable filter
effect("filter")
big = [x for x in range(10) if x > threshold]
---
%%durable other
effect("other")
o = "o"
---
print(big)
""",
        edited="""
threshold = 7
unused = 2
---
%%durable filter
effect("filter")
big = [x for x in range(10) if x > threshold]
---
%%durable other
effect("other")
o = "o"
---
print(big)
""",
        reruns=("filter",),
    ),
    Book(
        "edited-plain-change-of-a-durable-value",
        "An edited plain cell that changes a step's value in place runs the steps that read it after.",
        """
%%durable load
effect("load")
a = [1]
---
a.append(2)
---
%%durable use
effect("use")
s = sum(a)
---
print(a, s)
""",
        edited="""
%%durable load
effect("load")
a = [1]
---
a.append(200)
---
%%durable use
effect("use")
s = sum(a)
---
print(a, s)
""",
        reruns=("use",),
    ),
    Book(
        "cell-run-twice",
        "A step that drops a column can be run twice in one kernel: the second time it gets its clean input.",
        """
%%durable load
effect("load")
d = {"x": 1, "y": 2}
---
%%durable drop
effect("drop")
d = {k: v for k, v in d.items() if k != "x"}
assert len(d) == 1
---
print(d)
""",
        live="load drop drop p1 drop",
    ),
    Book(
        "in-place-cell-run-twice",
        "A step that appends in place and is run twice has appended once.",
        """
%%durable load
effect("load")
a = []
---
%%durable add
effect("add")
a.append(len(a))
---
print(a)
""",
        live="load add add p1",
    ),
    Book(
        "plain-cell-run-twice",
        "A plain cell that ran twice in a live kernel ran twice there; the resumed notebook is that of one run.",
        """
%%durable load
effect("load")
a = [1]
---
a.append(2)
---
%%durable use
effect("use")
s = len(a)
print(s)
""",
        live="load p1 p1",
    ),
    Book(
        "upstream-run-again",
        "Running an earlier step by hand after later ones puts its version back, and the later ones can go on from there.",
        """
%%durable load
effect("load")
a = [1]
---
%%durable grow
effect("grow")
a.append(2)
---
%%durable use
effect("use")
s = sum(a)
---
print(a, s)
""",
        live="load grow use load p1 grow use p1",
        marked="a step does not see what a step made that was cut from its line, as a plain cell does",
    ),
    Book(
        "step-inserted-between",
        "A step inserted between two that changes what the second reads runs the second again.",
        """
%%durable load
effect("load")
a = [1]
---
%%durable use
effect("use")
s = sum(a)
---
print(a, s)
""",
        edited="""
%%durable load
effect("load")
a = [1]
---
%%durable between
effect("between")
a.append(5)
---
%%durable use
effect("use")
s = sum(a)
---
print(a, s)
""",
        reruns=("use",),
    ),
    Book(
        "step-removed",
        "A step taken out of the notebook takes its changes with it.",
        """
%%durable load
effect("load")
a = [1]
---
%%durable between
effect("between")
a.append(5)
---
%%durable use
effect("use")
s = sum(a)
---
print(a, s)
""",
        edited="""
%%durable load
effect("load")
a = [1]
---
%%durable use
effect("use")
s = sum(a)
---
print(a, s)
""",
        reruns=("use",),
    ),
    Book(
        "steps-moved",
        "Independent steps that trade places are not run again.",
        """
%%durable one
effect("one")
a = [1]
---
%%durable two
effect("two")
b = [2]
---
%%durable both
effect("both")
c = a + b
print(c)
""",
        edited="""
%%durable two
effect("two")
b = [2]
---
%%durable one
effect("one")
a = [1]
---
%%durable both
effect("both")
c = a + b
print(c)
""",
    ),
    Book(
        "dependent-steps-moved",
        "Steps that change one list and trade places give what the new order gives.",
        """
base = []
---
%%durable load
effect("load")
a = [0]
---
%%durable one
effect("one")
a.append(1)
---
%%durable two
effect("two")
a.append(2)
---
print(a)
""",
        edited="""
base = []
---
%%durable load
effect("load")
a = [0]
---
%%durable two
effect("two")
a.append(2)
---
%%durable one
effect("one")
a.append(1)
---
print(a)
""",
        reruns=("one", "two"),
    ),
    Book(
        "undo-of-an-edit",
        "An edit that is undone is free: the earlier checkpoint serves again.",
        """
%%durable load
effect("load")
a = [1, 2]
---
%%durable scale
effect("scale")
b = [x * 2 for x in a]
---
%%durable use
effect("use")
c = sum(b)
---
print(b, c)
""",
        variant="""
%%durable scale
effect("scale")
b = [x * 3 for x in a]
""",
        live="load scale use p1 var:scale use p1 scale use p1",
        runs={"scale": 2, "use": 2},
    ),
    Book(
        "failed-step-fixed",
        "A step that failed after it changed its input, and was mended, gets the input clean.",
        """
%%durable load
effect("load")
a = [1]
---
plain = {"n": 0}
---
%%durable change
a.append(2)
plain["n"] += 1
raise ValueError("not yet")
---
print(a, plain)
""",
        edited="""
%%durable load
effect("load")
a = [1]
---
plain = {"n": 0}
---
%%durable change
a.append(2)
plain["n"] += 1
effect("change")
---
print(a, plain)
""",
        live="load p1 change",
        fails=True,
    ),
    Book(
        "failed-step-fixed-in-a-live-kernel",
        "The same in one live kernel: failed, mended, run again, then used.",
        """
%%durable load
effect("load")
a = [1]
---
plain = {"n": 0}
---
%%durable change
a.append(2)
plain["n"] += 1
raise ValueError("not yet")
---
%%durable after
effect("after")
s = (len(a), plain["n"])
---
print(a, plain, s)
""",
        edited="""
%%durable load
effect("load")
a = [1]
---
plain = {"n": 0}
---
%%durable change
a.append(2)
plain["n"] += 1
effect("change")
---
%%durable after
effect("after")
s = (len(a), plain["n"])
---
print(a, plain, s)
""",
        live="load p1 new:change new:after p2",
    ),
    Book(
        "retries-with-in-place-changes",
        "Attempts of one execution start from one pre-state: a retried append appends once.",
        """
acc = []
tries = [0]
---
%%durable load
effect("load")
data = {"k": [1]}
---
%%durable flaky --retries 3 --delay 0.01
acc.append("x")
data["k"].append(2)
flaky("flaky", 2)
effect("flaky")
n = len(acc)
---
print(acc, data, tries, n)
""",
    ),
    # -- numpy, pandas, outputs ----------------------------------------------------------------------------------------------------
    Book(
        "numpy-views",
        "Views of one array remain views: what is written through one is seen through the other.",
        """
import numpy as np
---
%%durable make
effect("make")
grid = np.arange(12.0).reshape(3, 4)
row = grid[1]
column = grid[:, 2]
---
%%durable write
effect("write")
row[:] = -1
---
grid[0, 2] = 99
print(column, row)
""",
        needs=("numpy",),
    ),
    Book(
        "numpy-in-place",
        "An array changed in place by each step is that of an unbroken run, its dtype and flags too.",
        """
import numpy as np
w = np.zeros(4, dtype="f4")
frozen = np.arange(3)
frozen.flags.writeable = False
---
%%durable one
effect("one")
w += 1
---
%%durable two
effect("two")
w *= 3
np.add(w, 1, out=w)
---
print(w, w.dtype, frozen.flags.writeable)
""",
        needs=("numpy",),
    ),
    Book(
        "large-array",
        "An array that goes to a pack comes back with all its bytes, and can be written to.",
        """
import numpy as np
---
%%durable make
effect("make")
big = np.arange(300_000, dtype="f8")
twin = big.copy()
half = big[:150_000]
---
%%durable change
effect("change")
half += 1
---
big[0] = -5
print(big[:3], twin[:3], half[0], big.sum())
""",
        needs=("numpy",),
    ),
    Book(
        "frame-mutated-in-place",
        "A frame that steps and plain cells change in place has each change once.",
        """
import pandas as pd
---
%%durable load
effect("load")
df = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None]})
same = df
---
%%durable add
effect("add")
df["c"] = df["a"] * 2
---
df.loc[0, "a"] = 100
---
%%durable sums
effect("sums")
totals = df[["a", "c"]].sum()
totals
---
print(df, same is df)
""",
        needs=("pandas",),
    ),
    Book(
        "frame-drop-run-twice",
        "df = df.drop(columns=…) can be run twice in one kernel.",
        """
import pandas as pd
---
%%durable load
effect("load")
df = pd.DataFrame({"a": [1, 2], "x": [3, 4]})
df.attrs["source"] = "here"
---
%%durable drop
effect("drop")
df = df.drop(columns="x")
---
df
""",
        live="p1 load drop drop p2 drop p2",
        needs=("pandas",),
    ),
    Book(
        "frames-do-not-alias",
        "A column taken from a frame and changed does not change the frame after a restore, as it did not before.",
        """
import pandas as pd
---
%%durable load
effect("load")
df = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]})
part = df[["a"]]
col = df["b"]
---
part.loc[0, "a"] = -1
col.iloc[0] = -2
print(df, part, col)
---
%%durable after
effect("after")
t = float(df["a"].sum() + df["b"].sum())
print(t)
""",
        needs=("pandas",),
    ),
    Book(
        "matplotlib-figure",
        "A plot shown by a step is shown by the resumed notebook.",
        """
import matplotlib.pyplot as plt
---
%%durable plot
effect("plot")
fig, ax = plt.subplots(figsize=(1, 1))
line, = ax.plot([1, 2, 3])
plt.show()
del fig, ax, line
---
%%durable after
effect("after")
x = 1
""",
        needs=("matplotlib",),
    ),
    Book(
        "figures-of-pyplot",
        "A figure that pyplot manages stays the one that it manages, under its number; a save or a load makes no other.",
        """
import matplotlib.pyplot as plt
plt.switch_backend("agg")
---
%%durable two
effect("two")
fig, ax = plt.subplots(figsize=(1, 1))
other = plt.figure(7, figsize=(1, 1))
plt.figure(fig.number);
---
%%durable current
effect("current")
plt.title("current")
plt.plot([1, 2]);
---
print(plt.get_fignums(), plt.gcf() is fig, ax.get_title(), len(ax.lines), fig.number, other.number)
---
%%durable last
effect("last")
plt.figure(7)
plt.plot([3]);
---
print(plt.get_fignums(), plt.gcf() is other, len(other.axes))
""",
        needs=("matplotlib",),
    ),
    Book(
        "hashes-by-global-names",
        "Keys whose hash asks for other names of their step come back.",
        """
%%durable keys
effect("keys")
SALT = 5
def folded(x):
    return x % 7 + SALT
class Key:
    def __init__(self, x):
        self.x = x
    def __hash__(self):
        return folded(self.x)
    def __eq__(self, other):
        return isinstance(other, Key) and self.x == other.x
found = {Key(1): "one", Key(8): "eight"}
alike = {Key(-1), Key(-1), Key(6)}
---
%%durable read
effect("read")
read = (found[Key(8)], Key(6) in alike, len(alike))
---
print(read)
""",
    ),
    Book(
        "out-and-underscore",
        "Out and _ hold what they hold in an unbroken run.",
        """
%%durable one
effect("one")
a = [1, 2]
a
---
%%durable two
effect("two")
{"sum": sum(a)}
---
b = _
b
---
%%durable three
effect("three")
c = b["sum"] + 1
c;
---
c + 1
""",
        marked="a step that reads _ keeps the value, and not that it is the object of another cell",
    ),
    Book(
        "out-is-the-variable",
        "Out holds the very object that the cell showed, not a copy of it.",
        """
%%durable one
effect("one")
a = [1, 2]
a
---
_.append(3)
print(a)
""",
        marked="a step that reads _ keeps the value, and not that it is the object of another cell",
    ),
    Book(
        "out-follows-its-variable",
        "What a cell showed and a later step changed in place is changed in Out too.",
        """
%%durable a
effect("a")
x = {"n": 1}
x
---
%%durable b
effect("b")
x["n"] += 1
---
Out[2]
""",
    ),
    Book(
        "many-outputs",
        "Text, errors' stream, rich displays, updates and cleared outputs are shown as before.",
        """
from IPython.display import HTML, clear_output, display
import sys
---
%%durable show
effect("show")
print("one")
print("two", file=sys.stderr)
display(HTML("<b>three</b>"))
h = display("four", display_id=True)
h.update("five")
del h
"six"
---
%%durable cleared
effect("cleared")
print("gone")
clear_output()
print("here")
""",
    ),
    Book(
        "run-twice-unchanged",
        "A notebook that is run again unchanged runs no step and shows the same.",
        """
%%durable a
effect("a")
x = {"n": 1}
x
---
%%durable b
effect("b")
y = [x, x]
print(y)
---
%%durable c
effect("c")
z = len(y)
z
---
y
""",
    ),
    Book(
        "await-in-a-step",
        "A step with top-level await is a step like any other.",
        """
import asyncio
async def slow(x):
    await asyncio.sleep(0)
    return [x]
---
%%durable fetch
effect("fetch")
a = await slow(1)
b = await asyncio.gather(slow(2), slow(3))
---
%%durable use
effect("use")
c = a + b
await slow(c)
---
print(c)
""",
    ),
    Book(
        "comment-header-and-stacked-magic",
        "Both spellings of the header, and a stacked magic, make the same kind of step.",
        """
# durable: one
effect("one")
a = [1]
---
%%durable two
%%capture caught
effect("two")
a.append(2)
print("hidden")
---
# durable: three
effect("three")
b = a + [caught.stdout]
print(b)
""",
    ),
    Book(
        "standard-values",
        "Values of the standard library come back as they were.",
        """
%%durable make
import array, collections, datetime, decimal, fractions, pathlib, re, types, uuid
effect("make")
values = {
    "f": [0.1, float("inf"), -0.0], "c": 1 + 2j, "b": b"x", "ba": bytearray(b"y"), "r": range(3), "s": {"b", "a"}, "fs": frozenset({1, 2}),
    "dq": collections.deque([1, 2], maxlen=3), "dd": collections.defaultdict(list, k=[1]), "od": collections.OrderedDict(b=1, a=2),
    "ctr": collections.Counter("aab"), "dt": datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc), "td": datetime.timedelta(1),
    "dec": decimal.Decimal("1.10"), "fr": fractions.Fraction(1, 3), "p": pathlib.Path("a/b"), "re": re.compile("a+"), "u": uuid.UUID(int=5),
    "ns": types.SimpleNamespace(x=1, y=[2]), "ar": array.array("d", [1, 2]), "mv": "no memoryview", "sl": slice(1, 2), "e": ...,
}
---
%%durable change
effect("change")
values["dq"].append(3)
values["dd"]["new"].append(4)
values["ns"].y.append(5)
values["ar"].append(3.0)
print(values["dq"], values["ns"])
---
print(sorted(values))
""",
    ),
    Book(
        "generator-left-alone",
        "A generator made by a plain cell and drawn from by plain cells is no step's affair.",
        """
def numbers():
    yield from range(10)
gen = numbers()
---
%%durable work
effect("work")
total = sum(range(4))
---
print(next(gen), next(gen), total)
---
%%durable more
effect("more")
total += 1
---
print(next(gen), total)
""",
        marked="a generator that has not ended can't be stored",
    ),
    Book(
        "iterator-drawn-from-by-steps",
        "An iterator over a list goes on where the last step left it.",
        """
%%durable make
effect("make")
it = iter([1, 2, 3, 4])
---
%%durable one
effect("one")
a = next(it)
---
%%durable two
effect("two")
b = next(it)
---
print(a, b, next(it))
""",
    ),
    Book(
        "exceptions-as-values",
        "An exception caught and kept by a step keeps its type and arguments.",
        """
class Oops(Exception):
    def __init__(self, code, text):
        super().__init__(code, text)
        self.code = code
---
%%durable catch
effect("catch")
kept = []
try:
    raise Oops(7, "seven")
except Oops as e:
    kept.append(e.with_traceback(None))
---
print(kept[0].code, type(kept[0]) is Oops, kept[0])
""",
    ),
    Book(
        "attribute-onto-a-plain-object",
        "A step that writes onto an object made by a plain cell has changed it.",
        """
from types import SimpleNamespace
config = SimpleNamespace(depth=1, extra={})
backup = config
---
%%durable tune
effect("tune")
config.depth = 5
config.extra["k"] = [1]
---
%%durable use
effect("use")
d = config.depth + len(config.extra["k"])
---
config.extra["k"].append(2)
print(config, backup is config, d)
""",
    ),
    Book(
        "conditional-names",
        "A name that a step binds only sometimes is bound exactly when it was.",
        """
flag = False
---
%%durable maybe
effect("maybe")
if flag:
    extra = [1]
base = [0]
---
%%durable use
effect("use")
out = base + (extra if "extra" in globals() else ["none"])
print(out)
""",
        edited="""
flag = True
---
%%durable maybe
effect("maybe")
if flag:
    extra = [1]
base = [0]
---
%%durable use
effect("use")
out = base + (extra if "extra" in globals() else ["none"])
print(out)
""",
        reruns=("maybe", "use"),
    ),
    Book(
        "shared-between-plain-and-durable",
        "A plain list held by a durable object is the plain list after the resume.",
        """
shared = ["plain"]
---
%%durable hold
effect("hold")
holder = {"ref": shared}
---
shared.append("more")
---
%%durable see
effect("see")
n = len(holder["ref"])
---
print(n, holder["ref"] is shared)
""",
    ),
    Book(
        "step-renamed",
        "A step with a new name and the same code takes over what was finished under the old one.",
        """
%%durable load
a = [1, 2]
---
%%durable use
effect("use")
s = sum(a)
print(s)
""",
        edited="""
%%durable load_data
a = [1, 2]
---
%%durable use
effect("use")
s = sum(a)
print(s)
""",
    ),
    # -- more shapes of values -----------------------------------------------------------------------------------------------------
    Book(
        "cached-function",
        "A function with a cache, and its cached_property, give what they give in an unbroken run.",
        """
from functools import cached_property, lru_cache
@lru_cache
def slow(n): return n * 2
class Lazy:
    def __init__(self, n): self.n = n
    @cached_property
    def twice(self): return [self.n] * 2
---
%%durable one
effect("one")
a = slow(3)
lazy = Lazy(4)
first = lazy.twice
---
%%durable two
effect("two")
b = slow(a)
second = lazy.twice
print(a, b, second is first)
""",
    ),
    Book(
        "decorated-functions",
        "Wrapped, dispatched and context-managing functions made by a step work after it.",
        """
%%durable define
import contextlib, functools
effect("define")
def loud(f):
    @functools.wraps(f)
    def inner(*args):
        return f(*args).upper()
    return inner
@loud
def greet(name): return f"hello {name}"
@contextlib.contextmanager
def note(into):
    into.append("in")
    yield into
    into.append("out")
async def later(x): return [x]
---
log = []
with note(log) as inside:
    inside.append(greet("you"))
print(log, greet.__name__, await later(1))
""",
    ),
    Book(
        "inherited-slots-and-metaclass",
        "Slots over two classes, a metaclass and an abstract base survive together.",
        """
from abc import ABC, abstractmethod
class Meta(type):
    made = []
    def __new__(mcls, name, bases, body):
        cls = super().__new__(mcls, name, bases, body)
        mcls.made.append(name)
        return cls
---
%%durable define
effect("define")
class A(metaclass=Meta):
    __slots__ = ("x",)
class B(A):
    __slots__ = ("y",)
class Shape(ABC):
    @abstractmethod
    def area(self): ...
class Unit(Shape):
    def area(self): return 1
---
%%durable make
effect("make")
b = B()
b.x, b.y = [1], b
unit = Unit()
---
print(Meta.made, b.y is b, b.x, unit.area(), isinstance(unit, Shape), hasattr(b, "__dict__"))
""",
    ),
    Book(
        "subclass-of-a-step-s-class",
        "A class that one step derives from another step's class stays derived from it.",
        """
%%durable base
effect("base")
class Base:
    kinds = {}
    def kind(self): return self.kinds.get(type(self).__name__, "none")
---
%%durable derived
effect("derived")
class Derived(Base): pass
Base.kinds["Derived"] = "known"
d = Derived()
---
class Plain(Base): pass
print(d.kind(), Plain().kind(), Derived.__mro__[1] is Base)
""",
    ),
    Book(
        "containers-with-extras",
        "Subclasses of dict and list with attributes, defaultdicts of notebook functions, ordered sets of objects.",
        """
from collections import defaultdict, deque
class Bag(dict):
    def __init__(self, *a, owner=None, **k):
        super().__init__(*a, **k)
        self.owner = owner
class Stack(list): pass
def fresh(): return ["fresh"]
---
%%durable make
effect("make")
owner = ["me"]
bag = Bag({"a": owner}, owner=owner)
stack = Stack([bag]); stack.name = "s"
auto = defaultdict(fresh)
auto["x"].append(bag)
ring = deque([stack], maxlen=2)
---
%%durable change
effect("change")
owner.append("too")
auto["y"].append(1)
ring.append(auto)
---
print(bag.owner is bag["a"], stack[0] is bag, ring[1] is auto, auto.default_factory is fresh, stack.name, ring.maxlen)
""",
    ),
    Book(
        "streams-and-dice",
        "A StringIO in its middle and a random.Random of one's own go on where they stood.",
        """
%%durable make
import io, random
effect("make")
text = io.StringIO("abc")
text.read(1)
dice = random.Random(3)
rolls = [dice.random()]
---
%%durable go
effect("go")
text.write("X")
rolls.append(dice.random())
n = len(rolls)
---
print(text.getvalue(), text.tell(), rolls, n, dice.random())
""",
    ),
    Book(
        "annotated-and-star-imported",
        "Annotated names and a star import of a project module are names like any other.",
        """
from bits import *
---
%%durable one
effect("one")
count: int = one + two
later: list
---
%%durable two_step
effect("two_step")
total = add(count, one)
print(total)
""",
        files={"bits.py": "one = 1\ntwo = 2\n\ndef add(a, b):\n    return a + b\n"},
    ),
    Book(
        "star-import-in-a-step",
        "A star import made by a finished step is made again.",
        """
%%durable imports
from bits import *
effect("imports")
---
%%durable use
effect("use")
total = add(one, two)
---
print(total, add(5, 5))
""",
        files={"bits.py": "one = 1\ntwo = 2\n\ndef add(a, b):\n    return a + b\n"},
    ),
    Book(
        "late-binding-loop-functions",
        "Functions made in a loop see what they saw: each its default, all the one variable.",
        """
%%durable make
effect("make")
late = [lambda: i for i in range(3)]
early = [lambda i=i: i for i in range(3)]
for j in range(2):
    def by_global(): return j
---
j = 10
print([f() for f in late], [f() for f in early], by_global())
""",
    ),
    Book(
        "mutual-functions-of-two-steps",
        "Functions of two steps that call each other go on calling each other.",
        """
%%durable even
effect("even")
def even(n): return True if n == 0 else odd(n - 1)
---
%%durable odd
effect("odd")
def odd(n): return False if n == 0 else even(n - 1)
---
%%durable use
effect("use")
r = [even(4), odd(4)]
---
print(r, even(3))
""",
    ),
    Book(
        "function-of-a-step-edited",
        "Editing a function that a step defines runs that step and those that call it.",
        """
%%durable define
effect("define")
def f(x): return x + 1
---
%%durable use
effect("use")
y = f(1)
---
%%durable other
effect("other")
z = 3
---
print(y, z)
""",
        edited="""
%%durable define
effect("define")
def f(x): return x + 10
---
%%durable use
effect("use")
y = f(1)
---
%%durable other
effect("other")
z = 3
---
print(y, z)
""",
        reruns=("define", "use"),
    ),
    Book(
        "numpy-odd-arrays",
        "Structured, object, Fortran-ordered, zero-dimensional and strided arrays come back as they were.",
        """
import numpy as np
---
%%durable make
effect("make")
shared = ["s"]
values = {
    "rec": np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
    "obj": np.array([shared, None, "x"], dtype=object),
    "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "zero": np.array(5),
    "dates": np.array(["2026-01-01"], dtype="M8[D]"),
    "masked": np.ma.array([1, 2], mask=[True, False]).filled(0),
}
every_other = np.arange(10)[::2]
---
%%durable change
effect("change")
values["obj"][0].append("more")
values["rec"]["a"] += 1
every_other[1] = 99
---
print(shared, values["rec"], every_other, values["obj"][0] is shared)
""",
        needs=("numpy",),
    ),
    Book(
        "numpy-array-changed-by-a-plain-cell",
        "A plain cell writes into a step's array; the steps below see it, after the resume too.",
        """
import numpy as np
---
%%durable make
effect("make")
a = np.zeros(3)
---
a[1] = 7
---
%%durable use
effect("use")
s = float(a.sum())
---
a[2] = 8
print(a, s)
""",
        needs=("numpy",),
    ),
    Book(
        "pandas-kinds",
        "Categories, time zones, multi-indexes, nullable types and objects in cells of a frame.",
        """
import pandas as pd
---
%%durable make
effect("make")
tags = ["t"]
df = pd.DataFrame({
    "c": pd.Categorical(["x", "y", "x"]),
    "t": pd.to_datetime(["2026-01-01", "2026-01-02", None]).tz_localize("UTC"),
    "i": pd.array([1, None, 3], dtype="Int64"),
    "o": [tags, None, "z"],
})
wide = pd.DataFrame([[1, 2], [3, 4]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]), index=pd.Index(["r", "s"], name="rows"))
---
%%durable change
effect("change")
df["n"] = range(3)
df.loc[0, "i"] = 10
wide[("a", "z")] = wide.sum(axis=1)
---
tags.append("u")
print(df.dtypes, df["o"][0], wide)
""",
        needs=("pandas",),
    ),
    Book(
        "index-of-several-frames",
        "The name given to an index shows in every frame that has that index, and in no other.",
        """
import pandas as pd
---
%%durable one
effect("one")
df = pd.DataFrame({"v": [1, 2, 3]}, index=pd.Index(["p", "q", "r"]))
---
%%durable more
effect("more")
same = pd.Series([1, 2, 3], index=df.index)
other = pd.Series([1, 2, 3], index=df.index.copy())
---
df.index.name = "x"
print(same.index.name, other.index.name)
---
%%durable named
effect("named")
same.index.name = "y"
---
print(df.index.name, other.index.name, df.index is same.index)
""",
        needs=("pandas",),
    ),
    Book(
        "frame-and-its-column-in-later-steps",
        "A column kept under a name of its own is as independent of its frame after a resume as before.",
        """
import pandas as pd
---
%%durable load
effect("load")
df = pd.DataFrame({"a": [1, 2, 3]})
---
%%durable column
effect("column")
col = df["a"]
col.iloc[0] = 50
---
%%durable more
effect("more")
df["a"] += 1
---
print(df, col)
""",
        needs=("pandas",),
    ),
    Book(
        "two-names-deleted-and-one-rebound",
        "A plain cell that rebinds what a step deleted, and deletes what a step bound.",
        """
%%durable one
effect("one")
a, b = [1], [2]
---
del b
---
%%durable two
effect("two")
c = a + [9]
del a
---
a = "again"
---
%%durable three
effect("three")
d = (a, c)
print(d, "b" in globals())
""",
    ),
    Book(
        "early-cutoff-of-a-plain-edit",
        "A plain cell edited to give the same value runs nothing.",
        """
limits = {"low": 1, "high": 5}
---
%%durable use
effect("use")
r = list(range(limits["low"], limits["high"]))
---
print(r)
""",
        edited="""
limits = dict(low=1, high=4 + 1)
---
%%durable use
effect("use")
r = list(range(limits["low"], limits["high"]))
---
print(r)
""",
    ),
    Book(
        "plain-cell-inserted",
        "A plain cell inserted above that changes a step's value runs the steps that read it.",
        """
%%durable load
effect("load")
a = {"k": 1}
---
%%durable use
effect("use")
s = a["k"]
---
print(s)
""",
        edited="""
%%durable load
effect("load")
a = {"k": 1}
---
a["k"] = 100
---
%%durable use
effect("use")
s = a["k"]
---
print(s)
""",
        reruns=("use",),
    ),
    Book(
        "plain-cell-that-would-undo-a-step",
        "A plain binding above a step that changed it in place does not undo the step, run again or not.",
        """
state = {"n": 0}
log = [state]
---
%%durable one
effect("one")
state["n"] += 1
---
%%durable two
effect("two")
state["n"] += 10
---
print(state, log, log[0] is state)
""",
    ),
    Book(
        "seed-in-one-step-drawn-in-another-then-edited",
        "Editing the step that seeds runs those that drew after it.",
        """
import random
---
%%durable seed
effect("seed")
random.seed(1)
---
%%durable draw
effect("draw")
a = random.random()
---
print(a)
""",
        edited="""
import random
---
%%durable seed
effect("seed")
random.seed(2)
---
%%durable draw
effect("draw")
a = random.random()
---
print(a)
""",
        reruns=("seed", "draw"),
    ),
    Book(
        "cwd-edited",
        "A step that depends on the folder runs again when the step that chose it is edited.",
        """
import os
os.makedirs("one", exist_ok=True)
os.makedirs("two", exist_ok=True)
---
%%durable enter
effect("enter")
os.chdir("one")
---
%%durable where
effect("where")
here = os.path.basename(os.getcwd())
---
print(here)
""",
        edited="""
import os
os.makedirs("one", exist_ok=True)
os.makedirs("two", exist_ok=True)
---
%%durable enter
effect("enter")
os.chdir("two")
---
%%durable where
effect("where")
here = os.path.basename(os.getcwd())
---
print(here)
""",
        reruns=("enter", "where"),
    ),
    Book(
        "environ-deleted-and-overwritten",
        "A step that changes and deletes variables of the environment has done so after the resume.",
        """
import os
os.environ["GIVEN"] = "plain"
os.environ["GOES"] = "soon"
---
%%durable set
effect("set")
os.environ["GIVEN"] = "step"
del os.environ["GOES"]
---
%%durable use
effect("use")
v = os.environ["GIVEN"]
---
print(v, os.environ["GIVEN"], "GOES" in os.environ)
""",
    ),
    Book(
        "a-loop-of-appends-and-a-late-failure",
        "A step that fails late, twice, in a live kernel, and is then mended, has changed its input once.",
        """
items = [1]
---
%%durable grow
for k in range(3):
    items.append(k)
raise RuntimeError("late")
---
print(items)
""",
        edited="""
items = [1]
---
%%durable grow
for k in range(3):
    items.append(k)
effect("grow")
---
print(items)
""",
        live="p1 grow",
        fails=True,
    ),
    # -- identity, harder ------------------------------------------------------------------------------------------------------------
    Book(
        "sentinel",
        "A sentinel made by a plain cell is the very one that a step's values hold.",
        """
MISSING = object()
---
%%durable make
effect("make")
row = {"a": 1, "b": MISSING}
---
%%durable count
effect("count")
holes = sum(v is MISSING for v in row.values())
---
print(holes, row["b"] is MISSING)
""",
    ),
    Book(
        "class-defined-twice",
        "An instance of a class that was then defined anew is one of the old class, the next one of the new.",
        """
%%durable first
effect("first")
class C:
    version = 1
old = C()
---
%%durable second
effect("second")
class C:
    version = 2
new = C()
---
print(old.version, new.version, type(old) is C, type(new) is C, isinstance(old, C))
""",
    ),
    Book(
        "function-defined-twice",
        "A list keeps the function of the first definition, the name has the second.",
        """
%%durable first
effect("first")
def f(): return "one"
kept = [f]
---
%%durable second
effect("second")
def f(): return "two"
kept.append(f)
---
print([g() for g in kept], kept[0] is f, kept[1] is f)
""",
    ),
    Book(
        "closures-held-across-steps",
        "Closures of one call, held by values of several steps, share their variable.",
        """
%%durable make
effect("make")
def account():
    balance = 0
    def pay(x):
        nonlocal balance
        balance += x
    def show(): return balance
    return pay, show
pay, show = account()
---
%%durable hold
effect("hold")
desk = {"show": show, "pay": pay}
desk["pay"](5)
---
%%durable later
effect("later")
pay(7)
total = desk["show"]()
---
pay(1)
print(total, show(), desk["show"]())
""",
    ),
    Book(
        "observers",
        "Bound methods registered with an object made earlier act on the objects with names.",
        """
class Bus:
    def __init__(self): self.listeners = []
    def fire(self, x):
        for f in self.listeners: f(x)
class Log:
    def __init__(self): self.seen = []
    def hear(self, x): self.seen.append(x)
---
%%durable bus
effect("bus")
bus = Bus()
---
%%durable log
effect("log")
log = Log()
bus.listeners.append(log.hear)
bus.listeners.append(lambda x: log.seen.append(("lambda", x)))
---
%%durable fire
effect("fire")
bus.fire(1)
---
bus.fire(2)
print(log.seen, bus.listeners[0].__self__ is log)
""",
    ),
    Book(
        "descriptor-with-state",
        "A descriptor that keeps values in itself, on a plain cell's class, keeps them over a resume.",
        """
class Remember:
    def __init__(self): self.values = []
    def __get__(self, obj, cls=None): return self if obj is None else self.values
class Holder:
    memory = Remember()
---
%%durable one
effect("one")
h = Holder()
h.memory.append(1)
---
%%durable two
effect("two")
h.memory.append(2)
n = len(Holder().memory)
---
print(n, Holder.memory.values, h.memory is Holder.memory.values)
""",
    ),
    Book(
        "generic-and-frozen-classes",
        "Generic, frozen and protocol classes of a step work with instances of other steps.",
        """
%%durable define
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
effect("define")
T = TypeVar("T")
class Box(Generic[T]):
    def __init__(self, content: T): self.content = content
@dataclass(frozen=True)
class Key:
    name: str
    tags: list = field(default_factory=list, compare=False)
class Sized(Protocol):
    size: int
---
%%durable make
effect("make")
k = Key("k")
box = Box[Key](k)
index = {k: box}
---
k.tags.append("t")
print(index[Key("k")] is box, box.content is k, index[k].content.tags, type(k) is Key)
""",
    ),
    Book(
        "subclasses-of-builtins",
        "Instances of notebook subclasses of str, int, tuple and Exception keep class and attributes.",
        """
class Name(str): pass
class Count(int):
    def next(self): return Count(self + 1)
class Pair(tuple):
    def swap(self): return Pair(reversed(self))
---
%%durable make
effect("make")
name = Name("n"); name.origin = ["here"]
count = Count(3).next()
pair = Pair((name, count)).swap()
---
name.origin.append("there")
print(type(name) is Name, pair[1].origin, pair[1] is name, type(count) is Count, count.next(), type(pair) is Pair)
""",
    ),
    Book(
        "loggers-and-modules-as-values",
        "Modules, loggers and builtin functions held in values are those of this process.",
        """
%%durable make
import json, logging, math, operator
effect("make")
tools = {"log": logging.getLogger("trial"), "json": json, "sqrt": math.sqrt, "add": operator.add, "type": int, "get": operator.itemgetter(1)}
---
%%durable use
effect("use")
r = [tools["sqrt"](9), tools["add"](1, 2), tools["type"]("4"), tools["json"].dumps([1]), tools["get"]("ab")]
---
print(r, tools["log"] is logging.getLogger("trial"), tools["json"] is json)
""",
    ),
    Book(
        "plain-cell-reads-and-steps-write-in-turn",
        "Plain cells and steps that write into one dict by turns end as in one run.",
        """
state = {}
---
%%durable a
effect("a")
state["a"] = 1
---
state["p"] = state["a"] + 1
---
%%durable b
effect("b")
state["b"] = state["p"] + 1
---
state["q"] = state.pop("p") * 10
---
%%durable c
effect("c")
state["c"] = dict(state)
---
print(state)
""",
    ),
    Book(
        "plain-rebinding-between-steps",
        "A plain cell that rebinds a step's name hides the step's value from those below, until it is taken out.",
        """
%%durable load
effect("load")
x = [1]
---
x = ["plain"]
---
%%durable use
effect("use")
y = list(x)
---
print(x, y)
""",
        edited="""
%%durable load
effect("load")
x = [1]
---
%%durable use
effect("use")
y = list(x)
---
print(x, y)
""",
        reruns=("use",),
    ),
    Book(
        "edit-back-and-forth-live",
        "A step edited twice in a live kernel and put back gives the first result; each body has its clean input.",
        """
%%durable load
effect("load")
items = []
---
%%durable add
effect("add")
items.append("a")
---
%%durable use
effect("use")
n = "".join(items)
---
print(items, n)
""",
        variant="""
%%durable add
effect("add")
items.append("b")
items.append("c")
""",
        live="load add use var:add use add use var:add use",
        runs={"add": 2, "use": 2},
    ),
    Book(
        "step-moved-above-its-input",
        "A step moved above the one that made its input is refused there or uses what it then sees; moved back, all is as before.",
        """
%%durable base
effect("base")
a = [1]
---
%%durable twice
effect("twice")
b = a * 2
---
print(a, b)
""",
        live="base twice base p1 twice",
        marked="a step does not see what a step made that was cut from its line, as a plain cell does",
    ),
    Book(
        "in-place-sort-and-slices",
        "Sorts, slice assignments, extended deletions and dict updates in place are kept.",
        """
%%durable make
effect("make")
xs = [5, 3, 9, 1]
d = {"z": 1, "a": 2}
ref = xs
---
%%durable change
effect("change")
xs.sort()
xs[1:3] = ["x", "y", "z"]
del xs[::4]
d |= {"m": xs}
d["z"] = d.pop("z")
---
%%durable read
effect("read")
r = (list(d), ref is xs, d["m"] is ref)
---
print(xs, r)
""",
    ),
    Book(
        "set-order-and-hashes",
        "What a finished step read from a set's order is not read again in the order of another kernel.",
        """
words = {"alpha", "beta", "gamma", "delta"}
---
%%durable order
effect("order")
order = list(words)
h = hash("a word")
---
%%durable use
effect("use")
first = order[0]
---
print(sorted(order))
""",
        kept={"order": "order", "h": "order", "first": "use"},
    ),
    Book(
        "time-and-uuid",
        "What a finished step took from the clock and from uuid stays.",
        """
import time, uuid
---
%%durable stamp
effect("stamp")
at = time.time_ns()
name = uuid.uuid4().hex
---
%%durable use
effect("use")
label = f"{at}-{name}"
""",
        kept={"at": "stamp", "name": "stamp", "label": "use"},
    ),
    Book(
        "unseeded-numpy",
        "What a finished step drew from numpy without a seed is not drawn again.",
        """
import numpy as np
---
%%durable draw
effect("draw")
a = np.random.rand(3)
rng = np.random.default_rng()
b = rng.normal()
---
%%durable more
effect("more")
c = rng.normal() + a.sum()
""",
        kept={"a": "draw", "b": "draw", "c": "more", "rng": "more"},
        needs=("numpy",),
    ),
    Book(
        "figure-object-kept",
        "A figure kept under a name by one step and completed by another is shown whole.",
        """
import matplotlib.pyplot as plt
---
%%durable begin
effect("begin")
fig, ax = plt.subplots(figsize=(1, 1))
lines = ax.plot([1, 2])
plt.close(fig)
---
%%durable complete
effect("complete")
ax.set_title("t")
title = ax.get_title()
fig
---
print(title, len(fig.axes), fig.axes[0] is ax)
""",
        needs=("matplotlib",),
    ),
    # -- what was put on live definitions ----------------------------------------------------------------------------------------------
    Book(
        "retry-takes-attributes-off",
        "What a failed attempt put on a class, a function and a member of an enum is off again before the next.",
        """
import abc
import enum
class Shop:
    open = True
def price(x):
    return x
class Kind(enum.Enum):
    A = 1
class Sold(abc.ABC):
    pass
---
%%durable mark --retries 3 --delay 0.01
effect("mark")
Shop.visits = getattr(Shop, "visits", 0) + 1
price.calls = getattr(price, "calls", 0) + 1
Kind.A.seen = getattr(Kind.A, "seen", 0) + 1
new = not hasattr(Shop, "late")
Shop.late = lambda self: "late"
first = not issubclass(int, Sold)
Sold.register(int)
if Shop.open:
    del Shop.open
flaky("mark", 1)
---
print(Shop.visits, price.calls, Kind.A.seen, new, first, hasattr(Shop, "open"), issubclass(int, Sold))
---
%%durable use
effect("use")
used = (Shop.visits, price.calls, Kind.A.seen, Shop().late())
""",
        runs={"mark": 2},
    ),
    Book(
        "attributes-in-one-kernel",
        "A class made by a step, and marked by a later one, is unmarked for the cells between when the notebook runs again.",
        """
%%durable define
effect("define")
class Shop:
    names = []
def price(x):
    return x
---
marked = (hasattr(Shop, "mark"), hasattr(price, "mark"), list(Shop.names))
---
%%durable mark
effect("mark")
Shop.mark = 1
price.mark = 2
Shop.names.append("x")
---
print(marked, Shop.mark, price.mark, Shop.names)
""",
    ),
    Book(
        "old-and-new-class",
        "What was made of a class that a plain cell defined anew since is none of the new class.",
        """
class Point:
    def __init__(self, v):
        self.v = v
---
%%durable first
effect("first")
old = Point([1])
---
kept = Point([0])
class Point:
    def __init__(self, v):
        self.v = v
---
%%durable second
effect("second")
old.v.append(2)
new = Point([3])
---
print(isinstance(old, Point), isinstance(new, Point), type(old) is type(kept))
---
%%durable third
effect("third")
old.v.append(4)
kept.v.append(5)
print(type(old) is type(new), type(old) is type(kept))
""",
        marked="a class that one cell defines twice, word for word, comes back as one",
    ),
    # -- changes that hide ---------------------------------------------------------------------------------------------------------------
    Book(
        "hidden-changes",
        "Iterators, weak dictionaries, modules made by hand, docstrings and locks keep what a step did to them.",
        """
import itertools
import threading
import types
import weakref
class Key:
    pass
key = Key()
numbers, turns, sums = itertools.count(10), TURNS, SUMS
held = weakref.WeakKeyDictionary({key: [1]})
made = types.ModuleType("made")
exec("total = 0; add = lambda n: globals().update(total=total + n)", made.__dict__)
def told():
    "once"
gate = threading.Event()
---
%%durable change
effect("change")
a = next(numbers), next(turns), next(sums)
held[key].append(2)
made.add(5)
made.extra = [1]
told.__doc__ = "twice"
gate.set()
---
print(held[key], made.total, made.extra, told.__doc__, gate.is_set())
---
%%durable more
effect("more")
b = next(numbers), next(turns), next(sums)
held[key].append(3)
made.add(1)
made.extra.append(2)
---
c = next(numbers), next(turns), next(sums)
print(a, b, c, held[key], made.total, made.extra)
""".replace("TURNS", TURNS).replace("SUMS", SUMS),
    ),
    Book(
        "second-name-of-a-lambda",
        "A second name that a step gives to the lambda or closure of a plain cell stays a second name.",
        """
%%durable before
effect("before")
a = second = third = None
---
def counter():
    n = [0]
    def inc():
        n[0] += 1
        return n
    return inc
first = lambda: 1
count = counter()
---
%%durable bind
effect("bind")
second = first
third = count
held = [first, count]
---
print(second is first, third is count, held[0] is first, held[1] is count, count(), third())
""",
    ),
    Book(
        "function-in-a-partial",
        "What a step changes in place shares a function's default with a plain cell's function, by way of a partial: no reason to run it again.",
        """
import functools
def keep(x, acc=[]):
    acc.append(x)
    return acc
---
%%durable start
effect("start")
a = [1]
---
%%durable bind
effect("bind")
bound = functools.partial(keep, a)
---
%%durable change
effect("change")
a.append(2)
---
%%durable call
effect("call")
bound()
---
print(a, keep.__defaults__, bound.func is keep)
""",
    ),
    Book(
        "loggers",
        "A level and a handler that a step gave a logger are there after it.",
        """
import logging
import sys
log = logging.getLogger("shop")
---
%%durable setup
effect("setup")
log.setLevel("INFO")
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
log.addHandler(handler)
del handler
---
log.info("told once")
log.debug("not told")
---
%%durable louder
effect("louder")
log.setLevel("DEBUG")
log.debug("told in a step")
---
log.debug("told")
""",
    ),
    Book(
        "cached-properties",
        "Reading a cached property, in a step or between steps, is no reason to run anything again.",
        """
import functools
class Report:
    def __init__(self, rows):
        self.rows = rows
    @functools.cached_property
    def total(self):
        return sum(self.rows)
    @functools.cached_property
    def parts(self):
        return [row * 2 for row in self.rows]
---
%%durable make
effect("make")
report = Report([1, 2])
---
print(report.total)
---
%%durable read
effect("read")
first = list(report.parts)
---
%%durable after
effect("after")
result = report.total + len(report.parts)
report.parts.append(0)
---
print(result, report.parts)
""",
        edited="""
import functools
class Report:
    def __init__(self, rows):
        self.rows = rows
    @functools.cached_property
    def total(self):
        return sum(self.rows)
    @functools.cached_property
    def parts(self):
        return [row * 2 for row in self.rows]
---
%%durable make
effect("make")
report = Report([1, 2])
---
print(report.total, report.parts)
---
%%durable read
effect("read")
first = list(report.parts)
---
%%durable after
effect("after")
result = report.total + len(report.parts)
report.parts.append(0)
---
print(result, report.parts)
""",
    ),
    Book(
        "cached-property-assigned",
        "A cached property that a plain cell assigns another value to is an input that changed.",
        """
import functools
class Report:
    @functools.cached_property
    def total(self):
        return 3
---
%%durable make
effect("make")
report = Report()
---
print(report.total)
---
%%durable after
effect("after")
result = report.total
""",
        edited="""
import functools
class Report:
    @functools.cached_property
    def total(self):
        return 3
---
%%durable make
effect("make")
report = Report()
---
report.total = 4
---
%%durable after
effect("after")
result = report.total
""",
        reruns=("after",),
    ),
    Book(
        "finalizer",
        "What the finalizer of a value that a step lets go of changes belongs to that step, and happens once.",
        """
%%durable make
effect("make")
class Held:
    def __init__(self, tag):
        self.tag = tag
    def __del__(self):
        log.append(self.tag)
log = []
held = Held("a")
---
%%durable again
effect("again")
held = [Held("b"), {"k": Held("c")}]
at_once = len(log)
---
%%durable count
effect("count")
count = len(log)
---
%%durable less
effect("less")
del held
---
log.sort()
print(log, at_once, count)
""",
    ),
    Book(
        "base-class-of-a-plain-cell",
        "A class that a step derives from one of a plain cell derives from the one that is live.",
        """
class Base:
    kind = "base"
---
%%durable derive
effect("derive")
class Derived(Base):
    def double(self):
        return self.kind * 2
thing = Derived()
---
print(isinstance(thing, Base), thing.double())
""",
    ),
    Book(
        "parts-of-memory",
        "A row shares its array's memory, a structure its array's, a view its buffer's; a file goes on at its line.",
        """
import ctypes
import numpy as np
class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int)]
---
%%durable make
effect("make")
table = np.array([(1, 2.0), (3, 4.0)], dtype=[("i", "i4"), ("f", "f8")])
row = table[1]
points = (Point * 3)()
point = points[1]
buffer = bytearray(b"abcdef")
view = memoryview(buffer)[2:5]
lines = open("lines.txt")
first = next(lines)
---
%%durable change
effect("change")
row["i"] = 30
point.x = 5
view[0] = 65
second = next(lines)
---
%%durable change_owners
effect("change_owners")
table["f"][1] = 40
points[1].x += 1
buffer[3] = 66
third = next(lines)
---
print(table.tolist(), row.tolist(), points[1].x, point.x, buffer, bytes(view), first, second, third, list(lines))
""",
        files={"lines.txt": "one\ntwo\nthree\nfour\nfive\n"},
        needs=("numpy",),
    ),
    Book(
        "code-in-a-namespace-of-its-own",
        "What `exec` ran in a dict has that very dict as its globals, and the builtins that stand in it.",
        """
class Interpreter:
    def __init__(self, **names):
        self.names = {"__name__": "__main__", **names}
    def run(self, code):
        exec(code, self.names)
        return self
---
%%durable define
effect("define")
open_one = Interpreter().run('''
x = [1]
def f(n):
    global x
    x = x + [n]
    return x
class C:
    def size(self):
        return len(x)
''')
shut = Interpreter(__builtins__={"len": len})
shut.run("def g(v): return len(v) + k\\ndef h(): return open('x')\\nk = 1")
def make():
    names = {}
    exec("n = [0]\\ndef count(): n[0] += 1; return told()\\ndef told(): return n[0]", names)
    return names["count"]
count = make()
---
%%durable use
effect("use")
open_one.run("y = f(2); c = C()")
f = open_one.names["f"]
shut.names["k"] = 10
count()
---
%%durable use_again
effect("use_again")
f(3)
print(open_one.names["c"].size(), f.__globals__ is open_one.names, f is open_one.names["f"], shut.names["g"]("abc"), count())
---
open_one.run("z = f(4)")
try:
    shut.names["h"]()
except NameError as error:
    print(error)
print(open_one.names["z"], open_one.names["c"].size(), type(open_one.names["c"]) is open_one.names["C"], count())
---
%%durable see
effect("see")
open_one.names["x"].append("seen")
print(f(5), open_one.names["c"].size(), eval("x", open_one.names), count())
""",
    ),
]

BY_NAME = {book.name: book for book in BOOKS}

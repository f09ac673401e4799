"""The same work by other engines, where they are installed: a durable no-op step, alone and a thousand eight at a time; and going on after a thousand.

Each runs in processes of its own. One that is not installed (``pip install durnb[engines]``), or fails, is a row that says why. Restate's server is
found by ``DURNB_BENCH_RESTATE`` or on the path (``npm install @restatedev/restate-server``).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.rows import Row

RESUMES: Final = 3
# A program is given a folder and what to do: measure; crash after a thousand steps; or go on, and print when the first new step begins.
_DURNB: Final = """
import os, sys, time
from pathlib import Path
import durnb
from durnb.testing import step
def nothing(n):
    if n == 1000 and sys.argv[2] == 'go on':
        print(time.time(), flush=True)
    if n == 1000:
        os._exit(0)
    return n
with step(Path(sys.argv[1])):
    for n in range(1001):
        durnb.call(nothing)(n)
"""
_DBOS: Final = """
import asyncio, json, os, sqlite3, statistics, sys, threading, time
from dbos import DBOS, SetWorkflowID
if JOURNAL == 'wal':
    sqlite3.connect(sys.argv[1] + '/dbos.sqlite').execute('pragma journal_mode=wal')  # the file keeps it
DBOS(config={'name': 'bench', 'system_database_url': 'sqlite:///' + sys.argv[1] + '/dbos.sqlite', 'log_level': 'CRITICAL'})
@DBOS.step()
def nothing(n):
    if n == 1000 and sys.argv[2] == 'go on':
        print(time.time(), flush=True)
    if n == 1000:
        os._exit(0)
    return n
@DBOS.step()
async def nothing_async(n): return n
@DBOS.workflow()
def alone():
    taken = []
    for n in range(300):
        began = time.perf_counter(); nothing(n); taken.append(time.perf_counter() - began)
    return statistics.median(taken)
@DBOS.workflow()
async def together():
    began = time.perf_counter()
    for start in range(0, 1000, 8):
        await asyncio.gather(*(nothing_async(n) for n in range(start, min(start + 8, 1000))))
    return time.perf_counter() - began
@DBOS.workflow()
def long():
    for n in range(1001):
        nothing(n)
DBOS.launch()
if sys.argv[2] == 'measure':
    print(json.dumps({'alone': alone(), 'together': asyncio.run(together())}))
    DBOS.destroy()
elif sys.argv[2] == 'crash':
    long()
else:
    threading.Event().wait(60)  # what was begun is recovered
"""
_LANGGRAPH: Final = """
import json, operator, os, sqlite3, sys, time
from typing import Annotated, TypedDict
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send
class State(TypedDict):
    n: int
    out: Annotated[list, operator.add]
saver = SqliteSaver(sqlite3.connect(sys.argv[1] + '/lg.sqlite', check_same_thread=False))
def graph_of(last):
    def nothing(state):
        if last == 1001 and state['n'] == 1000:
            if sys.argv[2] == 'go on':
                print(time.time(), flush=True)
            os._exit(0)
        return {'n': state['n'] + 1}
    graph = StateGraph(State)
    graph.add_node('nothing', nothing)
    graph.add_edge(START, 'nothing')
    graph.add_conditional_edges('nothing', lambda state: 'nothing' if state['n'] < last else END)
    return graph.compile(checkpointer=saver)
config = {'configurable': {'thread_id': 'a'}, 'recursion_limit': 2000}
if sys.argv[2] != 'measure':
    graph_of(1001).invoke({'n': 0} if sys.argv[2] == 'crash' else None, config, durability='sync')
began = time.perf_counter()
graph_of(300).invoke({'n': 0}, config, durability='sync')
alone = (time.perf_counter() - began) / 300
fan = StateGraph(State)
fan.add_node('item', lambda state: {'out': [state['n']]})
fan.add_conditional_edges(START, lambda state: [Send('item', {'n': n}) for n in range(1000)], ['item'])
fanned = fan.compile(checkpointer=saver)
began = time.perf_counter()
fanned.invoke({'n': 0, 'out': []}, {'configurable': {'thread_id': 'b'}, 'max_concurrency': 8}, durability='sync')
print(json.dumps({'alone': alone, 'together': time.perf_counter() - began}))
"""
_RESTATE: Final = """
import asyncio, json, os, shutil, socket, statistics, subprocess, sys, threading, time, urllib.request
import restate
from hypercorn.asyncio import serve
from hypercorn.config import Config
bench = restate.Service('bench')
@bench.handler()
async def alone(ctx: restate.Context, count: int) -> float:
    taken = []
    for n in range(count):
        began = time.perf_counter(); await ctx.run_typed('nothing', lambda: n); taken.append(time.perf_counter() - began)
    return statistics.median(taken)
@bench.handler()
async def together(ctx: restate.Context, count: int) -> float:
    began = time.perf_counter()
    for start in range(0, count, 8):
        await restate.gather(*(ctx.run_typed('nothing', lambda n=n: n) for n in range(start, min(start + 8, count))))
    return time.perf_counter() - began
def free():
    with socket.socket() as found:
        found.bind(('127.0.0.1', 0))
        return found.getsockname()[1]
def post(port, path, body):
    request = urllib.request.Request(f'http://127.0.0.1:{port}/{path}', json.dumps(body).encode(), {'content-type': 'application/json'})
    while True:
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.loads(answer.read())
        except OSError:
            if server.poll() is not None:
                sys.exit('the server ended')
            time.sleep(0.2)
program = os.environ.get('DURNB_BENCH_RESTATE') or shutil.which('restate-server') or sys.exit('there is no restate-server')
ours, ingress, admin, node = (free() for _ in range(4))
config = Config()
config.bind, config.errorlog = [f'127.0.0.1:{ours}'], None
served = lambda: asyncio.run(serve(restate.app([bench]), config, shutdown_trigger=lambda: asyncio.Event().wait()))
threading.Thread(target=served, daemon=True).start()
places = {'INGRESS__BIND_ADDRESS': ingress, 'ADMIN__BIND_ADDRESS': admin, 'BIND_ADDRESS': node}
environ = {**os.environ, **{f'RESTATE_{name}': f'127.0.0.1:{port}' for name, port in places.items()}}
environ |= {'RESTATE_BASE_DIR': sys.argv[1], 'DO_NOT_TRACK': '1'}
server = subprocess.Popen([program], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    post(admin, 'deployments', {'uri': f'http://127.0.0.1:{ours}'})
    post(ingress, 'bench/alone', 20)
    print(json.dumps({'alone': post(ingress, 'bench/alone', 300), 'together': post(ingress, 'bench/together', 1000)}), flush=True)
finally:
    server.terminate()
    server.wait()
os._exit(0)
"""
PEERS: Final[Mapping[str, str]] = {
    "DBOS on SQLite (default)": f"JOURNAL = 'delete'{_DBOS}",
    "DBOS on SQLite (WAL)": f"JOURNAL = 'wal'{_DBOS}",
    "LangGraph SqliteSaver, durability sync": _LANGGRAPH,
    "Restate, server and Python SDK": _RESTATE,
}


def measure(folder: Path) -> list[Row]:
    """The rows of each peer, and durnb's of the same kind."""
    rows = [_resumed(folder / "durnb", "durnb", _DURNB)]
    for number, (name, program) in enumerate(PEERS.items()):
        rows += _steps(folder / f"peer{number}", name, program)
        if program is not _RESTATE:
            rows.append(_resumed(folder / f"resumed{number}", name, program))
    return rows


def _steps(place: Path, name: str, program: str) -> list[Row]:
    try:
        found: dict[str, float] = json.loads(_run(place, program, "measure"))
    except ValueError as error:
        return [Row(key=name, what=f"P2 {name}", value=float("nan"), unit="ms", samples=0, note=f"not measured: {error}")]
    return [
        Row(key=f"{name}-P2", what=f"P2 {name}: a sequential step", value=found["alone"] * 1000, unit="ms", samples=300),
        Row(key=f"{name}-P3", what=f"P3 {name}: 1000 steps, 8 at a time", value=found["together"], unit="s", samples=1, note="once"),
    ]


def _resumed(place: Path, name: str, program: str) -> Row:
    key, what = f"{name}-P8", f"P8 {name}: from the start of a process to the step after 1000 that are done"
    taken: list[float] = []
    try:
        for number in range(RESUMES):
            _run(place / str(number), program, "crash")
            began = time.time()
            taken.append(float(_run(place / str(number), program, "go on")) - began)
    except ValueError as error:
        return Row(key=key, what=what, value=float("nan"), unit="s", samples=0, note=f"not measured: {error}")
    return Row(key=key, what=what, value=statistics.median(taken), unit="s", samples=RESUMES)


def _run(place: Path, program: str, what: str) -> str:
    """The last line that the program prints; "" where it is to crash. Raises ValueError where it says nothing."""
    place.mkdir(parents=True, exist_ok=True)
    environ: dict[str, Any] = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", program, str(place), what], capture_output=True, text=True, timeout=300, check=False, env=environ
    )
    if what == "crash":
        return ""
    said = done.stdout.strip().splitlines()
    if not said:
        raise ValueError((done.stderr.strip().splitlines() or ["it printed nothing"])[-1][:100])
    return said[-1]

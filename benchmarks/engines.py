"""The same work by other engines, where they are installed: a durable no-op step, alone and a thousand eight at a time.

Each runs in a process of its own. One that is not installed (``pip install durnb[engines]``), or fails, is a row that says why.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.rows import Row

_DBOS: Final = """
import asyncio, json, statistics, sys, time, logging
from dbos import DBOS, DBOSConfig
DBOS(config={'name': 'bench', 'system_database_url': 'sqlite:///' + sys.argv[1] + '/dbos.sqlite', 'log_level': 'CRITICAL'})
@DBOS.step()
def nothing(n): return n
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
DBOS.launch()
one = alone()
two = asyncio.run(together())
print(json.dumps({'alone': one, 'together': two}))
DBOS.destroy()
"""
_LANGGRAPH: Final = """
import json, sqlite3, statistics, sys, time
from typing import TypedDict, Annotated
import operator
from langgraph.graph import StateGraph, START, END
from langgraph.types import Send
from langgraph.checkpoint.sqlite import SqliteSaver
class State(TypedDict):
    n: int
    out: Annotated[list, operator.add]
connection = sqlite3.connect(sys.argv[1] + '/lg.sqlite', check_same_thread=False)
saver = SqliteSaver(connection)
graph = StateGraph(State)
graph.add_node('nothing', lambda state: {'n': state['n'] + 1})
graph.add_edge(START, 'nothing')
graph.add_conditional_edges('nothing', lambda state: 'nothing' if state['n'] < 300 else END)
compiled = graph.compile(checkpointer=saver)
began = time.perf_counter()
compiled.invoke({'n': 0}, {'configurable': {'thread_id': 'a'}, 'recursion_limit': 1000}, durability='sync')
alone = (time.perf_counter() - began) / 300
fan = StateGraph(State)
fan.add_node('item', lambda state: {'out': [state['n']]})
fan.add_conditional_edges(START, lambda state: [Send('item', {'n': n}) for n in range(1000)], ['item'])
compiled = fan.compile(checkpointer=saver)
began = time.perf_counter()
compiled.invoke({'n': 0, 'out': []}, {'configurable': {'thread_id': 'b'}, 'max_concurrency': 8}, durability='sync')
print(json.dumps({'alone': alone, 'together': time.perf_counter() - began}))
"""
PEERS: Final[Mapping[str, str]] = {"DBOS on SQLite (default)": _DBOS, "LangGraph SqliteSaver, durability sync": _LANGGRAPH}


def measure(folder: Path) -> list[Row]:
    """A row or two for each peer."""
    rows: list[Row] = []
    for name, program in PEERS.items():
        place = folder / f"peer{len(rows)}"
        place.mkdir()
        done = subprocess.run([sys.executable, "-c", program, str(place)], capture_output=True, text=True, timeout=300, check=False)
        try:
            found = json.loads(done.stdout.strip().splitlines()[-1])
        except (ValueError, IndexError):
            why = (done.stderr.strip().splitlines() or ["no output"])[-1][:100]
            rows.append(Row(key=name, what=f"P2 {name}", value=float("nan"), unit="ms", samples=0, note=f"not measured: {why}"))
            continue
        rows.append(Row(key=f"{name}-P2", what=f"P2 {name}: a sequential step", value=found["alone"] * 1000, unit="ms", samples=300))
        rows.append(
            Row(key=f"{name}-P3", what=f"P3 {name}: 1000 steps, 8 at a time", value=found["together"], unit="s", samples=1, note="once")
        )
    return rows

"""``durnb.loop`` over kernels that die, and ``durnb.wrap`` over a server that counts."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kernel.conftest import Notebook

DIE = """
import os, random, signal, json, urllib.request
from pathlib import Path
import durnb

def die(name):
    if not Path(name).exists():
        Path(name).touch()
        os.kill(os.getpid(), signal.SIGKILL)
"""
TRAIN = """
class Shuffled:
    def __init__(self, n): self.n = n
    def __iter__(self):
        order = list(range(self.n))
        random.shuffle(order)
        return iter(order)
    def __len__(self): return self.n
"""
LOOP = """%%durable train
random.seed(7)
model = {'w': [0.0], 'seen': []}
alias = model['seen']
for item in durnb.loop(Shuffled(40), save=['model', 'alias'], every=0):
    model['w'][0] += item * random.random()
    alias.append(item)
    if KILLING and len(alias) in (5, 11, 12, 30, 40): die(f'died{len(alias)}')
weights = (model['w'][0], model['seen'], alias is model['seen'], random.random())
"""


def test_a_training_loop_killed_five_times_ends_as_an_unbroken_one(nb: Notebook) -> None:
    nb.ok(DIE, TRAIN, "KILLING = False", LOOP)
    unbroken = nb.evaluate("weights")
    nb.ok("%durable new")
    kills = 0
    while True:
        nb.ok(DIE, TRAIN, "KILLING = True")
        result = nb.run(LOOP)
        if result.status != "died":
            break
        kills += 1
        nb.open()
    assert kills == 5
    assert "the loop goes on after item 39" in result.announcement
    assert nb.evaluate("weights") == unbroken
    assert unbroken[2] is True


def test_what_cannot_go_on_at_a_position_is_refused_and_a_function_is_not(nb: Notebook) -> None:
    nb.ok(DIE)
    for items, said in (("iter([1])", "only once"), ("enumerate([1])", "lambda: enumerate"), ("5", "nothing of that kind")):
        result = nb.run(f"%%durable one\nfor x in durnb.loop({items}): pass")
        assert (result.ename, said in result.evalue) == ("UsageError", True), result.evalue
    assert "no variable 'gone'" in nb.run("%%durable one\nfor x in durnb.loop([1], save='gone'): pass").evalue
    cell = "%%durable one\nout = []\nfor i, x in durnb.loop(lambda: enumerate('abc'), save='out', every=0):\n    out.append((i, x))\n    if i == 1: die('dead')\nlen(out)"
    assert nb.run(cell).status == "died"
    nb.open().ok(DIE)
    assert nb.ok(cell).text == "3"
    assert nb.evaluate("out") == [[0, "a"], [1, "b"], [2, "c"]]


@pytest.fixture
def models() -> Iterator[tuple[str, Counter[str]]]:
    """A model server on 127.0.0.1 that counts what it was asked; its address, and the counts."""
    paid: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            paid[asked["prompt"]] += 1
            body = json.dumps({"text": asked["prompt"][::-1]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", paid
    server.shutdown()
    thread.join()
    server.server_close()


CLIENT = """
class Chat:
    def __init__(self, client): self.client = client
    def create(self, prompt, stream=False):
        data = json.dumps({'prompt': prompt}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.client.url, data=data)) as answer:
            text = json.loads(answer.read())['text']
        return (c for c in text) if stream else text
    async def acreate(self, prompt): return self.create(prompt)
class Client:
    def __init__(self, url): self.url, self.chat = url, Chat(self)
"""
AGENT = """%%durable agent
client = durnb.wrap(Client(URL), methods=['chat.*'])
notes = []
for turn in range(12):
    said = client.chat.create(f'turn {turn}') if turn % 3 else await client.chat.acreate(f'turn {turn}')
    if turn % 4 == 1: said += ''.join(client.chat.create(prompt=f'stream {turn}', stream=True))
    notes.append(said)
    if turn in (0, 2, 5, 9, 11): die(f'dead{turn}')
del client
"""


def test_an_agent_killed_five_times_pays_for_each_call_once(nb: Notebook, models: tuple[str, Counter[str]]) -> None:
    url, paid = models
    kills = 0
    while True:
        nb.ok(DIE, CLIENT, f"URL = {url!r}")
        if nb.run(AGENT).status != "died":
            break
        kills += 1
        nb.open()
    assert kills == 5
    assert set(paid.values()) == {1}
    assert len(paid) == 15
    assert nb.evaluate("notes[:2]") == ["0 nrut", "1 nrut1 maerts"]


PAYING = """%%durable pay
@durnb.call(once=True)
def pay(amount):
    with open('paid', 'a') as file: file.write('x')
    return len(Path('paid').read_text())
done = []
for who in durnb.loop(['ann', 'bob', 'cy', 'dan'], save=['done'], every=0):
    done.append((who, pay(100), str(durnb.uuid()), durnb.idempotency_key('pay')))
    if who == 'cy': die('died')
"""


def test_calls_in_a_loop_belong_to_its_items(nb: Notebook) -> None:
    nb.ok(DIE)
    assert nb.run(PAYING).status == "died"
    nb.open().ok(DIE, PAYING)
    done = nb.evaluate("done")
    assert [(who, receipt) for who, receipt, *_ in done] == [("ann", 1), ("bob", 2), ("cy", 3), ("dan", 4)]
    assert len({uid for _, _, uid, _ in done}) == len({key for *_, key in done}) == 4


NESTED = """%%durable nest
seen = []
for epoch in durnb.loop(range(3), save=['seen'], every=0):
    for batch in durnb.loop(range(3), save=['seen'], every=0):
        seen.append((epoch, batch))
        if (epoch, batch) == (1, 1): die('died')
"""


def test_a_loop_in_a_loop_goes_on_at_its_own_item(nb: Notebook) -> None:
    nb.ok(DIE)
    assert nb.run(NESTED).status == "died"
    nb.open().ok(DIE, NESTED)
    assert nb.evaluate("seen") == [[epoch, batch] for epoch in range(3) for batch in range(3)]


CARRYING = """%%durable carry
total, seen, model, names = 0, [], {'w': 0}, set()
for item in durnb.loop(range(3), save=['model'], every=0):
    double = 2 * item
    rest = [double]
    rest.append(item)
    model['w'] += double
    total += sum(rest)
    seen.append(total)
    if item == 1 and FAILING: raise ValueError('fails')
"""
LOCAL = """%%durable local
def run():
    total = 0
    for item in durnb.loop(range(3), every=0): total += item
    return total
run()
"""


def test_what_a_loop_changes_and_does_not_save_is_said_at_its_first_point_and_when_it_goes_on(nb: Notebook) -> None:
    nb.ok(DIE)
    said = "carry: seen, total change from item to item of the loop and are not in its save=:"
    nb.ok("FAILING = True")
    failed = nb.run(CARRYING)
    assert (failed.ename, failed.announcement.count(said)) == ("ValueError", 1)
    nb.open().ok(DIE, "FAILING = False")
    assert nb.ok(CARRYING).announcement.count(said) == 1
    assert "local: total changes from item to item of the loop and is local to a function" in nb.ok(LOCAL).announcement
    assert "change" not in nb.ok(NESTED.replace("(1, 1)", "()")).announcement


def test_calls_by_objects_that_change_say_so(nb: Notebook) -> None:
    nb.ok(
        DIE,
        "class Client:\n    n = 0\n    def create(self, text):\n        self.n += 1\n        return text\nfirst, other = Client(), Client()",
    )
    result = nb.ok("%%durable ask\nmade = durnb.call(first.create)('a')")
    assert "say what they are by key=" in result.announcement
    result = nb.ok("%%durable both\nmade = [durnb.call(each.create, key='k')('a') for each in (first, other)]")
    assert "give each of them a name= of its own" in result.announcement


def test_json_in_a_signal_needs_no_quotes_around_it(nb: Notebook) -> None:
    nb.ok(DIE, '%durable signal order {"by": "ann", "n": [1, 2]}', "%%durable take\ntaken = durnb.wait_for('order')")
    assert nb.evaluate("taken") == {"by": "ann", "n": [1, 2]}


AFTER = """%%durable after
total, item = 0, 'before'
for item in durnb.loop(range(3), save=['total'], every=0): total += item
die('died')
last = item
"""


def test_the_variable_of_a_loop_is_there_after_it(nb: Notebook) -> None:
    nb.ok(DIE)
    assert nb.run(AFTER).status == "died"
    nb.open().ok(DIE, AFTER)
    assert nb.names("last", "total", "item") == {"last": "2", "total": "3", "item": "2"}


ONCE = """%%durable once
import threading, time
def pay(x):
    with open('paid', 'a') as file: file.write('x')
    time.sleep(0.2)
    return x
out = []
threads = [threading.Thread(target=lambda: out.append(durnb.call(pay, once='T1')(1))) for _ in range(3)]
for each in threads: each.start()
for each in threads: each.join()
del threads
"""


def test_a_once_call_asked_for_by_several_threads_is_made_once(nb: Notebook) -> None:
    nb.ok(DIE, ONCE)
    assert (nb.evaluate("out"), (nb.place.folder / "paid").read_text()) == ([1, 1, 1], "x")


def test_a_finished_loop_begins_anew_where_its_text_or_what_leads_to_it_was_edited_and_an_unfinished_one_goes_on(nb: Notebook) -> None:
    nb.ok("import durnb")
    cell = "%%durable one\nscale = 1\nout = []\nfor x in durnb.loop(range(4), save='out', every=0):\n    out.append(x * scale)\nprint(out)"
    assert nb.ok(cell).text == "[0, 1, 2, 3]\n"
    below = nb.ok(f"{cell}\nprint('below')")
    assert (below.text, "the loop goes on after item 4" in below.announcement) == ("[0, 1, 2, 3]\nbelow\n", True)
    assert nb.ok(cell.replace("x * scale", "x + scale")).text == "[1, 2, 3, 4]\n"
    assert nb.ok(cell.replace("scale = 1", "scale = 3")).text == "[0, 3, 6, 9]\n"
    failing = cell.replace("out.append", "1 / (3 - x)\n    out.append")
    assert nb.run(failing).ename == "ZeroDivisionError"
    mended = nb.ok(failing.replace("3 - x", "4 - x"))
    assert mended.text == "[0, 1, 2, 3]\n"
    assert "after item 3; its code was edited since" in mended.announcement

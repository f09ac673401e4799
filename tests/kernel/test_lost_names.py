"""Names that can't be stored: said loudly, unbound after a resume, and how to go on."""

from __future__ import annotations

from kernel.conftest import Notebook

MAKER = "%%durable connect\nimport socket\nran('connect')\nclass Client:\n    def __init__(self): self.session = {'sock': socket.socket()}\n    def ask(self): return 42\nclient = Client()\nplain = [1]"
USER = "%%durable use\nran('use')\nanswer = client.ask()"


def test_a_name_that_can_t_be_stored_is_said_with_the_path_to_the_culprit_and_run_all_goes_on(nb: Notebook) -> None:
    badge = nb.ok(MAKER).badge
    assert "client" in badge
    assert "sock" in badge
    assert nb.ok(USER).ok
    assert nb.status()["connect"]["lost"] == ["client"]
    nb.ok("client.session['sock'].close()")


def test_after_a_resume_it_is_unbound_and_finished_steps_that_read_it_are_reused(nb: Notebook) -> None:
    nb.ok(MAKER, USER)
    nb.open().ok(MAKER, USER)
    assert nb.names("client", "plain", "answer") == {"plain": "[1]", "answer": "42"}
    assert nb.executions == {"connect": 1, "use": 1}


def test_a_name_that_a_later_step_made_unstorable_does_not_go_back_to_what_it_was_before(nb: Notebook) -> None:
    cells = [
        "%%durable first\nclient = {'sock': None}\nkept = [1]",
        "%%durable second\nimport socket\nclient['sock'] = socket.socket()\nkept.append(2)",
    ]
    nb.ok(*cells, "client['sock'].close()")
    nb.open().ok(*cells)
    assert nb.names("client", "kept") == {"kept": "[1, 2]"}


def test_a_thread_that_goes_on_is_told_of_by_the_step_that_made_it_and_no_other(nb: Notebook) -> None:
    maker = "%%durable make\nimport threading\ngo = threading.Event()\nthread = threading.Thread(target=go.wait)\nthread.start()"
    assert "thread could not be stored" in nb.ok(maker).badge
    assert "thread" not in nb.ok("%%durable other\nx = 1").badge
    nb.ok("go.set()\nthread.join()")


def test_a_step_that_must_run_and_lacks_it_is_refused_naming_its_maker(nb: Notebook) -> None:
    nb.ok(MAKER)
    nb.open().ok(MAKER)
    result = nb.refused(USER)
    assert result.ename == "StepRefused"
    assert "`client`" in result.evalue
    assert "%durable rerun connect" in result.evalue
    nb.ok("%durable rerun connect", MAKER, USER)
    assert nb.executions == {"connect": 2, "use": 1}
    nb.ok("client.session['sock'].close()")


def test_save_takes_the_checkpoint_again_without_running_the_body(nb: Notebook) -> None:
    nb.ok(MAKER, "client.session['sock'].close()\nclient.session.clear()")
    assert "client" not in nb.ok("%durable save connect").text.partition("saved")[2]
    nb.open().ok(MAKER)
    assert nb.evaluate("client.ask()") == 42
    assert nb.executions == {"connect": 1}


def test_save_can_leave_a_name_out(nb: Notebook) -> None:
    nb.ok(MAKER, "%durable save connect --ignore client")
    assert nb.status()["connect"]["lost"] == []
    nb.ok("client.session['sock'].close()")
    nb.open().ok(MAKER)
    assert nb.names("client", "plain") == {"plain": "[1]"}


def test_save_leaves_out_what_is_named_and_only_that(nb: Notebook) -> None:
    nb.ok(MAKER + "\nholder = [client]\nshared = plain")
    said = nb.run("%durable save connect --ignore clinet")
    assert "left no clinet; its variables: " in said.evalue + said.text
    nb.ok("%durable save connect --ignore client")
    assert nb.status()["connect"]["lost"] == ["holder"]
    nb.ok("%durable save connect --ignore client,holder")
    assert nb.status()["connect"]["lost"] == []
    nb.ok("client.session['sock'].close()")
    nb.open().ok(MAKER + "\nholder = [client]\nshared = plain")
    assert nb.names("client", "holder", "plain", "shared") == {"plain": "[1]", "shared": "[1]"}
    assert nb.evaluate("plain is shared")
    assert nb.executions == {"connect": 1}


REGISTER = "import durnb\nclass Link:\n    def __init__(self, url):\n        import threading\n        self.url, self.local = url, threading.local()\ndurnb.register(Link, dump=lambda link: link.url, load=Link)"


def test_a_registered_type_is_stored_and_needs_its_registration_above(nb: Notebook) -> None:
    cell = "%%durable one\nlink = Link('db:1')\nran('one')"
    nb.ok(REGISTER, cell)
    assert nb.status()["one"]["lost"] == []
    nb.open().ok(REGISTER.partition("durnb.register")[0])
    asked = nb.run(cell)
    assert asked.ename == "StepAsks"
    assert "durnb.register" in asked.evalue
    nb.ok(REGISTER, cell)
    assert nb.evaluate("[link.url, type(link) is Link]") == ["db:1", True]
    assert nb.executions == {"one": 1}


def test_a_file_and_a_database_are_open_again_and_what_is_gone_is_said_and_costs_the_rest_nothing(nb: Notebook) -> None:
    (nb.place.folder / "a.txt").write_text("one\ntwo\nthree\n")
    make = "%%durable one\nimport sqlite3\nf = open('a.txt')\nfirst = f.readline()\ndb = sqlite3.connect('a.db')\ndb.execute('create table t as select 1 x')\ndb.commit()"
    read = "%%durable two\nsecond = f.readline()"
    assert "opened again on" in nb.ok(make).badge
    nb.ok(read)
    nb.open().ok(make, read)
    assert nb.evaluate("[f.readline(), second, db.execute('select x from t').fetchall()]") == ["three\n", "two\n", [[1]]]
    (nb.place.folder / "a.db").rename(nb.place.folder / "b.db")
    assert "a.db could not be opened again" in nb.open().ok(make).badge
    assert nb.evaluate("[first, repr(db)[:5]]") == ["one\n", "<gone"]
    assert not (nb.place.folder / "a.db").exists()


def test_an_always_step_makes_it_anew_and_others_can_run(nb: Notebook) -> None:
    maker = MAKER.replace("durable connect", "durable connect --always")
    nb.ok(maker, USER, "client.session['sock'].close()")
    nb.open().ok(maker, USER + " + 1")
    assert nb.executions == {"connect": 2, "use": 2}
    nb.ok("client.session['sock'].close()")


def test_debris_is_dropped_with_a_note_and_is_not_lost(nb: Notebook) -> None:
    cell = "%%durable one\nwith open('x.txt', 'w') as f:\n    f.write('x')\ng = (i for i in [])\nlist(g)\nn = 1\nfrom gzip import open"
    badge = nb.ok(cell).badge
    assert "open is a name of IPython's own: what the step bound to it is not kept" in badge
    assert nb.status()["one"]["lost"] == []
    nb.open().ok(cell)
    assert nb.evaluate("n") == 1


def test_an_open_file_is_lost_and_nothing_truncates_it(nb: Notebook) -> None:
    cell = "%%durable one\nout = open('log.txt', 'w')\nout.write('line')\nout.flush()\nn = 1"
    nb.ok(cell)
    nb.open().ok(cell)
    assert (nb.place.folder / "log.txt").read_text() == "line"
    assert nb.names("out", "n") == {"n": "1"}


def test_a_live_generator_is_lost_and_the_rest_is_kept(nb: Notebook) -> None:
    cell = "%%durable one\ndef numbers():\n    yield from range(5)\ngen = numbers()\nfirst = next(gen)\nkept = [1]"
    nb.ok(cell)
    assert nb.evaluate("next(gen)") == 1
    nb.open().ok(cell)
    assert nb.names("gen", "first", "kept") == {"first": "0", "kept": "[1]"}


def test_a_step_that_could_only_reach_what_is_lost_now_is_not_run_again(nb: Notebook) -> None:
    make = "%%durable one\nimport sqlite3, threading\nworker = threading.Thread()\ndb = sqlite3.connect('a.db')"
    use = "%%durable two\nran('two')\ndb.execute('create table t as select 1 x')\ndb.commit()"
    nb.ok(make, use)
    nb.open().ok(make, use)
    assert nb.executions == {"two": 1}
    nb.ok("%durable rerun one", make, use)
    assert nb.executions == {"two": 1}


def test_steps_that_read_what_is_not_stored_run_again_where_its_maker_did_for_an_edit(nb: Notebook) -> None:
    users = (USER, "%%durable too\nran('too')\nlength = len(left_out)")
    maker = MAKER.replace("connect", "connect --save plain", 1).replace("plain = [1]", "plain = [1]\nleft_out = [1, 2]")
    nb.ok(maker, *users, "%durable rerun connect", maker, *users)
    assert nb.executions == {"connect": 2, "use": 1, "too": 1}
    nb.ok(maker.replace("return 42", "return 43").replace("[1, 2]", "[1, 2, 3]"), *users)
    assert nb.names("answer", "length") == {"answer": "43", "length": "3"}
    nb.ok("client.session['sock'].close()")

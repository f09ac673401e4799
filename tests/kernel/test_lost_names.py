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


def test_an_always_step_makes_it_anew_and_others_can_run(nb: Notebook) -> None:
    maker = MAKER.replace("durable connect", "durable connect --always")
    nb.ok(maker, USER, "client.session['sock'].close()")
    nb.open().ok(maker, USER + " + 1")
    assert nb.executions == {"connect": 2, "use": 2}
    nb.ok("client.session['sock'].close()")


def test_debris_is_dropped_with_a_note_and_is_not_lost(nb: Notebook) -> None:
    nb.ok("%%durable one\nwith open('x.txt', 'w') as f:\n    f.write('x')\ng = (i for i in [])\nlist(g)\nn = 1")
    assert nb.status()["one"]["lost"] == []
    nb.open().ok("%%durable one\nwith open('x.txt', 'w') as f:\n    f.write('x')\ng = (i for i in [])\nlist(g)\nn = 1")
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

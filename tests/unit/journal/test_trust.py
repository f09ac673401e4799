from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durnb.errors import JournalError, UsageError
from durnb.journal import Secret, load_secret

KEY = Secret(b"key")


def test_a_signature_binds_facts_and_payload() -> None:
    signature = KEY.sign(("store", "run"), b"bytes")
    assert KEY.verify(("store", "run"), b"bytes", signature)
    for facts, payload in (
        (("store", "ru"), b"nbytes"),
        (("storerun",), b"bytes"),
        (("run", "store"), b"bytes"),
        (("store", "run"), b"byte"),
        ((), b""),
    ):
        assert not KEY.verify(facts, payload, signature)
    assert not Secret(b"other").verify(("store", "run"), b"bytes", signature)
    for wrong in ("", "é", "\ud800", signature[:-1], signature.upper()):
        assert not KEY.verify(("store", "run"), b"bytes", wrong)


Signed = tuple[list[str], bytes]
_signed = st.tuples(st.lists(st.text(), max_size=4), st.binary(max_size=20))


@given(_signed, _signed)
def test_no_two_lists_of_facts_share_a_signature(one: Signed, other: Signed) -> None:
    assert (KEY.sign(*one) == KEY.sign(*other)) == (one == other)


def test_the_key_is_made_once_for_the_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    first = load_secret(os.environ)
    path = tmp_path / "jupyter" / "durnb" / "secret"
    assert load_secret(os.environ) == first
    assert len(first.key) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.key.decode() not in repr(first)


def test_processes_that_start_together_make_one_key(tmp_path: Path) -> None:
    code = "import os; from durnb.journal import load_secret; print(load_secret(os.environ).key.decode())"
    environ = {**os.environ, "JUPYTER_DATA_DIR": str(tmp_path)}
    children = [subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE) for _ in range(6)]
    assert len({child.communicate()[0] for child in children}) == 1
    assert [path.name for path in (tmp_path / "durnb").iterdir()] == ["secret"]


def test_the_environment_gives_the_key_or_its_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file\n")
    assert load_secret({"DURNB_SECRET_FILE": str(file)}) == Secret(b"from a file")
    assert load_secret({"DURNB_SECRET": "text", "DURNB_SECRET_FILE": str(file)}) == Secret(b"text")


def test_a_file_of_a_key_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    environ = {"DURNB_SECRET_FILE": str(tmp_path / "keys" / "mine")}
    assert load_secret(environ) == load_secret(environ)
    assert stat.S_IMODE((tmp_path / "keys" / "mine").stat().st_mode) == 0o600


def test_a_key_that_is_empty_or_can_not_be_made_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch()
    with pytest.raises(UsageError, match="is empty"):
        load_secret({"DURNB_SECRET_FILE": str(file)})
    with pytest.raises(JournalError, match="secret"):
        load_secret({"DURNB_SECRET_FILE": str(file / "below")})

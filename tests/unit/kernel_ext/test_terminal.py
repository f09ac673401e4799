"""The line of what goes on, in a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from durnb_kernel_ext.terminal import TerminalLine


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> Iterator[list[str]]:
    """A terminal as stderr; when it is over the list holds what was written, cut at each carriage return."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    monkeypatch.setenv("COLUMNS", str(columns))
    written: list[str] = []
    with os.fdopen(side, "w") as stderr, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", stderr)
        yield written
        stderr.write("\0")
        stderr.flush()
        data = b""
        while not data.endswith(b"\0"):
            data += os.read(main, 65536)
    os.close(main)
    written += data.decode().rstrip("\0").split("\r")


def test_a_line_is_written_over_and_left_as_it_was_last(monkeypatch: pytest.MonkeyPatch) -> None:
    line = TerminalLine()
    with terminal(monkeypatch, 40) as written:
        line.end()
        line.show("fetch: 1/3")
        line.show("fetch: 3/3")
        line.end()
        line.end()
    assert written == ["", "\x1b[Kfetch: 1/3", "\x1b[Kfetch: 3/3", "\n"]


def test_a_line_that_is_too_long_is_written_whole_once(monkeypatch: pytest.MonkeyPatch) -> None:
    line, text = TerminalLine(), "waits: 9 s left; to go on now: %durable wake step"
    with terminal(monkeypatch, 20) as written:
        line.show(text)
        line.show(text.replace("9", "8"))
    assert written == ["", f"\x1b[K{text}", "\n", "\x1b[Kwaits: 9 s left; t…", "\x1b[Kwaits: 8 s left; t…"]


def test_a_log_gets_no_such_lines(capsys: pytest.CaptureFixture[str]) -> None:
    line = TerminalLine()
    line.show("fetch: 1/3")
    line.end()
    assert capsys.readouterr().err == ""

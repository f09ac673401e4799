"""Which program a process is that has a run: people know their worker better than its number."""

from __future__ import annotations

import shlex
from contextlib import suppress

import psutil


def held_text(key: str, notebook: str, pid: int | None) -> str:
    """That the run `key` of the notebook has a runner, which one, and what to do."""
    name = shlex.quote(notebook)
    command, folder = _durnb_command(pid) if pid is not None else ("", "")
    where = f"process {pid}, started in {folder}" if folder else f"process {pid}" if pid is not None else "another process"
    look = f"durnb status {name} --run {shlex.quote(key)} tells how it goes"
    if command == "worker":
        return (
            f"run {key} of {notebook} is in the hands of a durnb worker ({where}), which goes on with it: {look}. "
            "To run it here, end that worker first: what it runs is left for whoever comes next"
        )
    who = f"durnb {command} ({where})" if command else where
    return f"run {key} of {notebook} is in the hands of {who}: {look}. Wait until it has ended, or end it first"


def _durnb_command(pid: int) -> tuple[str, str]:
    """The command of durnb that the process is (``run``, ``worker``), and the folder that it was started in; empty where that can't be told."""
    with suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        words = process.cmdline()
        at = next((i for i, word in enumerate(words) if word.endswith(("/durnb", "durnb.cli")) or word == "durnb"), None)
        if at is not None and at + 1 < len(words):
            return words[at + 1], process.cwd()
    return "", ""

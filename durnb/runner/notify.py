"""Tells a command or a URL what became of a run, as one JSON object; nothing is told unless somebody set where to."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Mapping
from typing import Any, Final, Literal

from durnb.runner.exits import Exit

Occasion = Literal["finished", "failed", "asked", "waiting", "crashed", "paused", "cancelled", "stopped"]
_PATIENCE: Final = 30.0  # seconds for the command, or for the server's answer
_URLS: Final = ("http://", "https://")


def occasion_of(exit_code: Exit) -> Occasion:
    """What is told of a run that ended so."""
    match exit_code:
        case Exit.FINISHED:
            return "finished"
        case Exit.ASKS:
            return "asked"
        case Exit.SUSPENDED:
            return "waiting"
        case Exit.PAUSED:
            return "paused"
        case Exit.CANCELLED:
            return "cancelled"
        case Exit.INTERRUPTED | Exit.TERMINATED | Exit.HELD:
            return "stopped"
        case Exit.FAILED | Exit.DIED | Exit.USAGE:
            return "failed"


async def notify(target: str, facts: Mapping[str, Any]) -> str | None:
    """Give `facts` to the command on its stdin, or POST them to the URL; what went wrong, in words, or None. Never raises for what the target does."""
    text = json.dumps(facts, default=str).encode()
    try:
        if target.startswith(_URLS):
            await asyncio.to_thread(_post, target, text)
            return None
        return await asyncio.wait_for(_call(target, text), _PATIENCE)
    except TimeoutError:
        return f"notify: {target!r} did not end in {_PATIENCE:g} s"
    except (OSError, ValueError) as error:
        return f"notify: {target!r}: {error}"


def _post(url: str, text: bytes) -> None:
    request = urllib.request.Request(url, data=text, headers={"Content-Type": "application/json", "User-Agent": "durnb"})
    with urllib.request.urlopen(request, timeout=_PATIENCE):
        pass


async def _call(command: str, text: bytes) -> str | None:
    process = await asyncio.create_subprocess_shell(
        command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, said = await process.communicate(text)
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode == 0:
        return None
    return f"notify: {command!r} ended with exit code {process.returncode}: {said.decode(errors='replace').strip()[-200:]}"

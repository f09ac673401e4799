"""The distribution as a user gets it: built from the checkout, installed into an environment that never heard of the checkout."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Built:
    sdist: Path
    wheel: Path


@dataclass(frozen=True, slots=True)
class Installed:
    """A virtual environment with the wheel and its dependencies, and a folder whose modules would shadow ours if we let them."""

    python: Path
    hostile: Path

    def run(self, *command: str | Path) -> str:
        """What `command` (its program looked up in the environment) prints, run in the hostile folder."""
        program = self.python.parent / command[0]
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        environment["PATH"] = f"{self.python.parent}{os.pathsep}{environment['PATH']}"
        return call([program, *command[1:]], cwd=self.hostile, env=environment)


def call(command: list[str | Path], cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout

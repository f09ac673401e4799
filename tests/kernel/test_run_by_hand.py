"""Cells run again one by one: random notebooks of steps and plain cells that change shared lists, beside the same code run straight through.

Edits, failures, retries and kills, each at a step with no plain cell below it: what it shows is what a run from the top would show, or it asks.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

import pytest

from kernel.conftest import Notebook
from kernel.driver import CellResult

FORMS = (
    "{v} = [{k}]",
    "{v}.append({k})",
    "{v} = {w} + [{k}]",
    "{v} += [{k}]",
    "{v} = list({w})",
    "{v} = {w}",
    "{v}[0:0] = [{k}]",
    "{v} = {v}[:2]",
    "{v} = [{w}, {k}]",
)


@dataclass(slots=True)
class Cell:
    name: str
    durable: bool
    lines: list[str]
    options: str = ""
    flag: str = ""  # the file whose absence makes it fail once

    @property
    def source(self) -> str:
        fails = f"import os\nif not os.path.exists('{self.flag}'): open('{self.flag}', 'w').close(); raise ValueError" if self.flag else ""
        header = f"%%durable {self.name}{self.options}" if self.durable else ""
        return "\n".join(filter(None, (header, *self.lines, fails, f"print([{', '.join(self.read())}])")))

    def read(self) -> list[str]:
        return sorted(set(re.findall(r"\b[abc]\b", "\n".join(self.lines))))


class Story:
    """A notebook, its kernel, and the random choices."""

    def __init__(self, nb: Notebook, seed: int) -> None:
        self.nb, self.choose = nb, random.Random(seed)
        first = Cell("s0", durable=True, lines=["a = [0]; b = [1]; c = [2]"])
        self.cells = [first, *(self._cell(f"s{at}") for at in range(1, self.choose.randint(3, 7)))]
        self.told: list[str] = []

    def _cell(self, name: str) -> Cell:
        return Cell(name, durable=self.choose.random() < 0.6, lines=[self.line() for _ in range(self.choose.randint(1, 3))])

    def line(self) -> str:
        return self.choose.choice(FORMS).format(v=self.choose.choice("abc"), w=self.choose.choice("abc"), k=self.choose.randint(1, 99))

    def straight(self, upto: int) -> str:
        namespace: dict[str, object] = {}
        for cell in self.cells[: upto + 1]:
            exec("\n".join(cell.lines), namespace)
        return repr([namespace[name] for name in self.cells[upto].read()])

    def run(self, at: int) -> CellResult:
        result = self.nb.run(self.cells[at].source)
        self.told.append(f"{self.cells[at].source}\n-> {result.text if result.ok else f'{result.ename}: {result.evalue}'}")
        return result

    def run_right(self, at: int) -> None:
        result = self.run(at)
        story = "\n".join(self.told[-12:])
        assert result.ok, story
        assert self.straight(at) in result.text, f"{story}\nand not {self.straight(at)}"

    def run_down(self, begin: int, end: int | None = None) -> None:
        for at in range(begin, len(self.cells) if end is None else end):
            self.run_right(at)

    def by_hand(self, at: int) -> None:
        """One step again, alone; where it asks for the cells above, these first."""
        result = self.run(at)
        if not result.ok and result.ename in ("StepAsks", "StepRefused"):
            self.run_down(0, at)
            result = self.run(at)
        if not result.ok:
            assert result.ename == "ValueError", "\n".join(self.told[-12:])
            self.run_right(at)
        else:
            assert self.straight(at) in result.text, "\n".join(self.told[-12:])

    def act(self, at: int) -> None:
        cell = self.cells[at]
        match self.choose.choice(["edit", "fail", "retry", "again", "killed", "killed above"]) if at else "killed":
            case "edit":
                cell.lines[self.choose.randrange(len(cell.lines))] = self.line()
                self.by_hand(at)
            case "fail" | "retry" as how:
                cell.lines.append(f"{self.choose.choice('abc')}.append({self.choose.randint(1, 99)})")
                cell.flag, cell.options = f"f{len(self.told)}", " --retries 1 --delay 0s" if how == "retry" else ""
                self.by_hand(at)
            case "again":
                self.by_hand(at)
            case "killed above":
                self.nb.open()
                self.run_down(0, at)
                for below in self.cells[at:]:
                    if self.choose.random() < 0.5:
                        below.lines[self.choose.randrange(len(below.lines))] = self.line()
                self.run_down(at)
            case _:
                self.nb.open()


@pytest.mark.parametrize("seed", range(10))
def test_a_step_run_by_hand_shows_what_a_run_from_the_top_would(nb: Notebook, seed: int) -> None:
    story = Story(nb, seed)
    story.run_down(0)
    for _ in range(5):
        free = [at for at, cell in enumerate(story.cells) if all(below.durable for below in story.cells[at:])]
        if not free:
            break
        story.act(story.choose.choice(free))
        story.run_down(0)

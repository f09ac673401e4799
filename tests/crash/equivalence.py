"""Resume equivalence: a notebook that was killed and run again must end as one that never was.

`Book` is a notebook as text, perhaps with an edited form. `Trial` runs one in real kernels: first plain, without durnb, for the reference;
then with durnb and a kill; then again, from the first cell. It compares namespace, Out, ambient state and outputs, and counts effects.
"""

from __future__ import annotations

import ast
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from durnb import journal
from durnb.engine.unmarked import name_by_id
from durnb.engine.work import does_work
from kernel.driver import CellResult, KernelDriver, Nursery, Place

IN_KERNEL = Path(__file__).with_name("in_kernel.py")
POINTS = ("step-started", "body-ended", "after-pack", "before-commit", "after-commit")
HEADER = re.compile(r"^(?:%%durable|#\s*durable:)[ \t]+([^\s-]\S*)(.*)$", re.MULTILINE)
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
LOAD = "%load_ext durnb"
ALL = "%durable all"


@dataclass(frozen=True)
class Cell:
    """A cell of a trial: its id is the step's name, or p1, p2 … for one without a header, counted in the notebook.

    `step` is the id where the cell is a step; `name` is what durnb calls that.
    """

    id: str
    source: str
    step: str | None
    name: str = ""

    @property
    def plain(self) -> str:
        """The cell without its header; the lines keep their numbers where they can."""
        if not self.step:
            return self.source
        body = HEADER.sub("", self.source, count=1)
        return body.lstrip("\n") if body.lstrip("\n").startswith("%%") else body

    @property
    def labels(self) -> list[str]:
        return re.findall(r"^die\('([^']+)'\)$", self.source, re.MULTILINE)


@dataclass(frozen=True)
class Book:
    """A notebook of the trials: cells parted by lines of ``---``.

    `edited` is what stands there when the notebook is run again after the crash. `live` names the cells that the first kernel runs, in that
    order (all of them once, unless given), a cell of the edited form as ``new:ID``. `reruns` are the finished steps that run again all the same.
    `kept` maps names that no two runs share (unseeded randomness) to their step: the first run's value must come back.
    `runs` says how often a step's body runs in the first kernel where it isn't once. `variant` is a third form, of which the first kernel can run
    cells as ``var:ID``. `fails`: the last cell of the first kernel raises. `every`: ``%durable all`` makes the cells steps; headers without options
    are left out. `marked` is why that can't be: what the book needs a plain cell for. `lost` names what can't be
    stored, or is not worth it: after a resume it is not there.
    """

    name: str
    sentence: str
    text: str
    edited: str | None = None
    variant: str = ""
    live: str = ""
    reruns: tuple[str, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    edited_files: Mapping[str, str] = field(default_factory=dict)
    fails: bool = False
    needs: tuple[str, ...] = ()
    counted: bool = True
    every: bool = False
    marked: str = ""
    lost: tuple[str, ...] = ()

    @property
    def cells(self) -> list[Cell]:
        return parse(self.text, self.every)

    @property
    def last_cells(self) -> list[Cell]:
        return parse(self.edited or self.text, self.every)

    @property
    def first_order(self) -> list[Cell]:
        """What the first kernel runs."""
        if not self.live:
            return self.cells
        forms = {"": self.cells, "new": self.last_cells, "var": parse(self.variant, self.every)}
        named = {f"{form}:{cell.id}".removeprefix(":"): cell for form, cells in forms.items() for cell in cells}
        return [named[name] for name in self.live.split()]


def parse(text: str, every: bool = False) -> list[Cell]:
    """The cells of a book's text, with a `die` before each further statement of each durable cell."""
    cells: list[Cell] = []
    plain = 0
    for part in re.split(r"^---$\n?", text.strip("\n"), flags=re.MULTILINE):
        source = part.strip("\n")
        header = HEADER.search(source)
        plain += header is None
        cell_id = header[1] if header else f"p{plain}"
        bare = every and (header is None or not header[2].strip())
        source = HEADER.sub("", source, count=1).lstrip("\n") if bare else source
        step = does_work(source) if bare else header is not None
        name = name_by_id(cell_id) if bare else cell_id
        cells.append(Cell(cell_id, with_kill_points(cell_id, source) if step else source, cell_id if step else None, name if step else ""))
    return cells


def with_kill_points(name: str, source: str) -> str:
    """`source` with a line ``die('NAME.N')`` between its statements; unchanged where it is not plain Python."""
    try:
        statements = ast.parse(HEADER.sub("", source, count=1)).body
    except SyntaxError:
        return source
    lines = source.split("\n")
    for n, statement in reversed(list(enumerate(statements))[1:]):
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
        if lines[first - 1][:1].strip() and ";" not in lines[first - 1]:
            lines.insert(first - 1, f"die('{name}.{n}')")
    return "\n".join(lines)


@dataclass(frozen=True)
class Kill:
    """Where a kernel dies: after a cell has ended (`boundary`), at a `die` in a body (`inside`), or at a point of durnb's own (`fault`).

    `at` is the position among the cells that the first kernel runs; `nth` counts the times that it comes to a place of that name.
    """

    how: Literal["boundary", "inside", "fault"]
    at: int
    where: str
    step: str = ""
    nth: int = 1

    def __str__(self) -> str:
        return {"boundary": f"after {self.where}", "inside": f"at {self.where}", "fault": f"{self.step} {self.where}"}[self.how]

    @property
    def env(self) -> dict[str, str]:
        where, _, count = self.where.partition("@")
        return {"DURNB_FAULTS": f"{where}{':' * bool(self.step)}{self.step}=kill@{count or self.nth}"} if self.how == "fault" else {}

    @property
    def die(self) -> dict[str, int]:
        return {self.where: self.nth} if self.how == "inside" else {}

    @property
    def commits(self) -> bool:
        """Whether the step of the cell at `at` is finished when the kernel dies."""
        return self.how == "boundary" or self.where == "after-commit"


def inside(at: int, cell: Cell, *, ends: bool) -> list[Kill]:
    """The kills in the `at`-th cell, in the order in which the kernel comes to them. One that does not end well (`ends`) commits nothing."""
    step = cell.name
    return [
        Kill("fault", at, "step-started", step),
        *(Kill("inside", at, label) for label in cell.labels),
        *(Kill("fault", at, point, step) for point in (POINTS[1:] if ends else POINTS[1:2])),
    ]


def kills(book: Book) -> list[Kill]:
    """Every place at which the first kernel can be killed, in the order in which it comes to them."""
    found: list[Kill] = []
    met: set[str] = set()
    starts: Counter[str] = Counter()
    order = book.first_order
    for at, cell in enumerate(order):
        if cell.step and cell.source not in met:
            found += [replace(kill, nth=starts[cell.step] + 1) for kill in inside(at, cell, ends=not (book.fails and at == len(order) - 1))]
            starts[cell.step] += 1
        met.add(cell.source)
        found.append(Kill("boundary", at, cell.id if book.live.split().count(cell.id) < 2 else f"{cell.id} ({at})"))
    return found


@dataclass
class Outcome:
    """What a run to the end left."""

    results: list[CellResult]
    names: dict[str, str]
    ambient: dict[str, str]
    outputs: dict[str, list[str]]
    effects: Counter[str]


def shown(result: CellResult, root: Path) -> list[str]:
    """A cell's outputs as text: what a reader of the notebook sees, without addresses and counts."""
    lines: list[str] = []
    for output in result.outputs:
        if output["output_type"] == "stream":
            text = output["text"].replace("\r\n", "\n")  # what a terminal's line ends show is the same
            lines.append(f"{output['name']}: {text}")
        elif output["output_type"] == "error":
            lines.append(f"error: {output['ename']}: {output['evalue']}")
        else:
            lines += [f"{output['output_type']} {kind}: {data}" for kind, data in sorted(output["data"].items())]
    return [ADDRESS.sub("0x…", line).replace(str(root), "<root>") for line in lines]


def differences(what: str, expected: Mapping[str, Any], found: Mapping[str, Any], skip: Iterable[str] = ()) -> list[str]:
    """One sentence for each key in which two tables differ; keys that start with a word of `skip` are left out."""
    left_out = tuple(skip)

    def counts(key: str) -> bool:
        return not any(key == word or key.startswith((f"{word}.", f"{word}[", f"{word}{{")) for word in left_out)

    return [
        f"{what} {key}: {found.get(key, 'missing')!s}, not {expected.get(key, 'there')!s}"
        for key in sorted({*expected, *found})
        if expected.get(key) != found.get(key) and counts(key)
    ]


class Trial:
    """Runs one book in a folder; a new `Trial` for each kill. `nurseries` are two, with different hash seeds: the runs alternate between them."""

    def __init__(self, book: Book, folder: Path, nurseries: tuple[Nursery, Nursery]) -> None:
        self.book, self.nurseries = book, nurseries
        self.place = Place.at(folder, DURNB_MAX_CRASHES="1000")
        self.effects_file = self.place.spare / "effects"
        self.kernels = 0
        self.trace: list[str] = []
        self._write_files(book.files)

    def _write_files(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.place.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def kernel(self, kill: Kill | None = None, *, plain: bool = False) -> KernelDriver:
        """The next kernel, not yet started with anything of durnb."""
        driver = KernelDriver(self.place, self.nurseries[self.kernels % 2])
        self.kernels += 1
        facts = {
            "effects": str(self.effects_file),
            "root": str(self.place.folder),
            "kernel": self.kernels,
            "die": kill.die if kill else {},
            "plain": plain,
        }
        return driver.start(install={"in_kernel": facts}, **(kill.env if kill else {}))

    def store_problems(self) -> list[str]:
        """What is wrong with the store, looked at with the key of this place; empty is right."""
        os.environ["DURNB_SECRET_FILE"] = self.place.env["DURNB_SECRET_FILE"]
        try:
            return journal.check(journal.Store.of(self.place.notebook))
        finally:
            del os.environ["DURNB_SECRET_FILE"]

    def effects(self) -> Counter[tuple[int, str, str]]:
        """How often (kernel, cell, name) left its line."""
        lines = self.effects_file.read_text().splitlines() if self.effects_file.exists() else []
        return Counter((int(kernel), cell, name) for kernel, cell, name in (line.split(" ", 2) for line in lines))

    def _outcome(self, driver: KernelDriver, results: dict[str, CellResult]) -> Outcome:
        state = driver.evaluate("__import__('in_kernel').describe()")
        outputs = {name: shown(result, self.place.folder) for name, result in results.items()}
        effects = Counter({name: n for (kernel, _, name), n in self.effects().items() if kernel == self.kernels})
        return Outcome(list(results.values()), state["names"], state["ambient"], outputs, effects)

    def plainly(self) -> Outcome:
        """Run the book as it stands at the end, without durnb: the reference."""
        self._write_files(self.book.edited_files)
        with self.kernel(plain=True) as driver:
            driver.run("pass")
            results = {cell.id: driver.run(cell.plain, cell.id) for cell in self.book.last_cells}
            for result in results.values():
                assert result.ok, f"the plain run of {self.book.name!r} fails: {result}\n{chr(10).join(result.traceback)}"
            return self._outcome(driver, results)

    def crash(self, kill: Kill) -> dict[str, str]:
        """Run the first kernel until `kill`; the description after the last cell that ended, if `kept` asks for it."""
        before: dict[str, str] = {}
        self.place.write((cell.id, cell.source) for cell in self.book.cells)
        with self.kernel(kill) as driver:
            self._load(driver)
            order = self.book.first_order
            for at, cell in enumerate(order):
                result = driver.run(cell.source, cell.id)
                self.trace.append(f"kernel {self.kernels}: {result}")
                if result.status == "died":
                    assert (kill.how != "boundary", kill.at) == (True, at), f"died in {cell.id}, not {kill}"
                    return before
                last = self.book.fails and at == len(order) - 1
                assert result.ok or last, f"before the kill: {result}\n{chr(10).join(result.traceback)}"
                if self.book.kept and kill.how == "boundary":
                    before = driver.evaluate("__import__('in_kernel').describe()")["names"]
                if at == kill.at:
                    break
            assert kill.how == "boundary", f"the kernel did not come to {kill}"
        return before

    def _load(self, driver: KernelDriver) -> None:
        loaded = driver.run(f"{LOAD}\n{ALL}" if self.book.every else LOAD)
        assert loaded.ok, f"{loaded}\n{driver.logged()}"
        assert self.book.every or loaded.outputs == [], str(loaded)

    def resume(self) -> Outcome:
        """Run the book as it stands at the end, from its first cell, in a fresh kernel."""
        with self.kernel() as driver:
            self._load(driver)
            return self._run_all(driver)

    def live_through(self) -> Outcome:
        """Run what the first kernel runs, and then the book as it stands at the end, in the same kernel."""
        self.place.write((cell.id, cell.source) for cell in self.book.cells)
        with self.kernel() as driver:
            self._load(driver)
            for cell in self.book.first_order:
                self.trace.append(str(driver.run(cell.source, cell.id)))
            return self._run_all(driver)

    def _run_all(self, driver: KernelDriver) -> Outcome:
        self._write_files(self.book.edited_files)
        self.place.write((cell.id, cell.source) for cell in self.book.last_cells)
        results: dict[str, CellResult] = {}
        for cell in self.book.last_cells:
            results[cell.id] = driver.run(cell.source, cell.id)
            self.trace.append(f"kernel {self.kernels}: {results[cell.id]}")
            assert results[cell.id].ok, "\n".join([*self.trace, *results[cell.id].traceback, driver.logged()])
        return self._outcome(driver, results)


@dataclass(frozen=True)
class Reference:
    """Two plain runs of a book: what they agree on must be met by every resumed run."""

    first: Outcome
    second: Outcome
    lost: tuple[str, ...] = ()

    @property
    def varying(self) -> set[str]:
        """Names whose values two plain runs do not share."""
        return {re.split(r"[.\[{]", line, maxsplit=1)[0] for line in _unlike(self.first.names, self.second.names)}

    def unmet(self, outcome: Outcome) -> list[str]:
        """In what a resumed run differs from the reference."""
        ambient = set(_unlike(self.first.ambient, self.second.ambient))
        outputs = set(_unlike(self.first.outputs, self.second.outputs))
        varying = (
            self.varying - {"Out"}
            | set(self.lost)
            | {line for line in _unlike(self.first.names, self.second.names) if line.startswith("Out")}
        )
        return [
            *differences("name", self.first.names, outcome.names, varying),
            *differences("ambient", self.first.ambient, outcome.ambient, ambient),
            *differences("output of", self.first.outputs, outcome.outputs, outputs),
            *[f"name {name} is missing" for name in self.first.names if _is_lost(name, outcome) and name not in self.lost],
        ]


def _is_lost(name: str, outcome: Outcome) -> bool:
    return "." not in name and "[" not in name and name not in outcome.names


def _unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    return (key for key in {*one, *other} if one.get(key) != other.get(key))


def miscounted(trial: Trial, finished: set[str], crashes: Counter[str]) -> list[str]:
    """Effects that are missing or doubled: a finished step's happened once and not again, an interrupted one's at most once more for each crash.

    `crashes` counts, for each step, the kernels that died in it before it was finished.
    """
    resumed = trial.kernels
    book = trial.book
    counts = trial.effects()
    problems: list[str] = []
    steps = {cell.step: cell for cell in (*book.cells, *book.last_cells) if cell.step}
    last = {cell.step for cell in book.last_cells if cell.step}
    for step, cell in steps.items():
        for name in re.findall(r"\beffect\(['\"]([^'\"]+)['\"]\)", cell.source):
            again = sum(n for (kernel, where, what), n in counts.items() if kernel == resumed and where == step and what == name)
            ahead = sum(n for (kernel, where, what), n in counts.items() if kernel < resumed and where == step and what == name)
            runs_again = step in last and (step not in finished or step in book.reruns)
            if not runs_again <= again <= runs_again * book.runs.get(step, 1):
                problems.append(f"effect {name!r} of step {step}: {again} times after the crash, not {int(runs_again)}")
            least, most = int(step in finished), book.runs.get(step, 1) + crashes[step]
            if not least <= ahead <= most and not (book.fails and ahead == 0):
                problems.append(f"effect {name!r} of step {step}: {ahead} times before the last kernel, not {least} to {most}")
    return problems


def finished_at(book: Book, kill: Kill) -> set[str]:
    """The steps that are finished when the kernel dies at `kill`."""
    order = book.first_order
    done = {cell.step for cell in order[: kill.at] if cell.step}
    own = order[kill.at].step
    failed = book.fails and kill.at == len(order) - 1
    if own and kill.commits and not failed:
        done.add(own)
    return {step for step in done if step}


def died_in(book: Book, struck: Iterable[Kill]) -> Counter[str]:
    """How often each step was running when the kernel died."""
    return Counter(str(book.first_order[kill.at].step) for kill in struck if not kill.commits)


def single(book: Book, kill: Kill, folder: Path, nurseries: tuple[Nursery, Nursery], reference: Reference) -> list[str]:
    """Crash once at `kill`, run again, and say in what that is not equivalent; empty is right."""
    trial = Trial(book, folder, nurseries)
    before = trial.crash(kill)
    outcome = trial.resume()
    problems = reference.unmet(outcome)
    finished = finished_at(book, kill)
    if book.counted:
        problems += miscounted(trial, finished, died_in(book, [kill]))
    if before:
        kept = [name for name, step in book.kept.items() if step in finished]
        problems += differences(
            "kept", *({k: v for k, v in names.items() if re.split(r"[.\[{]", k)[0] in kept} for names in (before, outcome.names))
        )
    return _told(problems, trial)


def _told(problems: list[str], trial: Trial) -> list[str]:
    """The problems, and what the kernels showed, where there are any; each book's store must be in order."""
    problems += [f"journal: {problem}" for problem in trial.store_problems()]
    return [*problems, *trial.trace] if problems else []


def live(book: Book, folder: Path, nurseries: tuple[Nursery, Nursery], reference: Reference) -> list[str]:
    """Run the first order and then everything in one kernel; in what it differs from a plain run, but for counts and names that were left over."""
    trial = Trial(book, folder, nurseries)
    outcome = trial.live_through()
    counted = ("Out", "_")
    left_over = {re.split(r"[.\[{]", name)[0] for name in outcome.names} - {re.split(r"[.\[{]", name)[0] for name in reference.first.names}
    names = {name: value for name, value in outcome.names.items() if re.split(r"[.\[{]", name)[0] not in left_over | {*counted}}
    told = {name: value for name, value in reference.first.names.items() if re.split(r"[.\[{]", name)[0] not in counted}
    plain = Reference(
        replace(reference.first, names=told), replace(reference.second, names=told if not reference.varying else reference.second.names)
    )
    return _told(plain.unmet(replace(outcome, names=names)), trial)


def chain(book: Book, places: list[Kill], folder: Path, nurseries: tuple[Nursery, Nursery], reference: Reference) -> list[str]:
    """Crash at each of `places` in turn, each time from the first cell again, and run once to the end; empty is right."""
    trial = Trial(book, folder, nurseries)
    for kill in places:
        trial.crash(kill)
    outcome = trial.resume()
    problems = reference.unmet(outcome)
    if book.counted:
        problems += miscounted(trial, finished_at(book, places[-1]), died_in(book, places))
    return _told(problems, trial)

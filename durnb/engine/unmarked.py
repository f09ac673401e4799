"""``%durable all``: cells without a header are steps, too. Which of them, and under which names, in a kernel and in a notebook's file alike."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import field, replace
from typing import Final

from durnb.digests import digest_of
from durnb.engine.cells import NotebookCell, header_of
from durnb.engine.header import FoundHeader, Header, is_marked_plain, read_options
from durnb.engine.work import does_work
from durnb.errors import UsageError
from durnb.fingerprint import magic_of, parse_typed, read_cell
from durnb.records import dataclass

NOT_DURABLE: Final = "not-durable"
PLAIN_TAGS: Final = frozenset({NOT_DURABLE, "parameters", "injected-parameters"})
"""Tags of cells that stay plain."""

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what the notebook format allows; other ids do not outlive the front end's session
_UUID: Final = re.compile(r"([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_INJECTED: Final = re.compile(r"\s*# Parameters[ \t]*(?:\n|\Z)")  # papermill's first line; it tells the kernel no tags
_REFUSED: Final = {
    "once": "after an interruption every cell would ask; give the step that must not happen twice a header of its own, %%durable NAME --once",
    "save": "it names the variables of one step; give that step a header of its own",
    "creates": "it names the files of one step; give that step a header of its own",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blanket:
    """What ``%durable all`` says: the options of every step that has no header, as typed and as read (the name is left open)."""

    text: str = ""
    header: Header = field(default_factory=lambda: Header(name=""))

    def over(self, name: str, source: str) -> FoundHeader:
        """The header that this gives to the cell `source`, which is the step `name`."""
        return FoundHeader(header=replace(self.header, name=name), spelling="unmarked", text=self.text, line=0, body=source)


def parse_blanket(text: str) -> Blanket | None:
    """What follows ``%durable all``; None for ``off``. Raises UsageError."""
    if text.split() == ["off"]:
        return None
    words, given = read_options(text)
    if words:
        raise UsageError(
            f"%durable all takes options for all cells, or off: {words[0]!r} is neither; a name belongs into a cell's own header"
        )
    for name, why in _REFUSED.items():
        if name in given:
            raise UsageError(f"%durable all can't have --{name}: {why}")
    return Blanket(text=text.strip(), header=Header(name="", **given))


def said_in(source: str) -> list[str]:
    """What follows ``%durable all`` in the lines of a cell that say it."""
    tree = parse_typed(source) if "all" in source and "%durable" in source else None
    magics = [magic for node in ast.walk(tree) if (magic := magic_of(node)) is not None] if tree is not None else []
    lines = [magic.line.partition(" ") for magic in magics if magic.name == "durable"]
    return [rest for command, _, rest in lines if command == "all"]


def says_all(cells: Iterable[NotebookCell]) -> bool:
    """Whether a cell of the file switches it on."""
    return any(text.split() != ["off"] for cell in cells if cell.type == "code" for text in said_in(cell.source))


def is_step(source: str, tags: Collection[str]) -> bool:
    """Whether a cell without a header is a step where ``%durable all`` is on. Raises UsageError for a header that can't be read."""
    if not PLAIN_TAGS.isdisjoint(tags) or is_marked_plain(source) or _INJECTED.match(source):
        return False
    return does_work(source)


def is_lasting(cell_id: str | None) -> bool:
    """Whether the front end's id of a cell is the one in the notebook's file, and so the same in the next kernel."""
    return cell_id is not None and _ID.fullmatch(cell_id) is not None


def name_by_id(cell_id: str) -> str:
    """The step's name by the cell's id: it stays whatever becomes of the cell's code and place."""
    uuid = _UUID.fullmatch(cell_id)
    return f"cell-{uuid[1] if uuid else cell_id}"


def code_key(source: str) -> str:
    """What two cells have in common that differ in comments and formatting at most."""
    try:
        return read_cell(source).digest[:8]
    except (SyntaxError, ValueError):
        return digest_of("cell", source.strip())[:8]


def name_by_code(key: str, occurrence: int) -> str:
    """The step's name where ids are not known: by the code, and the how-manieth cell of that code it is."""
    return f"code-{key}" if occurrence == 1 else f"code-{key}-{occurrence}"


@dataclass(slots=True)
class Occurrences:
    """Counts the cells of one code in one kernel, where no lasting ids are known.

    A cell that is run again is the same one where the front end's passing id says so, or where it has not ended well; else it is the next.
    """

    _passing: dict[str, list[str]] = field(default_factory=dict)
    _ended: Counter[str] = field(default_factory=Counter)

    def number(self, key: str, passing_id: str | None) -> int:
        """The how-manieth cell of this code is about to run."""
        if passing_id is None:
            return self._ended[key] + 1
        known = self._passing.setdefault(key, [])
        if passing_id not in known:
            known.append(passing_id)
        return known.index(passing_id) + 1

    def ended_well(self, key: str) -> None:
        """The cell of this code that ran last is finished."""
        self._ended[key] += 1


def covered(
    cells: Sequence[NotebookCell], start: Blanket | None = None, *, ids: bool = True, known: Collection[str] = ()
) -> list[NotebookCell]:
    """The cells of a notebook file, those that ``%durable all`` makes steps marked as such.

    `start` holds from the first cell on. `ids` says whether the front end tells the kernel lasting ids; a step that the run knows by its code
    (`known` are its steps) keeps that name.
    """
    blanket = start
    codes: Counter[str] = Counter()
    marked: list[NotebookCell] = []
    for cell in cells:
        found = _covered(cell, blanket, codes, ids, known) if blanket is not None else None
        marked.append(replace(cell, unmarked=found))
        for text in said_in(cell.source) if cell.type == "code" else ():
            blanket = _read(text, blanket)
    return marked


def _covered(cell: NotebookCell, blanket: Blanket, codes: Counter[str], ids: bool, known: Collection[str]) -> FoundHeader | None:
    if cell.type != "code" or header_of(cell) is not None or not _is_step(cell):
        return None
    key = code_key(cell.source)
    codes[key] += 1
    by_code = name_by_code(key, codes[key])
    by_id = name_by_id(cell.id) if ids and cell.id is not None and is_lasting(cell.id) else by_code
    return blanket.over(by_code if by_code in known and by_id not in known else by_id, cell.source)


def _is_step(cell: NotebookCell) -> bool:
    try:
        return is_step(cell.source, cell.tags)
    except UsageError:
        return False


def _read(text: str, before: Blanket | None) -> Blanket | None:
    """A line that can't be read fails its cell, and changes nothing."""
    try:
        return parse_blanket(text)
    except UsageError:
        return before

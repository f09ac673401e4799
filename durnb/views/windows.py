"""Which steps of a long run are shown where not all can be: what is not simply finished, with its neighbours, and in between how many more there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from durnb.records import dataclass
from durnb.views.run import StepCard
from durnb.views.standing import QUIET, Standing

_BESIDE: Final = 2  # neighbours on either side
_LATEST: Final = 3  # steps that were heard of last
_ENDS: Final = 5  # steps at both ends of the notebook
_NOW: Final[tuple[Standing, ...]] = ("running", "waiting", "asks")  # what a person looks for before all else


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Steps in a row that are not shown."""

    first: str
    last: str
    count: int
    standings: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        """``148 steps finished``, ``148 steps: 100 finished, 48 not reached``."""
        steps = f"{self.count:,} step{'s' * (self.count != 1)}"
        if len(self.standings) == 1:
            return f"{steps} {self.standings[0][0]}"
        return f"{steps}: " + ", ".join(f"{count:,} {standing}" for standing, count in self.standings)


def windowed(cards: Sequence[StepCard], most: int) -> list[StepCard | Fold]:
    """The cards where they are at most `most`; else that many of them at most, and folds in the place of the others."""
    if len(cards) <= most:
        return list(cards)
    shown = _chosen(cards, most)
    found: list[StepCard | Fold] = []
    for is_shown, group in groupby(range(len(cards)), key=shown.__contains__):
        some = [cards[at] for at in group]
        found += some if is_shown else [_fold(some)]
    return found


def _chosen(cards: Sequence[StepCard], most: int) -> set[int]:
    """The places of what is shown first: what tells something, then what happened last, then what stands beside, then both ends."""
    telling = sorted((at for at, card in enumerate(cards) if card.standing not in QUIET), key=lambda at: cards[at].standing not in _NOW)
    latest = sorted(range(len(cards)), key=lambda at: _when(cards[at]))[-_LATEST:]
    chosen: dict[int, None] = {}
    for at in (*telling, *latest, *_beside(telling, len(cards)), *range(_ENDS), *range(len(cards) - _ENDS, len(cards))):
        if len(chosen) >= most:
            break
        chosen[at] = None
    return set(chosen)


def _when(card: StepCard) -> float:
    return card.at.timestamp() if card.at is not None else 0.0


def _beside(places: Sequence[int], count: int) -> Iterator[int]:
    for away in range(1, _BESIDE + 1):
        for at in places:
            yield max(0, at - away)
            yield min(count - 1, at + away)


def _fold(cards: Sequence[StepCard]) -> Fold:
    counted = Counter(card.standing for card in cards)
    return Fold(first=cards[0].step, last=cards[-1].step, count=len(cards), standings=tuple(counted.most_common()))

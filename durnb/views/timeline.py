"""The run along the time: attempts as bars with the calls and waits inside, the lives of its kernels, and an axis on which long silences are cut short."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from durnb.fold import History, KernelLife
from durnb.records import dataclass
from durnb.steps import Attempt, AttemptStatus
from durnb.views.lanes import Inner, Lanes

Silence = Literal["idle", "no kernel"]

_SHORT: Final = 0.2  # of the time in which something ran: what is longer and silent is cut short
_CUT: Final = 0.06  # of the axis: what such a silence is given


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One attempt of a step; `ended` is where it is known to have been alive last, `open` that it still runs."""

    step: str
    number: int
    status: AttemptStatus
    began: datetime
    ended: datetime
    open: bool
    ran: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A kernel of the run: `how` it ended, and when it is known to have been alive last."""

    epoch: int
    began: datetime
    ended: datetime
    how: Literal["alive", "left", "died"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of the axis from `left` to `right` (0 to 1): to scale, or a `silence` cut short."""

    began: datetime
    ended: datetime
    left: float
    right: float
    silence: Silence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Bars in the order of `steps`, what went on inside of them, kernels, and the axis that all stand on."""

    steps: tuple[str, ...]
    bars: tuple[Bar, ...]
    inner: tuple[Inner, ...]
    lives: tuple[Life, ...]
    pieces: tuple[Piece, ...]

    def at(self, when: datetime) -> float:
        """The place of `when` on the axis, from 0 to 1."""
        for piece in self.pieces:
            if when <= piece.ended:
                length = (piece.ended - piece.began).total_seconds()
                share = (when - piece.began).total_seconds() / length if length > 0 else 0.0
                return piece.left + max(0.0, share) * (piece.right - piece.left)
        return 1.0

    def silence_after(self, when: datetime) -> Piece | None:
        """The silence that begins at `when`: where a kernel died in it, nobody knows at which moment."""
        return next((piece for piece in self.pieces if piece.silence is not None and piece.began == when), None)


def timeline(history: History, order: Sequence[str], now: datetime, lanes: Lanes | None = None) -> Timeline:
    """The run up to `now`, with the steps in `order` that were ever started; `lanes` hold what is known of their insides already."""
    lives = tuple(_life(life, index == len(history.kernels) - 1, history, now) for index, life in enumerate(history.kernels))
    alive = {life.epoch: life for life in lives}
    steps = tuple(name for name in order if name in history.steps and history.steps[name].executions)
    bars = tuple(_bar(name, attempt, alive, now) for name in steps for e in history.steps[name].executions for attempt in e.attempts)
    ends = {bar.step: bar.ended for bar in bars}
    inner = (lanes or Lanes()).of((history.steps[name], ends[name]) for name in steps)
    return Timeline(steps=steps, bars=bars, inner=inner, lives=lives, pieces=_pieces(bars, lives))


def _life(life: KernelLife, newest: bool, history: History, now: datetime) -> Life:
    if life.ended is not None:
        return Life(epoch=life.epoch, began=life.began, ended=life.ended, how="left")
    here = newest and history.attached
    return Life(epoch=life.epoch, began=life.began, ended=max(now, life.last) if here else life.last, how="alive" if here else "died")


def _bar(step: str, attempt: Attempt, lives: dict[int, Life], now: datetime) -> Bar:
    running = attempt.status == "running"
    last = lives[attempt.epoch].ended if attempt.epoch in lives else attempt.started
    ended = attempt.ended or (max(now, attempt.started) if running else max(last, attempt.started))
    return Bar(
        step=step,
        number=attempt.number,
        status=attempt.status,
        began=attempt.started,
        ended=max(ended, attempt.started),
        open=running,
        ran=attempt.ran,
    )


def _pieces(bars: Sequence[Bar], lives: Sequence[Life]) -> tuple[Piece, ...]:
    """The axis: what ran is to scale; a silence longer than a fifth of all that is cut short."""
    if not bars:
        return ()
    busy = _joined([(bar.began, bar.ended) for bar in bars])
    longest = _SHORT * max(sum((end - begin).total_seconds() for begin, end in busy), 1.0)
    stretches: list[tuple[datetime, datetime, Silence | None]] = []
    for begin, end in busy:
        if stretches and (begin - stretches[-1][1]).total_seconds() > longest:
            since = stretches[-1][1]
            stretches.append((since, begin, "no kernel" if _without_kernel(since, begin, lives) else "idle"))
            stretches.append((begin, end, None))
        elif stretches:
            stretches[-1] = (stretches[-1][0], end, None)
        else:
            stretches.append((begin, end, None))
    cuts = sum(silence is not None for _, _, silence in stretches)
    cut = min(_CUT, 0.5 / cuts) if cuts else 0.0
    lengths = [(end - begin).total_seconds() for begin, end, silence in stretches if silence is None]
    total = sum(lengths)
    pieces: list[Piece] = []
    left = 0.0
    for begin, end, silence in stretches:
        share = (end - begin).total_seconds() / total if total > 0 else 1 / len(lengths)
        width = cut if silence else (1 - cut * cuts) * share
        pieces.append(Piece(began=begin, ended=end, left=left, right=left + width, silence=silence))
        left += width
    return tuple(pieces)


def _joined(spans: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    joined: list[tuple[datetime, datetime]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined


def _without_kernel(since: datetime, until: datetime, lives: Sequence[Life]) -> bool:
    """Whether most of the time between was lived by no kernel."""
    lived = sum((max(timedelta(0), min(life.ended, until) - max(life.began, since)) for life in lives), timedelta(0))
    return lived * 2 < until - since

"""The run along the time, as SVG: a row for each step with a bar for each attempt and, below it, its calls and waits; at the bottom the kernels' lives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from durnb.engine.overview import spell
from durnb.views.lanes import Inner
from durnb.views.timeline import Bar, Life, Piece, Timeline
from durnb_widgets.markup import Markup, join, tag

_WIDTH: Final = 860.0
_EDGE: Final = 14.0  # at the right, for the mark of what ended badly
_LETTER: Final = 6.3  # the width of one, about
_LONGEST: Final = 20  # letters of a name
_TALLEST: Final = 320.0  # where there are many steps
_MANY: Final = 40  # steps: above that rows are thin and have no names
_STANDINGS: Final = {
    "succeeded": "finished",
    "running": "running",
    "exception": "failed",
    "timeout": "failed",
    "interrupt": "interrupted",
    "crashed": "died",
}
_WORDS: Final = {
    "succeeded": "finished",
    "exception": "failed",
    "timeout": "timed out",
    "interrupt": "was interrupted",
    "crashed": "died with the kernel",
}
_MARKS: Final = {"exception": "×", "timeout": "×", "interrupt": "‖", "crashed": "†"}


def chart(line: Timeline, now: datetime) -> Markup:
    """The timeline as SVG, with a line that explains it; empty where nothing has run."""
    if not line.pieces:
        return Markup("")
    named = len(line.steps) <= _MANY
    row = 18.0 if named else _TALLEST / len(line.steps)
    left = 10 + _LETTER * min(max(map(len, line.steps)), _LONGEST) if named else 0.0
    tall = row * len(line.steps)
    scale = _Scale(line=line, left=left, width=_WIDTH - left - _EDGE, row=row, tall=tall, now=now)
    rows = {step: index for index, step in enumerate(line.steps)}
    inner: dict[str, list[Inner]] = {}
    for one in line.inner if named else ():
        inner.setdefault(one.step, []).append(one)
    drawn = tag(
        "svg",
        tag("title", f"{len(line.bars)} attempts of {len(line.steps)} steps in {_plural(len(line.lives), 'kernel')}"),
        [scale.silence(piece) for piece in line.pieces if piece.silence],
        [_name(step, left, row * i) for step, i in rows.items()] if named else None,
        [scale.death(life) for life in line.lives if life.how == "died"],
        [scale.bar(bar, rows[bar.step], low=bar.step in inner) for bar in line.bars] if named else scale.many_bars(line.bars, rows),
        [scale.inner(one, rows[step]) for step, some in inner.items() for one in some],
        [scale.life(life, index, len(line.lives)) for index, life in enumerate(line.lives)],
        list(scale.ticks()),
        viewBox=f"0 0 {_n(_WIDTH)} {_n(tall + 46)}",
        role="img",
        class_="durnb-chart",
    )
    told = "below an attempt: its calls as blocks, red where some failed; its sleeps and waits as lines" if inner else None
    return join(drawn, tag("div", told, class_="durnb-facts") if told else None)


def _name(step: str, left: float, top: float) -> Markup:
    short = step if len(step) <= _LONGEST else f"{step[: _LONGEST - 1]}…"
    return tag("text", short, x=_n(left - 8), y=_n(top + 13), text_anchor="end", class_="durnb-name")


class _Scale:
    """Where a moment and a row stand in the picture."""

    def __init__(self, *, line: Timeline, left: float, width: float, row: float, tall: float, now: datetime) -> None:
        self._line, self._left, self._width, self._row, self._tall, self._now = line, left, width, row, tall, now

    def x(self, at: datetime) -> float:
        return self._left + self._line.at(at) * self._width

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._now.tzinfo)

    def inner(self, one: Inner, index: int) -> Markup:
        """Calls or a wait inside of an attempt."""
        begin, end, y = self.x(one.began), self.x(one.ended), self._row * index
        width = max(end - begin, 1.5)
        said = f"{one.step}: {_inner_words(one)}, {self._local(one.began):%Y-%m-%d %H:%M:%S}, {spell(one.ended - one.began)}"
        if one.what != "calls":
            line = {"x1": _n(begin), "x2": _n(begin + width), "y1": _n(y + 13), "y2": _n(y + 13)}
            return tag("g", tag("title", said), tag("line", class_=f"durnb-inner durnb-inner-{one.what}", **line))
        box = {"y": _n(y + 11), "height": "4"}
        failed = tag("rect", x=_n(begin + width - 1.5), width="2", class_="durnb-bar durnb-is-failed", **box) if one.failed else None
        return tag(
            "g", tag("title", said), tag("rect", x=_n(begin), width=_n(width), class_="durnb-inner durnb-inner-calls", **box), failed
        )

    def death(self, life: Life) -> Markup:
        """Where a kernel is known to have been alive last."""
        x = _n(self.x(life.ended))
        said = f"kernel {life.epoch} died; it was heard of last at {self._local(life.ended):%Y-%m-%d %H:%M:%S}"
        return tag("g", tag("title", said), tag("line", x1=x, x2=x, y1="0", y2=_n(self._tall + 9), class_="durnb-death"))

    def bar(self, bar: Bar, index: int, *, low: bool) -> Markup:
        """An attempt; a `low` one leaves room for what is below it."""
        begin, end = self.x(bar.began), self.x(bar.ended)
        width, standing = max(end - begin, 2.0), _STANDINGS[bar.status]
        mark, pad = _MARKS.get(bar.status), 3.0
        tall = 7.0 if low else self._row - 2 * pad
        unknown = self._line.silence_after(bar.ended) if bar.status == "crashed" else None
        if unknown is not None:
            width = max(width, 3.0)
        return tag(
            "g",
            tag("title", self._said(bar)),
            self._unknown(unknown, index, pad) if unknown is not None else None,
            tag(
                "rect",
                x=_n(begin),
                y=_n(self._row * index + pad),
                width=_n(width),
                height=_n(tall),
                rx="2",
                class_=f"durnb-bar durnb-is-{standing}",
            ),
            tag("text", mark, x=_n(begin + width + 3), y=_n(self._row * index + 13), class_="durnb-name") if mark else None,
        )

    def many_bars(self, bars: Sequence[Bar], rows: Mapping[str, int]) -> list[Markup]:
        """The bars of many steps: one shape for all that ended alike."""
        paths: dict[str, list[str]] = {}
        for bar in bars:
            begin = self.x(bar.began)
            width = max(self.x(bar.ended) - begin, 1.5)
            y = self._row * rows[bar.step]
            paths.setdefault(_STANDINGS[bar.status], []).append(f"M{begin:.1f} {y:.2f}h{width:.1f}v{0.85 * self._row:.2f}h-{width:.1f}z")
        return [tag("path", d="".join(parts), class_=f"durnb-bar durnb-is-{standing}") for standing, parts in paths.items()]

    def _unknown(self, piece: Piece, index: int, pad: float) -> Markup:
        left, right = self._left + piece.left * self._width, self._left + piece.right * self._width
        box = {"x": _n(left), "y": _n(self._row * index + pad), "width": _n(right - left), "height": _n(self._row - 2 * pad)}
        return tag("rect", class_="durnb-bar durnb-is-unknown", rx="2", **box)

    def _said(self, bar: Bar) -> str:
        length = spell(timedelta(seconds=bar.ran if bar.ran is not None else (bar.ended - bar.began).total_seconds()))
        began = f"{self._local(bar.began):%Y-%m-%d %H:%M:%S}"
        how = f"has been running for {length}" if bar.open else f"{_WORDS[bar.status]} after {length}"
        return f"{bar.step}, attempt {bar.number}: began {began}, {how}" + ("" if bar.status != "crashed" else " or later: nobody saw it")

    def life(self, life: Life, index: int, count: int) -> Markup:
        begin, end, y = self.x(life.began), self.x(life.ended), self._tall + 9
        words = {"alive": "alive", "left": "ended in good order", "died": "died"}[life.how]
        mark = tag("text", "†", x=_n(end + 1), y=_n(y + 4), class_="durnb-name") if life.how == "died" else None
        return tag(
            "g",
            tag("title", f"kernel {life.epoch} of {count}: from {self._local(life.began):%Y-%m-%d %H:%M:%S}, {words}"),
            tag("line", x1=_n(begin), x2=_n(max(end, begin + 2)), y1=_n(y), y2=_n(y), class_=f"durnb-life durnb-life-{life.how}"),
            mark,
        )

    def silence(self, piece: Piece) -> Markup:
        left, right = self._left + piece.left * self._width, self._left + piece.right * self._width
        length = spell(piece.ended - piece.began)
        half = _LETTER * len(f"{piece.silence} {length}") / 2
        middle = min(max((left + right) / 2, half), _WIDTH - half)
        return tag(
            "g",
            tag("title", f"{piece.silence} for {length}: not to scale"),
            tag("rect", x=_n(left), y="0", width=_n(right - left), height=_n(self._tall), class_="durnb-silence"),
            tag("text", f"{piece.silence} {length}", x=_n(middle), y=_n(self._tall + 39), text_anchor="middle", class_="durnb-name"),
        )

    def ticks(self) -> Iterator[Markup]:
        """The time at both ends of what is to scale, where there is room for it."""
        free = 0.0
        for piece in self._line.pieces:
            if piece.silence:
                continue
            for at, share, anchor in ((piece.began, piece.left, "start"), (piece.ended, piece.right, "end")):
                x = self._left + share * self._width
                begin = x if anchor == "start" else x - 50
                if begin >= free:
                    yield tag(
                        "text", f"{self._local(at):%H:%M:%S}", x=_n(x), y=_n(self._tall + 26), text_anchor=anchor, class_="durnb-name"
                    )
                    free = begin + 58


def _inner_words(one: Inner) -> str:
    lasts = " so far" if one.open else ""
    if one.what == "sleep":
        return f"a sleep{lasts}"
    if one.what == "signal":
        return f"a wait for {one.name}{lasts}"
    return _plural(one.count, "call") + (f", {one.failed} failed" if one.failed else "")


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _plural(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def sparkline(values: tuple[float | None, ...], said: str) -> Markup:
    """A small line of bars, one for each value, to one scale; a gap where there is none."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return Markup("")
    top = max(known) or 1.0
    shown = values[-60:]
    bars = [
        tag(
            "rect",
            x=_n(i * 5.0),
            y=_n(18 - max(1.0, 17 * value / top)),
            width="4",
            height=_n(max(1.0, 17 * value / top)),
            class_="durnb-bar durnb-is-finished",
        )
        for i, value in enumerate(shown)
        if value is not None
    ]
    wide = len(shown) * 5
    return tag(
        "svg", tag("title", said), join(bars), viewBox=f"0 0 {wide} 18", width=str(wide), height="18", role="img", class_="durnb-spark"
    )

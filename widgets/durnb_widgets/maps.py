"""How far a map is: a bar, and the same in words."""

from __future__ import annotations

from datetime import timedelta

from durnb.engine.overview import spell
from durnb.engine.progress import Progress
from durnb_widgets.markup import Markup, tag


def map_words(one: Progress) -> str:
    """``fetch: 1,212 of 10,000 done, 200 restored, 12 failed, 3.1/s, 47 min 15 s left``."""
    known = one.total is not None and one.done <= one.total
    done = f"{one.done:,} of {one.total:,} done" if known else f"{one.done:,} done"
    counts = [f"{count:,} {what}" for count, what in ((one.restored, "restored"), (one.failed, "failed")) if count]
    rate = [_rate(one.rate)] if one.rate else []
    left = [f"{spell(timedelta(seconds=round(one.remaining)))} left"] if one.remaining is not None and one.remaining >= 1 else []
    return f"{one.name}: " + ", ".join([done, *counts, *rate, *left])


def _rate(rate: float) -> str:
    if rate >= 1:
        return f"{rate:.1f}/s" if rate < 100 else f"{rate:,.0f}/s"
    return f"{1 / rate:.1f} s each"


def map_html(one: Progress) -> Markup:
    """The bar, where it is known how many items there are, and the words."""
    words = tag("div", map_words(one), class_="durnb-note")
    if not one.total or one.done > one.total:
        return words
    share = one.done / one.total
    full = tag("span", style=f"width:{100 * share:.1f}%")
    bar = tag(
        "div",
        full,
        class_="durnb-progress",
        role="progressbar",
        aria_valuemin="0",
        aria_valuemax=str(one.total),
        aria_valuenow=str(one.done),
        aria_label=f"items of {one.name}",
    )
    return tag("div", words, bar)

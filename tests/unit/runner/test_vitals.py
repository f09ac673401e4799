"""Which signs of life keep a kernel from being taken for hung."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import pytest

from durnb.runner.vitals import Sign, Vitals, cpu_of

STILL = Sign(at=0.0, cpu=5.0, messages=3, journal=7, answered=False)


def _later(seconds: float, **changes: object) -> Sign:
    return replace(STILL, at=seconds, **changes)  # type: ignore[arg-type]  # fields by name


def test_a_kernel_without_any_sign_is_as_long_without_life_as_it_is_looked_at() -> None:
    vitals = Vitals()
    assert [vitals.take(_later(at)) for at in (10.0, 20.0, 40.0)] == [timedelta(0), timedelta(seconds=10), timedelta(seconds=30)]


@pytest.mark.parametrize("sign", [{"cpu": 8.0}, {"cpu": 1.0}, {"cpu": None}, {"messages": 4}, {"journal": 8}, {"answered": True}], ids=str)
def test_each_sign_of_life_counts(sign: dict[str, object]) -> None:
    vitals = Vitals()
    vitals.take(_later(0.0))
    vitals.take(_later(20.0))
    assert vitals.take(_later(40.0, **sign)) == timedelta(0)


def test_a_thread_that_only_waits_for_the_interpreter_is_no_life() -> None:
    vitals = Vitals()
    vitals.take(_later(0.0))
    assert vitals.take(_later(10.0, cpu=5.2)) == timedelta(seconds=10)


def test_who_used_cpu_since_the_last_look_is_busy() -> None:
    vitals = Vitals()
    busy = []
    for sign in (_later(0.0), _later(10.0, cpu=8.0), _later(20.0, cpu=8.1), _later(30.0, cpu=None)):
        vitals.take(sign)
        busy.append(vitals.busy)
    assert busy == [False, True, False, False]


def test_the_cpu_of_a_process_grows_with_its_work_and_is_unknown_of_none() -> None:
    before = cpu_of(os.getpid())
    assert before is not None
    while (now := cpu_of(os.getpid())) is not None and now <= before:
        sum(range(10_000))
    assert cpu_of(None) is None

"""What a cell does to loggers is noticed and set back; what can't be is said."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from durnb.snapshot import ambient, ambient_changes, set_ambient, unkept

NAME = "durnb-test.shop"


class Mine(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None: ...


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    made = logging.getLogger(NAME)
    yield made
    for handler in list(made.handlers):
        made.removeHandler(handler)
        handler.close()
    made.filters.clear()
    made.setLevel(logging.NOTSET)
    made.propagate, made.disabled = True, False


def as_new(log: logging.Logger) -> None:
    set_ambient({f"@logging:{NAME}": None})
    assert (log.level, log.propagate, log.disabled) == (0, True, False)
    assert not [handler for handler in log.handlers if not isinstance(handler, Mine)]
    log.handlers.clear()
    log.filters.clear()


def there_and_back(log: logging.Logger, work: Callable[[], object]) -> list[str]:
    """Does `work`, makes the logger as in a new kernel, and sets it back: the notes of that."""
    before = ambient()
    work()
    after = ambient()
    assert ambient_changes(before, after) == {f"@logging:{NAME}": "set"}
    as_new(log)
    return set_ambient({f"@logging:{NAME}": after[f"@logging:{NAME}"]})


def test_a_level_and_propagation_are_set_back(log: logging.Logger) -> None:
    def work() -> None:
        log.setLevel("DEBUG")
        log.propagate, log.disabled = False, True

    assert there_and_back(log, work) == []
    assert (log.level, log.propagate, log.disabled) == (logging.DEBUG, False, True)


def test_a_handler_of_a_stream_is_made_again_and_no_second_one(log: logging.Logger) -> None:
    def work() -> None:
        handler = logging.StreamHandler(sys.stdout)
        handler.setLevel("ERROR")
        handler.setFormatter(logging.Formatter("{message}!", "%H", style="{"))
        log.addHandler(handler)

    assert there_and_back(log, work) == []
    (handler,) = log.handlers
    assert isinstance(handler, logging.StreamHandler)
    assert (handler.stream, handler.level) == (sys.stdout, logging.ERROR)
    assert handler.format(logging.makeLogRecord({"msg": "a"})) == "a!"
    state = ambient()[f"@logging:{NAME}"]
    set_ambient({f"@logging:{NAME}": state})
    assert log.handlers == [handler]


def test_a_handler_of_a_file_opens_it_with_the_first_record_and_never_truncates_it(log: logging.Logger, tmp_path: Path) -> None:
    file = tmp_path / "log.txt"

    def work() -> None:
        handler = logging.FileHandler(file, "w")
        log.addHandler(handler)
        log.warning("first")
        handler.close()

    assert there_and_back(log, work) == []
    file.unlink()
    as_new(log)
    assert there_and_back(log, lambda: log.addHandler(logging.FileHandler(file, "w", delay=True))) == []
    assert not file.exists()
    file.write_text("kept\n")
    log.warning("second")
    assert file.read_text() == "kept\nsecond\n"


def test_a_handler_of_ones_own_and_a_filter_are_named(log: logging.Logger) -> None:
    def work() -> None:
        log.addHandler(Mine())
        log.addFilter(lambda record: True)

    before = ambient()
    notes = there_and_back(log, work)
    assert notes == [f"logger {NAME}: handler {__name__}.Mine, filter builtins.function can't be kept: add it in a plain cell"]
    work()
    assert unkept(before, {f"@logging:{NAME}": ambient()[f"@logging:{NAME}"]}) == notes


def test_a_handler_that_is_there_again_is_not_named(log: logging.Logger) -> None:
    log.addHandler(Mine())
    state = ambient()[f"@logging:{NAME}"]
    assert set_ambient({f"@logging:{NAME}": state}) == []
    assert len(log.handlers) == 1


def test_handlers_of_others_stay(log: logging.Logger) -> None:
    log.addHandler(Mine())
    log.addHandler(logging.NullHandler())
    set_ambient({f"@logging:{NAME}": None})
    assert [type(handler) for handler in log.handlers] == [Mine]


def test_a_logger_that_was_only_asked_for_is_no_change() -> None:
    before = ambient()
    logging.getLogger("durnb-test.new")
    assert ambient_changes(before, ambient()) == {}

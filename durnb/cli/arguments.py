"""Arguments and options that several commands share, and how they print JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from durnb.config import duration, from_environment
from durnb.errors import UsageError
from durnb.journal import RunName, Store

_F = TypeVar("_F", bound=Callable[..., Any])


def notebook_argument(function: _F) -> _F:
    """NOTEBOOK, as an absolute path; a link to a notebook is a notebook of its own, as it is to the kernel."""

    def absolute(ctx: click.Context, parameter: click.Parameter, path: Path) -> Path:
        return path.parent.resolve() / path.name

    return click.argument("notebook", type=click.Path(path_type=Path, dir_okay=False), callback=absolute)(function)


def folder_argument(function: _F) -> _F:
    """FOLDER, by default the working directory."""
    return click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=".")(function)


def store_root() -> Path | None:
    """The setting `store`; None for stores beside their notebooks."""
    root = from_environment(os.environ).store
    return Path(root) if root else None


def run_option(function: _F) -> _F:
    """--run RUN, a run such as ``default.3`` or only its key."""
    return click.option(
        "--run", "run", metavar="RUN", help="Which run: interactive.2, or a key for its newest. [default: the one used last]"
    )(function)


def length_of(option: str, text: str, *, least: timedelta) -> timedelta:
    """The length of time that an option gives. Raises UsageError for one that can't be read, or is shorter than `least`."""
    try:
        length = duration(text)
    except UsageError as error:
        raise UsageError(f"{option}: {error}") from None
    if length < least:
        raise UsageError(f"{option} {text}: it has to be at least {least.total_seconds():g} s")
    return length


def json_option(function: _F) -> _F:
    """--json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def all_option(function: _F) -> _F:
    """--all."""
    return click.option(
        "--all", "every", is_flag=True, help="Every cell is a step, as in a notebook that begins with %durable all. [default: DURNB_ALL]"
    )(function)


def every_cell(given: bool) -> bool:
    """Whether every cell is a step: by the option, else by the setting `all`."""
    return given or from_environment(os.environ).all


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def store_at(notebook: Path) -> Store:
    """Where the notebook's store is, or would be."""
    return Store.of(notebook, store_root())


def store_for(notebook: Path) -> Store:
    """The store of the notebook. Raises UsageError where it has none."""
    store = store_at(notebook)
    if not store.runs():
        raise UsageError(f"{notebook.name} has no runs yet: nothing durable has been run in it")
    return store


def choose_run(store: Store, wanted: str | None) -> RunName:
    """The run that is meant. Raises UsageError, naming those there are."""
    if wanted is None and (last := store.used_last()) is not None:
        return last
    runs = store.runs()
    matches = [run for run in runs if str(run) == wanted] or [run for run in runs if run.key == wanted]
    if not matches:
        raise UsageError(f"{store.notebook.name} has no run {wanted!r}; it has {', '.join(map(str, runs)) or 'none'}")
    return max(matches, key=lambda run: run.number)

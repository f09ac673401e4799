"""The executed notebook: a file that is a whole, valid notebook whenever somebody looks at it."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import time
import warnings
from pathlib import Path
from typing import Final

import nbformat
from nbformat import NotebookNode, v4

from durnb.errors import UsageError
from durnb.journal import hidden_beside, remove_left_of

_SCRIPTS: Final = frozenset({".py", ".md"})  # of a Python notebook


def read_notebook(path: Path) -> NotebookNode:
    """The notebook in the file, as nbformat 4; a script is read by jupytext. Raises UsageError where there is none that can be read."""
    if path.suffix in _SCRIPTS:
        return _of_script(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a missing cell id is mended by nbformat, and is no concern of a run
            notebook: NotebookNode = nbformat.read(path, as_version=4)
            return notebook if _has_ids(path) else _without_ids(notebook)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror or error}") from None
    except Exception as error:
        # nbformat raises whatever its JSON reader, its upgrade or its schema meets
        raise UsageError(
            f"{path} is not a Jupyter notebook: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from None


def _of_script(path: Path) -> NotebookNode:
    try:
        jupytext = importlib.import_module("jupytext")
    except ImportError:
        raise UsageError(f"{path} is a script: to read it as a notebook needs jupytext (pip install jupytext)") from None
    try:
        notebook: NotebookNode = jupytext.read(path)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror or error}") from None
    except Exception as error:  # jupytext raises whatever its readers meet
        raise UsageError(f"{path} can't be read as a notebook: {error}") from None
    return _without_ids(notebook)


def _has_ids(path: Path) -> bool:
    """Whether every cell of the file has an id of its own."""
    book = json.loads(path.read_bytes())
    return "cells" in book and all(cell.get("id") for cell in book["cells"])  # before form 4 they lay in worksheets


def _without_ids(notebook: NotebookNode) -> NotebookNode:
    """The notebook in the form before ids: those that nbformat gives to cells without one are others at each reading, and name nothing."""
    for cell in notebook.cells:
        cell.pop("id", None)
    notebook.nbformat_minor = min(notebook.nbformat_minor, 4)
    return notebook


def remove_half_written(path: Path) -> None:
    """Remove what killed runners left of the executed notebook at `path`; what can't be removed does no harm."""
    with contextlib.suppress(OSError):
        remove_left_of(path, time.time())


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Put the notebook at `path` in one step: a reader, and a crash at any moment, meets the old file or the new. Raises UsageError."""
    hidden = hidden_beside(path)
    try:
        with hidden.open("w", encoding="utf-8") as file:
            file.write(_text(notebook))
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(path)
    except OSError as error:
        hidden.unlink(missing_ok=True)
        raise UsageError(f"{path} can't be written: {error.strerror or error}") from None


def _text(notebook: NotebookNode) -> str:
    text: str = v4.writes(notebook)  # it is in form 4 since it was read; to check all of it at each writing takes a third of the time
    return text + "\n"


def without_outputs(notebook: NotebookNode) -> NotebookNode:
    """The same notebook (changed in place) as if no cell had ever run."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.metadata.pop("execution", None)
    notebook.metadata.pop("widgets", None)
    return notebook

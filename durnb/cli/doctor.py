"""``durnb doctor``: what may keep durnb from working well here, each with its cure."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from durnb.cli.arguments import json_option, print_json, store_at
from durnb.runner.diagnosis import diagnose

_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


@click.command("doctor", epilog="\b\nExit codes:\n    0  nothing is wrong; there may be warnings\n    1  something is wrong")
@click.argument("notebook", type=click.Path(path_type=Path, dir_okay=False), required=False)
@json_option
def command(notebook: Path | None, as_json: bool) -> None:
    """Look at versions, the kernel and the key that signs results; with NOTEBOOK also at the disk of its store, the space on it, permissions, the clock,
    who has its runs, and whether all that it holds is whole.

    \b
    Example:
      durnb doctor etl.ipynb
    """
    store = store_at(notebook.parent.resolve() / notebook.name) if notebook is not None else None
    findings = diagnose(store, os.environ)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(f"{click.style(f'{finding.grade:<8}', fg=_COLOURS[finding.grade])} {finding.what:<12} {finding.found}")
            if finding.cure:
                click.echo(f"{'':<8} {'cure':<12} {finding.cure}")
    sys.exit(1 if any(finding.grade == "error" for finding in findings) else 0)

"""``durnb check``: what may bite in a long run of a notebook, told before it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from durnb.advice import CHECK_EXITS, Finding, check, exit_code
from durnb.cli.arguments import all_option, every_cell, json_option, notebook_argument, print_json
from durnb.engine.unmarked import Blanket, covered
from durnb.runner.cells import notebook_cells
from durnb.runner.executed import read_notebook
from durnb.runner.lasttime import durations, shown_texts

_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


@click.command("check", epilog="\b\nExit codes:\n" + "\n".join(f"{code:>5}  {meaning}" for code, meaning in CHECK_EXITS.items()))
@notebook_argument
@all_option
@json_option
def command(notebook: Path, every: bool, as_json: bool) -> None:
    """Say what may bite in a long run of NOTEBOOK, and the cure of each. Nothing is run; %durable check in the notebook's kernel sees more.

    \b
    Example:
      durnb check analysis.ipynb --all
    """
    book = read_notebook(notebook)
    cells = covered(notebook_cells(book), Blanket() if every_cell(every) else None)
    findings = check(cells, outputs=shown_texts(book), seconds=durations(book))
    if as_json:
        print_json({"notebook": str(notebook), "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            _print(finding)
        click.echo(_summary(notebook.name, findings))
    sys.exit(exit_code(findings))


def _print(finding: Finding) -> None:
    line = f", line {finding.line}" if finding.line else ""
    click.echo(f"{click.style(f'{finding.severity:<8}', fg=_COLOURS[finding.severity])} {finding.where}{line}: {finding.what}")
    click.echo(f"{'':<8} cure: {finding.cure}")


def _summary(name: str, findings: list[Finding]) -> str:
    counts = [(sum(finding.severity == severity for finding in findings), severity) for severity in _COLOURS]
    told = ", ".join(f"{count} {severity}{'s' * (count != 1)}" for count, severity in counts if count)
    return f"{name}: {told or 'nothing was found'}"

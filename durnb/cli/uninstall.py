"""``durnb uninstall``: kernels load durnb by themselves no more."""

from __future__ import annotations

import click

from durnb.runner.autoload import config_file, uninstall


@click.command("uninstall")
@click.option("--user", is_flag=True, help="What durnb install --user added.")
def command(user: bool) -> None:
    """Undo durnb install: take out of IPython's configuration what it added, and nothing else. The kernel Python 3 (durable) stays.

    \b
    Example:
      durnb uninstall
    """
    file = config_file(user=user)
    changed = uninstall(file)
    click.echo(f"{file} {'loads durnb no more' if changed else 'did not load durnb'}")

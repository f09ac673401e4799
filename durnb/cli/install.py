"""``durnb install``: every kernel of an environment loads durnb by itself."""

from __future__ import annotations

import click

from durnb.runner.autoload import config_file, install


@click.command("install")
@click.option("--user", is_flag=True, help="For all kernels of this user, instead of those of this Python environment.")
def command(user: bool) -> None:
    """Have every IPython and Jupyter kernel of this Python environment load durnb by itself, so that no notebook needs %load_ext durnb. A few lines are
    added to IPython's configuration; durnb uninstall takes them out again.

    \b
    Example:
      durnb install
    """
    file = config_file(user=user)
    changed = install(file)
    click.echo(f"{file} {'loads durnb from the next start of a kernel on' if changed else 'loads durnb already'}")

"""Commands that show pages: the panel, and the runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from durnb.archive import open_history
from durnb_kernel_ext.commands import command, no_words
from durnb_kernel_ext.panels import open_panel
from durnb_widgets.runs import history_page

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension's magic calls the commands


@command("panel", looks=True)
def panel(extension: Extension, words: list[str]) -> None:
    """the run at a glance, kept up to date: steps, why and what comes, times; with buttons that steer them"""
    no_words("panel", words)
    open_panel(extension)


@command("history", looks=True)
def history(extension: Extension, words: list[str]) -> Any:
    """the runs of this notebook side by side: when, how long, what differs"""
    no_words("history", words)
    return history_page(open_history())

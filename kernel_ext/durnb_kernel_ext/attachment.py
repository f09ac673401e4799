"""Ties the engine's session to this kernel: its notebook, its saved cells, its connection file, and a line for people."""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from durnb.engine.cells import NotebookCell
from durnb.engine.runs import default_wish
from durnb.engine.session import Session
from durnb.records import dataclass
from durnb_kernel_ext.asking import Asking

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension makes the attachment


@dataclass(slots=True)
class Attachment:
    """Implements the engine's `Surroundings`."""

    extension: Extension

    def notebook(self) -> Path | None:
        return self.extension.path

    def cells(self) -> Sequence[NotebookCell]:
        """The cells of the saved file, read again where it changed."""
        return self.extension.cells()

    def say(self, text: str) -> None:
        if not text:
            return
        if self.extension.kernel is None:
            print(f"durnb: {text}")
            return
        style = "color:var(--jp-ui-font-color2,#616161);font-size:90%"
        self.extension.shell.display_pub.publish(
            data={"text/plain": f"durnb: {text}", "text/html": f'<div role="status" style="{style}">durnb: {html.escape(text)}</div>'},
            metadata={"durnb": {"announcement": True, "badge": True}},
        )

    def ran(self) -> Sequence[str]:
        return [str(text) for text in self.extension.shell.history_manager.input_hist_raw]

    def connection_file(self) -> str | None:
        kernel = self.extension.kernel
        file = getattr(getattr(kernel, "parent", None), "abs_connection_file", None)
        return str(file) if file else None

    def results(self) -> Sequence[object]:
        """What IPython keeps beside ``Out``: last values of the cell that runs and the one before, and those that it put into the namespace."""
        shell = self.extension.shell
        hook = shell.displayhook
        kept = {id(each): each for each in (getattr(shell, "last_execution_result", None), hook.exec_result) if each is not None}
        last = [vars(hook)[name] for name in ("_", "__", "___") if name in vars(hook)]
        return [*(each.result for each in kept.values()), *last, *shell.user_ns_hidden.values()]


def make_session(extension: Extension) -> Session:
    """The session of this kernel. Raises UsageError for an environment that can't be read."""
    session = Session(
        namespace=extension.shell.user_ns,
        kernel=Attachment(extension),
        settings=lambda: extension.settings,
        wish=default_wish(dict(os.environ)),
        born=extension.born,
    )
    if extension.kernel is not None:
        session.onlookers.append(Asking(session, extension.kernel, extension.panels).changed)
    return session

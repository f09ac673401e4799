"""The magics ``%durable COMMAND`` and ``%%durable``; the latter carries the help, for the header of a cell that runs never reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from durnb.engine.header import OPTION_FLAGS, option_help
from durnb.errors import DurnbError, UsageError
from durnb_kernel_ext.commands import dispatch
from durnb_kernel_ext.oneline import stop_line

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension owns this part of it


class DurableMagic:
    """Registers both magics and the completion of their options."""

    def __init__(self, extension: Extension) -> None:
        self._extension = extension

    def install(self) -> None:
        magics = self._extension.shell.magics_manager
        extension = self._extension

        def durable(line: str) -> Any:
            try:
                return dispatch(extension, line)
            except DurnbError as error:
                raise stop_line(error) from None

        def durable_cell(line: str, cell: str) -> None:
            raise stop_line(UsageError("the header of a durable cell is its first line: move the line with %%durable to the top"))

        durable.__doc__ = "%durable COMMAND: looks at the notebook's durable steps and steers them. %durable help lists the commands."
        durable_cell.__doc__ = option_help()
        magics.register_function(durable, magic_kind="line", magic_name="durable")
        magics.register_function(durable_cell, magic_kind="cell", magic_name="durable")
        self._extension.shell.set_hook("complete_command", _complete, str_key="%%durable")

    def remove(self) -> None:
        magics = self._extension.shell.magics_manager.magics
        magics["line"].pop("durable", None)
        magics["cell"].pop("durable", None)
        dispatcher = self._extension.shell.strdispatchers.get("complete_command")
        if dispatcher is not None:
            dispatcher.strs.pop("%%durable", None)


def _complete(completer: Any, event: Any) -> list[str]:
    return list(OPTION_FLAGS)

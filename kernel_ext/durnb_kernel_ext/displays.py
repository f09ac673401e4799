"""How objects of durnb that know no front end are shown in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from durnb.archive import NotebookHistory
    from durnb_kernel_ext.extension import Extension  # the extension owns this part of it

_HISTORY: Final = ("durnb.archive.notebook", "NotebookHistory")


class Displays:
    """Registers them with IPython by name, so that nothing is imported for it."""

    def __init__(self, extension: Extension) -> None:
        self._formatter: Any = extension.shell.display_formatter.formatters["text/html"]

    def install(self) -> None:
        self._formatter.for_type_by_name(*_HISTORY, _runs)

    def remove(self) -> None:
        self._formatter.deferred_printers.pop(_HISTORY, None)
        for kind in [kind for kind, printer in self._formatter.type_printers.items() if printer is _runs]:
            del self._formatter.type_printers[kind]


def _runs(history: NotebookHistory) -> str:
    from durnb_widgets.runs import history_page  # noqa: PLC0415  # the archive comes with it, and is here by now

    return history_page(history).html

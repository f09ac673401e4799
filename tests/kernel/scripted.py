"""A kernel with the scripted session, for the tests of the stage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kernel.driver import CellResult, KernelDriver, Place

TESTS = Path(__file__).parent.parent


class OneByOne(KernelDriver):
    """Sends cells one after the other, not as Run All does: old kernels abort what comes right behind an error."""

    def begin(self, code: str, cell_id: str | None = None, **content: Any) -> CellResult:
        return super().begin(code, cell_id, **{"stop_on_error": False, **content})


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelDriver]:
    place = Place.at(tmp_path_factory.mktemp("stage"), PYTHONPATH=str(TESTS))
    with OneByOne(place).start("kernel.scripted_session") as driver:
        yield driver


def kept(kernel: KernelDriver, step: str) -> list[dict[str, Any]]:
    """The outputs that were recorded for `step`."""
    found = kernel.evaluate(f"session.kept[{step!r}][0]")
    assert isinstance(found, list)
    return found

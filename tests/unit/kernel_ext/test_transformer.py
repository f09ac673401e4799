from __future__ import annotations

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from durnb_kernel_ext.transformer import hide_header, without_header


def _transform(cell: str) -> str:
    manager = TransformerManager()
    manager.cleanup_transforms.append(hide_header)
    first = manager.transform_cell(cell)
    assert manager.transform_cell(cell) == first
    return first


@pytest.mark.parametrize(
    ("cell", "source"),
    [
        ("%%durable x --once\ny = 1", "# %%durable x --once\ny = 1\n"),
        ("\n\n%%durable x\ny = 1", "# %%durable x\ny = 1\n"),
        ("  %%durable x\n  y = 1", "# %%durable x\ny = 1\n"),
        ("# durable: x\ny = 1", "# durable: x\ny = 1\n"),
        ("%%durable x\n\n%%bash\nls", "get_ipython().run_cell_magic('bash', '', 'ls\\n')\n"),
        ("# durable: x\n%%bash\nls", "get_ipython().run_cell_magic('bash', '', 'ls\\n')\n"),
        ("%%durable x\n!ls", "# %%durable x\nget_ipython().system('ls')\n"),
        ("%%bash\n%%durable x", "get_ipython().run_cell_magic('bash', '', '%%durable x\\n')\n"),
        ("%%durable", "# %%durable\n"),
        ("y = 1", "y = 1\n"),
    ],
)
def test_the_header_becomes_a_comment_or_makes_room_for_a_magic(cell: str, source: str) -> None:
    assert _transform(cell) == source


def test_help_is_left_to_ipython() -> None:
    assert "pinfo" in _transform("%%durable?")


def test_a_terminal_waits_for_the_body() -> None:
    manager = TransformerManager()
    manager.cleanup_transforms.append(hide_header)
    assert manager.check_complete("%%durable x")[0] == "incomplete"
    assert manager.check_complete("%%durable x\ny = 1\n\n")[0] == "complete"


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("# %%durable x\ny = 1\n", "y = 1\n"),
        ("# durable: x\ny = 1\n", "y = 1\n"),
        ("get_ipython().run_cell_magic('bash', '', 'ls\\n')\n", "get_ipython().run_cell_magic('bash', '', 'ls\\n')\n"),
        ("# a comment\ny = 1\n", "# a comment\ny = 1\n"),
    ],
)
def test_the_source_of_a_request_has_no_header(source: str, body: str) -> None:
    assert without_header(source) == body

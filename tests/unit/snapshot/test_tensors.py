"""Tensors of torch: views stay views, parameters stay tied to their optimizer, gradients are kept. Where torch is installed."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from durnb.fingerprint import content, probe
from durnb.snapshot import Captured, capture, restore

torch = pytest.importorskip("torch")


def back(taken: Captured) -> dict[str, Any]:
    assert taken.lost == ()
    space: dict[str, Any] = {"__name__": "__main__"}
    for group in taken.groups:
        buffers = [bytes(memoryview(b)) if r else bytearray(memoryview(b)) for b, r in zip(group.buffers, group.readonly, strict=True)]
        space.update(restore(group.stream, buffers, space, taken.sources))
    return space


@pytest.mark.parametrize("size", [6, 100_000])
def test_a_view_under_another_name_stays_a_view(size: int) -> None:
    whole = torch.arange(float(size))
    found = back(capture({"whole": whole, "part": whole[2:4], "turned": whole.view(2, -1).T, "other": torch.ones(2)}, ["part"]))
    assert set(found) - {"__name__"} == {"whole", "part", "turned"}
    found["whole"][2] = 99
    assert found["part"].tolist() == [99.0, 3.0]
    assert found["turned"].shape == (size // 2, 2)
    assert found["turned"][2, 0] == 99
    assert found["part"].untyped_storage().data_ptr() == found["whole"].untyped_storage().data_ptr()
    assert whole[2] == 2


def test_types_shapes_and_strides_come_back() -> None:
    made = [
        torch.tensor(5),
        torch.zeros(0, 3),
        torch.arange(6).reshape(2, 3).t(),
        torch.tensor([True]),
        torch.ones(2, dtype=torch.bfloat16),
    ]
    found = back(capture({"x": made}, ["x"]))["x"]
    assert [(t.dtype, t.shape, t.stride(), t.tolist()) for t in found] == [(t.dtype, t.shape, t.stride(), t.tolist()) for t in made]


def test_a_model_its_optimizer_and_its_gradients_stay_together() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(2)).backward()
    optimizer.step()
    found = back(capture({"m": model, "o": optimizer}, ["m", "o"]))
    first = found["m"][0].weight
    assert found["o"].param_groups[0]["params"][0] is first
    assert first.requires_grad
    assert torch.equal(first.grad, model[0].weight.grad)
    assert torch.equal(found["m"](torch.ones(2)), model(torch.ones(2)))
    assert content(found["m"]) == content(model)
    model[0].weight.grad.add_(1)
    assert content(found["m"]) != content(model)


def test_a_graph_is_not_kept_and_that_is_said() -> None:
    weight = torch.ones(2, requires_grad=True)
    loss = (weight * 2).sum()
    taken = capture({"loss": loss}, ["loss"])
    assert [each.note for each in taken.dropped] == ["loss: the graph that it was computed by is not kept: it is a tensor of its own"]
    assert back(taken)["loss"].item() == 4.0


def test_a_change_through_a_view_is_seen() -> None:
    whole = torch.arange(6.0)
    names = {"whole": whole, "part": whole[2:4]}
    before = probe(names)
    whole[2] = 9
    after = probe(names)
    assert before["whole"] != after["whole"]
    assert before["part"] != after["part"]


def test_the_seed_that_torch_drew_at_its_import_was_set_by_nobody() -> None:
    text = (
        "import torch; from durnb.snapshot.generators import TorchRandom; born = TorchRandom().as_loaded()\n"
        "torch.manual_seed(3); print(born, TorchRandom().as_loaded())"
    )
    found = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout
    assert found == "True False\n"

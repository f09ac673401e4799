"""Tensors, models and generators on a GPU, over kernels that die. Where there is a GPU and a torch that knows it."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from kernel.conftest import Notebook

pytestmark = pytest.mark.skipif(shutil.which("nvidia-smi") is None, reason="there is no GPU")

SETUP = "import torch\nfrom torch import nn\ndevice = 'cuda'"
DATA = """%%durable data
torch.manual_seed(3)
x = torch.arange(12., device=device).reshape(3, 4)
row = x[1]
half = torch.ones(2, dtype=torch.bfloat16, device=device)
big = torch.arange(1_000_000, device=device)
"""
MODEL = """%%durable model
model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1)).to(device)
tied = model[0].weight
optimizer = torch.optim.Adam(model.parameters())
def train(steps):
    for _ in range(steps):
        optimizer.zero_grad()
        model(x).pow(2).sum().backward()
        optimizer.step()
train(5)
"""
MORE = """%%durable more
row[0] = 99.
train(5)
noise = torch.randn(4, device=device)
end = ([p.tolist() for p in model.parameters()], x.tolist(), noise.tolist(), tied is model[0].weight, int(big.sum()))
"""


@pytest.fixture
def gpu_nb(make: Callable[..., Notebook]) -> Notebook:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("torch has no GPU here")
    return make(nursery=None).open()


def test_a_training_on_a_gpu_goes_on_as_if_its_kernel_had_not_died(gpu_nb: Notebook) -> None:
    gpu_nb.ok(SETUP, DATA, MODEL, MORE)
    unbroken = gpu_nb.evaluate("end")
    gpu_nb.kill()
    gpu_nb.open().ok("%durable new", SETUP, DATA, MODEL)
    gpu_nb.kill()
    gpu_nb.open().ok(SETUP)
    assert gpu_nb.ok(DATA).replayed
    assert gpu_nb.ok(MODEL).replayed
    devices = gpu_nb.evaluate("[str(t.device) for t in (x, row, half, big, tied, next(iter(optimizer.state.values()))['exp_avg'])]")
    assert devices == ["cuda:0"] * 6
    gpu_nb.ok(MORE)
    assert gpu_nb.evaluate("end") == unbroken


def test_without_a_gpu_tensors_come_back_on_the_cpu_and_it_is_said(gpu_nb: Notebook) -> None:
    gpu_nb.ok(SETUP, DATA)
    gpu_nb.kill()
    gpu_nb.open(CUDA_VISIBLE_DEVICES="")
    gpu_nb.ok(SETUP)
    badge = gpu_nb.ok(DATA).badge
    assert "tensors that were on cuda:0 are on the CPU" in badge
    assert gpu_nb.evaluate("[str(x.device), x.tolist()[1], int(big.sum())]") == ["cpu", [4.0, 5.0, 6.0, 7.0], 499_999_500_000]
    gpu_nb.ok("row[0] = 5.")
    assert gpu_nb.evaluate("x.tolist()[1][0]") == 5.0


def test_a_tensor_changed_on_the_gpu_is_seen(gpu_nb: Notebook) -> None:
    gpu_nb.ok(SETUP, DATA, "%%durable reader\ntotal = float(x.sum())")
    assert gpu_nb.ok("%%durable reader\ntotal = float(x.sum())").replayed
    gpu_nb.ok("%%durable editor\nx[0, 0] = 100.")
    gpu_nb.kill()
    gpu_nb.open()
    gpu_nb.ok(SETUP)
    for cell in (DATA, "%%durable reader\ntotal = float(x.sum())", "%%durable editor\nx[0, 0] = 100."):
        assert gpu_nb.ok(cell).replayed
    assert gpu_nb.evaluate("[total, float(x[0, 0]), float(row[0])]") == [66.0, 100.0, 4.0]

"""Tensors of torch: views of one storage stay views, and what `backward` left is kept.

A tensor's storage is written as the bytes of a numpy array, so that it is shared, mapped and stored like any array. The memory of another
device goes through the host's, and back to that device; where there is none, it stays on the CPU, and that is said.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, Final

from durnb.snapshot.place import here
from durnb.snapshot.standins import note

_DEVICES: Final = ("cpu", "cuda", "mps", "xpu")


def torch() -> Any | None:
    """torch where the notebook has loaded it: durnb never imports it."""
    module = sys.modules.get("torch")
    return module if module is not None and hasattr(module, "Tensor") else None


def is_plain_tensor(value: Any, kind: type) -> bool:
    """Whether `value` is a dense tensor or parameter, of torch's own classes, whose storage says everything."""
    module = torch()
    if module is None or (kind is not module.Tensor and kind is not module.nn.Parameter):
        return False
    plain = value.layout is module.strided and value.device.type in _DEVICES and not value.is_quantized
    return bool(plain and not value.is_conj() and not value.is_neg() and not value._backward_hooks)


def bytes_of(storage: Any) -> Any:
    """The memory of a storage as a numpy array: on the CPU that very memory, which torch keeps alive, else a copy of it."""
    module = torch()
    assert module is not None
    return module.empty(0, dtype=module.uint8, device=storage.device).set_(storage).cpu().numpy()


def is_of_a_graph(value: Any) -> bool:
    """Whether a tensor was computed from others that require gradients: how, is not kept."""
    return value.grad_fn is not None


def reduced(value: Any, storage: Any) -> tuple[Any, ...]:
    """The reduction of a tensor over `storage`, an object of its own in the stream."""
    layout = (str(value.dtype).removeprefix("torch."), value.storage_offset(), tuple(value.size()), tuple(value.stride()))
    kind = "Parameter" if type(value).__name__ == "Parameter" else "Tensor"
    state = dict(vars(value)), (value.grad if value.is_leaf else None)
    return rebuild_tensor, (storage, *layout, bool(value.requires_grad), kind), state, None, None, tensor_state


class Storage:
    """Stands for a storage while a stream is written: one for all tensors over it."""

    __slots__ = ("device", "memory")

    def __init__(self, storage: Any, on_host: dict[int, Any]) -> None:
        self.device, address = str(storage.device), storage.data_ptr()
        if self.device == "cpu" or not address:
            self.memory = bytes_of(storage)
        else:
            self.memory = on_host[address] if address in on_host else on_host.setdefault(address, bytes_of(storage))

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild_storage, (self.memory,) if self.device == "cpu" else (self.memory, self.device)


def rebuild_storage(memory: Any, device: str = "cpu") -> Any:
    """A storage over the bytes of an array; on another device, where it is there, with a copy of them."""
    module: Any = importlib.import_module("torch")
    made = module.from_numpy(memory)
    if device != "cpu" and not here().scratch:
        if _is_there(module, device):
            made = made.to(device)
        else:
            note(f"tensors that were on {device} are on the CPU: this process has no such device")
    return made.untyped_storage()


def _is_there(module: Any, device: str) -> bool:
    kind, _, number = device.partition(":")
    backend = getattr(module, kind, None) if kind != "mps" else module.backends.mps
    return backend is not None and backend.is_available() and (not number or int(number) < getattr(backend, "device_count", lambda: 1)())


def rebuild_tensor(
    storage: Any, dtype: str, offset: int, size: tuple[int, ...], stride: tuple[int, ...], requires_grad: bool, kind: str
) -> Any:
    """A tensor over a storage."""
    module: Any = importlib.import_module("torch")
    made = module.empty(0, dtype=getattr(module, dtype), device=storage.device).set_(storage, offset, size, stride)
    return module.nn.Parameter(made, requires_grad) if kind == "Parameter" else made.requires_grad_(requires_grad)


def tensor_state(made: Any, state: tuple[dict[str, Any], Any]) -> None:
    """Attributes that people gave it, and its gradient."""
    vars(made).update(state[0])
    if state[1] is not None:
        made.grad = state[1]

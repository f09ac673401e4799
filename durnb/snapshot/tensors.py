"""Tensors of torch on the CPU: views of one storage stay views, and what `backward` left is kept.

A tensor's storage is written as the bytes of a numpy array, so that it is shared, mapped and stored like any array.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def torch() -> Any | None:
    """torch where the notebook has loaded it: durnb never imports it."""
    module = sys.modules.get("torch")
    return module if module is not None and hasattr(module, "Tensor") else None


def is_plain_tensor(value: Any, kind: type) -> bool:
    """Whether `value` is a dense tensor or parameter on the CPU, of torch's own classes, whose storage says everything."""
    module = torch()
    if module is None or (kind is not module.Tensor and kind is not module.nn.Parameter):
        return False
    plain = value.layout is module.strided and value.device.type == "cpu" and not value.is_quantized
    return bool(plain and not value.is_conj() and not value.is_neg() and not value._backward_hooks)


def bytes_of(storage: Any) -> Any:
    """The memory of a storage as a numpy array; torch keeps it alive."""
    module = torch()
    assert module is not None
    return module.empty(0, dtype=module.uint8).set_(storage).numpy()


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

    __slots__ = ("memory",)

    def __init__(self, memory: Any) -> None:
        self.memory = memory

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild_storage, (self.memory,)


def rebuild_storage(memory: Any) -> Any:
    """A storage over the bytes of an array."""
    module: Any = importlib.import_module("torch")
    return module.from_numpy(memory).untyped_storage()


def rebuild_tensor(
    storage: Any, dtype: str, offset: int, size: tuple[int, ...], stride: tuple[int, ...], requires_grad: bool, kind: str
) -> Any:
    """A tensor over a storage."""
    module: Any = importlib.import_module("torch")
    made = module.empty(0, dtype=getattr(module, dtype)).set_(storage, offset, size, stride)
    return module.nn.Parameter(made, requires_grad) if kind == "Parameter" else made.requires_grad_(requires_grad)


def tensor_state(made: Any, state: tuple[dict[str, Any], Any]) -> None:
    """Attributes that people gave it, and its gradient."""
    vars(made).update(state[0])
    if state[1] is not None:
        made.grad = state[1]

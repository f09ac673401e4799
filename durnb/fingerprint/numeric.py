"""Arrays and tensors taken apart: type, shape and the bytes in C order, whatever their layout in memory.

Libraries are looked up among what is loaded, and never imported.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

from durnb import mapped
from durnb.fingerprint.hashing import mass_hasher
from durnb.fingerprint.looking import class_dict, instance_dict, type_name
from durnb.fingerprint.objects import own_class
from durnb.fingerprint.parts import Parts, by_index, joined, named

_SLICE = 1 << 24


def of_array(np: Any, value: Any, *, probing: bool = False) -> Parts:
    """A numpy array, with what its subclass adds. For a probe, memory that is mapped and was never written to counts by where it is from."""
    cls = type(value)
    plain = np.ndarray.view(value, np.ndarray)
    own = () if cls is np.ndarray else _extras(np, value)
    content = _content(np, plain, probing)
    head = joined("array", type_name(cls)) + content.head
    memory = _memory(np, value)
    return Parts(
        head, [*content.parts, *own], label=content.label, numbered=True, linked=memory, shares=content.shares, probed=content.probed
    )


def _content(np: Any, plain: Any, probing: bool = False) -> Parts:
    dtype = plain.dtype
    head = joined(dtype_name(dtype), str(plain.shape))
    if dtype.names is not None and dtype.hasobject:
        return Parts(head, [_content(np, plain[name], probing) for name in dtype.names], label=lambda index: f"[{dtype.names[index]!r}]")
    if dtype.hasobject or dtype.kind == "T":
        return Parts(head, plain.ravel().tolist(), label=by_index, shares=True)
    token = _mapped(plain) if probing and plain.nbytes >= mapped.BIG else None
    if token is not None:
        return Parts(head + token, probed=True)
    state = mass_hasher()
    for block in _blocks(np, plain):
        state.update(block)
    return Parts(head + state.digest())


def _mapped(plain: Any) -> bytes | None:
    """What stands for the elements of an array in mapped memory, none of which was written to; else None."""
    start: int = mapped.address_of(plain)
    steps = [(length - 1) * stride for length, stride in zip(plain.shape, plain.strides, strict=True)]
    first = start + sum(step for step in steps if step < 0)
    end = start + sum(step for step in steps if step > 0) + plain.dtype.itemsize
    token = mapped.token_of(first, end - first)
    return token and joined("mapped", token, str(start - first), str(plain.strides))


def _blocks(np: Any, plain: Any) -> Iterator[memoryview]:
    """The bytes of an array in C order, without copying it whole."""
    if plain.size == 0 or plain.dtype.itemsize == 0:
        return
    if plain.dtype.names is not None:
        packed = _packed(np, plain.dtype)
        step = max(1, _SLICE // packed.itemsize) if packed.itemsize else plain.size
        for at in range(0, plain.size, step):
            yield memoryview(plain.flat[at : at + step].astype(packed).view(np.uint8))
        return
    if plain.flags.c_contiguous:
        yield memoryview(plain.reshape(-1).view(np.uint8))
        return
    row = max(1, plain.nbytes // plain.shape[0])
    step = max(1, _SLICE // row)
    for at in range(0, plain.shape[0], step):
        yield memoryview(np.ascontiguousarray(plain[at : at + step]).reshape(-1).view(np.uint8))


@lru_cache(maxsize=256)
def _packed(np: Any, dtype: Any) -> Any:
    """A dtype of the same fields without room between them, whose bytes are anybody's."""
    if dtype.names is not None:
        return np.dtype([(name, _packed(np, dtype.fields[name][0])) for name in dtype.names])
    return np.dtype((_packed(np, dtype.subdtype[0]), dtype.subdtype[1])) if dtype.subdtype is not None else dtype


def dtype_name(dtype: Any) -> str:
    """The canonical text of a dtype; two dtypes of the same text hold the same kind of data."""
    known = _names.get(id(dtype))
    if known is not None and known[0] is dtype:
        return known[1]
    if dtype.names is not None:
        return _name_of_fields(dtype)
    text = _dtype_name(dtype)
    if dtype.isbuiltin == 1:  # there is one of each
        _names[id(dtype)] = dtype, text
    return text


_names: dict[int, tuple[object, str]] = {}


@lru_cache(maxsize=256)
def _name_of_fields(dtype: Any) -> str:
    fields = [(name, *dtype.fields[name][1:2], dtype_name(dtype.fields[name][0])) for name in dtype.names]
    return f"{{{dtype.itemsize} {fields}}}"


def _dtype_name(dtype: Any) -> str:
    if dtype.subdtype is not None:
        return f"({dtype_name(dtype.subdtype[0])} {dtype.subdtype[1]})"
    return (
        f"{dtype.name} {dtype.str}" if type(dtype).__module__.startswith("numpy") else f"{type_name(type(dtype))} {dtype.name} {dtype.str}"
    )


def _extras(np: Any, value: Any) -> list[object]:
    """What subclasses of arrays add: a mask, their own attributes."""
    masked = getattr(np, "ma", None)
    if masked is not None and issubclass(type(value), masked.MaskedArray):
        return [_content(np, masked.getmaskarray(value)), value.fill_value]
    if issubclass(type(value), np.memmap):
        return []
    return [named(b"attributes", dict(instance_dict(value) or {})), *own_class(type(value))]


def _memory(np: Any, value: Any) -> tuple[object, str]:
    """The owner of an array's memory, and where in it the array begins."""
    if np.ndarray.base.__get__(value) is None:
        return value, f"@0{np.ndarray.strides.__get__(value)}"
    start: int = mapped.address_of(np.ndarray.view(value, np.ndarray))
    return _place(np, value, start, np.ndarray.strides.__get__(value))


def _place(np: Any, owner: Any, start: int, strides: object) -> tuple[object, str]:
    while issubclass(type(owner), np.ndarray) and (base := np.ndarray.base.__get__(owner)) is not None:
        owner = _behind(np, base)
    if type(owner) is memoryview:  # as `frombuffer` puts it between
        with suppress(ValueError):  # it was released
            holder: Any = owner.obj
            owner = owner if holder is None else holder
    return owner, f"@{start - _begin(np, owner)}{strides}"


def _begin(np: Any, owner: Any) -> int:
    """Where the memory of an array's last owner begins: of an array, a bytearray, a mapping; 0 of what does not say it."""
    if issubclass(type(owner), np.ndarray):
        return mapped.address_of(np.ndarray.view(owner, np.ndarray))
    try:
        return mapped.address_of(np.frombuffer(owner, np.uint8))
    except (TypeError, ValueError, BufferError):  # no buffer, an empty one, or one with gaps
        return 0


def _behind(np: Any, base: object) -> object:
    """The array behind the holder that `as_strided` and sliding windows put between a view and it; or behind a row."""
    while issubclass(type(base), np.void) and (owner := np.void.base.__get__(base)) is not None:
        base = owner
    held = (instance_dict(base) or {}).get("base") if type_name(type(base)).endswith("DummyArray") else None
    return base if held is None else held


def of_ufunc(value: Any) -> Parts:
    """A function of numpy's for arrays, with the function that it calls where `frompyfunc` made it."""
    made_of = [each for each in gc.get_referents(value) if callable(each)]
    return Parts(joined("ufunc", value.__name__, str(value.nin), str(value.nout)), made_of)


def of_scalar(value: Any) -> Parts:
    """A numpy scalar."""
    return Parts(joined("scalar", dtype_name(value.dtype), value.tobytes()))


def of_row(np: Any, value: Any) -> Parts:
    """A row of a structured array, which shares its memory; or one with memory of its own."""
    objects = [value.tolist()] if value.dtype.hasobject else []  # its bytes are addresses
    base = np.generic.base.__get__(value)
    linked = None if base is None else _place(np, base, value.__array_interface__["data"][0], ())
    head = joined("scalar", dtype_name(value.dtype), b"" if objects else value.tobytes())
    return Parts(head, objects, numbered=True, linked=linked)


def of_flat(np: Any, value: Any) -> Parts:
    """An iterator over the elements of an array."""
    return Parts(joined("flat", str(value.index)), [np.flatiter.base.__get__(value)], label=lambda _: ".base", numbered=True)


def of_dtype(value: Any) -> Parts:
    """A numpy dtype."""
    return Parts(joined("dtype", dtype_name(value), str(value.metadata or "")))


def of_tensor(torch: Any, value: Any) -> Parts:
    """A torch tensor, with its bytes on the host."""
    flags = joined("tensor", type_name(type(value)), str(value.dtype), str(tuple(value.shape)), str(value.device), str(value.requires_grad))
    with torch.no_grad():
        host = value.detach()
        host = host.to_dense() if host.layout is not torch.strided else host
        host = host.resolve_conj().resolve_neg().cpu().contiguous().reshape(-1)
    state = mass_hasher()
    if host.numel():
        state.update(memoryview(host.view(torch.uint8).numpy()))
    own = {key: part for key, part in (instance_dict(value) or {}).items() if not key.startswith("_backward")}
    if value.is_leaf and value.grad is not None:
        own["<grad>"] = value.grad
    memory = (value.untyped_storage().data_ptr(), f"@{value.storage_offset()}{value.stride()}")
    return Parts(flags + state.digest(), [named(b"attributes", own)], numbered=True, linked=(("torch", memory[0]), memory[1]))


def of_sparse(value: Any) -> Parts:
    """A scipy sparse array: its arrays, without remembered facts such as whether its indices are sorted."""
    own = {key: part for key, part in (instance_dict(value) or {}).items() if not key.startswith("_has_") and key != "maxprint"}
    if issubclass(type(value), dict):
        own["<items>"] = dict.copy(value)
    shape = class_dict(type(value)).get("_format", "")
    return named(joined("sparse", type_name(type(value)), str(shape)), own, numbered=True)

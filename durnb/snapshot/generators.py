"""The generators of `random`, numpy and torch that belong to the process.

Drawing moves a generator on; seeding it replaces it. The two are told apart by following the generator from the earlier state.
"""

from __future__ import annotations

import array
import importlib
import pickle
import random
import sys
from collections.abc import Mapping
from typing import Any

from durnb.snapshot.plain import spelled

MOST_TWISTS = 2000
WORDS = 624
BITS_OF_A_TWIST = 32 * WORDS

Twister = tuple[tuple[int, ...], int, float | None]
"""The words of a Mersenne twister, how many of them are used up, and the second normal number that it has in store."""


def advanced(before: Twister, after: Twister) -> bool:
    """Whether a Mersenne twister gets from `before` to `after` by drawing."""
    (words, used, spare), (words_after, used_after, spare_after) = before, after
    if words == words_after:
        return used_after > used or (used_after == used and spare is not None and spare_after is None)
    twister = random.Random()
    twister.setstate((3, (*words, WORDS), None))
    for _ in range(MOST_TWISTS):
        twister.getrandbits(BITS_OF_A_TWIST)
        if twister.getstate()[1][:WORDS] == words_after:
            return True
    return False


class Random:
    """The hidden generator of `random`."""

    prefix = "@random"

    def look(self) -> object:
        return random.getstate()

    def take(self, seen: Any) -> Mapping[str, bytes]:
        version, words, spare = seen
        return {self.prefix: spelled((version, array.array("Q", words).tobytes(), spare))}

    def put(self, name: str, payload: bytes | None) -> str | None:
        if payload is None:
            return None
        version, words, spare = pickle.loads(payload)
        random.setstate((version, tuple(array.array("Q", words)), spare))
        return None

    def follows(self, before: bytes, after: bytes) -> bool:
        return advanced(_of_random(before), _of_random(after))

    def as_loaded(self) -> bool:
        return True


def _of_random(payload: bytes) -> Twister:
    _, packed, spare = pickle.loads(payload)
    words = tuple(array.array("Q", packed))
    return words[:WORDS], words[WORDS], spare


class NumpyRandom:
    """numpy's legacy generator, behind `numpy.random.rand` and its kin."""

    prefix = "@numpy.random"

    def look(self) -> object:
        module = sys.modules.get("numpy.random")
        return _plain(module.get_state(legacy=False)) if module is not None and hasattr(module, "get_state") else None

    def take(self, seen: Any) -> Mapping[str, bytes]:
        return {} if seen is None else {self.prefix: spelled(seen)}

    def put(self, name: str, payload: bytes | None) -> str | None:
        if payload is None:
            return None
        try:  # numpy loads it when it is first used, and what uses it first may be the next cell
            module: Any = importlib.import_module("numpy.random")
        except ImportError:
            return "numpy is not installed here, so its generator is left as it is"
        module.set_state(_full(pickle.loads(payload), sys.modules["numpy"]))
        return None

    def follows(self, before: bytes, after: bytes) -> bool:
        earlier, later = pickle.loads(before), pickle.loads(after)
        both = earlier["bit_generator"] == later["bit_generator"] == "MT19937"
        return bool(both and advanced(_of_numpy(earlier), _of_numpy(later)))

    def as_loaded(self) -> bool:
        # seeding the legacy generator drops the seed sequence that it was born with
        hidden = getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)
        return getattr(getattr(hidden, "_bit_generator", None), "seed_seq", None) is not None


def _of_numpy(state: dict[str, Any]) -> Twister:
    inner = state["state"]
    _, _, packed = inner["key"]
    return tuple(array.array("I", packed)), int(inner["pos"]), float(state["gauss"]) if state.get("has_gauss") else None


def _plain(state: Any) -> Any:
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    return ("array", str(state.dtype), state.tobytes()) if hasattr(state, "tobytes") and hasattr(state, "dtype") else state


def _full(state: Any, numpy: Any) -> Any:
    if isinstance(state, dict):
        return {key: _full(value, numpy) for key, value in state.items()}
    return numpy.frombuffer(state[2], dtype=state[1]).copy() if isinstance(state, tuple) else state


class TorchRandom:
    """torch's generator on the CPU."""

    prefix = "@torch.random"

    def look(self) -> object:
        torch = sys.modules.get("torch")
        if torch is None or not hasattr(torch, "get_rng_state"):
            return None
        return torch.initial_seed(), _tensor_bytes(torch.get_rng_state())

    def take(self, seen: Any) -> Mapping[str, bytes]:
        return {} if seen is None else {self.prefix: spelled(seen)}

    def put(self, name: str, payload: bytes | None) -> str | None:
        if payload is None:
            return None
        try:
            torch: Any = importlib.import_module("torch")
        except ImportError:
            return "torch is not installed here, so its generator is left as it is"
        torch.set_rng_state(_tensor(torch, pickle.loads(payload)[1]))
        return None

    def follows(self, before: bytes, after: bytes) -> bool:
        (seed, _), (seed_after, state_after) = pickle.loads(before), pickle.loads(after)
        return bool(seed == seed_after and state_after != _fresh(sys.modules.get("torch"), "cpu", seed))

    def as_loaded(self) -> bool:
        torch = sys.modules.get("torch")
        return torch is not None and _is_torchs_own(torch.initial_seed())


class TorchCudaRandom:
    """torch's generators on the GPUs that it has begun to use."""

    prefix = "@torch.cuda.random"

    def look(self) -> object:
        torch = sys.modules.get("torch")
        if torch is None or not hasattr(torch, "cuda") or not torch.cuda.is_initialized():
            return None
        return torch.cuda.initial_seed(), [_tensor_bytes(state) for state in torch.cuda.get_rng_state_all()]

    def take(self, seen: Any) -> Mapping[str, bytes]:
        return {} if seen is None else {self.prefix: spelled(seen)}

    def put(self, name: str, payload: bytes | None) -> str | None:
        torch: Any = sys.modules.get("torch")
        if payload is None:
            return None
        if torch is None or not torch.cuda.is_available():
            return "torch has no GPU here, so its generators are left as they are"
        states = pickle.loads(payload)[1]
        if torch.cuda.device_count() < len(states):
            return f"{len(states)} GPUs had a generator and {torch.cuda.device_count()} are here: they are left as they are"
        for device, state in enumerate(states):
            torch.cuda.set_rng_state(_tensor(torch, state), device)
        return None

    def follows(self, before: bytes, after: bytes) -> bool:
        (seed, _), (seed_after, states) = pickle.loads(before), pickle.loads(after)
        torch: Any = sys.modules.get("torch")
        device = f"cuda:{torch.cuda.current_device()}" if torch is not None else ""
        return bool(seed == seed_after and _fresh(torch, device, seed) not in states)

    def as_loaded(self) -> bool:
        torch = sys.modules.get("torch")
        return torch is not None and _is_torchs_own(torch.cuda.initial_seed())


def _is_torchs_own(seed: int) -> bool:
    """Whether the seed of a generator that is there for the first time is torch's own: drawn from the system, of 53 or 64 bits; people's are shorter.

    https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/CPUGeneratorImpl.cpp, c10::detail::getNonDeterministicRandom
    """
    return seed >= 2**32


def _fresh(torch: Any, device: str, seed: int) -> bytes | None:
    """The state of a generator that was seeded just now: to be in it is to have been seeded again."""
    if torch is None:
        return None
    return _tensor_bytes(torch.Generator(device=device).manual_seed(seed).get_state())


def _tensor_bytes(tensor: Any) -> bytes:
    return bytes(tensor.numpy().tobytes()) if "numpy" in sys.modules else bytes(tensor.tolist())


def _tensor(torch: Any, data: bytes) -> Any:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)

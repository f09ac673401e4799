"""Arrays that were put back by mapping a pack are arrays like others: they are stored again, share what they share, and nothing else."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import pytest

from durnb import mapped
from durnb.fingerprint import circles, content, probe
from durnb.snapshot import Group, capture, restore

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
SIZE = mapped.BIG // 8 + 1000


def put_back(groups: tuple[Group, ...], folder: Path) -> dict[str, Any]:
    """The values of groups, their big buffers mapped from files as a journal does it."""
    values: dict[str, Any] = {}
    for group in groups:
        buffers = []
        for buffer, readonly in zip(group.buffers, group.readonly, strict=True):
            data = bytes(memoryview(buffer))
            path = folder / f"{len(list(folder.iterdir()))}.bin"
            path.write_bytes(bytes(4096) + data)
            file = os.open(path, os.O_RDONLY)
            view = mapped.whole(mapped.map_file(file, 4096, len(data), path.name.encode()))
            os.close(file)
            buffers.append(view.toreadonly() if readonly else view)
        values.update(restore(group.stream, buffers, values, {}))
    return values


def again(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    captured = capture(values, list(values))
    assert not captured.lost
    return put_back(captured.groups, folder)


def made() -> dict[str, Any]:
    big = np.arange(SIZE, dtype="f8")
    locked = np.arange(SIZE, dtype="f8")
    open_view = locked[10:]
    locked.flags.writeable = False
    return {
        "big": big,
        "half": big[: SIZE // 2],
        "back": big[::-1],
        "other": np.ones(SIZE),
        "square": np.asfortranarray(np.arange(SIZE - SIZE % 4, dtype="i8").reshape(4, -1)),
        "locked": locked,
        "open_view": open_view,
        "frame": pd.DataFrame({"x": np.arange(SIZE, dtype="f8"), "y": np.arange(SIZE)}),
    }


def test_what_was_mapped_is_stored_and_mapped_again(tmp_path: Path) -> None:
    first = again(made(), tmp_path)
    first["half"] += 1
    second = again(first, tmp_path)
    for name, value in first.items():
        assert content(value).digest == content(second[name]).digest, name
    second["big"][3] = -7
    assert (second["half"][3], second["back"][-4], second["other"][3]) == (-7, -7, 1)
    assert first["big"][3] == 4
    assert not second["locked"].flags.writeable
    second["open_view"][0] = -1
    assert second["locked"][10] == -1


def test_arrays_of_one_pack_share_nothing(tmp_path: Path) -> None:
    values = again(made(), tmp_path)
    found = {frozenset(circle.names): circle.open for circle in circles(values, {id(value): 1 for value in values.values()}, {})}
    assert found[frozenset({"other"})] is False
    assert frozenset({"big", "half", "back"}) in found
    assert [set(group.names) for group in capture(values, ["other"]).groups] == [{"other"}]


@pytest.mark.skipif(not Path("/proc/self/pagemap").exists(), reason="the page tables can be asked on Linux only")
def test_reading_is_no_change_and_writing_is_one(tmp_path: Path) -> None:
    values = again(made(), tmp_path)
    before = probe(values)
    assert values["big"].sum() == sum(range(SIZE))
    values["frame"].sum()
    assert probe(values) == before
    values["big"][SIZE - 1] += 1
    values["frame"].loc[5, "y"] = -1
    after = probe(values)
    assert {name for name in values if after[name].content != before[name].content} == {"big", "back", "frame"}


def test_a_mapping_ends_with_its_array_and_keeps_no_descriptor(tmp_path: Path) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0

    gc.collect()  # what earlier tests left does not go between the two counts
    before = descriptors()
    values = again({f"a{i}": np.full(SIZE, i) for i in range(40)}, tmp_path)
    assert descriptors() == before
    at = int(values["a7"].__array_interface__["data"][0])
    assert mapped.token_of(at, 8) is not None
    del values
    assert mapped.token_of(at, 8) is None

"""Files that a step says it creates."""

from __future__ import annotations

from pathlib import Path

import pytest

from durnb.engine.creations import missing, notes_on, record, unlooked
from durnb.engine.manifest import MadeFile, Manifest


def write(folder: Path, *names: str, text: str = "text") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    write(tmp_path, "a.csv")
    write(tmp_path, "b.csv", text="other")
    first, other = record(["a.csv"], str(tmp_path)), record(["b.csv"], str(tmp_path))
    assert first["a.csv"]["a.csv"].size == 4
    assert first["a.csv"]["a.csv"].digest != other["b.csv"]["b.csv"].digest
    write(tmp_path, "a.csv", text="other")
    assert record(["a.csv"], str(tmp_path))["a.csv"]["a.csv"] == other["b.csv"]["b.csv"]


def test_a_pattern_names_its_matches_and_a_folder_all_that_lies_below(tmp_path: Path) -> None:
    write(tmp_path, "out/a.csv", "out/deep/b.csv", "out/deep/.hidden", "c.csv")
    for pattern in ("out/", "out"):
        assert sorted(record([pattern], str(tmp_path))[pattern]) == ["out/a.csv", "out/deep/.hidden", "out/deep/b.csv"]
    assert sorted(record(["**/*.csv"], str(tmp_path))["**/*.csv"]) == ["c.csv", "out/a.csv", "out/deep/b.csv"]
    assert list(record([str(tmp_path / "c.csv")], "/")[str(tmp_path / "c.csv")]) == [str(tmp_path / "c.csv")]


def test_a_pattern_that_names_no_file_is_told_and_fails_nothing(tmp_path: Path) -> None:
    found = record(["nothing*"], str(tmp_path))
    assert found == {"nothing*": {}}
    assert "--creates nothing*: there is no such file" in notes_on(found)[0]


def test_a_file_larger_than_a_piece_is_read_whole(tmp_path: Path) -> None:
    data = bytes(range(256)) * 40_000
    (tmp_path / "big").write_bytes(data)
    (tmp_path / "bent").write_bytes(data[:-1] + b"x")
    found = record(["big", "bent"], str(tmp_path))
    assert found["big"]["big"].size == len(data)
    assert found["big"]["big"].digest != found["bent"]["bent"].digest


def test_what_is_seen_without_reading_is_that_a_file_is_gone_or_has_another_size(tmp_path: Path) -> None:
    write(tmp_path, "a.csv")
    manifest = Manifest(step="s", creates=record(["a.csv"], str(tmp_path)))
    assert missing(manifest, ["a.csv"], tmp_path) is None
    write(tmp_path, "a.csv", text="longer")
    assert missing(manifest, ["a.csv"], tmp_path) == "its file a.csv was changed since"
    (tmp_path / "a.csv").unlink()
    assert missing(manifest, None, tmp_path) == "its file a.csv is gone"
    assert missing(manifest, ["b.csv"], tmp_path) == "it left no file b.csv"


@pytest.mark.parametrize("creates", [{}, {"a*": {}}, {"a*": {"a.csv": MadeFile(digest="d", size=3)}}])
def test_the_manifest_keeps_them(creates: dict[str, dict[str, MadeFile]]) -> None:
    manifest = Manifest(step="s", creates=creates)
    assert Manifest.decode(manifest.encode()) == manifest


def test_a_manifest_of_before_has_none() -> None:
    text = Manifest(step="s").encode().replace('"creates":{},', "")
    assert "creates" not in text
    assert Manifest.decode(text).creates == {}


def test_files_that_were_not_looked_at_are_not_there() -> None:
    assert unlooked(["a"]) == {"a": {}}

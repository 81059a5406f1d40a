"""JSON of ours: what was written comes back, a bit that changed does not."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tumint.errors import DataError
from tumint.io.sealed_json import read_json, write_json

VALUE = {"fdr": 0.1, "said": "Tumourzellen – µm", "contrasts": [{"q": None, "n": 12}, {}]}


@pytest.mark.parametrize("indent", [0, 1])
@pytest.mark.parametrize("value", [VALUE, {"one": {}}])
def test_what_was_written_comes_back(tmp_path: Path, indent: int, value: dict[str, object]) -> None:
    path = tmp_path / "effects.json"
    write_json(path, value, indent=indent)
    assert read_json(path) == value
    assert json.loads(path.read_text(encoding="utf-8")).keys() == {*value, "sha256"}  # for any program, plain JSON


def test_no_flipped_bit_gives_other_values(tmp_path: Path) -> None:
    path, rng = tmp_path / "effects.json", random.Random(0)
    write_json(path, VALUE)
    whole = path.read_bytes()
    for _ in range(300):
        flipped = bytearray(whole)
        flipped[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        try:
            found, said = read_json(path), ""
        except DataError as error:
            found, said = VALUE, str(error)
        # without a fault the bit lies in the name of the checksum, which is then one more key
        assert {key: found[key] for key in VALUE} == VALUE
        assert not said or said.startswith(f"{path}: expected a JSON file, found a damaged one (")
        assert not said or said.endswith(": if a run made it, delete it and run again.")


@pytest.mark.parametrize(
    ("text", "found"),
    [("", "an empty file"), ('{"a": 1', "a damaged one"), ("[1]", "JSON of another kind"), (None, "none")],
)
def test_what_is_no_json_object(tmp_path: Path, text: str | None, found: str) -> None:
    path = tmp_path / "0001.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=f"expected a JSON file, found {found}"):
        read_json(path)


def test_a_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "0001.json"
    path.write_text(json.dumps(VALUE, indent=1))
    assert read_json(path) == VALUE

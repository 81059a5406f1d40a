"""A batch belongs to its samples: what is added, taken away or renamed changes the batch it is in, and no other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumint.batches import batches, most_samples, subject_batches


def _sheet(n: int, subjects: int = 30) -> pd.DataFrame:
    return pd.DataFrame(
        {"sample": [f"M{i % subjects}_ROI{i}" for i in range(n)], "subject": [f"M{i % subjects}" for i in range(n)]}
    )


def _changed(before: dict[str, list[str]], after: dict[str, list[str]]) -> list[str]:
    return [name for name, samples in after.items() if set(before.get(name, ())) != set(samples)]


@pytest.mark.parametrize("n", [1, 2, 16, 17, 24, 100, 680, 1000, 3000])
def test_every_sample_is_in_one_batch_in_the_order_of_the_sheet(n):
    sheet = _sheet(n)
    for found in (batches(sheet), subject_batches(sheet)):
        assert sorted(s for samples in found.values() for s in samples) == sorted(sheet["sample"])
        place = {sample: i for i, sample in enumerate(sheet["sample"])}
        assert len(found) <= 70
        assert list(found) == sorted(found)
    for samples in batches(sheet).values():
        assert len(samples) <= most_samples(n)
        assert [place[s] for s in samples] == sorted(place[s] for s in samples)


def test_subjects_are_whole():
    sheet = _sheet(1000)
    of = dict(zip(sheet["sample"], sheet["subject"], strict=True))
    found = subject_batches(sheet)
    subjects = [{of[s] for s in samples} for samples in found.values()]
    assert sum(len(one) for one in subjects) == 30
    assert all(
        len(samples) <= most_samples(1000) or len(one) == 1
        for samples, one in zip(found.values(), subjects, strict=True)
    )


@pytest.mark.parametrize("where", ["top", "middle", "end"])
@pytest.mark.parametrize("n", [24, 100, 1000])
def test_a_sample_more_changes_one_batch_or_splits_it(n, where):
    sheet, most = _sheet(n), most_samples(n)
    at = {"top": 0, "middle": n // 2, "end": n}[where]
    before = batches(sheet, most)
    grown = []
    for i in range(50):
        new = pd.DataFrame({"sample": [f"M1_new{i}"], "subject": ["M1"]})
        after = batches(pd.concat([sheet[:at], new, sheet[at:]], ignore_index=True), most)
        (mine,) = (name for name, samples in after.items() if new["sample"][0] in samples)
        changed = _changed(before, after)
        assert mine in changed
        # no more than the batch, or the two and rarely more that it was split into, and none but those
        assert set(before) - set(after) == set() or all(_is_below(name, set(before) - set(after)) for name in changed)
        grown.append(len(changed))
    assert np.mean(np.array(grown) == 1) > 0.8


def _is_below(name: str, parents: set[str]) -> bool:
    node = int(name[1:])
    return any(f"b{node >> k:04d}" in parents for k in range(1, node.bit_length()))


def test_a_sample_less_or_of_another_name_changes_its_batches():
    sheet = _sheet(1000)
    before = batches(sheet)
    lost = _changed(before, batches(sheet.drop(index=[500]).reset_index(drop=True)))
    assert len(lost) <= 1
    renamed = sheet.assign(sample=sheet["sample"].where(sheet.index != 500, "another"))
    assert len(_changed(before, batches(renamed))) <= 3


def test_the_order_of_the_sheet_changes_no_batch():
    sheet = _sheet(200)
    shuffled = sheet.sample(frac=1.0, random_state=1).reset_index(drop=True)
    assert not _changed(batches(sheet), batches(shuffled))
    assert not _changed(subject_batches(sheet), subject_batches(shuffled))


@pytest.mark.parametrize(("n", "most"), [(10, 16), (682, 16), (683, 32), (1000, 32), (3000, 128)])
def test_large_cohorts_get_larger_batches(n, most):
    assert most_samples(n) == most

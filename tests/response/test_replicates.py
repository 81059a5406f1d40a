"""ROIs or animals: the best number against a search over budgets, and variances against a simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumint.response.replicates import advice, best_rois, share_of_animals, worth


@pytest.mark.parametrize(("share", "cost"), [(0.2, 10.0), (0.5, 10.0), (0.8, 4.0), (0.05, 20.0)])
def test_the_best_number_of_rois_is_that_of_a_search(share: float, cost: float) -> None:
    rois = np.linspace(1, 60, 5901)
    animals = 1000 / (cost + rois)  # for the same money
    variance = (share + (1 - share) / rois) / animals
    assert best_rois(share, cost) == pytest.approx(rois[variance.argmin()], abs=0.02)
    assert best_rois(1.0, cost) == 1.0
    assert best_rois(0.0, cost) == np.inf


def test_rois_are_worth_animals_as_simulated_means_say() -> None:
    rng = np.random.default_rng(0)
    share, k, n = 0.3, 4, 200_000
    animal = rng.normal(0, np.sqrt(share), n)
    mean_of = {j: animal + rng.normal(0, np.sqrt((1 - share) / j), n) for j in (1, k)}
    assert worth(share, k) == pytest.approx(mean_of[1].var() / mean_of[k].var(), rel=0.015)


def test_the_sentence_says_the_numbers() -> None:
    mixed = pd.DataFrame({"subject_variance": [1.0, 0.0, np.nan], "residual_variance": [1.0, 1.0, np.nan]})
    assert share_of_animals(mixed) == pytest.approx(0.25)
    said = advice(mixed, 3.0, 10.0)
    assert said["best_rois"] == pytest.approx(np.sqrt(30))
    assert said["worth"] == pytest.approx(2.0)
    assert said["advice"].replace("\xa0", " ") == (
        "25.0 % of the variance of a ROI lies between subjects; 3 ROIs per subject say as much as 2.00× as many "
        "subjects with one ROI each. Where a subject costs as much as 10 ROIs, 5 per subject are best."
    )
    assert advice(mixed.tail(1), 3.0, 10.0)["advice"] == ""

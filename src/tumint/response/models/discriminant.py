"""Do the features foretell the group of a subject that was not looked at? Leave one subject out, all choices nested.

A shrunken linear discriminant on the features that differ most; nothing about the left-out subject, not even which
features to use, is learnt from it. Groups of fewer than six subjects are refused.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from tumint.response.models.linear import Floats
from tumint.text import plural

MIN_SUBJECTS = 6  # in each group
_SIZES = (1, 3, 10, 30)  # numbers of features to choose from
_PENALTIES = (10.0, 1.0, 0.1)
_FOLDS = 5
_BLOCK = 5_000_000  # numbers in the comparison of all pairs of subjects, at once
_CHUNK = 4  # groupings at once: what is made of them stays in the cache of a core
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Prediction:
    """Scores of left-out subjects, their area under the ROC curve, and its p among permuted groups."""

    scores: Floats  # (S,), above 0: looks like the group
    auc: float = np.nan
    p: float = np.nan
    permutations: int = 0
    n_features: int = 0  # present in every subject; no other can be used
    chosen: dict[int, int] = field(default_factory=dict)  # feature → in how many of the S models
    reason: str = ""  # why there is none


def auc(scores: Floats, ones: Floats, zeros: Floats) -> Floats:
    """Chance that a subject of the group scores above one of the reference; ties count half.

    Parameters
    ----------
    scores
        Shape (P, K, S).
    ones, zeros
        1 for the subjects of the group and of the reference, else 0, shape (P, S).
    """
    ahead = np.sign(scores[..., :, None] - scores[..., None, :])
    total = np.matmul(np.matmul(ones[:, None, None, :], ahead), zeros[:, None, :, None])[..., 0, 0]
    return np.asarray((total / (ones.sum(axis=1) * zeros.sum(axis=1))[:, None] + 1) / 2, dtype=np.float64)


# matrices are small here: threads of the BLAS would wait for each other most of the time
@threadpool_limits.wrap(limits=1, user_api="blas")
def predict(Y: Floats, group: Bools, permutations: int, rng: np.random.Generator) -> Prediction:
    """Leave-one-subject-out prediction of `group`.

    Parameters
    ----------
    Y
        Features of subjects, shape (F, S); those missing in any subject are not used.
    group
        Shape (S,).
    permutations
        How many random groups the AUC is compared with, each through the whole nested procedure.
    """
    complete = np.flatnonzero(np.isfinite(Y).all(axis=1) & (np.ptp(Y, axis=1) > 0)) if Y.size else np.zeros(0, np.intp)
    nothing = np.full(len(group), np.nan)
    small = min(int(group.sum()), int((~group).sum()))
    if small < MIN_SUBJECTS:
        words = f"{plural(small, 'subject')} in the smaller group: prediction asks for at least {MIN_SUBJECTS} in each"
        return Prediction(nothing, reason=words)
    if not complete.size:
        return Prediction(nothing, reason="no feature that every subject has")
    groups = np.vstack([group, *(rng.permutation(group) for _ in range(permutations))])
    X = np.ascontiguousarray(Y[complete].T)
    step = max(1, _BLOCK // (len(group) ** 2 * len(_SIZES) * len(_PENALTIES)))
    parts = [_leave_one_out(X, groups[start : start + step]) for start in range(0, len(groups), step)]
    scores = np.vstack([part[0] for part in parts])
    areas = auc(scores[:, None, :], groups.astype(np.float64), 1.0 - groups)[:, 0]
    chosen = Counter(int(complete[i]) for model in parts[0][1] for i in model)
    p = float((areas >= areas[0] - 1e-9).mean())  # the observed one is among them
    return Prediction(scores[0], float(areas[0]), p, permutations, complete.size, dict(sorted(chosen.items())))


def _leave_one_out(X: Floats, groups: Bools) -> tuple[Floats, list[NDArray[np.intp]]]:
    """Scores of every subject from models of the others (P, S), and the features of the first grouping's models."""
    everyone = np.arange(len(X))
    scores, models = np.zeros(groups.shape), []
    for i in everyone:
        ones, zeros = ((side & (everyone != i)).astype(np.float64) for side in (groups, ~groups))
        floor = _floor(X, everyone != i)
        best = _choose(X, ones, zeros, floor)
        found = _fit(X, ones, zeros, floor)
        scores[:, i] = found.scores()[np.arange(len(groups)), best, i]
        models.append(found.order[0, : _SIZES[best[0] // len(_PENALTIES)]])
    return scores, models


def _choose(X: Floats, ones: Floats, zeros: Floats, floor: float) -> NDArray[np.intp]:
    """Which size and penalty has the best AUC over folds of the training subjects (P,); of equals the simplest."""
    fold = np.where(ones > 0, ones.cumsum(axis=1), zeros.cumsum(axis=1)) % _FOLDS
    scores = np.zeros((len(ones), len(_SIZES) * len(_PENALTIES), len(X)))
    for f in range(_FOLDS):
        out = fold == f
        scores += np.where(out[:, None, :], _fit(X, ones * ~out, zeros * ~out, floor).scores(), 0.0)
    # areas by ranks, with those who are not in training ranked last; ties are too rare here to count
    training = (ones + zeros)[:, None, :] > 0
    ranks = np.argsort(np.argsort(np.where(training, scores, np.inf), axis=2, kind="stable"), axis=2) + 1
    areas = np.matmul(ranks, ones[:, :, None])[:, :, 0]  # but for constants of the grouping
    return areas.argmax(axis=1)


@dataclass(frozen=True)
class _Model:
    """Discriminants of P groupings on their leading features."""

    order: NDArray[np.intp]  # (P, m): features, those that differ most first
    Z: Floats  # (P, m, S): their values from the midpoint, scaled
    difference: Floats  # (P, m)
    within: Floats  # (P, m, m): covariance within the groups

    def scores(self) -> Floats:
        """Score of every subject for every size and penalty, sizes first, (P, K, S)."""
        found = []
        for size in _SIZES:
            m = min(size, self.Z.shape[1])
            matrix = self.within[:, None, :m, :m] + np.array(_PENALTIES)[:, None, None] * np.eye(m)
            right = np.broadcast_to(self.difference[:, None, :m, None], (*matrix.shape[:3], 1))
            weights = np.linalg.solve(matrix, right)[..., 0]
            length = np.linalg.norm(weights, axis=-1, keepdims=True)
            found.append(np.matmul(weights / np.where(length > 0, length, 1.0), self.Z[:, :m]))
        return np.concatenate(found, axis=1)


def _fit(X: Floats, ones: Floats, zeros: Floats, floor: float) -> _Model:
    """Features by how much they differ between the training subjects of the groups, and their discriminant.

    Scores are measured from midway between the group means, which does not move with the numbers of subjects: leaving
    one out does not by itself push its score away from its group.
    """
    n1, n0 = ones.sum(axis=1, keepdims=True), zeros.sum(axis=1, keepdims=True)
    df = np.maximum(n1 + n0 - 2, 1)
    order = _leading(X, ones, zeros, floor)
    Z = X.T[order]
    m1, m0 = (np.einsum("pms,ps->pm", Z, side) / n for side, n in ((ones, n1), (zeros, n0)))
    squares = np.einsum("pms,ps->pm", np.square(Z), ones + zeros) - n1 * np.square(m1) - n0 * np.square(m0)
    scale = np.sqrt(np.maximum(squares, 0.0) / df) + floor
    difference = (m1 - m0) / scale
    centre, scale, half = (a[:, :, None] for a in ((m1 + m0) / 2, scale, difference))
    Z = (Z - centre) / scale
    inside = (Z - half / 2) * ones[:, None, :] + (Z + half / 2) * zeros[:, None, :]
    return _Model(order, Z, difference, np.matmul(inside, inside.transpose(0, 2, 1)) / df[:, :, None])


def _floor(X: Floats, training: Bools) -> float:
    """Median sd of the features over the training subjects, whatever their groups."""
    median = float(np.median(X[training].std(axis=0)))
    return median if median > 0 else 1.0


def _leading(X: Floats, ones: Floats, zeros: Floats, floor: float) -> NDArray[np.intp]:
    """The features that differ most between the training subjects of each grouping, largest first (P, m)."""
    top = min(max(_SIZES), X.shape[1])
    n1, n0 = ones.sum(axis=1, keepdims=True), zeros.sum(axis=1, keepdims=True)
    df = np.maximum(n1 + n0 - 2, 1)
    m1, m0 = np.split(np.vstack([ones / n1, zeros / n0]) @ X, 2)
    size = (ones + zeros) @ np.square(X)
    for start in range(0, len(size), _CHUNK):
        rows = slice(start, start + _CHUNK)
        squares, a, b = size[rows], m1[rows], m0[rows]
        squares -= n1[rows] * np.square(a)
        squares -= n0[rows] * np.square(b)
        squares /= df[rows]
        scale = np.sqrt(np.maximum(squares, 0.0, out=squares), out=squares)
        scale += floor  # a feature that hardly varies must not win by that alone
        np.divide(np.abs(a - b), scale, out=squares)
    least = np.partition(size, size.shape[1] - top, axis=1)[:, [size.shape[1] - top]]
    order = np.empty((len(size), top), dtype=np.intp)
    for row, values in enumerate(size):
        kept = np.flatnonzero(values >= least[row])
        # equals in the order of the features
        order[row] = kept[np.argsort(-values[kept], kind="stable")][:top]
    return order

"""Cox's proportional hazards, one feature at a time with shared covariates, for all features at once.

Partial likelihood with Efron's ties, by Newton's method; equal to R's `survival::coxph`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tumint.response.models.linear import Floats

_STEPS, _LONGEST, _DONE = 40, 2.0, 1e-9
_RUNAWAY = 15.0  # log hazard ratio per standard deviation: the likelihood has no maximum


@dataclass(frozen=True)
class CoxFit:
    """Coefficient of each feature, shape (F,); NaN where the likelihood has no maximum."""

    effect: Floats  # log hazard ratio per unit of the feature
    se: Floats
    z: Floats
    p: Floats  # Wald


@dataclass(frozen=True)
class _Events:
    """One distinct time with events: everyone from `first` on is at risk, `died` have the event."""

    first: int
    died: NDArray[np.intp]


def fit_cox(Y: Floats, covariates: Floats, time: Floats, event: NDArray[np.bool_]) -> CoxFit:
    """Fit every feature.

    Parameters
    ----------
    Y
        Features of subjects, shape (F, S); NaN is missing, and leaves the subject out of that feature's fit.
    covariates
        Shared by all features, without intercept, shape (S, q).
    time, event
        When each subject was last seen, and whether with the event, shape (S,).
    """
    order = np.argsort(time, kind="stable")
    times, died = time[order], event[order]
    moments = [
        _Events(int(np.searchsorted(times, t)), np.flatnonzero(died & (times == t))) for t in np.unique(times[died])
    ]
    present = np.isfinite(Y)[:, order]
    y = np.where(present, Y[:, order], 0.0)
    shared = np.broadcast_to(covariates[order], (len(Y), *covariates.shape))
    X = np.concatenate([y[:, :, None], shared], axis=2)
    n = np.maximum(present.sum(axis=1), 1)[:, None]
    centre = (X * present[:, :, None]).sum(axis=1) / n
    X = np.where(present[:, :, None], X - centre[:, None, :], 0.0)
    scale = np.sqrt(np.square(X).sum(axis=1) / n)
    X /= np.where(scale > 0, scale, 1.0)[:, None, :]
    beta, information, settled = _maximise(X, present, moments)
    spread = np.linalg.inv(information)[:, 0, 0] if len(Y) else np.zeros(0)
    good = settled & (scale[:, 0] > 0) & (np.abs(beta).max(axis=1) < _RUNAWAY) & (spread > 0)
    unit = np.where(good, scale[:, 0], 1.0)
    effect = np.where(good, beta[:, 0] / unit, np.nan)
    se = np.where(good, np.sqrt(np.where(good, spread, 1.0)) / unit, np.nan)
    return CoxFit(effect, se, effect / se, 2 * stats.norm.sf(np.abs(effect / se)))


def _maximise(
    X: Floats, present: NDArray[np.bool_], moments: list[_Events]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Newton's method; coefficients (F, p), information (F, p, p), and which features arrived."""
    beta = np.zeros((len(X), X.shape[2]))
    settled = np.zeros(len(X), dtype=np.bool_)
    information = np.zeros((len(X), X.shape[2], X.shape[2]))
    for _ in range(_STEPS):
        gradient, information = _derivatives(X, present, moments, beta)
        # a direction without information gets a step of nothing
        information = information + 1e-12 * np.eye(X.shape[2])
        step = np.linalg.solve(information, gradient[:, :, None])[:, :, 0]
        settled = np.abs(step).max(axis=1) < _DONE
        if settled.all():
            break
        beta = np.clip(beta + np.clip(step, -_LONGEST, _LONGEST), -2 * _RUNAWAY, 2 * _RUNAWAY)
    return beta, information, settled


def _derivatives(X: Floats, present: NDArray[np.bool_], moments: list[_Events], beta: Floats) -> tuple[Floats, Floats]:
    risk = present * np.exp(np.matmul(X, beta[:, :, None])[:, :, 0])
    first = risk[:, :, None] * X
    second = first[:, :, :, None] * X[:, :, None, :]
    gradient, information = np.zeros(beta.shape), np.zeros(second.shape[:1] + second.shape[2:])
    # sums over everyone who is still at risk, from the last time back
    s0, s1, s2 = (np.cumsum(s[:, ::-1], axis=1)[:, ::-1] for s in (risk, first, second))
    for moment in moments:
        died = moment.died
        deaths = present[:, died].sum(axis=1)
        gradient += X[:, died].sum(axis=1)
        d0, d1, d2 = (s[:, died].sum(axis=1) for s in (risk, first, second))
        for nth in range(len(died)):
            active = nth < deaths
            share = nth / np.maximum(deaths, 1)
            a0 = np.where(active, s0[:, moment.first] - share * d0, 1.0)
            mean = (s1[:, moment.first] - share[:, None] * d1) / a0[:, None]
            square = (s2[:, moment.first] - share[:, None, None] * d2) / a0[:, None, None]
            gradient -= np.where(active[:, None], mean, 0.0)
            spread = square - mean[:, :, None] * mean[:, None, :]
            information += np.where(active[:, None, None], spread, 0.0)
    return gradient, information

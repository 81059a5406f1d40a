"""Linear mixed model of ROI values with a random intercept per subject: REML, Satterthwaite degrees of freedom.

Equal to R's lmer + lmerTest (Kuznetsova et al. 2017). All features at once, from sums per subject: no loop over
features, and none over the patterns of what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tumint.response.models.linear import Floats

# variance ratios (subject over residual) among which the minimum is bracketed; 0 is always tried too
_GRID = np.logspace(-5, 6, 34)
_STEPS = 45
_BLOCK = 250_000  # features × subjects worked on together; what they hold is several times as much
_SINGULAR = 1e-10


@dataclass(frozen=True)
class MixedFit:
    """One contrast of every feature, shape (F,); NaN where the model cannot be fitted."""

    effect: Floats
    se: Floats
    df: Floats
    t: Floats
    p: Floats
    subject_variance: Floats  # 0: a singular fit, the subjects differ no more than their ROIs
    residual_variance: Floats


@dataclass(frozen=True)
class _Sums:
    """Sufficient statistics: everything the likelihood needs of the data, for F features and S subjects."""

    n: Floats  # (F, S)
    x: Floats  # (F, S, p)
    y: Floats  # (F, S)
    xx: Floats  # (F, p, p)
    xy: Floats  # (F, p)
    yy: Floats  # (F,)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> _Sums:
        return _Sums(*(getattr(self, name)[rows] for name in ("n", "x", "y", "xx", "xy", "yy")))

    @property
    def df(self) -> Floats:
        """Residual degrees of freedom (F,)."""
        return self.n.sum(axis=1) - self.xx.shape[-1]


@dataclass(frozen=True)
class _Solved:
    """Generalised least squares at one variance ratio per feature."""

    a: Floats  # 1 + n·ratio (F, S)
    inverse: Floats  # (X'WX)⁻¹ (F, p, p), W the inverse of I + ratio·ZZ'
    log_det: Floats
    beta: Floats  # (F, p)
    rss: Floats  # y'Py
    residual: Floats  # sums of y − Xβ over each subject's ROIs (F, S)


def fit_mixed(Y: Floats, X: Floats, subject: NDArray[np.intp], contrast: Floats) -> MixedFit:
    """Fit every row of `Y` by REML and test one contrast.

    Parameters
    ----------
    Y
        Values of ROIs, shape (F, N); NaN is missing.
    X
        Design, shape (N, p), of full rank.
    subject
        Subject of each ROI as 0..S-1, shape (N,).
    contrast
        Weights of the coefficients, shape (p,).

    Notes
    -----
    A feature cannot be fitted where its ROIs leave the design without full rank, no residual degree of freedom, no
    subject with two ROIs, or no variance.
    """
    out = {name: np.full(len(Y), np.nan) for name in MixedFit.__dataclass_fields__}
    whole = _sums(Y, X, subject)
    # no number of a feature depends on others from here on
    step = max(1, _BLOCK // max(1, whole.n.shape[1]))
    for start in range(0, len(Y), step):
        block = np.arange(start, min(start + step, len(Y)))
        usable = block[_identifiable(whole.take(block))]
        if not usable.size:
            continue
        sums = whole.take(usable)
        ratio = _reml_ratio(sums)
        solved = _solve(sums, ratio)
        residual = solved.rss / sums.df
        out["effect"][usable] = solved.beta @ contrast
        variance, df = _satterthwaite(sums, solved, ratio, residual, contrast)
        out["se"][usable], out["df"][usable] = np.sqrt(variance), df
        out["subject_variance"][usable], out["residual_variance"][usable] = ratio * residual, residual
    out["t"] = out["effect"] / out["se"]
    out["p"] = 2 * stats.t.sf(np.abs(out["t"]), out["df"])
    return MixedFit(**out)


def _sums(Y: Floats, X: Floats, subject: NDArray[np.intp]) -> _Sums:
    present = np.isfinite(Y)
    y = np.where(present, Y, 0.0)
    member = np.eye(subject.max(initial=0) + 1)[subject]
    mask = present.astype(np.float64)
    p = X.shape[1]
    outer = (X[:, :, None] * X[:, None, :]).reshape(len(X), p * p)
    x = np.stack([(mask * X[:, j]) @ member for j in range(p)], axis=-1)
    return _Sums(mask @ member, x, y @ member, (mask @ outer).reshape(-1, p, p), y @ X, np.square(y).sum(axis=1))


def _identifiable(sums: _Sums) -> NDArray[np.bool_]:
    p = sums.xx.shape[-1]
    good: NDArray[np.bool_] = (sums.n > 1).any(axis=1) & (sums.df > 0)
    rows = np.flatnonzero(good)
    good[rows] = np.linalg.matrix_rank(sums.xx[rows], hermitian=True) == p
    rows = np.flatnonzero(good)
    plain = _solve(sums.take(rows), np.zeros(rows.size))
    good[rows] = plain.rss > 1e-20 * sums.yy[rows]
    return good


def _solve(sums: _Sums, ratio: Floats) -> _Solved:
    a = 1.0 + sums.n * ratio[:, None]
    shrink = ratio[:, None] / a
    weighted = sums.x * shrink[:, :, None]
    A = sums.xx - np.matmul(weighted.transpose(0, 2, 1), sums.x)
    b = sums.xy - np.matmul(weighted.transpose(0, 2, 1), sums.y[:, :, None])[:, :, 0]
    inverse = np.linalg.inv(A)
    beta = np.matmul(inverse, b[:, :, None])[:, :, 0]
    yy = sums.yy - (shrink * np.square(sums.y)).sum(axis=1)
    rss = np.maximum(yy - (beta * b).sum(axis=1), 0.0)
    residual = sums.y - np.matmul(sums.x, beta[:, :, None])[:, :, 0]
    return _Solved(a, inverse, np.linalg.slogdet(A)[1], beta, rss, residual)


def _deviance(sums: _Sums, ratio: Floats) -> Floats:
    """Profiled REML deviance but for a constant."""
    s = _solve(sums, ratio)
    with np.errstate(divide="ignore"):  # a perfect fit has deviance −∞
        return np.log(s.a).sum(axis=1) + s.log_det + sums.df * np.log(s.rss)


def _slope(sums: _Sums, ratio: Floats) -> Floats:
    """Derivative of the deviance by the variance ratio."""
    s = _solve(sums, ratio)
    leverage = (np.matmul(sums.x, s.inverse) * sums.x).sum(axis=2)
    fit = np.square(s.residual / s.a).sum(axis=1) * sums.df / s.rss
    return (sums.n / s.a).sum(axis=1) - (leverage / s.a**2).sum(axis=1) - fit


def _reml_ratio(sums: _Sums) -> Floats:
    """The variance ratio at the minimum of the deviance: bracketed on a grid, then found as the root of its slope."""
    grid = np.concatenate([[0.0], _GRID])
    m = len(sums.yy)
    deviance = np.stack([_deviance(sums, np.full(m, value)) for value in grid])
    best = deviance.argmin(axis=0)
    low = np.log(_GRID[np.clip(best - 2, 0, len(_GRID) - 1)])
    high = np.log(_GRID[np.clip(best, 0, len(_GRID) - 1)])
    low[best <= 1] -= 10.0  # between 0 and the first value of the grid
    for _ in range(_STEPS):
        middle = (low + high) / 2
        rising = _slope(sums, np.exp(middle)) > 0
        high, low = np.where(rising, middle, high), np.where(rising, low, middle)
    ratio = np.exp((low + high) / 2)
    singular = _deviance(sums, np.zeros(m)) <= _deviance(sums, ratio)
    return np.where(singular, 0.0, ratio)


def _satterthwaite(sums: _Sums, s: _Solved, ratio: Floats, residual: Floats, contrast: Floats) -> tuple[Floats, Floats]:
    """Variance of the contrast, and its degrees of freedom v²/(g'H⁻¹g).

    g is the gradient of the variance, H the Hessian of the REML deviance, both by (residual, subject) variance and
    both exact: V is linear in the two. At ratio 0 only the residual variance is free, which leaves N − p.
    """
    B = sums.x / s.a[:, :, None]
    w = s.inverse @ contrast
    along = np.square(np.matmul(B, w[:, :, None])[:, :, 0]).sum(axis=1)
    variance = residual * (w @ contrast)
    g = np.stack([w @ contrast - ratio * along, along], axis=1)
    # M = Z'PZ = diag(n/a) − B(X'WX)⁻¹B', never formed
    d = sums.n / s.a
    leverage = (np.matmul(B, s.inverse) * B).sum(axis=2)
    inner = np.matmul(s.inverse, np.matmul(B.transpose(0, 2, 1), B))
    trace = d.sum(axis=1) - leverage.sum(axis=1)
    square = np.square(d).sum(axis=1) - 2 * (d * leverage).sum(axis=1) + (inner * inner.transpose(0, 2, 1)).sum((1, 2))
    q = s.residual / s.a
    Bq = np.matmul(B.transpose(0, 2, 1), q[:, :, None])[:, :, 0]
    qq = np.square(q).sum(axis=1)
    qMq = (d * q**2).sum(axis=1) - (np.matmul(s.inverse, Bq[:, :, None])[:, :, 0] * Bq).sum(axis=1)
    h_tt = -square / residual**2 + 2 * qMq / residual**3
    h_st = -(trace - ratio * square) / residual**2 + 2 * (qq - ratio * qMq) / residual**3
    h_ss = -(sums.df - 2 * ratio * trace + ratio**2 * square) / residual**2
    h_ss += 2 * (s.rss - 2 * ratio * qq + ratio**2 * qMq) / residual**3
    determinant = h_ss * h_tt - h_st**2
    free = (ratio > 0) & (determinant > _SINGULAR * h_ss * np.abs(h_tt))
    safe = np.where(free, determinant, 1.0)
    spread = (g[:, 0] ** 2 * h_tt - 2 * g[:, 0] * g[:, 1] * h_st + g[:, 1] ** 2 * h_ss) / safe
    return variance, np.where(free, variance**2 / np.where(free, spread, 1.0), sums.df)

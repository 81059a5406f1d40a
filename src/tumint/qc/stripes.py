"""Strips across a ROI in which the signal drops, as where the ablation or the focus failed: found, not removed.

Pure arrays. What the config excludes is in `regions`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEAST_Z = 6.0  # standard errors between strip and flanks
LEAST_CHANNELS = 0.9  # share of the channels that must be lower in the strip than beside it
_BIN_UM, _BIN_CELLS = 4.0, 25
_FEWEST = 12  # cells in a strip
_FRINGE_UM = 8.0  # cells over the edge of a strip are dimmed in part: not looked at again
_SEARCHES = 8  # strips per axis, at most


@dataclass(frozen=True)
class Stripe:
    """A strip from `start_um` to `end_um` along `axis`: the share of the signal lost there, and how clear that is."""

    axis: str  # x | y
    start_um: float
    end_um: float
    depth: float  # 0.4: 40 % of the signal of the flanks is lost
    z: float
    n_cells: int
    channels_lower: float  # share of the channels that are lower than in the flanks


def find_stripes(
    spatial: np.ndarray, signal: np.ndarray, channels: np.ndarray, *, min_depth: float, max_width_um: float
) -> list[Stripe]:
    """Strips along x, then along y, each in the order of its start.

    Parameters
    ----------
    spatial
        Centres, `(cells, 2)` in µm.
    signal
        Signal of each cell that all tissue shows about equally, as DNA, `(cells,)`; NaN: not measured.
    channels
        Raw intensities, cells × channels, that must agree.
    min_depth
        Share of the signal that must be lost.
    max_width_um
        Wider strips are taken for tissue.

    Notes
    -----
    Cells are sorted along the axis. Bins whose median lies below the running median of twice the widest strip are
    candidates; the edges of each are those of the maximum-scoring segment of its surroundings (Ruzzo & Tompa 1999), a
    cell scoring by how much nearer it is to the level of the strip than to that of the flanks. A strip stays if it is
    deep enough, clear of its flanks by `LEAST_Z` standard errors, and most channels agree: tissue of another kind
    lowers some channels and raises others.
    """
    known = np.isfinite(signal) & np.isfinite(spatial).all(axis=1) & (signal > 0)
    if known.sum() < 4 * _FEWEST:
        return []
    spatial, logs, channels = spatial[known], np.log(signal[known]), channels[known]
    found: list[Stripe] = []
    for a, axis in enumerate("xy"):
        order = np.argsort(spatial[:, a], kind="stable")
        at, values, raw = spatial[order, a], logs[order], channels[order]
        mine: list[Stripe] = []
        free = np.ones(at.size, dtype=bool)
        for _ in range(_SEARCHES):
            stripe = _deepest(at[free], values[free], raw[free], axis, min_depth, max_width_um)
            if stripe is None:
                break
            mine.append(stripe)
            free &= (at < stripe.start_um - _FRINGE_UM) | (at > stripe.end_um + _FRINGE_UM)
        found += sorted(mine, key=lambda stripe: stripe.start_um)
    return found


def _deepest(
    at: np.ndarray, values: np.ndarray, raw: np.ndarray, axis: str, min_depth: float, max_width_um: float
) -> Stripe | None:
    """The clearest strip that passes every test, of cells sorted along the axis."""
    best: Stripe | None = None
    for low, high in _candidates(at, values, min_depth, max_width_um):
        stripe = _refined(at, values, raw, axis, (low, high), max_width_um)
        if stripe is None or stripe.depth < min_depth or stripe.end_um - stripe.start_um > max_width_um:
            continue
        if stripe.z >= LEAST_Z and stripe.channels_lower >= LEAST_CHANNELS and (best is None or stripe.z > best.z):
            best = stripe
    return best


def _candidates(at: np.ndarray, values: np.ndarray, min_depth: float, max_width_um: float) -> list[tuple[float, float]]:
    """Runs of bins that lie at least half of the least depth below the running median, as intervals in µm."""
    extent = at[-1] - at[0]
    if extent <= 0:
        return []
    n_bins = int(np.clip(min(extent / _BIN_UM, at.size / _BIN_CELLS), 3, 2000))
    edges = np.linspace(at[0], at[-1], n_bins + 1)
    bounds = np.searchsorted(at, edges[1:-1])
    medians = np.array([np.median(part) if part.size else np.nan for part in np.split(values, bounds)])
    reach = max(1, round(max_width_um / (extent / n_bins)))
    padded = np.pad(medians, reach, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    low = medians < np.nanmedian(windows, axis=1) + np.log1p(-min_depth) / 2
    steps = np.flatnonzero(np.diff(np.concatenate([[False], low, [False]]).astype(np.int8)))
    return [(float(edges[first]), float(edges[last])) for first, last in zip(steps[::2], steps[1::2], strict=True)]


def _refined(
    at: np.ndarray,
    values: np.ndarray,
    raw: np.ndarray,
    axis: str,
    candidate: tuple[float, float],
    max_width_um: float,
) -> Stripe | None:
    """The strip around a candidate, its edges between cells, measured against the flanks on either side."""
    low, high = candidate
    near = (at >= low - max_width_um) & (at <= high + max_width_um)
    x, v, raw = at[near], values[near], raw[near]
    inside = (x >= low) & (x <= high)
    for _ in range(3):
        if inside.sum() < _FEWEST or (~inside).sum() < _FEWEST:
            return None
        level, flanks = np.median(v[inside]), np.median(v[~inside])
        if level >= flanks:
            return None
        gain = np.clip((level + flanks) / 2 - v, -(flanks - level), flanks - level)
        total = np.concatenate([[0.0], np.cumsum(gain)])
        lowest = np.minimum.accumulate(total)
        end = int(np.argmax(total - lowest))
        start = int(np.argmax(total[: end + 1] == lowest[end]))
        inside = np.zeros(x.size, dtype=bool)
        inside[start:end] = True
    if inside.sum() < _FEWEST or (~inside).sum() < _FEWEST:
        return None
    inner, outer = v[inside], v[~inside]
    drop = float(np.median(outer) - np.median(inner))
    error = float(np.sqrt(np.var(inner) / inner.size + np.var(outer) / outer.size)) * np.sqrt(np.pi / 2)
    first, last = int(np.argmax(inside)), x.size - 1 - int(np.argmax(inside[::-1]))
    start_um = x[0] if first == 0 else (x[first - 1] + x[first]) / 2
    end_um = x[-1] if last == x.size - 1 else (x[last] + x[last + 1]) / 2
    return Stripe(
        axis,
        float(start_um),
        float(end_um),
        -float(np.expm1(-drop)),
        float(drop / max(error, 1e-12)),
        int(inside.sum()),
        _channels_lower(raw[inside], raw[~inside]),
    )


def _channels_lower(inside: np.ndarray, outside: np.ndarray) -> float:
    """Share of the channels, of those with signal, whose mean is lower inside."""
    if not inside.shape[1]:
        return 1.0
    a, b = inside.mean(axis=0), outside.mean(axis=0)
    used = np.isfinite(a) & np.isfinite(b) & (b > 0)
    return float((a < b)[used].mean()) if used.any() else 1.0

"""A cohort in memory: mice, their arms and betas, and the ROIs of each mouse. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from tumint import keys as k
from tumint.simulate import artefacts as wrong
from tumint.simulate import design as d
from tumint.simulate import markers as m
from tumint.simulate.labels import draw_labels, interact
from tumint.simulate.tissue import MAX_EDGE_UM, Tissue, delaunay_edges, make_tissue

DEBRIS_SHARE = 0.015
BATCHES = ("stain1", "stain2")
_TOUCH_UM = 2.0  # gap between two cells that still counts as touching


@dataclass(frozen=True)
class Settings:
    """What the user asks for."""

    subjects: int
    rois: int
    cells: int
    seed: int
    effect: bool
    artefacts: bool = False  # plant what `artefacts` holds


@dataclass(frozen=True)
class Mouse:
    """An animal: name, arm, response, batch, its `dose` of the treated arm's design, and its own deviations."""

    index: int
    subject: str
    arm: str
    response: str
    batch: str
    dose: float
    beta: np.ndarray  # types × types
    log_composition: np.ndarray  # per type
    log_domains: np.ndarray  # per domain
    log_gain: np.ndarray  # per channel

    def sample(self, number: int) -> str:
        """Name of ROI `number` (from 0): mouse, ROI, tumour and arm, as users name their files."""
        return f"{self.subject}_ROI{number + 1}_t{number // 2 + 1}_{self.arm.capitalize()}"


@dataclass(frozen=True)
class Roi:
    """One ROI: sample name and, per object in raster order, what the files hold and what is true."""

    sample: str
    mouse: Mouse
    tissue: Tissue
    labels: np.ndarray
    is_debris: np.ndarray
    area_um2: np.ndarray
    eccentricity: np.ndarray
    touching: np.ndarray
    intensities: np.ndarray
    spoilt: wrong.Spoilt | None = None


def make_mice(settings: Settings) -> list[Mouse]:
    """The animals of a cohort: arms alternate; three quarters of the treated and a quarter of the others respond."""
    rng = np.random.default_rng([settings.seed, 0])
    numbers = rng.choice(9000, size=settings.subjects, replace=settings.subjects > 9000) + 1000
    litters, letters = rng.integers(1, 7, settings.subjects), rng.choice(list("abcdef"), settings.subjects)
    strength = 1.0 + d.SD_EFFECT_SUBJECT * rng.normal(size=settings.subjects)
    treated = np.arange(settings.subjects) % 2 == 1
    half = settings.subjects // 2
    responds = np.zeros(settings.subjects, dtype=bool)
    for arm, count in ((True, -(-3 * half // 4)), (False, half // 4)):
        members = np.flatnonzero(treated == arm)
        responds[members[np.argsort(-strength[members], kind="stable")[:count]]] = True
    batch_gain = 0.04 * rng.normal(size=(2, len(m.CHANNELS)))
    if settings.artefacts:
        batch_gain[1] += wrong.batch_shift(settings.seed, len(m.CHANNELS))
    mice: list[Mouse] = []
    for i in range(settings.subjects):
        dose = float(strength[i]) if treated[i] and settings.effect else 0.0
        deviation = d.SD_BETA_SUBJECT * rng.normal(size=(len(d.TYPES),) * 2)
        batch = (i // 2) % 2
        mice.append(
            Mouse(
                index=i,
                subject=f"BRAC{numbers[i]}.{litters[i]}{letters[i]}",
                arm=d.TREATED if treated[i] else d.VEHICLE,
                response="responder" if responds[i] else "non_responder",
                batch=BATCHES[batch],
                dose=dose,
                beta=d.beta_matrix(dose) + np.triu(deviation) + np.triu(deviation, 1).T,
                log_composition=d.SD_COMPOSITION_SUBJECT * rng.normal(size=len(d.TYPES)),
                log_domains=d.SD_DOMAINS_SUBJECT * rng.normal(size=len(k.DOMAINS)),
                log_gain=batch_gain[batch] + 0.05 * rng.normal(size=len(m.CHANNELS)),
            )
        )
    return mice


def make_rois(settings: Settings, mice: list[Mouse]) -> Iterator[Roi]:
    """Every ROI of the cohort, mouse by mouse; each has a random stream of its own."""
    for mouse in mice:
        for number in range(settings.rois):
            yield make_roi(settings, mouse, number)


def make_roi(settings: Settings, mouse: Mouse, number: int) -> Roi:
    """ROI `number` (from 0) of a mouse."""
    rng = np.random.default_rng([settings.seed, 1, mouse.index, number])
    n_cells = round(settings.cells * float(np.exp(np.clip(rng.normal(0.0, 0.06), -0.15, 0.15))))
    n_debris = int(rng.binomial(n_cells, wrong.DEBRIS_SHARE if settings.artefacts else DEBRIS_SHARE))
    dosed = mouse.dose > 0
    shares = np.array(d.DOMAIN_SHARES[d.TREATED if dosed else d.VEHICLE])
    shares = shares * np.exp(mouse.log_domains + d.SD_DOMAINS_ROI * rng.normal(size=shares.size))
    tissue = make_tissue(rng, n_cells, n_debris, shares / shares.sum())
    shift = mouse.log_composition + d.SD_COMPOSITION_ROI * rng.normal(size=len(d.TYPES))
    for cell_type, value in d.COMPOSITION_SHIFTS.items():
        shift[d.index(cell_type)] += value * dosed
    labels = draw_labels(rng, tissue.domain, shift)
    cells = slice(0, n_cells)
    edges = delaunay_edges(tissue.xy[cells], MAX_EDGE_UM)
    labels[cells] = interact(rng, labels[cells], tissue.domain[cells], edges, mouse.beta)
    is_debris = np.arange(labels.size) >= n_cells
    area = _areas(rng, labels, is_debris, tissue.xy, wrong.LARGEST_DEBRIS_UM2 if settings.artefacts else 16.0)
    touching = _touching(tissue.xy, area)
    levels = m.level_matrix(d.MARKER_FOLDS if dosed else {})
    gain = np.exp(mouse.log_gain + rng.normal(0.0, 0.25))
    counts = m.intensities(rng, labels, is_debris, area, touching, levels, gain)
    eccentricity = rng.beta(6.0, 3.5, size=labels.size)
    roi = Roi(mouse.sample(number), mouse, tissue, labels, is_debris, area, eccentricity, touching, counts)
    return _in_raster_order(_spoilt(settings, roi, number) if settings.artefacts else roi)


def _spoilt(settings: Settings, roi: Roi, number: int) -> Roi:
    """The ROI with its doublets, and with a stripe or failed staining where it was chosen for one."""
    rng = np.random.default_rng([settings.seed, 10, roi.mouse.index, number])
    striped, failed = wrong.chosen(settings.seed, settings.subjects * settings.rois)
    place = roi.mouse.index * settings.rois + number
    # one stripe of each direction
    stripe = wrong.draw_stripe(rng, roi.tissue.size, "xy"[striped.index(place) % 2]) if place in striped else None
    roi = _with_doublets(rng, roi)
    assert roi.spoilt is not None
    in_stripe = np.zeros(roi.labels.size)
    keep = np.ones(roi.intensities.shape)
    if stripe is not None:
        centre = roi.tissue.xy[:, "xy".index(stripe.axis)]
        in_stripe = wrong.share_in_stripe(centre, np.sqrt(roi.area_um2 / np.pi), stripe)
        keep *= 1.0 - (1.0 - stripe.factor) * in_stripe[:, None]
    if place == failed:
        keep *= m.by_kind(nuclear=wrong.FAILED_DNA, reference=1.0, others=wrong.FAILED_ANTIBODIES)
    return replace(
        roi,
        intensities=wrong.thinned(rng, roi.intensities, roi.area_um2, keep),
        spoilt=replace(roi.spoilt, in_stripe=in_stripe, stripe=stripe, failed=place == failed),
    )


def _with_doublets(rng: np.random.Generator, roi: Roi) -> Roi:
    """Some pairs of cells as one object each, in the place of the first; its type is that of the larger."""
    t, n = roi.tissue, roi.labels.size
    pairs = wrong.draw_doublets(rng, roi.touching, roi.is_debris)
    # the larger first
    pairs = np.where((roi.area_um2[pairs[:, 0]] >= roi.area_um2[pairs[:, 1]])[:, None], pairs, pairs[:, ::-1])
    a, b = pairs.T
    weight = (roi.area_um2[b] / (roi.area_um2[a] + roi.area_um2[b]))[:, None]
    distance = np.hypot(*(t.xy[a] - t.xy[b]).T)
    solidity = np.clip(0.93 + 0.035 * rng.normal(size=n), 0.6, 1.0)
    eccentricity = roi.eccentricity.copy()
    merged = wrong.merged_shape(roi.area_um2[a], roi.area_um2[b], distance)
    eccentricity[a] = np.clip(merged[0] + 0.06 * rng.normal(size=a.size), 0.0, 0.99)
    solidity[a] = np.clip(merged[1] + 0.035 * rng.normal(size=a.size), 0.5, 1.0)
    xy, masks, intensities, area = t.xy.copy(), t.masks.copy(), roi.intensities.copy(), roi.area_um2.copy()
    for values in (xy, masks, intensities):
        values[a] = (1 - weight) * values[a] + weight * values[b]
    area[a] += area[b]
    kept = np.ones(n, dtype=bool)
    kept[b] = False
    new = np.cumsum(kept) - 1
    new[b] = new[a]
    touching = new[roi.touching]
    touching = np.unique(touching[touching[:, 0] != touching[:, 1]], axis=0)
    is_doublet = np.isin(np.arange(n), a)
    return Roi(
        roi.sample,
        roi.mouse,
        Tissue(xy[kept], t.n_cells - b.size, masks[kept], t.domain[kept], t.size),
        roi.labels[kept],
        roi.is_debris[kept],
        area[kept],
        eccentricity[kept],
        touching,
        intensities[kept],
        wrong.Spoilt(is_doublet[kept], solidity[kept], np.zeros(n - b.size), None, failed=False),
    )


def _areas(
    rng: np.random.Generator, labels: np.ndarray, is_debris: np.ndarray, xy: np.ndarray, largest_debris: float
) -> np.ndarray:
    """Whole numbers of 1 µm pixels: log-normal by type, no larger than there is room for; debris is tiny."""
    area = d.MEDIAN_AREA_UM2[labels] * np.exp(0.22 * rng.normal(size=labels.size))
    room = cKDTree(xy).query(xy, k=4)[0][:, 1:].mean(axis=1)
    area = np.minimum(area, np.pi * (0.62 * room) ** 2)
    return np.maximum(np.rint(np.where(is_debris, rng.uniform(4.0, largest_debris, size=labels.size), area)), 1.0)


def _touching(xy: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Pairs of objects whose outlines, taken as circles, are at most a small gap apart; both directions, sorted."""
    pairs = delaunay_edges(xy, MAX_EDGE_UM)
    radius = np.sqrt(area / np.pi)
    distance = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    return pairs[distance <= radius[pairs].sum(axis=1) + _TOUCH_UM]


def _in_raster_order(roi: Roi) -> Roi:
    """Objects numbered as a segmentation numbers them: row by row."""
    t = roi.tissue
    order = np.lexsort((t.xy[:, 0], t.xy[:, 1]))
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    touching = rank[roi.touching]
    return Roi(
        roi.sample,
        roi.mouse,
        Tissue(t.xy[order], t.n_cells, t.masks[order], t.domain[order], t.size),
        roi.labels[order],
        roi.is_debris[order],
        roi.area_um2[order],
        roi.eccentricity[order],
        touching[np.lexsort((touching[:, 1], touching[:, 0]))],
        roi.intensities[order],
        roi.spoilt and roi.spoilt.reordered(order),
    )

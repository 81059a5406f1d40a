"""CPU of domains, margin, markers, positivity and states by contact.

SIMULATED: 12 images, 280,000 cells, 30 markers, 15 types.
"""

from __future__ import annotations

import resource
import time

import numpy as np
from scipy.sparse import csr_array

from tumint import keys as k
from tumint.config.margin import MarginConfig
from tumint.neighbourhood.contact_states import Contacts, contact_features
from tumint.neighbourhood.graph import Triangulation
from tumint.neighbourhood.markers import marker_features
from tumint.neighbourhood.place import place
from tumint.neighbourhood.roles import roles

DOMAINS = np.array(["normal", "tumour", "interface", "structural"], dtype=object)
IMAGES, CELLS, TYPES, STATES, LINEAGE = 12, 280_000, 15, 8, 22


def main() -> None:
    """Print seconds of CPU for each part."""
    rng = np.random.default_rng(0)
    spent = dict.fromkeys(("domains and margin", "markers and positivity", "states by contact"), 0.0)
    config = MarginConfig(tumour_types=["type 0"])
    names = [f"type {i}" for i in range(TYPES)]
    for _ in range(IMAGES):
        n = CELLS // IMAGES
        xy = rng.random((n, 2)) * np.sqrt(n / 5000) * 1000
        labels = rng.choice(TYPES, n, p=rng.dirichlet(np.full(TYPES, 3.0)))
        domains = np.array(["normal", "tumour", "interface", "structural"], dtype=object)[
            (xy[:, 0] // 500).astype(int) % 4
        ]
        found = Triangulation.of(xy, np.arange(n)).within(50.0)
        graph = csr_array((np.ones(found.n_edges), found.indices, found.indptr), shape=(n, n))
        values = rng.gamma(1.0, 0.3, (n, STATES + LINEAGE))
        values[np.arange(n), STATES + labels % LINEAGE] += 1.0
        columns = {f"m{i}": values[:, i] for i in range(STATES + LINEAGE)}
        states = {name: columns[name] for name in list(columns)[:STATES]}
        gates = dict.fromkeys(states, 0.5)
        start = time.process_time()
        nothing = np.full(n, k.NO_DOMAIN, dtype=object)
        clumped = np.where(np.hypot(*(xy - xy.mean(axis=0)).T) < 500, 0, labels)
        place("s", xy, clumped, nothing, names, roles(config, [], names), config)
        spent["domains and margin"] += time.process_time() - start
        start = time.process_time()
        marker_features("s", labels, names, domains, columns, gates)
        spent["markers and positivity"] += time.process_time() - start
        start = time.process_time()
        strata = np.unique(domains.astype(str), return_inverse=True)[1]
        lineage = {name: columns[name] for name in list(columns)[STATES:]}
        contact_features(Contacts("s", labels, strata, graph, names), states, lineage, gates)
        spent["states by contact"] += time.process_time() - start
    for what, seconds in spent.items():
        print(f"{what}: {seconds:.1f} s of CPU")
    print(f"all: {sum(spent.values()):.1f} s of CPU")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()

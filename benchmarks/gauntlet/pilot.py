import sys, time, numpy as np
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from gauntlet.attacks import ATTACKS, MIXED, planted, SIZES
from gauntlet.pools import WAYS, PAIRS, pool
from gauntlet.tests_of import cohorts
from scipy import stats

if __name__ == "__main__":
    n_an = int(sys.argv[1])
    keep = Path("/work/lab/pool")
    for name, (a, b) in ATTACKS.items():
        if len(sys.argv) > 2 and not any(x in name for x in sys.argv[2:]):
            continue
        t = time.time()
        A = pool(a, n_an, 1, 2, keep)
        B = pool(b, n_an, 2, 2, keep)
        print("==", name, round(time.time() - t), "s", flush=True)
        for way, label in WAYS.items():
            line = f"  {label:42s}"
            for n in (4, 6):
                m = n_an // n
                P = np.array([p for _, p in cohorts(A, B, way, n, m)])
                ok = np.isfinite(P)
                sh = np.where(ok.sum(0) >= m / 2, (P < 0.05).sum(0) / np.maximum(ok.sum(0), 1), np.nan)
                w = np.nanargmax(sh)
                line += f" | {n}v{n} mean {np.nanmean(sh):.3f} med {np.nanmedian(sh):.3f} worst {sh[w]:.3f} {PAIRS[w]}"
            a_, b_ = A[way][0], B[way][0]
            d = (np.nanmean(b_, 1) - np.nanmean(a_, 1)) / np.sqrt((np.nanvar(a_, 1) + np.nanvar(b_, 1)) / 2)
            q = np.nanargmax(abs(d))
            print(line, f" d {d[q]:+.2f} {PAIRS[q]} missing {np.isnan(a_).mean():.2f}", flush=True)

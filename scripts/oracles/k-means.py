"""Writes test/native/oracles/k-means.json: clusters by Lloyd's algorithm from given first centres, in double precision.

    python scripts/oracles/k-means.py

Needs numpy. Where scikit-learn is installed, the script also checks that KMeans from the same centres gives the same
labels and the same inertia.
"""

import json
import pathlib

import numpy as np

target = pathlib.Path(__file__).parents[2] / "test" / "native" / "oracles" / "k-means.json"


def lloyd(points, centres, most=300):
    centres = centres.astype(np.float64).copy()
    labels = np.full(len(points), -1)
    for iteration in range(1, most + 1):
        distances = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
        new = distances.argmin(axis=1)
        own = distances[np.arange(len(points)), new]
        # An empty cluster gets the point that is farthest from its centre.
        for c in range(len(centres)):
            if (new == c).any():
                continue
            sizes = np.bincount(new, minlength=len(centres))
            farthest = max((i for i in range(len(points)) if sizes[new[i]] > 1), key=lambda i: (own[i], -i))
            new[farthest], own[farthest] = c, 0
        if (new == labels).all():
            break
        labels = new
        for c in range(len(centres)):
            centres[c] = points[labels == c].mean(axis=0)
    inertia = sum(((points[i] - centres[labels[i]]) ** 2).sum() for i in range(len(points)))
    return labels, inertia, iteration


def check_with_scikit_learn(points, centres, labels, inertia):
    try:
        from sklearn.cluster import KMeans
    except ImportError:
        return
    found = KMeans(len(centres), init=centres, n_init=1, tol=0, max_iter=300, algorithm="lloyd").fit(points)
    assert (found.labels_ == labels).all()
    assert abs(found.inertia_ - inertia) < 1e-6 * inertia


def case(name, points, centres):
    points, centres = np.round(points, 2), np.round(centres, 2)
    labels, inertia, iterations = lloyd(points, centres)
    check_with_scikit_learn(points, centres, labels, inertia)
    return {
        "name": name,
        "dimensions": points.shape[1],
        "points": points.ravel().tolist(),
        "centres": centres.ravel().tolist(),
        "labels": labels.tolist(),
        "inertia": float(inertia),
        "iterations": iterations,
    }


def main():
    random = np.random.default_rng(1)
    spread = random.normal(size=(300, 5))
    groups = random.normal(size=(7, 18)) * 2
    grouped = groups[random.integers(7, size=240)] + random.normal(size=(240, 18))
    away = np.vstack([spread[:5], np.full((2, 5), 50.0)])
    cases = [
        case("points of one cloud", spread, spread[:12]),
        case("points of seven groups", grouped, grouped[:7]),
        case("two centres that no point is near", spread, away),
    ]
    target.write_text("\n".join(["[", ",\n".join("  " + json.dumps(one) for one in cases), "]", ""]))


if __name__ == "__main__":
    main()

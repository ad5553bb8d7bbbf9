"""The peer of `npm run bench -- clusters --peer python`: scikit-learn's KMeans on the same vectors.

    python scripts/bench/clusters.py JOB.json

JOB.json: {"file": raw float32 numbers, row after row, "width": numbers of a row, "clusters": [number], "threads": number}.
One line of JSON: {label, results: [{clusters, seconds, inertia}]}. One start each, from k-means++ with its own draws, until
no label changes or 300 iterations, as ours.
"""
import json
import os
import pathlib
import sys
import time


def main():
    job = json.loads(pathlib.Path(sys.argv[1]).read_text())
    # Read when the libraries are loaded.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(job["threads"])
    import numpy
    import sklearn
    from sklearn.cluster import KMeans

    vectors = numpy.fromfile(job["file"], dtype=numpy.float32).reshape(-1, job["width"])
    results = []
    for clusters in job["clusters"]:
        model = KMeans(clusters, init="k-means++", n_init=1, max_iter=300, tol=0, algorithm="lloyd", random_state=1)
        start = time.perf_counter()
        model.fit(vectors)
        seconds = time.perf_counter() - start
        results.append({"clusters": clusters, "seconds": seconds, "inertia": float(model.inertia_)})
    print(json.dumps({"label": f"scikit-learn {sklearn.__version__}", "results": results}))


if __name__ == "__main__":
    main()

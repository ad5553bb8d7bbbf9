"""The peers of `npm run bench -- novelty --peer python`: rouge-score and rapidfuzz, each on one core.

    python scripts/bench/novelty.py JOB.json

JOB.json: {"known": [text], "candidates": [text], "pairs": [[candidate, known]]}, pairs by number. One line of JSON:
rougeScore: {label, pairs, seconds, values: [F-measure of each pair]}; rapidfuzz: {label, pairs, seconds, values: [the highest
F-measure of each of the first candidates against all known texts]}. rapidfuzz gets texts as numbers of their tokens, made
beforehand and not timed; rouge-score tokenizes each text each time, since it has no other way.
"""
import importlib.metadata
import json
import pathlib
import re
import sys
import time

import numpy
import rapidfuzz
from rouge_score import rouge_scorer

RAPIDFUZZ_CANDIDATES = 1000


def measure_rouge_score(job):
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    start = time.perf_counter()
    values = [scorer.score(job["known"][k], job["candidates"][c])["rougeL"].fmeasure for c, k in job["pairs"]]
    seconds = time.perf_counter() - start
    version = importlib.metadata.version("rouge-score")
    return {"label": f"rouge-score {version}", "pairs": len(values), "seconds": seconds, "values": values}


def measure_rapidfuzz(job):
    ids = {}

    def numbers(text):
        return [ids.setdefault(token, len(ids)) for token in re.findall("[a-z0-9]+", text.lower())]

    known = [numbers(text) for text in job["known"]]
    candidates = [numbers(text) for text in job["candidates"][:RAPIDFUZZ_CANDIDATES]]
    start = time.perf_counter()
    common = rapidfuzz.process.cdist(
        candidates, known, scorer=rapidfuzz.distance.LCSseq.similarity, dtype=numpy.int32, workers=1
    )
    seconds = time.perf_counter() - start
    lengths = [numpy.array([len(text) for text in texts], float) for texts in (candidates, known)]
    with numpy.errstate(invalid="ignore", divide="ignore"):
        precision, recall = common / lengths[0][:, None], common / lengths[1][None, :]
        measures = numpy.nan_to_num(2 * precision * recall / (precision + recall))
    values = measures.max(axis=1).tolist()
    label = f"rapidfuzz {rapidfuzz.__version__}, LCSseq"
    return {"label": label, "pairs": int(common.size), "seconds": seconds, "values": values}


def main():
    job = json.loads(pathlib.Path(sys.argv[1]).read_text())
    print(json.dumps({"rougeScore": measure_rouge_score(job), "rapidfuzz": measure_rapidfuzz(job)}))


if __name__ == "__main__":
    main()

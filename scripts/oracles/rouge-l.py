"""Makes test/unit/stages/oracles/rouge-l.json: ROUGE-L F-measures by the Python package rouge-score 0.1.2, without a stemmer.

    pip install rouge-score==0.1.2 && python scripts/oracles/rouge-l.py > test/unit/stages/oracles/rouge-l.json

The texts are random word salads of few words, so that common subsequences are long, and some oddities written by hand.
"""
import json
import random

from rouge_score import rouge_scorer

WORDS = "the a of to and write list name explain word sentence two three poem 7 3.5 e-mail Don't Été ÉCOLE naïve 中文 x_y".split()
BY_HAND = [
    ("", ""),
    ("", "a word"),
    ("...", "..."),
    ("Same text, same score.", "same TEXT same score"),
    ("3.5 + 4", "3 5 4"),
    ("snake_case is split", "snake case is split"),
    ("tab\tand\nnewline", "tab and newline"),
    ("İstanbul and Kelvin K", "istanbul and kelvin k"),
    ("one two three four five six seven", "seven six five four three two one"),
    ("one two three four five six seven eight nine ten", "one two three four five six seven a b c"),
]


def main():
    rng = random.Random(1)
    pairs = list(BY_HAND)
    for _ in range(200):
        pairs.append(tuple(" ".join(rng.choices(WORDS, k=rng.randint(1, 40))) for _ in range(2)))
    for _ in range(20):
        pairs.append(tuple(" ".join(rng.choices(WORDS[:8], k=rng.randint(60, 140))) for _ in range(2)))
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    rows = [{"a": a, "b": b, "f": scorer.score(a, b)["rougeL"].fmeasure} for a, b in pairs]
    print("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]")


if __name__ == "__main__":
    main()

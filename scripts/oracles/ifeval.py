"""Verdicts of IFEval's official checkers, for texts of one's own or for rows on standard input.

    pip install lm_eval==0.4.13 --no-deps
    pip install nltk==3.10.3 langdetect==1.0.9 immutabledict packaging
    export ISHEEP_DATA=../shared/data        # its punkt_english holds NLTK's English tables
    python scripts/oracles/ifeval.py test/unit/stages/oracles/ifeval.json     # fills in the verdicts; then npm run format
    python scripts/oracles/ifeval.py < cases.jsonl > verdicts.jsonl

A case is {"instruction": id, "kwargs": {…}, "response": text}; a verdict adds "strict" and "loose", null where the program's
own chance decides (language detection without a seed, a letter that is none).

The checkers are those that lm_eval carries. They are google-research's instruction_following_eval @ d76be322 but for two
that are no benchmark's, and for kwargs that are 0, which this driver keeps. --seeds N: how often a random one is asked.
"""
import argparse
import importlib
import importlib.util
import json
import logging
import os
import random
import shutil
import sys
import tempfile
import types

import langdetect
import nltk

RANDOM = {
    "language:response_language",
    "change_case:english_capital",
    "change_case:english_lowercase",
    "keywords:letter_frequency",
}

logging.disable(logging.CRITICAL)  # a line for each text without letters


def use_punkt_tables():
    source = os.path.join(os.environ.get("ISHEEP_DATA", "../shared/data"), "punkt_english")
    root = tempfile.mkdtemp()
    shutil.copytree(source, os.path.join(root, "tokenizers", "punkt_tab", "english"))
    nltk.data.path.insert(0, root)


def load_checkers():
    """lm_eval's ifeval modules alone: the package itself imports much that is not needed."""
    folder = importlib.util.find_spec("lm_eval").submodule_search_locations[0]
    for name, path in [("lm_eval", folder), ("lm_eval.tasks", os.path.join(folder, "tasks")),
                       ("lm_eval.tasks.ifeval", os.path.join(folder, "tasks", "ifeval"))]:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [path]
    return importlib.import_module("lm_eval.tasks.ifeval.instructions_registry").INSTRUCTION_DICT


def variants(response):
    lines = response.split("\n")
    cut = [response] + ["\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])]
    return cut + [text.replace("*", "") for text in cut]


def follows(checkers, case, texts):
    checker = checkers[case["instruction"]](case["instruction"])
    checker.build_description(**{key: value for key, value in case["kwargs"].items() if value is not None})
    return any(text.strip() != "" and bool(checker.check_following(text)) for text in texts)


def verdict(checkers, case, texts, seeds):
    found = set()
    for seed in range(seeds if case["instruction"] in RANDOM else 1):
        random.seed(seed)
        langdetect.DetectorFactory.seed = seed
        found.add(follows(checkers, case, texts))
    return found.pop() if len(found) == 1 else None


def with_verdicts(checkers, case, seeds):
    strict = verdict(checkers, case, [case["response"]], seeds)
    return {**case, "strict": strict, "loose": verdict(checkers, case, variants(case["response"]), seeds)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file", nargs="?")
    parser.add_argument("--seeds", type=int, default=12)
    options = parser.parse_args()
    use_punkt_tables()
    checkers = load_checkers()
    if options.file is None:
        for line in sys.stdin:
            case = with_verdicts(checkers, json.loads(line), options.seeds)
            print(json.dumps({"strict": case["strict"], "loose": case["loose"]}))
        return
    with open(options.file, encoding="utf-8") as file:
        cases = json.load(file)
    rows = [json.dumps(with_verdicts(checkers, case, options.seeds), ensure_ascii=False) for case in cases]
    with open(options.file, "w", encoding="utf-8") as file:
        file.write("[\n  " + ",\n  ".join(rows) + "\n]\n")


if __name__ == "__main__":
    main()

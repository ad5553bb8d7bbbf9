"""Makes test/unit/stages/evaluate/oracles/length-controlled.json: AlpacaEval's own length-controlled win rate on made-up data.

    pip download alpaca_eval==0.6.6 --no-deps && unzip alpaca_eval-0.6.6-py3-none-any.whl -d official
    pip install scikit-learn==1.9.1 pandas==3.1.1 patsy
    python scripts/oracles/length-controlled.py official > test/unit/stages/evaluate/oracles/length-controlled.json

Only the package's metric is loaded; what it would get from the hub, difficulties and judgements of gamed baselines, is made up
here. liblinear stops early by default, which moves the win rate by some hundredths; `exact` is fitted to the end.
"""
import json
import sys
import tempfile
import types
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

ITEMS = 80


def stand_in(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module
    return module


def load_metric(package, gamed_file):
    stand_in("huggingface_hub", hf_hub_download=lambda **_: gamed_file)
    official = stand_in("alpaca_eval")
    official.__path__ = [str(package)]
    official.constants = stand_in("alpaca_eval.constants", DATASETS_TOKEN=None, DATASETS_FORCE_DOWNLOAD=False, DEFAULT_CACHE_DIR=None)
    official.types = stand_in("alpaca_eval.types", AnyLoadableDF=object)
    official.utils = stand_in(
        "alpaca_eval.utils",
        convert_to_dataframe=lambda rows: rows,
        validate_alpacaeval_preference=lambda x, is_allow_nan: 1 <= x <= 2,
    )
    stand_in("alpaca_eval.metrics").__path__ = [str(package / "metrics")]
    from alpaca_eval.metrics import glm_winrate

    return glm_winrate


def main():
    warnings.filterwarnings("ignore")
    rng = np.random.default_rng(1)
    difficulty = rng.normal(0, 1.2, ITEMS).round(4)
    gamed = pd.concat(
        [
            pd.DataFrame({
                "model": name,
                "preference": (1 / (1 + np.exp(0.9 * np.tanh(z)))).clip(0, 1).round(4),
                "index": np.arange(ITEMS),
                "std_delta_len": z.round(4),
                "instruction_difficulty": difficulty,
                "not_gamed_baseline": False,
            })
            for name, z in [("longer", rng.normal(-1, 0.7, ITEMS)), ("shorter", rng.normal(1, 0.7, ITEMS))]
        ],
        ignore_index=True,
    )
    baseline_lengths = rng.integers(300, 2500, ITEMS)
    lengths = (baseline_lengths * rng.lognormal(-0.2, 0.5, ITEMS)).astype(int)
    logit = 0.8 * difficulty - 0.5 + 1.5 * np.tanh((lengths - baseline_lengths) / 800)
    preferences = (1 + 1 / (1 + np.exp(-logit - rng.normal(0, 1, ITEMS)))).round(4)
    preferences[::20] = 0  # draws, in the older way
    annotations = pd.DataFrame({
        "preference": preferences,
        "output_1": ["x" * n for n in baseline_lengths],
        "output_2": ["x" * n for n in lengths],
        "generator_1": "baseline",
        "generator_2": "model",
    })
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        gamed.to_csv(file.name, index=False)
        metric = load_metric(Path(sys.argv[1]) / "alpaca_eval", file.name)
        results = {}
        for form in ["length_controlled_v1", "length_controlled_noreg"]:
            info = metric.GLM_INFO[form]
            exact = {**info, "kwargs": {**info["kwargs"], "tol": 1e-9, "max_iter": 100_000}}
            results[form] = {
                name: metric.get_length_controlled_winrate(annotations.copy(), form, None, glm_info=how)["length_controlled_winrate"]
                for name, how in [("default", info), ("exact", exact)]
            }
    columns = ["index", "preference", "std_delta_len", "instruction_difficulty"]
    print(json.dumps({
        "judged": [
            {"index": i, "preference": float(p), "length": int(n), "baselineLength": int(m)}
            for i, (p, n, m) in enumerate(zip(preferences, lengths, baseline_lengths))
        ],
        "gamed": [columns, *gamed[columns].values.tolist()],
        "results": results,
    }))


if __name__ == "__main__":
    main()

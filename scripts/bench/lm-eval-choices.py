"""Multiple choice by lm-evaluation-harness, with transformers in float32 on the dequantized weights of a GGUF.

    python scripts/bench/lm-eval-choices.py MODEL.gguf arc-easy ITEMS.jsonl OUT.jsonl [LIMIT]

Needs lm_eval 0.4, torch, transformers, gguf. Prompts, targets and metrics are those of lm_eval's own task file; only its
data set is exchanged for the file, the one that `isheep evaluate --data` takes. OUT has a line an item, in order:
{"gold": n, "acc": choice, "acc_norm": choice, "logprobs": [...]}. One thread; 500 items take minutes to a quarter of an hour.
"""
import json
import os
import pathlib
import sys
import tempfile

import gguf
import lm_eval
import numpy as np
import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
from transformers import AutoModelForCausalLM, AutoTokenizer

TASKS = pathlib.Path(lm_eval.__file__).parent / "tasks"
FILES = {
    "arc-easy": "arc/arc_easy.yaml",
    "boolq": "super_glue/boolq/default.yaml",
    "openbookqa": "openbookqa/openbookqa.yaml",
    "piqa": "piqa/piqa.yaml",
    "winogrande": "winogrande/default.yaml",
}
# Where the items' file has another name for what the task reads.
RENAMED = {"boolq": lambda row: {**row, "label": int(row["answer"])}}


def write_rows(items, name, folder, limit):
    rows = [json.loads(line) for line in items.read_text(encoding="utf-8").split("\n") if line][:limit]
    path = os.path.join(folder, "items.json")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(RENAMED.get(name, dict)(row)) + "\n" for row in rows)
    return path


def task_of(name, data):
    config = load_yaml(TASKS / FILES[name])
    config.pop("tag", None)
    config.pop("training_split", None)
    config.update(dataset_path="json", dataset_name=None, dataset_kwargs={"data_files": {"test": data}})
    config.update(task=f"local_{name}", validation_split=None, test_split="test")
    return config


def field(path, key):
    found = gguf.GGUFReader(path).get_field(key)
    return None if found is None else found.contents()


def load(path):
    folder, file = str(path.parent), path.name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)
    if field(path, "tokenizer.ggml.pre") == "smollm":  # whose digits stand apart, which transformers' conversion drops
        split = [Digits(individual_digits=True), ByteLevel(add_prefix_space=False)]
        tokenizer.backend_tokenizer.pre_tokenizer = Sequence(split)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
    return HFLM(pretrained=model.eval(), tokenizer=tokenizer, batch_size=4, max_length=2048)


def choices_of(sample):
    logprobs = [response[0][0] for response in sample["resps"]]
    texts = [continuation[1:] for _, continuation in sample["arguments"]]
    by_length = np.array(logprobs) / np.array([len(text) for text in texts])
    gold = sample["target"]
    return {"gold": gold, "acc": int(np.argmax(logprobs)), "acc_norm": int(np.argmax(by_length)), "logprobs": logprobs}


def main(model, name, items, out, limit=500):
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        task = task_of(name, write_rows(pathlib.Path(items), name, folder, int(limit)))
        peer = load(pathlib.Path(model))
        results = lm_eval.simple_evaluate(peer, tasks=[task], task_manager=TaskManager(), bootstrap_iters=0)
    samples = sorted(results["samples"][task["task"]], key=lambda sample: sample["doc_id"])
    with open(out, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(choices_of(sample)) + "\n" for sample in samples)
    print(json.dumps(results["results"], default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])

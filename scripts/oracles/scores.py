"""Log-probabilities of continuations by PyTorch, in float32 on the dequantized weights of a GGUF.

    python scripts/oracles/scores.py JOB.json > scores.json

A job is {"model": path, "rows": [{"tokens": [...], "context": n}]}; the scores are the sums of natural logs over the
tokens from `context` on. test/support/write-scores.ts writes the job and stores what comes back.
"""
import json
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peft"))
from gguf_model import load_base  # noqa: E402


@torch.no_grad()
def score(model, tokens, context):
    logits = model(input_ids=torch.tensor([tokens[:-1]])).logits[0, context - 1 :]
    return -torch.nn.functional.cross_entropy(logits.double(), torch.tensor(tokens[context:]), reduction="sum").item()


if __name__ == "__main__":
    torch.set_num_threads(1)
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    model = load_base(job["model"]).eval()
    print(json.dumps([score(model, row["tokens"], row["context"]) for row in job["rows"]]))

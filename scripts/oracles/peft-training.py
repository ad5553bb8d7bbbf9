"""Trains by PEFT what a job file says and prints the curve: losses, gradient norms, norms of the final adapter.

    python scripts/oracles/peft-training.py JOB.json > curve.json

test/support/peft-curves.ts writes the jobs and stores the curves; see there for the form of both. Everything is in
float32 on the CPU. A step's loss is the sum over its response tokens divided once by their number, its samples one at a
time; clipping and the schedules are those of torch and transformers.
"""
import json
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peft"))
from gguf_model import adapter_parameters, add_adapter, load_base, set_adapter  # noqa: E402
from transformers import get_scheduler  # noqa: E402


def summed_loss(model, tokens, context):
    """Of the response's tokens; `context` tokens from the front have none."""
    logits = model(input_ids=torch.tensor([tokens[:-1]])).logits[0, context - 1 :]
    return torch.nn.functional.cross_entropy(logits.float(), torch.tensor(tokens[context:]), reduction="sum")


def train(job):
    torch.manual_seed(0)
    settings = job["settings"]
    model = add_adapter(load_base(job["model"]), settings)
    set_adapter(model, job["adapter"])
    model.train()
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        trainable, lr=settings["learningRate"], betas=(0.9, 0.999), eps=1e-8, weight_decay=settings["weightDecay"]
    )
    schedule = get_scheduler(settings["schedule"].replace("constant", "constant_with_warmup"), optimizer,
                             settings["warmupSteps"], settings["totalSteps"])
    losses, norms = [], []
    for samples in job["steps"]:
        n_loss = sum(len(s["tokens"]) - s["context"] for s in samples)
        total = 0.0
        for sample in samples:
            loss = summed_loss(model, sample["tokens"], sample["context"])
            (loss / n_loss).backward()
            total += loss.item()
        limit = settings["maxGradNorm"] if settings["maxGradNorm"] > 0 else float("inf")
        norms.append(torch.nn.utils.clip_grad_norm_(trainable, limit).item())
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(total / n_loss)
        print(f"step {len(losses)} loss {losses[-1]:.6f}", file=sys.stderr)
    final = {f"{base}.lora_{part}": p.norm().item() for base, _, part, p in adapter_parameters(model)}
    return {"losses": losses, "gradientNorms": norms, "adapterNorms": final}


if __name__ == "__main__":
    torch.set_num_threads(2)
    with open(sys.argv[1], encoding="utf-8") as file:
        print(json.dumps(train(json.load(file))))

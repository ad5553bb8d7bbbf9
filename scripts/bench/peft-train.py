"""The peer of `npm run bench -- train --peer peft`: PEFT on the same samples, in bf16 with batch 1.

    python scripts/bench/peft-train.py JOB.json

The base is the GGUF's weights in bf16, the adapter F32 (PEFT's own choice), samples go through one by one and accumulate (no padding to
pay for), activations are kept. src/bench/train-job.ts describes the job and the answer, one line of JSON.
"""
import json
import pathlib
import resource
import sys
import time

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peft"))
from gguf_model import add_adapter, load_base  # noqa: E402
from transformers import get_scheduler  # noqa: E402


def sample_loss(model, sample, n_loss):
    """The sample's share of the step's mean loss; labels of -100 have none."""
    tokens, context = sample["tokens"], sample["context"]
    labels = torch.tensor([[-100] * context + tokens[context:]])
    return model(input_ids=torch.tensor([tokens]), labels=labels, num_items_in_batch=n_loss).loss


def train_step(model, samples, trainable, optimizer, schedule, max_norm):
    n_loss = sum(len(s["tokens"]) - s["context"] for s in samples)
    total = 0.0
    for sample in samples:
        loss = sample_loss(model, sample, n_loss)
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(trainable, max_norm)
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
    return total


def peak_mib():
    """Of this process alone: ru_maxrss of a child begins with its parent's."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def measure(job):
    settings = job["settings"]
    torch.set_num_threads(job["threads"])
    torch.manual_seed(settings["seed"])
    model = add_adapter(load_base(job["model"], torch.bfloat16), settings, settings["dropout"])
    model.train()
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=settings["learningRate"], weight_decay=settings["weightDecay"])
    schedule = get_scheduler(settings["schedule"], optimizer, settings["warmupSteps"], len(job["steps"]))
    measured = {"tokens": 0, "seconds": 0.0, "losses": []}
    for i, samples in enumerate(job["steps"]):
        start = time.perf_counter()
        loss = train_step(model, samples, trainable, optimizer, schedule, settings["maxGradNorm"])
        measured["losses"].append(loss)
        if i > 0:
            measured["seconds"] += time.perf_counter() - start
            measured["tokens"] += sum(len(s["tokens"]) for s in samples)
    return {**measured, "peakMib": peak_mib()}


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print(json.dumps(measure(json.load(file))))

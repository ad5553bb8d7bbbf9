"""Makes native/test/oracles/<architecture>.txt: loss and LoRA gradients of tiny models by transformers and PEFT, in F32.

    node scripts/build-native.mjs --tests
    pip install torch==2.15.0 transformers==5.23.0 peft==0.21.2 gguf==0.19.0
    python scripts/oracles/lora-gradients.py build/native/tests/make-tiny-model native/test/oracles

native/test/oracle-test.cpp makes the same models and adapters again: what both sides know is in this file's functions
`parameter` and `direction`, its constants, and the lines of the oracle:

    sample <context> <token> …        in the order of the loss
    loss <mean over all tokens after the contexts, nats>
    <tensor> <norm> <4 projections on `direction`> <8 entries, evenly spaced>
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers
from peft import LoraConfig, get_peft_model

RANK, ALPHA, VOCABULARY = 4, 8, 320
PROJECTIONS, ENTRIES = 4, 8
LENGTHS = [(40, 12), (23, 7)]  # tokens, of which context; the first is longer than gemma3's window

# As tiny_architecture() in native/test/support.cpp makes them.
OPTIONS = {
    "llama": [],
    "qwen2": ["--tied", "0"],
    "qwen3": ["--head-dim", "32"],
    "gemma3": ["--head-dim", "32", "--window", "20"],
}
# GGUF name of a matrix -> name in transformers.
MATRICES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
NORMS = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
}
GEMMA_NORMS = NORMS | {
    "ffn_norm": "pre_feedforward_layernorm",
    "post_attention_norm": "post_attention_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}


def mixed(x):
    """A hash of 32-bit numbers."""
    x = np.asarray(x, dtype=np.uint64) & 0xFFFFFFFF
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = ((x ^ (x >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    return x ^ (x >> np.uint64(16))


def hashed_name(name):
    """FNV-1a."""
    h = 2166136261
    for byte in name.encode():
        h = ((h ^ byte) * 16777619) & 0xFFFFFFFF
    return h


def parameter(name, n):
    """The n numbers of a matrix of the adapter, row after row: uniform in -0.2 … 0.2, of 24 bits each."""
    bits = mixed(hashed_name(name) + np.arange(n, dtype=np.uint64)) >> np.uint64(8)
    return (bits.astype(np.float64) / 2**24 - 0.5).astype(np.float32) * np.float32(0.4)


def direction(k, n):
    """The k-th of the fixed directions: n signs."""
    return 1.0 - 2.0 * (mixed(np.arange(n, dtype=np.uint64) * np.uint64(4) + np.uint64(k)) & np.uint64(1)).astype(np.float64)


def tokens(sample, n):
    return [int(t) % VOCABULARY for t in mixed(1000 * (sample + 1) + np.arange(n, dtype=np.uint64))]


def half_apart(matrix, n_heads):
    """Rows of llama's q or k in the order of transformers, where GGUF has pairs that RoPE turns side by side."""
    return matrix.reshape(n_heads, -1, 2, matrix.shape[-1]).swapaxes(1, 2).reshape(matrix.shape)


def side_by_side(matrix, n_heads):
    return matrix.reshape(n_heads, 2, -1, matrix.shape[-1]).swapaxes(1, 2).reshape(matrix.shape)


class Tiny:
    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.fields = {name: field.contents() for name, field in reader.fields.items() if not name.startswith("tokenizer")}
        self.tensors = {t.name: np.array(t.data, dtype=np.float32) for t in reader.tensors}
        self.name = self.fields["general.architecture"]
        self.heads = {"attn_q": self.get("attention.head_count"), "attn_k": self.get("attention.head_count_kv")}

    def get(self, key):
        return self.fields[f"{self.name}.{key}"]

    def config(self):
        common = dict(
            vocab_size=VOCABULARY,
            hidden_size=self.get("embedding_length"),
            intermediate_size=self.get("feed_forward_length"),
            num_hidden_layers=self.get("block_count"),
            num_attention_heads=self.get("attention.head_count"),
            num_key_value_heads=self.get("attention.head_count_kv"),
            head_dim=self.get("attention.key_length"),
            rms_norm_eps=self.get("attention.layer_norm_rms_epsilon"),
            tie_word_embeddings="output.weight" not in self.tensors,
            pad_token_id=None,
            bos_token_id=None,
            eos_token_id=None,
        )
        rope = lambda base: {"rope_type": "default", "rope_theta": base}
        base = self.get("rope.freq_base")
        if self.name == "gemma3":
            period = self.get("attention.sliding_window_pattern")
            kinds = ["full_attention" if (i + 1) % period == 0 else "sliding_attention" for i in range(common["num_hidden_layers"])]
            return transformers.Gemma3TextConfig(
                **common,
                query_pre_attn_scalar=common["head_dim"],
                sliding_window=self.get("attention.sliding_window"),
                layer_types=kinds,
                rope_parameters={"full_attention": rope(base), "sliding_attention": rope(self.get("rope.freq_base_swa"))},
            )
        kind = {"llama": transformers.LlamaConfig, "qwen2": transformers.Qwen2Config, "qwen3": transformers.Qwen3Config}[self.name]
        return kind(**common, rope_parameters=rope(base))

    def state(self):
        """The weights by the names of transformers."""
        norms = GEMMA_NORMS if self.name == "gemma3" else NORMS
        shift = 1.0 if self.name == "gemma3" else 0.0  # Gemma's norms are stored with the 1 that its code adds
        state = {"model.embed_tokens.weight": self.tensors["token_embd.weight"]}
        state["lm_head.weight"] = self.tensors.get("output.weight", state["model.embed_tokens.weight"])
        state["model.norm.weight"] = self.tensors["output_norm.weight"] - shift
        for name, values in self.tensors.items():
            if not name.startswith("blk."):
                continue
            _, layer, part, kind = name.split(".")
            if part in norms:
                state[f"model.layers.{layer}.{norms[part]}.weight"] = values - shift
            else:
                state[f"model.layers.{layer}.{MATRICES[part]}.{kind}"] = self.to_transformers(part, values)
        return {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in state.items()}

    def to_transformers(self, part, values):
        return half_apart(values, self.heads[part]) if self.name == "llama" and part in self.heads else values

    def to_gguf(self, part, values):
        return side_by_side(values, self.heads[part]) if self.name == "llama" and part in self.heads else values


def adapter_matrices(tiny, model):
    """(GGUF name, part, side, parameter of PEFT) of every matrix of the adapter."""
    for layer in range(tiny.get("block_count")):
        for part, name in MATRICES.items():
            module = model.get_submodule(f"base_model.model.model.layers.{layer}.{name}")
            yield f"blk.{layer}.{part}.weight.lora_a", part, "a", module.lora_A["default"].weight
            yield f"blk.{layer}.{part}.weight.lora_b", part, "b", module.lora_B["default"].weight


def loaded(tiny):
    model = transformers.AutoModelForCausalLM.from_config(tiny.config(), attn_implementation="eager", dtype=torch.float32)
    missing, unexpected = model.load_state_dict(tiny.state(), strict=False)
    assert not missing and not unexpected, (missing, unexpected)
    targets = [name.split(".")[1] for name in MATRICES.values()]
    model = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=targets))
    for name, part, side, matrix in adapter_matrices(tiny, model):
        values = parameter(name, matrix.numel()).reshape(matrix.shape)
        if side == "b":
            values = tiny.to_transformers(part, values)
        matrix.data = torch.from_numpy(np.ascontiguousarray(values))
    return model.train()


def numbers(values):
    return " ".join(f"{value:.9g}" for value in values)


def oracle(tiny):
    model = loaded(tiny)
    lines, total, count = [], 0, 0
    for i, (n, context) in enumerate(LENGTHS):
        ids = tokens(i, n)
        lines.append(f"sample {context} " + " ".join(map(str, ids)))
        logits = model(torch.tensor([ids])).logits[0]
        targets = torch.tensor(ids[context:])
        total = total + torch.nn.functional.cross_entropy(logits[context - 1 : n - 1], targets, reduction="sum")
        count += n - context
    loss = total / count
    loss.backward()
    lines.append(f"loss {loss.item():.9g}")
    for name, part, side, matrix in adapter_matrices(tiny, model):
        gradient = matrix.grad.numpy()
        if side == "b":
            gradient = tiny.to_gguf(part, gradient)
        flat = gradient.reshape(-1).astype(np.float64)
        projections = [flat @ direction(k, flat.size) for k in range(PROJECTIONS)]
        entries = [flat[i * flat.size // ENTRIES] for i in range(ENTRIES)]
        lines.append(f"{name} {numbers([np.linalg.norm(flat), *projections, *entries])}")
    return "\n".join(lines) + "\n"


def main():
    torch.set_num_threads(1)
    maker, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, options in OPTIONS.items():
        with tempfile.TemporaryDirectory() as temporary:
            path = f"{temporary}/tiny.gguf"
            subprocess.run([maker, path, "1", "f32", "--architecture", name, *options], check=True)
            (folder / f"{name}.txt").write_text(oracle(Tiny(path)))


main()

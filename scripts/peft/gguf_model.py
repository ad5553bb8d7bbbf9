"""A llama GGUF as a transformers model under PEFT, and llama.cpp's LoRA files as PEFT's weights.

Used by the proofs in scripts/oracles/ and by the peer in scripts/bench/; needs torch, transformers, peft, gguf.
llama.cpp keeps the rows of q and k of `llama` models in another order than transformers (pairs side by side, instead of
halves): they are put back here, in the weights and in B of an adapter.
"""
import gguf
import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

TARGETS = {
    "q": ("attn_q", "self_attn.q_proj"),
    "k": ("attn_k", "self_attn.k_proj"),
    "v": ("attn_v", "self_attn.v_proj"),
    "o": ("attn_output", "self_attn.o_proj"),
    "gate": ("ffn_gate", "mlp.gate_proj"),
    "up": ("ffn_up", "mlp.up_proj"),
    "down": ("ffn_down", "mlp.down_proj"),
}


def read_tensors(path):
    """Every tensor of a GGUF as float32, by name, rows first."""
    reader = gguf.GGUFReader(path)
    tensors = {t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32) for t in reader.tensors}
    return reader, tensors


def field(reader, key, default=None):
    found = reader.get_field(key)
    return default if found is None else found.contents()


def halves_first(rows, n_head):
    """Rows of q or k from llama.cpp's order to transformers'."""
    n_out = rows.shape[0]
    return rows.reshape(n_head, n_out // n_head // 2, 2, -1).swapaxes(1, 2).reshape(rows.shape)


def read_config(reader, tensors):
    architecture = field(reader, "general.architecture")
    if architecture != "llama":
        raise SystemExit(f"the architecture is {architecture}; only llama can be compared with PEFT here")
    if "rope_freqs.weight" in tensors:
        raise SystemExit("models with rope_freqs.weight cannot be compared with PEFT here")
    heads = field(reader, "llama.attention.head_count")
    width = field(reader, "llama.embedding_length")
    return LlamaConfig(
        vocab_size=tensors["token_embd.weight"].shape[0],
        hidden_size=width,
        intermediate_size=field(reader, "llama.feed_forward_length"),
        num_hidden_layers=field(reader, "llama.block_count"),
        num_attention_heads=heads,
        num_key_value_heads=field(reader, "llama.attention.head_count_kv", heads),
        head_dim=field(reader, "llama.attention.key_length", width // heads),
        rms_norm_eps=field(reader, "llama.attention.layer_norm_rms_epsilon"),
        rope_parameters={"rope_type": "default", "rope_theta": field(reader, "llama.rope.freq_base", 10000.0)},
        max_position_embeddings=field(reader, "llama.context_length"),
        tie_word_embeddings="output.weight" not in tensors,
        attention_bias=False,
        mlp_bias=False,
    )


def state_of(tensors, config):
    state = {"model.embed_tokens.weight": tensors["token_embd.weight"], "model.norm.weight": tensors["output_norm.weight"]}
    state["lm_head.weight"] = tensors.get("output.weight", tensors["token_embd.weight"])
    for layer in range(config.num_hidden_layers):
        ours, theirs = f"blk.{layer}", f"model.layers.{layer}"
        for short, (a, b) in TARGETS.items():
            state[f"{theirs}.{b}.weight"] = reordered(tensors[f"{ours}.{a}.weight"], short, config, halves_first)
        state[f"{theirs}.input_layernorm.weight"] = tensors[f"{ours}.attn_norm.weight"]
        state[f"{theirs}.post_attention_layernorm.weight"] = tensors[f"{ours}.ffn_norm.weight"]
    return {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in state.items()}


def reordered(rows, target, config, order):
    heads = {"q": config.num_attention_heads, "k": config.num_key_value_heads}.get(target)
    return rows if heads is None else order(rows, heads)


def load_base(path, dtype=torch.float32):
    reader, tensors = read_tensors(path)
    config = read_config(reader, tensors)
    model = LlamaForCausalLM._from_config(config, dtype=dtype, attn_implementation="sdpa")
    model.load_state_dict(state_of(tensors, config), strict=True)
    model.tie_weights()
    model.config.use_cache = False
    return model


def add_adapter(model, settings, dropout=0.0, **more):
    """PEFT's LoRA with our settings' names."""
    config = LoraConfig(
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        use_rslora=settings["rankStabilized"],
        lora_dropout=dropout,
        target_modules=[TARGETS[target][1].split(".")[1] for target in settings["targets"]],
        bias="none",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config, **more)


def adapter_parameters(peft_model):
    """(base tensor's name in the GGUF, target, "a" or "b", parameter), in a fixed order."""
    names = dict(peft_model.named_parameters())
    for layer in range(peft_model.config.num_hidden_layers):
        for target, (ours, theirs) in TARGETS.items():
            for part in "AB":
                parameter = names.get(f"base_model.model.model.layers.{layer}.{theirs}.lora_{part}.default.weight")
                if parameter is not None:
                    yield f"blk.{layer}.{ours}.weight", target, part.lower(), parameter


def set_adapter(peft_model, path):
    """Takes the numbers of a llama.cpp LoRA file; it must hold exactly the matrices of the model's adapter."""
    _, tensors = read_tensors(path)
    with torch.no_grad():
        for base, target, part, parameter in adapter_parameters(peft_model):
            values = tensors.pop(f"{base}.lora_{part}")
            if part == "b":
                values = reordered(values, target, peft_model.config, halves_first)
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(values)))
    if tensors:
        raise SystemExit(f"{path} holds matrices that PEFT's adapter does not: {sorted(tensors)}")

// Attention of few rows over the cache of keys and values, inside the graphs that llama.cpp builds, for x86 with
// AVX2: a node of ggml's flash attention becomes one of our own operator before it is computed. ggml takes one
// head of one row at a time, key by key, and adds values up in F16; here the heads that share keys go through them
// together, sixteen keys at a time, and everything is added up in F32. What a row becomes depends on neither the number
// of threads nor on what else is in the batch.
#pragma once

#include "ggml.h"

#include <cstddef>

namespace isheep {

// From so many rows of a sequence on, ggml's CPU backend computes attention by tiles, which is fast, and differs in the
// last bits (ggml_compute_forward_flash_attn_ext_f16).
constexpr size_t tiled_rows = 64;

// Whether this processor has the instructions that ours needs.
bool has_own_attention();

// Makes `node` one of our own operator where it is attention of fewer rows over a cache in F16. Before it is computed,
// on the CPU, and only where has_own_attention.
void take_over_attention(ggml_tensor * node);

}  // namespace isheep

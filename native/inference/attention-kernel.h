// The inner part of attention to the cache, on x86 with AVX2 (AVX-512 is no faster: memory is the limit): sixteen keys,
// and heads that share them. Knows neither ggml's graphs nor threads; cache-attention.h does.
#pragma once

#include "ggml.h"

#include <cstddef>
#include <cstdint>

namespace isheep {

constexpr int keys_at_once = 16;
constexpr int most_heads = 4;  // of a tile

// What the heads of a row have in common. Lengths are multiples of keys_at_once.
struct Row {
    size_t key_stride, value_stride;  // bytes
    int64_t n_keys, key_length, value_length;
    float scale;
    const ggml_fp16_t * mask;  // [n_keys], added to the scores; a key of -inf is not seen
};

// One head of a row, while it goes through the keys.
struct Head {
    const float * query;       // [key_length]
    float * result;            // [value_length], of sum(exp(score - highest) * value)
    float highest;             // score
    float sums[keys_at_once];  // of exp(score - highest)
};

// Heads that share keys and values, which are in F16.
struct HeadTile {
    const char *keys, *values;
    int n_heads;
    Head heads[most_heads];
};

// Whether this program was built with the kernel; the processor is asked elsewhere (has_own_attention).
bool has_attention_kernel();

// Takes sixteen keys, from `key` on, into each head: a part of softmax(scale * queries * keys + mask) * values.
void attend(const Row & row, HeadTile & tile, int64_t key);

}  // namespace isheep

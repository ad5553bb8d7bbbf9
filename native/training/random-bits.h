// Random bits as a function of what they are for: the same arguments give the same bits on every machine, in any order.
// For dropout masks and initial adapters; not for secrets.
#pragma once

#include <cstdint>

namespace isheep {

// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every bit of the result depends on every bit of `x`.
inline uint64_t mixed(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

// A key for one named stream: random_key(random_key(seed, layer), target)…
inline uint64_t random_key(uint64_t key, uint64_t part) { return mixed(key + 0x9E3779B97F4A7C15ull * (part + 1)); }

// The i-th 64 bits of a stream.
inline uint64_t random_bits(uint64_t key, uint64_t i) { return mixed(key + 0x9E3779B97F4A7C15ull * (i + 1)); }

// In [0, 1), 24 bits, so that a float holds it exactly.
inline float random_unit(uint64_t key, uint64_t i) { return (float) (random_bits(key, i) >> 40) * 0x1p-24f; }

}  // namespace isheep

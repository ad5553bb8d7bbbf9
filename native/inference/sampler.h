// Chooses the next token from a row of logits. Temperature is applied first, then top-k, top-p and min-p, each to what
// the one before has left: the order of vLLM and of the paper's runs (llama.cpp applies temperature last; at
// temperature 1 both are the same).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isheep {

struct Sampling {
    float temperature;  // 0: the likeliest token, always; the lowest id where several are
    int32_t top_k;      // 0: off
    float top_p;        // 1: off
    float min_p;        // 0: off
};

// One request's random numbers: SplitMix64 (Steele, Lea, Flood 2014), started at a point that its seed decides.
class RandomStream {
public:
    explicit RandomStream(uint32_t seed);
    double next();  // uniform in [0, 1)

private:
    uint64_t state_;
};

// Buffers of one thread that samples. Nothing is allocated after the first row.
struct SamplerScratch {
    std::vector<float> exps;        // [n_vocab]
    std::vector<float> block_sums;  // of exps
    std::vector<int32_t> choices;   // candidates, then the choices in falling order of probability
};

struct Sampled {
    int32_t token;
    double logprob;  // natural log of the token's probability under the model, before sampling settings
};

// Logits: [n]. Draws a random number or, with top-p or min-p, a few; none at temperature 0. Throws Error(native_failure) if no logit is finite.
Sampled sample(const float * logits, size_t n, const Sampling & sampling, RandomStream & random,
               SamplerScratch & scratch);

}  // namespace isheep

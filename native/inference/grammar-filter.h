// Keeps one text to a grammar, by llama.cpp's grammar sampler. Used from one thread at a time.
#pragma once

#include "common/handles.h"
#include "inference/model.h"
#include "inference/sampler.h"

#include <string>
#include <vector>

namespace isheep {

// Buffers of one thread that samples under a grammar. Nothing is allocated after the first row that needs them.
struct GrammarScratch {
    std::vector<llama_token_data> candidates;  // [n_vocab]
    std::vector<float> logits;                 // [n_vocab]
};

class GrammarFilter {
public:
    // Throws Error(bad_input) for a grammar (GBNF, its first rule is "root") that cannot be read or followed.
    static void check(const std::string & grammar);

    // The same, and Error(unsupported_model) for a model without a tokenizer.
    GrammarFilter(const Model & model, const std::string & grammar);

    // As sample() does, but only a token that the grammar allows after those before, or token -1 where it allows none.
    // Samples freely first, and among all allowed tokens only if that one is not: most are, and asking the grammar
    // about a whole vocabulary is slow. Draws a random number each time. logprob is the model's own.
    Sampled sample(const float * logits, const Sampling & sampling, RandomStream & random, SamplerScratch & scratch,
                   GrammarScratch & grammar_scratch);

private:
    bool allows(int32_t token);
    bool mask(const float * logits, GrammarScratch & scratch);
    void accept(int32_t token);

    const Model & model_;
    LlamaSampler sampler_;
};

}  // namespace isheep

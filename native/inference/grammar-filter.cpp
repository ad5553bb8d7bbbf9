#include "inference/grammar-filter.h"

#include "common/log-capture.h"
#include "common/status.h"
#include "inference/grammar-check.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace isheep {
namespace {

constexpr float never = -std::numeric_limits<float>::infinity();

LlamaSampler create_sampler(const llama_vocab * vocab, const std::string & grammar) {
    check_grammar(read_gbnf(grammar));
    take_logged_errors();
    LlamaSampler sampler(llama_sampler_init_grammar(vocab, grammar.c_str(), "root"));
    if (!sampler) throw Error(Code::bad_input, "llama.cpp does not take the grammar: " + take_logged_errors());
    return sampler;
}

}  // namespace

void GrammarFilter::check(const std::string & grammar) {
    create_sampler(nullptr, grammar);  // llama.cpp looks at the vocabulary only once there are tokens
}

GrammarFilter::GrammarFilter(const Model & model, const std::string & grammar) : model_(model) {
    if (!model.has_tokenizer()) {
        throw Error(Code::unsupported_model, "the model has no tokenizer, so it cannot follow a grammar");
    }
    sampler_ = create_sampler(llama_model_get_vocab(model.get()), grammar);
}

Sampled GrammarFilter::sample(const float * logits, const Sampling & sampling, RandomStream & random,
                              SamplerScratch & scratch, GrammarScratch & grammar_scratch) {
    const size_t n = (size_t) model_.info().n_vocab;
    Sampled sampled = isheep::sample(logits, n, sampling, random, scratch);
    if (!allows(sampled.token)) {
        if (!mask(logits, grammar_scratch)) return {-1, 0};
        const float * masked = grammar_scratch.logits.data();
        int32_t token = isheep::sample(masked, n, sampling, random, scratch).token;
        // The sampler gives what is masked the smallest positive number for its exp, so that this can happen once in
        // 1e16.
        if (masked[token] == never) token = (int32_t) (std::max_element(masked, masked + n) - masked);
        sampled = {token, sampled.logprob + (double) logits[token] - (double) logits[sampled.token]};
    }
    accept(sampled.token);
    return sampled;
}

bool GrammarFilter::allows(int32_t token) {
    if (!model_.is_end(token) && !model_.has_text(token)) return false;
    llama_token_data candidate = {token, 0.0f, 0.0f};
    llama_token_data_array candidates = {&candidate, 1, -1, false};
    llama_sampler_apply(sampler_.get(), &candidates);
    return candidate.logit != never;
}

// Puts the logits of the allowed tokens into the scratch, `never` for the others. False where none is allowed. Control
// tokens are not: llama.cpp would take them for their names.
bool GrammarFilter::mask(const float * logits, GrammarScratch & scratch) {
    const size_t n = (size_t) model_.info().n_vocab;
    scratch.candidates.resize(n);
    scratch.logits.assign(n, never);
    size_t n_candidates = 0;
    for (int32_t token = 0; token < (int32_t) n; token++) {
        if (model_.is_end(token) || model_.has_text(token)) {
            scratch.candidates[n_candidates++] = {token, logits[token], 0.0f};
        }
    }
    llama_token_data_array candidates = {scratch.candidates.data(), n_candidates, -1, false};
    llama_sampler_apply(sampler_.get(), &candidates);
    for (size_t i = 0; i < n_candidates; i++) scratch.logits[candidates.data[i].id] = candidates.data[i].logit;
    return std::any_of(scratch.logits.begin(), scratch.logits.end(), [](float logit) { return std::isfinite(logit); });
}

// Of an allowed token only: llama.cpp throws, or ends the process, at any other.
void GrammarFilter::accept(int32_t token) {
    if (!model_.is_end(token)) llama_sampler_accept(sampler_.get(), token);
}

}  // namespace isheep

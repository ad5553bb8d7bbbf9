#include "inference/generation.h"

#include "common/status.h"
#include "inference/grammar-filter.h"
#include "inference/leading-number.h"
#include "inference/repetition.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

namespace isheep {
namespace {

// A request at work.
struct Generation {
    std::vector<int32_t> tokens;  // prompt and generated
    std::string text;             // bytes of the generated tokens
    size_t n_prompt;
    size_t n_max;  // tokens to generate, as many as the sequence has room for
    Sampling sampling;
    RandomStream random;
    StopStrings stop_strings;
    bool until_number;
    size_t n_repeated;
    std::vector<int32_t> stop_tokens;
    std::unique_ptr<GrammarFilter> grammar;  // null: none
    Completion completion;
    bool finished;
};

void check_request(const Model & model, const GenerateRequest & request, size_t index, size_t n_sequence_tokens) {
    const std::string where = "request " + std::to_string(index);
    if (request.tokens.empty()) throw Error(Code::bad_input, where + ": the prompt has no tokens");
    model.check_tokens(request.tokens, where);
    model.check_tokens(request.stop_tokens, where + ", stop tokens");
    if (request.tokens.size() > n_sequence_tokens) {
        throw Error(Code::bad_input, where + ": the prompt has " + std::to_string(request.tokens.size()) +
                                         " tokens and a sequence holds " + std::to_string(n_sequence_tokens));
    }
    const Sampling & sampling = request.sampling;
    const bool good = std::isfinite(sampling.temperature) && sampling.temperature >= 0 && sampling.top_k >= 0 &&
                      sampling.top_p > 0 && sampling.top_p <= 1 && sampling.min_p >= 0 && sampling.min_p <= 1;
    if (!good) {
        throw Error(
            Code::bad_config,
            where + ": temperature must be a number from 0, topK from 0, topP above 0 up to 1, minP from 0 to 1");
    }
}

class GenerateTask : public BatchTask {
public:
    GenerateTask(const BatchRunner & runner, const std::vector<GenerateRequest> & requests,
                 const std::function<void(const Completion &)> & on_completion)
        : model_(runner.model()),
          on_completion_(on_completion),
          scratch_(runner.options().n_threads),
          grammar_scratch_(runner.options().n_threads) {
        const size_t n_room = runner.options().n_sequence_tokens;
        for (size_t i = 0; i < requests.size(); i++) check_request(model_, requests[i], i, n_room);
        generations_.reserve(requests.size());
        for (size_t i = 0; i < requests.size(); i++) add(requests[i], i, n_room);
    }

    size_t n_requests() const override { return generations_.size(); }
    const std::vector<int32_t> & tokens(size_t request) const override { return generations_[request].tokens; }
    size_t first_row(size_t request) const override { return generations_[request].n_prompt - 1; }
    size_t n_rows(size_t request) const override { return generations_[request].n_max; }
    bool is_finished(size_t request) const override { return generations_[request].finished; }

    void take_row(size_t request, size_t, const float * logits, size_t thread) override {
        Generation & generation = generations_[request];
        const Sampled sampled = next_token(generation, logits, thread);
        if (sampled.token < 0) {
            finish(generation, StopReason::length);
            return;
        }
        generation.tokens.push_back(sampled.token);
        generation.completion.logprob += sampled.logprob;
        generation.completion.logprobs.push_back(sampled.logprob);
        generation.completion.end_logprobs.push_back(end_logprob(logits, sampled));
        if (model_.is_end(sampled.token)) {
            finish(generation, StopReason::end);
            return;
        }
        const std::vector<int32_t> & stop_tokens = generation.stop_tokens;
        if (std::find(stop_tokens.begin(), stop_tokens.end(), sampled.token) != stop_tokens.end()) {
            finish(generation, StopReason::string);
            return;
        }
        const size_t length = generation.text.size();
        model_.append_piece(sampled.token, generation.text);
        const size_t stop = generation.stop_strings.find(generation.text, generation.text.size() - length);
        if (stop != std::string::npos) {
            generation.text.resize(stop);
            finish(generation, StopReason::string);
        } else if (generation.until_number && leading_number_is_known(generation.text)) {
            finish(generation, StopReason::string);
        } else if (ends_in_repetition(generation.tokens, generation.n_prompt, generation.n_repeated)) {
            finish(generation, StopReason::repetition);
        } else if (generation.tokens.size() - generation.n_prompt >= generation.n_max) {
            finish(generation, StopReason::length);
        }
    }

    void on_finished(size_t request) override { on_completion_(generations_[request].completion); }

    std::vector<Completion> take_completions() {
        std::vector<Completion> completions;
        for (Generation & generation : generations_) completions.push_back(std::move(generation.completion));
        return completions;
    }

private:
    Sampled next_token(Generation & generation, const float * logits, size_t thread) {
        const Sampling & sampling = generation.sampling;
        if (!generation.grammar) {
            return sample(logits, model_.info().n_vocab, sampling, generation.random, scratch_[thread]);
        }
        return generation.grammar->sample(logits, sampling, generation.random, scratch_[thread],
                                          grammar_scratch_[thread]);
    }

    void add(const GenerateRequest & request, size_t index, size_t n_room) {
        const size_t n_prompt = request.tokens.size();
        // The last token that is generated need not be put into the cache.
        const size_t n_max = std::min(request.n_max, n_room + 1 - n_prompt);
        std::unique_ptr<GrammarFilter> grammar;
        if (!request.grammar.empty()) grammar = std::make_unique<GrammarFilter>(model_, request.grammar);
        Generation generation = {{},
                                 {},
                                 n_prompt,
                                 n_max,
                                 request.sampling,
                                 RandomStream(request.seed),
                                 StopStrings(request.stop),
                                 request.until_number,
                                 request.n_repeated,
                                 request.stop_tokens,
                                 std::move(grammar),
                                 {},
                                 n_max == 0};
        generation.tokens.reserve(n_prompt + n_max);
        generation.completion.logprobs.reserve(n_max);
        generation.completion.end_logprobs.reserve(n_max);
        generation.tokens.assign(request.tokens.begin(), request.tokens.end());
        generation.completion.index = index;
        generations_.push_back(std::move(generation));
    }

    // log p that the text ends where `sampled` was drawn from `logits`, whose log-sum its own log-probability tells.
    double end_logprob(const float * logits, const Sampled & sampled) const {
        const double log_sum = (double) logits[sampled.token] - sampled.logprob;
        double sum = 0;
        for (int32_t token : model_.info().end_tokens) sum += std::exp((double) logits[token] - log_sum);
        return std::log(sum);
    }

    void finish(Generation & generation, StopReason reason) {
        Completion & completion = generation.completion;
        completion.stop = reason;
        completion.text = to_utf8(generation.text);
        completion.tokens.assign(generation.tokens.begin() + (ptrdiff_t) generation.n_prompt, generation.tokens.end());
        generation.finished = true;
    }

    const Model & model_;
    const std::function<void(const Completion &)> & on_completion_;
    std::vector<Generation> generations_;
    std::vector<SamplerScratch> scratch_;  // one a thread
    std::vector<GrammarScratch> grammar_scratch_;
};

}  // namespace

std::vector<Completion> generate(BatchRunner & runner, const std::vector<GenerateRequest> & requests,
                                 const std::function<void(const Completion &)> & on_completion) {
    GenerateTask task(runner, requests, on_completion);
    runner.run(task);
    return task.take_completions();
}

}  // namespace isheep

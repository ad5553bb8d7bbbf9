// Log-probabilities of given continuations, without generating, as a task of the batch runner.
#pragma once

#include "inference/batch-runner.h"

#include <functional>
#include <vector>

namespace isheep {

struct ScoreRequest {
    std::vector<int32_t> tokens;
    size_t n_context = 1;       // the first tokens, which are not scored; at least 1
    std::vector<int32_t> next;  // tokens whose probability is wanted at the last n_places positions
    size_t n_places = 1;        // at most tokens.size() - n_context + 1: after the context, or later
};

struct Score {
    std::vector<double> logprobs;       // [tokens.size() - n_context], natural logs
    std::vector<double> next_logprobs;  // [n_places][next.size()]
};

// Throws Error(bad_input), which names the request by its index, where it is none that can be computed.
void check_score_request(const Model & model, const ScoreRequest & request, size_t index, size_t n_sequence_tokens);

// Scores in the order of the requests; on_progress gets the number done so far, on this thread. Throws Error: bad_input
// names the request by its index, before anything is computed; interrupted; native_failure.
std::vector<Score> score(BatchRunner & runner, const std::vector<ScoreRequest> & requests,
                         const std::function<void(size_t)> & on_progress);

}  // namespace isheep

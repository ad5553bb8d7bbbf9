// How far apart two models are on the same tokens: the whole distributions are compared, row by row, though no more
// than a bounded number of rows is ever kept.
#pragma once

#include "inference/log-probabilities.h"

#include <functional>
#include <vector>

namespace isheep {

// Of one request, [tokens.size() - n_context] each: a number for each token that is not context.
struct Comparison {
    std::vector<double> divergences;               // KL(first || second) where the token comes, in nats
    std::vector<double> logprobs, other_logprobs;  // log p of the token under the first and the second model, in nats
};

// In the order of the requests, whose `next` is not read; on_progress gets the number done so far, on this thread. The
// runners may be over one model or two with the same vocabulary. Throws Error: bad_input, interrupted, native_failure.
std::vector<Comparison> compare(BatchRunner & first, BatchRunner & second, const std::vector<ScoreRequest> & requests,
                                const std::function<void(size_t)> & on_progress);

}  // namespace isheep

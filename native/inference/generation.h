// Generating text for the requests of one call, as a task of the batch runner.
#pragma once

#include "inference/batch-runner.h"
#include "inference/sampler.h"
#include "inference/stop-strings.h"

#include <functional>
#include <string>
#include <vector>

namespace isheep {

struct GenerateRequest {
    std::vector<int32_t> tokens;
    size_t n_max = 0;  // tokens to generate
    std::vector<std::string> stop;
    std::vector<int32_t> stop_tokens;  // end the text as a stop string does
    std::string grammar;               // GBNF that the text must keep to; "": none
    Sampling sampling = {};
    uint32_t seed = 0;
    bool until_number = false;  // end as soon as the number that the text begins with is known (leading-number.h)
    size_t n_repeated = 0;      // end where so many tokens were generated before (repetition.h); 0: never
};

enum class StopReason { end, length, string, repetition };

struct Completion {
    size_t index = 0;
    std::string text;             // valid UTF-8, without the stop string and what follows it
    std::vector<int32_t> tokens;  // all that were generated, the end token or the stop string's included
    StopReason stop = StopReason::length;
    double logprob = 0;  // of all `tokens`, under the model, before sampling settings
    // Natural logs under the model, before sampling settings, [tokens.size()] each: of each token, and that the text
    // ends in its place (of the sum over all end tokens).
    std::vector<double> logprobs;
    std::vector<double> end_logprobs;
};

// Completions in the order of the requests. on_completion is called for each as it is finished, on this thread. A
// request whose sequence is full ends with StopReason::length, and so does one whose grammar allows none of the model's
// tokens before its text is complete. Throws Error: bad_input and bad_config name the request
// by its index, before anything is computed; interrupted; native_failure.
std::vector<Completion> generate(BatchRunner & runner, const std::vector<GenerateRequest> & requests,
                                 const std::function<void(const Completion &)> & on_completion);

}  // namespace isheep

// One vector for a text: what the last layer of the model makes of it, as a task of the batch runner.
#pragma once

#include "inference/batch-runner.h"

#include <functional>
#include <vector>

namespace isheep {

struct EmbedRequest {
    std::vector<int32_t> tokens;
    size_t n_before = 0;  // the first tokens, which are read and do not count; fewer than all
};

// The mean of the last layer's vectors (behind the final norm, as llama_get_embeddings gives them) over a request's
// tokens, of length 1: [n_embd_out] each, in the order of the requests. The mean, since a causal model's last token
// mostly stands for what comes next; of length 1, so that distances between texts are angles. on_progress gets the
// number done so far, on this thread. Throws Error: bad_input names the request by its index, before anything is
// computed; interrupted; native_failure.
std::vector<std::vector<float>> embed(BatchRunner & runner, const std::vector<EmbedRequest> & requests,
                                      const std::function<void(size_t)> & on_progress);

}  // namespace isheep

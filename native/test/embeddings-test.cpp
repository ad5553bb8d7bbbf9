// Vectors of texts against those that plain calls of llama.cpp give: one text, one sequence, no batch runner, logits
// and all. Whatever else is in a batch, they are the same but for the rounding of products.
#include "inference/embeddings.h"
#include "common/handles.h"
#include "inference/cache-attention.h"
#include "test/check.h"
#include "test/support.h"

#include <cmath>

using namespace isheep;
using namespace isheep::test;

namespace {

// Of vectors of length 1. ggml's attention of few tokens rounds queries and sums to half floats: ours of them is not
// the same, nor are pieces of a text and the whole of it.
constexpr double same_attention = 1e-5, other_attention = 1e-3;

double tolerance(size_t n_tokens, bool is_whole) {
    const bool is_ggmls = n_tokens >= tiled_rows || !has_own_attention();
    return is_whole && is_ggmls ? same_attention : other_attention;
}

std::vector<EmbedRequest> requests_of(const std::vector<int> & lengths, size_t n_before) {
    std::vector<EmbedRequest> requests;
    for (const Sample & sample : random_samples(lengths, 4)) requests.push_back({sample.tokens, n_before});
    return requests;
}

std::vector<float> plain_vector(llama_model * model, EmbedRequest request) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = params.n_batch = params.n_ubatch = 256;
    params.n_threads = params.n_threads_batch = 1;
    params.embeddings = true;
    params.pooling_type = LLAMA_POOLING_TYPE_NONE;
    LlamaContext context(llama_init_from_model(model, params));
    const llama_batch batch = llama_batch_get_one(request.tokens.data(), (int32_t) request.tokens.size());
    check_equal(llama_decode(context.get(), batch), 0, "llama.cpp decodes");
    std::vector<double> sum((size_t) llama_model_n_embd_out(model));
    for (size_t i = request.n_before; i < request.tokens.size(); i++) {
        const float * vector = llama_get_embeddings_ith(context.get(), (int32_t) i);
        for (size_t d = 0; d < sum.size(); d++) sum[d] += vector[d];
    }
    double squares = 0;
    for (double value : sum) squares += value * value;
    std::vector<float> unit;
    for (double value : sum) unit.push_back((float) (value / std::sqrt(squares)));
    return unit;
}

BatchRunner runner_of(const std::shared_ptr<Model> & model, uint32_t n_sequences, uint32_t n_tokens) {
    return BatchRunner(model, {n_sequences, 256, n_tokens, n_tokens, 1, true, true});
}

const auto nobody = [](size_t) {};

}  // namespace

TEST("embeddings are llama.cpp's, for every architecture, alone and among others, whole and in pieces") {
    for (const char * name : {"llama", "qwen2", "qwen3", "gemma3"}) {
        const TinyModelOptions options = name == std::string("llama") ? TinyModelOptions() : tiny_architecture(name);
        const auto model = Model::load(tiny_model_path(options), "cpu", false);
        const std::vector<EmbedRequest> requests = requests_of({1, 7, 30, 31, 90, 3, 150, 64, 12}, 0);
        std::vector<std::vector<float>> plain;
        for (const EmbedRequest & request : requests) plain.push_back(plain_vector(model->get(), request));
        for (const auto & [n_sequences, n_tokens] : {std::pair(1u, 256u), std::pair(4u, 128u), std::pair(3u, 32u)}) {
            BatchRunner runner = runner_of(model, n_sequences, n_tokens);
            const std::vector<std::vector<float>> vectors = embed(runner, requests, nobody);
            for (size_t i = 0; i < requests.size(); i++) {
                const double difference = relative_difference(vectors[i], plain[i]);
                const bool is_whole = requests[i].tokens.size() <= n_tokens;
                check(
                    difference < tolerance(requests[i].tokens.size(), is_whole),
                    std::string(name) + ", request " + std::to_string(i) + " differs by " + std::to_string(difference));
            }
            check(embed(runner, requests, nobody) == vectors, "the same call gives the same bits");
        }
    }
}

TEST("embeddings leave out the first tokens that they are told to, which are read all the same") {
    const auto model = Model::load(tiny_model_path({}), "cpu", false);
    const EmbedRequest whole = requests_of({20}, 0)[0];
    EmbedRequest part = whole;
    part.n_before = 5;
    BatchRunner runner = runner_of(model, 2, 128);
    const std::vector<std::vector<float>> vectors = embed(runner, {whole, part}, nobody);
    check(relative_difference(vectors[1], plain_vector(model->get(), part)) < tolerance(20, true), "as llama.cpp");
    check(relative_difference(vectors[1], vectors[0]) > 1e-3, "five tokens count");
}

TEST("embeddings refuse what they cannot use") {
    const auto model = Model::load(tiny_model_path({}), "cpu", false);
    BatchRunner runner = runner_of(model, 2, 128);
    const auto refuses = [&](EmbedRequest request, const char * part) {
        check_throws(Code::bad_input, part, [&] { embed(runner, {request}, nobody); });
    };
    refuses({{}, 0}, "request 0: of 0 tokens at least one must count");
    refuses({{1, 2}, 2}, "request 0: of 2 tokens at least one must count; 2 are left out");
    refuses({{1, 100000}, 0}, "outside the vocabulary");
    refuses({std::vector<int32_t>(257, 1), 0}, "it has 257 tokens and a sequence holds 256");
    BatchRunner logits(model, {2, 256, 128, 128, 1, true});
    check_throws(Code::bad_config, "the runner gives logits and no embeddings",
                 [&] { embed(logits, {{{1, 2}, 0}}, nobody); });
}

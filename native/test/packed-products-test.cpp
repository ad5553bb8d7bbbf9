// Products that are taken over from ggml: against sums in double of the rounded numbers; the same bytes whatever the
// threads and whatever else is multiplied; and whole models against their weights stored as F32.
#include "inference/packed-products.h"
#include "common/backends.h"
#include "inference/embeddings.h"
#include "test/check.h"
#include "test/support.h"
#include "training/graph.h"

#include <cmath>

using namespace isheep;
using namespace isheep::test;

namespace {

struct Shape {
    int64_t k, n_out;
    ggml_type type;
};

// A matrix as llama.cpp holds it: in F32 and F16 an adapter's, otherwise a model's.
class Product {
public:
    explicit Product(const Shape & shape) : shape_(shape), store_(1) {
        const bool is_of_adapter = shape.type == GGML_TYPE_F32 || shape.type == GGML_TYPE_F16;
        matrix_ = store_.add(shape.type, shape.k, shape.n_out);
        store_.allocate(ggml_backend_cpu_buffer_type());
        if (is_of_adapter) ggml_set_name(matrix_, "blk.0.attn_q.weight.lora_b");
        else ggml_backend_buffer_set_usage(matrix_->buffer, GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
        values_ = normal_numbers((size_t) (shape.k * shape.n_out), 1);
        std::vector<uint8_t> stored(ggml_nbytes(matrix_));
        ggml_quantize_chunk(shape.type, values_.data(), stored.data(), 0, shape.n_out, shape.k, nullptr);
        set_tensor(matrix_, stored.data());
        const auto to_float = ggml_get_type_traits(shape.type)->to_float;
        if (to_float) to_float(stored.data(), values_.data(), (int64_t) values_.size());
    }

    // [n_rows, n_out]
    std::vector<float> multiply(const std::vector<float> & x, int n_threads) {
        const int64_t n_rows = (int64_t) x.size() / shape_.k;
        Backend backend(create_backend(device_by_name("cpu"), n_threads));
        Context context(ggml_init({4 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true}));
        ggml_tensor * rows = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, shape_.k, n_rows);
        ggml_tensor * result = ggml_mul_mat(context.get(), matrix_, rows);
        ggml_cgraph * graph = ggml_new_graph(context.get());
        ggml_build_forward_expand(graph, result);
        Buffer buffer(ggml_backend_alloc_ctx_tensors(context.get(), backend.get()));
        set_tensor(rows, x.data());
        Parallel parallel((size_t) n_threads);
        PackedProducts products;
        products.take_over(result, weights_, parallel);
        check_equal(result->op, GGML_OP_CUSTOM, "the operator");
        check_equal(ggml_backend_graph_compute(backend.get(), graph), GGML_STATUS_SUCCESS, "computing");
        const std::vector<float> found = get_floats(result);
        check_equal(ggml_backend_graph_compute(backend.get(), graph), GGML_STATUS_SUCCESS, "computing once more");
        check(get_floats(result) == found, "a graph that is computed again gives other numbers");
        return found;
    }

    // The largest difference from sums of the rounded numbers, relative to the root of what is summed.
    double worst(const std::vector<float> & x, const std::vector<float> & found) const {
        const auto rounded = [](float value) { return (double) ggml_bf16_to_fp32(ggml_fp32_to_bf16(value)); };
        double worst = 0;
        for (size_t i = 0; i < found.size(); i++) {
            const size_t row = i / (size_t) shape_.n_out, column = i % (size_t) shape_.n_out;
            double sum = 0;
            for (size_t k = 0; k < (size_t) shape_.k; k++)
                sum += rounded(x[row * (size_t) shape_.k + k]) * rounded(values_[column * (size_t) shape_.k + k]);
            worst = std::max(worst, std::fabs(found[i] - sum) / std::sqrt((double) shape_.k));
        }
        return worst;
    }

private:
    Shape shape_;
    TensorStore store_;
    ggml_tensor * matrix_;
    std::vector<float> values_;
    PackedWeights weights_;
};

std::shared_ptr<Model> load_tiny(const std::string & path, uint64_t packed_bytes) {
    const auto model = Model::load(path, "cpu", false, packed_bytes);
    check_equal(model->packed() != nullptr, packed_bytes > 0, "whether weights are packed");
    return model;
}

RunnerOptions runner_options(uint32_t n_sequences) {
    return {n_sequences, 256, 256, 256, 2, true, true};
}

// Vectors of texts, one after the other.
std::vector<float> vectors_of(BatchRunner & runner) {
    std::vector<EmbedRequest> requests;
    for (const Sample & sample : random_samples({1, 7, 30, 31, 3, 12}, 4)) requests.push_back({sample.tokens, 0});
    std::vector<float> all;
    for (const std::vector<float> & vector : embed(runner, requests, [](size_t) {}))
        all.insert(all.end(), vector.begin(), vector.end());
    return all;
}

std::vector<float> vectors_of(const TinyModelOptions & options, uint64_t packed_bytes, uint32_t n_sequences) {
    BatchRunner runner(load_tiny(tiny_model_path(options), packed_bytes), runner_options(n_sequences));
    return vectors_of(runner);
}

// The same with an adapter.
std::vector<float> vectors_with(const std::string & model_path, const std::string & adapter_path, uint64_t packed_bytes,
                                uint32_t n_sequences) {
    const auto model = load_tiny(model_path, packed_bytes);
    BatchRunner runner(model, runner_options(n_sequences));
    runner.set_adapters({Adapter::load(model, adapter_path)}, {1});
    return vectors_of(runner);
}

std::string random_adapter(const std::string & model_path, uint32_t seed) {
    Trainer trainer(tiny_settings(model_path));
    randomize(trainer, seed);
    const std::string path = temporary_path("packed-" + std::to_string(seed) + ".gguf");
    trainer.save_adapter(path, {});
    return path;
}

constexpr uint64_t enough = 1 << 30;

}  // namespace

TEST(
    "products that are taken over are those of the rounded numbers, the same whatever the threads and the rows "
    "beside") {
    if (!has_micro_kernel_here()) return;
    for (const Shape & shape :
         {Shape{64, 3, GGML_TYPE_Q8_0}, Shape{576, 70, GGML_TYPE_Q4_1}, Shape{256, 320, GGML_TYPE_Q4_K},
          Shape{2048, 96, GGML_TYPE_BF16}, Shape{16, 1536, GGML_TYPE_F32}, Shape{576, 8, GGML_TYPE_F16}}) {
        Product product(shape);
        for (int64_t n_rows : {1, 8, 37, 300}) {
            const std::vector<float> x = normal_numbers((size_t) (n_rows * shape.k), 2);
            const std::vector<float> found = product.multiply(x, 1);
            const std::string name = std::to_string(n_rows) + " rows, " + ggml_type_name(shape.type);
            check(product.worst(x, found) < 1e-5, name + ": off by " + std::to_string(product.worst(x, found)));
            for (int n_threads : {2, 3}) check(product.multiply(x, n_threads) == found, name + ": threads differ");
            const std::vector<float> last = product.multiply({x.end() - shape.k, x.end()}, 1);
            check(std::equal(last.begin(), last.end(), found.end() - shape.n_out), name + ": a row alone differs");
        }
    }
}

TEST("weights are packed where they have room, and a model's vectors are nearer to F32 than ggml's then") {
    if (!has_micro_kernel_here()) return;
    for (const char * name : {"llama", "qwen2", "qwen3", "gemma3"}) {
        TinyModelOptions options = tiny_architecture(name);
        options.type = GGML_TYPE_Q8_0;
        const std::vector<float> packed = vectors_of(options, enough, 4), plain = vectors_of(options, 0, 4);
        check(vectors_of(options, enough, 1) == packed, std::string(name) + ": alone they differ");
        options.dequantized = true;
        const std::vector<float> exact = vectors_of(options, 0, 4);
        const double ours = relative_difference(packed, exact), ggmls = relative_difference(plain, exact);
        std::printf("     %s: off by %.2g, by ggml's products %.2g\n", name, ours, ggmls);
        check(ours < ggmls && ours < 1e-2, std::string(name) + ": off by " + std::to_string(ours));
    }
    TinyModelOptions options;
    options.type = GGML_TYPE_Q8_0;
    check(!Model::load(tiny_model_path(options), "cpu", false, 1000)->packed(), "packed without room");
    options.type = GGML_TYPE_F16;
    check(!Model::load(tiny_model_path(options), "cpu", false, enough)->packed(), "F16 weights are packed");
}

TEST("an adapter's products are taken over with a packed model's, and are near those in F32") {
    if (!has_micro_kernel_here()) return;
    for (const char * name : {"llama", "gemma3"}) {
        TinyModelOptions options = tiny_architecture(name);
        options.type = GGML_TYPE_Q8_0;
        const std::string path = tiny_model_path(options), adapter = random_adapter(path, 1);
        const std::vector<float> packed = vectors_with(path, adapter, enough, 4),
                                 plain = vectors_with(path, adapter, 0, 4);
        check(vectors_with(path, adapter, enough, 1) == packed, std::string(name) + ": alone they differ");
        options.dequantized = true;
        const std::vector<float> exact = vectors_with(tiny_model_path(options), adapter, 0, 4);
        const double ours = relative_difference(packed, exact), ggmls = relative_difference(plain, exact);
        const double change = relative_difference(vectors_of(options, 0, 4), exact);
        std::printf("     %s: off by %.2g, by ggml's products %.2g; the adapter changes %.2g\n", name, ours, ggmls,
                    change);
        check(ours < ggmls && ours < 1e-2, std::string(name) + ": off by " + std::to_string(ours));
        check(change > 10 * ours, std::string(name) + ": the adapter changes no more than " + std::to_string(change));
    }
}

TEST("a runner that is given other adapters computes with those") {
    if (!has_micro_kernel_here()) return;
    TinyModelOptions options;
    options.type = GGML_TYPE_Q8_0;
    const std::string path = tiny_model_path(options);
    const std::string one = random_adapter(path, 1), other = random_adapter(path, 2);
    const auto model = load_tiny(path, enough);
    BatchRunner runner(model, runner_options(4));
    const std::vector<float> base = vectors_of(runner);
    for (int round = 0; round < 3; round++) {  // each loaded anew, where an earlier one may have been
        for (const std::string & adapter : {one, other}) {
            runner.set_adapters({Adapter::load(model, adapter)}, {1});
            check(vectors_of(runner) == vectors_with(path, adapter, enough, 4), "another adapter's numbers");
        }
        runner.set_adapters({}, {});
        check(vectors_of(runner) == base, "the base's numbers are others after an adapter");
    }
    const auto both = {Adapter::load(model, one), Adapter::load(model, one)};
    runner.set_adapters({*both.begin()}, {0.5f});
    const std::vector<float> half = vectors_of(runner);
    runner.set_adapters(both, {0.25f, 0.25f});
    check(relative_difference(vectors_of(runner), half) < 1e-5, "two quarters of an adapter are no half of it");
}

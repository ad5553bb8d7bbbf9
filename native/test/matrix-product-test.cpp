// The micro-kernel: sums of products against sums in double of the same rounded numbers, and trainings by it against
// themselves: the same bytes whatever the number of threads and whatever is kept.
#include "training/matrix-product.h"
#include "test/check.h"
#include "test/support.h"

#include <random>

using namespace isheep;
using namespace isheep::test;

namespace {

struct Numbers {
    ggml_tensor * tensor;
    std::vector<double> values;  // as BF16 leaves them, unless the tensor is F32 and `exact`
    double at(int64_t row, int64_t i) const { return values[(size_t) (row * tensor->ne[0] + i)]; }
};

// Random numbers of the tensor's type.
Numbers fill(ggml_tensor * tensor, uint32_t seed, bool exact = false) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values((size_t) ggml_nelements(tensor));
    for (float & value : values) value = normal(random);
    std::vector<uint8_t> stored(ggml_nbytes(tensor));
    ggml_quantize_chunk(tensor->type, values.data(), stored.data(), 0, tensor->ne[1], tensor->ne[0], nullptr);
    set_tensor(tensor, stored.data());
    if (tensor->type != GGML_TYPE_F32)
        ggml_get_type_traits(tensor->type)->to_float(stored.data(), values.data(), (int64_t) values.size());
    Numbers numbers{tensor, {}};
    for (float value : values) numbers.values.push_back(exact ? value : ggml_bf16_to_fp32(ggml_fp32_to_bf16(value)));
    return numbers;
}

struct Term {
    Numbers rows, matrix;
    Reading reading;
    double at(int64_t row, int64_t column) const {
        double sum = 0;
        for (int64_t k = 0; k < rows.tensor->ne[0]; k++)
            sum += rows.at(row, k) * (reading == Reading::across ? matrix.at(column, k) : matrix.at(k, column));
        return sum;
    }
};

struct Shape {
    int64_t m, n;
    std::vector<int64_t> k;
    ggml_type type;
    bool masked, added;
};

// A term along and a term across for each k, with mask and addend: the largest difference from the loop above,
// relative to the root of what is summed.
double difference(const Shape & shape, int n_threads) {
    Compute compute("cpu", n_threads);
    TensorStore store(32);
    std::vector<std::array<ggml_tensor *, 2>> tensors;
    for (int64_t k : shape.k) {
        tensors.push_back({store.add(GGML_TYPE_F32, k, shape.m), store.add(shape.type, k, shape.n)});
        tensors.push_back({store.add(GGML_TYPE_F32, k, shape.m), store.add(shape.type, shape.n, k)});
    }
    ggml_tensor * mask = shape.masked ? store.add(GGML_TYPE_F32, shape.n, shape.m) : nullptr;
    ggml_tensor * addend = shape.added ? store.add(GGML_TYPE_F32, shape.n, shape.m) : nullptr;
    ggml_tensor * result = store.add(GGML_TYPE_F32, shape.n, shape.m);
    store.allocate(compute.buffer_type());
    Graph g(compute, 64);
    std::vector<Term> terms;
    std::vector<ProductTerm> products;
    double size = 1;
    for (auto [rows, matrix] : tensors) {
        const Reading reading = terms.size() % 2 ? Reading::along : Reading::across;
        const uint32_t seed = (uint32_t) terms.size();
        terms.push_back({fill(rows, 2 * seed + 1), fill(matrix, 2 * seed + 2), reading});
        products.push_back({to_bf16(g, rows), matrix, reading});
        size += (double) rows->ne[0];
    }
    const Numbers factors = mask ? fill(mask, 98, true) : Numbers{},
                  before = addend ? fill(addend, 99, true) : Numbers{};
    g.compute_into(product_sum(g, products, mask, addend), result);
    g.run();
    const std::vector<float> found = get_floats(result);
    double worst = 0;
    for (int64_t row = 0; row < shape.m; row++) {
        for (int64_t column = 0; column < shape.n; column++) {
            double expected = terms[0].at(row, column) * (mask ? factors.at(row, column) : 1);
            for (size_t i = 1; i < terms.size(); i++) expected += terms[i].at(row, column);
            if (addend) expected += before.at(row, column);
            worst = std::max(worst, std::fabs(found[(size_t) (row * shape.n + column)] - expected) / std::sqrt(size));
        }
    }
    return worst;
}

TrainerSettings dropping_settings(const char * architecture) {
    TinyModelOptions options = tiny_architecture(architecture);
    options.type = GGML_TYPE_Q8_0;
    TrainerSettings settings = tiny_settings(tiny_model_path(options));
    settings.memory.copied = CopiedWeights::none;
    settings.dropout = 0.1;
    return settings;
}

std::string trained_bytes(TrainerSettings settings, int n_threads, bool keep) {
    settings.threads = n_threads;
    settings.memory.keep_activations = keep;
    Trainer trainer(settings);
    for (int i = 0; i < 2; i++) trainer.step(random_samples({40, 90, 12}, 50 + i));
    std::string bytes;
    for (float value : trainer.lora().parameters) bytes.append((const char *) &value, sizeof value);
    return bytes;
}

}  // namespace

TEST("sums of products are those of the rounded numbers, whatever the shape, the type and the threads") {
    if (!has_micro_kernel_here()) return;
    const Shape shapes[] = {
        {1, 2, {2}, GGML_TYPE_F32, false, false},       // less than a tile
        {8, 32, {16}, GGML_TYPE_F32, true, true},       // a tile
        {23, 70, {34, 6}, GGML_TYPE_BF16, true, true},  // the last rows and columns of tiles
        {9, 320, {64}, GGML_TYPE_Q8_0, false, true},    // several panels at once
        {17, 288, {512}, GGML_TYPE_Q4_0, true, false},
        {5, 512, {256}, GGML_TYPE_Q4_K, false, false},  // blocks of 256 columns
        {3, 64, {9472}, GGML_TYPE_F16, true, true},     // several passes
        {12, 256, {2560}, GGML_TYPE_Q6_K, true, true},
    };
    for (const Shape & shape : shapes) {
        for (int n_threads : {1, 2}) {
            const double worst = difference(shape, n_threads);
            check(worst < 1e-5, std::to_string(shape.m) + " x " + std::to_string(shape.n) + ", " +
                                    ggml_type_name(shape.type) + ": off by " + std::to_string(worst));
        }
    }
}

TEST("a training has the same bytes whatever the threads") {
    for (const char * name : {"llama", "qwen3", "gemma3"}) {
        TrainerSettings settings = dropping_settings(name);
        for (Graphs graphs : {Graphs::packed, Graphs::cpu, Graphs::portable}) {
            settings.graphs = graphs;
            check(trained_bytes(settings, 2, true) == trained_bytes(settings, 1, true),
                  std::string("with two threads they differ: ") + name + ", graphs " + std::to_string((int) graphs));
        }
    }
}

TEST("a training by the micro-kernel has the same bytes whatever is kept") {
    if (!has_micro_kernel_here()) return;
    for (const char * name : {"llama", "qwen3", "gemma3"}) {
        const TrainerSettings settings = dropping_settings(name);
        check(trained_bytes(settings, 1, false) == trained_bytes(settings, 1, true),
              std::string("recomputed they differ: ") + name);
    }
}

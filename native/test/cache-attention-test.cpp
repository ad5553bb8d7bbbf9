// Attention that is taken over from ggml: against sums in double; the same bytes whatever the threads and whatever else
// is computed; and cells of the cache that a row does not see may hold anything.
#include "inference/cache-attention.h"
#include "common/backends.h"
#include "test/check.h"
#include "test/support.h"
#include "training/graph.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>

using namespace isheep;
using namespace isheep::test;

namespace {

struct Shape {
    int64_t key_length, value_length, n_heads, n_cache_heads, n_rows, n_sequences, n_keys;
};

constexpr float scale = 0.3f;
constexpr ggml_fp16_t no_number = 0x7e00, unseen = 0xfc00;  // NaN, -inf

// Numbers of a sequence and what its rows see. `window`: keys that a row sees, its own the last of them; 0: all so far.
struct Sequence {
    std::vector<float> queries;             // [n_rows, n_heads, key_length]
    std::vector<ggml_fp16_t> keys, values;  // [n_keys, n_cache_heads, ..._length]
    std::vector<ggml_fp16_t> mask;          // [n_rows, n_keys]
};

std::vector<float> normal_numbers(size_t n, std::mt19937 & random) {
    std::normal_distribution<float> normal;
    std::vector<float> values(n);
    for (float & value : values) value = normal(random);
    return values;
}

std::vector<ggml_fp16_t> halves(const std::vector<float> & numbers) {
    std::vector<ggml_fp16_t> rounded(numbers.size());
    ggml_fp32_to_fp16_row(numbers.data(), rounded.data(), (int64_t) numbers.size());
    return rounded;
}

Sequence random_sequence(const Shape & shape, int64_t n_before, int64_t window, uint32_t seed) {
    std::mt19937 random(seed);
    const int64_t n_cells = shape.n_keys * shape.n_cache_heads;
    Sequence s;
    s.queries = normal_numbers((size_t) (shape.n_rows * shape.n_heads * shape.key_length), random);
    s.keys = halves(normal_numbers((size_t) (n_cells * shape.key_length), random));
    s.values = halves(normal_numbers((size_t) (n_cells * shape.value_length), random));
    s.mask.assign((size_t) (shape.n_rows * shape.n_keys), unseen);
    for (int64_t row = 0; row < shape.n_rows; row++) {
        const int64_t own = n_before + row, first = window ? std::max<int64_t>(own + 1 - window, 0) : 0;
        for (int64_t key = first; key <= own; key++) s.mask[(size_t) (row * shape.n_keys + key)] = 0;
    }
    for (int64_t key = 0; key < shape.n_keys; key++) {
        const bool is_seen = key < n_before + shape.n_rows && (!window || key + window > n_before);
        if (is_seen) continue;
        const auto forget = [&](std::vector<ggml_fp16_t> & cells, int64_t length) {
            std::fill_n(cells.begin() + key * shape.n_cache_heads * length, shape.n_cache_heads * length, no_number);
        };
        forget(s.keys, shape.key_length);
        forget(s.values, shape.value_length);
    }
    return s;
}

template <typename T>
void put(ggml_tensor * tensor, const std::vector<Sequence> & sequences, std::vector<T> Sequence::* member) {
    std::vector<T> all;
    for (const Sequence & s : sequences) all.insert(all.end(), (s.*member).begin(), (s.*member).end());
    set_tensor(tensor, all.data());
}

// [n_sequences, n_rows, n_heads, value_length]
std::vector<float> attend(const Shape & shape, const std::vector<Sequence> & sequences, int n_threads) {
    Backend backend(create_backend(device_by_name("cpu"), n_threads));
    Context context(ggml_init({16 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true}));
    ggml_context * c = context.get();
    const int64_t n = (int64_t) sequences.size();
    ggml_tensor * q = ggml_new_tensor_4d(c, GGML_TYPE_F32, shape.key_length, shape.n_heads, shape.n_rows, n);
    ggml_tensor * k = ggml_new_tensor_4d(c, GGML_TYPE_F16, shape.key_length, shape.n_cache_heads, shape.n_keys, n);
    ggml_tensor * v = ggml_new_tensor_4d(c, GGML_TYPE_F16, shape.value_length, shape.n_cache_heads, shape.n_keys, n);
    ggml_tensor * mask = ggml_new_tensor_4d(c, GGML_TYPE_F16, shape.n_keys, shape.n_rows, 1, n);
    const auto turned = [&](ggml_tensor * t) { return ggml_permute(c, t, 0, 2, 1, 3); };
    ggml_tensor * result = ggml_flash_attn_ext(c, turned(q), turned(k), turned(v), mask, scale, 0, 0);
    ggml_cgraph * graph = ggml_new_graph(c);
    ggml_build_forward_expand(graph, result);
    Buffer buffer(ggml_backend_alloc_ctx_tensors(c, backend.get()));
    put(q, sequences, &Sequence::queries);
    put(k, sequences, &Sequence::keys);
    put(v, sequences, &Sequence::values);
    put(mask, sequences, &Sequence::mask);
    take_over_attention(result);
    check_equal(result->op, GGML_OP_CUSTOM, "the operator");
    check_equal(ggml_backend_graph_compute(backend.get(), graph), GGML_STATUS_SUCCESS, "computing");
    return get_floats(result);
}

// One head of one row, in double.
std::vector<double> exact(const Shape & shape, const Sequence & s, int64_t row, int64_t head) {
    const int64_t cache_head = head / (shape.n_heads / shape.n_cache_heads);
    const float * query = s.queries.data() + (row * shape.n_heads + head) * shape.key_length;
    std::vector<double> sums((size_t) shape.value_length, 0);
    double total = 0;
    for (int64_t key = 0; key < shape.n_keys; key++) {
        if (s.mask[(size_t) (row * shape.n_keys + key)] == unseen) continue;
        const int64_t cell = key * shape.n_cache_heads + cache_head;
        double score = 0;
        for (int64_t i = 0; i < shape.key_length; i++)
            score += (double) query[i] * ggml_fp16_to_fp32(s.keys[(size_t) (cell * shape.key_length + i)]);
        const double weight = std::exp(score * scale);
        total += weight;
        for (int64_t i = 0; i < shape.value_length; i++)
            sums[(size_t) i] += weight * ggml_fp16_to_fp32(s.values[(size_t) (cell * shape.value_length + i)]);
    }
    for (double & sum : sums) sum /= total;
    return sums;
}

double worst(const Shape & shape, const std::vector<Sequence> & sequences, const std::vector<float> & found) {
    double worst = 0;
    const float * at = found.data();
    for (const Sequence & s : sequences) {
        for (int64_t row = 0; row < shape.n_rows; row++) {
            for (int64_t head = 0; head < shape.n_heads; head++) {
                for (double expected : exact(shape, s, row, head))
                    worst = std::max(worst, std::fabs(*at++ - expected));  // NaN is never the larger: see below
            }
        }
    }
    const bool has_numbers = std::all_of(found.begin(), found.end(), [](float x) { return std::isfinite(x); });
    return has_numbers ? worst : INFINITY;
}

// The one row of a sequence that a shape of one row has.
Sequence row_of(const Shape & shape, const Sequence & s, int64_t row) {
    Sequence alone = s;
    const auto cut = [&](auto & numbers, int64_t length) {
        numbers.assign(numbers.begin() + row * length, numbers.begin() + (row + 1) * length);
    };
    cut(alone.queries, shape.n_heads * shape.key_length);
    cut(alone.mask, shape.n_keys);
    return alone;
}

bool has_own_attention_here() {
    if (!has_own_attention()) std::printf("     this processor has no AVX2: ggml attends\n");
    return has_own_attention();
}

// The node of a shape that is not computed, whether it is taken over.
bool is_taken(ggml_type cache_type, int64_t n_rows, float bias, float cap, bool has_sinks) {
    Context context(ggml_init({16 * ggml_tensor_overhead(), nullptr, true}));
    ggml_context * c = context.get();
    ggml_tensor * q = ggml_new_tensor_4d(c, GGML_TYPE_F32, 64, n_rows, 4, 1);
    ggml_tensor * k = ggml_new_tensor_4d(c, cache_type, 64, 256, 2, 1);
    ggml_tensor * mask = ggml_new_tensor_4d(c, GGML_TYPE_F16, 256, n_rows, 1, 1);
    ggml_tensor * node = ggml_flash_attn_ext(c, q, k, k, mask, 1, bias, cap);
    if (has_sinks) ggml_flash_attn_ext_add_sinks(node, ggml_new_tensor_1d(c, GGML_TYPE_F32, 4));
    take_over_attention(node);
    return node->op == GGML_OP_CUSTOM;
}

void check_shape(const Shape & shape) {
    const std::string name = std::to_string(shape.n_heads) + " heads of " + std::to_string(shape.key_length);
    std::vector<Sequence> sequences;
    for (int64_t i = 0; i < shape.n_sequences; i++)
        sequences.push_back(random_sequence(shape, 37 * i, i % 2 == 0 ? 0 : 20, (uint32_t) i + 1));
    const std::vector<float> found = attend(shape, sequences, 1);
    check(worst(shape, sequences, found) < 1e-5, name + ": off by " + std::to_string(worst(shape, sequences, found)));
    for (int n_threads : {2, 3}) check(attend(shape, sequences, n_threads) == found, name + ": threads differ");
    Shape alone = shape;
    alone.n_rows = 1;
    const int64_t size = shape.n_heads * shape.value_length;
    for (int64_t i = 0; i < shape.n_sequences * shape.n_rows; i++) {
        const Sequence & s = sequences[(size_t) (i / shape.n_rows)];
        const std::vector<float> row = attend(alone, {row_of(shape, s, i % shape.n_rows)}, 2);
        check(std::equal(row.begin(), row.end(), found.begin() + i * size), name + ": a row alone differs");
    }
}

}  // namespace

TEST("attention to the cache is that of the numbers, the same whatever the threads and what else is computed") {
    if (!has_own_attention_here()) return;
    check_shape({64, 64, 9, 3, 1, 5, 256});
    check_shape({256, 256, 4, 1, 1, 3, 512});
    check_shape({64, 64, 14, 2, 7, 1, 256});
    check_shape({80, 48, 2, 2, 63, 2, 256});
}

TEST("attention is left to ggml where it has a bias, a cap, sinks, many rows or another cache") {
    if (!has_own_attention_here()) return;
    check(is_taken(GGML_TYPE_F16, 63, 0, 0, false), "plain attention is not taken over");
    check(!is_taken(GGML_TYPE_F16, 64, 0, 0, false), "many rows");
    check(!is_taken(GGML_TYPE_F16, 1, 8, 0, false), "a bias");
    check(!is_taken(GGML_TYPE_F16, 1, 0, 30, false), "a cap");
    check(!is_taken(GGML_TYPE_F16, 1, 0, 0, true), "sinks");
    check(!is_taken(GGML_TYPE_Q8_0, 1, 0, 0, false), "a quantized cache");
}

#include "adapter/merge-rows.h"

#include "common/status.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

namespace isheep {
namespace {

constexpr int64_t rows_at_once = 16;  // that a thread takes

void to_floats(ggml_type type, const uint8_t * bytes, std::vector<float> & values) {
    if (type == GGML_TYPE_F32) std::memcpy(values.data(), bytes, values.size() * sizeof(float));
    else ggml_get_type_traits(type)->to_float(bytes, values.data(), (int64_t) values.size());
}

// body(row) for every row in [0, n), by several threads. Throws the first exception of a body after all have ended.
template <typename Body> void for_rows(int64_t n, int n_threads, const Body & body) {
    std::atomic<int64_t> next{0};
    std::exception_ptr failure;
    std::mutex mutex;
    const auto work = [&] {
        try {
            for (int64_t begin = next.fetch_add(rows_at_once); begin < n; begin = next.fetch_add(rows_at_once))
                body(begin, std::min(begin + rows_at_once, n));
        } catch (...) {
            std::lock_guard<std::mutex> lock(mutex);
            if (!failure) failure = std::current_exception();
            next = n;
        }
    };
    std::vector<std::thread> threads;
    try {
        for (int i = 1; i < n_threads && i * rows_at_once < n; i++) threads.emplace_back(work);
    } catch (const std::system_error &) {  // the system gives no more: those that there are do the work
    }
    work();
    for (std::thread & thread : threads) thread.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

void MergeSums::add(const MergeSums & other) {
    intended += other.intended;
    kept += other.kept;
    missed += other.missed;
}

double MergeSums::survived() const {
    return intended > 0 ? kept / intended : 1;
}

double MergeSums::noise() const {
    return intended > 0 ? std::sqrt(missed / intended) : 0;
}

RowMerger::RowMerger(const ggml_tensor * tensor, ggml_type output_type, std::vector<Addition> additions)
    : name_(tensor->name),
      input_type_(tensor->type),
      output_type_(output_type),
      n_in_(tensor->ne[0]),
      additions_(std::move(additions)) {}

MergeSums RowMerger::merge(const uint8_t * input, int64_t first, int64_t n_rows, uint8_t * output,
                           int n_threads) const {
    const size_t input_row = ggml_row_size(input_type_, n_in_), output_row = ggml_row_size(output_type_, n_in_);
    std::vector<MergeSums> sums((size_t) n_rows);  // added up in the order of the rows, whoever computed them
    for_rows(n_rows, n_threads, [&](int64_t begin, int64_t end) {
        Scratch scratch;
        for (auto * values : {&scratch.weights, &scratch.added, &scratch.sum, &scratch.found})
            values->resize((size_t) n_in_);
        for (int64_t row = begin; row < end; row++)
            sums[row] = merge_row(input + row * input_row, first + row, output + row * output_row, scratch);
    });
    MergeSums all;
    for (const MergeSums & one : sums) all.add(one);
    return all;
}

MergeSums RowMerger::merge_row(const uint8_t * input, int64_t row, uint8_t * output, Scratch & scratch) const {
    const bool changes = add_up(row, scratch.added);
    if (!changes && input_type_ == output_type_) {
        std::memcpy(output, input, ggml_row_size(input_type_, n_in_));
        return {};
    }
    to_floats(input_type_, input, scratch.weights);
    for (int64_t i = 0; i < n_in_; i++) scratch.sum[i] = scratch.weights[i] + scratch.added[i];
    check_finite(scratch.sum, false);
    ggml_quantize_chunk(output_type_, scratch.sum.data(), output, 0, 1, n_in_, nullptr);
    to_floats(output_type_, output, scratch.found);
    check_finite(scratch.found, true);
    MergeSums sums;
    if (!changes) return sums;
    for (int64_t i = 0; i < n_in_; i++) {
        const double d = scratch.added[i], found = (double) scratch.found[i] - scratch.weights[i];
        sums.intended += d * d;
        sums.kept += d * found;
        sums.missed += (found - d) * (found - d);
    }
    return sums;
}

// A row of the sum of scale * B * A; false where all of it is zero.
bool RowMerger::add_up(int64_t row, std::vector<float> & added) const {
    std::fill(added.begin(), added.end(), 0.0f);
    bool changes = false;
    for (const auto & [pair, scale] : additions_) {
        for (int64_t r = 0; r < pair->rank; r++) {
            const float b = scale * pair->b[row * pair->rank + r];
            if (b == 0) continue;
            const float * a = pair->a.data() + r * n_in_;
            for (int64_t i = 0; i < n_in_; i++) added[i] += b * a[i];
            changes = true;
        }
    }
    return changes;
}

void RowMerger::check_finite(const std::vector<float> & values, bool written) const {
    float sum = 0;  // 0 * x is 0 for every finite x and NaN for the others
    for (const float value : values) sum += 0 * value;
    if (sum == 0) return;
    if (written) {
        throw Error(Code::bad_input,
                    name_ + " has numbers that are too large for the type " + ggml_type_name(output_type_),
                    "use another --type, such as bf16");
    }
    throw Error(Code::bad_input, name_ + " has numbers that are not finite", "the base or the adapter is damaged");
}

}  // namespace isheep

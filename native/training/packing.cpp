#include "training/packing.h"

#include "training/graph.h"

#include <algorithm>
#include <numeric>

namespace isheep {
namespace {

// Fewer are not worth a product of attention of their own.
constexpr int fewest_shared = 8;

int multiple_of(int multiple, int n) {
    return (n + multiple - 1) / multiple * multiple;
}

// How many tokens all samples begin with; at most so many that each keeps a row of its own, and those with a loss.
int shared_tokens(const std::vector<Sample> & samples, const std::vector<size_t> & order, Rows rows) {
    if (order.size() < 2) return 0;
    const std::vector<int32_t> & first = samples[order[0]].tokens;
    size_t shared = first.size();
    for (size_t i : order) {
        const Sample & sample = samples[i];
        const size_t n_rows = sample.tokens.size() - (rows == Rows::without_last ? 1 : 0);
        const size_t most = std::min({shared, n_rows - 1, (size_t) sample.context - 1});
        shared = (size_t) (std::mismatch(first.begin(), first.begin() + (ptrdiff_t) most, sample.tokens.begin()).first -
                           first.begin());
    }
    return shared < fewest_shared ? 0 : (int) shared / 2 * 2;
}

}  // namespace

std::vector<MicroBatch> pack(const std::vector<Sample> & samples, int max_rows, Rows rows, RowLayout layout) {
    auto rows_of = [&](size_t i) { return (int) samples[i].tokens.size() - (rows == Rows::without_last ? 1 : 0); };
    std::vector<size_t> order;
    for (size_t i = 0; i < samples.size(); i++) {
        if (rows_of(i) > 0) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rows_of(a) > rows_of(b); });
    const int shared = layout.shares ? shared_tokens(samples, order, rows) : 0;
    std::vector<MicroBatch> batches;
    for (size_t i : order) {
        const int n_rows = rows_of(i) - shared, length = multiple_of(layout.multiple, n_rows);
        auto fits = [&](const MicroBatch & batch) { return padded(batch.n_rows + length) <= max_rows; };
        auto batch = std::find_if(batches.begin(), batches.end(), fits);
        if (batch == batches.end()) {
            batch = batches.insert(batches.end(), MicroBatch());
            batch->n_shared = batch->n_rows = shared;
        }
        batch->samples.push_back({(int) i, batch->n_rows, n_rows, length});
        batch->n_rows += length;
    }
    for (MicroBatch & batch : batches) {  // the last sample's zero rows go on
        const int more = (int) padded(batch.n_rows) - batch.n_rows;
        batch.samples.back().length += more;
        batch.n_rows += more;
    }
    return batches;
}

}  // namespace isheep

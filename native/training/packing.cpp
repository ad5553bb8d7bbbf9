#include "training/packing.h"

#include "training/graph.h"

#include <algorithm>
#include <numeric>

namespace isheep {

std::vector<MicroBatch> pack(const std::vector<Sample> & samples, int max_rows, Rows rows) {
    auto rows_of = [&](size_t i) { return (int) samples[i].tokens.size() - (rows == Rows::without_last ? 1 : 0); };
    std::vector<size_t> order(samples.size());
    std::iota(order.begin(), order.end(), (size_t) 0);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rows_of(a) > rows_of(b); });
    std::vector<MicroBatch> batches;
    for (size_t i : order) {
        const int n_rows = rows_of(i), length = (int) padded(n_rows);
        if (n_rows < 1) continue;
        auto fits = [&](const MicroBatch & batch) { return batch.n_rows + length <= max_rows; };
        auto batch = std::find_if(batches.begin(), batches.end(), fits);
        if (batch == batches.end()) batch = batches.insert(batches.end(), MicroBatch());
        batch->samples.push_back({(int) i, batch->n_rows, n_rows, length});
        batch->n_rows += length;
    }
    return batches;
}

}  // namespace isheep

#include "training/packing.h"

#include "training/graph.h"

namespace isheep {

std::vector<MicroBatch> pack(const std::vector<Sample> & samples, int max_rows, Rows rows) {
    std::vector<MicroBatch> batches;
    for (size_t i = 0; i < samples.size(); i++) {
        const int n_rows = (int) samples[i].tokens.size() - (rows == Rows::without_last ? 1 : 0);
        if (n_rows < 1) continue;
        const int length = (int) padded(n_rows);
        if (batches.empty() || batches.back().n_rows + length > max_rows) batches.emplace_back();
        MicroBatch & batch = batches.back();
        batch.samples.push_back({(int) i, batch.n_rows, n_rows, length});
        batch.n_rows += length;
    }
    return batches;
}

}  // namespace isheep

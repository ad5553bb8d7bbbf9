// Which samples are computed together, and where each lies among the rows of its micro-batch. Samples lie one after the
// other; positions restart in each and attention stays inside it, so nothing is padded to the longest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace isheep {

struct Sample {
    std::vector<int32_t> tokens;
    int context = 1;  // tokens from the front without loss, at least 1
    std::string id;   // what errors call it; "": its index

    int loss_tokens() const { return (int) tokens.size() > context ? (int) tokens.size() - context : 0; }
};

// A sample's rows: n_rows of its tokens from the front, then zero rows up to `length`, a multiple of row_padding
// (graph.h).
struct PackedSample {
    int index;  // in the samples that were packed
    int first_row, n_rows, length;
};

struct MicroBatch {
    std::vector<PackedSample> samples;
    int n_rows = 0;  // padding included
};

enum class Rows { all, without_last };  // the last token predicts nothing that is trained

// The longest first, each into the first micro-batch that has room for it (first-fit decreasing), so that few are
// nearly empty. A sample above `max_rows` gets one of its own.
// Samples without rows are left out.
std::vector<MicroBatch> pack(const std::vector<Sample> & samples, int max_rows, Rows rows);

}  // namespace isheep

// Which samples are computed together, and where each lies among the rows of its micro-batch. Samples lie one after the
// other; positions restart in each and attention stays inside it, so nothing is padded to the longest. Tokens that all
// of them begin with, as a chat template's system message, may have rows once: behind a causal mask these come out the
// same in every sample, and their gradients add up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace isheep {

struct Sample {
    std::vector<int32_t> tokens;
    int context = 1;   // tokens from the front without loss, at least 1
    std::string id{};  // what errors call it; "": its index
    float weight = 1;  // of each of its tokens' losses in what a step makes smaller; above 0

    int loss_tokens() const { return (int) tokens.size() > context ? (int) tokens.size() - context : 0; }
};

// A sample's own rows: n_rows of its tokens behind the shared ones, then zero rows up to `length`.
struct PackedSample {
    int index;  // in the samples that were packed
    int first_row, n_rows, length;
};

struct MicroBatch {
    std::vector<PackedSample> samples;
    int n_shared = 0;  // the first rows: the tokens that all samples begin with; even
    int n_rows = 0;    // padding included, a multiple of row_padding (graph.h)

    // Where a token of a sample lies.
    int row(const PackedSample & sample, int token) const {
        return token < n_shared ? token : sample.first_row + token - n_shared;
    }
};

enum class Rows { all, without_last };  // the last token predicts nothing that is trained

// What the graphs of a micro-batch can take.
struct RowLayout {
    int multiple;  // that a sample's rows are padded to; even
    bool shares;   // tokens that samples begin with
};

// The longest first, each into the first micro-batch that has room for it (first-fit decreasing), so that few are
// nearly empty. A sample above `max_rows` gets one of its own.
// Samples without rows are left out.
std::vector<MicroBatch> pack(const std::vector<Sample> & samples, int max_rows, Rows rows, RowLayout layout);

}  // namespace isheep

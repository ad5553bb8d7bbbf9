#include "inference/prompt-block.h"

#include "inference/cache-attention.h"

#include <algorithm>
#include <limits>

namespace isheep {
namespace {

struct Limits {
    size_t n_tokens;
    size_t n_rows;
};

// How many of its tokens one sequence can compute by itself.
size_t longest_piece(const PromptRest & rest, const Limits & limits) {
    return std::min({rest.n_left, limits.n_tokens, rest.n_without_row + limits.n_rows});
}

// A block and what it is good for.
struct Candidate {
    PromptBlock block;
    size_t n_useful = 0;

    size_t cost() const { return block_cost + (block.end - block.begin) * block.length; }
    // Whether it computes more for the same cost.
    bool is_better_than(const Candidate & other) const { return n_useful * other.cost() > other.n_useful * cost(); }
};

// Calls take(candidate) for every block that ends with the given sequence's longest piece, shortest first.
template <typename Take>
void each_block_to(size_t last, const std::vector<PromptRest> & rests, const Limits & limits, const Take & take) {
    Candidate candidate;
    candidate.block.end = last + 1;
    size_t n_rows = 0;
    size_t n_room = std::numeric_limits<size_t>::max();
    for (size_t begin = last + 1; begin-- > 0 && rests[begin].n_left > 0;) {
        const PromptRest & rest = rests[begin];
        const size_t n = longest_piece(rest, limits);
        const bool is_cut = n < rest.n_left;
        const bool is_first = begin == last;
        // A prompt must not get to other attention by being filled up, or its text would depend on its neighbours. One
        // that does not fit into a block is cut by itself, in the same places each time.
        const bool is_alike = (n < tiled_rows) == (candidate.block.length < tiled_rows);
        if (!is_first && (is_cut || !is_alike)) return;
        candidate.block.begin = begin;
        candidate.block.length = std::max(candidate.block.length, n);
        candidate.n_useful += n;
        n_rows += n > rest.n_without_row ? n - rest.n_without_row : 0;
        n_room = std::min(n_room, rest.n_room);
        const size_t n_tokens = (candidate.block.end - begin) * candidate.block.length;
        if (n_tokens > limits.n_tokens || n_rows > limits.n_rows || candidate.block.length > n_room) return;
        take(candidate);
        if (is_cut) return;
    }
}

}  // namespace

// Cuts the sequences into blocks of the lowest total cost (by the best last block of each beginning of them), and takes
// the block that computes most for its cost: the others may find neighbours of their length by then.
PromptBlock choose_prompt_block(const std::vector<PromptRest> & rests, size_t n_tokens_max, size_t n_rows_max) {
    const Limits limits = {n_tokens_max, n_rows_max};
    std::vector<size_t> cost(rests.size() + 1, 0);  // of the sequences before
    std::vector<Candidate> last(rests.size() + 1);
    for (size_t s = 0; s < rests.size(); s++) {
        cost[s + 1] = rests[s].n_left == 0 ? cost[s] : std::numeric_limits<size_t>::max();
        each_block_to(s, rests, limits, [&](const Candidate & candidate) {
            const size_t total = cost[candidate.block.begin] + candidate.cost();
            if (total >= cost[s + 1]) return;
            cost[s + 1] = total;
            last[s + 1] = candidate;
        });
    }
    Candidate best;
    for (size_t end = rests.size(); end > 0;) {
        const bool is_block = last[end].n_useful > 0;
        if (is_block && !best.is_better_than(last[end])) best = last[end];
        end = is_block ? last[end].block.begin : end - 1;
    }
    return best.block;
}

}  // namespace isheep

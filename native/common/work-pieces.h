// How the threads of a graph share the work of a node: each takes a piece, and the next when that is done. So a slow
// core, or one that other programs want, too, does less, and the others hardly wait for it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>

namespace isheep {

class WorkPieces {
public:
    // Of n items those that are next: from … to, at most `most` of them, and fewer towards the end; from == to where
    // none is left. Each of the nth threads has to ask until it is told so, once: after that the items can be shared
    // out anew.
    std::pair<int64_t, int64_t> take(int64_t n, int nth, int64_t most) {
        int64_t from = next_.load(std::memory_order_relaxed), to;
        do {
            to = from < n ? from + std::clamp<int64_t>((n - from) / nth, 1, most) : from + 1;
        } while (!next_.compare_exchange_weak(from, to, std::memory_order_relaxed));
        if (from < n) return {from, to};
        if (from == n + nth - 1) next_.store(0, std::memory_order_relaxed);
        return {n, n};
    }

private:
    std::atomic<int64_t> next_{0};  // beyond the items: how many threads were told that none is left
};

}  // namespace isheep

// Work that threads share: every item is somebody's, and nobody else's, round after round.
#include "common/work-pieces.h"
#include "test/check.h"

#include <atomic>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

using namespace isheep;
using namespace isheep::test;

namespace {

// How often each item was taken in so many rounds, behind each of which the threads wait for each other.
std::vector<int> taken(int64_t n, int nth, int64_t most, int n_rounds) {
    WorkPieces pieces;
    std::vector<std::atomic<int>> times((size_t) n);
    for (int round = 0; round < n_rounds; round++) {
        const auto work = [&] {
            for (;;) {
                const auto [from, to] = pieces.take(n, nth, most);
                if (from == to) return;
                check(from >= 0 && to <= n && to - from <= most, "a piece of " + std::to_string(to - from));
                for (int64_t i = from; i < to; i++) times[(size_t) i]++;
            }
        };
        std::vector<std::thread> threads;
        for (int i = 1; i < nth; i++) threads.emplace_back(work);
        work();
        for (std::thread & thread : threads) thread.join();
    }
    return {times.begin(), times.end()};
}

}  // namespace

TEST("threads that share work take every item once, in each round") {
    for (int nth : {1, 2, 3, 8}) {
        for (int64_t n : {0, 1, 2, 7, 1000}) {
            for (int64_t most : {1, 5, 5000}) {
                const std::string name = std::to_string(n) + " items, " + std::to_string(nth) + " threads";
                check(taken(n, nth, most, 20) == std::vector<int>((size_t) n, 20), name);
            }
        }
    }
}

TEST("a thread that is slow leaves the pieces to the others, which become smaller towards the end") {
    WorkPieces pieces;
    const auto [first, slow] = pieces.take(100, 2, 30);
    check_equal(slow - first, 30, "a first piece");
    std::vector<int64_t> sizes;
    for (auto [from, to] = pieces.take(100, 2, 30); from < to; std::tie(from, to) = pieces.take(100, 2, 30))
        sizes.push_back(to - from);
    check(sizes == std::vector<int64_t>{30, 20, 10, 5, 2, 1, 1, 1}, "the pieces of the other thread");
}

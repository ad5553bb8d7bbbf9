// Which tokens of waiting prompts are computed together.
#include "inference/prompt-block.h"
#include "test/check.h"

#include <algorithm>
#include <random>
#include <string>

using namespace isheep;
using isheep::test::check;

namespace {

constexpr size_t n_context = 4096;

// Prompts of which only the last token's logits are wanted; 0: no prompt.
std::vector<PromptRest> prompts(const std::vector<size_t> & lengths) {
    std::vector<PromptRest> rests;
    for (size_t n : lengths) rests.push_back({n, n > 0 ? n - 1 : 0, n_context});
    return rests;
}

void check_block(const std::vector<PromptRest> & rests, const PromptBlock & expected, size_t n_rows_max = 512) {
    const PromptBlock found = choose_prompt_block(rests, 512, n_rows_max);
    const bool same = found.begin == expected.begin && found.end == expected.end && found.length == expected.length;
    check(same, "sequences " + std::to_string(found.begin) + " to " + std::to_string(found.end) + ", " +
                    std::to_string(found.length) + " tokens each");
}

}  // namespace

TEST("prompts of about one length are filled up to one block") {
    check_block(prompts({}), {});
    check_block(prompts({0, 0}), {});
    check_block(prompts({0, 7, 0}), {1, 2, 7});
    check_block(prompts({54, 53, 50, 54}), {0, 4, 54});
    check_block(prompts({122, 121, 120, 122, 121}), {0, 4, 122});
}

TEST("a prompt is not filled up where another block is cheaper") {
    check_block(prompts({8, 200, 8}), {1, 2, 200});
    check_block(prompts({2000, 3}), {0, 1, 512});
}

TEST("sequences apart from each other are not in one block") {
    check_block(prompts({100, 0, 100, 100}), {2, 4, 100});
}

TEST("filling does not pass the end of a sequence's cache") {
    std::vector<PromptRest> rests = prompts({70, 74});
    check_block(rests, {0, 2, 74});
    rests[0].n_room = 72;
    check_block(rests, {1, 2, 74});
}

TEST("filling does not lift a prompt to the length from which attention is computed otherwise") {
    check_block(prompts({60, 66}), {1, 2, 66});
    check_block(prompts({64, 66}), {0, 2, 66});
    check_block(prompts({60, 63}), {0, 2, 63});
}

TEST("a block has no more rows of logits than there is room for") {
    std::vector<PromptRest> rests = prompts({100, 100, 100});
    for (PromptRest & rest : rests) rest.n_without_row = 20;  // 80 rows each
    check_block(rests, {0, 2, 100}, 200);
    check_block(rests, {0, 1, 70}, 50);
}

TEST("any prompts come to their end, block by block, within all limits") {
    std::mt19937 random(7);
    const auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
    for (int round = 0; round < 300; round++) {
        std::vector<PromptRest> rests(1 + below(40));
        size_t n_left = 0;
        for (PromptRest & rest : rests) {
            rest.n_left = below(3) == 0 ? 0 : below(700);
            rest.n_without_row = below(rest.n_left + 1);
            rest.n_room = rest.n_left + below(20);
            n_left += rest.n_left;
        }
        const size_t n_tokens_max = 1 + below(600);
        const size_t n_rows_max = 1 + below(100);
        while (n_left > 0) {
            const PromptBlock block = choose_prompt_block(rests, n_tokens_max, n_rows_max);
            check(block.length > 0 && (block.end - block.begin) * block.length <= n_tokens_max, "tokens");
            size_t n_rows = 0;
            for (size_t s = block.begin; s < block.end; s++) {
                PromptRest & rest = rests[s];
                const size_t n = std::min(rest.n_left, block.length);
                check(n > 0 && block.length <= rest.n_room, "a piece, and room for it");
                n_rows += n - std::min(n, rest.n_without_row);
                rest = {rest.n_left - n, rest.n_without_row - std::min(n, rest.n_without_row), rest.n_room - n};
                n_left -= n;
            }
            check(n_rows <= n_rows_max, "rows");
        }
    }
}

// Which tokens of waiting prompts to compute next. llama.cpp computes a batch as blocks: as many tokens of each of some
// neighbouring sequences (llama_batch_allocr::split_equal), and a block costs its reading of all weights besides what
// its tokens cost. Prompts that are cut at any length would be computed in as many blocks as there are lengths; so we
// make each batch one block, filled up behind the end of shorter prompts where that is cheaper than another block.
#pragma once

#include <cstddef>
#include <vector>

namespace isheep {

// What is left of one sequence's prompt.
struct PromptRest {
    size_t n_left = 0;         // tokens to compute; 0 where the sequence has no prompt to compute
    size_t n_without_row = 0;  // the first of them, whose logits are not wanted
    size_t n_room = 0;         // tokens that its cache can take, filling included
};

struct PromptBlock {
    size_t begin = 0;   // the first sequence
    size_t end = 0;     // behind the last one
    size_t length = 0;  // tokens of each, filling included
};

// What a block costs besides its tokens, in tokens: a 135M model in Q8_0 takes 17 ms and 1 ms a token on two cores.
// Both grow with the model's size alike.
constexpr size_t block_cost = 16;

// The block whose useful tokens cost the least, of at most n_tokens_max tokens and n_rows_max rows of logits; none
// (length 0) where no sequence has a prompt.
PromptBlock choose_prompt_block(const std::vector<PromptRest> & rests, size_t n_tokens_max, size_t n_rows_max);

}  // namespace isheep

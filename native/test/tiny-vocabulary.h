// The vocabulary of tiny models: 256 bytes as GPT-2 writes them, merges of frequent English pairs, three special tokens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace isheep {

struct TinyVocabulary {
    std::vector<std::string> tokens;  // the id is the index
    std::vector<int32_t> types;       // of llama.cpp's llama_token_type: 1 normal, 3 control
    std::vector<std::string> merges;  // "a b", most frequent first
    int32_t end_of_text, turn_start, turn_end;
};

TinyVocabulary tiny_vocabulary();

}  // namespace isheep

// Reads a grammar in llama.cpp's GBNF notation into rules, the same ones that llama.cpp makes of it, so that
// grammar-check can look at them before llama.cpp does. Leaves out GBNF's token elements, <…> and !<…>: llama.cpp may
// allow a token by them that it then cannot accept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace isheep {

// Code points, as sorted ranges that neither touch nor overlap; both ends included.
class CharacterSet {
public:
    using Range = std::pair<uint32_t, uint32_t>;

    CharacterSet() = default;
    explicit CharacterSet(std::vector<Range> ranges);

    CharacterSet inverse() const;
    bool meets(const CharacterSet & other) const;  // whether a code point is in both
    void add(const CharacterSet & other) { *this = union_of({*this, other}); }
    static CharacterSet union_of(const std::vector<CharacterSet> & sets);

private:
    std::vector<Range> ranges_;
};

struct Grammar {
    struct Element {
        bool is_rule;
        uint32_t index;  // of `rules`, or of `characters`
    };
    using Sequence = std::vector<Element>;

    std::vector<std::string> names;            // [rules] a group's or repetition's: of the rule it stands in
    std::vector<std::vector<Sequence>> rules;  // the alternatives of each
    std::vector<CharacterSet> characters;
    std::vector<bool> repeats;  // [rules] whether the rule is that of a * or +: item itself | nothing
};

// Throws Error(bad_input) with the line, and for a grammar that would need more memory than is reasonable.
Grammar read_gbnf(const std::string & text);

}  // namespace isheep

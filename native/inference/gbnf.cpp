#include "inference/gbnf.h"

#include "common/status.h"
#include "inference/stop-strings.h"

#include <algorithm>
#include <map>

namespace isheep {
namespace {

constexpr uint32_t last_code_point = 0x10FFFF;
constexpr size_t text_max = 64 << 10;        // bytes of a grammar
constexpr size_t name_max = 100;             // characters of a rule's name, which llama.cpp copies for every repetition
constexpr size_t elements_max = 100 * 1000;  // elements of all rules after repetitions are written out
constexpr size_t depth_max = 64;             // of groups, which llama.cpp reads by recursion
constexpr uint64_t repetitions_max = 2000;   // llama.cpp's own limit

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || is_digit(c);
}

// Recursive descent, in the steps of llama.cpp's own parser (llama-grammar.cpp), so that both read the same.
class Reader {
public:
    explicit Reader(const std::string & text) : text_(text) {}

    Grammar read() {
        skip_space(true);
        while (at_ < text_.size()) read_rule();
        if (!ids_.count("root")) fail("there is no rule named root");
        for (const auto & [name, id] : ids_) {
            if (grammar_.rules[id].empty()) fail("the rule " + name + " is used and not defined");
        }
        return std::move(grammar_);
    }

private:
    using Element = Grammar::Element;
    using Sequence = Grammar::Sequence;

    [[noreturn]] void fail(const std::string & what) const {
        const auto line = 1 + std::count(text_.begin(), text_.begin() + (ptrdiff_t) std::min(at_, text_.size()), '\n');
        throw Error(Code::bad_input, "line " + std::to_string(line) + " of the grammar: " + what);
    }

    // The character at the position, '\0' at the end.
    char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

    void skip_space(bool newlines) {
        for (;; at_++) {
            if (peek() == '#') {
                while (peek() && peek() != '\r' && peek() != '\n') at_++;
            }
            const char c = peek();
            if (c != ' ' && c != '\t' && !(newlines && (c == '\r' || c == '\n'))) return;
        }
    }

    std::string read_name() {
        const size_t begin = at_;
        while (is_name_character(peek())) at_++;
        if (at_ == begin) fail("the name of a rule is expected");
        if (at_ - begin > name_max) fail("the name of a rule is longer than " + std::to_string(name_max));
        return text_.substr(begin, at_ - begin);
    }

    uint32_t add_rule(const std::string & name) {
        grammar_.names.push_back(name);
        grammar_.rules.emplace_back();
        grammar_.repeats.push_back(false);
        return (uint32_t) grammar_.rules.size() - 1;
    }

    uint32_t rule_named(const std::string & name) {
        const auto found = ids_.find(name);
        if (found != ids_.end()) return found->second;
        return ids_[name] = add_rule(name);
    }

    void read_rule() {
        const std::string name = read_name();
        skip_space(false);
        const uint32_t rule = rule_named(name);
        if (text_.compare(at_, 3, "::=") != 0) fail("::= is expected after the name " + name);
        if (!grammar_.rules[rule].empty()) fail("the rule " + name + " is defined twice");
        at_ += 3;
        skip_space(true);
        read_alternatives(rule, name, 0);
        if (peek() && peek() != '\r' && peek() != '\n') fail(std::string("\"") + peek() + "\" is not expected here");
        skip_space(true);
    }

    void read_alternatives(uint32_t rule, const std::string & name, size_t depth) {
        std::vector<Sequence> alternatives = {read_sequence(name, depth)};
        while (peek() == '|') {
            at_++;
            skip_space(true);
            alternatives.push_back(read_sequence(name, depth));
        }
        count(alternatives.size());
        grammar_.rules[rule] = std::move(alternatives);
    }

    Sequence read_sequence(const std::string & name, size_t depth) {
        Sequence sequence;
        size_t item = 0;       // where the last item begins
        uint64_t n_rules = 1;  // that the last item has come to, as llama.cpp counts them
        for (;;) {
            const char c = peek();
            if (c == '*' || c == '+' || c == '?' || c == '{') {
                const auto [least, most] = read_repetition(depth > 0);
                repeat(sequence, item, least, most, name, n_rules);
                continue;
            }
            if (c != '"' && c != '[' && c != '(' && c != '.' && !is_name_character(c)) {
                if (c == '<' || c == '!') fail("tokens (<…>) are not supported; write their text");
                return sequence;
            }
            item = sequence.size();
            n_rules = 1;
            if (c == '"') read_literal(sequence);
            else if (c == '[') read_class(sequence);
            else if (c == '(') n_rules = read_group(sequence, name, depth + 1);
            else if (c == '.') at_++, add_characters(sequence, CharacterSet({{0, last_code_point}}), 1);
            else sequence.push_back({true, rule_named(read_name())});
            count(1);
            skip_space(depth > 0);
        }
    }

    void read_literal(Sequence & sequence) {
        for (at_++; peek() != '"';) {
            const uint32_t c = read_character();
            add_characters(sequence, CharacterSet({{c, c}}), 1);
        }
        at_++;
    }

    void read_class(Sequence & sequence) {
        const bool inverse = peek(1) == '^';
        at_ += inverse ? 2 : 1;
        std::vector<CharacterSet::Range> ranges;
        while (peek() != ']') {
            const uint32_t first = read_character();
            uint32_t last = first;
            if (peek() == '-' && peek(1) != ']') {
                at_++;
                last = read_character();
            }
            if (last < first) fail("a range of characters ends before it begins");
            ranges.push_back({first, last});
        }
        at_++;
        if (ranges.empty()) fail("there is nothing between [ and ]");
        const size_t size = 2 * ranges.size();
        const CharacterSet set(std::move(ranges));
        add_characters(sequence, inverse ? set.inverse() : set, size);
    }

    uint64_t read_group(Sequence & sequence, const std::string & name, size_t depth) {
        if (depth > depth_max) fail("groups are nested more than " + std::to_string(depth_max) + " deep");
        at_++;
        skip_space(true);
        const size_t before = grammar_.rules.size();
        const uint32_t rule = add_rule(name);
        read_alternatives(rule, name, depth);
        if (peek() != ')') fail(") is expected");
        at_++;
        sequence.push_back({true, rule});
        return grammar_.rules.size() - before;
    }

    void add_characters(Sequence & sequence, CharacterSet set, size_t size) {
        sequence.push_back({false, (uint32_t) grammar_.characters.size()});
        grammar_.characters.push_back(std::move(set));
        sizes_.push_back(size);
        count(size);
    }

    uint32_t read_character() {
        if (!peek()) fail("the text ends within a literal or a class");
        if (peek() != '\\') return read_utf8();
        const char escaped = peek(1);
        at_ += 2;
        switch (escaped) {
            case 'x':  return read_hex(2);
            case 'u':  return read_hex(4);
            case 'U':  return read_hex(8);
            case 't':  return '\t';
            case 'r':  return '\r';
            case 'n':  return '\n';
            case '\\':
            case '"':
            case '[':
            case ']':
            case '-':  return (uint32_t) escaped;
            default:   fail("\\ is followed by none of x u U t r n \\ \" [ ] -");
        }
    }

    uint32_t read_utf8() {  // the text is valid UTF-8
        const unsigned char first = (unsigned char) text_[at_++];
        const int n_more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
        uint32_t value = n_more == 0 ? first : first & (0x3F >> n_more);
        for (int i = 0; i < n_more; i++) value = (value << 6) | ((unsigned char) text_[at_++] & 0x3F);
        return value;
    }

    uint32_t read_hex(size_t n) {
        uint32_t value = 0;
        for (size_t i = 0; i < n; i++, at_++) {
            const char c = peek();
            const int digit = is_digit(c)            ? c - '0'
                              : c >= 'a' && c <= 'f' ? c - 'a' + 10
                              : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                     : -1;
            if (digit < 0) fail(std::to_string(n) + " hexadecimal digits are expected");
            value = (value << 4) | (uint32_t) digit;
        }
        const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
        if (value == 0 || is_surrogate || value > last_code_point) fail("no text has a character of that number");
        return value;
    }

    // Least and most repetitions; most is `unlimited` where there is no limit.
    std::pair<uint64_t, uint64_t> read_repetition(bool newlines) {
        const char kind = peek();
        at_++;
        skip_space(newlines);
        if (kind == '*') return {0, unlimited};
        if (kind == '+') return {1, unlimited};
        if (kind == '?') return {0, 1};
        const uint64_t least = read_count(newlines);
        uint64_t most = least;
        if (peek() == ',') {
            at_++;
            skip_space(newlines);
            most = is_digit(peek()) ? read_count(newlines) : unlimited;
        }
        if (peek() != '}') fail("} is expected");
        at_++;
        skip_space(newlines);
        if (most < least) fail("a repetition has a largest number below its smallest");
        return {least, most};
    }

    uint64_t read_count(bool newlines) {
        const size_t begin = at_;
        while (is_digit(peek())) at_++;
        if (at_ == begin) fail("a number of repetitions is expected");
        if (at_ - begin > 4 || std::stoul(text_.substr(begin, at_ - begin)) >= repetitions_max) {
            fail("at most " + std::to_string(repetitions_max - 1) + " repetitions can be asked for");
        }
        const uint64_t value = std::stoul(text_.substr(begin, at_ - begin));
        skip_space(newlines);
        return value;
    }

    // S{m,n} becomes S m times and then S(n-m) ::= S S(n-m-1) | nothing; S{m,} the same with S' ::= S S' | nothing.
    void repeat(Sequence & sequence, size_t item, uint64_t least, uint64_t most, const std::string & name,
                uint64_t & n_rules) {
        if (item == sequence.size()) fail("there is nothing to repeat");
        const bool has_most = most != unlimited;
        const uint64_t n_copies = has_most && most > 0 ? most : std::max<uint64_t>(least, 1);
        if (n_rules * n_copies >= repetitions_max) fail("repetitions within repetitions come to too many");
        n_rules *= n_copies;

        const Sequence repeated(sequence.begin() + (ptrdiff_t) item, sequence.end());
        count(size_of(repeated) * (n_copies + 1));
        if (least == 0) sequence.resize(item);
        for (uint64_t i = 1; i < least; i++) sequence.insert(sequence.end(), repeated.begin(), repeated.end());
        const uint64_t n_optional = has_most ? most - least : 1;
        uint32_t last = 0;
        for (uint64_t i = 0; i < n_optional; i++) {
            const uint32_t rule = add_rule(name);
            Sequence optional = repeated;
            if (i > 0 || !has_most) optional.push_back({true, has_most ? last : rule});
            grammar_.rules[rule] = {std::move(optional), {}};
            grammar_.repeats[rule] = !has_most;
            count(3);
            last = rule;
        }
        if (n_optional > 0) sequence.push_back({true, last});
    }

    size_t size_of(const Sequence & sequence) const {
        size_t size = 0;
        for (const Element & element : sequence) size += element.is_rule ? 1 : sizes_[element.index];
        return size;
    }

    void count(size_t more) {
        n_elements_ += more;
        if (n_elements_ > elements_max) fail("the grammar comes to too many elements with its repetitions");
    }

    static constexpr uint64_t unlimited = UINT64_MAX;

    const std::string & text_;
    size_t at_ = 0;
    Grammar grammar_;
    std::map<std::string, uint32_t> ids_;  // of named rules
    std::vector<size_t> sizes_;            // [characters] elements that llama.cpp has for the set
    size_t n_elements_ = 0;
};

}  // namespace

CharacterSet::CharacterSet(std::vector<Range> ranges) {
    std::sort(ranges.begin(), ranges.end());
    for (const Range & range : ranges) {
        if (!ranges_.empty() && range.first <= ranges_.back().second + 1) {
            ranges_.back().second = std::max(ranges_.back().second, range.second);
        } else {
            ranges_.push_back(range);
        }
    }
}

CharacterSet CharacterSet::inverse() const {
    CharacterSet inverse;
    uint32_t next = 0;
    for (const Range & range : ranges_) {
        if (range.first > next) inverse.ranges_.push_back({next, range.first - 1});
        next = range.second + 1;
    }
    if (next <= last_code_point) inverse.ranges_.push_back({next, last_code_point});
    return inverse;
}

bool CharacterSet::meets(const CharacterSet & other) const {
    for (size_t i = 0, j = 0; i < ranges_.size() && j < other.ranges_.size();) {
        if (ranges_[i].second < other.ranges_[j].first) i++;
        else if (other.ranges_[j].second < ranges_[i].first) j++;
        else return true;
    }
    return false;
}

CharacterSet CharacterSet::union_of(const std::vector<CharacterSet> & sets) {
    std::vector<Range> all;
    for (const CharacterSet & set : sets) all.insert(all.end(), set.ranges_.begin(), set.ranges_.end());
    return CharacterSet(std::move(all));
}

Grammar read_gbnf(const std::string & text) {
    if (text.size() > text_max) {
        throw Error(Code::bad_input, "the grammar has " + std::to_string(text.size()) + " bytes; at most " +
                                         std::to_string(text_max) + " are possible");
    }
    if (text.find('\0') != std::string::npos) throw Error(Code::bad_input, "the grammar has a character of number 0");
    if (to_utf8(text) != text) throw Error(Code::bad_input, "the grammar is not valid UTF-8");
    return Reader(text).read();
}

}  // namespace isheep

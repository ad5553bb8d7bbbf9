#include "inference/grammar-check.h"

#include "common/status.h"

#include <algorithm>

namespace isheep {
namespace {

constexpr size_t beginnings_max = 20 * 1000;  // llama.cpp goes through all of them at every step
constexpr size_t height_max = 500;            // of rules that begin with one another, which llama.cpp recurses into

using Element = Grammar::Element;
using Sequence = Grammar::Sequence;

[[noreturn]] void refuse(const Grammar & grammar, size_t rule, const std::string & what) {
    throw Error(Code::bad_input, "the rule " + grammar.names[rule] + " of the grammar " + what);
}

class Checker {
public:
    explicit Checker(const Grammar & grammar)
        : grammar_(grammar),
          n_(grammar.rules.size()),
          nullable_(n_),
          state_(n_, State::unseen),
          height_(n_),
          beginnings_(n_),
          first_(n_),
          group_(n_, -1) {}

    void check() {
        find_nullable();
        for (size_t rule = 0; rule < n_; rule++) visit(rule, 0);
        check_repetitions();
        find_groups();
        check_recursion();
    }

private:
    enum class State { unseen, open, done };

    bool is_nullable(const Element & element) const { return element.is_rule && nullable_[element.index]; }
    bool is_nullable(const Sequence & sequence) const {
        return std::all_of(sequence.begin(), sequence.end(), [this](const Element & e) { return is_nullable(e); });
    }

    void find_nullable() {
        for (bool changed = true; changed;) {
            changed = false;
            for (size_t rule = 0; rule < n_; rule++) {
                if (nullable_[rule]) continue;
                const auto & alternatives = grammar_.rules[rule];
                nullable_[rule] = std::any_of(alternatives.begin(), alternatives.end(),
                                              [this](const Sequence & sequence) { return is_nullable(sequence); });
                changed = changed || nullable_[rule];
            }
        }
    }

    // Goes through the rules that a rule may begin with. Refuses left recursion, and what is too deep or too wide;
    // finds the characters that a rule may begin with.
    void visit(size_t rule, size_t depth) {
        if (state_[rule] == State::done) return;
        if (state_[rule] == State::open) refuse(grammar_, rule, "can begin with itself (left recursion)");
        if (depth > height_max) refuse(grammar_, rule, "begins with rules that are nested too deep");
        state_[rule] = State::open;
        size_t beginnings = 1, height = 0;
        std::vector<CharacterSet> firsts;
        for (const Sequence & sequence : grammar_.rules[rule]) {
            for (const Element & element : sequence) {
                if (element.is_rule) {
                    visit(element.index, depth + 1);
                    beginnings += beginnings_[element.index];
                    height = std::max(height, height_[element.index] + 1);
                } else {
                    beginnings++;
                }
                if (beginnings > beginnings_max) refuse(grammar_, rule, "can begin in too many ways");
                if (!is_nullable(element)) break;
            }
            firsts.push_back(first_of(sequence));
        }
        first_[rule] = CharacterSet::union_of(firsts);
        if (height > height_max) refuse(grammar_, rule, "begins with rules that are nested too deep");
        beginnings_[rule] = beginnings;
        height_[rule] = height;
        state_[rule] = State::done;
    }

    CharacterSet first_of(const Sequence & sequence) const {
        std::vector<CharacterSet> firsts;
        for (const Element & element : sequence) {
            firsts.push_back(element.is_rule ? first_[element.index] : grammar_.characters[element.index]);
            if (!is_nullable(element)) break;
        }
        return CharacterSet::union_of(firsts);
    }

    // ([a-z]+)+ and the like.
    void check_repetitions() {
        for (size_t rule = 0; rule < n_; rule++) {
            if (!grammar_.repeats[rule]) continue;
            Sequence item = grammar_.rules[rule][0];
            item.pop_back();  // the rule itself
            const CharacterSet first = first_of(item);
            std::vector<bool> seen(n_);
            seen[rule] = true;
            if (ends_in_repetition(item, first, seen)) {
                refuse(grammar_, rule, "repeats an item that ends in a repetition which begins like the item");
            }
        }
    }

    bool ends_in_repetition(const Sequence & sequence, const CharacterSet & first, std::vector<bool> & seen) const {
        for (size_t i = sequence.size(); i-- > 0;) {
            const Element & element = sequence[i];
            if (!element.is_rule) return false;
            if (!seen[element.index]) {
                seen[element.index] = true;
                if (grammar_.repeats[element.index] && first_[element.index].meets(first)) return true;
                for (const Sequence & alternative : grammar_.rules[element.index]) {
                    if (ends_in_repetition(alternative, first, seen)) return true;
                }
            }
            if (!nullable_[element.index]) return false;
        }
        return false;
    }

    // Rules that contain one another get the same group (Kosaraju's algorithm, without recursion).
    void find_groups() {
        std::vector<std::vector<uint32_t>> used_by(n_), uses(n_);
        for (size_t rule = 0; rule < n_; rule++) {
            for (const Sequence & sequence : grammar_.rules[rule]) {
                for (const Element & element : sequence) {
                    if (!element.is_rule) continue;
                    uses[rule].push_back(element.index);
                    used_by[element.index].push_back((uint32_t) rule);
                }
            }
        }
        std::vector<uint32_t> order;
        std::vector<bool> seen(n_);
        for (uint32_t root = 0; root < n_; root++) {
            if (seen[root]) continue;
            std::vector<std::pair<uint32_t, size_t>> path = {{root, 0}};
            seen[root] = true;
            while (!path.empty()) {
                const uint32_t rule = path.back().first;
                if (path.back().second == uses[rule].size()) {
                    order.push_back(rule);
                    path.pop_back();
                    continue;
                }
                const uint32_t next = uses[rule][path.back().second++];
                if (!seen[next]) path.push_back({next, 0});
                seen[next] = true;
            }
        }
        int n_groups = 0;
        for (size_t i = order.size(); i-- > 0;) {
            if (group_[order[i]] >= 0) continue;
            std::vector<uint32_t> reached = {order[i]};
            group_[order[i]] = n_groups;
            while (!reached.empty()) {
                const uint32_t rule = reached.back();
                reached.pop_back();
                for (uint32_t user : used_by[rule]) {
                    if (group_[user] < 0) {
                        group_[user] = n_groups;
                        reached.push_back(user);
                    }
                }
            }
            n_groups++;
        }
    }

    bool is_recursive(size_t rule, const Element & element) const {
        return element.is_rule && group_[element.index] == group_[rule];
    }

    // Each time that such a rule contains itself with something after it, the reading so far must be remembered.
    void check_recursion() {
        std::vector<bool> remembers(n_);  // by group
        for (size_t rule = 0; rule < n_; rule++) {
            for (const Sequence & sequence : grammar_.rules[rule]) {
                for (size_t i = 0; i + 1 < sequence.size(); i++) {
                    if (is_recursive(rule, sequence[i])) remembers[(size_t) group_[rule]] = true;
                }
            }
        }
        for (size_t rule = 0; rule < n_; rule++) {
            if (remembers[(size_t) group_[rule]]) check_recursive_rule(rule);
        }
    }

    void check_recursive_rule(size_t rule) {
        CharacterSet before;
        for (const Sequence & sequence : grammar_.rules[rule]) {
            bool recursive = false, can_skip = false;  // can_skip: from one place that recurses to the next
            for (const Element & element : sequence) {
                if (is_recursive(rule, element)) {
                    if (can_skip) refuse(grammar_, rule, "contains itself twice, and the first may be empty");
                    recursive = true;
                    can_skip = true;
                }
                can_skip = can_skip && is_nullable(element);
            }
            if (!recursive) continue;
            const CharacterSet first = first_of(sequence);
            if (before.meets(first)) refuse(grammar_, rule, "contains itself in two alternatives that begin alike");
            before.add(first);
        }
    }

    const Grammar & grammar_;
    size_t n_;  // rules
    std::vector<bool> nullable_;
    std::vector<State> state_;
    std::vector<size_t> height_;
    std::vector<size_t> beginnings_;
    std::vector<CharacterSet> first_;
    std::vector<int> group_;
};

}  // namespace

void check_grammar(const Grammar & grammar) {
    Checker(grammar).check();
}

}  // namespace isheep

// The seven matrices of a layer that LoRA can be applied to, and how the GGUF calls them.
#pragma once

#include <array>
#include <string>
#include <vector>

namespace isheep {

enum class Target { q, k, v, o, gate, up, down };

constexpr size_t n_targets = 7;
constexpr std::array<Target, n_targets> all_targets = {Target::q,    Target::k,  Target::v,   Target::o,
                                                       Target::gate, Target::up, Target::down};

inline size_t index_of(Target target) {
    return (size_t) target;
}

inline const char * target_name(Target target) {
    constexpr const char * names[] = {"q", "k", "v", "o", "gate", "up", "down"};
    return names[index_of(target)];
}

// The part of the tensor's name between the layer and ".weight".
inline const char * target_tensor(Target target) {
    constexpr const char * names[] = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"};
    return names[index_of(target)];
}

// The targets that multiply the same numbers; each number of a group's input is dropped for all of them or for none.
enum class InputGroup { qkv, o, gate_up, down };

constexpr size_t n_input_groups = 4;

inline size_t index_of(InputGroup group) {
    return (size_t) group;
}

inline std::vector<Target> targets_of(InputGroup group) {
    switch (group) {
        case InputGroup::qkv:     return {Target::q, Target::k, Target::v};
        case InputGroup::o:       return {Target::o};
        case InputGroup::gate_up: return {Target::gate, Target::up};
        default:                  return {Target::down};
    }
}

}  // namespace isheep

#include "training/lora.h"

#include "training/random-bits.h"

#include <algorithm>
#include <cmath>

namespace isheep {

double LoraSettings::scale() const {
    return alpha / (rank_stabilized ? std::sqrt((double) rank) : (double) rank);
}

Lora::Lora(const LoraSettings & settings, const Weights & weights, ggml_backend_buffer_type_t buffer_type,
           uint64_t seed)
    : settings_(settings), store_((2 * n_input_groups + 2 * n_targets) * (size_t) weights.architecture().n_layers) {
    for (int layer = 0; layer < weights.architecture().n_layers; layer++) {
        for (InputGroup group : {InputGroup::qkv, InputGroup::o, InputGroup::gate_up, InputGroup::down})
            add_group(layer, group, weights);
    }
    const size_t n_parameters = parts_.empty() ? 0 : parts_.back().b + settings.rank * parts_.back().n_out;
    for (auto * values : {&parameters, &gradients, &first_moments, &second_moments}) values->assign(n_parameters, 0.0f);
    for (const LoraPart & part : parts_) {
        const uint64_t key = random_key(random_key(random_key(seed, 'A'), part.layer), index_of(part.target));
        const float bound = 1 / std::sqrt((float) part.n_in);
        for (int64_t i = 0; i < settings.rank * part.n_in; i++)
            parameters[part.a + i] = bound * (2 * random_unit(key, i) - 1);
    }
    store_.allocate(buffer_type);
    refresh();
}

// Targets come in the order of all_targets, whatever the order of the settings.
void Lora::add_group(int layer, InputGroup group, const Weights & weights) {
    LoraGroup added{};
    for (Target target : targets_of(group)) {
        if (std::find(settings_.targets.begin(), settings_.targets.end(), target) == settings_.targets.end()) continue;
        const Matrix & matrix = weights.layer(layer)[target];
        const size_t a = parts_.empty() ? 0 : parts_.back().b + settings_.rank * parts_.back().n_out;
        added.members.push_back({parts_.size(), added.n_ranks, nullptr, nullptr});
        parts_.push_back({layer, target, matrix.n_in(), matrix.n_out(), a, a + settings_.rank * matrix.n_in()});
        added.n_in = matrix.n_in();
        added.n_ranks += settings_.rank;
    }
    const int64_t padded_ranks = padded(added.n_ranks);
    if (!added.members.empty()) {
        added.a = store_.add(GGML_TYPE_F32, added.n_in, padded_ranks);
        added.a_transposed = store_.add(GGML_TYPE_F32, padded_ranks, added.n_in);
    }
    for (LoraMember & member : added.members) {
        member.b = store_.add(GGML_TYPE_F32, padded_ranks, parts_[member.part].n_out);
        member.b_transposed = store_.add(GGML_TYPE_F32, parts_[member.part].n_out, padded_ranks);
    }
    groups_.push_back(std::move(added));
}

const LoraMember * LoraGroup::member(const std::vector<LoraPart> & parts, Target target) const {
    for (const LoraMember & member : members) {
        if (parts[member.part].target == target) return &member;
    }
    return nullptr;
}

const LoraGroup * Lora::group(int layer, InputGroup group) const {
    const LoraGroup & found = groups_[layer * n_input_groups + index_of(group)];
    return found.members.empty() ? nullptr : &found;
}

void Lora::refresh() {
    for (const LoraGroup & group : groups_) {
        if (!group.members.empty()) refresh(group);
    }
}

void Lora::refresh(const LoraGroup & group) {
    const int64_t rank = settings_.rank, padded_ranks = padded(group.n_ranks);
    const float scale = (float) settings_.scale();
    std::vector<float> rows(padded_ranks * group.n_in), columns(padded_ranks * group.n_in);
    for (const LoraMember & member : group.members) {
        const float * a = &parameters[parts_[member.part].a];
        std::copy(a, a + rank * group.n_in, &rows[member.first * group.n_in]);
        for (int64_t r = 0; r < rank; r++) {
            for (int64_t c = 0; c < group.n_in; c++)
                columns[c * padded_ranks + member.first + r] = a[r * group.n_in + c];
        }
    }
    set_tensor(group.a, rows.data());
    set_tensor(group.a_transposed, columns.data());
    for (const LoraMember & member : group.members) {
        const int64_t n_out = parts_[member.part].n_out;
        const float * b = &parameters[parts_[member.part].b];
        rows.assign(padded_ranks * n_out, 0.0f);
        columns.assign(padded_ranks * n_out, 0.0f);
        for (int64_t c = 0; c < n_out; c++) {
            for (int64_t r = 0; r < rank; r++) {
                const float value = scale * b[c * rank + r];
                rows[c * padded_ranks + member.first + r] = columns[(member.first + r) * n_out + c] = value;
            }
        }
        set_tensor(member.b, rows.data());
        set_tensor(member.b_transposed, columns.data());
    }
}

void Lora::clear_gradients() {
    std::fill(gradients.begin(), gradients.end(), 0.0f);
}

void Lora::collect(const LoraGroup & group, const ggml_tensor * da, const std::vector<ggml_tensor *> & db) {
    const std::vector<float> a = get_floats(da);
    const float scale = (float) settings_.scale();
    for (size_t m = 0; m < group.members.size(); m++) {
        const LoraPart & part = parts_[group.members[m].part];
        const float * own = &a[group.members[m].first * part.n_in];
        for (int64_t i = 0; i < settings_.rank * part.n_in; i++) gradients[part.a + i] += own[i];
        const std::vector<float> b = get_floats(db[m]);
        for (int64_t r = 0; r < settings_.rank; r++) {
            for (int64_t i = 0; i < part.n_out; i++)
                gradients[part.b + i * settings_.rank + r] += scale * b[r * part.n_out + i];
        }
    }
}

}  // namespace isheep

#include "training/lora.h"

#include "training/random-bits.h"

#include <algorithm>
#include <cmath>

namespace isheep {

double LoraSettings::scale() const { return alpha / (rank_stabilized ? std::sqrt((double) rank) : (double) rank); }

Lora::Lora(const LoraSettings & settings, const Weights & weights, ggml_backend_buffer_type_t buffer_type, uint64_t seed)
    : settings_(settings),
      slots_((size_t) weights.architecture().n_layers * n_targets),
      store_(4 * (size_t) weights.architecture().n_layers * settings.targets.size()) {
    const int64_t padded_rank = padded(settings.rank);
    size_t n_parameters = 0;
    for (int layer = 0; layer < weights.architecture().n_layers; layer++) {
        for (Target target : all_targets) {  // always in this order, whatever the order of the settings
            if (std::find(settings.targets.begin(), settings.targets.end(), target) == settings.targets.end()) continue;
            const Matrix & matrix = weights.layer(layer)[target];
            const int64_t n_in = matrix.n_in(), n_out = matrix.n_out();
            slot(layer, target) = parts_.size();
            parts_.push_back({layer, target, n_in, n_out, n_parameters, n_parameters + settings.rank * n_in});
            n_parameters += settings.rank * (n_in + n_out);
            matrices_.push_back({store_.add(GGML_TYPE_F32, n_in, padded_rank), store_.add(GGML_TYPE_F32, padded_rank, n_in),
                                 store_.add(GGML_TYPE_F32, padded_rank, n_out), store_.add(GGML_TYPE_F32, n_out, padded_rank)});
        }
    }
    for (auto * values : {&parameters, &gradients, &first_moments, &second_moments}) values->assign(n_parameters, 0.0f);
    for (const LoraPart & part : parts_) {
        const uint64_t key = random_key(random_key(random_key(seed, 'A'), part.layer), index_of(part.target));
        const float bound = 1 / std::sqrt((float) part.n_in);
        for (int64_t i = 0; i < settings.rank * part.n_in; i++) parameters[part.a + i] = bound * (2 * random_unit(key, i) - 1);
    }
    store_.allocate(buffer_type);
    refresh();
}

const LoraMatrices * Lora::matrices(int layer, Target target) const {
    const auto & index = slots_[layer * n_targets + index_of(target)];
    return index ? &matrices_[*index] : nullptr;
}

const LoraPart * Lora::part(int layer, Target target) const {
    const auto & index = slots_[layer * n_targets + index_of(target)];
    return index ? &parts_[*index] : nullptr;
}

void Lora::refresh() {
    const int64_t rank = settings_.rank, padded_rank = padded(rank);
    const float scale = (float) settings_.scale();
    std::vector<float> rows, columns;
    for (size_t i = 0; i < parts_.size(); i++) {
        const LoraPart & part = parts_[i];
        const float * a = &parameters[part.a], * b = &parameters[part.b];
        rows.assign(padded_rank * part.n_in, 0.0f);
        columns.assign(padded_rank * part.n_in, 0.0f);
        std::copy(a, a + rank * part.n_in, rows.begin());
        for (int64_t r = 0; r < rank; r++) {
            for (int64_t c = 0; c < part.n_in; c++) columns[c * padded_rank + r] = a[r * part.n_in + c];
        }
        set_tensor(matrices_[i].a, rows.data());
        set_tensor(matrices_[i].a_transposed, columns.data());

        rows.assign(padded_rank * part.n_out, 0.0f);
        columns.assign(padded_rank * part.n_out, 0.0f);
        for (int64_t c = 0; c < part.n_out; c++) {
            for (int64_t r = 0; r < rank; r++) rows[c * padded_rank + r] = columns[r * part.n_out + c] = scale * b[c * rank + r];
        }
        set_tensor(matrices_[i].b, rows.data());
        set_tensor(matrices_[i].b_transposed, columns.data());
    }
}

void Lora::clear_gradients() { std::fill(gradients.begin(), gradients.end(), 0.0f); }

void Lora::collect(const LoraPart & part, const ggml_tensor * da, const ggml_tensor * db) {
    const std::vector<float> a = get_floats(da), b = get_floats(db);
    const float scale = (float) settings_.scale();
    for (size_t i = 0; i < a.size(); i++) gradients[part.a + i] += a[i];
    for (size_t i = 0; i < b.size(); i++) gradients[part.b + i] += scale * b[i];
}

}  // namespace isheep

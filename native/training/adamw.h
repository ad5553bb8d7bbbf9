// AdamW: Adam with decoupled weight decay (Loshchilov and Hutter 2019), as PyTorch computes it: the decay is scaled by the
// learning rate, both moments are corrected for their start at zero, epsilon is added after the root.
#pragma once

#include <cstddef>
#include <vector>

namespace isheep {

struct AdamWSettings {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
};

// One update of all parameters. `gradients` are multiplied by `gradient_scale` first (clipping, normalization).
// `step` counts from 1.
void adamw_step(const AdamWSettings & settings, double learning_rate, int step, const std::vector<float> & gradients,
                double gradient_scale, std::vector<float> & parameters, std::vector<float> & first_moments,
                std::vector<float> & second_moments);

// Euclidean norm of all gradients.
double global_norm(const std::vector<float> & gradients);

}  // namespace isheep

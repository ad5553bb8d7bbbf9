#include "training/adamw.h"

#include <cmath>

namespace isheep {

void adamw_step(const AdamWSettings & settings, double learning_rate, int step, const std::vector<float> & gradients,
                double gradient_scale, std::vector<float> & parameters, std::vector<float> & first_moments,
                std::vector<float> & second_moments) {
    const double correction1 = 1 - std::pow(settings.beta1, step), correction2 = 1 - std::pow(settings.beta2, step);
    const float step_size = (float) (learning_rate / correction1), root2 = (float) std::sqrt(correction2);
    const float keep = (float) (1 - learning_rate * settings.weight_decay), epsilon = (float) settings.epsilon;
    const float beta1 = (float) settings.beta1, beta2 = (float) settings.beta2, scale = (float) gradient_scale;
    const float rest1 = (float) (1 - settings.beta1), rest2 = (float) (1 - settings.beta2);
    for (size_t i = 0; i < parameters.size(); i++) {
        const float gradient = gradients[i] * scale;
        first_moments[i] = beta1 * first_moments[i] + rest1 * gradient;
        second_moments[i] = beta2 * second_moments[i] + rest2 * gradient * gradient;
        const float denominator = std::sqrt(second_moments[i]) / root2 + epsilon;
        parameters[i] = parameters[i] * keep - step_size * first_moments[i] / denominator;
    }
}

double global_norm(const std::vector<float> & gradients) {
    double sum = 0;
    for (float gradient : gradients) sum += (double) gradient * gradient;
    return std::sqrt(sum);
}

}  // namespace isheep

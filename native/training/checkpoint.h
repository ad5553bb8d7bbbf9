// The state of a training run between two steps, in a GGUF file: parameters, both moments, the best adapter so far,
// steps made; and what it belongs to, so that it is never continued with other settings or another base.
#pragma once

#include <string>
#include <vector>

namespace isheep {

struct CheckpointState {
    int steps = 0;
    std::vector<float> parameters, first_moments, second_moments;
    std::vector<float> best;  // parameters at the step with the lowest held-out loss; empty where none was kept
};

// `identity`: settings and base as text (trainer.cpp writes it). Whole or not at all.
void write_checkpoint(const std::string & path, const std::string & identity, const CheckpointState & state);

// Throws Error(bad_input) where the file is damaged, was made for another identity, or has another number of
// parameters.
CheckpointState read_checkpoint(const std::string & path, const std::string & identity, size_t n_parameters);

}  // namespace isheep

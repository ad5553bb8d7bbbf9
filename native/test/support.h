// What several C++ tests need: temporary files, trainers on tiny models, samples.
#pragma once

#include "test/tiny-model.h"
#include "training/trainer.h"

#include <string>
#include <vector>

namespace isheep::test {

// A path in a folder that goes when the program ends.
std::string temporary_path(const std::string & name);

// A model of the architecture with everything that tells it apart: heads that are wider than the width asks for, and in
// gemma3 a window of 20 tokens in every second layer.
TinyModelOptions tiny_architecture(const std::string & name);

// Path of a tiny model; each call writes a new file.
std::string tiny_model_path(const TinyModelOptions & options);

// All targets, rank 4, transposed copies of the weights, no dropout, one thread, micro-batches of 128 tokens, a
// constant learning rate.
TrainerSettings tiny_settings(const std::string & model_path);

// `lengths` samples of random tokens, a third of each context.
std::vector<Sample> random_samples(const std::vector<int> & lengths, uint32_t seed);

// n numbers of the standard normal distribution.
std::vector<float> normal_numbers(size_t n, uint32_t seed);

// Moves every parameter of the adapter, so that B is not zero and all gradients are of similar size.
void randomize(Trainer & trainer, uint32_t seed);

// Whether this processor has the micro-kernel; says so where it does not.
bool has_micro_kernel_here();

// llama.cpp's logits after each token, [tokens.size()][n_vocab], with an adapter unless its path is "". With an F32
// cache and without repacked weights, so that nothing is rounded beside the products.
std::vector<float> llama_logits(const std::string & model_path, const std::string & adapter_path,
                                const std::vector<int32_t> & tokens);

// Length of the difference, relative to that of `expected`; both have the same number of values.
double relative_difference(const std::vector<float> & found, const std::vector<float> & expected);

}  // namespace isheep::test

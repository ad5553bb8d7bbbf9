// Loss and gradients against PyTorch's: transformers and PEFT computed them in F32 for the same tiny models, adapters
// and tokens. scripts/oracles/lora-gradients.py made native/test/oracles/, whose form it describes; the functions here
// are named as there.
#include "test/check.h"
#include "test/support.h"

#include <fstream>
#include <map>

using namespace isheep;
using namespace isheep::test;

namespace {

constexpr int n_projections = 4, n_entries = 8;

uint32_t mixed(uint32_t x) {
    x = (x ^ (x >> 16)) * 0x7FEB352Du;
    x = (x ^ (x >> 15)) * 0x846CA68Bu;
    return x ^ (x >> 16);
}

uint32_t hashed_name(const std::string & name) {
    uint32_t hash = 2166136261u;
    for (unsigned char byte : name) hash = (hash ^ byte) * 16777619u;
    return hash;
}

float parameter(const std::string & name, size_t i) {
    return (float) ((mixed(hashed_name(name) + (uint32_t) i) >> 8) / 16777216.0 - 0.5) * 0.4f;
}

double direction(int k, size_t i) {
    return mixed((uint32_t) (4 * i + k)) & 1 ? -1 : 1;
}

struct Oracle {
    std::vector<Sample> samples;
    double loss = 0;
    std::map<std::string, std::vector<double>> matrices;  // norm, projections, entries
};

Oracle read_oracle(const std::string & name) {
    const std::string path = std::string(ISHEEP_TEST_ORACLES) + "/" + name + ".txt";
    std::ifstream file(path);
    check(file.good(), path + " can be read");
    Oracle oracle;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string what;
        words >> what;
        if (what == "sample") {
            Sample sample;
            words >> sample.context;
            for (int32_t token; words >> token;) sample.tokens.push_back(token);
            oracle.samples.push_back(sample);
        } else if (what == "loss") {
            words >> oracle.loss;
        } else {
            for (double value; words >> value;) oracle.matrices[what].push_back(value);
        }
    }
    return oracle;
}

// The largest difference from the oracle's numbers, relative to the gradient's length.
double error_of(const float * gradient, size_t n, const std::vector<double> & expected) {
    double length = 0;
    for (size_t i = 0; i < n; i++) length += (double) gradient[i] * gradient[i];
    double worst = std::fabs(std::sqrt(length) - expected[0]);
    for (int k = 0; k < n_projections; k++) {
        double along = 0;
        for (size_t i = 0; i < n; i++) along += gradient[i] * direction(k, i);
        worst = std::max(worst, std::fabs(along - expected[1 + k]));
    }
    for (int i = 0; i < n_entries; i++)
        worst = std::max(worst, std::fabs(gradient[i * n / n_entries] - expected[1 + n_projections + i]));
    return worst / expected[0];
}

void compare(const std::string & architecture, double tolerance) {
    const Oracle oracle = read_oracle(architecture);
    Trainer trainer(tiny_settings(tiny_model_path(tiny_architecture(architecture))));
    const size_t rank = (size_t) trainer.lora().settings().rank;
    struct Place {
        std::string name;
        size_t offset, n;
    };
    std::vector<Place> places;
    for (const LoraPart & part : trainer.lora().parts()) {
        const std::string name = layer_tensor(part.layer, target_tensor(part.target));
        places.push_back({name + ".lora_a", part.a, rank * part.n_in});
        places.push_back({name + ".lora_b", part.b, rank * part.n_out});
    }
    for (const Place & place : places) {
        for (size_t i = 0; i < place.n; i++) trainer.lora().parameters[place.offset + i] = parameter(place.name, i);
    }
    trainer.lora().refresh();
    const LossGradient found = trainer.gradient(oracle.samples);
    check_near(found.loss, oracle.loss, 1e-5 * oracle.loss, "loss of " + architecture);
    check_equal(oracle.matrices.size(), places.size(), "matrices in the oracle of " + architecture);
    double worst = 0;
    for (const Place & place : places) {
        const double error = error_of(&found.gradient[place.offset], place.n, oracle.matrices.at(place.name));
        worst = std::max(worst, error);
        check(error < tolerance, "the gradient of " + place.name + " is off by " + std::to_string(error));
    }
    std::printf("     %s: loss off by %.1e, gradients by at most %.1e\n", architecture.c_str(),
                std::fabs(found.loss - oracle.loss) / oracle.loss, worst);
}

}  // namespace

TEST("loss and gradients of every architecture agree with transformers and PEFT") {
    for (const Features & features : trainable_architectures) compare(features.name, 2e-5);
}

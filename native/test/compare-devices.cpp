// compare-devices DEVICE ARCHITECTURE TYPE FOLDER: trains a tiny model for a step on the device and on the CPU, and
// prints one JSON object: how far apart losses and gradients are, and where in FOLDER the model and the device's
// adapter lie. The device gets every node alone.
#include "common/backends.h"
#include "test/support.h"

#include <cmath>
#include <cstdio>

using namespace isheep;
using namespace isheep::test;

namespace {

LossGradient computed(TrainerSettings settings, const std::string & device) {
    settings.device = device;
    Trainer trainer(settings);
    randomize(trainer, 7);
    return trainer.gradient(random_samples({40, 90, 16}, 8));
}

// -> the loss of the third step, with dropout; the adapter goes to `path`.
double trained(TrainerSettings settings, const std::string & device, const std::string & path) {
    settings.device = device;
    settings.dropout = 0.1;
    Trainer trainer(settings);
    randomize(trainer, 7);
    double loss = 0;
    for (int i = 0; i < 3; i++) loss = trainer.step(random_samples({40, 90, 16}, 8)).loss;
    trainer.save_adapter(path, {});
    return loss;
}

void compare(const std::string & device, const std::string & architecture, const std::string & type,
             const std::string & folder) {
    TinyModelOptions options = tiny_architecture(architecture);
    options.type = type_by_name(type);
    const std::string name = folder + "/" + architecture + "-" + type, model = name + ".gguf";
    write_tiny_model(model, options);
    TrainerSettings settings = tiny_settings(model);
    settings.slice_cost = 0;  // Mesa's software device of Debian 12 damages its heap where it gets many nodes at once
    const LossGradient cpu = computed(settings, "cpu"), found = computed(settings, device);
    const double cpu_loss = trained(settings, "cpu", name + "-cpu.adapter.gguf");
    const double device_loss = trained(settings, device, name + ".adapter.gguf");
    std::printf("{\"loss\":%.3e,\"gradient\":%.3e,\"third_step\":%.3e,\"model\":\"%s\",\"adapter\":\"%s\"}\n",
                std::fabs(found.loss - cpu.loss) / cpu.loss, relative_difference(found.gradient, cpu.gradient),
                std::fabs(device_loss - cpu_loss) / cpu_loss, model.c_str(), (name + ".adapter.gguf").c_str());
}

}  // namespace

int main(int argc, char ** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: compare-devices DEVICE ARCHITECTURE TYPE FOLDER\n");
        return 2;
    }
    try {
        load_backends(ISHEEP_TEST_BACKENDS, "");
        compare(argv[1], argv[2], argv[3], argv[4]);
    } catch (const std::exception & error) {
        std::fprintf(stderr, "compare-devices: %s\n", error.what());
        return 1;
    }
    return 0;
}

// LoRA training on a quantized GGUF. One object is one training run; one thread uses it at a time, except for
// set_cancelled().
#pragma once

#include "adapter/lora-gguf.h"
#include "training/activations.h"
#include "training/adamw.h"
#include "training/dropout.h"
#include "training/lora.h"
#include "training/loss.h"
#include "training/lr-schedule.h"
#include "training/memory-plan.h"
#include "training/packing.h"

#include <atomic>
#include <map>
#include <string>
#include <vector>

namespace isheep {

struct TrainerSettings {
    std::string model_path;
    std::string device = "cpu";  // of device_by_name()
    Graphs graphs = Graphs::packed;
    double slice_cost = isheep::slice_cost;  // 0: a device other than the CPU gets every node alone
    int threads = 1;
    LoraSettings lora;
    double dropout = 0;
    uint64_t seed = 1;
    std::string init_adapter_path;  // "": a fresh one
    std::string base_sha256;        // of the model; an adapter that names another base is refused. "": not checked
    LrSchedule schedule;
    AdamWSettings adamw;
    double max_grad_norm = 1;  // 0: never clipped
    int micro_batch_tokens = 400;
    MemoryLimits memory;
    size_t free_host_bytes =
        0;                   // beside the process: the limit where `memory` has none and the CPU computes; 0: unknown
    int longest_sample = 0;  // tokens, for the memory plan; 0: as many as a micro-batch has
};

struct StepResult {
    double loss = 0;       // nats, mean over the loss tokens
    double grad_norm = 0;  // before clipping
    double learning_rate = 0;
    int tokens = 0, loss_tokens = 0;
};

struct SampleLoss {
    double loss = 0;  // nats, sum over the loss tokens
    int loss_tokens = 0;
};

struct LossGradient {
    double loss = 0;
    std::vector<float> gradient;
};

// What a trainer of these settings would take and choose. Takes little itself: the adapter and a chunk of logits, and
// on a device with memory of its own the weights. Throws what making the trainer would throw.
MemoryPlan forecast_memory(const TrainerSettings & settings);

class Trainer {
public:
    // Loads the model. Throws Error for a model, a device, settings or an adapter that cannot be used.
    explicit Trainer(const TrainerSettings & settings);

    int steps() const { return steps_; }
    const MemoryPlan & memory_plan() const { return plan_; }
    // Of the bytes of the model.
    uint64_t base_fingerprint() const { return weights_.fingerprint(); }

    // One optimizer step. The loss, and so the gradient, is the mean over all response tokens of all samples.
    // Throws Error(bad_input) without a response token, Error(interrupted) when cancelled, Error(training_diverged)
    // where a loss or a gradient is no finite number; then nothing has changed.
    StepResult step(const std::vector<Sample> & samples);
    // The loss of each sample without dropout; `adapter` false: of the base alone.
    std::vector<SampleLoss> evaluate(const std::vector<Sample> & samples, bool adapter);
    // [n_tokens * n_vocab], row after row, of our own forward pass with the adapter, without dropout.
    std::vector<float> logits(const std::vector<int32_t> & tokens);

    // `metadata`: further keys with texts. With rank-stabilized scaling alpha is written times sqrt(rank), because
    // llama.cpp always divides it by the rank. `best`: as it was at the last keep_best().
    void save_adapter(const std::string & path, const std::map<std::string, std::string> & metadata,
                      bool best = false) const;
    // Remembers the adapter as it is now; checkpoints hold it too.
    void keep_best() { best_ = lora_.parameters; }
    void save_checkpoint(const std::string & path) const;
    void load_checkpoint(const std::string & path);

    // Any thread. As long as it is true, step(), evaluate() and logits() throw Error(interrupted) before their next
    // micro-batch.
    void set_cancelled(bool cancelled) { cancelled_ = cancelled; }

    // For proofs: the mean loss and its gradient by all parameters, as step() would compute them, without a step.
    LossGradient gradient(const std::vector<Sample> & samples);
    Lora & lora() { return lora_; }
    Compute & compute() { return compute_; }

    // From now on, where time goes is measured; slower. seconds by part, added up since then.
    void measure() { compute_.measure(); }
    const Profile * profile() const { return compute_.profile(); }

private:
    void check(const std::vector<Sample> & samples, bool needs_loss = true) const;
    void check_cancelled() const;
    void try_device();
    [[noreturn]] void not_finite(const std::string & what) const;
    void check_finite(const std::vector<double> & losses, const MicroBatch & batch,
                      const std::vector<Sample> & samples) const;
    std::string sample_without_finite_gradient(const std::vector<Sample> & samples);
    int n_kept(int n_rows) const;
    void load_adapter(const std::string & path);
    void check_adapter(const std::string & path, const LoraFile & adapter) const;
    std::string identity() const;

    double accumulate(const std::vector<Sample> & samples);
    void forward(const BatchTensors & batch, const std::vector<Sample> & samples, const Lora * lora,
                 const Dropout * dropout, int n_kept);
    void backward(const BatchTensors & batch, const Dropout * dropout);

    TrainerSettings settings_;
    Compute compute_;
    Weights weights_;
    SumTensors sums_;
    LossHead loss_head_;
    Lora lora_;
    Activations activations_;
    MemoryPlan plan_;
    std::vector<float> best_;  // parameters, where keep_best() was called
    int steps_ = 0;
    std::atomic<bool> cancelled_{false};
};

}  // namespace isheep

// Continuous batching: many requests over a few sequences of one context, each sequence taking the next request in the
// step in which it ends. Knows neither sampling nor scores: a BatchTask says which tokens to compute and takes the rows
// it asked for, which are logits or, of a runner for that, vectors of the last layer.
//
// A call starts from an empty cache and takes its requests in order, so that its results depend on nothing but the
// requests, the options of the runner and the machine.
#pragma once

#include "common/handles.h"
#include "inference/model.h"
#include "inference/parallel.h"
#include "inference/prefix-sharing.h"
#include "inference/prompt-block.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace isheep {

struct RunnerOptions {
    uint32_t n_sequences;
    uint32_t n_sequence_tokens;  // that one sequence may hold, prompt and generated
    uint32_t n_batch_tokens;     // of one step
    uint32_t n_micro_tokens;     // computed at once within a step
    uint32_t n_threads;
    bool share_prefixes;
    bool embeddings = false;  // rows are vectors of the last layer, behind its norm, instead of logits
};

// The requests of one call. take_row may be called by several threads at once, for different requests.
class BatchTask {
public:
    virtual ~BatchTask() = default;
    virtual size_t n_requests() const = 0;
    // All tokens of a request that are known so far; they only grow, at the end, in take_row.
    virtual const std::vector<int32_t> & tokens(size_t request) const = 0;
    // What its rows are; the runner must be one for that.
    virtual bool takes_embeddings() const { return false; }
    // The first position whose row is wanted, and how many positions from there on, at least 1.
    virtual size_t first_row(size_t request) const = 0;
    virtual size_t n_rows(size_t request) const = 0;
    // row: [n_vocab] logits after the token at `position`, or its vector [n_embd_out]. Valid during the call.
    virtual void take_row(size_t request, size_t position, const float * row, size_t thread) = 0;
    virtual bool is_finished(size_t request) const = 0;
    // On the thread that runs the task, once for each request, as soon as it is finished (or before all, where it needs
    // no computing).
    virtual void on_finished(size_t request) = 0;
};

class BatchRunner {
public:
    // Throws Error: not_enough_memory, bad_config.
    BatchRunner(std::shared_ptr<Model> model, const RunnerOptions & options);

    const Model & model() const { return *model_; }
    const RunnerOptions & options() const { return options_; }

    // Which adapters apply from the next call on. Keeps them alive. Throws Error(adapter_mismatch) for another model's.
    void set_adapters(std::vector<std::shared_ptr<Adapter>> adapters, std::vector<float> scales);

    // Runs until all requests are finished. Throws Error: interrupted (after cancel), native_failure, bad_config where
    // the task takes other rows than the runner gives.
    void run(BatchTask & task);

    // Called after every batch, on the thread that runs the call. Not while one runs.
    void on_batch(std::function<void()> listener) { on_batch_ = std::move(listener); }

    // From any thread: the running call, or the next one, ends with Error(interrupted) until allow() is called.
    void cancel() { cancelled_ = true; }
    void allow() { cancelled_ = false; }

private:
    struct Sequence {
        bool active = false;
        bool has_request = false;
        size_t request = 0;
        size_t n_done = 0;    // tokens in the cache
        size_t n_queued = 0;  // tokens in the batch being built
        size_t n_filled = 0;  // behind them, computed for nothing and dropped (prompt-block.h)
    };
    struct Row {
        int32_t index;  // in the batch
        size_t position;
        const float * values;  // [n_vocab] or [n_embd_out], valid until the next batch
    };

    // How far ahead requests may pass one that waits: far enough to fill all sequences, and no search through hundreds.
    size_t n_ahead() const { return 2 * sequences_.size(); }
    void sort_by_length(const BatchTask & task);
    void start_requests(BatchTask & task);
    bool start_request(BatchTask & task, size_t request);
    size_t cached_prefix_limit(size_t sequence) const;
    void fill_gaps();
    void share_out(BatchTask & task);
    void build_batch(BatchTask & task);
    bool before_node(ggml_tensor * node, bool is_question);
    void decode();
    void take_rows(BatchTask & task);
    void finish_requests(BatchTask & task);

    std::shared_ptr<Model> model_;
    RunnerOptions options_;
    PackedProducts products_;  // of the context's graphs
    LlamaContext context_;
    std::vector<std::shared_ptr<Adapter>> adapters_;
    std::atomic<bool> cancelled_{false};
    std::function<void()> on_batch_ = [] {};
    Parallel parallel_;
    bool has_own_attention_ = false;
    size_t n_rows_max_ = 0;  // of one step

    std::vector<Sequence> sequences_;
    std::vector<SequenceContent> contents_;
    std::vector<PromptRest> rests_;
    std::vector<size_t> queue_;           // requests not yet started, in order
    std::vector<std::vector<Row>> rows_;  // [n_sequences] of the batch being computed
    std::vector<size_t> with_rows_;       // sequences that have rows in it
    // The batch: [n_batch_tokens] each.
    std::vector<llama_token> token_;
    std::vector<llama_pos> position_;
    std::vector<int32_t> n_seq_id_;
    std::vector<llama_seq_id> seq_id_value_;
    std::vector<llama_seq_id *> seq_id_;
    std::vector<int8_t> output_;
    int32_t n_tokens_ = 0;
};

}  // namespace isheep

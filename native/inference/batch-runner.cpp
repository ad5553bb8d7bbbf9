#include "inference/batch-runner.h"

#include "common/log-capture.h"
#include "common/status.h"
#include "inference/cache-attention.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace isheep {
namespace {

// Of logits of one step; large vocabularies get fewer rows. llama.cpp keeps room for them beside embeddings, too.
constexpr size_t row_bytes_max = 64u << 20;

size_t rows_of_step(const RunnerOptions & options, int32_t n_vocab) {
    const size_t fitting = row_bytes_max / (sizeof(float) * (size_t) n_vocab);
    const size_t wanted = std::min((size_t) options.n_batch_tokens, fitting);
    return std::max(wanted, (size_t) options.n_sequences);
}

std::string mebibytes(double bytes) {
    return std::to_string((long long) (bytes / (1 << 20) + 0.5)) + " MiB";
}

// Ends a graph behind the vectors of the last layer: llama.cpp goes on to the logits, which nobody reads here. Without
// them a model of 270M with 262k tokens in its vocabulary takes two fifths of the time, one of 135M with 49k six
// sevenths. A graph without a tensor of this name is computed whole.
bool is_last_vector(const ggml_tensor * tensor) {
    return std::strcmp(ggml_get_name(tensor), "result_embd_pooled") == 0;
}

struct Callbacks {
    BatchRunner * runner;  // what both are given
    ggml_abort_callback abort;
    ggml_backend_sched_eval_callback before_node;
};

LlamaContext create_context(const Model & model, const RunnerOptions & options, size_t n_rows,
                            const Callbacks & callbacks) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = options.n_sequences * options.n_sequence_tokens;
    params.n_seq_max = options.n_sequences;
    params.n_batch = options.n_batch_tokens;
    params.n_ubatch = options.n_micro_tokens;
    params.n_outputs_max = (uint32_t) n_rows;
    params.n_threads = params.n_threads_batch = (int32_t) options.n_threads;
    params.flash_attn_type = model.on_gpu() ? LLAMA_FLASH_ATTN_TYPE_AUTO : LLAMA_FLASH_ATTN_TYPE_ENABLED;
    params.type_k = params.type_v = GGML_TYPE_F16;
    params.kv_unified = false;  // one stream a sequence: attention looks at its own tokens only
    params.swa_full = true;     // a copied prefix must be whole, also outside a sliding window
    params.no_perf = true;
    params.abort_callback = callbacks.abort;
    params.cb_eval = callbacks.before_node;
    params.abort_callback_data = params.cb_eval_user_data = callbacks.runner;
    if (options.embeddings) {
        params.embeddings = true;
        params.pooling_type = LLAMA_POOLING_TYPE_NONE;
    }
    take_logged_errors();
    LlamaContext context(llama_init_from_model(model.get(), params));
    if (!context) {
        const double cache = (double) params.n_ctx * (double) model.info().kv_bytes_per_token;
        throw Error(Code::not_enough_memory,
                    "could not create a context of " + std::to_string(options.n_sequences) + " sequences of " +
                        std::to_string(options.n_sequence_tokens) + " tokens (its cache needs " + mebibytes(cache) +
                        "): " + take_logged_errors(),
                    "use fewer sequences or shorter ones");
    }
    return context;
}

void check_options(const Model & model, const RunnerOptions & options) {
    if (model.vocabulary_only()) {
        throw Error(Code::bad_config, "the model was loaded for its vocabulary only, so it cannot compute");
    }
    if (options.n_sequences < 1 || options.n_sequences > llama_max_parallel_sequences()) {
        throw Error(Code::bad_config, "sequences is " + std::to_string(options.n_sequences) + "; 1 to " +
                                          std::to_string(llama_max_parallel_sequences()) + " are possible");
    }
    if (options.n_sequence_tokens < 1 || options.n_threads < 1 || options.n_micro_tokens < 1 ||
        options.n_batch_tokens < std::max(options.n_sequences, options.n_micro_tokens)) {
        throw Error(Code::bad_config,
                    "a runner needs sequenceTokens, threads and microBatchTokens of at least 1 and batchTokens of at "
                    "least sequences and microBatchTokens");
    }
}

}  // namespace

BatchRunner::BatchRunner(std::shared_ptr<Model> model, const RunnerOptions & options)
    : model_(std::move(model)), options_(options), parallel_(options.n_threads < 1 ? 1 : options.n_threads) {
    check_options(*model_, options_);
    n_rows_max_ = rows_of_step(options_, model_->info().n_vocab);
    if (options_.embeddings) {  // llama.cpp gives a row for every token then
        options_.n_batch_tokens = (uint32_t) n_rows_max_;
        options_.n_micro_tokens = std::min(options_.n_micro_tokens, options_.n_batch_tokens);
    }
    Callbacks callbacks{this, nullptr, nullptr};
    callbacks.abort = [](void * runner) {
        return ((BatchRunner *) runner)->cancelled_.load(std::memory_order_relaxed);
    };
    has_own_attention_ = !model_->on_gpu() && has_own_attention();
    if (options_.embeddings || model_->packed() || has_own_attention_) {
        callbacks.before_node = [](ggml_tensor * node, bool is_question, void * runner) {
            return ((BatchRunner *) runner)->before_node(node, is_question);
        };
    }
    context_ = create_context(*model_, options_, n_rows_max_, callbacks);
    options_.n_batch_tokens = std::min(options_.n_batch_tokens, llama_n_batch(context_.get()));
    sequences_.resize(options_.n_sequences);
    contents_.resize(options_.n_sequences);
    rows_.resize(options_.n_sequences);
    token_.resize(options_.n_batch_tokens);
    position_.resize(options_.n_batch_tokens);
    n_seq_id_.assign(options_.n_batch_tokens, 1);
    seq_id_value_.resize(options_.n_batch_tokens);
    output_.resize(options_.n_batch_tokens);
    for (llama_seq_id & value : seq_id_value_) seq_id_.push_back(&value);
}

void BatchRunner::set_adapters(std::vector<std::shared_ptr<Adapter>> adapters, std::vector<float> scales) {
    std::vector<llama_adapter_lora *> handles;
    for (const auto & adapter : adapters) {
        if (adapter->model() != model_) throw Error(Code::adapter_mismatch, "the adapter was loaded for another model");
        handles.push_back(adapter->get());
    }
    if (llama_set_adapters_lora(context_.get(), handles.data(), handles.size(), scales.data()) != 0) {
        throw Error(Code::adapter_mismatch, "llama.cpp refused the adapter: " + take_logged_errors());
    }
    if (adapters != adapters_) products_.forget_adapters();
    adapters_ = std::move(adapters);  // the ones before may be freed only now
}

void BatchRunner::run(BatchTask & task) {
    if (task.takes_embeddings() != options_.embeddings) {
        throw Error(Code::bad_config,
                    std::string("the runner gives ") +
                        (options_.embeddings ? "embeddings and no logits" : "logits and no embeddings"));
    }
    llama_memory_clear(llama_get_memory(context_.get()), false);
    sequences_.assign(sequences_.size(), Sequence());
    queue_.clear();
    for (size_t request = 0; request < task.n_requests(); request++) {
        if (task.is_finished(request)) task.on_finished(request);
        else queue_.push_back(request);
    }
    sort_by_length(task);
    const auto active = [](const Sequence & sequence) { return sequence.active; };
    for (;;) {
        start_requests(task);
        if (std::none_of(sequences_.begin(), sequences_.end(), active)) break;
        if (queue_.empty()) fill_gaps();
        share_out(task);
        build_batch(task);
        decode();
        take_rows(task);
        finish_requests(task);
        on_batch_();
    }
}

// Puts requests of about the same length beside each other, as far as start_requests looks ahead and no farther, so
// that requests with one prefix stay together.
void BatchRunner::sort_by_length(const BatchTask & task) {
    const size_t n = n_ahead();
    for (size_t begin = 0; begin < queue_.size(); begin += n) {
        const auto end = queue_.begin() + std::min(begin + n, queue_.size());
        std::stable_sort(queue_.begin() + begin, end,
                         [&](size_t a, size_t b) { return task.tokens(a).size() > task.tokens(b).size(); });
    }
}

// Gives free sequences to the next requests. A request that waits for a prefix lets later ones pass.
void BatchRunner::start_requests(BatchTask & task) {
    size_t n_free = std::count_if(sequences_.begin(), sequences_.end(), [](const Sequence & s) { return !s.active; });
    if (n_free == 0) return;
    size_t n_seen = 0;
    size_t kept = 0;
    for (size_t i = 0; i < queue_.size(); i++) {
        const bool looks = n_free > 0 && n_seen++ < n_ahead();
        if (looks && start_request(task, queue_[i])) n_free--;
        else queue_[kept++] = queue_[i];
    }
    queue_.resize(kept);
}

bool BatchRunner::start_request(BatchTask & task, size_t request) {
    for (size_t s = 0; s < sequences_.size(); s++) {
        const Sequence & sequence = sequences_[s];
        contents_[s] = {};
        contents_[s].is_free = !sequence.active;
        if (!options_.share_prefixes || !sequence.has_request) continue;
        contents_[s].tokens = &task.tokens(sequence.request);
        contents_[s].n_cached = cached_prefix_limit(s);
        const bool is_whole = contents_[s].n_cached == sequence.n_done;
        contents_[s].n_planned = is_whole ? std::max(sequence.n_done, task.first_row(sequence.request)) : 0;
    }
    const PrefixPlan plan = plan_prefix(task.tokens(request), task.first_row(request), contents_);
    if (plan.waits) return false;

    llama_memory_t memory = llama_get_memory(context_.get());
    const llama_seq_id target = (llama_seq_id) plan.target;
    if (plan.source != plan.target) llama_memory_seq_cp(memory, (llama_seq_id) plan.source, target, -1, -1);
    llama_memory_seq_rm(memory, target, (llama_pos) plan.n_shared, -1);
    Sequence & sequence = sequences_[plan.target];
    sequence.active = sequence.has_request = true;
    sequence.request = request;
    sequence.n_done = plan.n_shared;
    return true;
}

// How many tokens of a sequence's cache can be kept: all, or none where a sliding window has dropped the first ones.
size_t BatchRunner::cached_prefix_limit(size_t s) const {
    const size_t n_done = sequences_[s].n_done;
    if (n_done == 0 || llama_model_n_swa(model_->get()) <= 0) return n_done;
    return llama_memory_seq_pos_min(llama_get_memory(context_.get()), (llama_seq_id) s) == 0 ? n_done : 0;
}

// Once no request is left to start, moves the last sequences into the gaps that ended ones leave: llama.cpp computes
// neighbouring sequences together, and those on both sides of a gap one after the other.
void BatchRunner::fill_gaps() {
    llama_memory_t memory = llama_get_memory(context_.get());
    size_t last = sequences_.size();
    for (size_t gap = 0; gap < last; gap++) {
        if (sequences_[gap].active) continue;
        do last--;
        while (last > gap && !sequences_[last].active);
        if (last <= gap) return;
        llama_memory_seq_cp(memory, (llama_seq_id) last, (llama_seq_id) gap, -1, -1);
        llama_memory_seq_rm(memory, (llama_seq_id) last, -1, -1);
        sequences_[gap] = sequences_[last];
        sequences_[last] = Sequence();
    }
}

// Decides how many tokens of each sequence go into the next batch: a block of prompts as long as there are any, then
// one token of every sequence that generates. llama.cpp computes the two apart even in one batch, so that sharing a
// step would gain nothing, and the later step has more sequences to generate for. Nothing waits for long: only as many
// prompts can come first as there are sequences.
void BatchRunner::share_out(BatchTask & task) {
    rests_.assign(sequences_.size(), PromptRest());
    bool has_prompts = false;
    for (size_t s = 0; s < sequences_.size(); s++) {
        Sequence & sequence = sequences_[s];
        sequence.n_filled = sequence.n_queued = 0;
        if (!sequence.active) continue;
        const size_t first_row = task.first_row(sequence.request);
        const size_t n_known = task.tokens(sequence.request).size();
        const size_t n_left = std::min(n_known, first_row + task.n_rows(sequence.request)) - sequence.n_done;
        if (n_left <= 1) {  // it generates, or as good as
            sequence.n_queued = n_left;
            continue;
        }
        has_prompts = true;
        rests_[s].n_left = n_left;
        rests_[s].n_without_row = first_row > sequence.n_done ? first_row - sequence.n_done : 0;
        rests_[s].n_room = options_.n_sequence_tokens - sequence.n_done;
    }
    if (!has_prompts) return;
    const size_t n_tokens_max = std::min(options_.n_batch_tokens, options_.n_micro_tokens);
    const PromptBlock block = choose_prompt_block(rests_, n_tokens_max, n_rows_max_);
    for (size_t s = 0; s < sequences_.size(); s++) {
        const bool is_in = s >= block.begin && s < block.end;
        sequences_[s].n_queued = is_in ? std::min(rests_[s].n_left, block.length) : 0;
        sequences_[s].n_filled = is_in ? block.length - sequences_[s].n_queued : 0;
    }
}

void BatchRunner::build_batch(BatchTask & task) {
    n_tokens_ = 0;
    with_rows_.clear();
    for (size_t s = 0; s < sequences_.size(); s++) {
        const Sequence & sequence = sequences_[s];
        rows_[s].clear();
        if (!sequence.active) continue;
        const std::vector<int32_t> & tokens = task.tokens(sequence.request);
        const size_t first_row = task.first_row(sequence.request);
        const size_t end = sequence.n_done + sequence.n_queued;
        for (size_t position = sequence.n_done; position < end + sequence.n_filled; position++) {
            const bool has_row = position >= first_row && position < end;
            token_[n_tokens_] = tokens[std::min(position, end - 1)];
            position_[n_tokens_] = (llama_pos) position;
            seq_id_value_[n_tokens_] = (llama_seq_id) s;
            output_[n_tokens_] = has_row || options_.embeddings;
            if (has_row) rows_[s].push_back({n_tokens_, position, nullptr});
            n_tokens_++;
        }
        if (!rows_[s].empty()) with_rows_.push_back(s);
    }
}

// llama.cpp asks of every node whether it should stop behind it, before it computes it and those that it asked of
// before.
bool BatchRunner::before_node(ggml_tensor * node, bool is_question) {
    const bool is_last = options_.embeddings && is_last_vector(node);
    if (!is_question) return !is_last;
    if (model_->packed()) products_.take_over(node, *model_->packed(), parallel_);
    if (has_own_attention_) take_over_attention(node);
    return is_last;
}

void BatchRunner::decode() {
    llama_batch batch = {};
    batch.n_tokens = n_tokens_;
    batch.token = token_.data();
    batch.pos = position_.data();
    batch.n_seq_id = n_seq_id_.data();
    batch.seq_id = seq_id_.data();
    batch.logits = output_.data();
    const int32_t result = cancelled_ ? 2 : llama_decode(context_.get(), batch);
    if (result == 2) throw Error(Code::interrupted, "interrupted");
    if (result != 0) {
        throw Error(Code::native_failure, "llama.cpp could not compute a batch of " + std::to_string(n_tokens_) +
                                              " tokens (code " + std::to_string(result) + "): " + take_logged_errors());
    }
    llama_memory_t memory = llama_get_memory(context_.get());
    for (size_t s = 0; s < sequences_.size(); s++) {
        Sequence & sequence = sequences_[s];
        if (!sequence.active) continue;
        sequence.n_done += sequence.n_queued;
        if (sequence.n_filled > 0) llama_memory_seq_rm(memory, (llama_seq_id) s, (llama_pos) sequence.n_done, -1);
    }
}

void BatchRunner::take_rows(BatchTask & task) {
    for (size_t s : with_rows_) {
        for (Row & row : rows_[s]) {
            const auto values_of = options_.embeddings ? llama_get_embeddings_ith : llama_get_logits_ith;
            row.values = values_of(context_.get(), row.index);  // waits for the computation
            if (!row.values) throw Error(Code::native_failure, "llama.cpp gave no values for a token of the batch");
        }
    }
    parallel_.run(with_rows_.size(), [&](size_t item, size_t thread) {
        const size_t s = with_rows_[item];
        for (const Row & row : rows_[s]) task.take_row(sequences_[s].request, row.position, row.values, thread);
    });
}

void BatchRunner::finish_requests(BatchTask & task) {
    for (Sequence & sequence : sequences_) {
        if (!sequence.active || !task.is_finished(sequence.request)) continue;
        sequence.active = false;
        task.on_finished(sequence.request);
    }
}

}  // namespace isheep

#include "adapter/merge.h"

#include "adapter/output-path.h"
#include "adapter/type-plan.h"
#include "common/gguf-file.h"
#include "common/gguf-writer.h"
#include "common/status.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

namespace isheep {
namespace {

constexpr size_t numbers_at_once = 4u << 20;  // of a tensor in memory, as floats 16 MiB

using Additions = std::map<std::string, std::vector<Addition>>;  // by the base's tensor

std::string sizes(int64_t n_in, int64_t n_out) {
    return std::to_string(n_in) + " x " + std::to_string(n_out);
}

// ---- what is refused ------------------------------------------------------------------------------------------------

void check_base(const GgufFile & base) {
    if (base.text("general.type", "") == "adapter")
        throw Error(Code::unsupported_model, base.path() + " is an adapter, not a model", "give the base");
    if (base.integer("split.count", 0) > 1)
        throw Error(Code::unsupported_model, base.path() + " is one part of a model in several files",
                    "join them with llama.cpp's llama-gguf-split --merge");
}

[[noreturn]] void mismatch(const std::string & path, const std::string & what) {
    throw Error(Code::adapter_mismatch, path + ": " + what, "merge an adapter into the base that it was trained on");
}

void check_origin(const GgufFile & base, const MergeSettings & settings, const std::string & path,
                  const LoraFile & adapter) {
    const std::string architecture = base.text("general.architecture");
    if (adapter.architecture != architecture)
        mismatch(path,
                 "it is for the architecture " + adapter.architecture + ", and " + base.path() + " is " + architecture);
    const auto named = adapter.metadata.find("isheep.base.sha256");
    if (named == adapter.metadata.end() || settings.base_sha256.empty() || named->second == settings.base_sha256)
        return;
    mismatch(path, "it was trained on a base with the sha256 " + named->second.substr(0, 12) + "…, and " + base.path() +
                       " has " + settings.base_sha256.substr(0, 12) + "…");
}

void check_pair(const GgufFile & base, const std::string & path, const LoraPair & pair) {
    const ggml_tensor * tensor = base.find(pair.base_tensor);
    if (!tensor) mismatch(path, base.path() + " has no tensor " + pair.base_tensor);
    if (pair.base_tensor.rfind("token_embd", 0) == 0) {
        throw Error(Code::unsupported_model, path + ": an adapter of the embeddings (token_embd) is not merged",
                    "keep this adapter live");
    }
    if (ggml_n_dims(tensor) > 2 || pair.n_in != tensor->ne[0] || pair.n_out != tensor->ne[1])
        mismatch(path, "its matrices for " + pair.base_tensor + " make " + sizes(pair.n_in, pair.n_out) +
                           ", and the base's tensor is " + sizes(tensor->ne[0], ggml_nrows(tensor)));
    const auto finite = [](float value) { return std::isfinite(value); };
    for (const auto * values : {&pair.a, &pair.b}) {
        if (std::all_of(values->begin(), values->end(), finite)) continue;
        throw Error(Code::bad_input,
                    path + ": the matrices for " + pair.base_tensor + " hold numbers that are not finite",
                    "the training diverged or the file is damaged; use another adapter");
    }
}

// ggml aborts where it is asked for a type that it cannot write.
bool is_written_by_ggml(ggml_type type) {
    if (type == GGML_TYPE_F32) return true;
    if (type == GGML_TYPE_Q8_1 || type == GGML_TYPE_Q8_K || ggml_quantize_requires_imatrix(type)) return false;
    const ggml_type_traits * traits = ggml_get_type_traits(type);
    return traits->to_float && traits->from_float_ref;
}

void check_types(const GgufFile & base, const TypePlan & plan, const Additions & additions) {
    for (size_t i = 0; i < plan.types.size(); i++) {
        const ggml_tensor * tensor = base.tensors()[i];
        if (plan.types[i] == tensor->type && !additions.count(tensor->name)) continue;
        const bool is_read = tensor->type == GGML_TYPE_F32 || ggml_get_type_traits(tensor->type)->to_float;
        if (is_read && is_written_by_ggml(plan.types[i])) continue;
        throw Error(Code::unsupported_model,
                    base.path() + ": tensor " + tensor->name + " of type " + ggml_type_name(tensor->type) +
                        " cannot be written as " + ggml_type_name(plan.types[i]) + " without an importance matrix",
                    "give another --type, such as q4_k_m or q8_0");
    }
}

void check_disk(const std::string & path, uint64_t needed) {
    const uint64_t free = free_disk_bytes(path);
    if (needed <= free) return;
    const auto mib = [](uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; };
    throw Error(Code::not_enough_disk, path + " will have " + mib(needed) + ", and " + mib(free) + " are free",
                "free some space, or write a smaller --type");
}

// ---- the merge ------------------------------------------------------------------------------------------------------

// alpha / rank as llama.cpp has it: an alpha of 0 stands for none.
float scale_of(const LoraFile & adapter, const LoraPair & pair, float scale) {
    return adapter.alpha == 0 ? scale : scale * adapter.alpha / (float) pair.rank;
}

std::vector<LoraFile> read_adapters(const GgufFile & base, const MergeSettings & settings) {
    std::vector<LoraFile> adapters;
    for (const MergedAdapter & given : settings.adapters) {
        check_output_path(given.path, settings.output_path);
        adapters.push_back(read_lora(given.path));
        check_origin(base, settings, given.path, adapters.back());
        for (const LoraPair & pair : adapters.back().pairs) check_pair(base, given.path, pair);
    }
    return adapters;
}

Additions additions_of(const std::vector<LoraFile> & adapters, const MergeSettings & settings) {
    Additions additions;
    for (size_t i = 0; i < adapters.size(); i++) {
        for (const LoraPair & pair : adapters[i].pairs) {
            const float scale = scale_of(adapters[i], pair, settings.adapters[i].scale);
            if (scale == 0) continue;
            additions[pair.base_tensor].push_back({&pair, scale});
        }
    }
    return additions;
}

// Where the merged model comes from. An adapter's run and iteration are told where there is one adapter alone.
void set_provenance(gguf_context * gguf, const MergeSettings & settings, const std::vector<LoraFile> & adapters) {
    std::vector<const char *> hashes;
    std::vector<float> scales;
    for (const MergedAdapter & adapter : settings.adapters) {
        hashes.push_back(adapter.sha256.c_str());
        scales.push_back(adapter.scale);
    }
    gguf_set_val_str(gguf, "isheep.merge.base.sha256", settings.base_sha256.c_str());
    gguf_set_arr_str(gguf, "isheep.merge.adapter.sha256", hashes.data(), hashes.size());
    gguf_set_arr_data(gguf, "isheep.merge.adapter.scale", GGUF_TYPE_FLOAT32, scales.data(), scales.size());
    for (const char * key : {"isheep.run", "isheep.iteration"}) {
        gguf_remove_key(gguf, key);
        const auto found = adapters.front().metadata.find(key);
        if (adapters.size() == 1 && found != adapters.front().metadata.end())
            gguf_set_val_str(gguf, key, found->second.c_str());
    }
}

Gguf make_header(const GgufFile & base, const MergeSettings & settings, const std::vector<LoraFile> & adapters,
                 const TypePlan & plan, ggml_context * context) {
    Gguf gguf(gguf_init_empty());
    gguf_set_kv(gguf.get(), base.gguf());
    // The library aligns what it writes by its default, whatever this key says.
    gguf_remove_key(gguf.get(), "general.alignment");
    if (!plan.keeps) {
        gguf_set_val_u32(gguf.get(), "general.file_type", plan.file_type);
        gguf_set_val_u32(gguf.get(), "general.quantization_version", GGML_QNT_VERSION);
    }
    if (!settings.chat_template.empty())
        gguf_set_val_str(gguf.get(), "tokenizer.chat_template", settings.chat_template.c_str());
    set_provenance(gguf.get(), settings, adapters);
    for (size_t i = 0; i < plan.types.size(); i++) {
        const ggml_tensor * tensor = base.tensors()[i];
        ggml_tensor * written = ggml_new_tensor(context, plan.types[i], GGML_MAX_DIMS, tensor->ne);
        ggml_set_name(written, tensor->name);
        gguf_add_tensor(gguf.get(), written);
    }
    return gguf;
}

// Streams the tensors of a base through a RowMerger each.
class Merge {
public:
    Merge(const GgufFile & base, GgufWriter & writer, int n_threads, const std::function<void()> & between)
        : base_(base),
          stream_(std::filesystem::u8path(base.path()), std::ios::binary),
          writer_(writer),
          n_threads_(n_threads),
          between_(between) {}

    MergeSums write(const ggml_tensor * tensor, ggml_type type, const std::vector<Addition> & additions) {
        stream_.seekg((std::streamoff) base_.data_offset(tensor));
        const bool copies = additions.empty() && type == tensor->type;
        const RowMerger merger(tensor, type, additions);
        const size_t input_row = ggml_row_size(tensor->type, tensor->ne[0]);
        const size_t output_row = ggml_row_size(type, tensor->ne[0]);
        const int64_t n_rows = ggml_nrows(tensor);
        const int64_t at_once = std::max<int64_t>(1, (int64_t) numbers_at_once / std::max<int64_t>(1, tensor->ne[0]));
        MergeSums sums;
        for (int64_t first = 0; first < n_rows; first += at_once) {
            const int64_t n = std::min(at_once, n_rows - first);
            read((size_t) n * input_row, tensor->name);
            if (copies) {
                writer_.write(input_.data(), (size_t) n * input_row);
            } else {
                output_.resize((size_t) n * output_row);
                sums.add(merger.merge(input_.data(), first, n, output_.data(), n_threads_));
                writer_.write(output_.data(), output_.size());
            }
            between_();
        }
        writer_.end_tensor();
        return sums;
    }

private:
    void read(size_t size, const char * name) {
        input_.resize(size);
        if (stream_.read((char *) input_.data(), (std::streamsize) size)) return;
        throw Error(Code::bad_input, base_.path() + ": could not read tensor " + name);
    }

    const GgufFile & base_;
    std::ifstream stream_;
    GgufWriter & writer_;
    int n_threads_;
    const std::function<void()> & between_;
    std::vector<uint8_t> input_, output_;
};

}  // namespace

MergeReport merge_adapters(const MergeSettings & settings, const std::function<void(size_t, size_t)> & on_progress,
                           const std::atomic<bool> & cancelled) {
    if (settings.adapters.empty()) throw Error(Code::bad_config, "a merge needs at least one adapter");
    const GgufFile base(settings.base_path);
    check_base(base);
    check_output_path(settings.base_path, settings.output_path);
    const std::vector<LoraFile> adapters = read_adapters(base, settings);
    const Additions additions = additions_of(adapters, settings);
    const TypePlan plan = plan_types(base, settings.type);
    check_types(base, plan, additions);

    Context context(ggml_init({(plan.types.size() + 1) * ggml_tensor_overhead(), nullptr, true}));
    const Gguf header = make_header(base, settings, adapters, plan, context.get());
    MergeReport report;
    report.n_tensors = plan.types.size();
    report.n_merged = additions.size();
    report.n_fallback = plan.n_fallback;
    report.n_bytes = gguf_get_meta_size(header.get()) + planned_bytes(base, plan);
    check_disk(settings.output_path, report.n_bytes);

    GgufWriter writer(header.get(), settings.output_path);
    size_t n_done = 0;
    const std::function<void()> between = [&] {
        on_progress(n_done, report.n_tensors);
        if (cancelled) throw Error(Code::interrupted, "interrupted");
    };
    Merge merge(base, writer, settings.threads, between);
    for (; n_done < report.n_tensors; n_done++) {
        const ggml_tensor * tensor = base.tensors()[n_done];
        const auto found = additions.find(tensor->name);
        const MergeSums sums =
            merge.write(tensor, plan.types[n_done], found == additions.end() ? std::vector<Addition>() : found->second);
        report.sums.add(sums);
        if (sums.intended > 0 && (report.worst_tensor.empty() || sums.survived() < report.worst_survived)) {
            report.worst_tensor = tensor->name;
            report.worst_survived = sums.survived();
        }
    }
    writer.finish();
    on_progress(n_done, report.n_tensors);
    return report;
}

uint64_t merged_bytes(const std::string & base_path, const std::string & type) {
    const GgufFile base(base_path);
    return planned_bytes(base, plan_types(base, type));
}

}  // namespace isheep

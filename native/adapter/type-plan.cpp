#include "adapter/type-plan.h"

#include "adapter/requantize.h"
#include "common/log-capture.h"
#include "common/status.h"

#include <algorithm>
#include <filesystem>
#include <random>

namespace isheep {
namespace {

namespace fs = std::filesystem;

// A folder of this call's own, that goes with everything in it.
class TemporaryFolder {
public:
    TemporaryFolder() : path_(fs::temp_directory_path() / ("isheep-types-" + std::to_string(std::random_device()()))) {
        fs::create_directories(path_);
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    std::string file(const char * name) const { return (path_ / name).u8string(); }

private:
    fs::path path_;
};

// Two rows, since llama.cpp takes a matrix of one row for a vector, and two experts for the same reason.
void write_stand_in(const GgufFile & base, const std::string & path) {
    Gguf gguf(gguf_init_empty());
    gguf_set_kv(gguf.get(), base.gguf());
    gguf_remove_key(gguf.get(), "general.alignment");
    Context context(ggml_init({(base.tensors().size() + 1) * ggml_tensor_overhead(), nullptr, true}));
    std::vector<ggml_tensor *> tensors;
    size_t largest = 0;
    for (const ggml_tensor * tensor : base.tensors()) {
        int64_t ne[GGML_MAX_DIMS] = {tensor->ne[0]};
        for (int i = 1; i < GGML_MAX_DIMS; i++) ne[i] = std::min<int64_t>(2, tensor->ne[i]);
        tensors.push_back(ggml_new_tensor(context.get(), tensor->type, GGML_MAX_DIMS, ne));
        ggml_set_name(tensors.back(), tensor->name);
        largest = std::max(largest, ggml_nbytes(tensors.back()));
    }
    std::vector<uint8_t> zeros(largest);
    for (ggml_tensor * tensor : tensors) {
        tensor->data = zeros.data();
        gguf_add_tensor(gguf.get(), tensor);
    }
    write_gguf_atomically(gguf.get(), path);
}

// Matrices that got another type because their rows are of another length than the blocks of `type`.
size_t count_fallbacks(const GgufFile & base, const TypePlan & plan, ggml_type type) {
    size_t n = 0;
    for (size_t i = 0; i < plan.types.size(); i++) {
        const ggml_tensor * tensor = base.tensors()[i];
        const bool is_written = plan.types[i] != GGML_TYPE_F32 && ggml_n_dims(tensor) > 1;
        if (is_written && tensor->ne[0] % ggml_blck_size(type) != 0) n++;
    }
    return n;
}

}  // namespace

TypePlan plan_types(const GgufFile & base, const std::string & type) {
    TypePlan plan;
    plan.keeps = type == "same";
    if (plan.keeps) {
        for (const ggml_tensor * tensor : base.tensors()) plan.types.push_back(tensor->type);
        return plan;
    }
    const ModelType wanted = model_type(type);
    llama_model_quantize_params params = llama_model_quantize_default_params();
    params.ftype = wanted.ftype;
    params.allow_requantize = true;
    params.nthread = 1;
    const TemporaryFolder folder;
    const std::string input = folder.file("model.gguf"), output = folder.file("typed.gguf");
    write_stand_in(base, input);
    take_logged_errors();
    if (llama_model_quantize(input.c_str(), output.c_str(), &params) != 0) {
        throw Error(Code::unsupported_model,
                    "llama.cpp does not write " + base.path() + " as " + type + ": " + take_logged_errors(),
                    "--type same keeps each tensor's type");
    }
    const GgufFile typed(output);
    for (const ggml_tensor * tensor : base.tensors()) {
        const ggml_tensor * found = typed.find(tensor->name);
        if (!found) throw Error(Code::native_failure, std::string("llama.cpp left out the tensor ") + tensor->name);
        plan.types.push_back(found->type);
    }
    plan.file_type = (uint32_t) typed.integer("general.file_type");
    plan.n_fallback = count_fallbacks(base, plan, wanted.type);
    return plan;
}

uint64_t planned_bytes(const GgufFile & base, const TypePlan & plan) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < plan.types.size(); i++) {
        const ggml_tensor * tensor = base.tensors()[i];
        bytes += GGML_PAD(ggml_row_size(plan.types[i], tensor->ne[0]) * (uint64_t) ggml_nrows(tensor),
                          (uint64_t) GGUF_DEFAULT_ALIGNMENT);
    }
    return bytes;
}

}  // namespace isheep

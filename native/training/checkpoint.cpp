#include "training/checkpoint.h"

#include "common/gguf-file.h"
#include "common/status.h"

#include <climits>

namespace isheep {
namespace {

constexpr int format = 1;
constexpr const char * format_key = "isheep.checkpoint.format";
constexpr const char * identity_key = "isheep.checkpoint.identity";
constexpr const char * steps_key = "isheep.checkpoint.steps";

void add(gguf_context * gguf, ggml_context * context, const char * name, const std::vector<float> & values) {
    ggml_tensor * t = ggml_new_tensor_1d(context, GGML_TYPE_F32, (int64_t) values.size());
    t->data = (void *) values.data();
    ggml_set_name(t, name);
    gguf_add_tensor(gguf, t);
}

std::vector<float> read(const GgufFile & file, const char * name, size_t n) {
    const ggml_tensor * t = file.find(name);
    if (!t || t->type != GGML_TYPE_F32 || (size_t) ggml_nelements(t) != n) {
        throw Error(Code::bad_input, file.path() + ": tensor " + name + " is missing or of another size");
    }
    return file.read_floats(t);
}

}  // namespace

void write_checkpoint(const std::string & path, const std::string & identity, const CheckpointState & state) {
    Gguf gguf(gguf_init_empty());
    Context context(ggml_init({5 * ggml_tensor_overhead(), nullptr, true}));
    gguf_set_val_str(gguf.get(), "general.type", "checkpoint");
    gguf_set_val_i32(gguf.get(), format_key, format);
    gguf_set_val_str(gguf.get(), identity_key, identity.c_str());
    gguf_set_val_i32(gguf.get(), steps_key, state.steps);
    add(gguf.get(), context.get(), "parameters", state.parameters);
    add(gguf.get(), context.get(), "first_moments", state.first_moments);
    add(gguf.get(), context.get(), "second_moments", state.second_moments);
    if (!state.best.empty()) add(gguf.get(), context.get(), "best", state.best);
    write_gguf_atomically(gguf.get(), path);
}

CheckpointState read_checkpoint(const std::string & path, const std::string & identity, size_t n_parameters) {
    const GgufFile file(path);
    const int64_t found = file.integer(format_key);
    if (found != format)
        throw Error(Code::bad_input,
                    path + " is a checkpoint of format " + std::to_string(found) + ", not " + std::to_string(format));
    if (file.text(identity_key) != identity) {
        throw Error(Code::bad_input, path + " is a checkpoint of other settings or another base",
                    "use the settings and the model that it was made with, or another checkpoint folder");
    }
    CheckpointState state;
    const int64_t steps = file.integer(steps_key);
    if (steps < 0 || steps > INT_MAX)
        throw Error(Code::bad_input, path + ": " + steps_key + " is " + std::to_string(steps));
    state.steps = (int) steps;
    state.parameters = read(file, "parameters", n_parameters);
    state.first_moments = read(file, "first_moments", n_parameters);
    state.second_moments = read(file, "second_moments", n_parameters);
    if (file.find("best")) state.best = read(file, "best", n_parameters);
    return state;
}

}  // namespace isheep

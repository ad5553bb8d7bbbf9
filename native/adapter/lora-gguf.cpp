#include "adapter/lora-gguf.h"

#include "common/gguf-file.h"
#include "common/status.h"

namespace isheep {
namespace {

const std::string suffix_a = ".lora_a", suffix_b = ".lora_b";

bool ends_with(const std::string & text, const std::string & end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

void add(gguf_context * gguf, ggml_context * context, const std::string & name, int64_t ne0, int64_t ne1, const std::vector<float> & values) {
    ggml_tensor * t = ggml_new_tensor_2d(context, GGML_TYPE_F32, ne0, ne1);
    t->data = (void *) values.data();
    ggml_set_name(t, name.c_str());
    gguf_add_tensor(gguf, t);
}

[[noreturn]] void mismatch(const GgufFile & file, const std::string & what) {
    throw Error(Code::adapter_mismatch, file.path() + ": " + what, "an adapter that llama.cpp reads is a GGUF of type adapter, lora");
}

void check_header(const GgufFile & file) {
    if (file.text("general.type", "") != "adapter") mismatch(file, "general.type is \"" + file.text("general.type", "") + "\", not adapter");
    if (file.text("adapter.type", "") != "lora") mismatch(file, "adapter.type is \"" + file.text("adapter.type", "") + "\", not lora");
}

LoraPair read_pair(const GgufFile & file, const ggml_tensor * a) {
    LoraPair pair;
    const std::string name = a->name;
    pair.base_tensor = name.substr(0, name.size() - suffix_a.size());
    const ggml_tensor * b = file.find(pair.base_tensor + suffix_b);
    if (!b) mismatch(file, name + " has no partner " + suffix_b);
    if (a->ne[1] != b->ne[0] || ggml_n_dims(a) > 2 || ggml_n_dims(b) > 2) mismatch(file, "the shapes of " + name + " and its partner do not fit");
    pair.n_in = a->ne[0];
    pair.n_out = b->ne[1];
    pair.rank = a->ne[1];
    pair.a = file.read_floats(a);
    pair.b = file.read_floats(b);
    return pair;
}

void read_metadata(const GgufFile & file, LoraFile & adapter) {
    for (int64_t i = 0; i < gguf_get_n_kv(file.gguf()); i++) {
        const std::string key = gguf_get_key(file.gguf(), i);
        const bool known = key.rfind("general.", 0) == 0 || key.rfind("adapter.", 0) == 0;
        if (!known && gguf_get_kv_type(file.gguf(), i) == GGUF_TYPE_STRING) adapter.metadata[key] = gguf_get_val_str(file.gguf(), i);
    }
}

}  // namespace

void write_lora(const std::string & path, const LoraFile & adapter) {
    Gguf gguf(gguf_init_empty());
    Context context(ggml_init({(2 * adapter.pairs.size() + 1) * ggml_tensor_overhead(), nullptr, true}));
    gguf_set_val_str(gguf.get(), "general.type", "adapter");
    gguf_set_val_str(gguf.get(), "general.architecture", adapter.architecture.c_str());
    gguf_set_val_str(gguf.get(), "adapter.type", "lora");
    gguf_set_val_f32(gguf.get(), "adapter.lora.alpha", adapter.alpha);
    for (const auto & [key, value] : adapter.metadata) gguf_set_val_str(gguf.get(), key.c_str(), value.c_str());
    for (const LoraPair & pair : adapter.pairs) {
        add(gguf.get(), context.get(), pair.base_tensor + suffix_a, pair.n_in, pair.rank, pair.a);
        add(gguf.get(), context.get(), pair.base_tensor + suffix_b, pair.rank, pair.n_out, pair.b);
    }
    write_gguf_atomically(gguf.get(), path);
}

LoraFile read_lora(const std::string & path) {
    const GgufFile file(path);
    check_header(file);
    LoraFile adapter;
    adapter.architecture = file.text("general.architecture", "");
    adapter.alpha = (float) file.number("adapter.lora.alpha", 0.0);
    read_metadata(file, adapter);
    for (const ggml_tensor * tensor : file.tensors()) {
        if (ends_with(tensor->name, suffix_a)) adapter.pairs.push_back(read_pair(file, tensor));
        else if (!ends_with(tensor->name, suffix_b)) mismatch(file, std::string("tensor ") + tensor->name + " belongs to no LoRA pair");
    }
    if (adapter.pairs.empty()) mismatch(file, "it holds no LoRA pair");
    return adapter;
}

}  // namespace isheep

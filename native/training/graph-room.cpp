#include "training/graph-room.h"

#include "adapter/lora-gguf.h"
#include "common/log-capture.h"
#include "common/status.h"

#include <filesystem>
#include <random>
#include <string>

namespace isheep {
namespace {

constexpr size_t own_nodes = 8;       // a tensor: what llama.cpp has room for without adapters
constexpr size_t nodes_a_matrix = 6;  // of an adapter
constexpr size_t wanted = 32;         // nodes a tensor, as llama.cpp itself gives to the models of its largest graphs

// Of rank 1, all zeros, for every matrix of a layer.
LoraFile empty_adapter(const GgufFile & file) {
    LoraFile adapter;
    adapter.architecture = file.text("general.architecture");
    adapter.alpha = 1;
    for (const ggml_tensor * tensor : file.tensors()) {
        const std::string name = tensor->name;
        if (ggml_n_dims(tensor) != 2 || name.rfind("blk.", 0) != 0) continue;
        const int64_t n_in = tensor->ne[0], n_out = tensor->ne[1];
        adapter.pairs.push_back(
            {name, n_in, n_out, 1, std::vector<float>((size_t) n_in), std::vector<float>((size_t) n_out)});
    }
    return adapter;
}

}  // namespace

std::vector<LlamaAdapter> make_graph_room(llama_model * model, const GgufFile & file) {
    const LoraFile empty = empty_adapter(file);
    const auto path =
        std::filesystem::temp_directory_path() / ("isheep-room-" + std::to_string(std::random_device()()) + ".gguf");
    write_lora(path.u8string(), empty);
    const size_t missing = (wanted - own_nodes) * file.tensors().size();
    std::vector<LlamaAdapter> room;
    for (size_t nodes = 0; nodes < missing; nodes += nodes_a_matrix * empty.pairs.size()) {
        room.emplace_back(llama_adapter_lora_init(model, path.u8string().c_str()));
        if (!room.back()) break;
    }
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    if (room.empty() || room.back()) return room;
    throw Error(Code::native_failure, "llama.cpp could not make room for a training graph: " + take_logged_errors());
}

}  // namespace isheep

// Room in a llama.cpp context for the nodes of a training graph.
#pragma once

#include "common/gguf-file.h"
#include "common/handles.h"

#include <vector>

namespace isheep {

// llama.cpp gives its graphs room for what inference computes: 8 nodes a tensor, and some more for each matrix of every
// adapter that is loaded. A training graph also has the backward pass and the optimizer, and where a node finds no room
// ggml ends the process: every model of more than a few layers would. So adapters that are never applied are loaded,
// until there is room. Before the context is opened; they stay for as long as it does. Throws Error.
std::vector<LlamaAdapter> make_graph_room(llama_model * model, const GgufFile & file);

}  // namespace isheep

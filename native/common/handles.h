// Owners of the C objects of llama.cpp and ggml: each frees what it holds when it goes.
#pragma once

#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml.h"
#include "gguf.h"
#include "llama.h"

#include <memory>

namespace isheep {

template <auto free_function> struct Free {
    template <typename T> void operator()(T * object) const { free_function(object); }
};

using Context = std::unique_ptr<ggml_context, Free<ggml_free>>;
using Backend = std::unique_ptr<ggml_backend, Free<ggml_backend_free>>;
using Buffer = std::unique_ptr<ggml_backend_buffer, Free<ggml_backend_buffer_free>>;
using GraphAllocator = std::unique_ptr<ggml_gallocr, Free<ggml_gallocr_free>>;
using Gguf = std::unique_ptr<gguf_context, Free<gguf_free>>;
using LlamaModel = std::unique_ptr<llama_model, Free<llama_model_free>>;
using LlamaContext = std::unique_ptr<llama_context, Free<llama_free>>;
using LlamaSampler = std::unique_ptr<llama_sampler, Free<llama_sampler_free>>;
using LlamaAdapter = std::unique_ptr<llama_adapter_lora, Free<llama_adapter_lora_free>>;

}  // namespace isheep

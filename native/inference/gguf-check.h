// Looks into a GGUF file before llama.cpp does, so that a wrong file is an error that says what is wrong with it, and
// never an abort (ggml asserts on a key of the wrong type).
#pragma once

#include "common/handles.h"

#include <cstdint>
#include <string>

namespace isheep {

// The header of a GGUF file, checked to be whole: every tensor's data lies inside the file. Throws Error:
// model_not_found (no such file), bad_input (not GGUF, cut off). `what` names the file's role in messages ("model").
Gguf open_checked_gguf(const std::string & path, const std::string & what);

// Throws Error(unsupported_model) for numbers of a model that llama.cpp does not refuse but asserts.
void check_counts(const gguf_context * gguf, const std::string & path);

// A whole number that is not negative; 0 where the key is missing or of another type.
uint64_t integer_key(const gguf_context * gguf, const std::string & key);

// A string key's value; "" where the key is missing or of another type.
std::string string_key(const gguf_context * gguf, const char * key);

}  // namespace isheep

// Copies of a matrix in our memory into a tensor of another type, another memory, or the other way round.
#pragma once

#include "ggml-backend.h"
#include "ggml.h"

namespace isheep {

// [n_in, n_out] into [n_in, n_out]. Any thread.
void copy_matrix(const ggml_tensor * from, ggml_tensor * to);

// [n_in, n_out] into [n_out, n_in]. Any thread.
void copy_transposed(const ggml_tensor * from, ggml_tensor * to);

// Whether a copy into memory of this type is made whole in ours first.
bool is_staged(ggml_backend_buffer_type_t type);

}  // namespace isheep

// Second copies of the model's matrices, in the forms that products with them are fast in: transposed, for the backward
// product, and, on processors that have such, repacked for their matrix instructions.
#pragma once

#include "training/graph.h"

#include <map>
#include <memory>
#include <vector>

namespace isheep {

// Which matrices of the layers are copied. More copies are faster and take more memory. Where ggml multiplies, the
// output matrix always has a transposed copy: it is used for every chunk of logits.
enum class CopiedWeights {
    none,        // the micro-kernel reads the file; ggml's backward product transposes each matrix in every micro-batch
    transposed,  // for ggml's backward product
    all,         // whatever is faster than the file's own form: for ggml's forward product, too, or the micro-kernel's
};

const char * name_of(CopiedWeights copied);  // "none", "transposed", "all"

// The type of a transposed copy: F32 stays exact (its gradients can be proved), half floats become BF16 (a gradient may
// leave the range of F16), quantized types Q8_0, or BF16 where `n_out` is no multiple of its block.
ggml_type backward_type(ggml_type forward, int64_t n_out);

// How a copy is stored.
struct CopyForm {
    ggml_backend_buffer_type_t buffer_type;
    ggml_type type;
};

class WeightCopies {
public:
    // `max_tensors`: how many copies can be added.
    WeightCopies(const Compute & compute, size_t max_tensors);

    // The form of the copy of a mapped matrix [n_in, n_out] for the forward product; its buffer type is null where the
    // file's own form is the fastest.
    CopyForm forward_form(const ggml_tensor * mapped) const;
    CopyForm transposed_form(const ggml_tensor * mapped, bool repacked) const;
    // Of the copy that the micro-kernel reads instead of the file; its buffer type is null where that is as fast.
    CopyForm packed_form(const ggml_tensor * mapped) const;

    // An empty copy, [n_in, n_out] or [n_out, n_in], that has its numbers after fill().
    ggml_tensor * add_forward(const ggml_tensor * mapped, CopyForm form);
    ggml_tensor * add_transposed(const ggml_tensor * mapped, CopyForm form);
    // Once. What a copy holds does not depend on the number of threads. Throws Error(not_enough_memory).
    void fill(int n_threads);

private:
    struct Copy {
        const ggml_tensor * from;
        ggml_tensor * to;
        bool transposed;
    };
    ggml_tensor * add(const ggml_tensor * mapped, CopyForm form, bool transposed);
    // Null where the processor has no special form for this type and shape.
    ggml_backend_buffer_type_t repacking(ggml_type type, int64_t n_in, int64_t n_out) const;

    const Compute & compute_;
    size_t max_tensors_;
    std::vector<ggml_backend_buffer_type_t> extra_types_;  // the fastest first
    std::map<ggml_backend_buffer_type_t, std::unique_ptr<TensorStore>> stores_;
    std::vector<Copy> copies_;
};

}  // namespace isheep

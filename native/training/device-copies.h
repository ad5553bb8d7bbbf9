// Copies of mapped tensors in the memory of a device that cannot compute with what lies in ours. On the CPU nothing is
// copied.
#pragma once

#include "training/graph.h"

#include <vector>

namespace isheep {

class DeviceCopies {
public:
    DeviceCopies(size_t max_tensors, const Compute & compute);

    // What graphs use in place of `mapped`: itself, or a copy that has its numbers after fill().
    ggml_tensor * of(ggml_tensor * mapped);
    // The same for a matrix that F32 is multiplied by: in F16 where no product with its type is known to work there.
    ggml_tensor * of_matrix(ggml_tensor * mapped);
    // `type`, or `otherwise` where no product of F32 with it is known to work on the device.
    ggml_type multiplied(ggml_type type, ggml_type otherwise) const;

    // Whether get_rows gives the numbers of `matrix` on the device, so that no copy is needed to transpose it there.
    bool gives_rows(ggml_tensor * matrix) const;

    // Once, after all calls of `of`. Throws Error(not_enough_memory).
    void fill();

private:
    ggml_tensor * add(ggml_tensor * mapped, ggml_type type);

    struct Copy {
        const ggml_tensor * from;
        ggml_tensor * to;
    };
    const Compute & compute_;
    TensorStore store_;
    std::vector<Copy> copies_;
};

}  // namespace isheep

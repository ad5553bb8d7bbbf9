// Tensors that are described and never read: they have an address, without which a graph would plan memory for them,
// and no memory. For graphs whose size is asked and that never run.
#pragma once

#include "common/handles.h"

namespace isheep {

// Gives `t` an address that must not be read. For tensors without memory, and before views of them are made.
void describe_tensor(ggml_tensor * t);

}  // namespace isheep

// ggml's backends: loading the libraries that hold them, and naming the devices they offer.
#pragma once

#include "ggml-backend.h"

#include <string>
#include <vector>

namespace isheep {

// Loads every backend library in `directory`. If `cpu_library` (a path) is given, that one serves the CPU instead of
// the one that ggml would choose, and of the others only `other_libraries` (paths) are loaded; of those with one file
// name, the first that loads. Returns why some of these did not load. Once a process: later calls do nothing and return
// nothing. Throws Error(native_failure) where the CPU has no backend in the end.
std::vector<std::string> load_backends(const std::string & directory, const std::string & cpu_library,
                                       const std::vector<std::string> & other_libraries = {});

// "cpu", "cuda", "vulkan", "metal" or "auto" (the first GPU, else the CPU). Throws Error(bad_config) where there is no
// such device.
ggml_backend_dev_t device_by_name(const std::string & name);

// Whether it is a graphics processor, of its own or built into the processor.
bool is_gpu(ggml_backend_dev_t device);

// Whether the device's library has it and the processor too: "AVX512_BF16", "AMX_INT8" and the like.
bool has_feature(ggml_backend_dev_t device, const char * name);

// A backend on `device`, with `n_threads` threads if it is the CPU.
ggml_backend_t create_backend(ggml_backend_dev_t device, int n_threads);

// Computes one small product of each common weight type on the CPU: traps where the CPU library does not suit the
// processor, so it is called in a process of its own. Throws if a result is wrong.
void try_products();

// The same on every GPU. A driver that cannot run what a library was built for (CUDA's is older than the library) lists
// its device like any other, and ggml ends the process at the first computation.
void try_gpu_products();

}  // namespace isheep

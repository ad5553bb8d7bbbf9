// Keeps what llama.cpp and ggml log away from the terminal, and remembers their last errors, which say why a call
// that only returned null has failed.
#pragma once

#include <string>

namespace isheep {

// Routes all logs of llama.cpp and ggml here. May be called more than once.
void capture_logs();

// The error lines logged since the last call, joined by "; ", oldest first; "" if there were none. Any thread.
std::string take_logged_errors();

}  // namespace isheep

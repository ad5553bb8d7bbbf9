// How native code reports what went wrong. Everything below binding/ throws Error and nothing else on purpose; the
// binding turns it into a JavaScript error with the same code and hint (src/shared/errors.ts lists the codes).
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace isheep {

// Stable words, the same as ErrorCode in src/shared/errors.ts.
enum class Code {
    bad_config,
    bad_input,
    model_not_found,
    unsupported_model,
    adapter_mismatch,
    not_enough_memory,
    not_enough_disk,
    interrupted,
    training_diverged,
    native_failure,
};

const char * code_name(Code code);

// message: what, which value, where. hint: what to do; may be empty.
class Error : public std::runtime_error {
public:
    Error(Code code, const std::string & message, std::string hint = "")
        : std::runtime_error(message), code(code), hint(std::move(hint)) {}

    Code code;
    std::string hint;
};

}  // namespace isheep

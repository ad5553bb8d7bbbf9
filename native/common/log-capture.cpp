#include "common/log-capture.h"

#include "llama.h"

#include <cstdio>
#include <deque>
#include <mutex>

namespace isheep {
namespace {

constexpr size_t kept_lines = 8;  // enough for a failed load, which logs three or four

std::mutex mutex;
std::deque<std::string> errors;
bool continues = false;  // the last line was an error and more of it may follow (GGML_LOG_LEVEL_CONT)

void on_log(ggml_log_level level, const char * text, void *) {
    std::lock_guard<std::mutex> lock(mutex);
    if (level == GGML_LOG_LEVEL_CONT && continues && !errors.empty()) {
        errors.back() += text;
        return;
    }
    continues = level == GGML_LOG_LEVEL_ERROR;
    if (!continues) return;
    errors.emplace_back(text);
    if (errors.size() > kept_lines) errors.pop_front();
}

// What ggml cannot go on from ends the process. It has logged why, where nobody would see it.
void on_abort(const char * message) {
    const std::string why = take_logged_errors();
    std::fprintf(stderr, "llama.cpp ended the process: %s%s%s\n", message, why.empty() ? "" : ": ", why.c_str());
}

}  // namespace

void capture_logs() {
    ggml_set_abort_callback(on_abort);
    ggml_log_set(on_log, nullptr);
    llama_log_set(on_log, nullptr);
}

std::string take_logged_errors() {
    std::lock_guard<std::mutex> lock(mutex);
    std::string joined;
    for (std::string & line : errors) {
        while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
        if (line.empty()) continue;
        if (!joined.empty()) joined += "; ";
        joined += line;
    }
    errors.clear();
    return joined;
}

}  // namespace isheep

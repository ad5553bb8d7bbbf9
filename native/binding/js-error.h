// Native errors as JavaScript errors: `message`, `code` (a stable word) and `hint`.
#pragma once

#include <napi.h>

#include <exception>

namespace isheep {

// Any exception as an Error object; those that are not isheep::Error get the code "native-failure".
Napi::Value js_error(Napi::Env env, std::exception_ptr failure);

// Runs `body` and throws what it throws into JavaScript. For synchronous methods.
template <typename Body> auto guarded(Napi::Env env, Body && body) -> decltype(body()) {
    try {
        return body();
    } catch (const Napi::Error &) {
        throw;
    } catch (...) {
        throw Napi::Error(env, js_error(env, std::current_exception()));
    }
}

}  // namespace isheep

#include "binding/js-error.h"

#include "common/status.h"

#include <new>

namespace isheep {
namespace {

Napi::Value make(Napi::Env env, Code code, const std::string & message, const std::string & hint) {
    Napi::Object error = Napi::Error::New(env, message).Value();
    error.Set("code", code_name(code));
    error.Set("hint", hint);
    return error;
}

}  // namespace

Napi::Value js_error(Napi::Env env, std::exception_ptr failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const Napi::Error & error) {
        return error.Value();
    } catch (const Error & error) {
        return make(env, error.code, error.what(), error.hint);
    } catch (const std::bad_alloc &) {
        return make(env, Code::not_enough_memory, "the system gave no more memory", "");
    } catch (const std::exception & error) {
        return make(env, Code::native_failure, error.what(), "");
    } catch (...) {
        return make(env, Code::native_failure, "unknown native failure", "");
    }
}

}  // namespace isheep

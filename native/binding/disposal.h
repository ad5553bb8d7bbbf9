// dispose() as JavaScript sees it: a promise for the end of a native object's life.
#pragma once

#include "binding/lifetime.h"

#include <napi.h>

namespace isheep {

// Disposes the object and resolves, with undefined, once everything that it owned is released. May be called again.
inline Napi::Value dispose_promise(Napi::Env env, Lifetime & lifetime) {
    const auto deferred = Napi::Promise::Deferred::New(env);
    lifetime.dispose([deferred] { deferred.Resolve(deferred.Env().Undefined()); });
    return deferred.Promise();
}

}  // namespace isheep

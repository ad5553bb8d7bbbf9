// What a JavaScript object and its running jobs share of the native object behind it: made when that object is there,
// used by one call at a time, let go by dispose() or with the JavaScript object.
#pragma once

#include "binding/lifetime.h"

#include <napi.h>

#include <memory>
#include <string>
#include <utility>

namespace isheep {

template <typename Native> struct Handle {
    std::shared_ptr<Native> native;  // null once released
    std::shared_ptr<Lifetime> lifetime;

    // what: the object's name in messages. cancel: asks its running job to end, where it can.
    static std::shared_ptr<Handle> own(
        std::string what, std::shared_ptr<Native> native, void (*cancel)(Native &) = [](Native &) {}) {
        auto handle = std::make_shared<Handle>();
        handle->native = std::move(native);
        const std::weak_ptr<Handle> weak = handle;
        const auto cancel_job = [weak, cancel] {
            if (const auto locked = weak.lock()) cancel(*locked->native);
        };
        // A job that still uses the object owns it too: then the last of both frees it.
        const auto release = [weak] {
            if (const auto locked = weak.lock()) locked->native.reset();
        };
        handle->lifetime = std::make_shared<Lifetime>(std::move(what), cancel_job, release);
        return handle;
    }

    // What the constructor of a class below was given by object_of. Throws TypeError where a program calls it itself.
    static std::shared_ptr<Handle> given(const Napi::CallbackInfo & info, const char * how_made) {
        if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), how_made);
        return *info[0].As<Napi::External<std::shared_ptr<Handle>>>().Data();
    }

    // dispose() as JavaScript sees it: a promise that resolves, with undefined, once everything that the object owned
    // is released. May be called again.
    Napi::Value dispose(Napi::Env env) {
        const auto deferred = Napi::Promise::Deferred::New(env);
        lifetime->dispose([deferred] { deferred.Resolve(deferred.Env().Undefined()); });
        return deferred.Promise();
    }
};

// A JavaScript object of Class, which is not exported: it has define(env), and its constructor calls Handle::given.
template <typename Class, typename Native>
Napi::Object object_of(Napi::Env env, std::shared_ptr<Handle<Native>> handle) {
    return Class::define(env).New({Napi::External<std::shared_ptr<Handle<Native>>>::New(env, &handle)});
}

}  // namespace isheep

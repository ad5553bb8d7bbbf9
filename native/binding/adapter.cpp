// NativeAdapter: a handle that runners take, and dispose().
#include "binding/handle.h"
#include "binding/inference.h"
#include "binding/js-error.h"

namespace isheep {
namespace {

constexpr napi_type_tag adapter_tag = {0x6973686565704c41, 0x6164617074657231};

class AdapterObject : public Napi::ObjectWrap<AdapterObject> {
public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(env, "NativeAdapter", {InstanceMethod<&AdapterObject::dispose>("dispose")});
    }

    explicit AdapterObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<AdapterObject>(info) {
        handle_ = Handle<Adapter>::given(info, "adapters are made by loadAdapter");
        info.This().As<Napi::Object>().TypeTag(&adapter_tag);
    }

    const Handle<Adapter> & handle() const { return *handle_; }

private:
    Napi::Value dispose(const Napi::CallbackInfo & info) { return handle_->dispose(info.Env()); }

    std::shared_ptr<Handle<Adapter>> handle_;
};

}  // namespace

Napi::Object create_adapter_object(Napi::Env env, Lifetime & parent, std::shared_ptr<Adapter> adapter) {
    // A runner that uses the adapter owns it too.
    auto handle = Handle<Adapter>::own("adapter", std::move(adapter));
    parent.adopt(handle->lifetime);
    return object_of<AdapterObject>(env, std::move(handle));
}

std::shared_ptr<Adapter> adapter_of(const Napi::Value & value) {
    if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&adapter_tag)) {
        throw Napi::TypeError::New(value.Env(), "an adapter must be one that loadAdapter gave");
    }
    const Handle<Adapter> & handle = AdapterObject::Unwrap(value.As<Napi::Object>())->handle();
    handle.lifetime->check_usable();
    return handle.native;
}

}  // namespace isheep

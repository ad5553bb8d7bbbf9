// NativeAdapter: a handle that runners take, and dispose().
#include "binding/disposal.h"
#include "binding/inference.h"
#include "binding/js-error.h"

namespace isheep {
namespace {

constexpr napi_type_tag adapter_tag = {0x6973686565704c41, 0x6164617074657231};

struct AdapterState {
    std::shared_ptr<Adapter> adapter;
    std::shared_ptr<Lifetime> lifetime;
};

class AdapterObject : public Napi::ObjectWrap<AdapterObject> {
public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(env, "NativeAdapter", {InstanceMethod<&AdapterObject::dispose>("dispose")});
    }

    explicit AdapterObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<AdapterObject>(info) {
        if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "adapters are made by loadAdapter");
        state_ = *info[0].As<Napi::External<std::shared_ptr<AdapterState>>>().Data();
        info.This().As<Napi::Object>().TypeTag(&adapter_tag);
    }

    const AdapterState & state() const { return *state_; }

private:
    Napi::Value dispose(const Napi::CallbackInfo & info) { return dispose_promise(info.Env(), *state_->lifetime); }

    std::shared_ptr<AdapterState> state_;
};

}  // namespace

Napi::Object create_adapter_object(Napi::Env env, Lifetime & parent, std::shared_ptr<Adapter> adapter) {
    auto state = std::make_shared<AdapterState>();
    state->adapter = std::move(adapter);
    // A runner that still uses the adapter owns it too: then the last of both frees it.
    std::weak_ptr<AdapterState> weak = state;
    const auto release = [weak] {
        if (const auto locked = weak.lock()) locked->adapter.reset();
    };
    state->lifetime = std::make_shared<Lifetime>("adapter", [] {}, release);
    parent.adopt(state->lifetime);
    return AdapterObject::define(env).New({Napi::External<std::shared_ptr<AdapterState>>::New(env, &state)});
}

std::shared_ptr<Adapter> adapter_of(const Napi::Value & value) {
    if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&adapter_tag)) {
        throw Napi::TypeError::New(value.Env(), "an adapter must be one that loadAdapter gave");
    }
    const AdapterState & state = AdapterObject::Unwrap(value.As<Napi::Object>())->state();
    state.lifetime->check_usable();
    return state.adapter;
}

}  // namespace isheep

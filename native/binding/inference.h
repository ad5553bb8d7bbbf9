// The JavaScript classes over native/inference: NativeModel, NativeAdapter and NativeRunner of addon-types.ts. Their
// constructors are not exported; objects are made by the functions below and by loadModel.
#pragma once

#include "binding/lifetime.h"
#include "inference/batch-runner.h"
#include "inference/model.h"

#include <napi.h>

#include <memory>

namespace isheep {

// `parent`, the model's lifetime, disposes the new object before the model.
Napi::Object create_adapter_object(Napi::Env env, Lifetime & parent, std::shared_ptr<Adapter> adapter);
Napi::Object create_runner_object(Napi::Env env, Lifetime & parent, std::shared_ptr<BatchRunner> runner);

// The adapter of a NativeAdapter. Throws TypeError for any other value, Error(bad_config) if it is disposed.
std::shared_ptr<Adapter> adapter_of(const Napi::Value & value);

}  // namespace isheep

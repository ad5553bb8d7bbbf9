// What each file of binding/ adds to the addon's exports; addon.cpp calls them all.
#pragma once

#include <napi.h>

namespace isheep {

void export_system(Napi::Env env, Napi::Object exports);
void export_trainer(Napi::Env env, Napi::Object exports);
void export_inference(Napi::Env env, Napi::Object exports);
void export_full_trainer(Napi::Env env, Napi::Object exports);
void export_k_means(Napi::Env env, Napi::Object exports);
void export_files(Napi::Env env, Napi::Object exports);

}  // namespace isheep

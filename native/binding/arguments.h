// Reading arguments that the façade in src/engine/ has checked, and writing results: plain C++ values from and to
// JavaScript ones.
#pragma once

#include "common/status.h"

#include <napi.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace isheep {

inline double number_of(const Napi::Object & object, const char * key) {
    return object.Get(key).As<Napi::Number>().DoubleValue();
}

// `otherwise` where there is none.
inline double optional_number_of(const Napi::Object & object, const char * key, double otherwise) {
    return object.Get(key).IsNumber() ? number_of(object, key) : otherwise;
}

inline uint32_t count_of(const Napi::Object & object, const char * key) {
    return object.Get(key).As<Napi::Number>().Uint32Value();
}

inline std::string string_of(const Napi::Object & object, const char * key) {
    return object.Get(key).As<Napi::String>().Utf8Value();
}

// "" where there is none.
inline std::string optional_string_of(const Napi::Object & object, const char * key) {
    return object.Get(key).IsString() ? string_of(object, key) : "";
}

// The choice that goes by the name `text`.
template <typename Choice>
Choice one_of(const std::string & text, const char * what,
              std::initializer_list<std::pair<const char *, Choice>> choices) {
    for (const auto & [name, choice] : choices) {
        if (text == name) return choice;
    }
    throw Error(Code::bad_config, std::string(what) + " \"" + text + "\" is not known");
}

// An Int32Array's values; a TypeError for anything else.
inline std::vector<int32_t> tokens_of(const Napi::Value & value) {
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) {
        throw Napi::TypeError::New(value.Env(), "tokens must be an Int32Array");
    }
    const auto array = value.As<Napi::Int32Array>();
    return {array.Data(), array.Data() + array.ElementLength()};
}

inline Napi::Int32Array int32_array(Napi::Env env, const std::vector<int32_t> & values) {
    Napi::Int32Array array = Napi::Int32Array::New(env, values.size());
    std::copy(values.begin(), values.end(), array.Data());
    return array;
}

inline Napi::Float32Array float32_array(Napi::Env env, const std::vector<float> & values) {
    Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
    std::copy(values.begin(), values.end(), array.Data());
    return array;
}

inline Napi::Float64Array float64_array(Napi::Env env, const std::vector<double> & values) {
    Napi::Float64Array array = Napi::Float64Array::New(env, values.size());
    std::copy(values.begin(), values.end(), array.Data());
    return array;
}

}  // namespace isheep

// Merging: what is written is W + scale * B * A in each type, all else stays, and what cannot be merged is refused.
#include "adapter/merge.h"

#include "adapter/lora-gguf.h"
#include "common/gguf-file.h"
#include "test/check.h"
#include "test/support.h"
#include "training/random-bits.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

using namespace isheep;
using namespace isheep::test;

namespace {

std::vector<float> numbers(size_t n, uint32_t seed, float size) {
    std::vector<float> values(n);
    for (size_t i = 0; i < n; i++) values[i] = size * (random_unit(seed, i) - 0.5f);
    return values;
}

// Of rank 3 for every matrix of the layers but attn_k.
LoraFile random_adapter(const std::string & base_path, uint32_t seed, float size) {
    const GgufFile base(base_path);
    LoraFile adapter;
    adapter.architecture = base.text("general.architecture");
    adapter.alpha = 6;
    for (const ggml_tensor * tensor : base.tensors()) {
        const std::string name = tensor->name;
        if (ggml_n_dims(tensor) != 2 || name.rfind("blk.", 0) != 0 || name.find("attn_k.") != std::string::npos)
            continue;
        const size_t n_in = (size_t) tensor->ne[0], n_out = (size_t) tensor->ne[1];
        adapter.pairs.push_back(
            {name, tensor->ne[0], tensor->ne[1], 3, numbers(3 * n_in, seed++, size), numbers(3 * n_out, seed++, size)});
    }
    return adapter;
}

std::string written(const LoraFile & adapter, const std::string & name) {
    const std::string path = temporary_path(name);
    write_lora(path, adapter);
    return path;
}

MergeSettings settings_for(const std::string & base, const std::vector<std::string> & adapters,
                           const std::string & output, const std::string & type = "same") {
    MergeSettings settings;
    settings.base_path = base;
    settings.output_path = temporary_path(output);
    settings.type = type;
    for (const std::string & path : adapters) settings.adapters.push_back({path, 1, "hash of " + path});
    return settings;
}

MergeReport merge_now(const MergeSettings & settings) {
    const std::atomic<bool> never{false};
    return merge_adapters(settings, [](size_t, size_t) {}, never);
}

std::string bytes_of(const std::string & path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::string bytes_of(const GgufFile & file, const ggml_tensor * tensor) {
    return bytes_of(file.path()).substr(file.data_offset(tensor), ggml_nbytes(tensor));
}

bool left_nothing(const std::string & path) {
    return !std::filesystem::exists(path) && !std::filesystem::exists(path + ".tmp");
}

// W + scale * B * A in double precision.
std::vector<float> expected(const GgufFile & base, const LoraFile & adapter, const LoraPair & pair, float scale) {
    std::vector<float> values = base.read_floats(base.find(pair.base_tensor));
    for (int64_t row = 0; row < pair.n_out; row++) {
        for (int64_t i = 0; i < pair.n_in; i++) {
            double sum = 0;
            for (int64_t r = 0; r < pair.rank; r++)
                sum += (double) pair.b[row * pair.rank + r] * pair.a[r * pair.n_in + i];
            values[row * pair.n_in + i] += (float) (scale * adapter.alpha / pair.rank * sum);
        }
    }
    return values;
}

}  // namespace

TEST("a merged tensor is W + scale * B * A, all others and the tokenizer are the base's") {
    for (const char * architecture : {"llama", "qwen2", "qwen3", "gemma3"}) {
        const std::string base_path = tiny_model_path(tiny_architecture(architecture));
        const LoraFile adapter = random_adapter(base_path, 1, 0.2f);
        MergeSettings settings = settings_for(base_path, {written(adapter, "one.gguf")}, "merged.gguf");
        settings.adapters[0].scale = 0.5f;
        const MergeReport report = merge_now(settings);
        check_equal(report.n_merged, adapter.pairs.size(), "merged tensors");
        check_near(report.sums.survived(), 1, 1e-5, "what survives in F32");
        const GgufFile base(base_path), merged(settings.output_path);
        check_equal(report.n_bytes, (uint64_t) std::filesystem::file_size(settings.output_path), "size");
        std::map<std::string, const LoraPair *> pairs;
        for (const LoraPair & pair : adapter.pairs) pairs[pair.base_tensor] = &pair;
        for (const ggml_tensor * tensor : base.tensors()) {
            const ggml_tensor * found = merged.find(tensor->name);
            check(found && found->type == tensor->type && ggml_are_same_shape(found, tensor), tensor->name);
            const auto pair = pairs.find(tensor->name);
            if (pair == pairs.end()) check(bytes_of(base, tensor) == bytes_of(merged, found), tensor->name);
            else
                check_near(relative_difference(merged.read_floats(found), expected(base, adapter, *pair->second, 0.5f)),
                           0, 1e-6, tensor->name);
        }
        for (int64_t i = 0; i < gguf_get_n_kv(base.gguf()); i++)
            check(merged.has(gguf_get_key(base.gguf(), i)), gguf_get_key(base.gguf(), i));
        check_equal(merged.text("tokenizer.chat_template"), base.text("tokenizer.chat_template"), "template");
    }
}

TEST("a model merged in F32 has the logits of the base with its adapter, for every architecture") {
    for (const char * architecture : {"llama", "qwen2", "qwen3", "gemma3"}) {
        const std::string base = tiny_model_path(tiny_architecture(architecture));
        const std::string adapter = written(random_adapter(base, 1, 0.3f), "live.gguf");
        const MergeSettings settings = settings_for(base, {adapter}, "as-live.gguf");
        merge_now(settings);
        const std::vector<int32_t> tokens = random_samples({60}, 9)[0].tokens;
        const std::vector<float> live = llama_logits(base, adapter, tokens);
        const double difference = relative_difference(llama_logits(settings.output_path, "", tokens), live);
        const double change = relative_difference(llama_logits(base, "", tokens), live);
        std::printf("     %s: %.1e, where the adapter changed %.1e\n", architecture, difference, change);
        check(difference < 1e-5, std::string(architecture) + " differs by " + std::to_string(difference));
        check(change > 1e-2, "the adapter changes the logits");
    }
}

TEST("several adapters are added up") {
    const std::string base_path = tiny_model_path({});
    const std::string first = written(random_adapter(base_path, 1, 0.2f), "first.gguf");
    const std::string second = written(random_adapter(base_path, 500, 0.2f), "second.gguf");
    const MergeSettings both = settings_for(base_path, {first, second}, "both.gguf");
    merge_now(both);
    const MergeSettings step = settings_for(base_path, {first}, "step.gguf");
    merge_now(step);
    const MergeSettings then = settings_for(step.output_path, {second}, "then.gguf");
    merge_now(then);
    const GgufFile at_once(both.output_path), in_turn(then.output_path);
    for (const ggml_tensor * tensor : at_once.tensors())
        check_near(relative_difference(at_once.read_floats(tensor), in_turn.read_floats(in_turn.find(tensor->name))), 0,
                   1e-6, tensor->name);
}

TEST("each type is written, with the same bytes by any number of threads, and the more bits the more survives") {
    TinyModelOptions options;
    options.width = 256;
    options.feed_forward = 512;
    const std::string base_path = tiny_model_path(options);
    const std::string adapter = written(random_adapter(base_path, 1, 0.05f), "adapter.gguf");
    double before = 0;
    for (const char * type : {"q2_k", "q3_k_m", "q4_0", "q4_k_m", "q5_k_m", "q6_k", "q8_0", "bf16", "f16", "f32"}) {
        MergeSettings settings = settings_for(base_path, {adapter}, "one-thread.gguf", type);
        const MergeReport report = merge_now(settings);
        const std::string bytes = bytes_of(settings.output_path);
        settings.threads = 3;
        settings.output_path = temporary_path("three-threads.gguf");
        merge_now(settings);
        check(bytes == bytes_of(settings.output_path), std::string(type) + ": other bytes by three threads");
        const double noise = report.sums.noise();
        std::printf("     %-7s survived %.4f, noise %.4f\n", type, report.sums.survived(), noise);
        check(before == 0 || noise < before, std::string(type) + " loses more than a type of fewer bits");
        before = noise;
        check_equal(report.n_fallback, (size_t) 0, "other types");
    }
}

TEST("rows that 256 does not divide get another type, and are counted") {
    const std::string base_path = tiny_model_path({});
    const std::string adapter = written(random_adapter(base_path, 1, 0.05f), "adapter.gguf");
    const MergeSettings settings = settings_for(base_path, {adapter}, "fallback.gguf", "q4_k_m");
    const MergeReport report = merge_now(settings);
    const GgufFile merged(settings.output_path);
    size_t n_matrices = 0;
    for (const ggml_tensor * tensor : merged.tensors()) {
        if (ggml_n_dims(tensor) < 2) continue;
        n_matrices++;
        check(tensor->type == GGML_TYPE_Q5_0 || tensor->type == GGML_TYPE_Q8_0, tensor->name);
    }
    check_equal(report.n_fallback, n_matrices, "matrices with another type");
}

TEST("an adapter that adds nothing leaves every byte of a quantized base") {
    for (const char * type : {"q4_1", "q8_0", "q4_K", "q6_K", "iq4_xs"}) {
        TinyModelOptions options;
        options.type = type_by_name(type);
        const std::string base_path = tiny_model_path(options);
        LoraFile adapter = random_adapter(base_path, 1, 0.2f);
        for (LoraPair & pair : adapter.pairs) std::fill(pair.b.begin(), pair.b.end(), 0.0f);
        const MergeSettings settings = settings_for(base_path, {written(adapter, "zero.gguf")}, "same.gguf");
        const MergeReport report = merge_now(settings);
        check_equal(report.sums.survived(), 1.0, "survived");
        const GgufFile base(base_path), merged(settings.output_path);
        for (const ggml_tensor * tensor : base.tensors())
            check(bytes_of(base, tensor) == bytes_of(merged, merged.find(tensor->name)), tensor->name);
    }
}

TEST("an adapter that counts nothing changes no tensor") {
    const std::string base_path = tiny_model_path({});
    MergeSettings settings =
        settings_for(base_path, {written(random_adapter(base_path, 1, 0.2f), "any.gguf")}, "0.gguf");
    settings.adapters[0].scale = 0;
    check_equal(merge_now(settings).n_merged, (size_t) 0, "changed tensors");
}

TEST("where it comes from and how it talks stand in the merged model") {
    TinyModelOptions options;
    options.chat_template = false;
    const std::string base_path = tiny_model_path(options);
    LoraFile adapter = random_adapter(base_path, 1, 0.2f);
    adapter.metadata = {{"isheep.base.sha256", "the base"}, {"isheep.run", "a run"}, {"isheep.iteration", "2"}};
    MergeSettings settings = settings_for(base_path, {written(adapter, "named.gguf")}, "named-merged.gguf", "f16");
    settings.base_sha256 = "the base";
    settings.chat_template = "{{ messages }}";
    merge_now(settings);
    const GgufFile merged(settings.output_path);
    check_equal(merged.text("isheep.merge.base.sha256"), std::string("the base"), "base");
    const int64_t hashes = gguf_find_key(merged.gguf(), "isheep.merge.adapter.sha256");
    check_equal(std::string(gguf_get_arr_str(merged.gguf(), hashes, 0)), settings.adapters[0].sha256, "adapter");
    check_equal(merged.text("isheep.run"), std::string("a run"), "run");
    check_equal(merged.text("isheep.iteration"), std::string("2"), "iteration");
    check_equal(merged.text("tokenizer.chat_template"), std::string("{{ messages }}"), "template");
    check_equal(merged.integer("general.file_type"), (int64_t) LLAMA_FTYPE_MOSTLY_F16, "file type");
}

TEST("what cannot be merged is refused by name, and nothing is left") {
    const std::string base_path = tiny_model_path({});
    const LoraFile good = random_adapter(base_path, 1, 0.2f);
    const auto refused = [&](Code code, const std::string & part, const std::function<void(LoraFile &)> & spoil) {
        LoraFile adapter = good;
        spoil(adapter);
        MergeSettings settings = settings_for(base_path, {written(adapter, "bad.gguf")}, "refused.gguf");
        settings.base_sha256 = "of this base";
        check_throws(code, part, [&] { merge_now(settings); });
        check(left_nothing(settings.output_path), "something was left: " + part);
    };
    const auto mismatch = Code::adapter_mismatch;
    refused(mismatch, "architecture qwen2", [](LoraFile & a) { a.architecture = "qwen2"; });
    refused(mismatch, "sha256 of another b…",
            [](LoraFile & a) { a.metadata["isheep.base.sha256"] = "of another base"; });
    refused(mismatch, "has no tensor blk.9.attn_q.weight",
            [](LoraFile & a) { a.pairs[0].base_tensor = "blk.9.attn_q.weight"; });
    refused(mismatch, "make 64 x 60", [](LoraFile & a) {
        a.pairs[0].n_out = 60;
        a.pairs[0].b.resize(180);
    });
    refused(Code::bad_input, "not finite",
            [](LoraFile & a) { a.pairs[1].b[5] = std::numeric_limits<float>::quiet_NaN(); });
    refused(Code::unsupported_model, "token_embd", [](LoraFile & a) {
        a.pairs[0] = {"token_embd.weight", 64, 320, 1, std::vector<float>(64), std::vector<float>(320)};
    });
    const std::string adapter = written(good, "good.gguf");
    check_throws(Code::bad_config, "is the input and the output", [&] {
        MergeSettings settings = settings_for(base_path, {adapter}, "unused.gguf");
        settings.output_path = base_path;
        merge_now(settings);
    });
    check_throws(Code::bad_config, "does not exist",
                 [&] { merge_now(settings_for(base_path, {adapter}, "no/such/folder.gguf")); });
    check_throws(Code::bad_config, "\"q9\" is not a type",
                 [&] { merge_now(settings_for(base_path, {adapter}, "unused.gguf", "q9")); });
    check_throws(Code::unsupported_model, "is an adapter, not a model",
                 [&] { merge_now(settings_for(adapter, {adapter}, "unused.gguf")); });
    TinyModelOptions options;
    options.type = type_by_name("iq2_xs");
    options.layers = 1;
    const std::string small = tiny_model_path(options);
    const std::string of_small = written(random_adapter(small, 1, 0.2f), "small.gguf");
    check_throws(Code::unsupported_model, "importance matrix",
                 [&] { merge_now(settings_for(small, {of_small}, "unused.gguf")); });
}

TEST("numbers that a type has no place for are an error, not infinity") {
    const std::string base_path = tiny_model_path({});
    const std::string adapter = written(random_adapter(base_path, 1, 1000), "large.gguf");
    const MergeSettings settings = settings_for(base_path, {adapter}, "overflow.gguf", "f16");
    check_throws(Code::bad_input, "too large for the type f16", [&] { merge_now(settings); });
    check(left_nothing(settings.output_path), "something was left");
}

TEST("a cancelled merge leaves nothing") {
    const std::string base_path = tiny_model_path({});
    const MergeSettings settings =
        settings_for(base_path, {written(random_adapter(base_path, 1, 0.2f), "adapter.gguf")}, "cancelled.gguf");
    std::atomic<bool> cancelled{false};
    const auto cancel_later = [&](size_t done, size_t) { cancelled = done == 4; };
    check_throws(Code::interrupted, "interrupted", [&] { merge_adapters(settings, cancel_later, cancelled); });
    check(left_nothing(settings.output_path), "something was left");
}

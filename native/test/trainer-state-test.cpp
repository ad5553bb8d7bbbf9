// What a trainer keeps and refuses: the best adapter through a checkpoint, losses and gradients that are no numbers,
// adapters of another base.
#include "adapter/adapter-fit.h"
#include "adapter/lora-gguf.h"
#include "common/gguf-file.h"
#include "test/check.h"
#include "test/support.h"

#include <fstream>
#include <iterator>
#include <limits>

using namespace isheep;
using namespace isheep::test;

namespace {

std::string adapter_bytes(const Trainer & trainer, bool best) {
    const std::string path = temporary_path("state.gguf");
    trainer.save_adapter(path, {}, best);
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// A tiny model in which one token's embedding is no number.
std::string model_with_bad_token(int token) {
    TinyModelOptions options;
    options.tied = false;
    const std::string path = tiny_model_path(options);
    const GgufFile file(path);
    const ggml_tensor * embeddings = file.find("token_embd.weight");
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::fstream stream(path, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekp((std::streamoff) (file.data_offset(embeddings) + token * embeddings->nb[1]));
    stream.write((const char *) &nan, sizeof nan);
    return path;
}

// An adapter of `trainer`'s shapes whose A is filled with `a` and whose B is zero, so that the loss does not see it.
std::string adapter_filled_with(const Trainer & trainer, float a) {
    const std::string path = temporary_path("filled.gguf");
    trainer.save_adapter(path, {});
    LoraFile adapter = read_lora(path);
    for (LoraPair & pair : adapter.pairs) {
        pair.a.assign(pair.a.size(), a);
        pair.b.assign(pair.b.size(), 0);
    }
    write_lora(path, adapter);
    return path;
}

}  // namespace

TEST("the best adapter is kept while training goes on, and in checkpoints") {
    const TrainerSettings settings = tiny_settings(tiny_model_path({}));
    const std::string path = temporary_path("with-best.gguf");
    Trainer trainer(settings);
    check_throws(Code::bad_config, "no adapter was kept", [&] { adapter_bytes(trainer, true); });
    trainer.step(random_samples({40}, 1));
    const std::string best = adapter_bytes(trainer, false);
    trainer.keep_best();
    trainer.step(random_samples({40}, 2));
    check(adapter_bytes(trainer, true) == best, "the best adapter changed");
    check(adapter_bytes(trainer, false) != best, "the step changed nothing");
    trainer.save_checkpoint(path);
    Trainer restored(settings);
    restored.load_checkpoint(path);
    check(adapter_bytes(restored, true) == best, "the checkpoint holds another best adapter");
    check(adapter_bytes(restored, false) == adapter_bytes(trainer, false), "the checkpoint holds another adapter");
}

TEST("a loss that is no number names its sample inside the micro-batch, and changes nothing") {
    TrainerSettings settings = tiny_settings(model_with_bad_token(7));
    settings.micro_batch_tokens = 400;
    Trainer trainer(settings);
    const std::vector<Sample> good = {{{20, 21, 22, 23}, 2, "first"}, {{30, 31, 32}, 1, "third"}};
    const std::vector<Sample> bad = {good[0], {{24, 7, 25, 26}, 2, "second"}, good[1]};
    trainer.step(good);
    const std::string before = adapter_bytes(trainer, false);
    const char * message = "the loss of sample second is not a finite number after step 1";
    check_throws(Code::training_diverged, message, [&] { trainer.step(bad); });
    check_throws(Code::training_diverged, message, [&] { trainer.evaluate(bad, true); });
    check(adapter_bytes(trainer, false) == before, "the adapter changed");
    check_equal(trainer.steps(), 1, "steps");
    trainer.step(good);
    check_equal(trainer.steps(), 2, "steps");
}

TEST("a gradient that is no number is an error that names a sample") {
    TrainerSettings settings = tiny_settings(tiny_model_path({}));
    settings.init_adapter_path = adapter_filled_with(Trainer(settings), 1e37f);
    Trainer trainer(settings);
    check_throws(Code::training_diverged, "the gradient of sample 0 is not a finite number",
                 [&] { trainer.step(random_samples({20, 30}, 1)); });
    check_equal(trainer.steps(), 0, "steps");
}

TEST("an adapter is refused with all that does not fit, by the base's sha256 first") {
    TrainerSettings settings = tiny_settings(tiny_model_path({}));
    const std::string path = temporary_path("of-a-base.gguf");
    Trainer(settings).save_adapter(path, {{"isheep.base.sha256", "0123456789abcdef"}});
    settings.init_adapter_path = path;
    settings.base_sha256 = "0123456789abcdef";
    Trainer continued(settings);
    settings.base_sha256 = "fedcba9876543210";
    check_throws(Code::adapter_mismatch,
                 "trained on a base with the sha256 0123456789ab…, and this one has fedcba987654…",
                 [&] { Trainer trainer(settings); });
    settings.base_sha256 = "";
    settings.lora.rank = 8;
    settings.lora.alpha = 32;
    settings.lora.targets = {Target::q};
    check_throws(Code::adapter_mismatch,
                 "its rank is 4, not 8; its alpha is 8, not 32; it has matrices for blk.0.attn_k.weight, which is not "
                 "trained here",
                 [&] { Trainer trainer(settings); });
}

#include "common/status.h"

namespace isheep {

const char * code_name(Code code) {
    switch (code) {
        case Code::bad_config:        return "bad-config";
        case Code::bad_input:         return "bad-input";
        case Code::model_not_found:   return "model-not-found";
        case Code::unsupported_model: return "unsupported-model";
        case Code::adapter_mismatch:  return "adapter-mismatch";
        case Code::not_enough_memory: return "not-enough-memory";
        case Code::not_enough_disk:   return "not-enough-disk";
        case Code::interrupted:       return "interrupted";
        case Code::training_diverged: return "training-diverged";
        case Code::native_failure:    return "native-failure";
    }
    return "native-failure";
}

}  // namespace isheep

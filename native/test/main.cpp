// isheep-tests [part of a name]: runs the C++ tests. isheep-tests --abort: ends as ggml ends a process (cpp.test.ts).
#include "common/backends.h"
#include "gguf.h"
#include "test/check.h"

#include <string>

int main(int argc, char ** argv) {
    isheep::load_backends(ISHEEP_TEST_BACKENDS, "");
    if (argc > 1 && std::string(argv[1]) == "--abort") {
        gguf_init_from_file("no such file.gguf", {});  // logs an error
        GGML_ABORT("cannot go on");
    }
    return isheep::test::run_all(argc > 1 ? argv[1] : "");
}

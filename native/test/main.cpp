// isheep-tests [part of a name]: runs the C++ tests.
#include "check.h"
#include "common/backends.h"

int main(int argc, char ** argv) {
    isheep::load_backends(ISHEEP_TEST_BACKENDS, "");
    return isheep::test::run_all(argc > 1 ? argv[1] : "");
}

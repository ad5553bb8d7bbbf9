// A test framework as small as we need: TEST("sentence") { check(...); check_near(...); check_throws(...); }
// Every program prints one line a test and "N passed, N failed"; an argument runs only tests whose name contains it.
#pragma once

#include "common/status.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace isheep::test {

struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct Test {
    const char * name;
    void (*body)();
};
inline std::vector<Test> & tests() {
    static std::vector<Test> all;
    return all;
}
struct Register {
    Register(const char * name, void (*body)()) { tests().push_back({name, body}); }
};

inline void check(bool condition, const std::string & what) {
    if (!condition) throw Failure(what);
}
template <typename A, typename B>
void check_equal(const A & found, const B & expected, const std::string & what) {
    if (found == expected) return;
    std::ostringstream text;
    text << what << ": found " << found << ", expected " << expected;
    throw Failure(text.str());
}
inline void check_near(double found, double expected, double tolerance, const std::string & what) {
    if (std::fabs(found - expected) <= tolerance) return;  // false for NaN
    std::ostringstream text;
    text.precision(9);
    text << what << ": found " << found << ", expected " << expected << " within " << tolerance;
    throw Failure(text.str());
}
// `body` must throw an Error of this code whose message contains `part`.
inline void check_throws(Code code, const std::string & part, const std::function<void()> & body) {
    try {
        body();
    } catch (const Error & error) {
        check_equal(code_name(error.code), std::string(code_name(code)), error.what());
        check(std::strstr(error.what(), part.c_str()), std::string("the message \"") + error.what() + "\" lacks \"" + part + "\"");
        return;
    }
    throw Failure("nothing was thrown; expected: " + part);
}

inline int run_all(const std::string & filter) {
    int passed = 0, failed = 0;
    for (const Test & test : tests()) {
        if (!std::strstr(test.name, filter.c_str())) continue;
        try {
            test.body();
            passed++;
            std::printf("ok   %s\n", test.name);
        } catch (const std::exception & error) {
            failed++;
            std::printf("FAIL %s\n     %s\n", test.name, error.what());
        }
        std::fflush(stdout);
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed ? 1 : 0;
}

}  // namespace isheep::test

#define ISHEEP_JOIN2(a, b) a##b
#define ISHEEP_JOIN(a, b) ISHEEP_JOIN2(a, b)
#define TEST(name)                                                                                             \
    static void ISHEEP_JOIN(test_, __LINE__)();                                                                \
    static const isheep::test::Register ISHEEP_JOIN(registered_, __LINE__)(name, ISHEEP_JOIN(test_, __LINE__)); \
    static void ISHEEP_JOIN(test_, __LINE__)()

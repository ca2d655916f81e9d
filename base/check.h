// CHECK: an assumption of the programmer, also verified in release builds. User input never reaches one.
// Threads: any.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace pointsman {

[[noreturn]] inline void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace pointsman

#define POINTSMAN_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::pointsman::CheckFailed(#condition, __FILE__, __LINE__))

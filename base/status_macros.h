// RETURN_IF_ERROR and ASSIGN_OR_RETURN for absl::Status (absl 20220623 has none of its own).
// Threads: any.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define POINTSMAN_CONCAT_INNER(a, b) a##b
#define POINTSMAN_CONCAT(a, b) POINTSMAN_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expression)                           \
  do {                                                        \
    if (absl::Status status_ = (expression); !status_.ok()) { \
      return status_;                                         \
    }                                                         \
  } while (false)

// `target` may be a declaration, which parentheses would break.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_INNER(POINTSMAN_CONCAT(status_or_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_INNER(temporary, target, expression) \
  auto temporary = (expression);                              \
  if (!temporary.ok()) {                                      \
    return temporary.status();                                \
  }                                                           \
  target = std::move(temporary).value()
// NOLINTEND(bugprone-macro-parentheses)

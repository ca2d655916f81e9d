// The one place where std::string_view meets absl::string_view: in Debian's build they are two
// types that do not convert.
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pointsman {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

// absl::StrCat of anything, std::string_view included.
template <class T>
inline decltype(auto) CatArg(const T& value) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return ToAbsl(value);
  } else {
    return (value);
  }
}
template <class... Args>
std::string Cat(const Args&... args) {
  return absl::StrCat(CatArg(args)...);
}

template <class... Args>
absl::Status InvalidArgument(const Args&... args) {
  return absl::InvalidArgumentError(Cat(args...));
}
template <class... Args>
absl::Status NotFound(const Args&... args) {
  return absl::NotFoundError(Cat(args...));
}
template <class... Args>
absl::Status FailedPrecondition(const Args&... args) {
  return absl::FailedPreconditionError(Cat(args...));
}
template <class... Args>
absl::Status DataLoss(const Args&... args) {
  return absl::DataLossError(Cat(args...));
}

// `text` made safe to show in an error or a log line: control bytes escaped, cut at `bytes_max`.
std::string Quoted(std::string_view text, std::size_t bytes_max = 80);

// `text` as the part of one line of a log or an error that it should be: control characters and what is
// no UTF-8 written as \xNN, all else as it is; cut at about `bytes_max` with "...".
std::string OneLine(std::string_view text, std::size_t bytes_max = SIZE_MAX);

// Whether `text` holds what a line should not: control characters (C0, DEL, C1), the line and paragraph
// separators, and what turns the order of the characters around it (bidirectional embeddings,
// overrides and isolates), which makes a line show another text than it holds.
bool HoldsControls(std::string_view text);

// Whether `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool IsUtf8(std::string_view text);

}  // namespace pointsman

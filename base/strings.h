// Conversions between std::string_view and absl::string_view, in one place (in Debian's build the two
// types do not convert), and text made safe for logs and errors.
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

// `text` as part of one line of a log or an error: control characters and bytes that are not UTF-8 are
// written as \xNN, everything else is unchanged. Cut at about `bytes_max` with "...".
std::string OneLine(std::string_view text, std::size_t bytes_max = SIZE_MAX);

// Whether `text` has `part` in it, where ASCII letters of both cases are the same. An empty part is in every text.
bool ContainsIgnoringCase(std::string_view text, std::string_view part);

// Whether `text` holds characters that a line should not: control characters (C0, DEL, C1), line and
// paragraph separators, and characters that reorder the text around them (bidirectional embeddings, overrides
// and isolates), which make a line show other text than it holds.
bool HoldsControls(std::string_view text);

// Whether `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool IsUtf8(std::string_view text);

}  // namespace pointsman

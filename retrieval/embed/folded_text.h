// A text as the character n-grams see it: code points in lower case, each run of white space one
// space, and a space at both ends; just one space for a text that says nothing. A byte that is no
// UTF-8 is a character of its own.
// Cost: O(bytes); allocates for texts over 518 characters alone.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/container/inlined_vector.h"

namespace pointsman {

using FoldedText = absl::InlinedVector<uint32_t, 520>;

constexpr uint32_t kBrokenByte = 0x110000;  // + the byte: above every code point

FoldedText FoldText(std::string_view text);

}  // namespace pointsman

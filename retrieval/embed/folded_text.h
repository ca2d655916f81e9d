// A text as the character n-grams see it: code points in lower case, each run of white space as one
// space, and a space at both ends. A text without content is a single space. A byte that is not UTF-8 is
// a character of its own.
// Cost: O(bytes); allocates only for texts over 518 characters.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/container/inlined_vector.h"

namespace pointsman::retrieval {

using FoldedText = absl::InlinedVector<uint32_t, 520>;

constexpr uint32_t kBrokenByte = 0x110000;  // + the byte: above every code point

FoldedText FoldText(std::string_view text);

}  // namespace pointsman::retrieval

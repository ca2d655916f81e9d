// Estimates how many tokens a language model makes of a text, from the scripts that it is written in.
// Tokenizers differ, and the tokens per byte of Latin words, CJK and base64 differ by up to eight times.
// Operation: one pass. ASCII words are cut where letters, digits and case change. Long runs of base64
//   characters count by the byte, all other characters by their script.
// Limitations: an estimate. `expected` is close to the count of common tokenizers; `at_most` is above the
//   count of all but the oldest ones, so a text that seems to fit does fit.
// Cost: O(bytes), about a nanosecond each.
// Threads: pure function.
#pragma once

#include <string_view>

namespace pointsman::engine {

struct TokenEstimate {
  double expected = 0;  // for prices
  double at_most = 0;   // for limits; at least `expected`
  friend bool operator==(const TokenEstimate&, const TokenEstimate&) = default;
};

// Whole numbers, 0 for no text. Bytes that are not UTF-8 count as one token each.
TokenEstimate EstimateTokens(std::string_view text);

}  // namespace pointsman::engine

// How many tokens a language model makes of a text, by the scripts that it is written in: tokenizers differ,
// and bytes of Latin words, of CJK and of base64 differ by up to eight times in what they cost.
// Operation: one pass. ASCII words are cut where letters, digits and case change; long runs of what base64
//   is made of count by the byte, all other characters by their script.
// Limitations: an estimate. `expected` lies near what common tokenizers give; `at_most` above what all but the
//   oldest do, so that a text that seems to fit does.
// Cost: O(bytes), about a nanosecond each.
// Threads: pure function.
#pragma once

#include <string_view>

namespace pointsman {

struct TokenEstimate {
  double expected = 0;  // for what is paid
  double at_most = 0;   // for what has to fit; at least `expected`
  friend bool operator==(const TokenEstimate&, const TokenEstimate&) = default;
};

// Whole numbers, 0 for no text. Bytes that are no UTF-8 count as one token each.
TokenEstimate EstimateTokens(std::string_view text);

}  // namespace pointsman

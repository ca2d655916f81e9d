// The words of a text, as 64-bit hashes; lexicons use them as keys. A token is a run of letters, digits and
// marks, folded (case, compatibility forms, Latin accents). Each Han or kana character is a token of its own.
// A run of digits counts by its length alone. Runs above kTokenCharactersMax are left out.
// Shapes: tokens in the order of the text.
// Errors: none; a byte that is not UTF-8 ends a token and is no part of one.
// Cost: O(bytes), one hash step a character; no allocation beyond the growth of `tokens`.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pointsman::retrieval {

// Written into each lexicon file. A file trained under other rules is refused.
constexpr uint32_t kTokenRules = 1;
constexpr std::size_t kTokenCharactersMax = 30;

// Replaces the contents of `tokens`.
void Tokenize(std::string_view text, std::vector<uint64_t>& tokens);

}  // namespace pointsman::retrieval

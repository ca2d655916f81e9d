// A lexicon of a few words, to be packed and damaged.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "retrieval/embed/lexicon.h"
#include "retrieval/embed/text_tokens.h"

namespace pointsman::retrieval {

inline uint64_t TokenOf(std::string_view word) {
  std::vector<uint64_t> tokens;
  Tokenize(word, tokens);
  return tokens.at(0);
}

// A random row for each word, means of 0.1 / d.
inline LexiconContent TinyContent(const std::vector<std::string>& words, uint32_t dimension,
                                  uint64_t seed = 1) {
  Rng rng(seed);
  LexiconContent content;
  content.dimension = dimension;
  content.note = "a test";
  for (const std::string& word : words) content.keys.push_back(TokenOf(word));
  std::sort(content.keys.begin(), content.keys.end());
  for (std::size_t i = 0; i < words.size(); ++i) {
    content.scales.push_back(static_cast<float>(0.01 + rng.Uniform()));
    for (uint32_t j = 0; j < dimension; ++j) {
      content.codes.push_back(static_cast<int8_t>(static_cast<int>(rng.Below(255)) - 127));
    }
  }
  for (uint32_t d = 1; d <= dimension; ++d) {
    for (uint32_t j = 0; j < d; ++j) content.means.push_back(0.1f / static_cast<float>(d));
  }
  return content;
}

// Bytes at an address that a lexicon can be read from.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::string_view bytes)
      : words_(bytes.size() / 8 + 1), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), data());
  }
  char* data() { return reinterpret_cast<char*>(words_.data()); }
  std::string_view view() const { return {reinterpret_cast<const char*>(words_.data()), size_}; }

 private:
  std::vector<uint64_t> words_;
  std::size_t size_;
};

}  // namespace pointsman::retrieval

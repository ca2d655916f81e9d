// The OpenAI-compatible call POST /v1/embeddings, as text: what is asked, and what an answer says.
// Errors: kInvalidArgument (nonsense) for an answer that is not one vector of finite numbers a text, all of
//   one dimension, each with a direction.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman {

// `dimensions` 0: not asked for. Bytes that are no UTF-8 are replaced, since JSON cannot carry them.
std::string EmbeddingsRequest(std::string_view model, std::span<const std::string_view> texts,
                              int64_t dimensions);

struct EmbeddingsAnswer {
  std::vector<std::vector<float>> vectors;  // by text, each of unit norm
  uint64_t tokens = 0;                      // that it counted; 0: it does not say
};
absl::StatusOr<EmbeddingsAnswer> ParseEmbeddings(std::string_view body, std::size_t texts);

// What an error's body says of itself, short and on one line; empty if it says nothing.
std::string ErrorText(std::string_view body);

}  // namespace pointsman

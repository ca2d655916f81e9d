// The OpenAI-compatible call POST /v1/embeddings, as text: building a request and reading its answer.
// Errors: kInvalidArgument for an answer that does not have one vector of finite numbers per text, all of one
//   dimension and none of zero norm.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman::retrieval {

// `dimensions` 0: not requested. Bytes that are not UTF-8 are replaced, because JSON cannot carry them.
std::string EmbeddingsRequest(std::string_view model, std::span<const std::string_view> texts,
                              int64_t dimensions);

struct EmbeddingsAnswer {
  std::vector<std::vector<float>> vectors;  // by text, each of unit norm
  uint64_t tokens = 0;                      // as the server counted them; 0: not reported
};
absl::StatusOr<EmbeddingsAnswer> ParseEmbeddings(std::string_view body, std::size_t texts);

// The message in an error's body, short and on one line; empty if there is none.
std::string ErrorText(std::string_view body);

}  // namespace pointsman::retrieval

// One call of an endpoint's embeddings API: the HTTP request for some texts, and what the answer means.
// Errors: a Fault says what is wrong, whether the same call could succeed another time, and whether the
//   server refuses the call's own content. Its message holds neither the API key nor any text.
// Threads: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "retrieval/remote/embeddings_api.h"
#include "retrieval/remote/endpoint.h"
#include "retrieval/remote/http_transfers.h"
#include "retrieval/remote/remote_statistics.h"

namespace pointsman::retrieval {

HttpRequest EmbeddingsCall(const RemoteEndpoint& endpoint, std::span<const std::string_view> texts,
                           std::chrono::milliseconds timeout);

struct Fault {
  RemoteFault kind = RemoteFault::kUnreachable;
  std::string words;
  bool may_pass = false;       // the same call could succeed another time
  bool is_of_content = false;  // the server works but refuses the content of this call
  std::optional<std::chrono::seconds> retry_after;
};
absl::Status StatusOf(const Fault& fault);

// What is wrong with an answer to texts that need vectors of these dimensions (0: any). Nullopt: nothing, and
// `parsed` holds their vectors.
std::optional<Fault> FaultOf(const RemoteEndpoint& endpoint, const HttpAnswer& answer,
                             std::span<const uint32_t> dimensions, EmbeddingsAnswer& parsed);

}  // namespace pointsman::retrieval

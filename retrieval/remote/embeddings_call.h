// One call of an endpoint's embeddings API: the HTTP request for some texts, and what an answer to it means.
// Errors: a Fault says what is wrong, whether the same call could succeed another time, and whether it is the
//   call's own content that is refused. Its words hold neither the API key nor any text.
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

namespace pointsman {

HttpRequest EmbeddingsCall(const RemoteEndpoint& endpoint, std::span<const std::string_view> texts,
                           std::chrono::milliseconds timeout);

struct Fault {
  RemoteFault kind = RemoteFault::kUnreachable;
  std::string words;
  bool may_pass = false;       // the same call could succeed another time
  bool is_of_content = false;  // the server refuses what this call holds, and is well itself
  std::optional<std::chrono::seconds> retry_after;
};
absl::Status StatusOf(const Fault& fault);

// What is wrong with an answer for texts that want vectors of these dimensions (0: any); nothing: `parsed`
// holds their vectors.
std::optional<Fault> FaultOf(const RemoteEndpoint& endpoint, const HttpAnswer& answer,
                             std::span<const uint32_t> dimensions, EmbeddingsAnswer& parsed);

}  // namespace pointsman

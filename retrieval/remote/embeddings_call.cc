#include "retrieval/remote/embeddings_call.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace pointsman::retrieval {
namespace {

constexpr std::size_t kAnswerBytesPerText =
    std::size_t{65536} * 32;  // the longest vector, in digits
constexpr std::size_t kAnswerBytesMax = std::size_t{256} << 20;

std::string Who(const RemoteEndpoint& endpoint) {
  return Cat("embedder ", Quoted(endpoint.name), " (", endpoint.url, ")");
}

Fault FaultOfStatus(const RemoteEndpoint& endpoint, const HttpAnswer& answer) {
  const long status = answer.status;
  std::string words = Cat(Who(endpoint), " answered with status ", status);
  if (status == 401 || status == 403) {
    words += ": is the API key right?";  // the server's message may repeat a part of the key
  } else if (const std::string said = ErrorText(answer.body); !said.empty()) {
    const std::string& key = endpoint.api_key;
    if (key.empty() || said.find(key) == std::string::npos) words += ": " + said;
  }
  const bool may_pass = status == 408 || status == 429 || status >= 500;
  const bool is_of_content = status == 400 || status == 413 || status == 422;
  return {may_pass ? RemoteFault::kServerError : RemoteFault::kRefused, std::move(words), may_pass,
          is_of_content, answer.retry_after};
}

Fault Passing(RemoteFault kind, std::string words) {
  return {kind, std::move(words), true, false, {}};
}
Fault Lasting(RemoteFault kind, std::string words) {
  return {kind, std::move(words), false, false, {}};
}

}  // namespace

HttpRequest EmbeddingsCall(const RemoteEndpoint& endpoint, std::span<const std::string_view> texts,
                           std::chrono::milliseconds timeout) {
  HttpRequest request;
  request.url = endpoint.url;
  if (request.url.ends_with('/')) request.url.pop_back();
  request.url += "/embeddings";
  request.headers = {"Content-Type: application/json", "Accept: application/json"};
  if (!endpoint.api_key.empty()) {
    request.headers.push_back("Authorization: Bearer " + endpoint.api_key);
  }
  request.body = EmbeddingsRequest(endpoint.model, texts, endpoint.dimensions);
  request.ca_file = endpoint.ca_file;
  request.timeout = timeout;
  request.answer_bytes_max = std::min(kAnswerBytesMax, kAnswerBytesPerText * texts.size());
  return request;
}

absl::Status StatusOf(const Fault& fault) {
  switch (fault.kind) {
    case RemoteFault::kTimedOut:
      return absl::DeadlineExceededError(fault.words);
    case RemoteFault::kWrongDimension:
      return FailedPrecondition(fault.words);
    case RemoteFault::kRefused:
    case RemoteFault::kNonsense:
      return InvalidArgument(fault.words);
    default:
      return absl::UnavailableError(fault.words);
  }
}

std::optional<Fault> FaultOf(const RemoteEndpoint& endpoint, const HttpAnswer& answer,
                             std::span<const uint32_t> dimensions, EmbeddingsAnswer& parsed) {
  const std::string who = Who(endpoint);
  switch (answer.end) {
    case HttpEnd::kUnreachable:
      return Passing(RemoteFault::kUnreachable, Cat(who, " cannot be reached: ", answer.problem));
    case HttpEnd::kTimedOut:
      return Lasting(RemoteFault::kTimedOut,
                     Cat(who, " gave no answer in ", endpoint.deadline_ms, " ms (deadline_ms)"));
    case HttpEnd::kBroken:
      return Passing(RemoteFault::kBroken, Cat(who, " gave no complete answer: ", answer.problem));
    case HttpEnd::kTooLarge:
      return Lasting(RemoteFault::kNonsense, Cat(who, ": ", answer.problem));
    case HttpEnd::kAnswered:
      break;
  }
  if (answer.status != 200) return FaultOfStatus(endpoint, answer);
  auto embeddings = ParseEmbeddings(answer.body, dimensions.size());
  if (!embeddings.ok()) {
    return Lasting(RemoteFault::kNonsense, Cat(who, ": ", ToStd(embeddings.status().message())));
  }
  parsed = *std::move(embeddings);
  const std::size_t got = parsed.vectors.empty() ? 0 : parsed.vectors.front().size();
  for (const uint32_t wanted : dimensions) {
    if (wanted == 0 || wanted == got) continue;
    return Lasting(RemoteFault::kWrongDimension,
                   Cat(who, " returns vectors of ", got, " entries, and the pool was made with ",
                       wanted, ": is it another model?"));
  }
  return std::nullopt;
}

}  // namespace pointsman::retrieval

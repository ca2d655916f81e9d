#include "retrieval/remote/embeddings_api.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::retrieval {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kErrorTextMax = 200;

template <class... Parts>
absl::Status Nonsense(const Parts&... parts) {
  return InvalidArgument("the answer is not that of an embeddings API: ", parts...);
}

absl::StatusOr<std::vector<float>> UnitVector(const Json& numbers) {
  if (!numbers.is_array() || numbers.empty()) {
    return Nonsense("an `embedding` is not a list of numbers");
  }
  std::vector<float> vector;
  vector.reserve(numbers.size());
  double norm2 = 0;
  for (const Json& number : numbers) {
    if (!number.is_number()) return Nonsense("an `embedding` is not a list of numbers");
    const auto value = number.get<double>();
    norm2 += value * value;
    vector.push_back(static_cast<float>(value));
  }
  if (!std::isfinite(norm2)) return Nonsense("a vector holds NaN, infinite or huge numbers");
  if (norm2 < 1e-24) return Nonsense("a vector has zero norm: it has no direction");
  const auto scale = static_cast<float>(1 / std::sqrt(norm2));
  for (float& value : vector) {
    value *= scale;
    if (!std::isfinite(value)) return Nonsense("a vector holds huge numbers");
  }
  return vector;
}

uint64_t TokensOf(const Json& answer) {
  const auto usage = answer.find("usage");
  if (usage == answer.end() || !usage->is_object()) return 0;
  for (const char* key : {"total_tokens", "prompt_tokens"}) {
    const auto tokens = usage->find(key);
    if (tokens != usage->end() && tokens->is_number_unsigned()) return tokens->get<uint64_t>();
  }
  return 0;
}

}  // namespace

std::string EmbeddingsRequest(std::string_view model, std::span<const std::string_view> texts,
                              int64_t dimensions) {
  Json request = {{"model", model}, {"encoding_format", "float"}, {"input", Json::array()}};
  for (const std::string_view text : texts) request["input"].push_back(text);
  if (dimensions > 0) request["dimensions"] = dimensions;
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<EmbeddingsAnswer> ParseEmbeddings(std::string_view body, std::size_t texts) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Nonsense("it is not JSON");
  if (!json.is_object()) return Nonsense("it is not an object");
  const auto data = json.find("data");
  if (data == json.end() || !data->is_array()) return Nonsense("it has no list `data`");
  if (data->size() != texts) {
    return Nonsense("it has ", data->size(), " vectors for ", texts, " texts");
  }
  EmbeddingsAnswer answer;
  answer.vectors.resize(texts);
  std::size_t place = 0;
  for (const Json& item : *data) {
    if (!item.is_object() || !item.contains("embedding")) return Nonsense("an item has no vector");
    std::size_t index = place++;
    if (const auto given = item.find("index"); given != item.end()) {
      if (!given->is_number_unsigned()) return Nonsense("an `index` is not a whole number");
      index = given->get<std::size_t>();
    }
    if (index >= texts || !answer.vectors[index].empty()) {
      return Nonsense("its indices are not 0 to ", texts - 1);
    }
    ASSIGN_OR_RETURN(answer.vectors[index], UnitVector(item["embedding"]));
  }
  for (const auto& vector : answer.vectors) {
    if (vector.size() != answer.vectors.front().size()) {
      return Nonsense("its vectors differ in dimension");
    }
  }
  answer.tokens = TokensOf(json);
  return answer;
}

std::string ErrorText(std::string_view body) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return "";
  const auto text_at = [](const Json& object, const char* key) {
    const auto it = object.find(key);
    return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  std::string text = text_at(json, "error");
  const auto error = json.find("error");
  if (error != json.end() && error->is_object()) text = text_at(*error, "message");
  if (text.empty()) text = text_at(json, "message");
  if (text.size() > kErrorTextMax) text.resize(kErrorTextMax);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) > 0x7e) c = ' ';
  }
  return text;
}

}  // namespace pointsman::retrieval

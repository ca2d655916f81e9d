// Any bytes as a config: no crash; what is accepted is in its ranges, what is refused names file and line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "domain/limits.h"
#include "refusal.h"
#include "retrieval/remote/endpoint.h"
#include "service/app/config.h"

namespace pointsman::tests {
namespace {

constexpr std::string_view kFile = "fuzz.yaml";

bool IsOneOf(const std::string& value, std::initializer_list<std::string_view> values) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// "fuzz.yaml:LINE: ..."
bool NamesFileAndLine(std::string_view message) {
  if (!message.starts_with(kFile)) return false;
  message.remove_prefix(kFile.size());
  if (!message.starts_with(":")) return false;
  const auto digits = message.substr(1, message.find_first_not_of("0123456789", 1) - 1);
  return !digits.empty() && digits.front() != '0' &&
         message.substr(1 + digits.size()).starts_with(": ");
}

void CheckAccepted(const service::ServerConfig& config) {
  POINTSMAN_CHECK(ValidateLimits(config.limits).ok());
  POINTSMAN_CHECK(!config.data_dir.empty());
  POINTSMAN_CHECK(service::ValidateAddress("listen", config.listen).ok());
  POINTSMAN_CHECK(config.admin_address().empty() ||
                  service::ValidateAddress("admin_listen", config.admin_address()).ok());
  POINTSMAN_CHECK(IsOneOf(config.log_level, {"debug", "info", "warn", "error"}));
  POINTSMAN_CHECK(IsOneOf(config.log_format, {"text", "json"}));
  for (const retrieval::RemoteEndpoint& endpoint : config.embedders) {
    POINTSMAN_CHECK(ValidateEndpoint(endpoint).ok());
    POINTSMAN_CHECK(!endpoint.name.empty() && IsUtf8(endpoint.name));
    POINTSMAN_CHECK(!HoldsControls(endpoint.name));
    POINTSMAN_CHECK(std::count_if(config.embedders.begin(), config.embedders.end(),
                                  [&](const auto& e) { return e.name == endpoint.name; }) == 1);
  }
}

}  // namespace
}  // namespace pointsman::tests

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto config = pointsman::service::ParseConfig(text, std::string(pointsman::tests::kFile));
  if (config.ok()) {
    pointsman::tests::CheckAccepted(*config);
  } else {
    pointsman::tests::CheckRefusal(config.status());
    POINTSMAN_CHECK(
        pointsman::tests::NamesFileAndLine(pointsman::ToStd(config.status().message())));
  }
  return 0;
}

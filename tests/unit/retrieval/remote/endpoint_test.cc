#include "retrieval/remote/endpoint.h"

#include <gmock/gmock.h>

namespace pointsman::retrieval {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RemoteEndpoint Good() {
  RemoteEndpoint endpoint;
  endpoint.name = "tei";
  endpoint.url = "http://127.0.0.1:8080/v1";
  endpoint.model = "m";
  return endpoint;
}

TEST(ValidateEndpoint, TakesTheDefaults) { EXPECT_TRUE(ValidateEndpoint(Good()).ok()); }

TEST(ValidateEndpoint, NamesTheKeyThatIsWrong) {
  const auto refused = [](auto edit, const char* key) {
    RemoteEndpoint endpoint = Good();
    edit(endpoint);
    const absl::Status status = ValidateEndpoint(endpoint);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << key;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string("embedders.tei.") + key));
  };
  refused([](RemoteEndpoint& e) { e.url = ""; }, "url");
  refused([](RemoteEndpoint& e) { e.url = "file:///etc/passwd"; }, "url");
  refused([](RemoteEndpoint& e) { e.url = "http://h/ x"; }, "url");
  refused([](RemoteEndpoint& e) { e.url = "http://u:p@h/v1"; }, "url");
  refused([](RemoteEndpoint& e) { e.model = ""; }, "model");
  refused([](RemoteEndpoint& e) { e.usd_per_1m_tokens = -1; }, "usd_per_1m_tokens");
  for (const EndpointRow& row : EndpointTable()) {
    refused([&](RemoteEndpoint& e) { e.*row.field = row.least - 1; }, row.name);
    refused([&](RemoteEndpoint& e) { e.*row.field = row.most + 1; }, row.name);
  }
}

TEST(ValidateEndpoint, KeepsAKeyThatIsNoneOutOfItsError) {
  RemoteEndpoint endpoint = Good();
  endpoint.api_key = "sk-1\r\nX-Other: y";
  const absl::Status status = ValidateEndpoint(endpoint);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("sk-1")));
}

}  // namespace
}  // namespace pointsman::retrieval

// Any bytes as a file of tokens, and as a token: no crash; what is accepted is written as it is read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "refusal.h"
#include "service/access/access.h"
#include "service/access/tokens_file.h"

namespace pointsman::tests {
namespace {

void CheckFile(const std::string& text) {
  const auto tokens = service::ParseTokens(text, "fuzz.yaml");
  if (!tokens.ok()) {
    CheckRefusal(tokens.status());
    POINTSMAN_CHECK(ToStd(tokens.status().message()).starts_with("fuzz.yaml:"));
    return;
  }
  for (const service::TokenEntry& token : *tokens) {
    POINTSMAN_CHECK(service::ValidateTokenName(token.name).ok() && token.scopes != 0);
    POINTSMAN_CHECK(!IsSecretOf(token, ""));
  }
  const auto again = service::ParseTokens(service::TokensText(*tokens), "again.yaml");
  POINTSMAN_CHECK(again.ok() && *again == *tokens);
}

// Nobody gets in by any bytes: of the one entry there is nobody knows the secret.
void CheckHeader(std::string_view bytes) {
  static const service::Access* const access = [] {
    auto* made = new service::Access(/*is_loopback=*/true);
    service::TokenEntry entry = service::MakeToken("a")->entry;
    entry.scopes = 15;
    entry.pools = {"*"};
    made->SetTokens({entry});
    return made;
  }();
  const std::string header = Cat("Bearer ", bytes);
  for (const std::string_view sent : {bytes, std::string_view(header)}) {
    const auto client = access->Decide({service::Scope::kRoute}, {sent, ""}, 0);
    POINTSMAN_CHECK(absl::IsUnauthenticated(client.status()));
    CheckRefusal(client.status());
  }
}

}  // namespace
}  // namespace pointsman::tests

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  pointsman::tests::CheckFile(text);
  pointsman::tests::CheckHeader(text);
  return 0;
}

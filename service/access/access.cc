#include "service/access/access.h"

#include <utility>

#include "base/strings.h"
#include "service/access/address.h"
#include "service/access/methods.h"

namespace pointsman::service {
namespace {

constexpr std::string_view kScheme = "Bearer ";

absl::Status Unauthenticated(std::string_view what) {
  return absl::UnauthenticatedError(
      Cat(what,
          "; send the metadata `authorization: Bearer TOKEN` (`pointsman --token-file FILE` does; "
          "`pointsman token create` makes a token)"));
}

template <class... Args>
absl::Status Denied(const Args&... args) {
  return absl::PermissionDeniedError(Cat(args...));
}

}  // namespace

Need NeedOf(std::string_view method_path) {
  if (method_path.starts_with("/grpc.health.v1.Health/")) return {};
  // An unknown method needs the most rights.
  const Method* method = FindMethod(method_path);
  if (method != nullptr) return {method->scope};
  return {Scope::kAdmin};
}

void Access::SetTokens(const std::vector<TokenEntry>& tokens) {
  auto table = std::make_shared<Tokens>();
  for (const TokenEntry& token : tokens) {
    table->emplace(token.name, std::make_shared<const TokenEntry>(token));
  }
  tokens_.Set(std::move(table));
}

std::string_view Access::ClaimedName(std::string_view authorization) {
  if (!authorization.starts_with(kScheme)) return {};
  const auto parts = SplitToken(authorization.substr(kScheme.size()));
  return parts && ValidateTokenName(parts->name).ok() ? parts->name : std::string_view();
}

absl::StatusOr<Client> Access::Identify(const Tokens& tokens, std::string_view authorization,
                                        Micros now) {
  if (authorization.empty()) return Unauthenticated("this call needs a token");
  const bool is_bearer = authorization.starts_with(kScheme);
  const auto parts = SplitToken(authorization.substr(is_bearer ? kScheme.size() : 0));
  if (!is_bearer || !parts) {
    return Unauthenticated(
        "the `authorization` metadata of this call is not of the form `Bearer pm1.NAME.SECRET`");
  }
  // An unknown name costs the same hash, so that timing does not reveal which names exist.
  static const TokenEntry nobody;
  const auto found = tokens.find(parts->name);
  const TokenEntry& entry = found == tokens.end() ? nobody : *found->second;
  if (!IsSecretOf(entry, parts->secret)) {
    return Unauthenticated("this server does not know this token");
  }
  if (entry.expires && now >= *entry.expires) {
    return Unauthenticated(Cat("the token ", entry.name, " has expired"));
  }
  return Client(found->second);
}

absl::StatusOr<Client> Access::Decide(const Need& need, const Credentials& credentials,
                                      Micros now) const {
  if (!need.scope) return Client();
  const auto tokens = tokens_.Get();
  if (tokens == nullptr) {
    const bool is_data_path = *need.scope == Scope::kRoute || *need.scope == Scope::kFeedback;
    if (is_loopback_ || is_data_path || IsLoopbackPeer(credentials.peer)) return Client();
    return Denied(
        "without a tokens file this server accepts admin calls only from its own machine; call "
        "from there, or set `tokens_file` in its config");
  }
  auto client = Identify(*tokens, credentials.authorization, now);
  if (!client.ok()) return client;
  const TokenEntry* entry = client->token();
  if (!entry->Covers(*need.scope)) {
    return Denied("the token ", entry->name, " lacks the scope ", ScopeName(*need.scope),
                  ", which this call requires");
  }
  if (need.all_pools && !entry->MayUseAll()) {
    return Denied(
        "this call concerns the whole server and requires a token for all pools (\"*\"); the "
        "token ",
        entry->name, " is for some pools only");
  }
  for (const std::string_view pool : need.pools) {
    if (!entry->MayUse(pool)) {
      return Denied("the token ", entry->name, " does not cover the pool ", Quoted(pool));
    }
  }
  return client;
}

}  // namespace pointsman::service

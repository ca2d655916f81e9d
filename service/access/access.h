// Who may call what. `Decide` makes this decision for every call.
// Rules, in this order:
//   - gRPC's health service is open to every client that reaches the port: probes carry no token.
//   - With a tokens file, every other call needs a known token that has not expired (otherwise
//     kUnauthenticated). The token must have the call's scope and cover each pool that the call names
//     (otherwise kPermissionDenied). An unknown method needs the scope admin.
//   - Without a tokens file, a server that listens only on loopback answers every client on its machine.
//     A server that listens elsewhere answers Route and Feedback to every client that reaches it, and all
//     other calls only to clients on its own machine.
// Each call is checked twice: when its metadata arrives, before its message is read (so that a client without
//   a token cannot make the server read a message), and when its message names its pools.
// Cost: a call with a token, two hashes of 64 bytes and a look-up; without tokens, comparisons.
// Threads: any.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/published.h"
#include "domain/types.h"
#include "service/access/token.h"

namespace pointsman::service {

// What a call needs.
struct Need {
  std::optional<Scope> scope;  // none: open
  // The pools that the call names, once its message is read. The caller must have access to each.
  std::span<const std::string_view> pools = {};
  bool all_pools = false;  // it reads or changes all pools, or the server itself
};

// By path, "/package.Service/Method", before the message is read.
Need NeedOf(std::string_view method_path);

struct Credentials {
  std::string_view authorization;  // "Bearer TOKEN"; empty: none
  std::string_view peer;           // as gRPC writes it; empty: unknown so far
};

// Who calls.
class Client {
 public:
  Client() = default;
  explicit Client(std::shared_ptr<const TokenEntry> token) : token_(std::move(token)) {}
  const TokenEntry* token() const { return token_.get(); }  // null: no token was needed
  bool MayUse(std::string_view pool) const { return token_ == nullptr || token_->MayUse(pool); }

 private:
  std::shared_ptr<const TokenEntry> token_;
};

class Access {
 public:
  // `is_loopback`: the server can be reached only from its own machine.
  explicit Access(bool is_loopback) : is_loopback_(is_loopback) {}

  void SetTokens(const std::vector<TokenEntry>& tokens);  // from now on calls need a token
  bool is_loopback() const { return is_loopback_; }
  bool asks_for_tokens() const { return tokens_.Get() != nullptr; }

  // The name of the token in `authorization`, valid or not; empty: it contains no token.
  static std::string_view ClaimedName(std::string_view authorization);

  absl::StatusOr<Client> Decide(const Need& need, const Credentials& credentials, Micros now) const;

 private:
  using Tokens = std::map<std::string, std::shared_ptr<const TokenEntry>, std::less<>>;
  static absl::StatusOr<Client> Identify(const Tokens& tokens, std::string_view authorization,
                                         Micros now);
  const bool is_loopback_;
  Published<Tokens> tokens_;  // nothing: no token is required
};

}  // namespace pointsman::service

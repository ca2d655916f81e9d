// Who may call what. Every decision about that is made here, for every call, by `Decide`.
// Rules, in this order:
//   - gRPC's health service is open to whoever reaches the port: probes carry no token.
//   - With a tokens file every other call needs a token that is known and has not expired
//     (kUnauthenticated else), has the call's scope and may use each pool that the call names
//     (kPermissionDenied else). A method that is none of ours needs the scope admin.
//   - Without one, a server that listens on loopback alone answers whoever is on its machine. One that
//     listens elsewhere answers Route and Feedback to whoever reaches it; all else is for callers on
//     its own machine.
// A call is asked about twice: when its metadata is here and nothing else of it (so that nobody without a
//   token makes the server read a message), and when its message names its pools.
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

namespace pointsman {

// What a call needs.
struct Need {
  std::optional<Scope> scope;  // none: open
  // The pools that it names, once its message is here; each has to be the caller's.
  std::span<const std::string_view> pools = {};
  bool all_pools = false;  // it reads or changes all of them, or the server itself
};

// By its path, "/package.Service/Method", before there is a message.
Need NeedOf(std::string_view method_path);

struct Credentials {
  std::string_view authorization;  // "Bearer TOKEN"; empty: none
  std::string_view peer;           // as gRPC writes it; empty: not known yet
};

// Who calls.
class Client {
 public:
  Client() = default;
  explicit Client(std::shared_ptr<const TokenEntry> token) : token_(std::move(token)) {}
  const TokenEntry* token() const { return token_.get(); }  // null: it needed none
  bool MayUse(std::string_view pool) const { return token_ == nullptr || token_->MayUse(pool); }

 private:
  std::shared_ptr<const TokenEntry> token_;
};

class Access {
 public:
  // `is_loopback`: the server can be reached from its own machine alone.
  explicit Access(bool is_loopback) : is_loopback_(is_loopback) {}

  void SetTokens(const std::vector<TokenEntry>& tokens);  // from now on calls need one
  bool asks_for_tokens() const { return tokens_.Get() != nullptr; }

  // The name of the token that `authorization` is or claims to be; empty: it is none.
  static std::string_view ClaimedName(std::string_view authorization);

  absl::StatusOr<Client> Decide(const Need& need, const Credentials& credentials, Micros now) const;

 private:
  using Tokens = std::map<std::string, std::shared_ptr<const TokenEntry>, std::less<>>;
  static absl::StatusOr<Client> Identify(const Tokens& tokens, std::string_view authorization,
                                         Micros now);
  const bool is_loopback_;
  Published<Tokens> tokens_;  // nothing: none are asked for
};

}  // namespace pointsman

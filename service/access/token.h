// Bearer tokens, and what the server stores of them.
// A token is pm1.NAME.SECRET: NAME finds its entry, SECRET is 32 random bytes as 43 characters of
//   base64url (RFC 4648, section 5). The server stores SHA-256(salt + SECRET). A slow hash, which
//   passwords need, would add nothing: 256 random bits cannot be guessed.
// Errors: kInvalidArgument for an invalid name.
// Threads: pure functions; MakeToken draws from OpenSSL's generator.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/types.h"

namespace pointsman::service {

// kRead: what looks and changes nothing; kAdmin covers it.
enum class Scope : uint8_t { kRoute = 1, kFeedback = 2, kAdmin = 4, kMetrics = 8, kRead = 16 };
inline constexpr std::array kAllScopes = {Scope::kRoute, Scope::kFeedback, Scope::kAdmin,
                                          Scope::kMetrics, Scope::kRead};
std::string_view ScopeName(Scope scope);  // "route", "feedback", "admin", "metrics", "read"
std::optional<Scope> ScopeOf(std::string_view name);

struct TokenEntry {
  std::string name;                // shown in the server's log
  std::string salt;                // 16 bytes
  std::string sha256;              // 32 bytes
  uint8_t scopes = 0;              // Scope's bits
  std::vector<std::string> pools;  // "*": every pool
  std::optional<Micros> expires;   // the token is refused from then on

  bool Has(Scope scope) const { return (scopes & static_cast<uint8_t>(scope)) != 0; }
  bool Covers(Scope scope) const {
    return Has(scope) || (scope == Scope::kRead && Has(Scope::kAdmin));
  }
  bool MayUse(std::string_view pool)
      const;  // compared as in names.h: names that look the same are the same
  bool MayUseAll() const { return MayUse("*"); }
  friend bool operator==(const TokenEntry&, const TokenEntry&) = default;
};

struct NewToken {
  std::string token;  // for the client; stored nowhere
  TokenEntry entry;   // what the server stores; the caller fills in scopes, pools and expiry
};

// Letters, digits, '-' and '_', 64 at most.
absl::Status ValidateTokenName(std::string_view name);
absl::StatusOr<NewToken> MakeToken(const std::string& name);

struct TokenParts {
  std::string_view name;
  std::string_view secret;
};
// The parts of `token`, which must outlive them; nothing if it is not a token.
std::optional<TokenParts> SplitToken(std::string_view token);
// Whether `secret` is this entry's secret. Takes constant time, so that timing reveals nothing about the
// secret.
bool IsSecretOf(const TokenEntry& entry, std::string_view secret);

}  // namespace pointsman::service

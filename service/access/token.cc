#include "service/access/token.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "absl/strings/escaping.h"
#include "base/strings.h"
#include "domain/names.h"

namespace pointsman::service {
namespace {

constexpr std::string_view kPrefix = "pm1.";
constexpr std::size_t kNameMax = 64;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kSecretBytes = 32;
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

constexpr std::array<std::pair<Scope, std::string_view>, kAllScopes.size()> kScopes{
    {{Scope::kRoute, "route"},
     {Scope::kFeedback, "feedback"},
     {Scope::kAdmin, "admin"},
     {Scope::kMetrics, "metrics"},
     {Scope::kRead, "read"}}};

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string Hash(std::string_view salt, std::string_view secret) {
  const std::string input = Cat(salt, secret);
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(input.data()), input.size(), Bytes(hash));
  return hash;
}

absl::StatusOr<std::string> RandomBytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(Bytes(bytes), static_cast<int>(count)) != 1) {
    return absl::InternalError("the system's random generator failed");
  }
  return bytes;
}

}  // namespace

std::string_view ScopeName(Scope scope) {
  for (const auto& [value, name] : kScopes) {
    if (value == scope) return name;
  }
  return "";
}

std::optional<Scope> ScopeOf(std::string_view name) {
  for (const auto& [scope, known] : kScopes) {
    if (known == name) return scope;
  }
  return std::nullopt;
}

bool TokenEntry::MayUse(std::string_view pool) const {
  return std::any_of(pools.begin(), pools.end(), [&](const std::string& mine) {
    return mine == "*" || IsSameName(mine, pool);
  });
}

absl::Status ValidateTokenName(std::string_view name) {
  if (!name.empty() && name.size() <= kNameMax &&
      name.find_first_not_of(kNameCharacters) == std::string_view::npos) {
    return absl::OkStatus();
  }
  return InvalidArgument("a token's name must be 1 to ", kNameMax,
                         " letters, digits, '-' or '_', got ", Quoted(name));
}

absl::StatusOr<NewToken> MakeToken(const std::string& name) {
  if (auto status = ValidateTokenName(name); !status.ok()) return status;
  const auto salt = RandomBytes(kSaltBytes);
  if (!salt.ok()) return salt.status();
  const auto secret = RandomBytes(kSecretBytes);
  if (!secret.ok()) return secret.status();
  const std::string shown = absl::WebSafeBase64Escape(*secret);
  NewToken made;
  made.token = Cat(kPrefix, name, ".", shown);
  made.entry.name = name;
  made.entry.salt = *salt;
  made.entry.sha256 = Hash(*salt, shown);
  return made;
}

std::optional<TokenParts> SplitToken(std::string_view token) {
  if (!token.starts_with(kPrefix)) return std::nullopt;
  token.remove_prefix(kPrefix.size());
  const auto dot = token.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  return TokenParts{token.substr(0, dot), token.substr(dot + 1)};
}

bool IsSecretOf(const TokenEntry& entry, std::string_view secret) {
  const std::string hash = Hash(entry.salt, secret);
  return entry.sha256.size() == hash.size() &&
         CRYPTO_memcmp(entry.sha256.data(), hash.data(), hash.size()) == 0;
}

}  // namespace pointsman::service

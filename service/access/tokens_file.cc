#include "service/access/tokens_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <set>

#include "absl/strings/escaping.h"
#include "base/files.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::service {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kPoolNameMax = 1024;  // the highest value of limits.name_bytes_max

std::optional<std::string> FromHex(const std::string& text, std::size_t bytes) {
  if (text.size() != 2 * bytes) return std::nullopt;
  if (text.find_first_not_of("0123456789abcdef") != std::string::npos) return std::nullopt;
  return absl::HexStringToBytes(text);
}

// Reads one token; errors name file and line.
class EntryReader {
 public:
  EntryReader(const std::string& file, const YAML::Node& node) : file_(file), node_(node) {}

  absl::StatusOr<TokenEntry> Read() {
    if (!node_.IsMap()) return At(node_, "a token must be a mapping of keys");
    std::set<std::string> seen;
    for (const auto& pair : node_) {
      const std::string key = pair.first.IsScalar() ? pair.first.Scalar() : "";
      if (!seen.insert(key).second) {
        return At(pair.first, Cat("key ", Quoted(key), " is given twice"));
      }
      RETURN_IF_ERROR(ReadKey(key, pair.first, pair.second));
    }
    for (const char* key : {"name", "salt", "sha256", "scopes", "pools"}) {
      if (!seen.contains(key)) return At(node_, Cat("this token entry has no ", key));
    }
    return entry_;
  }

 private:
  absl::Status At(const YAML::Node& node, const std::string& what) const {
    return InvalidArgument(file_, ":", node.Mark().line + 1, ": ", what);
  }

  absl::Status ReadKey(const std::string& key, const YAML::Node& at, const YAML::Node& value) {
    if (key == "name") {
      entry_.name = value.IsScalar() ? value.Scalar() : "";
      const absl::Status status = ValidateTokenName(entry_.name);
      return status.ok() ? status : At(value, std::string(ToStd(status.message())));
    }
    if (key == "salt") return ReadHex(key, value, kSaltBytes, entry_.salt);
    if (key == "sha256") return ReadHex(key, value, kHashBytes, entry_.sha256);
    if (key == "scopes") return ReadScopes(value);
    if (key == "pools") return ReadPools(value);
    if (key == "expires") {
      const auto day = ParseDay(value.IsScalar() ? value.Scalar() : "");
      if (!day.ok()) return At(value, Cat("expires: ", ToStd(day.status().message())));
      entry_.expires = *day;
      return absl::OkStatus();
    }
    return At(at, Cat("unknown key ", Quoted(key),
                      "; the keys are name, salt, sha256, scopes, pools, expires"));
  }

  absl::Status ReadHex(const std::string& key, const YAML::Node& value, std::size_t bytes,
                       std::string& target) const {
    const auto read = FromHex(value.IsScalar() ? value.Scalar() : "", bytes);
    if (!read) return At(value, Cat(key, " must be ", 2 * bytes, " hexadecimal digits"));
    target = *read;
    return absl::OkStatus();
  }

  absl::Status ReadScopes(const YAML::Node& value) {
    if (!value.IsSequence() || value.size() == 0) return At(value, "scopes must be a list");
    for (const auto& item : value) {
      const auto scope = ScopeOf(item.IsScalar() ? item.Scalar() : "");
      if (!scope) {
        return At(item, "unknown scope; the scopes are route, feedback, admin and metrics");
      }
      entry_.scopes = static_cast<uint8_t>(entry_.scopes | static_cast<uint8_t>(*scope));
    }
    return absl::OkStatus();
  }

  absl::Status ReadPools(const YAML::Node& value) {
    if (!value.IsSequence()) return At(value, "pools must be a list of names, or [\"*\"]");
    for (const auto& item : value) {
      const std::string pool = item.IsScalar() ? item.Scalar() : "";
      if (pool.empty() || pool.size() > kPoolNameMax || !IsUtf8(pool) || HoldsControls(pool)) {
        return At(item, "a pool must be a name");
      }
      entry_.pools.push_back(pool);
    }
    return absl::OkStatus();
  }

  const std::string& file_;
  const YAML::Node& node_;
  TokenEntry entry_;
};

absl::StatusOr<std::vector<TokenEntry>> FromYaml(const YAML::Node& root, const std::string& name) {
  const auto at = [&](const YAML::Node& node, const std::string& what) {
    return InvalidArgument(name, ":", node.Mark().line + 1, ": ", what);
  };
  if (!root.IsMap() || root.size() != 1 || !root["tokens"]) {
    return at(root,
              "the file must contain the key `tokens` and no other (`pointsman token create` "
              "writes such a file)");
  }
  const YAML::Node list = root["tokens"];
  if (!list.IsSequence() && !list.IsNull()) return at(list, "tokens must be a list");
  std::vector<TokenEntry> tokens;
  std::set<std::string> names;
  for (const auto& node : list) {
    ASSIGN_OR_RETURN(TokenEntry entry, EntryReader(name, node).Read());
    if (!names.insert(entry.name).second) {
      return at(node, Cat("two tokens have the name ", entry.name));
    }
    tokens.push_back(std::move(entry));
  }
  return tokens;
}

absl::Status CannotWrite(const std::string& path) {
  return FailedPrecondition("cannot write ", path, ": ", std::strerror(errno));
}

}  // namespace

absl::StatusOr<std::vector<TokenEntry>> ParseTokens(const std::string& text,
                                                    const std::string& name) {
  try {
    return FromYaml(YAML::Load(text), name);
  } catch (const YAML::Exception& e) {
    return InvalidArgument(name, ":", e.mark.line + 1, ": not YAML: ", OneLine(e.msg, 200));
  }
}

std::string TokensText(const std::vector<TokenEntry>& tokens) {
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "tokens" << YAML::Value << YAML::BeginSeq;
  for (const TokenEntry& token : tokens) {
    out << YAML::BeginMap << YAML::Key << "name" << YAML::Value << token.name;
    out << YAML::Key << "salt" << YAML::Value << absl::BytesToHexString(token.salt);
    out << YAML::Key << "sha256" << YAML::Value << absl::BytesToHexString(token.sha256);
    out << YAML::Key << "scopes" << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const Scope scope : kAllScopes) {
      if (token.Has(scope)) out << std::string(ScopeName(scope));
    }
    out << YAML::EndSeq << YAML::Key << "pools" << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const std::string& pool : token.pools) out << YAML::DoubleQuoted << pool;
    out << YAML::EndSeq;
    if (token.expires) out << YAML::Key << "expires" << YAML::Value << DayText(*token.expires);
    out << YAML::EndMap;
  }
  out << YAML::EndSeq << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

absl::StatusOr<std::vector<TokenEntry>> LoadTokens(const std::string& path) {
  const std::optional<std::string> text = ReadText(path);
  if (!text) {
    return NotFound("the tokens file ", path,
                    " cannot be read; create one with `pointsman token create NAME --scopes "
                    "route,feedback --file ",
                    path, "`");
  }
  return ParseTokens(*text, path);
}

absl::Status SaveTokens(const std::string& path, const std::vector<TokenEntry>& tokens) {
  const std::string text = TokensText(tokens);
  const std::string temporary = path + ".new";
  struct stat present {};
  const bool is_there = stat(path.c_str(), &present) == 0;
  const mode_t mode = is_there ? present.st_mode & 0777 : 0600;
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0) return CannotWrite(temporary);
  // A server may read it as another user, so its owner and permissions are kept.
  bool is_written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                    fchmod(file, mode) == 0 && fsync(file) == 0;
  if (is_there && geteuid() == 0) {
    is_written = is_written && fchown(file, present.st_uid, present.st_gid) == 0;
  }
  is_written = close(file) == 0 && is_written;
  if (is_written && rename(temporary.c_str(), path.c_str()) == 0) return absl::OkStatus();
  const absl::Status status = CannotWrite(path);
  unlink(temporary.c_str());
  return status;
}

absl::StatusOr<Micros> ParseDay(const std::string& text) {
  std::tm day{};
  const char* end = strptime(text.c_str(), "%Y-%m-%d", &day);
  if (text.size() != 10 || end == nullptr || *end != '\0') {
    return InvalidArgument("must be a day such as 2027-01-31, got ", Quoted(text));
  }
  const std::time_t seconds = timegm(&day);
  // strptime accepts February 31.
  if (DayText(static_cast<Micros>(seconds) * kMicrosPerSecond) != text) {
    return InvalidArgument("there is no day ", Quoted(text));
  }
  return static_cast<Micros>(seconds) * kMicrosPerSecond;
}

std::string DayText(Micros time) {
  const auto seconds = static_cast<std::time_t>(time / kMicrosPerSecond);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &utc);
  return text.data();
}

}  // namespace pointsman::service

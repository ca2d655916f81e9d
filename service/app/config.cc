#include "service/app/config.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>

#include "base/files.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "service/access/address.h"
#include "service/app/config_section.h"
#include "service/app/replica_config.h"

namespace pointsman::service {
namespace {

constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kPathShown = 256;  // bytes of a path in an error

void AddLimits(Section& section, Limits& limits) {
  for (const LimitRow& row : LimitTable()) {
    section.Key(row.name, WholeNumber(section, Cat("limits.", row.name), row.meaning, row.least,
                                      row.most, limits.*row.field));
  }
}

absl::StatusOr<std::string> ReadKey(const std::string& path) {
  std::optional<std::string> key = ReadText(path);
  if (!key) return NotFound("cannot read the API key in ", Quoted(path, kPathShown));
  while (!key->empty() && (key->back() == '\n' || key->back() == '\r')) key->pop_back();
  if (key->empty()) {
    return InvalidArgument("the API key in ", Quoted(path, kPathShown), " is empty");
  }
  return *std::move(key);
}

// One entry of `embedders`. Its key is the embedder's name.
absl::StatusOr<retrieval::RemoteEndpoint> ReadEmbedder(const std::string& file,
                                                       const std::string& name,
                                                       const YAML::Node& node) {
  retrieval::RemoteEndpoint endpoint;
  endpoint.name = name;
  const std::string path = Cat("embedders.", name, ".");
  Section section(file, path);
  section.Text("url", endpoint.url);
  section.Text("model", endpoint.model);
  section.Text("ca_file", endpoint.ca_file);
  std::string key_file, key_env;
  section.Text("api_key_file", key_file);
  section.Text("api_key_env", key_env);
  section.Key("usd_per_1m_tokens", [&](const YAML::Node& value) -> absl::Status {
    try {
      endpoint.usd_per_1m_tokens = value.as<double>();
    } catch (const YAML::Exception&) {
      return section.At(value, path + "usd_per_1m_tokens must be a number");
    }
    return absl::OkStatus();
  });
  for (const retrieval::EndpointRow& row : retrieval::EndpointTable()) {
    section.Key(row.name, WholeNumber(section, path + row.name, row.meaning, row.least, row.most,
                                      endpoint.*row.field));
  }
  RETURN_IF_ERROR(section.Read(node));
  if (!key_file.empty() && !key_env.empty()) {
    return section.At(
        node, Cat("embedders.", name, ": give either api_key_file or api_key_env, not both"));
  }
  if (!key_file.empty()) {
    auto key = ReadKey(key_file);
    if (!key.ok()) {
      return section.At(node, Cat(path, "api_key_file: ", ToStd(key.status().message())));
    }
    endpoint.api_key = *std::move(key);
  }
  if (!key_env.empty()) {
    const char* key = std::getenv(key_env.c_str());
    if (key == nullptr || *key == '\0') {
      return section.At(
          node, Cat(path, "api_key_env: this environment variable is not set: ", Quoted(key_env)));
    }
    endpoint.api_key = key;
  }
  if (auto status = retrieval::ValidateEndpoint(endpoint); !status.ok()) {
    return section.At(node, std::string(ToStd(status.message())));
  }
  return endpoint;
}

absl::Status ReadEmbedders(const Section& top, const std::string& file, const YAML::Node& node,
                           std::vector<retrieval::RemoteEndpoint>& embedders) {
  if (node.IsNull()) return absl::OkStatus();
  if (!node.IsMap()) return top.At(node, "embedders must be a mapping of names to settings");
  std::map<std::string, int> seen;
  for (const auto& entry : node) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
    // The name is a metric label, and appears in log lines and errors.
    if (name.empty() || name.size() > kNameBytesMax || !IsUtf8(name) || HoldsControls(name)) {
      return top.At(entry.first, Cat("embedders: each needs a name of 1 to ", kNameBytesMax,
                                     " bytes without control characters, got ", Quoted(name)));
    }
    if (seen[name]++ > 0) return top.At(entry.first, Cat("embedders.", name, " is given twice"));
    retrieval::RemoteEndpoint endpoint;
    ASSIGN_OR_RETURN(endpoint, ReadEmbedder(file, name, entry.second));
    embedders.push_back(std::move(endpoint));
  }
  return absl::OkStatus();
}

absl::Status ReadTls(const std::string& file, const YAML::Node& node, TlsSettings& tls) {
  Section section(file, "tls.");
  section.Text("certificate_file", tls.certificate_file);
  section.Text("key_file", tls.key_file);
  section.Text("client_ca_file", tls.client_ca_file);
  RETURN_IF_ERROR(section.Read(node));
  if (!node.IsNull() && (tls.certificate_file.empty() || tls.key_file.empty())) {
    return section.At(node, "tls needs certificate_file and key_file");
  }
  return absl::OkStatus();
}

absl::Status ReadOrigins(const Section& top, const YAML::Node& node,
                         std::vector<std::string>& origins) {
  if (node.IsNull()) return absl::OkStatus();
  if (!node.IsSequence()) return top.At(node, "http_origins must be a list");
  for (const YAML::Node& entry : node) {
    const std::string origin = entry.IsScalar() ? entry.Scalar() : "";
    const bool has_scheme = origin.starts_with("https://") || origin.starts_with("http://");
    const auto host = origin.find("://") + 3;
    if (!has_scheme || host >= origin.size() || !IsUtf8(origin) || HoldsControls(origin) ||
        origin.find_first_of("/ *,", host) != std::string::npos) {
      return top.At(entry, Cat("http_origins: each must be as a browser writes it, without a path "
                               "and without *, for example https://app.example.com, got ",
                               Quoted(origin)));
    }
    origins.push_back(origin);
  }
  return absl::OkStatus();
}

absl::StatusOr<ServerConfig> FromYaml(const YAML::Node& root, const std::string& name) {
  ServerConfig config;
  Section limits(name, "limits.");
  AddLimits(limits, config.limits);
  Section log(name, "log.");
  log.Key("level", OneOf(log, "log.level", {"debug", "info", "warn", "error"}, config.log_level));
  log.Key("format", OneOf(log, "log.format", {"text", "json"}, config.log_format));
  Section top(name, "");
  top.Key("data_dir", [&](const YAML::Node& node) -> absl::Status {
    if (!node.IsScalar() || node.Scalar().empty()) {
      return top.At(node, "data_dir must be a non-empty string");
    }
    config.data_dir = node.Scalar();
    return absl::OkStatus();
  });
  top.Text("backup_dir", config.backup_dir);
  const auto address = [&](const std::string& key, auto& target) {
    top.Key(key, [&top, key, &target](const YAML::Node& node) -> absl::Status {
      if (!node.IsScalar() && !node.IsNull()) return top.At(node, key + " must be HOST:PORT");
      const std::string text = node.IsNull() ? "" : node.Scalar();
      target = text;
      if (text.empty() && key != "listen") return absl::OkStatus();
      if (auto status = ValidateAddress(key, text); !status.ok()) {
        return top.At(node, std::string(ToStd(status.message())));
      }
      return absl::OkStatus();
    });
  };
  address("listen", config.listen);
  address("http_listen", config.http_listen);
  top.Key("http_origins",
          [&](const YAML::Node& node) { return ReadOrigins(top, node, config.http_origins); });
  address("admin_listen", config.admin_listen);
  top.YesNo("insecure", config.insecure);
  top.YesNo("admin_insecure", config.admin_insecure);
  top.Key("tls", [&](const YAML::Node& node) { return ReadTls(name, node, config.tls); });
  top.Text("tokens_file", config.tokens_file);
  top.Key("log", [&](const YAML::Node& node) { return log.Read(node); });
  top.Key("embedders",
          [&](const YAML::Node& node) { return ReadEmbedders(top, name, node, config.embedders); });
  top.Key("limits", [&](const YAML::Node& node) { return limits.Read(node); });
  top.Key("replicas",
          [&](const YAML::Node& node) { return ReadReplicas(name, node, config.replicas); });
  RETURN_IF_ERROR(top.Read(root));
  return config;
}

}  // namespace

absl::StatusOr<ServerConfig> ParseConfig(const std::string& text, const std::string& name) {
  try {
    return FromYaml(YAML::Load(text), name);
  } catch (const YAML::Exception& e) {
    return InvalidArgument(name, ":", e.mark.line + 1, ": not YAML: ", OneLine(e.msg, 200));
  }
}

absl::StatusOr<ServerConfig> LoadConfig(const std::string& path) {
  const std::optional<std::string> text = ReadText(path);
  if (!text) return NotFound("config ", path, " cannot be read");
  return ParseConfig(*text, path);
}

namespace {

// A port that other machines can reach, with the whole API behind it.
absl::Status ValidateApiPort(const ServerConfig& config, const std::string& address) {
  if (address.empty() || IsLoopbackAddress(address) || config.insecure) return absl::OkStatus();
  const std::string where = Cat("will not listen on ", address,
                                " without TLS and tokens, because other machines can reach it: ");
  constexpr char kElse[] =
      "; if something else protects this port, pass --insecure (config: insecure: true) instead";
  if (!config.tls.is_on()) {
    return InvalidArgument(
        where,
        "set `tls` in the config, so that nobody on the network can read or change the traffic",
        kElse);
  }
  if (config.tokens_file.empty() && config.tls.client_ca_file.empty()) {
    return InvalidArgument(where,
                           "set `tokens_file` or `tls.client_ca_file` in the config, so that "
                           "only known clients may call",
                           kElse);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateServing(const ServerConfig& config) {
  RETURN_IF_ERROR(ValidateApiPort(config, config.listen));
  RETURN_IF_ERROR(ValidateApiPort(config, config.http_address()));
  if (!config.admin_address().empty() && !IsLoopbackAddress(config.admin_address()) &&
      !config.admin_insecure) {
    return InvalidArgument("admin_listen ", config.admin_address(),
                           " can be reached from other machines, and the admin port has no TLS: "
                           "listen on 127.0.0.1; if something else protects this port, pass "
                           "--admin-insecure (config: admin_insecure: true) instead");
  }
  return absl::OkStatus();
}

absl::Status ValidateAddress(const std::string& what, const std::string& address) {
  const auto colon = address.rfind(':');
  int port = -1;
  if (colon != std::string::npos && colon > 0) {
    const char* first = address.data() + colon + 1;
    const char* last = address.data() + address.size();
    const auto parsed = std::from_chars(first, last, port);
    if (parsed.ec != std::errc() || parsed.ptr != last || first == last) port = -1;
  }
  if (port < 0 || port > 65535) {
    return InvalidArgument(what,
                           " must be HOST:PORT with a port from 0 (any free one) to 65535, got ",
                           Quoted(address));
  }
  return absl::OkStatus();
}

}  // namespace pointsman::service

#include "service/app/replica_config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "service/app/config_section.h"

namespace pointsman::service {
namespace {

constexpr std::size_t kNameMax = 64;

// The names of streams, and so those of replicas, which are a part of other names.
bool IsPlainName(const std::string& name) {
  return !name.empty() && name.size() <= kNameMax &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

absl::Status ReadUrls(const Section& section, const YAML::Node& node,
                      std::vector<std::string>& urls) {
  if (!node.IsSequence() || node.size() == 0) {
    return section.At(node, "replicas.nats must be a list of addresses of NATS servers");
  }
  for (const YAML::Node& entry : node) {
    const std::string url = entry.IsScalar() ? entry.Scalar() : "";
    const bool has_scheme = url.starts_with("nats://") || url.starts_with("tls://");
    if (!has_scheme || url.ends_with("//") || !IsUtf8(url) || HoldsControls(url)) {
      return section.At(entry,
                        Cat("replicas.nats: each must be nats://HOST:PORT or tls://HOST:PORT, got ",
                            Quoted(url)));
    }
    urls.push_back(url);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadReplicas(const std::string& file, const YAML::Node& node, ReplicaConfig& config) {
  if (node.IsNull()) return absl::OkStatus();
  Section section(file, "replicas.");
  section.Text("name", config.name);
  section.Key("nats", [&](const YAML::Node& list) { return ReadUrls(section, list, config.nats); });
  section.Text("stream", config.stream);
  section.Key("copies", WholeNumber(section, "replicas.copies", "servers that keep each message", 1,
                                    5, config.copies));
  section.Key("confirm_within_ms",
              WholeNumber(section, "replicas.confirm_within_ms", "the longest wait for the log",
                          100, 60000, config.confirm_within_ms));
  section.Text("credentials_file", config.credentials_file);
  section.Text("ca_file", config.ca_file);
  section.Text("certificate_file", config.certificate_file);
  section.Text("key_file", config.key_file);
  RETURN_IF_ERROR(section.Read(node));
  if (config.nats.empty()) return section.At(node, "replicas needs nats");
  for (const auto& [key, name] :
       {std::pair("name", config.name), std::pair("stream", config.stream)}) {
    if (IsPlainName(name)) continue;
    return section.At(node, Cat("replicas.", key, " must have 1 to ", kNameMax,
                                " letters, digits, '-' or '_', got ", Quoted(name)));
  }
  if (config.certificate_file.empty() != config.key_file.empty()) {
    return section.At(node, "replicas needs both certificate_file and key_file, or neither");
  }
  return absl::OkStatus();
}

}  // namespace pointsman::service

#include "service/app/reload.h"

#include "base/strings.h"

namespace pointsman::service {

std::vector<std::string> FixedSettings(const ServerConfig& present, const ServerConfig& wanted) {
  std::vector<std::string> names;
  const auto fixed = [&](const char* name, const auto& now, const auto& then) {
    if (now != then) names.emplace_back(name);
  };
  fixed("data_dir", present.data_dir, wanted.data_dir);
  fixed("backup_dir", present.backup_dir, wanted.backup_dir);
  fixed("listen", present.listen, wanted.listen);
  fixed("http_listen", present.http_address(), wanted.http_address());
  fixed("http_origins", present.http_origins, wanted.http_origins);
  fixed("admin_listen", present.admin_address(), wanted.admin_address());
  fixed("log.format", present.log_format, wanted.log_format);
  fixed("tokens_file", present.tokens_file, wanted.tokens_file);
  fixed("insecure", present.insecure, wanted.insecure);
  fixed("admin_insecure", present.admin_insecure, wanted.admin_insecure);
  fixed("tls", present.tls, wanted.tls);
  fixed("embedders", present.embedders, wanted.embedders);
  return names;
}

absl::Status NotInForce(const std::vector<std::string>& settings) {
  if (settings.empty()) return absl::OkStatus();
  std::string names;
  for (const std::string& name : settings) names += (names.empty() ? "" : ", ") + name;
  return FailedPrecondition("these settings need a restart to change, and keep their old values: ",
                            names, "; all other changes are in force");
}

}  // namespace pointsman::service

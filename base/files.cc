#include "base/files.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace pointsman {

std::optional<std::string> ReadText(const std::string& path) {
  std::error_code error;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, error)) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace pointsman

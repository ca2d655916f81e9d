// Reads one mapping of a YAML file strictly, for the parts of the configuration.
// Errors: kInvalidArgument naming file, line and key.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace YAML {  // NOLINT(readability-identifier-naming): the library's own name
class Node;
}

namespace pointsman::service {

// Each key has a reader. An unknown or repeated key is an error.
class Section {
 public:
  using Reader = std::function<absl::Status(const YAML::Node&)>;
  Section(std::string file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  void Key(const std::string& key, Reader reader) { readers_[key] = std::move(reader); }
  void Text(const std::string& key, std::string& target);
  void YesNo(const std::string& key, bool& target);

  absl::Status Read(const YAML::Node& node) const;
  // An error at this place.
  absl::Status At(const YAML::Node& node, const std::string& what) const;

 private:
  const std::string file_;
  const std::string path_;
  std::map<std::string, Reader> readers_;
};

Section::Reader WholeNumber(const Section& section, std::string name, std::string meaning,
                            int64_t least, int64_t most, int64_t& target);
Section::Reader OneOf(const Section& section, const std::string& key,
                      std::initializer_list<const char*> values, std::string& target);

}  // namespace pointsman::service

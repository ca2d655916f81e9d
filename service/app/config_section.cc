#include "service/app/config_section.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::service {

void Section::Text(const std::string& key, std::string& target) {
  Key(key, [this, key, &target](const YAML::Node& node) -> absl::Status {
    if (!node.IsScalar()) return At(node, Cat(path_, key, " must be a string"));
    target = node.Scalar();
    return absl::OkStatus();
  });
}

void Section::YesNo(const std::string& key, bool& target) {
  Key(key, [this, key, &target](const YAML::Node& node) -> absl::Status {
    const std::string text = node.IsScalar() ? node.Scalar() : "";
    if (text != "true" && text != "false") {
      return At(node, Cat(path_, key, " must be true or false"));
    }
    target = text == "true";
    return absl::OkStatus();
  });
}

absl::Status Section::Read(const YAML::Node& node) const {
  if (node.IsNull()) return absl::OkStatus();
  if (!node.IsMap()) {
    const std::string what = path_.empty() ? "the file" : path_.substr(0, path_.size() - 1);
    return At(node, what + " must be a mapping of keys");
  }
  std::map<std::string, int> seen;
  for (const auto& entry : node) {
    const std::string key = entry.first.Scalar();
    const auto reader = readers_.find(key);
    if (reader == readers_.end()) {
      std::string known;
      for (const auto& [name, unused] : readers_) known += (known.empty() ? "" : ", ") + name;
      return At(entry.first, Cat("unknown key ", Quoted(path_ + key), "; the keys are ", known));
    }
    if (seen[key]++ > 0) {
      return At(entry.first, Cat("key ", Quoted(path_ + key), " is given twice"));
    }
    RETURN_IF_ERROR(reader->second(entry.second));
  }
  return absl::OkStatus();
}

absl::Status Section::At(const YAML::Node& node, const std::string& what) const {
  return InvalidArgument(file_, ":", node.Mark().line + 1, ": ", what);
}

Section::Reader WholeNumber(const Section& section, std::string name, std::string meaning,
                            int64_t least, int64_t most, int64_t& target) {
  return [&section, &target, name = std::move(name), meaning = std::move(meaning), least,
          most](const YAML::Node& node) -> absl::Status {
    int64_t value = 0;
    const std::string text = node.IsScalar() ? node.Scalar() : "";
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() ||
        value < least || value > most) {
      return section.At(node, Cat(name, " (", meaning, ") must be a whole number from ", least,
                                  " to ", most, ", got ", Quoted(text)));
    }
    target = value;
    return absl::OkStatus();
  };
}

Section::Reader OneOf(const Section& section, const std::string& key,
                      std::initializer_list<const char*> values, std::string& target) {
  const std::vector<std::string> allowed(values.begin(), values.end());
  return [&section, key, allowed, &target](const YAML::Node& node) -> absl::Status {
    std::string list;
    for (const std::string& value : allowed) {
      if (node.IsScalar() && node.Scalar() == value) {
        target = value;
        return absl::OkStatus();
      }
      list += (list.empty() ? "" : ", ") + value;
    }
    return section.At(node, Cat(key, " must be one of ", list));
  };
}

}  // namespace pointsman::service

#include "engine/control/arm_order.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>

#include "domain/names.h"

namespace pointsman {

std::vector<ArmEdit> InAliasOrder(std::vector<ArmEdit> edits, const FindsArm& find) {
  std::vector<std::set<std::string>> wanted(edits.size());
  std::map<std::string, std::size_t> given_up;  // by which arm of the file
  for (std::size_t i = 0; i < edits.size(); ++i) {
    const std::optional<Arm> present = find(edits[i].name);
    const auto arm = edits[i].edit(present.value_or(Arm{}));
    if (!arm.ok()) continue;  // refused when it is put
    for (const std::string& alias : arm->aliases) wanted[i].insert(NormalName(alias));
    if (!present) continue;
    for (const std::string& alias : present->aliases) {
      if (!wanted[i].contains(alias)) given_up[alias] = i;
    }
  }
  std::vector<bool> is_placed(edits.size());
  const auto can_begin = [&](std::size_t i) {
    return std::all_of(wanted[i].begin(), wanted[i].end(), [&](const std::string& alias) {
      const auto giver = given_up.find(alias);
      return giver == given_up.end() || giver->second == i || is_placed[giver->second];
    });
  };
  std::vector<ArmEdit> ordered;
  for (bool is_ring = false; ordered.size() < edits.size();) {
    const std::size_t before = ordered.size();
    for (std::size_t i = 0; i < edits.size(); ++i) {
      if (is_placed[i] || (!is_ring && !can_begin(i))) continue;
      ordered.push_back(edits[i]);
      is_placed[i] = true;
    }
    is_ring = ordered.size() == before;
  }
  return ordered;
}

}  // namespace pointsman

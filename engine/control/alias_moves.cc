#include "engine/control/alias_moves.h"

#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "domain/names.h"

namespace pointsman::engine {

std::vector<ArmEdit> GiveUps(const std::vector<ArmEdit>& edits, const FindsArm& find) {
  std::map<std::string, std::set<std::size_t>>
      wanted;  // alias -> the edits whose arms have it then
  std::vector<std::optional<Arm>> present;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    present.push_back(find(edits[i].name));
    const auto arm = edits[i].edit(present[i].value_or(Arm{}));
    if (!arm.ok()) continue;  // the error is reported when the arm is put
    for (const std::string& alias : arm->aliases) wanted[NormalName(alias)].insert(i);
  }
  std::vector<ArmEdit> give_ups;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (!present[i]) continue;
    std::set<std::string> moving;
    for (const std::string& alias : present[i]->aliases) {
      const auto takers = wanted.find(alias);
      if (takers != wanted.end() && !takers->second.contains(i)) moving.insert(alias);
    }
    if (moving.empty()) continue;
    ArmEdit edit;
    edit.name = present[i]->name;
    edit.edit = [moving = std::move(moving)](Arm arm) -> absl::StatusOr<Arm> {
      std::erase_if(arm.aliases, [&](const std::string& alias) { return moving.contains(alias); });
      return arm;
    };
    give_ups.push_back(std::move(edit));
  }
  return give_ups;
}

}  // namespace pointsman::engine

// The settings of a pool that are one value each, in one table: one row each. The checks of requests,
// the contract, the stored records, the snapshots, lists of changes and the grid of replays loop over
// the table. Embedder, features and the default preference are more than one value and have code of
// their own there.
// Threads: constant data.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "domain/arm.h"
#include "domain/limits.h"

namespace pointsman {

// Micros are durations: the contract has them in seconds, and their names end in "_s".
using SettingField =
    std::variant<double LearnerSettings::*, std::string LearnerSettings::*, double PoolSettings::*,
                 std::string PoolSettings::*, uint32_t PoolSettings::*, bool PoolSettings::*,
                 Micros PoolSettings::*, MissingFeedback PoolSettings::*,
                 LatencyKind PoolSettings::*>;

// The default of a setting is that of its member in domain/arm.h.
struct SettingRow {
  std::string_view name;  // as in the contract, unit last; the learner's have "learner." before it
  SettingField field;
  int format = 0;              // the first format of snapshots that holds it
  std::string_view meaning;    // what it does
  std::string_view unit = {};  // follows the range in errors; of an enum: what one value is
  double least = 0;            // of numbers
  double most = 0;
  bool is_live = true;                       // may change after the pool is made
  std::span<const char* const> values = {};  // of an enum: the names of its values, from 1 on
  int64_t Limits::*most_limit = nullptr;     // the server's limit that is its most, if one is
  std::string_view most_limit_name = {};

  bool is_of_learner() const { return name.starts_with("learner."); }
  // The name without "learner.", as in the messages.
  std::string_view field_name() const { return name.substr(name.find('.') + 1); }
};

// In the order of snapshots and of lists of changes.
std::span<const SettingRow> SettingTable();
// The row must be there.
const SettingRow& SettingNamed(std::string_view name);

// Calls `visit` with a reference to the setting's value: a double, std::string, uint32_t, bool, Micros
// or an enum. `settings` may be const.
template <class Settings, class Visit>
decltype(auto) VisitSetting(const SettingRow& row, Settings& settings, const Visit& visit) {
  return std::visit(
      [&](auto member) -> decltype(auto) {
        if constexpr (requires { settings.*member; }) {
          return visit(settings.*member);
        } else {
          return visit(settings.learner.*member);
        }
      },
      row.field);
}

// The value in the unit of the contract; none if it is not a number.
std::optional<double> NumberOf(const SettingRow& row, const PoolSettings& settings);
// The value as people read it.
std::string ShownSetting(const SettingRow& row, const PoolSettings& settings);
bool IsSameSetting(const SettingRow& row, const PoolSettings& a, const PoolSettings& b);

}  // namespace pointsman

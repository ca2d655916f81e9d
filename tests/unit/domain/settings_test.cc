#include "domain/settings.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <type_traits>

namespace pointsman {
namespace {

struct Anything {
  template <class T>
  operator T() const;  // NOLINT(google-explicit-constructor): it becomes whatever a member is
};

// How many members an aggregate has: as many initializers as it takes.
template <class T, class... Given>
constexpr std::size_t Members() {
  if constexpr (requires { T{Given{}..., Anything{}}; }) {
    return Members<T, Given..., Anything>();
  } else {
    return sizeof...(Given);
  }
}

std::size_t RowsOfTheLearner() {
  std::size_t count = 0;
  for (const SettingRow& row : SettingTable()) count += row.is_of_learner() ? 1 : 0;
  return count;
}

TEST(Settings, TableHasARowOfEachMember) {
  EXPECT_EQ(RowsOfTheLearner(), Members<LearnerSettings>());
  // Embedder, features, learner and the default preference are more than one value.
  EXPECT_EQ(SettingTable().size() - RowsOfTheLearner(), Members<PoolSettings>() - 4);
}

TEST(Settings, RowsDifferInNameAndMember) {
  std::set<std::string_view> names;
  for (const SettingRow& row : SettingTable()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " has two rows";
    EXPECT_EQ(&SettingNamed(row.name), &row);
    for (const SettingRow& other : SettingTable()) {
      EXPECT_TRUE(&row == &other || row.field != other.field) << row.name << ", " << other.name;
    }
  }
}

TEST(Settings, RowsSayAllThatTheirKindNeeds) {
  const PoolSettings defaults;
  for (const SettingRow& row : SettingTable()) {
    EXPECT_FALSE(row.meaning.empty()) << row.name;
    EXPECT_GE(row.format, 2) << row.name;
    EXPECT_EQ(row.most_limit == nullptr, row.most_limit_name.empty()) << row.name;
    VisitSetting(row, defaults, [&]<class T>(const T&) {
      EXPECT_EQ(std::is_enum_v<T>, !row.values.empty()) << row.name;
      EXPECT_EQ((std::is_same_v<T, Micros>), (row.most_limit != nullptr)) << row.name;
    });
    const std::optional<double> value = NumberOf(row, defaults);
    if (!value) continue;
    EXPECT_LT(row.least, row.most) << row.name;
    EXPECT_GE(*value, row.least) << row.name;
    EXPECT_LE(*value, row.most) << row.name;
  }
}

TEST(Settings, AreShownAsPeopleReadThem) {
  PoolSettings settings;
  settings.learner.exploration = "";
  settings.latency_kind = LatencyKind::kFirstToken;
  settings.missing_feedback = MissingFeedback{9};
  const auto shown = [&](const char* name) { return ShownSetting(SettingNamed(name), settings); };
  EXPECT_EQ(shown("learner.quality_model"), "\"hybrid\"");
  EXPECT_EQ(shown("learner.exploration"), "unset");
  EXPECT_EQ(shown("learner.epsilon"), "0.05");
  EXPECT_EQ(shown("neighbours"), "64");
  EXPECT_EQ(shown("feedback_window_s"), "86400");
  EXPECT_EQ(shown("strict_names"), "false");
  EXPECT_EQ(shown("latency_kind"), "FIRST_TOKEN");
  EXPECT_EQ(shown("missing_feedback"), "unknown");
}

TEST(Settings, AreComparedOneByOne) {
  const PoolSettings a;
  PoolSettings b;
  b.learner.epsilon = 0.5;
  b.neighbours = 3;
  std::string different;
  for (const SettingRow& row : SettingTable()) {
    if (!IsSameSetting(row, a, b)) different += std::string(row.name) + " ";
  }
  EXPECT_EQ(different, "learner.epsilon neighbours ");
}

}  // namespace
}  // namespace pointsman

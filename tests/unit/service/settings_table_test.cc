// The table of settings (domain/settings.h) against everything that loops over it: who adds a setting
// and forgets a step fails here.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <type_traits>

#include "base/strings.h"
#include "domain/settings.h"
#include "engine/request/changes.h"
#include "engine/request/validate.h"
#include "learners/state/learned_state.h"
#include "pointsman/record/v1/record.pb.h"
#include "service/api/convert.h"
#include "storage/codec/records.h"
#include "storage/codec/soundness.h"

namespace pointsman::service {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// What is more than one value, and has code of its own.
const std::set<std::string> kOwnCode = {"embedder", "features", "learner", "default_preference"};

bool IsDuration(const SettingRow& row) {
  return std::holds_alternative<Micros PoolSettings::*>(row.field);
}

// Pools whose settings are sound but for what a test makes of them.
PoolSettings Plain() {
  PoolSettings settings;
  settings.embedder.projected = 4;
  return settings;
}

Pool PoolWith(const PoolSettings& settings) { return {PoolId{1}, "pool", settings, 5}; }

// Gives the row's setting another value, which is legal.
void Alter(const SettingRow& row, PoolSettings& settings) {
  VisitSetting(row, settings, [&]<class T>(T& value) {
    if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(value == T{1} ? 2 : 1);
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = row.name == "learner.quality_model" ? "knn" : "greedy";
    } else if constexpr (std::is_same_v<T, double>) {
      value = row.least + (row.most - row.least) / 3;
    } else if constexpr (std::is_same_v<T, bool>) {
      value = !value;
    } else {
      value += std::is_same_v<T, Micros> ? kMicrosPerSecond : 1;
    }
  });
}

PoolSettings Altered(const SettingRow& row) {
  PoolSettings settings = Plain();
  Alter(row, settings);
  return settings;
}

FieldDescriptor::CppType TypeInTheContract(const SettingRow& row) {
  const PoolSettings settings;
  return VisitSetting(row, settings, []<class T>(const T&) {
    if constexpr (std::is_enum_v<T>) {
      return FieldDescriptor::CPPTYPE_ENUM;
    } else if constexpr (std::is_same_v<T, std::string>) {
      return FieldDescriptor::CPPTYPE_STRING;
    } else if constexpr (std::is_same_v<T, double>) {
      return FieldDescriptor::CPPTYPE_DOUBLE;
    } else if constexpr (std::is_same_v<T, bool>) {
      return FieldDescriptor::CPPTYPE_BOOL;
    } else if constexpr (std::is_same_v<T, Micros>) {
      return FieldDescriptor::CPPTYPE_INT64;
    } else {
      return FieldDescriptor::CPPTYPE_UINT32;
    }
  });
}

void ExpectContractField(const SettingRow& row, const FieldDescriptor& field) {
  EXPECT_EQ(field.cpp_type(), TypeInTheContract(row)) << row.name;
  if (row.values.empty()) {
    const bool is_text = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    EXPECT_TRUE(is_text || field.has_presence()) << row.name << " must be `optional`";
    return;
  }
  ASSERT_EQ(field.cpp_type(), FieldDescriptor::CPPTYPE_ENUM);
  ASSERT_EQ(field.enum_type()->value_count(), static_cast<int>(row.values.size()) + 1) << row.name;
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    const auto* value = field.enum_type()->FindValueByNumber(static_cast<int>(i) + 1);
    ASSERT_NE(value, nullptr) << row.name;
    EXPECT_EQ(value->name(), row.values[i]);
  }
}

// Each field of the message has a row, and each such row a field.
void ExpectFieldsHaveRows(const Descriptor& message, bool is_learner, bool is_contract) {
  std::map<std::string, const SettingRow*> rows;
  for (const SettingRow& row : SettingTable()) {
    if (row.is_of_learner() != is_learner) continue;
    std::string name(row.field_name());
    if (!is_contract && IsDuration(row)) name.replace(name.size() - 1, 1, "us");
    rows[name] = &row;
  }
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (kOwnCode.contains(field.name())) continue;
    ASSERT_TRUE(rows.contains(field.name()))
        << field.full_name() << " has no row in domain/settings.cc";
    if (is_contract) ExpectContractField(*rows[field.name()], field);
    rows.erase(field.name());
  }
  for (const auto& [name, row] : rows) {
    ADD_FAILURE() << message.full_name() << " has no field " << name;
  }
}

TEST(SettingTable, HasTheFieldsOfTheContract) {
  ExpectFieldsHaveRows(*v1::PoolSettings::descriptor(), false, true);
  ExpectFieldsHaveRows(*v1::LearnerSettings::descriptor(), true, true);
}

TEST(SettingTable, HasTheFieldsOfTheRecords) {
  ExpectFieldsHaveRows(*record::v1::PoolSettings::descriptor(), false, false);
  ExpectFieldsHaveRows(*record::v1::LearnerSettings::descriptor(), true, false);
}

TEST(SettingTable, GoesThroughTheContract) {
  for (const SettingRow& row : SettingTable()) {
    const PoolSettings altered = Altered(row);
    ASSERT_FALSE(IsSameSetting(row, altered, Plain())) << row.name;
    EXPECT_EQ(*Edited(Plain(), ToProto(altered)), altered) << row.name;
    EXPECT_EQ(*Edited(altered, {}), altered) << row.name << " is unset and changes";
  }
}

TEST(SettingTable, GoesThroughTheRecords) {
  for (const SettingRow& row : SettingTable()) {
    const Pool pool = PoolWith(Altered(row));
    const auto read = storage::DecodePool(storage::EncodePool(pool));
    ASSERT_TRUE(read.ok()) << row.name << ": " << read.status();
    EXPECT_EQ(*read, pool) << row.name;
  }
}

TEST(SettingTable, GoesThroughSnapshots) {
  for (const SettingRow& row : SettingTable()) {
    const Pool pool = PoolWith(Altered(row));
    const auto state = learners::LearnedState::Empty(pool);
    ASSERT_TRUE(state.ok()) << row.name << ": " << state.status();
    const auto read = learners::LearnedState::Decode(state->Encode());
    ASSERT_TRUE(read.ok()) << row.name << ": is its format later than that of snapshots? "
                           << read.status();
    EXPECT_EQ(read->pool(), pool) << row.name;
  }
}

TEST(SettingTable, IsWhatChangesName) {
  for (const SettingRow& row : SettingTable()) {
    const auto changes = engine::ChangesOf(Plain(), Altered(row));
    ASSERT_EQ(changes.size(), 1u) << row.name;
    EXPECT_TRUE(changes[0].starts_with(Cat(row.name, ": "))) << changes[0];
  }
}

TEST(SettingTable, HasChangesInTheirOrder) {
  PoolSettings all = Plain();
  for (const SettingRow& row : SettingTable()) Alter(row, all);
  all.features = {{"length", 1, 2, 0.5}};
  all.default_preference = {0, 1, 0};
  std::string names;
  for (const std::string& change : engine::ChangesOf(Plain(), all)) {
    names += Cat(change.substr(0, change.find(':')), " ");
  }
  EXPECT_EQ(names,
            "learner.quality_model learner.exploration learner.exploration_floor "
            "learner.exploration_scale learner.epsilon learner.temperature learner.squarecb_gamma "
            "learner.half_life_s learner.half_life_outcomes learner.forget_outcomes "
            "learner.description_weight features "
            "cost_scale_usd latency_scale_ms shortlist_size neighbours experience_max "
            "feedback_window_s store_query_text default_preference missing_feedback "
            "missing_quality client_weight_per_hour latency_kind strict_names holdout_share "
            "holdout_arm ");
}

TEST(SettingTable, IsWhatMayChange) {
  for (const SettingRow& row : SettingTable()) {
    const absl::Status status = engine::ValidateChange(Plain(), Altered(row));
    EXPECT_EQ(status.ok(), row.is_live) << row.name << ": " << status;
  }
}

void ExpectRefused(const SettingRow& row, double value) {
  PoolSettings settings = Plain();
  VisitSetting(row, settings, [&]<class T>(T& member) {
    if constexpr (std::is_same_v<T, Micros>) {
      member = static_cast<Micros>(value * kMicrosPerSecond);
    } else if constexpr (std::is_arithmetic_v<T>) {
      member = static_cast<T>(value);
    }
  });
  const absl::Status status = engine::ValidateSettings(settings, Limits{});
  ASSERT_FALSE(status.ok()) << row.name << " of " << value;
  EXPECT_NE(ToStd(status.message()).find(row.name), std::string_view::npos) << status;
}

TEST(SettingTable, IsWhatRequestsMaySay) {
  for (const SettingRow& row : SettingTable()) {
    const absl::Status status = engine::ValidateSettings(Altered(row), Limits{});
    EXPECT_TRUE(status.ok()) << row.name << ": " << status;
    if (!NumberOf(row, Plain())) continue;
    ExpectRefused(row, row.most * 2 + 1);
    const bool is_unsigned = std::holds_alternative<uint32_t PoolSettings::*>(row.field);
    if (row.least > 0 || !is_unsigned) ExpectRefused(row, row.least > 0 ? row.least / 2 : -1);
  }
}

TEST(SettingTable, IsWhatMakesARecordSound) {
  for (const SettingRow& row : SettingTable()) {
    Pool pool = PoolWith(Plain());
    EXPECT_TRUE(storage::CheckSound(pool).ok());
    const bool is_checked = VisitSetting(row, pool.settings, []<class T>(T& value) {
      if constexpr (std::is_same_v<T, double>) value = std::nan("");
      if constexpr (std::is_enum_v<T>) value = T{9};
      return std::is_same_v<T, double> || std::is_enum_v<T>;
    });
    const absl::Status status = storage::CheckSound(pool);
    EXPECT_EQ(status.ok(), !is_checked) << row.name;
    if (!is_checked) continue;
    EXPECT_TRUE(ToStd(status.message()).starts_with(Cat("pool: ", row.name, " "))) << status;
  }
}

}  // namespace
}  // namespace pointsman::service

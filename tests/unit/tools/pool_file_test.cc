#include "tools/pool_file.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <vector>

#include "base/rng.h"
#include "tests/paths.h"

namespace pointsman::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kWhole = R"(# a pool
name: default
settings:
  embedder: {name: hashing, dimension: 256, projected: 64, projection_seed: 18446744073709551615}
  features:
    - {name: entropy, center: 1.5}
  learner:
    quality_model: hybrid
    exploration: thompson
    exploration_floor: 0.005
  cost_scale_usd: 0.02
  feedback_window_s: 3600
  store_query_text: true
  client_weight_per_hour: 2.5
  default_preference: {quality: 1, cost: 0.5}
arms:
  - name: gpt-4o-mini
    description: "small, fast, general"
    tags: [chat, "long context"]
    usd_per_1m_input: 0.15
    usd_per_1m_output: 6e-1
    status: PAUSED
  - name: other
)";

std::string MessageOf(const std::string& yaml) {
  const auto pool = ParsePool(yaml, "pool.yaml");
  return pool.ok() ? "parsed" : std::string(pool.status().message());
}

TEST(PoolFile, FillsEveryKindOfField) {
  const auto pool = ParsePool(kWhole, "pool.yaml");
  ASSERT_TRUE(pool.ok()) << pool.status();
  EXPECT_EQ(pool->name(), "default");
  EXPECT_FALSE(pool->create_only());
  const auto& settings = pool->settings();
  EXPECT_EQ(settings.embedder().dimension(), 256u);
  EXPECT_EQ(settings.embedder().projection_seed(), 18446744073709551615u);
  EXPECT_EQ(settings.features(0).center(), 1.5);
  EXPECT_EQ(settings.learner().exploration_floor(), 0.005);
  EXPECT_FALSE(settings.learner().has_epsilon());
  EXPECT_EQ(settings.feedback_window_s(), 3600);
  EXPECT_TRUE(settings.store_query_text());
  EXPECT_EQ(settings.client_weight_per_hour(), 2.5);
  EXPECT_EQ(settings.default_preference().cost(), 0.5);
  ASSERT_EQ(pool->arms_size(), 2);
  EXPECT_THAT(pool->arms(0).tags(), ElementsAre("chat", "long context"));
  EXPECT_EQ(pool->arms(0).usd_per_1m_output(), 0.6);
  EXPECT_EQ(pool->arms(0).status(), v1::PAUSED);
  EXPECT_FALSE(pool->arms(1).has_usd_per_1m_input());
}

TEST(PoolFile, ReadsTheExampleThatShips) {
  const auto pool = ReadPoolFile(POINTSMAN_SOURCE_DIR "/deploy/pool.example.yaml");
  ASSERT_TRUE(pool.ok()) << pool.status();
  EXPECT_GE(pool->arms_size(), 2);
}

TEST(PoolFile, NamesTheLineAndTheKeysThatExist) {
  struct Case {
    const char* yaml;
    const char* message;
  };
  const Case cases[] = {
      {"name: a\nsetings:\n",
       "pool.yaml:2: there is no key \"setings\" here; the keys are: name, "
       "settings, arms"},
      {"name: a\ncreate_only: true\n", "pool.yaml:2: there is no key"},
      {"name: a\nprune: true\n", "pool.yaml:2: there is no key"},
      {"name: a\ndry_run: true\n", "pool.yaml:2: there is no key"},
      {"name: a\nsettings:\n  learner:\n    floor: 1\n", "pool.yaml:4: there is no key \"floor\""},
      {"name: a\nname: b\n", "pool.yaml:2: the key `name` is given twice"},
      {"name: a\nsettings:\n  neighbours: -1\n", "pool.yaml:3: `neighbours` is \"-1\""},
      {"name: a\nsettings:\n  neighbours: 1.5\n", "pool.yaml:3: `neighbours` is"},
      {"name: a\nsettings:\n  cost_scale_usd: cheap\n", "pool.yaml:3: `cost_scale_usd` is"},
      {"name: a\nsettings:\n  cost_scale_usd: nan\n", "expected a number"},
      {"name: a\nsettings:\n  store_query_text: yes\n", "expected true or false"},
      {"name: a\nsettings: 3\n", "pool.yaml:2: expected a mapping of keys to values"},
      {"name: [a]\n", "pool.yaml:1: `name` must be a single value"},
      {"name: a\narms: {name: b}\n", "pool.yaml:2: `arms` must be a list"},
      {"name: a\narms:\n  - name: b\n    tags: chat\n", "pool.yaml:4: `tags` must be a list"},
      {"name: a\narms:\n  - name: b\n    status: gone\n", "expected one of ACTIVE PAUSED REMOVED"},
      {"name: a\narms:\n  - description: b\n", "pool.yaml:3: each arm needs a `name`"},
      {"name: a\narms:\n  - name: b\n  - name: b\n", "pool.yaml:4: there are two arms"},
      {"arms: []\n", "pool.yaml:1: the pool needs a `name`"},
      {"name: a\n  b: [\n", "pool.yaml:2: this is not YAML"},
      {"", "the file is empty"},
      {"name: a\n---\nname: b\n", "several YAML documents"},
      {"- name\n", "expected a mapping of keys to values"},
  };
  for (const Case& c : cases) EXPECT_THAT(MessageOf(c.yaml), HasSubstr(c.message)) << c.yaml;
}

// Random values for every field that a file can have, including strings that YAML might read as another type.
class RandomPool {
 public:
  explicit RandomPool(uint64_t seed) : rng_(seed) {}

  void Fill(google::protobuf::Message& message) {
    const auto& type = *message.GetDescriptor();
    const auto& r = *message.GetReflection();
    for (int i = 0; i < type.field_count(); ++i) {
      const auto& field = *type.field(i);
      const std::string& name = field.name();
      const bool is_hidden = name == "create_only" || name == "prune" || name == "dry_run" ||
                             name == "projection_rows" || name == "projection_is_fitted";
      if (is_hidden || rng_.Below(3) == 0) continue;
      using Field = google::protobuf::FieldDescriptor;
      if (field.is_repeated()) {
        for (uint64_t n = rng_.Below(3); n > 0; --n) {
          if (field.cpp_type() == Field::CPPTYPE_STRING) r.AddString(&message, &field, Word());
          if (field.cpp_type() == Field::CPPTYPE_MESSAGE) Fill(*r.AddMessage(&message, &field));
        }
        continue;
      }
      switch (field.cpp_type()) {
        case Field::CPPTYPE_MESSAGE:
          Fill(*r.MutableMessage(&message, &field));
          break;
        case Field::CPPTYPE_STRING:
          r.SetString(&message, &field, Word());
          break;
        case Field::CPPTYPE_DOUBLE:
          r.SetDouble(&message, &field, rng_.Below(2) == 0 ? 0 : rng_.Uniform() * 1e-5);
          break;
        case Field::CPPTYPE_UINT32:
          r.SetUInt32(&message, &field, static_cast<uint32_t>(rng_.Below(1u << 31)));
          break;
        case Field::CPPTYPE_UINT64:
          r.SetUInt64(&message, &field, ~rng_.Below(1u << 31));
          break;
        case Field::CPPTYPE_INT64:
          r.SetInt64(&message, &field, static_cast<int64_t>(rng_.Below(1u << 31)));
          break;
        case Field::CPPTYPE_BOOL:
          r.SetBool(&message, &field, rng_.Below(2) == 0);
          break;
        case Field::CPPTYPE_ENUM:
          r.SetEnumValue(&message, &field,
                         1 + static_cast<int>(rng_.Below(
                                 static_cast<uint64_t>(field.enum_type()->value_count() - 1))));
          break;
        default:
          ADD_FAILURE() << name << " is of a kind that files do not have";
      }
    }
  }

 private:
  std::string Word() {
    constexpr const char* kWords[] = {"plain", "true",     "null",   "~",   "1e3",
                                      "a: b",  "# no",     "- item", "[x",  "\"q\"",
                                      "it's",  "\xc3\xa9", " pad ",  "a\\n"};
    return kWords[rng_.Below(std::size(kWords))];
  }
  Rng rng_;
};

TEST(PoolFile, ReadsWhatItWritesOfEveryPool) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    v1::PutPoolRequest pool;
    RandomPool random(seed);
    random.Fill(*pool.mutable_settings());
    pool.set_name("default");
    std::vector<v1::Arm> arms(seed % 4);
    for (std::size_t i = 0; i < arms.size(); ++i) {
      random.Fill(arms[i]);
      arms[i].set_name("arm " + std::to_string(i));
      arms[i].set_status(i % 2 == 0 ? v1::ACTIVE : v1::PAUSED);
      *pool.add_arms() = arms[i];
      if (i % 2 == 0) pool.mutable_arms(static_cast<int>(i))->clear_status();
    }
    v1::Pool stored;
    stored.set_name("default");
    *stored.mutable_settings() = pool.settings();
    const std::string yaml = PoolYaml(stored, arms);
    const auto read = ParsePool(yaml, "pool.yaml");
    ASSERT_TRUE(read.ok()) << yaml << read.status();
    EXPECT_EQ(read->SerializeAsString(), pool.SerializeAsString()) << yaml << "\n"
                                                                   << pool.DebugString() << "\n"
                                                                   << read->DebugString();
  }
}

TEST(PoolFile, SaysThatAFileIsMissing) {
  const auto pool = ReadPoolFile("/nowhere/pool.yaml");
  EXPECT_EQ(pool.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(pool.status().message()), HasSubstr("/nowhere/pool.yaml"));
}

TEST(PoolFile, NeverFailsWithoutALineOnAFileCutAnywhere) {
  const std::string whole = kWhole;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string message = MessageOf(whole.substr(0, size));
    if (message != "parsed") {
      EXPECT_THAT(message, HasSubstr("pool.yaml:")) << size;
    }
  }
}

}  // namespace
}  // namespace pointsman::tools

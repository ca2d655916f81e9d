// Names by themselves: how they are compared, what older folders hold of them, which features a pool may get.
#include "domain/names.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/pool/pool_table.h"
#include "engine/request/validate.h"

namespace pointsman::engine {
namespace {

constexpr const char* kComposed = "caf\xc3\xa9";     // one character for the last letter
constexpr const char* kDecomposed = "cafe\xcc\x81";  // a letter and its accent
constexpr const char* kZeroWidth = "al\xe2\x80\x8bpha";

// Such names were taken once.
TEST(StoredNames, WithWhatNobodySeesMayStay) {
  Arm stored;
  stored.name = kZeroWidth;
  stored.tags = {kZeroWidth};
  Arm wanted = stored;
  wanted.usd_per_1m_input = 1;
  EXPECT_TRUE(ValidateNewNames(&stored, wanted).ok());
  EXPECT_FALSE(ValidateNewNames(nullptr, wanted).ok());
  wanted.aliases = {kZeroWidth};
  EXPECT_FALSE(ValidateNewNames(&stored, wanted).ok());
  PoolSettings present;
  present.features = {{kZeroWidth, 0, 1, 1}};
  PoolSettings more = present;
  more.features.push_back({"seen", 0, 1, 1});
  EXPECT_TRUE(ValidateNewNames(&present, more).ok());
  EXPECT_FALSE(ValidateNewNames(nullptr, more).ok());
}

TEST(StoredNames, InAnotherSpellingAreFound) {
  Pool pool;
  pool.id = PoolId{1};
  pool.name = kDecomposed;
  const auto embedder = retrieval::ResolveEmbedder(pool.settings.embedder);
  ASSERT_TRUE(embedder.ok()) << embedder.status();
  pool.settings.embedder = *embedder;
  auto state = learners::LearnedState::Empty(pool);
  ASSERT_TRUE(state.ok()) << state.status();
  std::vector<Event> events(4);
  events[0].body = PoolEvent{pool};
  const char* names[] = {kDecomposed, "plain", kComposed};
  for (std::size_t i = 0; i < 3; ++i) {
    Arm arm;
    arm.id = static_cast<ArmId>(i);
    arm.name = names[i];
    events[i + 1].body = ArmEvent{arm};
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    events[i].sequence = i + 1;
    events[i].pool = pool.id;
  }
  ASSERT_TRUE(state->Learn({events.data(), 3}).ok());
  const Remotes remotes;
  const auto one =
      PoolRuntime::Make(learners::LearnedState(*state), retrieval::Building::kInline, remotes);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ((*one)->arms().Find(kComposed), ArmId{0});
  EXPECT_EQ((*one)->arms().Find(kDecomposed), ArmId{0});
  PoolTable table;
  table.Put(*one);
  EXPECT_TRUE(table.Find(kComposed).ok());
  EXPECT_TRUE(table.Find(kDecomposed).ok());
  // Two that look the same are each found by their own spelling.
  ASSERT_TRUE(state->Learn({events.data() + 3, 1}).ok());
  const auto two =
      PoolRuntime::Make(learners::LearnedState(*state), retrieval::Building::kInline, remotes);
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ((*two)->arms().Find(kDecomposed), ArmId{0});
  EXPECT_EQ((*two)->arms().Find(kComposed), ArmId{2});
}

TEST(Names, OfAnyLengthAreComparedInATimeThatNobodyNotices) {
  // Marks of two kinds in turn, which normalising would have to sort.
  std::string marks = "e";
  for (int i = 0; i < 2 << 20; ++i) marks += i % 2 == 0 ? "\xcc\x80" : "\xcc\xa3";
  EXPECT_EQ(NormalName(marks), marks);
  EXPECT_FALSE(IsSameName(marks, "e"));
  EXPECT_TRUE(IsSameName("\xe2\x84\xaa", "K")) << "the sign of kelvin is the letter";
  EXPECT_FALSE(IsSameName("\xff", "\xfe"));
}

TEST(Features, OfAPoolMayBeFollowedByNewOnesAndByNothingElse) {
  PoolSettings present;
  present.features = {{"length", 2, 4, 0.3}, {"entropy", 0, 1, 0.3}};
  const struct {
    const char* name;
    std::function<void(std::vector<FeatureSpec>&)> change;
    bool is_taken;
  } rows[] = {
      {"nothing", [](auto&) {}, true},
      {"one more",
       [](auto& f) {
         f.push_back({"turns", 0, 1, 1});
       },
       true},
      {"two more",
       [](auto& f) {
         f.push_back({"a", 0, 1, 1}), f.push_back({"b", 0, 1, 1});
       },
       true},
      {"one first",
       [](auto& f) {
         f.insert(f.begin(), {"turns", 0, 1, 1});
       },
       false},
      {"one less", [](auto& f) { f.pop_back(); }, false},
      {"none", [](auto& f) { f.clear(); }, false},
      {"another order", [](auto& f) { std::swap(f[0], f[1]); }, false},
      {"another weight", [](auto& f) { f[1].weight = 0.5; }, false},
      {"another scale, and one more",
       [](auto& f) {
         f[0].scale = 5, f.push_back({"turns", 0, 1, 1});
       },
       false},
      {"another name", [](auto& f) { f[0].name = "size"; }, false},
  };
  for (const auto& row : rows) {
    PoolSettings wanted = present;
    row.change(wanted.features);
    const absl::Status status = ValidateChange(present, wanted);
    EXPECT_EQ(status.ok(), row.is_taken) << row.name << ": " << status;
    if (!status.ok()) {
      EXPECT_EQ(ReasonOf(status), reason::kSettingFixed);
      EXPECT_NE(status.message().find("\"length\", \"entropy\""), std::string::npos) << status;
    }
  }
}

}  // namespace
}  // namespace pointsman::engine

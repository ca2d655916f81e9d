// Names in requests: lists that outlive models, aliases, spellings that look the same.
#include <functional>
#include <set>

#include "tests/support/engine_fixture.h"

namespace pointsman::engine {
namespace {

using Set = std::set<std::string>;

constexpr const char* kComposed = "caf\xc3\xa9";     // one character for the last letter
constexpr const char* kDecomposed = "cafe\xcc\x81";  // a letter and its accent
constexpr const char* kZeroWidth = "al\xe2\x80\x8bpha";

class QueryNames : public tests::EngineFixture {
 protected:
  void MakeWith(PoolSettings settings, std::vector<Arm> more = {}) {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    MakePool(std::move(settings));
    for (const Arm& arm : more) ASSERT_TRUE(Put(arm).ok());
  }
  absl::StatusOr<PutArmOutput> Put(const Arm& arm, const std::string& pool = "default") {
    return Await<PutArmOutput>([&](auto done) { engine_->PutArm(pool, arm, std::move(done)); });
  }
  static Arm Named(const std::string& name, std::vector<std::string> aliases = {}) {
    Arm arm;
    arm.name = name;
    arm.aliases = std::move(aliases);
    return arm;
  }
  absl::StatusOr<RouteOutput> Ask(const std::function<void(RouteInput&)>& set) {
    RouteInput input;
    input.query = "a question";
    input.explain = true;
    set(input);
    return engine_->Route(input);
  }
  static Set ArmsOf(const RouteOutput& output) {
    Set arms;
    for (const RankedArm& ranked : output.ranking) arms.insert(ranked.arm);
    return arms;
  }
  absl::Status Change(const std::function<void(PoolSettings&)>& change) {
    return Await<PutPoolOutput>([&](auto done) {
             engine_->PutPool(
                 "default",
                 [=](const PoolSettings& present) {
                   PoolSettings wanted = present;
                   change(wanted);
                   return wanted;
                 },
                 {}, false, std::move(done));
           })
        .status();
  }
};

TEST_F(QueryNames, ThatNothingHasAreNotedUnlessThePoolIsStrict) {
  struct Row {
    const char* name;
    std::function<void(RouteInput&)> set;
    Set arms;           // empty: refused in any pool
    const char* noted;  // part of the one note; empty: no note
    const char* field;  // that a strict pool refuses; empty: it takes it
  };
  const Set all{"alpha", "beta", "gamma"};
  const Row rows[] = {
      {"a denied model that is gone", [](RouteInput& in) { in.constraints.deny_arms = {"gpt-3"}; },
       all, "gpt-3", "constraints.deny_arms"},
      {"one of two denied",
       [](RouteInput& in) {
         in.constraints.deny_arms = {"gpt-3", "beta"};
       },
       {"alpha", "gamma"},
       "gpt-3",
       "constraints.deny_arms"},
      {"one of two allowed",
       [](RouteInput& in) {
         in.constraints.allow_arms = {"beta", "gpt-3"};
       },
       {"beta"},
       "gpt-3",
       "constraints.allow_arms"},
      {"none left of those allowed",
       [](RouteInput& in) {
         in.constraints.allow_arms = {"gpt-3", "gpt-4"};
       },
       {},
       "",
       "constraints.allow_arms"},
      {"a feature",
       [](RouteInput& in) {
         in.features = {{"entropy", 1}};
       },
       all, "entropy", "features"},
      {"names that are known",
       [](RouteInput& in) {
         in.constraints.allow_arms = {"alpha", "beta"}, in.constraints.deny_arms = {"beta"};
       },
       {"alpha"},
       "",
       ""},
      {"a name in other letters", [](RouteInput& in) { in.constraints.deny_arms = {"Alpha"}; }, all,
       "Alpha", "constraints.deny_arms"},
  };
  for (const bool is_strict : {false, true}) {
    PoolSettings settings;
    settings.strict_names = is_strict;
    MakeWith(settings);
    for (const Row& row : rows) {
      SCOPED_TRACE(std::string(row.name) + (is_strict ? ", strict" : ""));
      const auto output = Ask(row.set);
      const std::string field = row.field;
      if (row.arms.empty() || (is_strict && !field.empty())) {
        EXPECT_EQ(output.status().code(), absl::StatusCode::kInvalidArgument);
        EXPECT_EQ(FieldOf(output.status()), field);
        continue;
      }
      ASSERT_TRUE(output.ok()) << output.status();
      EXPECT_EQ(ArmsOf(*output), row.arms);
      ASSERT_EQ(output->notes.size(), std::string(row.noted).empty() ? 0u : 1u);
      if (!output->notes.empty()) {
        EXPECT_NE(output->notes[0].find(row.noted), std::string::npos) << output->notes[0];
        EXPECT_TRUE(output->notes[0].starts_with(field)) << output->notes[0];
      }
    }
  }
}

TEST_F(QueryNames, ThatAreMissingAreAllNamedWhenNoneIsLeft) {
  const auto output = Ask([](RouteInput& in) { in.constraints.allow_arms = {"gpt-3", "gpt-4"}; });
  EXPECT_EQ(ReasonOf(output.status()), reason::kArmUnknown);
  for (const char* name : {"gpt-3", "gpt-4"}) {
    EXPECT_NE(output.status().message().find(name), std::string::npos) << output.status();
  }
}

TEST_F(QueryNames, OfARemovedArmAreNamesThatNothingHas) {
  ASSERT_TRUE(
      Await<bool>([&](auto done) { engine_->RemoveArm("default", "beta", std::move(done)); }).ok());
  EXPECT_EQ(ReasonOf(Ask([](RouteInput& in) { in.constraints.allow_arms = {"beta"}; }).status()),
            reason::kArmUnknown);
  const auto output = Ask([](RouteInput& in) { in.constraints.allow_arms = {"beta", "alpha"}; });
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(ArmsOf(*output), Set{"alpha"});
  EXPECT_EQ(output->notes.size(), 1u);
}

TEST_F(QueryNames, AreNotedAgainWithARepeatedDecision) {
  const auto ask = [&] {
    return Ask([](RouteInput& in) {
      in.decision_id = "mine", in.constraints.deny_arms = {"gpt-3"}, in.features = {{"x", 1}};
    });
  };
  const auto first = ask(), again = ask();
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(first->notes.size(), 2u);
  EXPECT_EQ(again->notes, first->notes);
}

TEST_F(QueryNames, InANoteAreBounded) {
  const auto output = Ask([](RouteInput& in) {
    for (int i = 0; i < 500; ++i) {
      in.constraints.deny_arms.push_back(std::to_string(i) + std::string(100, 'x') + "\n");
    }
  });
  ASSERT_TRUE(output.ok()) << output.status();
  ASSERT_EQ(output->notes.size(), 1u);
  EXPECT_LT(output->notes[0].size(), 1000u);
  EXPECT_NE(output->notes[0].find("490 more"), std::string::npos) << output->notes[0];
  EXPECT_EQ(output->notes[0].find('\n'), std::string::npos);
}

TEST_F(QueryNames, ByAnAliasMeanItsArm) {
  MakeWith({}, {Named("new", {"old", "older"})});
  for (const char* name : {"new", "old", "older"}) {
    const auto only = Ask([&](RouteInput& in) { in.constraints.allow_arms = {name}; });
    ASSERT_TRUE(only.ok()) << only.status();
    EXPECT_EQ(ArmsOf(*only), Set{"new"}) << name;
    const auto without = Ask([&](RouteInput& in) { in.constraints.deny_arms = {name}; });
    ASSERT_TRUE(without.ok()) << without.status();
    EXPECT_FALSE(ArmsOf(*without).contains("new")) << name;
  }
  // Feedback, and commands.
  const auto routed = Ask([](RouteInput& in) { in.constraints.allow_arms = {"alpha"}; });
  FeedbackInput feedback;
  feedback.decision_id = routed->decision_id;
  feedback.served_arm = "old";
  feedback.outcome.quality = 1;
  ASSERT_TRUE(Tell(feedback).ok());
  EXPECT_EQ(OutcomesOf("new"), 1u);
  ImportedQuery query;
  query.query = "a question";
  query.outcomes.push_back({"older", {}});
  query.outcomes[0].outcome.quality = 1;
  const auto imported = Await<ImportOutput>([&](auto done) {
    engine_->Import({"default", "bench", 1, 1, {}}, {query}, std::move(done));
  });
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(OutcomesOf("new"), 2u);
  // An old name is no reason to remove the arm that took its place.
  const auto removed =
      Await<bool>([&](auto done) { engine_->RemoveArm("default", "old", std::move(done)); });
  EXPECT_EQ(removed.status().code(), absl::StatusCode::kInvalidArgument) << removed.status();
  EXPECT_NE(removed.status().message().find("new"), std::string::npos) << removed.status();
  const auto left = Ask([](RouteInput&) {});
  ASSERT_TRUE(left.ok());
  EXPECT_TRUE(ArmsOf(*left).contains("new"));
}

TEST_F(QueryNames, AreFreeOnceTheArmOrTheAliasIsGone) {
  struct Row {
    const char* name;
    std::function<void()> act;
  };
  const Row rows[] = {
      {"the arm is removed",
       [&] {
         ASSERT_TRUE(Await<bool>([&](auto done) {
                       engine_->RemoveArm("default", "new", std::move(done));
                     }).ok());
       }},
      {"the alias is dropped", [&] { ASSERT_TRUE(Put(Named("new")).ok()); }},
      {"another takes its place", [&] { ASSERT_TRUE(Put(Named("new", {"other"})).ok()); }},
  };
  for (const Row& row : rows) {
    MakeWith({}, {Named("new", {"old"})});
    row.act();
    const auto put = Put(Named("old"));
    ASSERT_TRUE(put.ok()) << row.name << ": " << put.status();
    EXPECT_TRUE(put->is_new) << row.name;
    const auto only = Ask([&](RouteInput& in) { in.constraints.allow_arms = {"old"}; });
    ASSERT_TRUE(only.ok()) << only.status();
    EXPECT_EQ(ArmsOf(*only), Set{"old"}) << row.name;
  }
}

TEST_F(QueryNames, AnAliasMovesFromOneArmToAnotherInOneFile) {
  const auto apply = [&](std::vector<Arm> arms) {
    return Await<PutPoolOutput>([&](auto done) {
             engine_->PutPool(
                 "default", [](const PoolSettings& s) { return s; }, std::move(arms), false,
                 std::move(done));
           })
        .status();
  };
  const auto meant = [&](const std::string& name) {
    const auto answer = Ask([&](RouteInput& in) { in.constraints.allow_arms = {name}; });
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? ArmsOf(*answer) : Set{};
  };
  for (const bool giver_is_first : {false, true}) {
    MakeWith({}, {Named("m1", {"latest"}), Named("m2", {"m2-old"})});
    std::vector<Arm> arms = {Named("m2", {"latest"}), Named("m1", {"m1-old"})};
    if (giver_is_first) std::swap(arms[0], arms[1]);
    const absl::Status applied = apply(arms);
    ASSERT_TRUE(applied.ok()) << applied;
    EXPECT_EQ(meant("latest"), Set{"m2"}) << giver_is_first;
    EXPECT_EQ(meant("m1-old"), Set{"m1"}) << giver_is_first;
  }
  // In a ring too.
  MakeWith({}, {Named("m1", {"fast"}), Named("m2", {"good"}), Named("m3", {"cheap"})});
  const absl::Status applied =
      apply({Named("m1", {"good"}), Named("m2", {"cheap"}), Named("m3", {"fast"})});
  ASSERT_TRUE(applied.ok()) << applied;
  EXPECT_EQ(meant("good"), Set{"m1"});
  EXPECT_EQ(meant("cheap"), Set{"m2"});
  EXPECT_EQ(meant("fast"), Set{"m3"});
  // Not to two arms, and not from an arm that the file does not name or that keeps it.
  EXPECT_EQ(FieldOf(apply({Named("m1", {"cheap"}), Named("m2", {"good"}), Named("m3", {"good"})})),
            "arm.aliases");
  EXPECT_EQ(FieldOf(apply({Named("m1", {"fast"}), Named("m3", {"fast"})})), "arm.aliases");
  EXPECT_EQ(FieldOf(apply({Named("m1", {"good", "fast"})})), "arm.aliases");
}

TEST_F(QueryNames, OfLivingArmsAreNotGivenToOthersAsAliases) {
  EXPECT_EQ(FieldOf(Put(Named("new", {"alpha"})).status()), "arm.aliases");
  MakeWith({}, {Named("new", {"old"})});
  EXPECT_EQ(FieldOf(Put(Named("newer", {"old"})).status()), "arm.aliases");
  // The name of one that is gone may be.
  ASSERT_TRUE(
      Await<bool>([&](auto done) { engine_->RemoveArm("default", "beta", std::move(done)); }).ok());
  ASSERT_TRUE(Put(Named("gamma", {"beta"})).ok());
  const auto only = Ask([&](RouteInput& in) { in.constraints.allow_arms = {"beta"}; });
  ASSERT_TRUE(only.ok()) << only.status();
  EXPECT_EQ(ArmsOf(*only), Set{"gamma"});
}

TEST_F(QueryNames, ThatLookTheSameAreTheSame) {
  PoolSettings settings;
  settings.features = {{kComposed, 0, 1, 1}};
  settings.strict_names = true;
  for (const auto& [put, asked] :
       {std::pair{kComposed, kDecomposed}, std::pair{kDecomposed, kComposed}}) {
    Arm arm = Named(put);
    arm.tags = {put};
    MakeWith(settings, {arm});
    const struct {
      const char* name;
      std::function<void(RouteInput&)> set;
    } rows[] = {
        {"allow", [&, asked = asked](RouteInput& in) { in.constraints.allow_arms = {asked}; }},
        {"tag", [&, asked = asked](RouteInput& in) { in.constraints.require_tags = {asked}; }},
        {"feature",
         [&, put = put, asked = asked](RouteInput& in) {
           in.constraints.allow_arms = {put}, in.features = {{asked, 1}};
         }},
    };
    for (const auto& row : rows) {
      const auto output = Ask(row.set);
      ASSERT_TRUE(output.ok()) << row.name << ": " << output.status();
      EXPECT_EQ(ArmsOf(*output), Set{kComposed}) << row.name;
    }
    const auto again = Put(Named(asked));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_FALSE(again->is_new) << "it is the arm that is there";
  }
}

TEST_F(QueryNames, OfPoolsThatLookTheSameAreOnePool) {
  const auto make = [&](const std::string& name) {
    return Await<PutPoolOutput>([&](auto done) {
      engine_->PutPool(
          name, [](const PoolSettings& s) { return s; }, tests::ThreeArms(), false,
          std::move(done));
    });
  };
  ASSERT_TRUE(make(kDecomposed).ok());
  const auto again = make(kComposed);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->is_new);
  for (const char* name : {kComposed, kDecomposed}) {
    EXPECT_TRUE(Ask([&](RouteInput& in) { in.pool = name; }).ok());
    EXPECT_TRUE(engine_->GetStats(name).ok());
  }
}

TEST_F(QueryNames, WithWhatNobodySeesAreNotMade) {
  const struct {
    const char* field;
    std::function<absl::Status()> act;
  } rows[] = {
      {"arm.name", [&] { return Put(Named(kZeroWidth)).status(); }},
      {"arm.aliases", [&] { return Put(Named("new", {kZeroWidth})).status(); }},
      {"arm.tags",
       [&] {
         Arm arm = Named("new");
         arm.tags = {"seen", kZeroWidth};
         return Put(arm).status();
       }},
      {"name",
       [&] {
         return Await<PutPoolOutput>([&](auto done) {
                  engine_->PutPool(
                      kZeroWidth, [](const PoolSettings& s) { return s; }, {}, false,
                      std::move(done));
                })
             .status();
       }},
      {"settings.features.name",
       [&] { return Change([](PoolSettings& s) {
               s.features = {{kZeroWidth, 0, 1, 1}};
             }); }},
  };
  for (const auto& row : rows) {
    const absl::Status status = row.act();
    EXPECT_EQ(FieldOf(status), row.field) << status;
    EXPECT_NE(status.message().find("invisible characters"), std::string::npos) << status;
  }
}

// An import of a file with columns that the pool does not know.
TEST_F(QueryNames, OfFeaturesInAnImportAreIgnoredUnlessThePoolIsStrict) {
  for (const bool is_strict : {false, true}) {
    PoolSettings settings;
    settings.strict_names = is_strict;
    MakeWith(settings);
    ImportedQuery query;
    query.query = "a question";
    query.features = {{"entropy", 1}};
    query.outcomes.push_back({"alpha", {}});
    query.outcomes[0].outcome.quality = 1;
    const auto imported = Await<ImportOutput>([&](auto done) {
      engine_->Import({"default", "bench", 1, 1, {}}, {query}, std::move(done));
    });
    EXPECT_EQ(imported.ok(), !is_strict) << imported.status();
    if (is_strict) {
      EXPECT_EQ(FieldOf(imported.status()), "features");
    }
    EXPECT_EQ(OutcomesOf("alpha"), is_strict ? 0u : 1u);
  }
}

}  // namespace
}  // namespace pointsman::engine

// Pools and what turns their queries into vectors: vectors from the caller, and lexicon files that
// go or change under what a pool learned.
#include "retrieval/embed/embedder.h"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "retrieval/embed/lexicon.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/test_folder.h"

namespace pointsman::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using Made = PutPoolOutput;

absl::StatusOr<Made> PutPool(Engine& engine, const std::string& name,
                             const PoolSettings& settings) {
  return Await<Made>([&](auto done) {
    engine.PutPool(
        name, [=](const PoolSettings&) { return settings; }, tests::ThreeArms(), false,
        std::move(done));
  });
}

class CallerEmbedder : public tests::EngineFixture {
 protected:
  void SetUp() override {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    PoolSettings settings;
    settings.embedder.name = "caller";
    settings.embedder.dimension = 4;
    MakePool(settings);
  }
  absl::StatusOr<RouteOutput> RouteVector(std::vector<float> embedding) {
    RouteInput input;
    input.embedding = std::move(embedding);
    return engine_->Route(input);
  }
  std::vector<float> ContextOf(std::vector<float> embedding) {
    const auto output = RouteVector(std::move(embedding));
    EXPECT_TRUE(output.ok()) << output.status();
    return engine_->Explain("default", output->decision_id)->decision.context;
  }
};

TEST_F(CallerEmbedder, TakesTheDirectionOfAVectorAndNotItsLength) {
  for (const float length : {1.0f, 1e18f, 1e-9f}) {
    EXPECT_THAT(ContextOf({0, 3 * length, 4 * length, 0}),
                ElementsAre(0, FloatNear(0.6f, 1e-6f), FloatNear(0.8f, 1e-6f), 0));
  }
}

TEST_F(CallerEmbedder, RefusesAVectorThatIsNone) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<std::vector<float>> bad = {{1},
                                               {1, 2, 3},
                                               {1, 2, 3, 4, 5},  // of another size
                                               {0, 0, 0, 0},
                                               {0, -0.0f, 1e-30f, 0},  // without a direction
                                               {1, kNan, 0, 0},
                                               {kInfinity, 0, 0, 0},
                                               {-kInfinity, 1, 1, 1}};  // no numbers
  for (const std::vector<float>& embedding : bad) {
    const absl::Status status = RouteVector(embedding).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(FieldOf(status), "embedding");
    EXPECT_EQ(ReasonOf(status), reason::kBadField);
  }
}

TEST_F(CallerEmbedder, AsksForTheVectorWhenItGetsText) {
  RouteInput input;
  input.query = "a question";
  const absl::Status status = engine_->Route(input).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(FieldOf(status), "embedding");
}

TEST_F(CallerEmbedder, NeedsItsDimension) {
  PoolSettings settings;
  settings.embedder.name = "caller";
  const absl::Status status = PutPool(*engine_, "other", settings).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(FieldOf(status), "settings.embedder.dimension");
}

class LexiconPools : public tests::EngineFixture {
 protected:
  void SetUp() override { OpenFolder(); }
  void OpenFolder() {
    engine_.reset();
    storage::StorageOptions options;
    options.folder = folder_.path() + "/data";
    auto storage = storage::OpenRocksStorage(options);
    ASSERT_TRUE(storage.ok()) << storage.status();
    OpenWith(*std::move(storage));
  }
  std::string OwnFile() const { return folder_.path() + "/own.lexicon"; }
  // A lexicon of no words, different for each note.
  void WriteOwnFile(const std::string& note) const {
    retrieval::LexiconContent content;
    content.dimension = 8;
    content.note = note;
    content.means.assign(8 * 9 / 2, 0.0f);
    std::ofstream(OwnFile(), std::ios::binary | std::ios::trunc)
        << retrieval::EncodeLexicon(content);
  }
  void MakeOwnPool() {
    WriteOwnFile("first");
    PoolSettings settings;
    settings.embedder.lexicon_file = OwnFile();
    MakePool(settings);
    ASSERT_TRUE(TellQuality(MustRoute("a question", "one").decision_id, 1).ok());
  }
  absl::Status RouteText() {
    RouteInput input;
    input.query = "a question";
    return engine_->Route(input).status();
  }

  tests::TestFolder folder_;
};

TEST_F(LexiconPools, AreTheDefaultAndStoreWhichLexiconTheyLearnOn) {
  MakePool();
  const EmbedderSettings embedder = engine_->GetPool("default")->pool.settings.embedder;
  EXPECT_EQ(embedder.name, "lexicon");
  EXPECT_EQ(embedder.lexicon_file, retrieval::kNewestLexicon);
  EXPECT_NE(embedder.lexicon_checksum, 0u);
  EXPECT_EQ(embedder, retrieval::ResolveEmbedder(EmbedderSettings()).value());
  OpenFolder();
  EXPECT_EQ(engine_->GetPool("default")->pool.settings.embedder, embedder);
  EXPECT_TRUE(RouteText().ok());
}

TEST_F(LexiconPools, RefuseQueriesWhenTheFileChangedAndServeAgainWhenItIsBack) {
  MakeOwnPool();
  WriteOwnFile("second");
  OpenFolder();
  absl::Status status = RouteText();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(ReasonOf(status), reason::kEmbedderUnusable);
  EXPECT_THAT(
      std::string(status.message()),
      testing::AllOf(testing::HasSubstr(OwnFile()), testing::HasSubstr("put the old file")));
  EXPECT_NE(engine_->GetPool("default")->problem, "");
  EXPECT_EQ(engine_->GetStats("default")->outcomes, 1u);  // what it learned is kept

  std::filesystem::remove(OwnFile());
  OpenFolder();
  EXPECT_TRUE(absl::IsFailedPrecondition(RouteText()));

  WriteOwnFile("first");
  OpenFolder();
  EXPECT_TRUE(RouteText().ok());
  EXPECT_EQ(engine_->GetPool("default")->problem, "");
}

TEST_F(LexiconPools, RefuseAnotherEmbedderOrFileUnderLearnedState) {
  MakeOwnPool();
  const PoolSettings present = engine_->GetPool("default")->pool.settings;
  const auto refused = [&](auto change) {
    PoolSettings wanted = present;
    change(wanted.embedder);
    const absl::Status status = PutPool(*engine_, "default", wanted).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_EQ(ReasonOf(status), reason::kSettingFixed);
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("create a new pool"));
  };
  refused([](EmbedderSettings& e) { e.name = "hashing"; });
  refused([](EmbedderSettings& e) { e.lexicon_file = std::string(retrieval::kNewestLexicon); });
  refused([](EmbedderSettings& e) { e.sketch_weight = 0.5; });
  refused([](EmbedderSettings& e) { e.lexicon_checksum = 1; });
  refused([](EmbedderSettings& e) { e.projection_rows = {1}; });
  EXPECT_TRUE(PutPool(*engine_, "default", present).ok());
}

TEST_F(LexiconPools, AreNotMadeOnAFileThatCannotBeUsed) {
  PoolSettings settings;
  settings.embedder.lexicon_file = OwnFile();
  absl::Status status = PutPool(*engine_, "default", settings).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(FieldOf(status), "settings.embedder");
  WriteOwnFile("first");
  settings.embedder.lexicon_checksum = 12345;  // the client fitted to another file
  EXPECT_TRUE(absl::IsInvalidArgument(PutPool(*engine_, "default", settings).status()));
  settings.embedder.lexicon_checksum = 0;
  EXPECT_TRUE(PutPool(*engine_, "default", settings).ok());
}

TEST_F(LexiconPools, KeepAFittedProjectionOverARestart) {
  PoolSettings settings;
  settings.embedder.name = "caller";
  settings.embedder.dimension = 3;
  settings.embedder.projected = 2;
  settings.embedder.projection_rows = {0, 0, 1, 0, 1, 0, 0, 0};  // the last entry, then the first
  MakePool(settings);
  const auto context = [&] {
    RouteInput input;
    input.embedding = {3, 9, 4};
    return engine_->Explain("default", engine_->Route(input)->decision_id)->decision.context;
  };
  EXPECT_THAT(context(), ElementsAre(FloatNear(0.8f, 1e-6f), FloatNear(0.6f, 1e-6f)));
  OpenFolder();
  EXPECT_THAT(context(), ElementsAre(FloatNear(0.8f, 1e-6f), FloatNear(0.6f, 1e-6f)));
}

}  // namespace
}  // namespace pointsman::engine

#include "retrieval/embed/embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/strings.h"
#include "tiny_lexicon.h"

namespace pointsman::retrieval {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string MessageOf(const absl::Status& status) { return std::string(ToStd(status.message())); }

TEST(MakeEmbedder, FindsEmbeddersByName) {
  EmbedderSettings settings;
  settings.name = "hashing";
  auto made = MakeEmbedder(settings);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ((*made)->dimension(), 256u);
  settings.dimension = 96;
  made = MakeEmbedder(settings);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ((*made)->dimension(), 96u);
  settings.name = "lexicon";
  settings.dimension = 0;
  made = MakeEmbedder(settings);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ((*made)->dimension(), 64u);
  settings.dimension = 128;
  settings.sketch_weight = 0.5;
  made = MakeEmbedder(settings);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ((*made)->dimension(), 128u + 64u);
  settings.name = "caller";
  made = MakeEmbedder(settings);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(*made, nullptr);
}

TEST(MakeEmbedder, ListsWhatThereIsForAnUnknownName) {
  EmbedderSettings settings;
  settings.name = "telepathy";
  const absl::Status status = MakeEmbedder(settings).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              testing::AllOf(testing::HasSubstr("telepathy"), testing::HasSubstr("hashing"),
                             testing::HasSubstr("caller")));
}

TEST(MakeEmbedder, RefusesAnImpossibleDimension) {
  EmbedderSettings settings;
  settings.name = "hashing";
  settings.dimension = 1u << 30;
  EXPECT_EQ(MakeEmbedder(settings).status().code(), absl::StatusCode::kInvalidArgument);
}

// A lexicon file of its own in a folder of its own.
class OwnLexicon : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "embedder.XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    settings_.name = "lexicon";
    settings_.lexicon_file = (folder_ / "own.lexicon").string();
    Write(1);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Write(uint64_t seed) const {
    std::ofstream(settings_.lexicon_file, std::ios::binary | std::ios::trunc)
        << EncodeLexicon(TinyContent({"route", "query", "arm"}, 8, seed));
  }

  std::filesystem::path folder_;
  EmbedderSettings settings_;
};

TEST_F(OwnLexicon, IsResolvedToItsDimensionAndChecksum) {
  const auto resolved = ResolveEmbedder(settings_);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->dimension, 8u);
  EXPECT_EQ(resolved->projected, 8u);
  EXPECT_EQ(resolved->lexicon_checksum, Lexicon::Open(settings_.lexicon_file).value()->checksum());
  EXPECT_EQ(EmbeddedDimension(*resolved), 8u);
  EXPECT_TRUE(MakeEmbedder(*resolved).ok());
  EXPECT_EQ(ResolveEmbedder(*resolved).value(), *resolved);
}

TEST_F(OwnLexicon, ThatChangedUnderItsChecksumIsRefusedWithTheWay) {
  const EmbedderSettings resolved = ResolveEmbedder(settings_).value();
  Write(2);
  const absl::Status status = MakeEmbedder(resolved).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(MessageOf(status),
              AllOf(HasSubstr(settings_.lexicon_file), HasSubstr("put the old file back")));
  Write(1);
  EXPECT_TRUE(MakeEmbedder(resolved).ok());
}

TEST_F(OwnLexicon, MustHoldTheDimensionsThatAreAskedFor) {
  settings_.dimension = 9;
  const absl::Status status = MakeEmbedder(settings_).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(MessageOf(status), AllOf(HasSubstr("9"), HasSubstr("1 to 8")));
}

TEST_F(OwnLexicon, IsNamedByAnAbsolutePath) {
  settings_.lexicon_file = "somewhere/own.lexicon";
  EXPECT_TRUE(absl::IsInvalidArgument(MakeEmbedder(settings_).status()));
  settings_.lexicon_file = "nothing-of-this-name";
  EXPECT_TRUE(absl::IsNotFound(MakeEmbedder(settings_).status()));
}

TEST_F(OwnLexicon, TakesASensibleSketchWeightOnly) {
  for (const double weight : {-0.1, 1001.0, std::nan("")}) {
    settings_.sketch_weight = weight;
    EXPECT_TRUE(absl::IsInvalidArgument(MakeEmbedder(settings_).status())) << weight;
  }
}

TEST(ResolveEmbedder, FillsInWhatWasLeftOpen) {
  EmbedderSettings settings;
  const EmbedderSettings lexicon = ResolveEmbedder(settings).value();
  EXPECT_EQ(lexicon.lexicon_file, kNewestLexicon);
  EXPECT_NE(lexicon.lexicon_checksum, 0u);
  EXPECT_EQ(lexicon.dimension, 64u);
  EXPECT_EQ(lexicon.projected, 64u);
  settings.sketch_weight = 0.5;
  EXPECT_EQ(ResolveEmbedder(settings)->projected, 128u);
  settings.name = "hashing";
  const EmbedderSettings hashing = ResolveEmbedder(settings).value();
  EXPECT_EQ(hashing.dimension, 256u);
  EXPECT_EQ(hashing.projected, 64u);
  EXPECT_EQ(hashing.lexicon_checksum, 0u);
  settings.name = "caller";
  settings.dimension = 16;
  EXPECT_EQ(ResolveEmbedder(settings)->projected, 16u);
  settings.projected = 17;
  EXPECT_TRUE(absl::IsInvalidArgument(ResolveEmbedder(settings).status()));
}

}  // namespace
}  // namespace pointsman::retrieval

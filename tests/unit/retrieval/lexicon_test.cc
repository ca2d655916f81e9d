#include "retrieval/embed/lexicon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

#include "base/siphash.h"
#include "base/strings.h"
#include "retrieval/embed/embedder.h"
#include "tiny_lexicon.h"

namespace pointsman::retrieval {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kWords = {"route", "query", "arm", "pool", "regret", "policy"};

absl::Status StatusOf(const std::string& bytes) {
  const AlignedBytes aligned(bytes);
  return Lexicon::FromBytes(aligned.view(), "test.lexicon").status();
}

std::string MessageOf(const absl::Status& status) { return std::string(ToStd(status.message())); }

// As a forger would do: the checksum fits the changed bytes.
std::string Resealed(std::string bytes) {
  const uint64_t checksum = Checksum(std::string_view(bytes).substr(16));
  std::memcpy(bytes.data() + 8, &checksum, sizeof checksum);
  return bytes;
}

class LexiconFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "lexicon.XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Write(const std::string& bytes) {
    const std::string path = (folder_ / "a.lexicon").string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::filesystem::path folder_;
};

TEST_F(LexiconFile, ComesBackAsItWas) {
  const LexiconContent content = TinyContent(kWords, 5);
  const auto lexicon = Lexicon::Open(Write(EncodeLexicon(content)));
  ASSERT_TRUE(lexicon.ok()) << lexicon.status();
  EXPECT_EQ((*lexicon)->dimension(), 5u);
  EXPECT_EQ((*lexicon)->rows(), kWords.size());
  EXPECT_EQ((*lexicon)->note(), "a test");
  for (const std::string& word : kWords) {
    const auto row = (*lexicon)->Find(TokenOf(word));
    ASSERT_TRUE(row) << word;
    EXPECT_EQ(content.keys[*row], TokenOf(word));
    EXPECT_EQ((*lexicon)->scale(*row), content.scales[*row]);
    EXPECT_EQ(std::memcmp((*lexicon)->codes(*row), content.codes.data() + *row * 5, 5), 0);
  }
  EXPECT_FALSE((*lexicon)->Find(TokenOf("unknown")));
  EXPECT_FALSE((*lexicon)->Find(0));
  EXPECT_FALSE((*lexicon)->Find(~uint64_t{0}));
  for (uint32_t d = 1; d <= 5; ++d) {
    EXPECT_THAT((*lexicon)->mean(d), testing::Each(0.1f / static_cast<float>(d)));
    EXPECT_EQ((*lexicon)->mean(d).size(), d);
  }
}

TEST_F(LexiconFile, ThatIsNotThereIsNamed) {
  const std::string path = (folder_ / "none.lexicon").string();
  const absl::Status status = Lexicon::Open(path).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(MessageOf(status), HasSubstr(path));
  EXPECT_TRUE(absl::IsDataLoss(Lexicon::Open(folder_.string()).status()));
  EXPECT_TRUE(absl::IsDataLoss(Lexicon::Open(Write("")).status()));
}

TEST_F(LexiconFile, ThatIsAPipeIsRefusedAtOnce) {
  const std::string path = (folder_ / "pipe").string();
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsDataLoss(Lexicon::Open(path).status()));
}

TEST_F(LexiconFile, IsNamedInOneShortLine) {
  const absl::Status status = Lexicon::Open("/nowhere\n" + std::string(4000, 'x')).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_FALSE(HoldsControls(MessageOf(status)));
  EXPECT_LT(MessageOf(status).size(), 400u);
}

TEST(Lexicon, MayBeEmpty) {
  const AlignedBytes bytes(EncodeLexicon(TinyContent({}, 3)));
  const auto lexicon = Lexicon::FromBytes(bytes.view(), "empty");
  ASSERT_TRUE(lexicon.ok()) << lexicon.status();
  EXPECT_FALSE((*lexicon)->Find(TokenOf("route")));
}

TEST(Lexicon, HasTheSameChecksumExactlyForTheSameContent) {
  const auto checksum = [](const LexiconContent& content) {
    const AlignedBytes bytes(EncodeLexicon(content));
    return Lexicon::FromBytes(bytes.view(), "a").value()->checksum();
  };
  LexiconContent content = TinyContent(kWords, 4);
  EXPECT_EQ(checksum(content), checksum(TinyContent(kWords, 4)));
  const uint64_t before = checksum(content);
  content.codes.back() = static_cast<int8_t>(content.codes.back() + 1);
  EXPECT_NE(checksum(content), before);
}

TEST(Lexicon, RefusesEveryTruncationAndEveryFlippedBit) {
  const std::string bytes = EncodeLexicon(TinyContent(kWords, 5));
  ASSERT_TRUE(StatusOf(bytes).ok());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_TRUE(absl::IsDataLoss(StatusOf(bytes.substr(0, size)))) << "cut to " << size;
  }
  EXPECT_TRUE(absl::IsDataLoss(StatusOf(bytes + '\0')));
  std::string damaged = bytes;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = static_cast<char>(1u << (bit % 8));
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ mask);
    ASSERT_TRUE(absl::IsDataLoss(StatusOf(damaged))) << "bit " << bit;
    damaged[bit / 8] = bytes[bit / 8];
  }
}

TEST(Lexicon, ReadsNothingOutsideOfAForgedFile) {
  const std::string bytes = EncodeLexicon(TinyContent(kWords, 5));
  // Each header field (version, rules, dimension, rows, note's size) at each of some lengths.
  for (std::size_t at = 16; at < 40; at += 4) {
    for (const uint32_t value : {0u, 1u, 2u, 7u, 1024u, 0x7fffffffu, 0xffffffffu}) {
      std::string forged = bytes;
      std::memcpy(forged.data() + at, &value, sizeof value);
      if (forged == bytes) continue;
      EXPECT_TRUE(absl::IsDataLoss(StatusOf(Resealed(forged)))) << "byte " << at << " = " << value;
    }
  }
}

TEST(Lexicon, RefusesNumbersThatNoTrainingGives) {
  const LexiconContent good = TinyContent(kWords, 5);
  const auto expect_refused = [](const LexiconContent& content) {
    EXPECT_TRUE(absl::IsDataLoss(StatusOf(EncodeLexicon(content))));
  };
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity(), -1.0f, 1e30f}) {
    LexiconContent content = good;
    content.scales[2] = bad;
    expect_refused(content);
  }
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), 2.0f}) {
    LexiconContent content = good;
    content.means[3] = bad;
    expect_refused(content);
  }
  LexiconContent content = good;
  std::swap(content.keys[1], content.keys[2]);
  expect_refused(content);
  content = good;
  content.keys[1] = content.keys[2];
  expect_refused(content);
}

TEST(Lexicon, SaysWhatIsWrongAndWhatToDo) {
  std::string bytes = EncodeLexicon(TinyContent(kWords, 5));
  EXPECT_THAT(
      MessageOf(StatusOf(bytes.substr(0, 100))),
      testing::AllOf(HasSubstr("test.lexicon"), HasSubstr("100"), HasSubstr("train-lexicon")));
  bytes[60] = static_cast<char>(bytes[60] ^ 1);
  EXPECT_THAT(MessageOf(StatusOf(bytes)), HasSubstr("checksum"));
  bytes[0] = 'X';
  EXPECT_THAT(MessageOf(StatusOf(bytes)), HasSubstr("not a lexicon"));
}

TEST(LexiconThatShips, IsFoundBesideTheProgramAndSmall) {
  const std::string path = LexiconPath("");
  const auto lexicon = Lexicon::Open(path);
  ASSERT_TRUE(lexicon.ok()) << lexicon.status();
  EXPECT_LE(std::filesystem::file_size(path), 6'000'000u);
  EXPECT_GE((*lexicon)->dimension(), 128u);
  EXPECT_NE((*lexicon)->note(), "");
  EXPECT_EQ(LexiconPath(kNewestLexicon), path);
  EXPECT_EQ(LexiconPath("/some/where.lexicon"), "/some/where.lexicon");
}

}  // namespace
}  // namespace pointsman::retrieval

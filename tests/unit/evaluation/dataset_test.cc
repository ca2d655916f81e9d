#include "evaluation/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "base/strings.h"
#include "evaluation/data/dataset_folder.h"
#include "evaluation/data/lines.h"
#include "tiny_data.h"

namespace pointsman::evaluation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string MessageOf(const TempFolder& folder, std::string_view pool = "") {
  const auto dataset = LoadDataset(folder.path(), pool);
  return dataset.ok() ? "loaded" : std::string(dataset.status().message());
}

// `text` with `from` replaced by `to`, once.
std::string With(std::string_view text, std::string_view from, std::string_view to) {
  std::string changed(text);
  const std::size_t at = changed.find(from);
  EXPECT_NE(at, std::string::npos);
  return changed.replace(at, from.size(), to);
}

TEST(Dataset, LoadsArmsQueriesAndOutcomesAsTheyAreRecorded) {
  TempFolder folder;
  WriteTinyData(folder);

  const auto dataset = LoadDataset(folder.path(), "");

  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->name, std::filesystem::path(folder.path()).filename().string());
  EXPECT_EQ(dataset->pool, "all");
  ASSERT_EQ(dataset->arms.size(), 3u);
  EXPECT_EQ(dataset->arms[0].name, "a");
  EXPECT_EQ(dataset->arms[0].description, "small");
  EXPECT_EQ(dataset->arms[0].usd_per_1m_input, 0.5);
  EXPECT_EQ(dataset->arms[1].usd_per_1m_output, std::nullopt);
  EXPECT_EQ(dataset->queries[1], (DatasetQuery{"q2", "second \xc3\xa9", ""}));
  Outcome expected;
  expected.quality = 0;
  expected.cost_usd = 0.004;
  expected.input_tokens = 10;
  expected.output_tokens = 30;
  EXPECT_EQ(dataset->At(0, 1), expected);
}

TEST(Dataset, DrawsPoolsOfAnySizeByASeed) {
  Dataset whole;
  whole.name = "set";
  whole.pool = "all";
  constexpr std::size_t kArms = 9, kQueries = 4;
  for (std::size_t a = 0; a < kArms; ++a) whole.arms.emplace_back().name = Cat("arm", a);
  whole.queries.resize(kQueries);
  for (std::size_t i = 0; i < kQueries * kArms; ++i) {
    whole.outcomes.emplace_back().quality = static_cast<double>(i);
  }
  std::map<std::string, int> drawn;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const auto part = SubPool(whole, 3, seed);
    ASSERT_TRUE(part.ok()) << part.status();
    EXPECT_EQ(part->pool, Cat("all, 3 arms drawn by seed ", seed));
    ASSERT_EQ(part->queries.size(), kQueries);
    ASSERT_EQ(part->arms.size(), 3u);
    for (std::size_t a = 0; a < 3; ++a) {
      const std::string& name = part->arms[a].name;
      ++drawn[name];
      if (a > 0) {
        EXPECT_LT(part->arms[a - 1].name, name);
      }
      const auto of_whole = static_cast<std::size_t>(name.back() - '0');
      for (std::size_t q = 0; q < kQueries; ++q) {
        EXPECT_EQ(part->At(q, a).quality, whole.At(q, of_whole).quality) << name;
      }
    }
    const auto again = SubPool(whole, 3, seed);
    for (std::size_t a = 0; a < 3; ++a) EXPECT_EQ(part->arms[a].name, again->arms[a].name);
  }
  for (const auto& [name, times] : drawn) EXPECT_NEAR(times, 100, 35) << name;
  EXPECT_EQ(drawn.size(), kArms);
  EXPECT_EQ(SubPool(whole, kArms, 1)->arms.size(), kArms);
  EXPECT_EQ(SubPool(whole, 0, 1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(SubPool(whole, 10, 1).status().message()), HasSubstr("has 9 arms"));
}

TEST(Dataset, LeavesOutQueriesThatSomeArmHasNoQualityFor) {
  TempFolder folder;
  WriteTinyData(folder);

  const auto all = LoadDataset(folder.path(), "all");
  const auto two = LoadDataset(folder.path(), "two");

  ASSERT_TRUE(all.ok() && two.ok());
  EXPECT_EQ(all->queries.size(), 2u);
  EXPECT_EQ(all->queries_left_out, 1u);
  EXPECT_EQ(two->queries.size(), 3u);
  EXPECT_EQ(two->queries_left_out, 0u);
  EXPECT_EQ(two->arms[0].name, "b");
  EXPECT_EQ(two->At(2, 1).output_tokens, 22);
}

// A third model with one row would exclude all other queries.
TEST(Dataset, LeavesOutAModelThatAnsweredFewOfTheQueriesAndNamesIt) {
  TempFolder folder;
  std::string queries, outcomes = "id\tmodel\tquality\n";
  for (int i = 0; i < 40; ++i) {
    queries += Cat("{\"id\":", i, ",\"text\":\"question ", i, "\"}\n");
    outcomes += Cat(i, "\ta\t1\n", i, "\tb\t0\n");
  }
  folder.Write("queries.jsonl", queries);
  folder.Write("models.json", "[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]");
  folder.Write("outcomes.tsv", outcomes + "0\tc\t1\n");

  const auto dataset = LoadDataset(folder.path(), "");
  const auto set = ReadDataFolder(folder.path(), "");

  ASSERT_TRUE(dataset.ok() && set.ok()) << dataset.status();
  EXPECT_EQ(dataset->queries.size(), 40u);
  EXPECT_EQ(dataset->queries_left_out, 0u);
  EXPECT_THAT(dataset->arms_left_out, ElementsAre("c"));
  EXPECT_EQ(dataset->arms.size(), 2u);
  EXPECT_EQ(set->outcomes.size(), 81u);
  EXPECT_EQ(set->queries[7].id, "7");
}

TEST(Dataset, TakesNaNAndEmptyAsMissingAndKeepsTheNewFields) {
  TempFolder folder;
  WriteTinyData(folder);
  folder.Write("outcomes.tsv",
               "\xef\xbb\xbfid\tmodel\tquality\tfirst_token_ms\tcached_input_tokens\terror_kind\n"
               "q1\ta\tNaN\t\t\t\nq1\tb\tnan\t12\t3\tTIMEOUT\n");
  const auto set = ReadDataFolder(folder.path(), "");
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_EQ(set->outcomes.size(), 1u);
  Outcome expected;
  expected.first_token_ms = 12;
  expected.cached_input_tokens = 3;
  expected.error = true;
  expected.error_kind = ErrorKind::kTimeout;
  EXPECT_EQ(set->outcomes[0].outcome, expected);
  EXPECT_EQ(set->left_out.at("nothing was recorded"), 1u);
}

TEST(Dataset, TakesTheMeanCostOfTheDearestArmAsScale) {
  TempFolder folder;
  WriteTinyData(folder);
  EXPECT_DOUBLE_EQ(DearestMeanCostUsd(*LoadDataset(folder.path(), "two"), 7), 0.003);
}

TEST(Dataset, NamesTheArmsWithoutACostOrALatency) {
  TempFolder folder;
  WriteTinyData(folder);
  folder.Write("outcomes.tsv", With(kTinyOutcomes, "q2\tb\t1\t0.002", "q2\tb\t1\t"));

  const auto dataset = LoadDataset(folder.path(), "");

  ASSERT_TRUE(dataset.ok());
  EXPECT_THAT(ArmsWithoutCost(*dataset), ElementsAre("b"));
  EXPECT_THAT(ArmsWithoutLatency(*dataset), ElementsAre("a", "b", "c"));
  EXPECT_EQ(DearestMeanCostUsd(*dataset, 7), 7);
}

TEST(Dataset, ReadsGzipTheSameAsPlainFiles) {
  TempFolder plain;
  TempFolder zipped;
  WriteTinyData(plain);
  zipped.WriteGzip("queries.jsonl.gz", kTinyQueries);
  zipped.Write("models.json", kTinyModels);
  zipped.WriteGzip("outcomes.tsv.gz", kTinyOutcomes);

  const auto a = LoadDataset(plain.path(), "");
  const auto b = LoadDataset(zipped.path(), "");

  ASSERT_TRUE(a.ok() && b.ok()) << b.status();
  EXPECT_EQ(a->queries, b->queries);
  EXPECT_EQ(a->outcomes, b->outcomes);
}

TEST(Dataset, TakesColumnsInAnyOrderAndIgnoresOthers) {
  TempFolder folder;
  WriteTinyData(folder);
  folder.Write("outcomes.tsv", "model\tnote\tid\tquality\r\na\t?\tq1\t0.25\r\nb\t\tq1\t1\r\n");

  const auto dataset = LoadDataset(folder.path(), "two");

  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->queries.size(), 1u);
  EXPECT_EQ(dataset->At(0, 1).quality, 0.25);
}

TEST(Dataset, NamesTheFileAndLineOfBadInput) {
  struct Case {
    const char* file;
    std::string text;
    const char* message;
  };
  const Case cases[] = {
      {"queries.jsonl", With(kTinyQueries, "{\"id\":\"q2\"", "{\"id\":\"q2"), "queries.jsonl:2"},
      {"queries.jsonl", With(kTinyQueries, "q2", "q1"), "queries.jsonl:2"},
      {"queries.jsonl", With(kTinyQueries, "\"third\"", "3"), "queries.jsonl:3"},
      {"models.json", With(kTinyModels, "\"c\"", "\"c"), "models.json:4"},
      {"models.json", With(kTinyModels, "\"c\"", "\"a\""), "\"a\" is listed twice"},
      {"models.json", With(kTinyModels, "0.5", "-1"), "usd_per_1m_input"},
      {"models.json", "{}", "expected a list"},
      {"models.json", With(kTinyModels, "\"c\"", "\"d\""), "outcomes.tsv:4"},
      {"outcomes.tsv", With(kTinyOutcomes, "\tquality", "\tscore"), "no column `quality`"},
      {"outcomes.tsv", With(kTinyOutcomes, "q1\tb\t0\t", "q1\tb\t1.5\t"), "outcomes.tsv:3"},
      {"outcomes.tsv", With(kTinyOutcomes, "q1\tb\t0\t", "q1\tb\tinf\t"), "outcomes.tsv:3"},
      {"outcomes.tsv", With(kTinyOutcomes, "\tlatency_ms", "\tlatency"),
       "did you mean latency_ms?"},
      {"outcomes.tsv", With(kTinyOutcomes, "0.004", "0.004x"), "outcomes.tsv:3"},
      {"outcomes.tsv", With(kTinyOutcomes, "0.004", "-0.004"), "`cost_usd` is \"-0.004\""},
      {"outcomes.tsv", With(kTinyOutcomes, "q1\tb", "q9\tb"), "\"q9\" is not in queries.jsonl"},
      {"outcomes.tsv", With(kTinyOutcomes, "q1\tb", "q1\ta"), "the second outcome"},
      {"outcomes.tsv", With(kTinyOutcomes, "\t10\t30", "\t10"), "outcomes.tsv:3: 6 fields"},
      {"outcomes.tsv", "", "expected a header"},
      {"outcomes.tsv", "id\tmodel\tquality\nq1\ta\t1\n", "no query has a recorded quality"},
      {"pools.json", "{\"two\": [\"b\", \"z\"]}", "\"z\", which is not in models.json"},
      {"pools.json", "{\"two\": []}", "must be a list"},
      {"pools.json", "{\"one\": [\"b\"]}", "it has: all, one"},
      {"pools.json", "[", "pools.json:"},
  };
  for (const Case& c : cases) {
    TempFolder folder;
    WriteTinyData(folder);
    folder.Write(c.file, c.text);
    const bool is_pool = std::string_view(c.file) == "pools.json";
    EXPECT_THAT(MessageOf(folder, is_pool ? "two" : ""), HasSubstr(c.message)) << c.text;
  }
}

TEST(Dataset, SaysWhichFileIsMissing) {
  TempFolder folder;
  EXPECT_THAT(MessageOf(folder), HasSubstr("models.json"));
  EXPECT_EQ(LoadDataset(folder.path() + "/no", "").status().code(), absl::StatusCode::kNotFound);
  WriteTinyData(folder);
  folder.Remove("pools.json");
  EXPECT_THAT(MessageOf(folder, "two"), HasSubstr("pools.json"));
  EXPECT_EQ(MessageOf(folder), "loaded");
}

TEST(Dataset, NeverFailsWithoutAMessageOnAFileCutAnywhere) {
  for (const auto& [file, text] : {std::pair{"queries.jsonl", kTinyQueries},
                                   {"models.json", kTinyModels},
                                   {"outcomes.tsv", kTinyOutcomes}}) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      TempFolder folder;
      WriteTinyData(folder);
      folder.Write(file, text.substr(0, size));
      const auto dataset = LoadDataset(folder.path(), "");
      if (dataset.ok()) {
        EXPECT_EQ(dataset->outcomes.size(), dataset->queries.size() * dataset->arms.size())
            << file << " at " << size;
      } else {
        EXPECT_THAT(std::string(dataset.status().message()), HasSubstr(folder.path()));
      }
    }
  }
}

TEST(Dataset, RefusesGzipCutAnywhereOrWithAFlippedByte) {
  TempFolder folder;
  WriteTinyData(folder);
  folder.WriteGzip("outcomes.tsv.gz", kTinyOutcomes);
  folder.Remove("outcomes.tsv");
  const std::string whole = folder.Read("outcomes.tsv.gz");
  ASSERT_EQ(MessageOf(folder), "loaded");

  for (std::size_t size = 0; size < whole.size(); ++size) {
    folder.Write("outcomes.tsv.gz", whole.substr(0, size));
    EXPECT_THAT(MessageOf(folder), HasSubstr("outcomes.tsv")) << "cut at " << size;
  }
  // Bytes 4 to 9 of a gzip header (time, flags, system) carry nothing that is checked.
  for (std::size_t at = 10; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    folder.Write("outcomes.tsv.gz", flipped);
    EXPECT_THAT(MessageOf(folder), HasSubstr("outcomes.tsv")) << "flipped at " << at;
  }
}

TEST(Lines, KnowsItsPlaceAndTakesALastLineWithoutAnEnd) {
  TempFolder folder;
  folder.Write("text", "one\n\nthree\r\n" + std::string(100000, 'x'));
  const auto lines = Lines::Open(folder.path() + "/text");
  ASSERT_TRUE(lines.ok());

  std::vector<std::size_t> sizes;
  while (*(*lines)->Next()) sizes.push_back((*lines)->line().size());

  EXPECT_THAT(sizes, ElementsAre(3u, 0u, 5u, 100000u));
}

}  // namespace
}  // namespace pointsman::evaluation

#include "evaluation/data/outcome_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pointsman::evaluation {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<double> QualityOf(std::string_view cell, std::string_view scale) {
  const auto parsed = ParseScale(scale);
  EXPECT_TRUE(parsed.ok()) << scale;
  Outcome outcome;
  const absl::Status read = ReadCell(ColumnField::kQuality, cell, *parsed, 1, outcome);
  if (!read.ok()) return read;
  if (!outcome.quality) return absl::NotFoundError("missing");
  return *outcome.quality;
}

TEST(OutcomeColumns, ReadsQualitiesOnEveryScale) {
  struct Case {
    const char* scale;
    const char* cell;
    double quality;
  };
  const Case cases[] = {
      {"", "0.25", 0.25},
      {"", " 1 ", 1},
      {"", "1.0000000000000002", 1},
      {"", "-1e-17", 0},
      {"", "true", 1},
      {"", "False", 0},
      {"", "yes", 1},
      {"", "no", 0},
      {"", "\U0001F44D", 1},
      {"", "\U0001F44D\U0001F3FD", 1},
      {"", "\U0001F44E", 0},
      {"", "thumbs up", 1},
      {"", ":thumbsdown:", 0},
      {"", "85%", 0.85},
      {"0..100", "85", 0.85},
      {"0..100", "0", 0},
      {"1..5", "1", 0},
      {"1..5", "4", 0.75},
      {"5..1", "1", 1},
      {"-1..1", "0", 0.5},
      {"true/false", "1", 1},
      {"true/false", "FALSE", 0},
      {"thumbs", "-1", 0},
      {"thumbs", "+1", 1},
      {"thumbs", "up", 1},
      {"1..5", "true", 1},
  };
  for (const Case& c : cases) {
    const auto quality = QualityOf(c.cell, c.scale);
    ASSERT_TRUE(quality.ok()) << c.scale << " " << c.cell << ": " << quality.status();
    EXPECT_DOUBLE_EQ(*quality, c.quality) << c.scale << " " << c.cell;
  }
}

TEST(OutcomeColumns, TakesEmptyAndNaNAsMissing) {
  for (const char* cell : {"", "  ", "NaN", "nan", "null", "None", "N/A", "-"}) {
    EXPECT_EQ(QualityOf(cell, "").status().code(), absl::StatusCode::kNotFound) << cell;
    Outcome outcome;
    EXPECT_TRUE(ReadCell(ColumnField::kCostUsd, cell, {}, 1, outcome).ok());
    EXPECT_TRUE(outcome.empty()) << cell;
  }
}

TEST(OutcomeColumns, RefusesWhatIsNotOnTheScaleAndSaysWhichThereAre) {
  EXPECT_THAT(std::string(QualityOf("87", "").status().message()),
              HasSubstr("use --scale (0..100"));
  for (const auto& [cell, scale] : {std::pair{"101", "0..100"},
                                    {"0", "1..5"},
                                    {"-1", ""},
                                    {"1.1", ""},
                                    {"great", ""},
                                    {"1,5", "1..5"},
                                    {"inf", ""}}) {
    EXPECT_EQ(QualityOf(cell, scale).status().code(), absl::StatusCode::kInvalidArgument)
        << cell << " on " << scale;
  }
  for (const char* scale : {"5", "1..", "1..1", "a..b", "stars", ".."}) {
    EXPECT_EQ(ParseScale(scale).status().code(), absl::StatusCode::kInvalidArgument) << scale;
  }
}

TEST(OutcomeColumns, ReadsEveryOtherField) {
  Outcome outcome;
  const auto read = [&](ColumnField field, std::string_view cell, double factor = 1) {
    return ReadCell(field, cell, {}, factor, outcome);
  };
  ASSERT_TRUE(read(ColumnField::kLatencyMs, "1.5", 1000).ok());
  ASSERT_TRUE(read(ColumnField::kCostUsd, "$0.002").ok());
  ASSERT_TRUE(read(ColumnField::kInputTokens, "120.0").ok());
  ASSERT_TRUE(read(ColumnField::kOutputTokens, "30").ok());
  ASSERT_TRUE(read(ColumnField::kCachedInputTokens, "100").ok());
  ASSERT_TRUE(read(ColumnField::kFirstTokenMs, "80").ok());
  ASSERT_TRUE(read(ColumnField::kErrorKind, "rate-limited").ok());
  ASSERT_TRUE(read(ColumnField::kRetryAfterMs, "5000").ok());
  Outcome expected;
  expected.latency_ms = 1500;
  expected.cost_usd = 0.002;
  expected.input_tokens = 120;
  expected.output_tokens = 30;
  expected.cached_input_tokens = 100;
  expected.first_token_ms = 80;
  expected.error = true;
  expected.error_kind = ErrorKind::kRateLimited;
  expected.retry_after_ms = 5000;
  EXPECT_EQ(outcome, expected);
  ASSERT_TRUE(read(ColumnField::kError, "0").ok());
  EXPECT_EQ(outcome.error, false);
  for (const auto& [field, cell] : {std::pair{ColumnField::kInputTokens, "1.5"},
                                    {ColumnField::kInputTokens, "-1"},
                                    {ColumnField::kLatencyMs, "fast"},
                                    {ColumnField::kLatencyMs, "-3"},
                                    {ColumnField::kCostUsd, "0.004x"},
                                    {ColumnField::kError, "timeout"},
                                    {ColumnField::kErrorKind, "oops"}}) {
    EXPECT_FALSE(read(field, cell).ok()) << cell;
  }
}

TEST(OutcomeColumns, KnowsNamesInAnyCaseAndOtherWordsForWhatHasNoUnit) {
  EXPECT_EQ(FieldOfColumn("Latency MS"), ColumnField::kLatencyMs);
  EXPECT_EQ(FieldOfColumn("cost-usd"), ColumnField::kCostUsd);
  EXPECT_EQ(FieldOfColumn("prompt"), ColumnField::kText);
  EXPECT_EQ(FieldOfColumn("query_id"), ColumnField::kId);
  EXPECT_EQ(FieldOfColumn("model"), ColumnField::kArm);
  for (const char* column : {"latency", "cost", "score", "notes", "ignore", ""}) {
    EXPECT_EQ(FieldOfColumn(column), std::nullopt) << column;
  }
}

TEST(OutcomeColumns, TellsANearMissFromAnotherColumn) {
  EXPECT_EQ(NearMiss("latency"), ColumnField::kLatencyMs);
  EXPECT_EQ(NearMiss("Latency (s)"), ColumnField::kLatencyMs);
  EXPECT_EQ(NearMiss("latencyms"), ColumnField::kLatencyMs);
  EXPECT_EQ(NearMiss("qualty"), ColumnField::kQuality);
  EXPECT_EQ(NearMiss("total_cost"), ColumnField::kCostUsd);
  EXPECT_EQ(NearMiss("input_token"), ColumnField::kInputTokens);
  EXPECT_EQ(NearMiss("completion_tokens"), ColumnField::kOutputTokens);
  EXPECT_EQ(NearMiss("ttft"), ColumnField::kFirstTokenMs);
  for (const char* column : {"notes", "eval_name", "date", "user", "domain"}) {
    EXPECT_EQ(NearMiss(column), std::nullopt) << column;
  }
}

}  // namespace
}  // namespace pointsman::evaluation

// Tables in every common shape.
#include "evaluation/data/outcome_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"
#include "temp_folder.h"

namespace pointsman::evaluation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

absl::StatusOr<OutcomeSet> Read(const std::string& name, std::string_view text,
                                const TableOptions& options = {}) {
  TempFolder folder;
  folder.Write(name, text);
  return ReadOutcomeTable(folder.path() + "/" + name, options);
}

// "text/arm=quality" of each outcome, one per line; "-" for no quality, "!" for a failed call.
std::string Shown(const OutcomeSet& set) {
  std::string text;
  for (const SparseOutcome& known : set.outcomes) {
    const Outcome& o = known.outcome;
    text += Cat(text.empty() ? "" : " ", set.queries[known.query].text, "/",
                set.arms[known.arm].name, "=");
    text += o.error.value_or(false) ? "!" : o.quality ? Cat(*o.quality) : "-";
  }
  return text;
}

TEST(OutcomeTable, ReadsEveryShapeToTheSameOutcomes) {
  struct Case {
    const char* name;
    std::string text;
    TableOptions options;
  };
  const TableOptions wide{{}, "", {"a", "b"}, false};
  const Case cases[] = {
      {"t.csv", "id,text,model,quality\n1,p,a,1\n1,p,b,0.5\n2,q,a,0\n", {}},
      {"t.csv", "\xef\xbb\xbfid,text,model,quality\r\n1,p,a,1\r\n1,p,b,0.5\r\n2,q,a,0\r\n", {}},
      {"t.csv", "id;text;model;quality\n1;p;a;1\n1;p;b;0.5\n2;q;a;0\n", {}},
      {"t.tsv", "id\ttext\tmodel\tquality\n1\tp\ta\t1\n1\tp\tb\t0.5\n2\tq\ta\t0\n", {}},
      {"export", "id\ttext\tmodel\tquality\n1\tp\ta\t1\n1\tp\tb\t0.5\n2\tq\ta\t0\n", {}},
      {"t.csv", "text,model,quality\np,a,1\np,b,0.5\nq,a,0\n", {}},
      {"t.csv", "model,quality,prompt,query_id\na,1,p,x\nb,0.5,,x\na,0,q,y\n", {}},
      {"t.csv",
       "prompt,llm,score\np,a,100\np,b,50\nq,a,0\n",
       {{"llm=arm", "score=quality"}, "0..100", {}, false}},
      {"t.jsonl",
       "{\"id\":1,\"text\":\"p\",\"model\":\"a\",\"quality\":true}\n"
       "{\"id\":1,\"text\":\"p\",\"model\":\"b\",\"quality\":0.5}\n\n"
       "{\"model\":\"a\",\"id\":\"2\",\"text\":\"q\",\"quality\":0}\n",
       {}},
      {"t.json",
       "[{\"text\":\"p\",\"arm\":\"a\",\"quality\":1},{\"text\":\"p\",\"arm\":\"b\",\"quality\":0."
       "5},"
       "\n{\"text\":\"q\",\"arm\":\"a\",\"quality\":false}]",
       {}},
      {"t.jsonl",
       "{\"query\":\"p\",\"outcomes\":[{\"arm\":\"a\",\"quality\":1},{\"arm\":\"b\",\"quality\":0."
       "5}]}\n"
       "{\"query\":\"q\",\"outcomes\":[{\"arm\":\"a\",\"quality\":0}]}\n",
       {}},
      {"t.csv", "prompt,a,b\np,1,0.5\nq,0,\n", wide},
      {"t.csv", "prompt,a,b\np,1,0.5\nq,0,NaN\n", wide},
      {"t.tsv", "sample_id\tprompt\ta\tb\n7\tp\ttrue\t0.5\n8\tq\tfalse\tnull\n", wide},
      {"t.jsonl", "{\"prompt\":\"p\",\"a\":1,\"b\":0.5}\n{\"prompt\":\"q\",\"a\":0}\n", wide},
      {"t.jsonl",
       "{\"prompt\":\"p\",\"a\":{\"quality\":1},\"b\":{\"quality\":0.5}}\n"
       "{\"prompt\":\"q\",\"a\":{\"quality\":0},\"b\":null}\n",
       wide},
      {"t.csv",
       "prompt,one,two\np,1,0.5\nq,0,\n",
       {{"one=a", "two=b.quality"}, "", {"a", "b"}, false}},
  };
  for (const Case& c : cases) {
    const auto set = Read(c.name, c.text, c.options);
    ASSERT_TRUE(set.ok()) << c.text << "\n" << set.status();
    EXPECT_EQ(Shown(*set), "p/a=1 p/b=0.5 q/a=0") << c.text;
    EXPECT_THAT(set->unknown_columns, IsEmpty()) << c.text;
  }
}

TEST(OutcomeTable, ReadsGzipTheSame) {
  TempFolder folder;
  folder.WriteGzip("t.csv.gz", "text,model,quality\np,a,1\n");
  EXPECT_EQ(Shown(*ReadOutcomeTable(folder.path() + "/t.csv.gz", {})), "p/a=1");
  EXPECT_EQ(Shown(*ReadOutcomeTable(folder.path() + "/t.csv", {})), "p/a=1");
}

TEST(OutcomeTable, KeepsQuotesCommasAndLinesOfATextInQuotes) {
  const auto csv = Read("t.csv", "text,model,quality\n\"a, \"\"b\"\"\nand c\",m,1\n");
  ASSERT_TRUE(csv.ok()) << csv.status();
  EXPECT_EQ(csv->queries[0].text, "a, \"b\"\nand c");
  // In TSV a text may merely begin with a quote.
  const auto tsv = Read("t.tsv", "text\tmodel\tquality\n\"Go\" he said\tm\t1\n\"x\ty\"\tm\t0\n");
  ASSERT_TRUE(tsv.ok()) << tsv.status();
  EXPECT_EQ(tsv->queries[0].text, "\"Go\" he said");
  EXPECT_EQ(tsv->queries[1].text, "x\ty");
}

TEST(OutcomeTable, CountsWhatItLeavesOutAndWhy) {
  const auto set = Read("t.csv",
                        "id,text,model,quality\n"
                        "1,p,a,1\n"
                        "1,p,a,0\n"
                        "2,q,,1\n"
                        "3,,a,1\n"
                        "4,r,a,nan\n");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(Shown(*set), "p/a=1");
  EXPECT_EQ(set->cells, 5u);
  EXPECT_THAT(set->left_out,
              ElementsAre(Pair("a second outcome of the same query and model", 1u),
                          Pair("nothing was recorded", 1u), Pair("the query has no text", 1u),
                          Pair("the row names no model", 1u)));
}

TEST(OutcomeTable, TakesTheSameTextWithoutAnIdAsAskedAgain) {
  const auto set = Read("t.csv", "text,model,quality\np,a,1\np,a,0\np,b,1\n");
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(set->queries.size(), 2u);
  EXPECT_EQ(set->outcomes.size(), 3u);
  EXPECT_THAT(set->left_out, IsEmpty());
}

TEST(OutcomeTable, ReadsTheFiguresOfWideColumns) {
  const auto set =
      Read("t.csv",
           "prompt,a,a|cost_usd,b.quality,b.latency_ms,b_cost_usd,input_tokens,dataset\n"
           "p,1,0.5,0,90,0.25,12,x\n",
           {{}, "", {"a", "b"}, false});
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_EQ(set->outcomes.size(), 2u);
  Outcome a, b;
  a.quality = 1;
  a.cost_usd = 0.5;
  a.input_tokens = b.input_tokens = 12;
  b.quality = 0;
  b.latency_ms = 90;
  b.cost_usd = 0.25;
  EXPECT_EQ(set->outcomes[0].outcome, a);
  EXPECT_EQ(set->outcomes[1].outcome, b);
  EXPECT_THAT(set->unknown_columns, ElementsAre("dataset"));
}

TEST(OutcomeTable, GivesAMappedWideColumnToTheModelThatItsNameBeginsWith) {
  const auto set = Read("t.csv", "prompt,a,a.latency,b.score,b.tokens_out\np,1,90,0.5,7\n",
                        {{"a.latency=latency_ms", "b.score=quality", "b.tokens_out=output_tokens"},
                         "",
                         {"a"},
                         false});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(Shown(*set), "p/a=1 p/b=0.5");
  EXPECT_EQ(set->outcomes[0].outcome.latency_ms, 90);
  EXPECT_EQ(set->outcomes[1].outcome.output_tokens, 7);
  EXPECT_THAT(set->unknown_columns, IsEmpty());
}

TEST(OutcomeTable, RefusesTwoColumnsOfOneField) {
  const auto set = Read("t.csv", "text,model,thumb,judge\np,a,0.2,0.9\n",
                        {{"thumb=quality", "judge=quality"}, "", {}, false});
  ASSERT_FALSE(set.ok());
  EXPECT_THAT(std::string(set.status().message()), HasSubstr("are both quality"));
}

TEST(OutcomeTable, RefusesAMapThatSaysNoModelOfAWideTable) {
  for (const char* column : {"speed", "c.speed"}) {
    const auto set = Read("t.csv", std::string("prompt,a,") + column + "\np,1,90\n",
                          {{std::string(column) + "=latency_ms"}, "", {"a"}, false});
    ASSERT_FALSE(set.ok()) << column;
    EXPECT_THAT(std::string(set.status().message()),
                HasSubstr(std::string("--map ") + column + "=MODEL.latency_ms"));
  }
  // The option that the error suggests for a near miss works.
  for (const auto& [column, map] : {std::pair("c.cost_usd", "c.cost_usd=c.cost_usd"),
                                    std::pair("latency", "latency=MODEL.latency_ms")}) {
    const std::string table = std::string("prompt,a,") + column + "\np,1,90\n";
    const auto refused = Read("t.csv", table, {{}, "", {"a"}, false});
    ASSERT_FALSE(refused.ok()) << column;
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr(std::string("--map ") + map));
    const auto taken = Read("t.csv", table, {{map}, "", {"a"}, false});
    EXPECT_TRUE(taken.ok()) << taken.status();
  }
}

TEST(OutcomeTable, NamesAWideColumnOfNoArmAsAModelIfItHoldsQualities) {
  const auto set =
      Read("t.csv", "prompt,a,zeta,year,best\np,1,0.5,2024,a\n", {{}, "", {"a"}, false});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(Shown(*set), "p/a=1 p/zeta=0.5");
  EXPECT_THAT(set->unknown_columns, ElementsAre("year", "best"));
}

// As a data frame is saved by default.
TEST(OutcomeTable, TakesAColumnOfRowNumbersForNothing) {
  const auto wide = Read("t.csv", ",prompt,a\n0,p,1\n1,q,0\n", {{}, "", {"a"}, false});
  ASSERT_TRUE(wide.ok()) << wide.status();
  EXPECT_EQ(Shown(*wide), "p/a=1 q/a=0");
  EXPECT_THAT(wide->unknown_columns, ElementsAre("(without a name)"));
  const auto numbered = Read("t.csv", ",prompt,model,quality\n0,p,a,1.0\n1,q,a,0.0\n");
  ASSERT_TRUE(numbered.ok()) << numbered.status();
  EXPECT_EQ(Shown(*numbered), "p/a=1 q/a=0");
}

TEST(OutcomeTable, TakesTheQualityOfAFailedCallAsNone) {
  const auto set = Read("t.csv",
                        "text,model,quality,error,error_kind\n"
                        "p,a,0,true,\nq,a,0,,TIMEOUT\nr,a,1,false,\n");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(Shown(*set), "p/a=! q/a=! r/a=1");
  EXPECT_EQ(set->outcomes[1].outcome.error_kind, ErrorKind::kTimeout);
  EXPECT_EQ(set->qualities_of_errors, 2u);
}

TEST(OutcomeTable, ConvertsUnitsThatAMapStates) {
  const auto set = Read("t.csv", "text,model,quality,seconds\np,a,1,1.5\n",
                        {{"seconds=latency_ms*1000"}, "", {}, false});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->outcomes[0].outcome.latency_ms, 1500);
}

TEST(OutcomeTable, LeavesOutRowsThatDoNotReadOnlyIfAsked) {
  constexpr const char* kText = "text,model,quality\np,a,1\nq,a,splendid\n";
  const auto strict = Read("t.csv", kText);
  EXPECT_THAT(std::string(strict.status().message()), HasSubstr("t.csv:3, column \"quality\""));
  const auto lenient = Read("t.csv", kText, {{}, "", {}, true});
  ASSERT_TRUE(lenient.ok());
  EXPECT_EQ(Shown(*lenient), "p/a=1");
  EXPECT_THAT(lenient->left_out, ElementsAre(Pair("an invalid value", 1u)));
}

TEST(OutcomeTable, SaysWhatIsWrongAndWhatToDo) {
  struct Case {
    const char* text;
    TableOptions options;
    const char* message;
  };
  const Case cases[] = {
      {"", {}, "the file is empty"},
      {"text,model,quality,latency\np,a,1,2\n", {}, "--map latency=latency_ms"},
      {"text,model,score,cost\np,a,1,2\n", {}, "--map score=quality --map cost=cost_usd"},
      {"text,model,qualty\np,a,1\n", {}, "--map qualty=quality"},
      {"model,quality\na,1\n", {}, "--map COLUMN=text"},
      {"text,model,notes\np,a,x\n", {}, "no column is an outcome"},
      {"text,modl,quality\np,a,1\n", {}, "--map COLUMN=arm"},
      {"text,notes\np,x\n", {}, "no column is named after an arm"},
      {"text,model,quality\np,a,1\n", {{"nope=quality"}, "", {}, false}, "has no column \"nope\""},
      {"text,model,quality\np,a,1\n", {{"quality"}, "", {}, false}, "expected COLUMN=FIELD"},
      {"text,model,quality\np,a,1\n", {{"quality=quality*2"}, "", {}, false}, "use --scale"},
      {"text,model,quality\np,a,1\n", {{}, "stars", {}, false}, "--scale is \"stars\""},
      {"text,model,quality\np,a,87\n", {}, "use --scale (0..100"},
      {"text,model,quality\np,a\n", {}, ":2: 2 fields, but the header has 3"},
      {"text,model,quality\n\"p,a,1\n", {}, ":2: the quote"},
      {"text,text,quality\np,a,1\n", {}, "two columns are named \"text\""},
      {"id,text,model,quality\n1,p,a,1\n1,q,b,1\n", {}, "use `--map id=ignore` to skip it"},
      {"text,model,quality\n\xe9,a,1\n", {}, "not UTF-8"},
      {"\xff\xfet\0e\0", {}, "UTF-16"},
      {"{\"text\":\n", {}, ":1: expected one JSON object"},
      {"[{\"text\":", {}, "this is not valid JSON"},
      {"prompt,a,a|total_cost\np,1,2\n", {{}, "", {"a"}, false}, "--map total_cost=cost_usd"},
  };
  for (const Case& c : cases) {
    const auto set = Read("table", c.text, c.options);
    ASSERT_FALSE(set.ok()) << c.text;
    EXPECT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_THAT(std::string(set.status().message()), HasSubstr(c.message)) << c.text;
  }
}

TEST(OutcomeTable, NamesTheColumnsItDoesNotKnow) {
  const auto set =
      Read("t.csv", "text,model,quality,notes,user\np,a,1,x,y\n", {{"user=ignore"}, "", {}, false});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->unknown_columns, ElementsAre("notes"));
  EXPECT_THAT(set->columns,
              ElementsAre("user = ignored", "text = text", "model = arm", "quality = quality"));
}

TEST(OutcomeTable, NeverFailsWithoutAPlaceOnATableCutAnywhere) {
  for (const auto& [name, text] :
       {std::pair<std::string, std::string>{"t.csv",
                                            "id,text,model,quality\n1,\"p,\n\",a,1\n2,q,b,0\n"},
        {"t.jsonl", "{\"text\":\"p\",\"model\":\"a\",\"quality\":1}\n{\"text\":\"q\"}\n"},
        {"t.json", "[{\"text\":\"p\",\"model\":\"a\",\"quality\":1}]"}}) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      const auto set = Read(name, text.substr(0, size));
      if (!set.ok()) {
        EXPECT_THAT(std::string(set.status().message()), HasSubstr(name)) << size;
      }
    }
  }
}

}  // namespace
}  // namespace pointsman::evaluation

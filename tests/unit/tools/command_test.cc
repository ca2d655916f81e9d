#include "tools/command.h"

#include <gtest/gtest.h>

#include "tools/output.h"

namespace pointsman::tools {
namespace {

TEST(UnknownCommand, NamesTheWordAndWhatThereIs) {
  const auto after = [](const std::string& line) {
    Cli cli;
    CLI::App app("", "pointsman");
    app.fallthrough();
    app.require_subcommand(1);
    AddRoute(app, cli);
    AddPool(app, cli);
    EXPECT_THROW(app.parse(line), CLI::ParseError) << line;
    return UnknownCommand(app);
  };
  EXPECT_EQ(after("nope"), "there is no command \"nope\"; `pointsman` takes route, pool");
  EXPECT_EQ(after("pool lst"),
            "there is no command \"lst\"; `pointsman pool` takes create, put, "
            "get, list, delete, reembed");
  EXPECT_EQ(after(""), "");
  EXPECT_EQ(after("route"), "");
  EXPECT_EQ(after("route question --nope"), "");
}

TEST(ParsePreference, ReadsThreeWeights) {
  const auto preference = ParsePreference("0.8,0.2,0");
  ASSERT_TRUE(preference.ok());
  EXPECT_EQ(*preference, (Preference{0.8, 0.2, 0}));
}

TEST(ParsePreference, RefusesEverythingElse) {
  for (const char* text : {"", "1", "1,0", "1,0,0,0", "1,0,0,", "a,b,c", "1, 0,0", "-1,0,0",
                           "0,0,0", "nan,0,0", "inf,0,0", "1;0;0"}) {
    EXPECT_EQ(ParsePreference(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(TextTable, AlignsNamesLeftAndFiguresRightByWhatATerminalShows) {
  TextTable table({"arm", "cost"});
  table.Add({"caf\xc3\xa9", "1"});
  table.Add({"a", "10.5"});
  EXPECT_EQ(table.Text(),
            "arm   cost\n"
            "caf\xc3\xa9     1\n"
            "a     10.5\n");
}

TEST(JsonOf, KeepsTheContractsFieldNamesAndPrintsZeros) {
  v1::RouteResponse response;
  response.set_decision_id("d");
  const std::string json = JsonOf(response);
  EXPECT_NE(json.find("\"decision_id\": \"d\""), std::string::npos);
  EXPECT_NE(json.find("\"propensity\": 0"), std::string::npos);
}

}  // namespace
}  // namespace pointsman::tools

// The command line as users run it: the real binary against a real server.
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/strings.h"
#include "rpc_fixture.h"
#include "tests/paths.h"

namespace pointsman::tests {
namespace {

using Json = nlohmann::json;

class PointsmanBinary : public RpcFixture {
 protected:
  // Runs `pointsman ARGUMENTS`. Returns its exit code, and leaves its output in out_ and err_.
  int Run(const std::string& arguments) {
    const std::string command = Cat("cd ", POINTSMAN_SOURCE_DIR, " && ", POINTSMAN_BIN_DIR,
                                    "/pointsman --server 127.0.0.1:", server_->port(), " ",
                                    arguments, " 2>", folder_.path(), "/err");
    FILE* pipe = popen(command.c_str(), "r");
    out_.clear();
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out_ += static_cast<char>(c);
    const int code = WEXITSTATUS(pclose(pipe));
    std::ifstream error(folder_.path() + "/err");
    err_.assign(std::istreambuf_iterator<char>(error), {});
    return code;
  }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() + "/" + name) << text;
    return folder_.path() + "/" + name;
  }
  bool Says(const std::string& text) const { return out_.find(text) != std::string::npos; }
  bool Errs(const std::string& text) const { return err_.find(text) != std::string::npos; }
  std::string DataDir() const { return folder_.path() + "/data"; }

  std::string out_, err_;
};

// A data set that once became empty because of the single row of a third model.
TEST_F(PointsmanBinary, ImportsASparseTableWholeAndWeighsEachArmByItsOwnOutcomes) {
  std::string csv = "id,text,model,quality\n";
  for (int i = 0; i < 40; ++i) csv += Cat(i, ",question ", i, ",alpha,1\n", i, ",,beta,0\n");
  const std::string file = Write("rows.csv", csv + "7,,gamma,1\n8,,gpt,1\n");

  ASSERT_EQ(Run("import " + file + " --strength 10 --dry-run"), 0) << err_;
  EXPECT_TRUE(Says("81 outcomes of 40 queries would be")) << out_;
  EXPECT_EQ(Stats().outcomes(), 0u);

  ASSERT_EQ(Run("--json import " + file + " --strength 10"), 0) << err_;
  const Json json = Json::parse(out_);
  EXPECT_EQ(json["queries_learned"], 40);
  EXPECT_EQ(json["outcomes_learned"], 81);
  EXPECT_EQ(json["outcomes_left_out"], 1);
  EXPECT_EQ(json["left_out"][0]["reason"], "the pool has no arm gpt");
  EXPECT_EQ(json["arms"][0]["weight"], 0.25);
  EXPECT_EQ(json["arms"][2]["weight"], 1);  // one outcome is one observation, not ten
  EXPECT_EQ(Stats().arms(0).outcomes(), 40u);
  EXPECT_EQ(err_, "");

  // Repeating it learns nothing twice, even after the missing arm was added to the pool.
  ASSERT_EQ(Run("import " + file + " --strength 10"), 0) << err_;
  EXPECT_TRUE(Says("0 outcomes learned, 81 known before")) << out_;
  ASSERT_EQ(Run("arm add gpt"), 0) << err_;
  ASSERT_EQ(Run("import " + file + " --strength 10"), 0) << err_;
  EXPECT_TRUE(Says("1 outcomes learned, 81 known before")) << out_;
}

TEST_F(PointsmanBinary, NeverSaysThatItImportedWhatItDidNot) {
  const std::string file = Write("rows.csv", "text,model,quality\np,alph,1\n");
  EXPECT_EQ(Run("import " + file), 5);
  EXPECT_TRUE(Says("1: the pool has no arm alph")) << out_;
  EXPECT_TRUE(Says("--arm 'alph=alpha'")) << out_;
  EXPECT_TRUE(Errs("FAILED_PRECONDITION")) << err_;
  EXPECT_EQ(Run("import " + file + " --dry-run"), 5);
  EXPECT_EQ(Run("import " + file + " --arm alph=alpha"), 0) << err_;
  EXPECT_EQ(Stats().outcomes(), 1u);
  EXPECT_EQ(Run("import " + file + " --arm alph=alphq"), 3);
  EXPECT_TRUE(Errs("did you mean \"alpha\"?")) << err_;
  EXPECT_EQ(Run("import " + folder_.path() + "/nowhere.csv"), 3);
  EXPECT_EQ(Run("import"), 2);
  const std::string near = Write("near.csv", "text,model,quality,latency\np,alpha,1,2\n");
  EXPECT_EQ(Run("import " + near), 2);
  EXPECT_TRUE(Errs("--map latency=latency_ms")) << err_;
}

TEST_F(PointsmanBinary, JoinsTheSampleToTheExamplePool) {
  const std::string deploy = std::string(POINTSMAN_SOURCE_DIR) + "/deploy";
  ASSERT_EQ(Run("pool create " + deploy + "/pool.example.yaml --name example"), 0) << err_;
  ASSERT_EQ(
      Run("--json import --pool example --data " + deploy + "/sample --queries 70 --strength 35"),
      0)
      << err_;
  const Json json = Json::parse(out_);
  EXPECT_EQ(json["outcomes_left_out"], 0);
  EXPECT_EQ(json["outcomes_learned"], 8 * 70);
  EXPECT_EQ(json["arms"].size(), 8u);
}

// All but those with a FOLDER of the reader's own.
TEST_F(PointsmanBinary, RunsTheCommandsOfTheWarmStartPageAsTheyArePrinted) {
  ASSERT_EQ(Run("pool delete default --yes"), 0) << err_;
  ASSERT_EQ(Run("pool create deploy/pool.example.yaml"), 0) << err_;
  std::ifstream page(std::string(POINTSMAN_SOURCE_DIR) + "/docs/guide/warm-start.md");
  const std::string prompt = "    pointsman ";
  int commands = 0;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with(prompt) || line.find("FOLDER") != std::string::npos) continue;
    ++commands;
    EXPECT_EQ(Run(line.substr(prompt.size())), 0) << line << "\n" << err_;
    EXPECT_FALSE(Says("left out")) << line << "\n" << out_;
  }
  EXPECT_GE(commands, 5);
  EXPECT_EQ(Stats().outcomes(), 8u * 500 + 48);
}

TEST_F(PointsmanBinary, AddsAndSetsArmsEachOnlyWhereItMeansTo) {
  EXPECT_EQ(Run("arm add alpha"), 5);
  EXPECT_EQ(Run("arm set alpah --usd-per-request 1"), 3);
  EXPECT_TRUE(Errs("did you mean \"alpha\"?")) << err_;
  EXPECT_EQ(Run("arm pause alpah"), 3);
  EXPECT_EQ(Run("arm remove alpah"), 3);
  ASSERT_EQ(Run("arm add delta --usd-per-1m-input 1"), 0) << err_;
  EXPECT_TRUE(Says("note: arm delta has only one of")) << out_;
  ASSERT_EQ(Run("arm set delta --usd-per-1m-output 2 --alias d --tag x --price-tier 9:1:2"), 0)
      << err_;
  EXPECT_TRUE(Says("usd_per_1m_output: unset -> 2")) << out_;
  ASSERT_EQ(Run("arm pause delta"), 0) << err_;
  ASSERT_EQ(Run("arm set delta --clear usd-per-1m-input --description new"), 0) << err_;
  EXPECT_TRUE(Says("usd_per_1m_input: 1 -> unset")) << out_;
  ASSERT_EQ(Run("arm set delta --description new"), 0) << err_;
  EXPECT_TRUE(Says("unchanged")) << out_;
  ASSERT_EQ(Run("--json arm list"), 0);
  const Json delta = Json::parse(out_)["arms"][3];
  EXPECT_EQ(delta["status"], "PAUSED");  // fields that were not given stay
  EXPECT_EQ(delta["usd_per_1m_output"], 2);
  EXPECT_FALSE(delta.contains("usd_per_1m_input"));
  EXPECT_EQ(delta["aliases"][0], "d");
  ASSERT_EQ(Run("log " + DataDir() + " --from 5"), 0) << err_;
  EXPECT_TRUE(Says("usd_per_1m_output: unset -> 2")) << out_;
  EXPECT_TRUE(Says("status: active -> paused; by ")) << out_;
}

TEST_F(PointsmanBinary, WritesAPoolAsAFileThatChangesNothingAndMakesTheSame) {
  ASSERT_EQ(Run("arm set alpha --description 'a: \"b\" # c' --tag x --price-tier 9::2 --alias 'ä' "
                "--usd-per-request 0.1 --model-version 007"),
            0)
      << err_;
  ASSERT_EQ(Run("arm pause beta"), 0) << err_;
  ASSERT_EQ(Run("pool get --yaml"), 0) << err_;
  const std::string yaml = out_, file = Write("pool.yaml", yaml);
  ASSERT_EQ(Run("pool put --dry-run " + file), 0) << err_;
  EXPECT_TRUE(Says("nothing would change")) << out_;
  ASSERT_EQ(Run("pool put " + file), 0) << err_;
  EXPECT_TRUE(Says("unchanged pool default")) << out_;
  ASSERT_EQ(Run("pool put --name other " + file), 0) << err_;
  ASSERT_EQ(Run("pool get other --yaml"), 0) << err_;
  EXPECT_EQ(out_.substr(out_.find('\n')), yaml.substr(yaml.find('\n')));
}

TEST_F(PointsmanBinary, AppliesAPoolFileAgainToWhatItSaysAndNothingElse) {
  const std::string file =
      Write("pool.yaml", "name: default\narms:\n  - {name: alpha, description: d}\n");
  ASSERT_EQ(Run("arm pause alpha"), 0) << err_;
  ASSERT_EQ(Run("pool put " + file + " --dry-run"), 0) << err_;
  EXPECT_TRUE(Says("arm alpha: description: unset -> \"d\"")) << out_;
  EXPECT_TRUE(Says("  beta\n  gamma\n")) << out_;
  ASSERT_EQ(Run("pool put " + file), 0) << err_;
  ASSERT_EQ(Run("--json arm list"), 0);
  EXPECT_EQ(Json::parse(out_)["arms"][0]["status"], "PAUSED");
  EXPECT_EQ(Json::parse(out_)["arms"][1]["status"], "ACTIVE");
  ASSERT_EQ(Run("pool put " + file + " --prune"), 0) << err_;
  ASSERT_EQ(Run("--json arm list"), 0);
  EXPECT_EQ(Json::parse(out_)["arms"][1]["status"], "PAUSED");
}

TEST_F(PointsmanBinary, RoutesPreviewsAndTellsHowItWent) {
  ASSERT_EQ(Run("route hello --preview --explain --latency first-token --input-tokens 9"), 0)
      << err_;
  EXPECT_TRUE(Says("preview, not recorded")) << out_;
  ASSERT_EQ(Run("--json route hello --explain"), 0) << err_;
  const std::string id = Json::parse(out_)["decision_id"];
  EXPECT_TRUE(Json::parse(out_).contains("not_candidates"));
  EXPECT_EQ(Run("feedback " + id + " --error-kind nope"), 2);
  ASSERT_EQ(Run("feedback " + id + " --quality 1 --first-token-ms 5 --cached-input-tokens 3"), 0)
      << err_;
  ASSERT_EQ(Run("explain " + id), 0) << err_;
  EXPECT_TRUE(Says("quality 1")) << out_;
}

TEST_F(PointsmanBinary, PrintsErrorsAsJsonAlone) {
  struct Case {
    const char* arguments;
    int code;
    const char* canonical;
  };
  const Case cases[] = {
      {"nonsense", 2, "INVALID_ARGUMENT"},
      {"pool lst", 2, "INVALID_ARGUMENT"},
      {"route", 2, "INVALID_ARGUMENT"},
      {"route x --pool nobody", 3, "NOT_FOUND"},
      {"feedback nobody --quality 1", 3, "NOT_FOUND"},
      {"explain nobody", 3, "NOT_FOUND"},
      {"stats --pool nobody", 3, "NOT_FOUND"},
      {"arm list --pool nobody", 3, "NOT_FOUND"},
      {"arm set nobody", 3, "NOT_FOUND"},
      {"arm add alpha", 5, "ALREADY_EXISTS"},
      {"pool get nobody", 3, "NOT_FOUND"},
      {"pool delete nobody", 2, "INVALID_ARGUMENT"},
      {"pool delete nobody --yes", 3, "NOT_FOUND"},
      {"pool put /nowhere.yaml", 3, "NOT_FOUND"},
      {"pool reembed nobody other", 3, "NOT_FOUND"},
      {"import /nowhere.csv", 3, "NOT_FOUND"},
      {"import --undo nobody", 3, "NOT_FOUND"},
      {"log /nowhere", 3, "NOT_FOUND"},
      {"verify /nowhere", 3, "NOT_FOUND"},
      {"restore /nowhere /tmp", 3, "NOT_FOUND"},
      {"token list --file /nowhere", 3, "NOT_FOUND"},
      {"replay --data /nowhere", 3, "NOT_FOUND"},
      {"evaluate --data /nowhere", 3, "NOT_FOUND"},
      {"probe --data /nowhere", 3, "NOT_FOUND"},
      {"train-lexicon --corpus /nowhere --out /nowhere/x", 3, "NOT_FOUND"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Run(Cat("--json ", c.arguments)), c.code) << c.arguments << err_;
    EXPECT_EQ(out_, "") << c.arguments;
    const Json json = Json::parse(err_, nullptr, false);
    ASSERT_TRUE(json.contains("error")) << c.arguments << ": " << err_;
    EXPECT_EQ(json["error"]["code"], c.canonical) << c.arguments;
    EXPECT_NE(json["error"]["message"], "") << c.arguments;
    EXPECT_EQ(Run(c.arguments), c.code) << c.arguments << " without --json: " << err_;
  }
}

}  // namespace
}  // namespace pointsman::tests

// The pages of a small program with what is hard to print, and of `pointsman` itself.
#include <gmock/gmock.h>

#include "base/version.h"
#include "tools/pages/completion.h"
#include "tools/pages/man_page.h"
#include "tools/pages/page_flags.h"
#include "tools/pointsman_app.h"

namespace pointsman::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Pages : public ::testing::Test {
 protected:
  Pages() {
    app_.footer("Exit codes: 0\n.not a request");
    app_.add_option("--server", server_, "HOST:PORT")->envname("SMALL_SERVER")->default_str("x:1");
    app_.add_option("--token", token_, "the token")->envname("SMALL_TOKEN")->group("");
    CLI::App* pool = app_.add_subcommand("pool", "what is asked");
    CLI::App* create = pool->add_subcommand("create", "make one's [own]");
    create->add_option("file", file_, "a file")->required();
    create->add_option("--kind", kind_, "which")->check(CLI::IsMember({"big", "small"}));
    create->add_option("-t,--tag", tags_, "a tag (repeat)");
    create->add_flag("--dry-run", is_dry_, "write nothing");
    app_.add_subcommand("hidden", "not for people")->group("");
  }

  CommandEntry Tree() const { return ReadTree(app_); }

  CLI::App app_{"A small program.", "small"};
  std::string server_, token_, file_, kind_;
  std::vector<std::string> tags_;
  bool is_dry_ = false;
};

TEST_F(Pages, HaveEveryOptionWithItsValueAndNoHiddenOne) {
  const CommandEntry create = Tree().commands.at(0).commands.at(0);
  EXPECT_EQ(create.path, "small pool create");
  ASSERT_EQ(create.options.size(), 5u);  // --help first
  EXPECT_TRUE(create.options[1].is_positional);
  EXPECT_TRUE(create.options[1].is_required);
  EXPECT_THAT(create.options[2].choices, ::testing::ElementsAre("big", "small"));
  EXPECT_THAT(create.options[3].names, ::testing::ElementsAre("-t", "--tag"));
  EXPECT_TRUE(create.options[3].may_repeat);
  EXPECT_EQ(create.options[4].value, "");
  for (const std::string& shell : kShells) {
    EXPECT_THAT(Completion(shell, Tree()),
                AllOf(Not(HasSubstr("hidden")), Not(HasSubstr("token"))));
  }
}

TEST_F(Pages, NameTheVariablesOfTheEnvironmentThoseOfHiddenOptionsToo) {
  const std::string page = ManPage(Tree(), {});
  EXPECT_THAT(page, HasSubstr(".SH ENVIRONMENT\n"));
  EXPECT_THAT(page, HasSubstr("SMALL_SERVER\\fR\nthe same as \\-\\-server.\n"));
  EXPECT_THAT(page, HasSubstr("SMALL_TOKEN\\fR\nthe token.\n"));
  EXPECT_THAT(page, Not(HasSubstr("\\fB\\-\\-token")));
}

TEST_F(Pages, EscapeWhatTheirReadersWouldTakeForACommand) {
  EXPECT_THAT(ManPage(Tree(), {}), HasSubstr("\n\\&.not a request\n"));
  EXPECT_THAT(ZshCompletion(Tree()), HasSubstr("'create:make one'\\''s [own]'"));
  EXPECT_THAT(ZshCompletion(Tree()), HasSubstr("'--server[HOST\\:PORT]:TEXT:_default'"));
  EXPECT_THAT(FishCompletion(Tree()), HasSubstr("-d 'make one\\'s [own]'"));
}

TEST_F(Pages, SayTheVersionAndNoDateSoThatABuildGivesTheSameBytesAgain) {
  const std::string page = ManPage(Tree(), {.section = 8, .summary = "a program", .see_also = ""});
  EXPECT_TRUE(page.starts_with(std::string(".TH SMALL 8 \"\" \"pointsman ") + Version() + "\""))
      << page.substr(0, 80);
  EXPECT_THAT(page, HasSubstr(".SH NAME\nsmall \\- a program\n"));
}

TEST_F(Pages, AreEndedByTheirHiddenFlagsAsByHelp) {
  AddPageFlags(app_, {});
  for (const char* line : {"--man-page", "--completion fish"}) {
    testing::internal::CaptureStdout();
    EXPECT_THROW(app_.parse(line), CLI::Success) << line;
    EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("create")) << line;
  }
  EXPECT_THROW(app_.parse("--completion tcsh"), CLI::ValidationError);
  EXPECT_THAT(app_.help(), Not(HasSubstr("man-page")));
}

// A page is long: what failed is the part, not the page.
void ExpectPart(const char* what, const std::string& page, const std::string& part) {
  EXPECT_TRUE(page.find(part) != std::string::npos) << what << " lacks " << part;
}

// Every command and option that the parser knows is on every page.
TEST(PagesOfPointsman, HaveEveryCommandAndOption) {
  Cli cli;
  const auto app = MakeApp(cli);
  const CommandEntry root = ReadTree(*app);
  const std::string man = ManPage(root, {}), bash = BashCompletion(root);
  const std::string zsh = ZshCompletion(root), fish = FishCompletion(root);
  int commands = 0, options = 0;
  VisitTree(root, [&](const CommandEntry& entry, const std::vector<OptionEntry>&) {
    ++commands;
    EXPECT_FALSE(entry.description.empty()) << entry.path;
    const std::string roff = Replaced(entry.path, "-", "\\-");
    ExpectPart("man", man, entry.path == root.path ? ".SH OPTIONS\n" : "\n.SS " + roff + "\n");
    ExpectPart("bash", bash, "    '" + entry.path + "') options=");
    ExpectPart("zsh", zsh, "\n_" + Replaced(Replaced(entry.path, " ", "_"), "-", "_") + "() {\n");
    for (const OptionEntry& option : entry.options) {
      ++options;
      const std::string& name = option.names.back();
      EXPECT_FALSE(option.description.empty()) << entry.path << " " << name;
      ExpectPart("man", man, "\\fB" + Replaced(name, "-", "\\-") + "\\fR");
      if (option.is_positional) continue;
      ExpectPart("bash", bash, name);
      ExpectPart("zsh", zsh, name + "[");
      ExpectPart("fish", fish, " -l " + name.substr(2) + " ");
    }
  });
  EXPECT_GE(commands, 30);
  EXPECT_GE(options, 150);
}

}  // namespace
}  // namespace pointsman::tools

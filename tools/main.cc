// pointsman: the command line.
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "tools/command.h"
#include "tools/exit_code.h"
#include "tools/json_text.h"
#include "tools/pointsman_app.h"

namespace {

// CLI11 throws, and has exit codes of its own; 0 stands for --help and --version.
int Parse(CLI::App& app, int argc, char** argv, bool& is_parsed) {
  // Looked up by hand: when parsing fails, CLI11 may not have reached the flag.
  const bool is_json = std::find(argv, argv + argc, std::string_view("--json")) != argv + argc;
  try {
    app.parse(argc, argv);
    is_parsed = true;
    return 0;
  } catch (const CLI::ParseError& error) {
    if (is_json && error.get_exit_code() != 0) {
      const std::string unknown = pointsman::tools::UnknownCommand(app);
      std::string what;
      for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
        at = at->get_subcommands().front();
        what += (what.empty() ? "" : " ") + at->get_name();
      }
      const absl::Status status =
          pointsman::InvalidArgument(unknown.empty() ? std::string(error.what()) : unknown);
      std::fputs(pointsman::tools::ErrorJson(what, "", status).c_str(), stderr);
      return static_cast<int>(pointsman::tools::ExitCode::kUsage);
    }
    if (const std::string unknown = pointsman::tools::UnknownCommand(app);
        !unknown.empty() && error.get_exit_code() != 0) {
      std::fprintf(stderr, "pointsman: %s\n", unknown.c_str());
      return static_cast<int>(pointsman::tools::ExitCode::kUsage);
    }
    return app.exit(error) == 0 ? 0 : static_cast<int>(pointsman::tools::ExitCode::kUsage);
  }
}

}  // namespace

int main(int argc, char** argv) {
  pointsman::tools::Cli cli;
  const auto app = pointsman::tools::MakeApp(cli);

  bool is_parsed = false;
  const int code = Parse(*app, argc, argv, is_parsed);
  if (!is_parsed || !cli.run) return code;
  const absl::Status status = cli.run();
  if (!status.ok()) {
    std::fflush(stdout);
    const auto text = cli.is_json ? pointsman::tools::ErrorJson : pointsman::tools::ErrorText;
    std::fputs(text(cli.what, cli.called, status).c_str(), stderr);
  }
  return static_cast<int>(pointsman::tools::ExitCodeOf(status));
}

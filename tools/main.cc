// pointsman: the command line.
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "tools/command.h"
#include "tools/exit_code.h"
#include "tools/json_text.h"

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
      const std::string unknown = pointsman::UnknownCommand(app);
      std::string what;
      for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
        at = at->get_subcommands().front();
        what += (what.empty() ? "" : " ") + at->get_name();
      }
      const absl::Status status =
          pointsman::InvalidArgument(unknown.empty() ? std::string(error.what()) : unknown);
      std::fputs(pointsman::ErrorJson(what, "", status).c_str(), stderr);
      return static_cast<int>(pointsman::ExitCode::kUsage);
    }
    if (const std::string unknown = pointsman::UnknownCommand(app);
        !unknown.empty() && error.get_exit_code() != 0) {
      std::fprintf(stderr, "pointsman: %s\n", unknown.c_str());
      return static_cast<int>(pointsman::ExitCode::kUsage);
    }
    return app.exit(error) == 0 ? 0 : static_cast<int>(pointsman::ExitCode::kUsage);
  }
}

}  // namespace

int main(int argc, char** argv) {
  pointsman::Cli cli;
  CLI::App app(
      "pointsman asks a running pointsmand which arm should answer a query, reports the outcome,\n"
      "and manages its pools. `pointsman COMMAND --help` shows an example of each command.",
      "pointsman");
  app.fallthrough();
  app.require_subcommand(1);
  app.set_version_flag("--version", "pointsman " POINTSMAN_VERSION);
  app.footer(pointsman::ExitCodeHelp());
  app.add_option("--server", cli.server, "HOST:PORT of pointsmand")
      ->envname("POINTSMAN_SERVER")
      ->capture_default_str();
  auto* token_file =
      app.add_option("--token-file", cli.token_file, "file that holds the access token")
          ->envname("POINTSMAN_TOKEN_FILE");
  // Hidden, for use through the environment only: every user of the machine can read a command line.
  app.add_option("--token", cli.token, "")
      ->envname("POINTSMAN_TOKEN")
      ->group("")
      ->excludes(token_file);
  app.add_flag("--tls", cli.is_tls, "connect with TLS; each other --tls- flag implies it");
  app.add_option("--tls-ca", cli.ca_file, "PEM file of the CAs to trust [the system's]")
      ->envname("POINTSMAN_TLS_CA");
  app.add_option("--tls-cert", cli.certificate_file,
                 "PEM file of the client certificate, if the server requires one");
  app.add_option("--tls-key", cli.key_file, "PEM file of the client certificate's key");
  app.add_option("--timeout-ms", cli.timeout_ms, "how long to wait for a response")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--json", cli.is_json, "print answers and errors as JSON");
  pointsman::AddRoute(app, cli);
  pointsman::AddFeedback(app, cli);
  pointsman::AddPool(app, cli);
  pointsman::AddArm(app, cli);
  pointsman::AddStats(app, cli);
  pointsman::AddExplain(app, cli);
  pointsman::AddProbe(app, cli);
  pointsman::AddImport(app, cli);
  pointsman::AddToken(app, cli);
  pointsman::AddBackup(app, cli);
  pointsman::AddRestore(app, cli);
  pointsman::AddLog(app, cli);
  pointsman::AddVerify(app, cli);
  pointsman::AddReplay(app, cli);
  pointsman::AddEvaluate(app, cli);
  pointsman::AddTrainLexicon(app, cli);

  bool is_parsed = false;
  const int code = Parse(app, argc, argv, is_parsed);
  if (!is_parsed || !cli.run) return code;
  const absl::Status status = cli.run();
  if (!status.ok()) {
    std::fflush(stdout);
    const auto text = cli.is_json ? pointsman::ErrorJson : pointsman::ErrorText;
    std::fputs(text(cli.what, cli.called, status).c_str(), stderr);
  }
  return static_cast<int>(pointsman::ExitCodeOf(status));
}

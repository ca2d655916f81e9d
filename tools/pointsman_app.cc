#include "tools/pointsman_app.h"

#include "base/strings.h"
#include "base/version.h"
#include "tools/exit_code.h"
#include "tools/pages/page_flags.h"

namespace pointsman::tools {

std::unique_ptr<CLI::App> MakeApp(Cli& cli) {
  auto owned = std::make_unique<CLI::App>(
      "pointsman asks a running pointsmand which arm should answer a query, reports the outcome,"
      "\nand manages its pools. `pointsman COMMAND --help` shows an example of each command.",
      "pointsman");
  CLI::App& app = *owned;
  app.fallthrough();
  app.require_subcommand(1);
  app.set_version_flag("--version", Cat("pointsman ", Version()));
  app.footer(ExitCodeHelp());
  app.add_option("--server", cli.server, "HOST:PORT of pointsmand")
      ->envname("POINTSMAN_SERVER")
      ->capture_default_str();
  auto* token_file =
      app.add_option("--token-file", cli.token_file, "file that holds the access token")
          ->envname("POINTSMAN_TOKEN_FILE");
  // Hidden, for use through the environment only: every user of the machine can read a command line.
  app.add_option("--token", cli.token, "access token")
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
  AddRoute(app, cli);
  AddFeedback(app, cli);
  AddPool(app, cli);
  AddArm(app, cli);
  AddStats(app, cli);
  AddExplain(app, cli);
  AddProbe(app, cli);
  AddImport(app, cli);
  AddToken(app, cli);
  AddBackup(app, cli);
  AddRestore(app, cli);
  AddLog(app, cli);
  AddVerify(app, cli);
  AddReplay(app, cli);
  AddEvaluate(app, cli);
  AddTrainLexicon(app, cli);
  AddCompletion(app, cli);
  AddPageFlags(app, {.section = 1,
                     .summary = "command line of the Pointsman routing service",
                     .see_also = "pointsmand(8)"});
  return owned;
}

}  // namespace pointsman::tools

// `pointsman completion SHELL`.
#include "tools/command.h"
#include "tools/output.h"
#include "tools/pages/completion.h"

namespace pointsman::tools {

void AddCompletion(CLI::App& app, Cli& cli) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command =
      AddCommand(app, "completion", "print a script that completes commands and options",
                 "  source <(pointsman completion bash)\n"
                 "  pointsman completion fish > ~/.config/fish/completions/pointsman.fish");
  command->add_option("shell", *shell, "the shell that reads the script")
      ->required()
      ->check(CLI::IsMember(kShells));
  command->callback([&app, &cli, shell] {
    cli.what = "completion";
    cli.run = [&app, shell] {
      Print(Completion(*shell, ReadTree(app)));
      return absl::OkStatus();
    };
  });
}

}  // namespace pointsman::tools

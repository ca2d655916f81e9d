#include "tools/pages/page_flags.h"

#include <iostream>

#include "tools/pages/completion.h"

namespace pointsman::tools {

void AddPageFlags(CLI::App& app, const ManHead& head) {
  app.add_flag_callback("--man-page",
                        [&app, head] {
                          std::cout << ManPage(ReadTree(app), head);
                          throw CLI::Success();
                        })
      ->group("");
  app.add_option_function<std::string>("--completion",
                                       [&app](const std::string& shell) {
                                         std::cout << Completion(shell, ReadTree(app));
                                         throw CLI::Success();
                                       })
      ->check(CLI::IsMember(kShells))
      ->group("");
}

}  // namespace pointsman::tools

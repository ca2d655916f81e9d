#include "tests/support/test_folder.h"

#include <stdlib.h>

#include <filesystem>

#include "base/check.h"

namespace pointsman::tests {

TestFolder::TestFolder() {
  path_ = (std::filesystem::temp_directory_path() / "pointsman-test-XXXXXX").string();
  POINTSMAN_CHECK(mkdtemp(path_.data()) != nullptr);
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace pointsman::tests

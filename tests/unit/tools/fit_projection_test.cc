// A projection fitted to prompts, as sent by `pool create --fit-projection` and `pool reembed`.
#include "tools/fit_projection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/test_folder.h"

namespace pointsman::tools {
namespace {

class FitsAProjection : public ::testing::Test {
 protected:
  std::string Prompts(int count) {
    const std::string path = folder_.path() + "/prompts.txt";
    std::ofstream file(path);
    for (int i = 0; i < count; ++i) {
      file << "what does a "
           << (i % 3 == 0   ? "court"
               : i % 3 == 1 ? "cell"
                            : "compiler")
           << " do in case " << i << " of " << i * 31 % 17 << " about law " << i % 5 << "\n";
    }
    return path;
  }
  tests::TestFolder folder_;
};

TEST_F(FitsAProjection, OfOrthonormalRowsAndTheLexiconItWasMadeWith) {
  v1::EmbedderSettings settings;
  settings.set_projected(4);
  const auto used = FitProjection(Prompts(90), settings);
  ASSERT_TRUE(used.ok()) << used.status();
  EXPECT_EQ(*used, 90u);
  EXPECT_NE(settings.lexicon_checksum(), 0u);
  EXPECT_EQ(settings.projected(), 4u);
  const int d = 64;       // of the lexicon
  const int row = d + 1;  // a component, then its offset
  ASSERT_EQ(settings.projection_rows_size(), 4 * row);
  for (int a = 0; a < 4; ++a) {
    for (int b = 0; b <= a; ++b) {
      double dot = 0;
      for (int i = 0; i < d; ++i) {
        dot +=
            double{settings.projection_rows(a * row + i)} * settings.projection_rows(b * row + i);
      }
      EXPECT_NEAR(dot, a == b ? 1 : 0, 1e-4) << a << " " << b;
    }
  }
}

TEST_F(FitsAProjection, OnlyToEnoughPromptsAndAStatedSize) {
  v1::EmbedderSettings settings;
  EXPECT_THAT(FitProjection(Prompts(90), settings).status().message(),
              ::testing::HasSubstr("--projected"));
  settings.set_projected(32);
  EXPECT_EQ(FitProjection(Prompts(3), settings).status().code(),
            absl::StatusCode::kInvalidArgument);
  settings.set_name("caller");
  settings.set_dimension(64);
  EXPECT_EQ(FitProjection(Prompts(90), settings).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pointsman::tools

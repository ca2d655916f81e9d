#include "base/published.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace pointsman {
namespace {

TEST(Published, ShowsReadersWholeVersionsInOrder) {
  using Version = std::vector<int>;
  Published<Version> published(std::make_shared<const Version>(100, 0));
  std::thread writer([&] {
    for (int v = 1; v <= 2000; ++v) published.Set(std::make_shared<const Version>(100, v));
  });
  int last = 0;
  while (last < 2000) {
    const auto version = published.Get();
    for (const int item : *version) ASSERT_EQ(item, version->front());
    ASSERT_GE(version->front(), last);
    last = version->front();
  }
  writer.join();
}

}  // namespace
}  // namespace pointsman

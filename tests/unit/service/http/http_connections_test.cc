#include "service/http/http_connections.h"

#include <gtest/gtest.h>

namespace pointsman::service {
namespace {

TEST(HttpConnections, ClosesTheOneThatHasBeenReadingForLongest) {
  HttpConnections connections(3, 0);
  std::vector<int> closed;
  std::vector<HttpConnections::Key> keys;
  const auto enter = [&](int number) {
    keys.push_back(connections.Enter([&closed, number] { closed.push_back(number); }));
  };
  for (int i = 0; i < 3; ++i) enter(i);
  EXPECT_TRUE(closed.empty());
  connections.SetAnswering(keys[0]);
  enter(3);
  EXPECT_EQ(closed, std::vector<int>({1}));
  connections.SetReading(keys[2]);  // it has sent a whole request since
  connections.Leave(keys[1]);
  enter(4);
  EXPECT_EQ(closed, std::vector<int>({1, 3}));
}

TEST(HttpConnections, ClosesTheNewOneIfAllOthersAreBeingAnswered) {
  HttpConnections connections(1, 0);
  int closed = 0;
  const auto first = connections.Enter([&] { closed = 1; });
  connections.SetAnswering(first);
  connections.Enter([&] { closed = 2; });
  EXPECT_EQ(closed, 2);
}

TEST(HttpConnections, GivesOutNoMoreMemoryThanThereIs) {
  HttpConnections connections(1, 100);
  EXPECT_TRUE(connections.TakeBytes(60));
  EXPECT_FALSE(connections.TakeBytes(41));
  EXPECT_TRUE(connections.TakeBytes(40));
  connections.ReturnBytes(60);
  EXPECT_TRUE(connections.TakeBytes(60));
}

TEST(HttpConnections, ClosesEachOnce) {
  HttpConnections connections(9, 0);
  int closed = 0;
  connections.Enter([&] { ++closed; });
  connections.Enter([&] { ++closed; });
  connections.CloseAll();
  connections.CloseAll();
  EXPECT_EQ(closed, 2);
}

}  // namespace
}  // namespace pointsman::service

// The admin port: metrics, health and readiness over plain HTTP.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "rpc_fixture.h"

namespace pointsman {
namespace {

// The whole answer to "GET path", head included; empty if nobody answers.
std::string Get(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
    EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
    std::array<char, 4096> chunk{};
    for (ssize_t n = 0; (n = read(fd, chunk.data(), chunk.size())) > 0;) {
      answer.append(chunk.data(), static_cast<std::size_t>(n));
    }
  }
  close(fd);
  return answer;
}

class AdminPort : public RpcFixture {
 protected:
  void Configure(ServerConfig& config) override { config.admin_listen = "127.0.0.1:0"; }
};

TEST_F(AdminPort, CountsWhatWasServed) {
  v1::RouteRequest route;
  route.set_query("a question");
  v1::RouteResponse routed;
  ASSERT_TRUE(Route(route, &routed).ok());
  ASSERT_FALSE(Route({}, &routed).ok());

  const std::string metrics = Get(server_->admin_port(), "/metrics");
  for (const char* line : {"pointsman_rpc_total{code=\"OK\",rpc=\"Route\"} 1\n",
                           "pointsman_rpc_total{code=\"INVALID_ARGUMENT\",rpc=\"Route\"} 1\n",
                           "pointsman_decisions_total{logged=\"true\"} 1\n",
                           "pointsman_rpc_duration_seconds_count{rpc=\"Route\"} 2\n"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line << " in\n" << metrics;
  }
}

TEST_F(AdminPort, SaysThatItLivesAndIsReady) {
  EXPECT_NE(Get(server_->admin_port(), "/healthz").find(" 200 "), std::string::npos);
  EXPECT_NE(Get(server_->admin_port(), "/readyz").find(" 200 "), std::string::npos);
  EXPECT_NE(Get(server_->admin_port(), "/secret").find(" 404 "), std::string::npos);
}

}  // namespace
}  // namespace pointsman

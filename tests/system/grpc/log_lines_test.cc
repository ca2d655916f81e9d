// pointsmand writes only log lines to stderr, whatever its callers send.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "rpc_fixture.h"
#include "tests/paths.h"
#include "tests/support/spawn.h"
#include "tests/support/until.h"

namespace pointsman::tests {
namespace {

std::vector<std::string> LinesOf(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// Of "listening on ... (port N)"; 0: not yet.
int PortIn(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    const auto at = line.find("(port ");
    if (at != std::string::npos) return std::atoi(line.c_str() + at + 6);
  }
  return 0;
}

TEST(LogLines, AreAllJsonThoughTextsCameThatAreNoUtf8) {
  google::protobuf::SetLogHandler(nullptr);  // of this process, the client
  const TestFolder folder;
  const std::string log = folder.path() + "/log";
  const std::string config = folder.path() + "/c.yaml";
  std::ofstream(config) << "listen: 127.0.0.1:0\nadmin_listen: ''\nlog: {format: json}\ndata_dir: "
                        << folder.path() << "/a \"b\" \\ data\n";
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  const pid_t server =
      Spawn({POINTSMAN_BIN_DIR "/pointsmand", "--config", config}, {{file, STDERR_FILENO}});
  close(file);
  while (PortIn(LinesOf(log)) == 0 && waitpid(server, nullptr, WNOHANG) == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const auto router = v1::Router::NewStub(grpc::CreateChannel(
      "127.0.0.1:" + std::to_string(PortIn(LinesOf(log))), grpc::InsecureChannelCredentials()));
  for (const char* text : {"\xff", "a\nb", "\xe2\x80\xae"}) {
    v1::RouteRequest request;
    request.set_pool(text);
    request.set_query(text);
    v1::RouteResponse response;
    grpc::ClientContext context;
    EXPECT_FALSE(router->Route(&context, request, &response).ok());
  }
  kill(server, SIGTERM);
  int status = 0;
  waitpid(server, &status, 0);
  EXPECT_EQ(status, 0);

  const auto lines = LinesOf(log);
  EXPECT_GE(lines.size(), 3u);
  for (const std::string& line : lines) {
    const auto parsed = nlohmann::json::parse(line, nullptr, false);
    EXPECT_TRUE(parsed.is_object() && parsed.contains("message")) << line;
  }
}

}  // namespace
}  // namespace pointsman::tests

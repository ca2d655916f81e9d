// Reads a page of the admin port.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

namespace pointsman::tests {

// The whole response to "GET path", headers included; empty if there is none.
inline std::string Get(int port, const std::string& path) {
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

}  // namespace pointsman::tests

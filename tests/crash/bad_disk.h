// Helpers of the tests of bad disks: a small disk of their own, and what a server reports about its disk.
// Threads: one, except for why_no_mounts, which is only read once threads have started.
#pragma once

#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace pointsman::tests {

// Why this process has no mounts of its own; empty: it has them. Main sets it once.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
inline std::string why_no_mounts;

// Call before any thread starts. As root a mount namespace is enough; otherwise it needs a user namespace.
inline void TakeMountsOfItsOwn() {
  const uid_t user = getuid();
  const bool is_root = user == 0 && unshare(CLONE_NEWNS) == 0;
  if (!is_root) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      why_no_mounts = std::string("unshare: ") + std::strerror(errno);
      return;
    }
    std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
  }
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    why_no_mounts = std::string("mount: ") + std::strerror(errno);
  }
}

class SmallDisk {
 public:
  explicit SmallDisk(const std::string& path, const char* size) : path_(path) {
    is_mounted_ = mount("tmpfs", path.c_str(), "tmpfs", 0, size) == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool is_mounted() const { return is_mounted_; }

 private:
  const std::string path_;
  bool is_mounted_ = false;
};

inline std::string HttpGet(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string text;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
    if (write(fd, request.data(), request.size()) > 0) {
      char part[4096];
      for (ssize_t n = read(fd, part, sizeof(part)); n > 0; n = read(fd, part, sizeof(part))) {
        text.append(part, static_cast<std::size_t>(n));
      }
    }
  }
  close(fd);
  return text;
}

inline std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status rich;
  google::rpc::ErrorInfo info;
  if (!rich.ParseFromString(status.error_details())) return "";
  for (const auto& detail : rich.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) detail.UnpackTo(&info);
  }
  return info.reason();
}

// The retry delay in the status, in seconds; -1: none.
inline int64_t RetryDelayOf(const grpc::Status& status) {
  google::rpc::Status rich;
  google::rpc::RetryInfo retry;
  int64_t seconds = -1;
  if (!rich.ParseFromString(status.error_details())) return seconds;
  for (const auto& detail : rich.details()) {
    if (detail.UnpackTo(&retry)) seconds = retry.retry_delay().seconds();
  }
  return seconds;
}

}  // namespace pointsman::tests

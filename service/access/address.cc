#include "service/access/address.h"

#include <utility>

namespace pointsman::service {

bool IsLoopbackAddress(std::string_view host_and_port) {
  const std::string_view host = host_and_port.substr(0, host_and_port.rfind(':'));
  // Only a literal address: a name such as 127.evil.example may resolve to any address.
  const bool is_ipv4 = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || (is_ipv4 && host.starts_with("127."));
}

std::string_view PeerAddress(std::string_view peer) {
  if (peer.starts_with("unix")) return "unix";
  return peer.substr(0, peer.rfind(':'));
}

std::string ShownAddress(std::string_view peer) {
  std::string address(PeerAddress(peer));
  for (const std::string_view family : {"ipv4:", "ipv6:"}) {
    if (address.starts_with(family)) address.erase(0, family.size());
  }
  for (const auto& [written, meant] :
       {std::pair("%5B", "["), std::pair("%5D", "]"), std::pair("%25", "%")}) {
    const auto at = address.find(written);
    if (at != std::string::npos) address.replace(at, 3, meant);
  }
  return address;
}

bool IsLoopbackPeer(std::string_view peer) {
  const std::string_view address = PeerAddress(peer);
  return address.starts_with("ipv4:127.") || address == "ipv6:%5B::1%5D" ||
         address == "ipv6:[::1]" || address == "unix";
}

}  // namespace pointsman::service

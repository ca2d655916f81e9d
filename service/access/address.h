// Addresses, as gRPC and the config write them.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace pointsman::service {

// Whether HOST:PORT can be reached only from this machine: 127.0.0.0/8, [::1] or localhost.
bool IsLoopbackAddress(std::string_view host_and_port);

// Of a call's peer ("ipv4:127.0.0.1:4711", "ipv6:%5B::1%5D:4711", "unix:"): the address without the port, so
// that all connections of a client count as one client.
std::string_view PeerAddress(std::string_view peer);
// The same for people: "127.0.0.1", "[::1]", "unix".
std::string ShownAddress(std::string_view peer);
bool IsLoopbackPeer(std::string_view peer);

}  // namespace pointsman::service

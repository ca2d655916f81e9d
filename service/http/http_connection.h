// One connection of an HTTP server: requests one after the other, each read, passed to the app and answered.
// Threads: the connection's own strand; answers arrive from any.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "service/http/http_connections.h"
#include "service/http/http_message.h"
#include "service/http/http_server.h"

namespace pointsman::service {

// It lives until it ends. `tls`: null for plain HTTP. The references must outlive it.
void StartConnection(boost::asio::ip::tcp::socket socket,
                     std::shared_ptr<boost::asio::ssl::context> tls,
                     const HttpServerOptions& options, HttpApp& app, HttpConnections& connections);

}  // namespace pointsman::service

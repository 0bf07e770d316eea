#pragma once

#include "core/errc.hpp"
#include "net/http_client.hpp"
#include "net/server_settings.hpp"

#include <memory>

namespace boost::asio::ssl {
class context;
}

namespace troupe::net {

/// TLS 1.2 or newer with this certificate. @returns CONFIG_INVALID, naming the file, when one
/// cannot be used
[[nodiscard]] core::Result<std::shared_ptr<boost::asio::ssl::context>>
make_server_tls(const TlsFiles& files);

/// TLS 1.2 or newer; the server's chain and host name are verified.
[[nodiscard]] core::Result<std::shared_ptr<boost::asio::ssl::context>>
make_client_tls(const ClientTls& tls);

} // namespace troupe::net

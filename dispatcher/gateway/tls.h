// TLS for browsers, from the same PEM files as the gRPC server's.
#ifndef HOUSECALL_DISPATCHER_GATEWAY_TLS_H_
#define HOUSECALL_DISPATCHER_GATEWAY_TLS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "boost/asio/ssl/context.hpp"
#include "dispatcher/gateway/gateway.h"

namespace housecall::gateway {

// TLS 1.2 and later, speaking HTTP/1.1; null without a certificate in the
// options. InvalidArgument, naming the file or flag, if only one of certificate
// and key is given, if a file cannot be read or they do not belong together.
absl::StatusOr<std::unique_ptr<boost::asio::ssl::context>> MakeTlsContext(
    const Options& options);

}  // namespace housecall::gateway

#endif  // HOUSECALL_DISPATCHER_GATEWAY_TLS_H_

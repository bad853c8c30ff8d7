// Names for what this folder uses of Boost.Beast, and the text views between it
// and Abseil.
#ifndef HOUSECALL_DISPATCHER_GATEWAY_HTTP_H_
#define HOUSECALL_DISPATCHER_GATEWAY_HTTP_H_

#include <string>

#include "absl/strings/string_view.h"
#include "boost/beast/core/string.hpp"
#include "boost/beast/http/empty_body.hpp"
#include "boost/beast/http/fields.hpp"
#include "boost/beast/http/message.hpp"
#include "boost/beast/http/status.hpp"

namespace housecall::gateway {

namespace http = boost::beast::http;

using RequestHead = http::request_header<http::fields>;
using ResponseHead = http::response<http::empty_body>;

inline absl::string_view View(boost::beast::string_view text) {
  return absl::string_view(text.data(), text.size());
}
inline boost::beast::string_view BeastView(absl::string_view text) {
  return boost::beast::string_view(text.data(), text.size());
}

// The first header of that name; "" if there is none.
inline absl::string_view HeaderOf(const RequestHead& head,
                                  absl::string_view name) {
  const auto found = head.find(BeastView(name));
  return found == head.end() ? absl::string_view() : View(found->value());
}
inline bool HasHeader(const RequestHead& head, absl::string_view name) {
  return head.find(BeastView(name)) != head.end();
}

}  // namespace housecall::gateway

#endif  // HOUSECALL_DISPATCHER_GATEWAY_HTTP_H_

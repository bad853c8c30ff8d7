// What a request must look like before anything is done for it, and what the
// browser is told to forbid itself. Pure functions.
#ifndef HOUSECALL_DISPATCHER_GATEWAY_REQUEST_RULES_H_
#define HOUSECALL_DISPATCHER_GATEWAY_REQUEST_RULES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "dispatcher/gateway/gateway.h"
#include "dispatcher/gateway/http.h"

namespace housecall::gateway {

// Why a request is refused.
struct Refusal {
  http::status status;
  // For whoever looks into his browser's or proxy's log; one line.
  std::string text;
};

// The rules of one listener.
struct Rules {
  std::vector<std::string> origins;
  std::vector<std::string> path_prefixes;
  // This listener itself speaks TLS.
  bool tls = false;

  // Browsers come by https, here or at the proxy in front.
  bool secure() const;
  // The name of the session's cookie. With https one that no page of a
  // neighbouring host can set: browsers see to that by its prefix.
  std::string cookie_name() const;
};

// Refuses what two HTTP servers in a row could understand differently, whatever
// is asked for: a version other than 1.1, a Host that is not there once, a
// second header where one counts, a transfer encoding other than `chunked`, a
// target that is not a plain path.
std::optional<Refusal> CheckHead(const RequestHead& head);

// Refuses what is no gRPC-Web call of a page from here: wrong path, method or
// content type, no `X-Grpc-Web` (a form cannot send it, and another site's
// script only after a preflight, which nobody here answers), an Origin or
// Sec-Fetch-Site of elsewhere, or a session's cookie with neither of these.
std::optional<Refusal> CheckCall(const RequestHead& head, const Rules& rules);

// Whether a browser sent it: then a session is kept in its cookie, where no
// script sees it.
bool IsFromBrowser(const RequestHead& head);

// The value of a cookie; "" if there is none, or more than one of that name.
std::string CookieOf(const RequestHead& head, absl::string_view name);

// The Set-Cookie header that keeps a session's token for so many seconds; 0 and
// less: that makes the browser forget it.
std::string SessionCookie(const Rules& rules, absl::string_view token,
                          int64_t seconds);

// What every answer carries.
void SetSecurityHeaders(const Rules& rules, ResponseHead* head);

}  // namespace housecall::gateway

#endif  // HOUSECALL_DISPATCHER_GATEWAY_REQUEST_RULES_H_

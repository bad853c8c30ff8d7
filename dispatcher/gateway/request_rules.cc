#include "dispatcher/gateway/request_rules.h"

#include <algorithm>
#include <array>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace housecall::gateway {
namespace {

constexpr size_t kMaxTargetBytes = 2048;

// Scripts, styles, images, sounds, workers and calls from here and nowhere
// else, nothing inline and nothing that a script made up (`blob:`, `data:`), no
// frame around it.
constexpr char kContentSecurityPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; font-src 'self'; connect-src 'self'; "
    "media-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
constexpr char kPermissionsPolicy[] =
    "geolocation=(self), camera=(), microphone=(), payment=(), usb=(), "
    "serial=(), bluetooth=(), browsing-topics=()";

// Where a second one would leave open which counts.
constexpr std::array<const char*, 10> kOnce = {
    "Host",         "Content-Length", "Transfer-Encoding", "Content-Type",
    "Origin",       "Sec-Fetch-Site", "Authorization",     "Expect",
    "grpc-timeout", "If-None-Match"};

std::optional<Refusal> BadRequest(std::string text) {
  return Refusal{http::status::bad_request, std::move(text)};
}

bool IsPathByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
         c == '_' || c == '/';
}

// "/package.Service/Method".
bool IsCallPath(absl::string_view target) {
  return std::count(target.begin(), target.end(), '/') == 2 &&
         !absl::EndsWith(target, "/") &&
         std::all_of(target.begin(), target.end(), IsPathByte);
}

bool IsGrpcWeb(absl::string_view content_type) {
  // Parameters such as a charset mean nothing here.
  const absl::string_view type = absl::StripAsciiWhitespace(
      content_type.substr(0, content_type.find(';')));
  return absl::EqualsIgnoreCase(type, "application/grpc-web") ||
         absl::EqualsIgnoreCase(type, "application/grpc-web+proto");
}

}  // namespace

bool Rules::secure() const {
  return tls || absl::c_any_of(origins, [](const std::string& origin) {
           return absl::StartsWith(origin, "https://");
         });
}

std::string Rules::cookie_name() const {
  return secure() ? "__Host-housecall-session" : "housecall-session";
}

std::optional<Refusal> CheckHead(const RequestHead& head) {
  if (head.version() != 11) {
    return Refusal{http::status::http_version_not_supported,
                   "HTTP/1.1 is needed (nginx: proxy_http_version 1.1)"};
  }
  for (const char* name : kOnce) {
    const auto range = head.equal_range(name);
    if (std::distance(range.first, range.second) > 1) {
      return BadRequest(absl::StrCat("more than one ", name));
    }
  }
  const absl::string_view host = HeaderOf(head, "Host");
  if (host.empty() || absl::c_any_of(host, [](char c) {
        return !absl::ascii_isgraph(static_cast<unsigned char>(c)) ||
               absl::StrContains("/\\@?#", c);
      })) {
    return BadRequest("Host: must be there, a name or an address");
  }
  // Beast takes "5, 5" for 5, as HTTP lets it; not every proxy does.
  if (!absl::c_all_of(HeaderOf(head, "Content-Length"), [](char c) {
        return absl::ascii_isdigit(static_cast<unsigned char>(c));
      })) {
    return BadRequest("Content-Length: must be one number");
  }
  if (HasHeader(head, "Transfer-Encoding")) {
    if (!absl::EqualsIgnoreCase(HeaderOf(head, "Transfer-Encoding"),
                                "chunked") ||
        HasHeader(head, "Content-Length")) {
      return BadRequest("Transfer-Encoding: only chunked, and by itself");
    }
  }
  if (HasHeader(head, "Expect") &&
      !absl::EqualsIgnoreCase(HeaderOf(head, "Expect"), "100-continue")) {
    return Refusal{http::status::expectation_failed, "Expect: not understood"};
  }
  const absl::string_view target = View(head.target());
  if (target.size() > kMaxTargetBytes) {
    return Refusal{http::status::uri_too_long, "the path is too long"};
  }
  if (!absl::StartsWith(target, "/") || absl::StartsWith(target, "//") ||
      !absl::c_all_of(target, [](char c) {
        return absl::ascii_isgraph(static_cast<unsigned char>(c));
      })) {
    return BadRequest("the target is no path");
  }
  return std::nullopt;
}

std::optional<Refusal> CheckCall(const RequestHead& head, const Rules& rules) {
  const absl::string_view target = View(head.target());
  if (!IsCallPath(target) ||
      absl::c_none_of(rules.path_prefixes, [&](const std::string& prefix) {
        return absl::StartsWith(target, prefix);
      })) {
    return Refusal{http::status::not_found, "nothing here can be called"};
  }
  if (head.method() != http::verb::post) {
    return Refusal{http::status::method_not_allowed, "calls are POSTs"};
  }
  if (!IsGrpcWeb(HeaderOf(head, "Content-Type"))) {
    return Refusal{http::status::unsupported_media_type,
                   "Content-Type: must be application/grpc-web+proto"};
  }
  if (!HasHeader(head, "X-Grpc-Web")) {
    return Refusal{http::status::forbidden, "X-Grpc-Web: must be there"};
  }
  const absl::string_view site = HeaderOf(head, "Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin") {
    return Refusal{http::status::forbidden, "the call is another site's"};
  }
  const absl::string_view origin = HeaderOf(head, "Origin");
  if (!origin.empty()) {
    const std::string own = absl::StrCat(rules.tls ? "https://" : "http://",
                                         HeaderOf(head, "Host"));
    const bool known =
        rules.origins.empty()
            ? absl::EqualsIgnoreCase(origin, own)
            : absl::c_any_of(rules.origins, [&](const std::string& each) {
                return absl::EqualsIgnoreCase(origin, each);
              });
    if (!known) {
      return Refusal{http::status::forbidden,
                     "Origin: the call is another site's"};
    }
  }
  if (!IsFromBrowser(head) && !CookieOf(head, rules.cookie_name()).empty()) {
    return Refusal{http::status::forbidden,
                   "a cookie counts from browsers only; send the token as "
                   "authorization"};
  }
  return std::nullopt;
}

bool IsFromBrowser(const RequestHead& head) {
  return HasHeader(head, "Origin") || HasHeader(head, "Sec-Fetch-Site");
}

std::string CookieOf(const RequestHead& head, absl::string_view name) {
  std::string value;
  int count = 0;
  const auto range = head.equal_range(http::field::cookie);
  for (auto header = range.first; header != range.second; ++header) {
    for (absl::string_view pair : absl::StrSplit(View(header->value()), ';')) {
      pair = absl::StripAsciiWhitespace(pair);
      if (!absl::ConsumePrefix(&pair, name) ||
          !absl::ConsumePrefix(&pair, "=")) {
        continue;
      }
      value = std::string(pair);
      ++count;
    }
  }
  return count == 1 ? value : "";
}

std::string SessionCookie(const Rules& rules, absl::string_view token,
                          int64_t seconds) {
  return absl::StrCat(rules.cookie_name(), "=", seconds > 0 ? token : "",
                      "; Path=/; HttpOnly; SameSite=Strict; Max-Age=",
                      std::max<int64_t>(seconds, 0),
                      rules.secure() ? "; Secure" : "");
}

void SetSecurityHeaders(const Rules& rules, ResponseHead* head) {
  head->set("Content-Security-Policy", kContentSecurityPolicy);
  head->set("Permissions-Policy", kPermissionsPolicy);
  head->set("X-Content-Type-Options", "nosniff");
  head->set("Referrer-Policy", "no-referrer");
  head->set("Cross-Origin-Opener-Policy", "same-origin");
  head->set("Cross-Origin-Resource-Policy", "same-origin");
  if (rules.secure()) {
    head->set("Strict-Transport-Security", "max-age=31536000");
  }
}

}  // namespace housecall::gateway

#include "dispatcher/gateway/request_rules.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Headers = std::vector<std::pair<std::string, std::string>>;

RequestHead Head(const Headers& headers) {
  RequestHead head;
  head.version(11);
  head.method(http::verb::post);
  head.target("/housecall.v1.CallService/CreateCall");
  for (const auto& [name, value] : headers) {
    head.insert(BeastView(name), BeastView(value));
  }
  return head;
}

// As Connect sends it from a page.
Headers FromPage() {
  return {{"Host", "center.example"},
          {"Content-Type", "application/grpc-web+proto"},
          {"X-Grpc-Web", "1"},
          {"Origin", "https://center.example"},
          {"Sec-Fetch-Site", "same-origin"}};
}

Headers With(Headers headers, const std::string& name,
             const std::string& value) {
  for (auto& header : headers) {
    if (header.first == name) {
      header.second = value;
      return headers;
    }
  }
  headers.emplace_back(name, value);
  return headers;
}

Headers Without(Headers headers, const std::string& name) {
  std::erase_if(headers, [&](const auto& each) { return each.first == name; });
  return headers;
}

Rules TlsRules() { return {{}, {"/housecall.v1."}, true}; }

int StatusOf(const std::optional<Refusal>& refusal) {
  return refusal.has_value() ? static_cast<int>(refusal->status) : 200;
}

TEST(RequestRules, LetThroughWhatAPageFromHereSends) {
  EXPECT_EQ(StatusOf(CheckHead(Head(FromPage()))), 200);
  EXPECT_EQ(StatusOf(CheckCall(Head(FromPage()), TlsRules())), 200);
  // No browser: neither header, and no cookie.
  const Headers program =
      Without(Without(FromPage(), "Origin"), "Sec-Fetch-Site");
  EXPECT_EQ(StatusOf(CheckCall(Head(program), TlsRules())), 200);
  for (const char* type : {"application/grpc-web", "Application/gRPC-Web",
                           "application/grpc-web+proto; charset=x"}) {
    EXPECT_EQ(StatusOf(CheckCall(Head(With(FromPage(), "Content-Type", type)),
                                 TlsRules())),
              200)
        << type;
  }
}

TEST(RequestRules, RefuseCallsOfOtherSites) {
  const struct {
    Headers headers;
    int status;
  } rows[] = {
      {Without(FromPage(), "X-Grpc-Web"), 403},
      {Without(FromPage(), "Content-Type"), 415},
      {With(FromPage(), "Content-Type", "text/plain"), 415},
      {With(FromPage(), "Content-Type", "application/grpc"), 415},
      {With(FromPage(), "Content-Type", "application/grpc-web-text"), 415},
      {With(FromPage(), "Content-Type", "application/x-www-form-urlencoded"),
       415},
      {With(FromPage(), "Sec-Fetch-Site", "same-site"), 403},
      {With(FromPage(), "Sec-Fetch-Site", "cross-site"), 403},
      {With(FromPage(), "Sec-Fetch-Site", "none"), 403},
      {With(FromPage(), "Origin", "https://evil.example"), 403},
      {With(FromPage(), "Origin", "http://center.example"), 403},
      {With(FromPage(), "Origin", "https://center.example:8443"), 403},
      {With(FromPage(), "Origin", "https://center.example.evil.example"), 403},
      {With(FromPage(), "Origin", "null"), 403},
      {With(FromPage(), "Host", "other.example"), 403},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(StatusOf(CheckCall(Head(row.headers), TlsRules())), row.status)
        << ::testing::PrintToString(row.headers);
  }
}

TEST(RequestRules, KnowTheNamesOfTheProxyInFront) {
  Rules rules{{"https://a.example", "https://b.example"}, {"/housecall.v1."}};
  const auto status = [&](const char* origin) {
    // The proxy says "Host: 127.0.0.1:7480", say.
    return StatusOf(CheckCall(Head(With(FromPage(), "Origin", origin)), rules));
  };
  EXPECT_EQ(status("https://a.example"), 200);
  EXPECT_EQ(status("https://B.example"), 200);
  EXPECT_EQ(status("https://center.example"), 403);
  EXPECT_TRUE(rules.secure());
  rules.origins = {"http://a.example"};
  EXPECT_FALSE(rules.secure());
}

TEST(RequestRules, TakeACookieFromBrowsersOnly) {
  const Headers cookie =
      With(FromPage(), "Cookie", "a=b; __Host-housecall-session=hc1.x");
  EXPECT_EQ(StatusOf(CheckCall(Head(cookie), TlsRules())), 200);
  EXPECT_EQ(StatusOf(CheckCall(Head(Without(cookie, "Origin")), TlsRules())),
            200);
  const Headers program = Without(Without(cookie, "Origin"), "Sec-Fetch-Site");
  EXPECT_EQ(StatusOf(CheckCall(Head(program), TlsRules())), 403);
}

TEST(RequestRules, OpenOnlyTheirPaths) {
  for (const char* target :
       {"/housecall.v2.CallService/CreateCall", "/housecall.v1.A/B?c",
        "/housecall.v1.A", "/housecall.v1.A/", "/housecall.v1.A/B/C",
        "/housecall.v1.A/B%41", "/housecall.v1.A/..", "/index.html",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    RequestHead head = Head(FromPage());
    head.target(target);
    const int status = StatusOf(CheckCall(head, TlsRules()));
    // Dots are letters of a method's path: gRPC itself knows no such method.
    EXPECT_EQ(status,
              absl::string_view(target) == "/housecall.v1.A/.." ? 200 : 404)
        << target;
  }
  RequestHead head = Head(FromPage());
  head.method(http::verb::put);
  EXPECT_EQ(StatusOf(CheckCall(head, TlsRules())), 405);
}

TEST(RequestRules, RefuseHeadsThatTwoServersCouldReadDifferently) {
  const Headers page = FromPage();
  const auto twice = [&](const char* name, const char* value) {
    Headers headers = page;
    headers.emplace_back(name, value);
    headers.emplace_back(name, value);
    return headers;
  };
  const struct {
    Headers headers;
    int status;
  } rows[] = {
      {Without(page, "Host"), 400},
      {With(page, "Host", ""), 400},
      {With(page, "Host", "a b"), 400},
      {With(page, "Host", "a/b"), 400},
      {With(page, "Host", "user@center.example"), 400},
      {twice("Host", "center.example"), 400},
      {twice("Content-Length", "3"), 400},
      {With(page, "Content-Length", "3"), 200},
      {With(page, "Content-Length", "3, 3"), 400},
      {With(page, "Content-Length", "+3"), 400},
      {twice("Transfer-Encoding", "chunked"), 400},
      {twice("Authorization", "Bearer x"), 400},
      {twice("Sec-Fetch-Site", "same-origin"), 400},
      {With(page, "Transfer-Encoding", "chunked"), 200},
      {With(page, "Transfer-Encoding", "gzip, chunked"), 400},
      {With(page, "Transfer-Encoding", "identity"), 400},
      {With(page, "Transfer-Encoding", "xchunked"), 400},
      {With(With(page, "Transfer-Encoding", "chunked"), "Content-Length", "3"),
       400},
      {With(page, "Expect", "100-continue"), 200},
      {With(page, "Expect", "200-ok"), 417},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(StatusOf(CheckHead(Head(row.headers))), row.status)
        << ::testing::PrintToString(row.headers);
  }
  const std::pair<std::string, int> targets[] = {
      {"/a?b#", 200},
      {"http://center.example/a", 400},
      {"//evil.example/a", 400},
      {"*", 400},
      {"a", 400},
      {"/\x01", 400},
      {"/往", 400},
      {"/" + std::string(2048, 'a'), 414},
  };
  for (const auto& [target, status] : targets) {
    RequestHead head = Head(page);
    head.target(BeastView(target));
    EXPECT_EQ(StatusOf(CheckHead(head)), status) << target;
  }
  RequestHead old = Head(page);
  old.version(10);
  EXPECT_EQ(StatusOf(CheckHead(old)), 505);
}

TEST(RequestRules, FindOneCookieOrNone) {
  const auto cookie = [](const Headers& headers) {
    return CookieOf(Head(headers), "s");
  };
  EXPECT_EQ(cookie({}), "");
  EXPECT_EQ(cookie({{"Cookie", "s=1"}}), "1");
  EXPECT_EQ(cookie({{"Cookie", "a=2;  s=1=2 ;b=3"}}), "1=2");
  EXPECT_EQ(cookie({{"Cookie", "ss=1; xs=2; s"}}), "");
  EXPECT_EQ(cookie({{"Cookie", "a=1"}, {"Cookie", "s=2"}}), "2");
  // Which counts, nobody knows.
  EXPECT_EQ(cookie({{"Cookie", "s=1; s=2"}}), "");
  EXPECT_EQ(cookie({{"Cookie", "s=1"}, {"Cookie", "s=1"}}), "");
}

TEST(RequestRules, MarkCookiesSoThatNoScriptAndNoOtherSiteHasThem) {
  EXPECT_EQ(SessionCookie(TlsRules(), "hc1.x", 3600),
            "__Host-housecall-session=hc1.x; Path=/; HttpOnly; "
            "SameSite=Strict; Max-Age=3600; Secure");
  EXPECT_EQ(SessionCookie(Rules(), "hc1.x", 3600),
            "housecall-session=hc1.x; Path=/; HttpOnly; SameSite=Strict; "
            "Max-Age=3600");
  EXPECT_EQ(SessionCookie(TlsRules(), "hc1.x", -5),
            "__Host-housecall-session=; Path=/; HttpOnly; SameSite=Strict; "
            "Max-Age=0; Secure");
}

TEST(RequestRules, ForbidInlineScriptsFramesAndOtherHosts) {
  ResponseHead head;
  SetSecurityHeaders(TlsRules(), &head);
  const std::string policy(head["Content-Security-Policy"]);
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("script-src 'self';"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(policy, Not(HasSubstr("http")));
  EXPECT_THAT(policy, Not(HasSubstr("data:")));
  EXPECT_THAT(policy, Not(HasSubstr("blob:")));
  EXPECT_EQ(head["Referrer-Policy"], "no-referrer");
  EXPECT_EQ(head["X-Content-Type-Options"], "nosniff");
  EXPECT_EQ(head["Strict-Transport-Security"], "max-age=31536000");
  ResponseHead plain;
  SetSecurityHeaders(Rules(), &plain);
  EXPECT_EQ(plain.count("Strict-Transport-Security"), 0u);
}

}  // namespace
}  // namespace housecall::gateway

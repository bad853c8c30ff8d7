#include "dispatcher/gateway/static_files.h"

#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/temporary_folder.h"

namespace housecall::gateway {
namespace {

using ::testing::HasSubstr;

class StaticFilesTest : public ::testing::Test {
 protected:
  void Put(const std::string& name, const std::string& text) {
    const std::filesystem::path path(folder_.File(name));
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }

  void Read() {
    auto files = StaticFiles::Read(folder_.path());
    ASSERT_TRUE(files.ok()) << files.status();
    files_ = *std::move(files);
  }

  StaticFiles::Answer Get(const std::string& target,
                          const std::string& encodings = "",
                          const std::string& etag = "",
                          http::verb verb = http::verb::get) {
    RequestHead request;
    request.method(verb);
    request.target(BeastView(target));
    if (!encodings.empty()) {
      request.set(http::field::accept_encoding, encodings);
    }
    if (!etag.empty()) request.set(http::field::if_none_match, etag);
    return files_.Find(request);
  }

  static std::string Header(const StaticFiles::Answer& answer,
                            http::field field) {
    return std::string(answer.head[field]);
  }

  static std::string Unzipped(absl::string_view bytes) {
    std::string text(1 << 20, '\0');
    z_stream stream = {};
    EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    text.resize(stream.total_out);
    inflateEnd(&stream);
    return text;
  }

  store::testing::TemporaryFolder folder_;
  StaticFiles files_;
};

TEST_F(StaticFilesTest, ServesAFolder) {
  Put("index.html", "<!doctype html>");
  Put("assets/a-1.js", "let a");
  Put("strange.xyz", "?");
  Read();
  StaticFiles::Answer answer = Get("/?lang=en");
  EXPECT_EQ(answer.head.result_int(), 200u);
  EXPECT_EQ(answer.body, "<!doctype html>");
  EXPECT_EQ(Header(answer, http::field::content_type),
            "text/html; charset=utf-8");
  EXPECT_EQ(Header(answer, http::field::content_length), "15");
  EXPECT_EQ(Header(answer, http::field::cache_control), "no-cache");
  answer = Get("/assets/a-1.js");
  EXPECT_EQ(answer.body, "let a");
  EXPECT_THAT(Header(answer, http::field::cache_control),
              HasSubstr("immutable"));
  EXPECT_EQ(Header(Get("/strange.xyz"), http::field::content_type),
            "application/octet-stream");
}

TEST_F(StaticFilesTest, KnowsNothingElse) {
  Put("index.html", "x");
  Put(".git/config", "secret");
  Put(".env", "secret");
  Put("a/b.txt", "x");
  Read();
  for (const char* target :
       {"/.env", "/.git/config", "/a", "/a/", "/../x", "/a/../index.html",
        "/a//b.txt", "/index%2ehtml", "/INDEX.HTML", "/a/b.txt/"}) {
    EXPECT_EQ(Get(target).head.result_int(), 404u) << target;
  }
  const StaticFiles::Answer answer = Get("/", "", "", http::verb::delete_);
  EXPECT_EQ(answer.head.result_int(), 405u);
  EXPECT_EQ(Header(answer, http::field::allow), "GET, HEAD");
}

TEST_F(StaticFilesTest, SaysThatABrowserHasItAlready) {
  Put("index.html", std::string(5000, 'x'));
  Read();
  const std::string plain = Header(Get("/"), http::field::etag);
  const std::string gzip = Header(Get("/", "gzip"), http::field::etag);
  EXPECT_NE(plain, gzip);
  for (const std::string& etag :
       {plain, "W/" + plain, "\"other\", " + plain, std::string("*")}) {
    const StaticFiles::Answer answer = Get("/", "", etag);
    EXPECT_EQ(answer.head.result_int(), 304u) << etag;
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(Header(answer, http::field::etag), plain);
  }
  EXPECT_EQ(Get("/", "", gzip).head.result_int(), 200u);
  EXPECT_EQ(Get("/", "gzip", gzip).head.result_int(), 304u);
  Put("index.html", std::string(5000, 'y'));
  Read();
  EXPECT_EQ(Get("/", "", plain).head.result_int(), 200u);
}

TEST_F(StaticFilesTest, CompressesTextForThoseWhoTakeIt) {
  const std::string text(50'000, 'x');
  Put("index.html", text);
  Put("small.js", "x");
  Put("picture.png", text);
  Put("both.js", text);
  Put("both.js.br", "brotli");
  Read();
  const struct {
    const char* target;
    const char* accepted;
    const char* encoding;
  } rows[] = {
      {"/", "gzip, deflate, br", "gzip"},
      {"/", "GZIP;q=0.5", "gzip"},
      {"/", "gzip;q=0", ""},
      {"/", "deflate", ""},
      {"/", "", ""},
      {"/small.js", "gzip", ""},
      {"/picture.png", "gzip", ""},
      {"/both.js", "gzip, br", "br"},
      {"/both.js", "gzip, br;q=0", "gzip"},
  };
  for (const auto& row : rows) {
    const StaticFiles::Answer answer = Get(row.target, row.accepted);
    EXPECT_EQ(Header(answer, http::field::content_encoding), row.encoding)
        << row.target << " " << row.accepted;
    EXPECT_EQ(Header(answer, http::field::vary), "Accept-Encoding");
    EXPECT_EQ(Header(answer, http::field::content_length),
              std::to_string(answer.body.size()));
  }
  EXPECT_EQ(Unzipped(Get("/", "gzip").body), text);
  EXPECT_EQ(Get("/both.js", "br").body, "brotli");
  EXPECT_EQ(Get("/both.js.br").head.result_int(), 404u);
}

TEST_F(StaticFilesTest, TellsAHeadRequestTheLengthOnly) {
  Put("index.html", "12345");
  Read();
  const StaticFiles::Answer answer = Get("/", "", "", http::verb::head);
  EXPECT_EQ(answer.head.result_int(), 200u);
  EXPECT_EQ(Header(answer, http::field::content_length), "5");
  EXPECT_EQ(answer.body, "");
}

TEST_F(StaticFilesTest, WantsAFolderWithAPage) {
  EXPECT_THAT(StaticFiles::Read(folder_.path()).status().message(),
              HasSubstr("index.html"));
  const auto missing = StaticFiles::Read(folder_.File("missing"));
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(missing.status().message(), HasSubstr("missing"));
}

}  // namespace
}  // namespace housecall::gateway

#include "dispatcher/gateway/static_files.h"

#include <openssl/sha.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "boost/beast/http/rfc7230.hpp"
#include "dispatcher/base/status_macros.h"

namespace housecall::gateway {
namespace {

constexpr size_t kMaxTotalBytes = 256 * 1024 * 1024;
// Below that, compression saves no packet.
constexpr size_t kMinCompressedBytes = 1024;
constexpr char kHashedNames[] = "/assets/";
constexpr char kBrotliSuffix[] = ".br";

struct Kind {
  const char* extension;
  const char* content_type;
  bool compressible;
};
constexpr Kind kKinds[] = {
    {".html", "text/html; charset=utf-8", true},
    {".js", "text/javascript; charset=utf-8", true},
    {".css", "text/css; charset=utf-8", true},
    {".json", "application/json", true},
    {".geojson", "application/geo+json", true},
    {".webmanifest", "application/manifest+json", true},
    {".svg", "image/svg+xml", true},
    {".txt", "text/plain; charset=utf-8", true},
    {".csv", "text/csv; charset=utf-8", true},
    {".map", "application/json", true},
    {".wasm", "application/wasm", true},
    {".pbf", "application/x-protobuf", true},
    {".png", "image/png", false},
    {".webp", "image/webp", false},
    {".ico", "image/x-icon", false},
    {".woff2", "font/woff2", false},
    {".mp3", "audio/mpeg", false},
    {".ogg", "audio/ogg", false},
    {".wav", "audio/wav", true},
};

Kind KindOf(absl::string_view path) {
  for (const Kind& kind : kKinds) {
    if (absl::EndsWith(path, kind.extension)) return kind;
  }
  return {"", "application/octet-stream", false};
}

std::string EtagOf(const std::string& body, absl::string_view suffix) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(body.data()), body.size(),
         hash);
  return absl::StrCat("\"",
                      absl::BytesToHexString(absl::string_view(
                          reinterpret_cast<const char*>(hash), 12)),
                      suffix, "\"");
}

// "" if zlib cannot.
std::string Gzipped(const std::string& text) {
  z_stream stream = {};
  constexpr int kGzip = 15 + 16;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return "";
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(done ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

// Whether "gzip;q=0.8, br" names it, and not with a weight of nothing.
bool Accepts(absl::string_view accept_encoding, absl::string_view coding) {
  for (const auto& [name, parameters] :
       http::ext_list(BeastView(accept_encoding))) {
    if (!absl::EqualsIgnoreCase(View(name), coding)) continue;
    for (const auto& [key, value] : parameters) {
      double weight = 1;
      if (absl::EqualsIgnoreCase(View(key), "q") &&
          (!absl::SimpleAtod(View(value), &weight) || weight <= 0)) {
        return false;
      }
    }
    return true;
  }
  return false;
}

bool HasAlready(absl::string_view if_none_match, absl::string_view etag) {
  for (absl::string_view each : absl::StrSplit(if_none_match, ',')) {
    each = absl::StripAsciiWhitespace(each);
    absl::ConsumePrefix(&each, "W/");
    if (each == etag || each == "*") return true;
  }
  return false;
}

StaticFiles::Answer Refuse(http::status status) {
  StaticFiles::Answer answer;
  answer.head.result(status);
  answer.head.set(http::field::cache_control, "no-store");
  return answer;
}

}  // namespace

absl::StatusOr<StaticFiles> StaticFiles::Read(const std::string& folder) {
  namespace fs = std::filesystem;
  const auto cannot = [&folder](const std::error_code& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read the folder ", folder, ": ", error.message()));
  };
  std::map<std::string, std::string> texts;
  size_t total = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end;
       !error && at != end; at.increment(error)) {
    if (absl::StartsWith(at->path().filename().string(), ".")) {
      at.disable_recursion_pending();
      continue;
    }
    if (!at->is_regular_file(error)) continue;
    std::ifstream in(at->path(), std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(in)),
                     std::istreambuf_iterator<char>());
    if (in.bad() || !in.is_open()) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot read the file ", at->path().string()));
    }
    total += text.size();
    if (total > kMaxTotalBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("the folder ", folder, " holds more than ",
                       kMaxTotalBytes / 1024 / 1024, " MB"));
    }
    texts["/" + at->path().lexically_relative(folder).generic_string()] =
        std::move(text);
  }
  if (error) return cannot(error);
  if (texts.count("/index.html") == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the folder ", folder, " has no index.html; build the screens first"));
  }

  StaticFiles files;
  for (auto& [path, text] : texts) {
    const absl::string_view original = absl::StripSuffix(path, kBrotliSuffix);
    if (original != path && texts.count(std::string(original)) > 0) continue;
    const Kind kind = KindOf(path);
    File& file = files.files_[path];
    file.content_type = kind.content_type;
    file.plain.etag = EtagOf(text, "");
    if (kind.compressible && text.size() >= kMinCompressedBytes) {
      std::string gzip = Gzipped(text);
      // Not worth unpacking for less than a tenth.
      if (!gzip.empty() && gzip.size() < text.size() - text.size() / 10) {
        file.gzip = {std::move(gzip), EtagOf(text, "-gzip")};
      }
    }
    if (const auto brotli = texts.find(absl::StrCat(path, kBrotliSuffix));
        brotli != texts.end()) {
      file.brotli = {std::move(brotli->second), EtagOf(text, "-br")};
    }
    file.plain.body = std::move(text);
  }
  return files;
}

StaticFiles::Answer StaticFiles::Find(const RequestHead& request) const {
  const bool head_only = request.method() == http::verb::head;
  if (request.method() != http::verb::get && !head_only) {
    Answer answer = Refuse(http::status::method_not_allowed);
    answer.head.set(http::field::allow, "GET, HEAD");
    return answer;
  }
  const absl::string_view target = View(request.target());
  std::string path(target.substr(0, target.find('?')));
  if (path == "/") path = "/index.html";
  const auto found = files_.find(path);
  if (found == files_.end()) return Refuse(http::status::not_found);

  const File& file = found->second;
  const absl::string_view accepted = HeaderOf(request, "Accept-Encoding");
  const Version* version = &file.plain;
  Answer answer;
  if (!file.brotli.body.empty() && Accepts(accepted, "br")) {
    version = &file.brotli;
    answer.head.set(http::field::content_encoding, "br");
  } else if (!file.gzip.body.empty() && Accepts(accepted, "gzip")) {
    version = &file.gzip;
    answer.head.set(http::field::content_encoding, "gzip");
  }
  answer.head.set(http::field::content_type, file.content_type);
  answer.head.set(http::field::etag, version->etag);
  answer.head.set(http::field::vary, "Accept-Encoding");
  answer.head.set(http::field::cache_control,
                  absl::StartsWith(path, kHashedNames)
                      ? "public, max-age=31536000, immutable"
                      : "no-cache");
  if (HasAlready(HeaderOf(request, "If-None-Match"), version->etag)) {
    answer.head.result(http::status::not_modified);
    answer.head.erase(http::field::content_encoding);
    return answer;
  }
  answer.head.result(http::status::ok);
  answer.head.content_length(version->body.size());
  if (!head_only) answer.body = version->body;
  return answer;
}

}  // namespace housecall::gateway

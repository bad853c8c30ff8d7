// The files that browsers are served: the screens, as the web client's build
// left them.
#ifndef HOUSECALL_DISPATCHER_GATEWAY_STATIC_FILES_H_
#define HOUSECALL_DISPATCHER_GATEWAY_STATIC_FILES_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dispatcher/gateway/http.h"

namespace housecall::gateway {

// One folder's files, read once and kept in memory: no path of a request ever
// reaches the file system, and a half-copied update is never served. Constant
// after construction.
class StaticFiles {
 public:
  // None.
  StaticFiles() = default;

  // Reads a folder with all below it, but for names that begin with a dot. Text
  // is compressed with gzip here; a FILE.br beside a FILE is served instead of
  // it to browsers that take it. InvalidArgument if the folder has no
  // index.html, cannot be read or holds more than 256 MB.
  static absl::StatusOr<StaticFiles> Read(const std::string& folder);

  struct Answer {
    ResponseHead head;
    // Lives as long as these files; empty for HEAD and 304.
    absl::string_view body;
  };

  // The answer to a GET or HEAD: 200 with the file, 304 if the browser has it
  // already, 404, or 405 for another method. "/" is /index.html; a query counts
  // for nothing. Files under /assets/ have their content's hash in their name
  // and may be kept for a year; all others are asked for anew each time.
  Answer Find(const RequestHead& request) const;

 private:
  struct Version {
    std::string body;
    std::string etag;
  };
  struct File {
    std::string content_type;
    Version plain;
    // Empty where there is none.
    Version gzip;
    Version brotli;
  };

  // By path, such as "/assets/index-1a2b3c.js".
  std::map<std::string, File> files_;
};

}  // namespace housecall::gateway

#endif  // HOUSECALL_DISPATCHER_GATEWAY_STATIC_FILES_H_

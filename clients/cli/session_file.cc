#include "clients/cli/session_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/message.h"
#include "nlohmann/json.hpp"

namespace housecall::cli {
namespace {

using nlohmann::json;

std::string PathOf(const std::string& folder, const std::string& profile) {
  return absl::StrCat(folder, "/", profile, ".json");
}

std::string TextOf(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string()
             ? found->get_ref<const std::string&>()
             : "";
}

absl::Status CannotWrite(const std::string& path) {
  const char* why = std::strerror(errno);
  return NotPossible(absl::StrCat("cannot write ", path, ": ", why),
                     absl::StrCat(path, " に書けません: ", why));
}

}  // namespace

absl::StatusOr<std::string> ConfigFolder(
    const std::function<std::optional<std::string>(const std::string&)>&
        environment) {
  const auto get = [&](const char* name) {
    return environment(name).value_or("");
  };
  if (const std::string own = get("HOUSECALL_CONFIG"); !own.empty()) {
    return own;
  }
  if (const std::string xdg = get("XDG_CONFIG_HOME"); !xdg.empty()) {
    return absl::StrCat(xdg, "/housecall");
  }
  if (const std::string home = get("HOME"); !home.empty()) {
    return absl::StrCat(home, "/.config/housecall");
  }
  return NotPossible(
      "set HOUSECALL_CONFIG to a folder for logins; HOME is not set either",
      "ログインの保存先がありません。環境変数 HOUSECALL_CONFIG "
      "にフォルダを指定してください（HOME もありません）");
}

absl::Status CheckProfile(const std::string& profile) {
  bool is_valid = !profile.empty() && profile.size() <= 64;
  for (const char c : profile) {
    is_valid =
        is_valid && (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                     c == '-' || c == '_');
  }
  if (is_valid) return absl::OkStatus();
  return WrongInput(
      "--profile: must be 1 to 64 letters, digits, '-' or '_'",
      "--profile: 半角の英数字・-・_ で 1～64 文字にしてください");
}

absl::StatusOr<SavedSession> LoadSession(const std::string& folder,
                                         const std::string& profile) {
  const std::string path = PathOf(folder, profile);
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    const std::string login = absl::StrCat(
        "housecall login",
        profile == "default" ? "" : absl::StrCat(" --profile ", profile),
        " --server HOST:PORT --center CENTER --account ACCOUNT");
    return InBothLanguages(
        absl::StatusCode::kNotFound,
        absl::StrCat("profile ", profile, " is not logged in; run: ", login),
        absl::StrCat("プロファイル ", profile,
                     " はログインしていません。次で入れます: ", login));
  }
  if ((info.st_mode & 077) != 0) {
    return NotPossible(
        absl::StrCat(path,
                     " holds a login and others may read it; run: "
                     "chmod 600 ",
                     path),
        absl::StrCat("ログイン情報 ", path,
                     " をほかの人も読めます。次で直せます: chmod 600 ", path));
  }
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  const json object = json::parse(text.str(), nullptr, false);
  SavedSession session;
  if (object.is_object()) {
    session.target.server = TextOf(object, "server");
    session.target.tls_ca = TextOf(object, "tls_ca");
    session.target.tls_cert = TextOf(object, "tls_cert");
    session.target.tls_key = TextOf(object, "tls_key");
    session.center = TextOf(object, "center");
    session.account = TextOf(object, "account");
    session.person = TextOf(object, "person");
    session.session = TextOf(object, "session");
    session.token = TextOf(object, "token");
  }
  if (session.token.empty() || session.center.empty() ||
      session.target.server.empty()) {
    return NotPossible(
        absl::StrCat(path, " is damaged; remove it and log in anew"),
        absl::StrCat(path,
                     " が壊れています。削除してからログインし直してください"));
  }
  return session;
}

absl::Status SaveSession(const std::string& folder, const std::string& profile,
                         const SavedSession& session) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    std::filesystem::create_directories(folder, error);
    if (error) {
      return NotPossible(
          absl::StrCat("cannot make ", folder, ": ", error.message()),
          absl::StrCat(folder, " を作れません: ", error.message()));
    }
    chmod(folder.c_str(), 0700);
  }
  const json object = {{"server", session.target.server},
                       {"tls_ca", session.target.tls_ca},
                       {"tls_cert", session.target.tls_cert},
                       {"tls_key", session.target.tls_key},
                       {"center", session.center},
                       {"account", session.account},
                       {"person", session.person},
                       {"session", session.session},
                       {"token", session.token}};
  const std::string text =
      object.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  const std::string path = PathOf(folder, profile);
  // A new file of that mode from its first byte, put in the old one's place.
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  const int fd = mkstemp(temporary.data());
  if (fd < 0) return CannotWrite(path);
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = write(fd, text.data() + written, text.size() - written);
    if (n <= 0) break;
    written += static_cast<size_t>(n);
  }
  const bool is_kept = written == text.size() && fchmod(fd, 0600) == 0;
  const bool is_closed = close(fd) == 0;
  if (!is_kept || !is_closed ||
      std::rename(temporary.c_str(), path.c_str()) != 0) {
    absl::Status status = CannotWrite(path);
    unlink(temporary.c_str());
    return status;
  }
  return absl::OkStatus();
}

absl::Status RemoveSession(const std::string& folder,
                           const std::string& profile) {
  const std::string path = PathOf(folder, profile);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    const char* why = std::strerror(errno);
    return NotPossible(absl::StrCat("cannot remove ", path, ": ", why),
                       absl::StrCat(path, " を削除できません: ", why));
  }
  return absl::OkStatus();
}

}  // namespace housecall::cli

#include "clients/cli/session_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::cli {
namespace {

using ::testing::HasSubstr;

class SessionFileTest : public ::testing::Test {
 protected:
  SessionFileTest() {
    std::string path =
        (std::filesystem::temp_directory_path() / "housecall.XXXXXX").string();
    folder_ = mkdtemp(path.data());
  }
  ~SessionFileTest() override { std::filesystem::remove_all(folder_); }

  std::string config() const { return folder_ + "/config"; }

  SavedSession Session() const {
    SavedSession session;
    session.target.server = "127.0.0.1:7443";
    session.target.tls_ca = "ca.pem";
    session.center = "hino";
    session.account = "nurse";
    session.person = "nurse";
    session.session = "centers/hino/sessions/s1";
    session.token = "secret-token";
    return session;
  }

  std::string folder_;
};

int ModeOf(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : -1;
}

TEST_F(SessionFileTest, KeepsWhatWasSavedForItsOwnerOnly) {
  ASSERT_TRUE(SaveSession(config(), "nurse", Session()).ok());
  EXPECT_EQ(ModeOf(config()), 0700);
  EXPECT_EQ(ModeOf(config() + "/nurse.json"), 0600);
  const absl::StatusOr<SavedSession> loaded = LoadSession(config(), "nurse");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->token, "secret-token");
  EXPECT_EQ(loaded->target.server, "127.0.0.1:7443");
  EXPECT_EQ(loaded->target.tls_ca, "ca.pem");
  EXPECT_EQ(loaded->session, "centers/hino/sessions/s1");
}

TEST_F(SessionFileTest, ReplacesAnOldFileAndLeavesNoOther) {
  ASSERT_TRUE(SaveSession(config(), "a", Session()).ok());
  SavedSession next = Session();
  next.token = "next";
  ASSERT_TRUE(SaveSession(config(), "a", next).ok());
  EXPECT_EQ(LoadSession(config(), "a")->token, "next");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(config())) {
    (void)entry;
    ++files;
  }
  EXPECT_EQ(files, 1);
}

TEST_F(SessionFileTest, RefusesAFileThatOthersMayRead) {
  ASSERT_TRUE(SaveSession(config(), "a", Session()).ok());
  chmod((config() + "/a.json").c_str(), 0640);
  const absl::StatusOr<SavedSession> loaded = LoadSession(config(), "a");
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(loaded.status().message()), HasSubstr("chmod 600"));
}

TEST_F(SessionFileTest, RefusesADamagedFileWithoutQuotingIt) {
  ASSERT_TRUE(SaveSession(config(), "a", Session()).ok());
  for (const char* text :
       {"", "{", "[]", "{\"token\": 7}", "{\"token\": \"secret-token\"}"}) {
    std::ofstream(config() + "/a.json") << text;
    const absl::Status status = LoadSession(config(), "a").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << text;
    EXPECT_THAT(std::string(status.message()),
                ::testing::Not(HasSubstr("secret-token")));
  }
}

TEST_F(SessionFileTest, SaysHowToLogIn) {
  const absl::Status status = LoadSession(config(), "nurse").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("housecall login --profile nurse"));
  EXPECT_TRUE(RemoveSession(config(), "nurse").ok());
}

TEST_F(SessionFileTest, SaysThatTheFolderCannotBeMade) {
  std::ofstream(folder_ + "/file") << "x";
  EXPECT_EQ(SaveSession(folder_ + "/file/config", "a", Session()).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(ConfigFolder, FollowsTheEnvironment) {
  std::map<std::string, std::string> environment;
  const auto get = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  };
  EXPECT_FALSE(ConfigFolder(get).ok());
  environment["HOME"] = "/people/x";
  EXPECT_EQ(ConfigFolder(get).value(), "/people/x/.config/housecall");
  environment["XDG_CONFIG_HOME"] = "/xdg";
  EXPECT_EQ(ConfigFolder(get).value(), "/xdg/housecall");
  environment["HOUSECALL_CONFIG"] = "/own";
  EXPECT_EQ(ConfigFolder(get).value(), "/own");
}

TEST(CheckProfile, KeepsProfilesInTheirFolder) {
  EXPECT_TRUE(CheckProfile("dr-sato_2").ok());
  for (const char* profile : {"", "../x", "a/b", "a.b", "a b", "a\n"}) {
    EXPECT_FALSE(CheckProfile(profile).ok()) << profile;
  }
  EXPECT_FALSE(CheckProfile(std::string(65, 'a')).ok());
}

}  // namespace
}  // namespace housecall::cli

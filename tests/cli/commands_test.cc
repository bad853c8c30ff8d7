#include "clients/cli/commands.h"

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cli/help.h"
#include "clients/cli/tables.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "housecall/v1/board_service.pb.h"
#include "housecall/v1/call_service.pb.h"
#include "housecall/v1/directory_service.pb.h"
#include "housecall/v1/note_service.pb.h"
#include "housecall/v1/patient_service.pb.h"
#include "housecall/v1/rota_service.pb.h"
#include "housecall/v1/session_service.pb.h"
#include "housecall/v1/visit_service.pb.h"
#include "nlohmann/json.hpp"
#include "tests/cli/fake_server.h"

namespace housecall::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kToken[] = "a-very-secret-token";

class CommandsTest : public ::testing::Test {
 protected:
  CommandsTest() {
    std::string path =
        (std::filesystem::temp_directory_path() / "housecall.XXXXXX").string();
    folder_ = mkdtemp(path.data());
    environment_ = {{"HOUSECALL_CONFIG", folder_ + "/config"},
                    {"LANG", "en_US.UTF-8"}};
    v1::CreateSessionResponse session;
    session.set_token(kToken);
    session.mutable_session()->set_name("centers/hino/sessions/s1");
    session.mutable_account()->add_roles(v1::ROLE_REQUESTER);
    session.mutable_person()->set_name("centers/hino/people/nurse");
    session.mutable_person()->set_display_name("伊藤");
    server_.On("CreateSession", session);
  }
  ~CommandsTest() override { std::filesystem::remove_all(folder_); }

  ExitCode Run(const std::vector<std::string>& arguments,
               const std::string& input = "") {
    std::istringstream in(input);
    out_.str("");
    err_.str("");
    Terminal terminal;
    terminal.in = &in;
    terminal.out = &out_;
    terminal.err = &err_;
    terminal.environment =
        [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      if (found == environment_.end()) return std::nullopt;
      return found->second;
    };
    terminal.now = [] { return absl::FromUnixSeconds(1778072640); };
    terminal.ask_password = [](const std::string&) { return std::nullopt; };
    terminal.is_reader_gone = [this] { return is_reader_gone_; };
    terminal.wait_for_stop = [this] {
      if (while_waiting_) while_waiting_();
    };
    return RunCommand(arguments, terminal);
  }

  void Login(const std::string& profile = "default") {
    ASSERT_EQ(
        Run({"login", "--profile", profile, "--server", server_.address(),
             "--center", "hino", "--account", "nurse", "--password-stdin"},
            "correct horse battery\n"),
        kOk)
        << err_.str();
  }

  FakeServer server_;
  std::string folder_;
  std::map<std::string, std::string> environment_;
  std::function<void()> while_waiting_;
  bool is_reader_gone_ = false;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CommandsTest, LogsInWithoutShowingTheToken) {
  Login();
  EXPECT_THAT(out_.str(), HasSubstr("伊藤 (nurse@hino)  requester"));
  EXPECT_THAT(out_.str(), Not(HasSubstr(kToken)));
  const auto requests =
      server_.RequestsOf<v1::CreateSessionRequest>("CreateSession");
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].account(), "centers/hino/accounts/nurse");
  EXPECT_EQ(requests[0].password(), "correct horse battery");
  struct stat info;
  ASSERT_EQ(stat((folder_ + "/config/default.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  ASSERT_EQ(Run({"login", "--json", "--server", server_.address(), "--center",
                 "hino", "--account", "nurse", "--password-stdin"},
                "correct horse battery\n"),
            kOk);
  EXPECT_THAT(out_.str(), Not(HasSubstr(kToken)));
  ASSERT_EQ(Run({"login", "--show-token", "--server", server_.address(),
                 "--center", "hino", "--account", "nurse", "--password-stdin"},
                "correct horse battery\n"),
            kOk);
  EXPECT_THAT(out_.str(), HasSubstr(kToken));
}

TEST_F(CommandsTest, SendsTheTokenOfTheChosenProfile) {
  server_.On("GetCall", v1::Call());
  Login("other");
  EXPECT_EQ(Run({"get-call", "c1"}), kRefused);
  EXPECT_THAT(err_.str(), HasSubstr("profile default is not logged in"));
  EXPECT_EQ(Run({"--profile", "other", "get-call", "c1"}), kOk) << err_.str();
  EXPECT_EQ(server_.requests().back().authorization,
            absl::StrCat("Bearer ", kToken));
  environment_["HOUSECALL_PROFILE"] = "other";
  EXPECT_EQ(Run({"get-call", "c1"}), kOk) << err_.str();
}

TEST_F(CommandsTest, LogsOutOnTheServerAndHere) {
  Login();
  server_.On("RevokeSession", v1::Session());
  EXPECT_EQ(Run({"logout"}), kOk) << err_.str();
  const auto requests =
      server_.RequestsOf<v1::RevokeSessionRequest>("RevokeSession");
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].session(), "centers/hino/sessions/s1");
  EXPECT_EQ(Run({"get-call", "c1"}), kRefused);
}

TEST_F(CommandsTest, SubmitsACallFromFlags) {
  Login();
  v1::Call call;
  call.set_name("centers/hino/calls/c1");
  call.set_state(v1::CALL_STATE_RECEIVED);
  server_.On("SubmitCall", call);
  ASSERT_EQ(Run({"submit-call", "c1", "--patient", "p-1", "--complaint", "熱",
                 "--judgement=朝まで待てない", "--callback-phone", "042-1",
                 "--place.position", "35.69,139.41", "--place.address", "A",
                 "--red-flags", "unconscious,stroke-signs",
                 "--vitals.temperature-celsius", "38.9"}),
            kOk)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("received"));
  const auto requests = server_.RequestsOf<v1::SubmitCallRequest>("SubmitCall");
  ASSERT_EQ(requests.size(), 1u);
  const v1::SubmitCallRequest& request = requests[0];
  EXPECT_EQ(request.call(), "centers/hino/calls/c1");
  EXPECT_EQ(request.patient(), "centers/hino/patients/p-1");
  EXPECT_EQ(request.judgement(), "朝まで待てない");
  EXPECT_NEAR(request.place().position().latitude(), 35.69, 1e-9);
  EXPECT_THAT(request.red_flags(),
              ElementsAre(v1::RED_FLAG_UNCONSCIOUS, v1::RED_FLAG_STROKE_SIGNS));
  EXPECT_EQ(request.request_id().size(), 36u);
}

// The advice does not depend on the server; what to read aloud does.
TEST_F(CommandsTest, TellsToRing119First) {
  Login();
  v1::Call call;
  call.set_name("centers/hino/calls/c1");
  call.set_patient("centers/hino/patients/p-1");
  call.mutable_place()->set_address("さくら町2-8");
  call.add_red_flags(v1::RED_FLAG_UNCONSCIOUS);
  server_.On("SubmitCall", call);
  v1::Coverage coverage;
  coverage.mutable_acp()->set_resuscitation(
      v1::RESUSCITATION_WISH_DO_NOT_ATTEMPT);
  server_.On("GetCoverage", coverage);
  std::vector<std::string> arguments = {
      "submit-call",      "c1", "--patient",   "p-1",
      "--complaint",      "x",  "--judgement", "y",
      "--callback-phone", "1",  "--red-flags", "unconscious",
      "--lang",           "ja"};
  ASSERT_EQ(Run(arguments), kOk) << err_.str();
  EXPECT_THAT(err_.str(), HasSubstr("まず 119 番に電話してください"));
  EXPECT_THAT(out_.str(),
              HasSubstr("119 番で伝えること\n  住所: さくら町2-8\n"));
  EXPECT_THAT(out_.str(), HasSubstr("心肺蘇生: 希望しない(DNAR)"));
  const auto asked = server_.RequestsOf<v1::GetCoverageRequest>("GetCoverage");
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].patient(), "centers/hino/patients/p-1");

  server_.On("GetCoverage", v1::Coverage());
  ASSERT_EQ(Run(arguments), kOk);
  EXPECT_THAT(out_.str(), HasSubstr("ACP(人生会議): 記録なし"));

  server_.Refuse("GetCoverage", grpc::StatusCode::PERMISSION_DENIED, "no");
  ASSERT_EQ(Run(arguments), kOk);
  EXPECT_THAT(out_.str(), HasSubstr("住所: さくら町2-8"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("記録なし")));
  server_.Refuse("SubmitCall", grpc::StatusCode::DEADLINE_EXCEEDED, "slow");
  EXPECT_EQ(Run(arguments), kUncertain);
  EXPECT_THAT(err_.str(), HasSubstr("119"));
  arguments.push_back("--json");
  EXPECT_EQ(Run(arguments), kUncertain);
  EXPECT_TRUE(nlohmann::json::parse(err_.str()).is_object());

  server_.On("RaiseEmergency", call);
  ASSERT_EQ(Run({"raise-emergency", "c1"}), kOk) << err_.str();
  EXPECT_THAT(err_.str(), HasSubstr("ring 119 first"));
  EXPECT_THAT(out_.str(), HasSubstr("To read to 119"));
  arguments = {"submit-call",      "c1", "--patient",   "p-1",
               "--complaint",      "x",  "--judgement", "y",
               "--callback-phone", "1"};
  server_.On("SubmitCall", call);
  ASSERT_EQ(Run(arguments), kOk) << err_.str();
  EXPECT_EQ(err_.str(), "");
}

TEST_F(CommandsTest, SaysThatTheCallWasAddedToAnOpenOne) {
  Login();
  v1::Call call;
  call.set_name("centers/hino/calls/c1");
  server_.On("SubmitCall", call);
  const auto submit = [&](const std::string& name) {
    EXPECT_EQ(Run({"submit-call", name, "--patient", "p-1", "--complaint", "x",
                   "--judgement", "y", "--callback-phone", "1"}),
              kOk)
        << err_.str();
    return out_.str();
  };
  EXPECT_THAT(submit("c2"), HasSubstr("you follow it now"));
  EXPECT_THAT(submit("c1"), Not(HasSubstr("you follow it now")));
}

TEST_F(CommandsTest, KeepsAGivenRequestId) {
  Login();
  server_.On("FollowCall", v1::Call());
  ASSERT_EQ(Run({"follow-call", "c1", "--request-id", "again"}), kOk);
  EXPECT_EQ(
      server_.RequestsOf<v1::FollowCallRequest>("FollowCall")[0].request_id(),
      "again");
}

TEST_F(CommandsTest, TriesAgainWithTheSameRequestId) {
  Login();
  std::atomic<int> tries{0};
  server_.On("FollowCall", [&](const std::string&) -> FakeServer::Answer {
    if (++tries < 3) {
      return {grpc::Status(grpc::StatusCode::UNAVAILABLE, "again"), {}};
    }
    return {grpc::Status::OK, {v1::Call().SerializeAsString()}};
  });
  ASSERT_EQ(Run({"follow-call", "c1"}), kOk) << err_.str();
  const auto requests = server_.RequestsOf<v1::FollowCallRequest>("FollowCall");
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].request_id(), requests[2].request_id());
}

TEST_F(CommandsTest, TellsTheRequestIdWhereTheOutcomeIsUncertain) {
  Login();
  server_.Refuse("FollowCall", grpc::StatusCode::DEADLINE_EXCEEDED, "slow");
  EXPECT_EQ(Run({"follow-call", "c1"}), kUncertain);
  const auto requests = server_.RequestsOf<v1::FollowCallRequest>("FollowCall");
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_THAT(err_.str(),
              HasSubstr("--request-id " + requests[0].request_id()));
}

TEST_F(CommandsTest, ExitsAsTheServerAnswered) {
  Login();
  const struct {
    grpc::StatusCode code;
    ExitCode wanted;
  } rows[] = {
      {grpc::StatusCode::INVALID_ARGUMENT, kRefused},
      {grpc::StatusCode::FAILED_PRECONDITION, kRefused},
      {grpc::StatusCode::NOT_FOUND, kRefused},
      {grpc::StatusCode::ALREADY_EXISTS, kRefused},
      {grpc::StatusCode::ABORTED, kRefused},
      {grpc::StatusCode::PERMISSION_DENIED, kRefused},
      {grpc::StatusCode::UNAUTHENTICATED, kRefused},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, kRefused},
      {grpc::StatusCode::INTERNAL, kRefused},
      {grpc::StatusCode::DEADLINE_EXCEEDED, kUncertain},
      {grpc::StatusCode::UNAVAILABLE, kUncertain},
  };
  for (const auto& row : rows) {
    server_.Refuse("GetCall", row.code, "the reason");
    EXPECT_EQ(Run({"get-call", "c1", "--timeout", "500ms"}), row.wanted)
        << row.code;
    EXPECT_THAT(err_.str(), HasSubstr("the reason"));
    EXPECT_EQ(out_.str(), "");
  }
}

TEST_F(CommandsTest, SaysThatNobodyListens) {
  Login();
  EXPECT_EQ(
      Run({"get-call", "c1", "--server", "127.0.0.1:1", "--timeout", "1s"}),
      kUncertain);
  EXPECT_THAT(err_.str(), HasSubstr("Cannot reach the server"));
}

TEST_F(CommandsTest, SaysInTheUsersLanguageWhatTheServerMeant) {
  Login();
  const struct {
    grpc::StatusCode code;
    const char* japanese;
    const char* english;
  } rows[] = {
      {grpc::StatusCode::PERMISSION_DENIED, "権限がないか", "Not allowed"},
      {grpc::StatusCode::NOT_FOUND, "見つかりません", "Not found"},
      {grpc::StatusCode::ABORTED, "--etag current", "--etag current"},
      {grpc::StatusCode::FAILED_PRECONDITION, "今の状態では", "in this state"},
      {grpc::StatusCode::DEADLINE_EXCEEDED, "時間内に返事", "No answer"},
      {grpc::StatusCode::INTERNAL, "受け付けられません", "Refused"},
  };
  for (const auto& row : rows) {
    server_.Refuse("GetCall", row.code, "the reason");
    Run({"get-call", "c1", "--lang", "ja"});
    EXPECT_THAT(err_.str(), HasSubstr(row.japanese));
    EXPECT_THAT(err_.str(), HasSubstr("the reason"));
    Run({"get-call", "c1"});
    EXPECT_THAT(err_.str(), HasSubstr(row.english));
  }
}

TEST_F(CommandsTest, TellsHowToLogInAsBefore) {
  Login("night");
  server_.Refuse("GetCall", grpc::StatusCode::UNAUTHENTICATED, "over");
  EXPECT_EQ(Run({"get-call", "c1", "--profile", "night"}), kRefused);
  EXPECT_THAT(err_.str(),
              HasSubstr("housecall login --profile night --server " +
                        server_.address() + " --center hino --account nurse"));
}

TEST_F(CommandsTest, SaysThatThereIsNoSuchCall) {
  Login();
  server_.On("ListMatches", v1::ListMatchesResponse());
  server_.On("ListEvents", v1::ListEventsResponse());
  server_.Refuse("GetCall", grpc::StatusCode::NOT_FOUND, "calls/c9");
  for (const char* command : {"why", "timeline"}) {
    EXPECT_EQ(Run({command, "c9"}), kRefused) << command;
    EXPECT_THAT(err_.str(), HasSubstr("Not found")) << command;
  }
  server_.On("GetCall", v1::Call());
  for (const char* command : {"why", "timeline"}) {
    EXPECT_EQ(Run({command, "c9"}), kOk) << command;
  }
}

TEST_F(CommandsTest, FailsWhereItsOutputIsNotWritten) {
  Login();
  server_.On("GetCall", v1::Call());
  out_.setstate(std::ios::badbit);
  EXPECT_EQ(Run({"get-call", "c1"}), kRefused);
  EXPECT_THAT(err_.str(), HasSubstr("Cannot write the output"));
  is_reader_gone_ = true;
  EXPECT_EQ(Run({"get-call", "c1"}), kOk);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(CommandsTest, GivesUpAtTheDeadline) {
  Login();
  server_.On("GetCall", [](const std::string&) {
    return FakeServer::Answer{grpc::Status::OK, {}, true};
  });
  EXPECT_EQ(Run({"get-call", "c1", "--timeout", "100ms"}), kUncertain);
}

TEST_F(CommandsTest, RefusesAnotherMachineWithoutTls) {
  EXPECT_EQ(Run({"login", "--server", "hq.example:7443", "--center", "hino",
                 "--account", "a", "--password-stdin"},
                "x\n"),
            kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--tls-ca"));
  EXPECT_EQ(Run({"login", "--server", "hq.example:7443", "--tls-ca",
                 "/does/not/exist", "--center", "hino", "--account", "a",
                 "--password-stdin"},
                "x\n"),
            kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--tls-ca: cannot read"));
}

TEST_F(CommandsTest, ExplainsWrongUsage) {
  Login();
  const struct {
    std::vector<std::string> arguments;
    const char* message;
  } rows[] = {
      {{}, "Usage: housecall COMMAND"},
      {{"sumbit-call"}, "did you mean submit-call?"},
      {{"get-call"}, "missing: --name"},
      {{"get-call", "c1", "c2"}, "'c2' is one word too many"},
      {{"list-calls", "c1"}, "'c1' is one word too many"},
      {{"get-call", "c1", "--nmae", "x"}, "did you mean --name?"},
      {{"get-call", "--name"}, "--name: needs a value"},
      {{"get-call", "c1", "-x"}, "flags have two dashes"},
      {{"get-call", "c1", "--timeout", "soon"}, "--timeout"},
      {{"get-call", "c1", "--timeout", "-5s"}, "--timeout"},
      {{"get-call", "c1", "--lang", "de"}, "--lang: must be ja or en"},
      {{"get-call", "c1", "--profile", "../x"}, "--profile"},
      {{"get-call", "\xFF"}, "argument 2 is not UTF-8"},
      {{"get-call", "c1", "--field", "stat"}, "did you mean state?"},
      {{"triage-call", "c1"}, "missing: --disposition"},
      {{"request-cancel", "c1", "--reason", "x"}, "--etag current stands for"},
      {{"create-account", "a"}, "--password is env:NAME, or -"},
      {{"submit-call", "c1"}, "--complaint, --judgement, --callback-phone"},
      {{"get-call", "c1", "--json-request", "/does/not/exist"}, "cannot read"},
      {{"board", "--wach"}, "did you mean --watch?"},
      {{"get-call", "--nmae"}, "did you mean --name?"},
      {{"board", "--wach=true"}, "did you mean --watch?"},
      {{"why"}, "name one call"},
      {{"timeline"}, "name one call"},
      {{"apply"}, "name one file"},
      {{"apply", "/does/not/exist"}, "cannot read"},
      {{"login", "--center", "hino"}, "login needs"},
      {{"receive-webhooks", "--port", "99999"}, "--port"},
      {{"receive-webhooks", "--secret", "short"}, "whsec_"},
      {{"receive-webhooks", "--secret", "env:UNSET"}, "UNSET is not set"},
      {{"help", "nothing"}, "there is no command nothing"},
  };
  v1::Call call;
  server_.On("GetCall", call);
  for (const auto& row : rows) {
    EXPECT_EQ(Run(row.arguments), kUsage)
        << ::testing::PrintToString(row.arguments);
    EXPECT_THAT(err_.str(), HasSubstr(row.message))
        << ::testing::PrintToString(row.arguments);
  }
}

TEST_F(CommandsTest, ExplainsWrongUsageInJapanese) {
  Login();
  const struct {
    std::vector<std::string> arguments;
    const char* message;
  } rows[] = {
      {{"sumbit-call"}, "sumbit-call というコマンドはありません。submit-call"},
      {{"get-call"}, "必須の項目がありません: --name"},
      {{"get-call", "c1", "c2"}, "「c2」は余分です"},
      {{"get-call", "c1", "--nmae"}, "このフラグはありません。--name"},
      {{"get-call", "--name"}, "--name: 値が要ります"},
      {{"get-call", "あ"}, "半角"},
      {{"get-call", "c1", "--timeout", "soon"}, "--timeout: 10s や"},
      {{"list-rota", "--start-time", "25:00"}, "「25:00」は時刻として"},
      {{"triage-call", "c1", "--disposition", "fisit"}, "visit のことですか?"},
      {{"create-account", "a", "--password", "x"}, "秘密の値は引数に"},
      {{"apply", "/does/not/exist"}, "/does/not/exist を読めません"},
  };
  for (auto row : rows) {
    row.arguments.insert(row.arguments.end(), {"--lang", "ja"});
    EXPECT_EQ(Run(row.arguments), kUsage) << row.message;
    EXPECT_THAT(err_.str(), HasSubstr(row.message));
    EXPECT_THAT(err_.str(), HasSubstr("詳しくは: housecall"));
  }
  EXPECT_EQ(Run({"get-call", "c1", "--profile", "x", "--lang", "ja"}),
            kRefused);
  EXPECT_THAT(err_.str(), HasSubstr("ログインしていません"));
  // Programs read English, whatever the language.
  EXPECT_EQ(Run({"get-call", "--json", "--lang", "ja"}), kUsage);
  EXPECT_EQ(nlohmann::json::parse(err_.str())["error"]["message"],
            "missing: --name");
}

// A terminal has 80 columns.
TEST_F(CommandsTest, ShowsAllCommandsWithinTheScreen) {
  for (const char* lang : {"ja", "en"}) {
    ASSERT_EQ(Run({"--help", "--lang", lang}), kOk);
    for (const std::string& name : CommandNames()) {
      EXPECT_THAT(out_.str(), HasSubstr("\n  " + name + " "));
    }
    std::istringstream lines(out_.str());
    std::string line;
    while (std::getline(lines, line)) {
      EXPECT_LE(DisplayWidth(line), 80) << line;
    }
    EXPECT_THAT(out_.str(), HasSubstr("3 "));
  }
}

TEST_F(CommandsTest, ShowsHelpForEveryCommand) {
  for (const std::string& name : CommandNames()) {
    for (const char* lang : {"ja", "en"}) {
      EXPECT_EQ(Run({name, "--help", "--lang", lang}), kOk) << name;
      EXPECT_THAT(out_.str(), HasSubstr("housecall " + name)) << name;
      EXPECT_THAT(out_.str(), HasSubstr("--profile")) << name;
    }
  }
  EXPECT_EQ(Run({"--help"}), kOk);
  EXPECT_EQ(Run({"help", "submit-call"}), kOk);
  EXPECT_THAT(out_.str(), HasSubstr("--place.position LAT,LNG"));
  EXPECT_THAT(out_.str(), HasSubstr("--complaint TEXT (required)"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("--place.position.latitude")));
  EXPECT_EQ(Run({"help", "submit-call", "--lang", "ja"}), kOk);
  EXPECT_THAT(out_.str(), HasSubstr("往診を依頼します"));
  EXPECT_THAT(out_.str(), HasSubstr("--complaint TEXT (必須)  主訴"));
}

// An example that does not parse would teach something wrong.
TEST_F(CommandsTest, ShowsExamplesThatWork) {
  Login();
  int tried = 0;
  for (const std::string& name : CommandNames()) {
    if (FindRpc(name) == nullptr) continue;
    for (const std::string& example : ExamplesOf(name)) {
      if (example.find("--json-request") != std::string::npos) continue;
      // Words as a shell would split them.
      std::vector<std::string> words(1);
      bool quoted = false;
      for (const char c : example) {
        if (c == '\'') {
          quoted = !quoted;
        } else if (c == ' ' && !quoted) {
          words.emplace_back();
        } else {
          words.back().push_back(c);
        }
      }
      ASSERT_EQ(words[0], "housecall");
      words.erase(words.begin());
      // The server has no answer: 1. What does not parse is 2.
      EXPECT_EQ(Run(words, "correct horse battery\n"), kRefused)
          << example << "\n"
          << err_.str();
      EXPECT_THAT(err_.str(), HasSubstr("UNIMPLEMENTED")) << example;
      ++tried;
    }
  }
  EXPECT_GT(tried, 15);
}

TEST_F(CommandsTest, ReadsTheEtagFirst) {
  Login();
  v1::Call call;
  call.set_etag("41");
  server_.On("GetCall", call);
  server_.On("RequestCancel", call);
  ASSERT_EQ(
      Run({"request-cancel", "c1", "--etag", "current", "--reason", "better"}),
      kOk)
      << err_.str();
  EXPECT_EQ(
      server_.RequestsOf<v1::RequestCancelRequest>("RequestCancel")[0].etag(),
      "41");
  ASSERT_EQ(Run({"request-cancel", "c1", "--etag", "40", "--reason", "x"}),
            kOk);
  EXPECT_EQ(
      server_.RequestsOf<v1::RequestCancelRequest>("RequestCancel")[1].etag(),
      "40");
}

TEST_F(CommandsTest, ReadsTheEtagsOfTheCallsOfATrip) {
  Login();
  v1::Call call;
  call.set_etag("41");
  server_.On("GetCall", call);
  server_.On("OverrideMatch", v1::Offer());
  const std::vector<std::string> trip = {
      "override-match", "--calls", "c1",           "--calls",           "c2",
      "--physician",    "p1",      "--self-drive", "--override-reason", "near"};
  std::vector<std::string> words = trip;
  words.insert(words.end(), {"--etags", "current"});
  ASSERT_EQ(Run(words), kOk) << err_.str();
  words = trip;
  words.insert(words.end(), {"--etags", "40", "--etags", "39"});
  ASSERT_EQ(Run(words), kOk) << err_.str();
  const auto sent =
      server_.RequestsOf<v1::OverrideMatchRequest>("OverrideMatch");
  EXPECT_THAT(sent[0].etags(), ElementsAre("41", "41"));
  EXPECT_THAT(sent[1].etags(), ElementsAre("40", "39"));
}

TEST_F(CommandsTest, ReadsTheEtagOfTheNoteBehindACall) {
  Login();
  v1::Call call;
  call.set_etag("41");
  call.set_note("centers/hino/notes/n1");
  server_.On("GetCall", call);
  v1::Note note;
  note.set_etag("5");
  server_.On("GetNote", note);
  server_.On("DraftNote", note);
  ASSERT_EQ(
      Run({"draft-note", "c1", "--etag", "current", "--text.findings", "x"}),
      kOk)
      << err_.str();
  EXPECT_EQ(server_.RequestsOf<v1::DraftNoteRequest>("DraftNote")[0].etag(),
            "5");
}

TEST_F(CommandsTest, ChangesOnlyWhatWasGivenInAnUpdate) {
  Login();
  v1::Person person;
  person.set_name("centers/hino/people/dr-sato");
  person.set_etag("3");
  person.set_display_name("佐藤");
  person.set_self_drive(true);
  person.add_skills(v1::SKILL_CHILD);
  person.set_organization("centers/hino/organizations/c");
  server_.On("GetPerson", person);
  server_.On("UpdatePerson", person);
  ASSERT_EQ(
      Run({"update-person", "dr-sato", "--etag", "current",
           "--person.self-drive=false", "--person.skills", "wound,general"}),
      kOk)
      << err_.str();
  const auto requests =
      server_.RequestsOf<v1::UpdatePersonRequest>("UpdatePerson");
  ASSERT_EQ(requests.size(), 1u);
  const v1::Person& sent = requests[0].person();
  EXPECT_EQ(sent.etag(), "3");
  EXPECT_EQ(sent.display_name(), "佐藤");
  EXPECT_FALSE(sent.self_drive());
  EXPECT_THAT(sent.skills(), ElementsAre(v1::SKILL_WOUND, v1::SKILL_GENERAL));
}

TEST_F(CommandsTest, SaysWhyTheResourceCouldNotBeRead) {
  Login();
  server_.Refuse("GetCall", grpc::StatusCode::NOT_FOUND, "no call c1");
  EXPECT_EQ(Run({"request-cancel", "c1", "--etag", "current", "--reason", "x"}),
            kRefused);
  EXPECT_THAT(err_.str(), HasSubstr("no call c1"));
}

TEST_F(CommandsTest, TakesAWholeRequestAsJson) {
  Login();
  server_.On("SubmitCall", v1::Call());
  ASSERT_EQ(Run({"submit-call", "--json-request", "-", "--onset", "19:00"},
                R"({"call":"c9","patient":"p-1","complaint":"熱",
                    "judgement":"y","callback_phone":"1",
                    "vitals":{"pulse_per_minute":90}})"),
            kOk)
      << err_.str();
  const auto request =
      server_.RequestsOf<v1::SubmitCallRequest>("SubmitCall")[0];
  EXPECT_EQ(request.call(), "centers/hino/calls/c9");
  EXPECT_EQ(request.onset(), "19:00");
  EXPECT_EQ(request.vitals().pulse_per_minute(), 90);
  EXPECT_EQ(Run({"submit-call", "--json-request", "-"}, "[1,2"), kUsage);
}

TEST_F(CommandsTest, PrintsOneJsonObjectForPrograms) {
  Login();
  v1::ListCallsResponse response;
  v1::Call* call = response.add_calls();
  call->set_name("centers/hino/calls/c1");
  call->set_state(v1::CALL_STATE_MATCHING);
  server_.On("ListCalls", response);
  ASSERT_EQ(Run({"list-calls", "--json"}), kOk);
  const auto json = nlohmann::json::parse(out_.str());
  EXPECT_EQ(json["calls"][0]["state"], "CALL_STATE_MATCHING");
  ASSERT_EQ(Run({"list-calls", "--field", "calls.name"}), kOk);
  EXPECT_EQ(out_.str(), "centers/hino/calls/c1\n");
  server_.Refuse("ListCalls", grpc::StatusCode::PERMISSION_DENIED, "no");
  ASSERT_EQ(Run({"list-calls", "--json"}), kRefused);
  EXPECT_EQ(nlohmann::json::parse(err_.str())["error"]["code"],
            "PERMISSION_DENIED");
}

TEST_F(CommandsTest, HidesSecretsOfAnswers) {
  Login();
  v1::Organization clinic;
  clinic.mutable_webhook()->set_secret("whsec_hidden");
  server_.On("GetOrganization", clinic);
  for (const char* how : {"--json", "--lang=en"}) {
    ASSERT_EQ(Run({"get-organization", "c", how}), kOk);
    EXPECT_THAT(out_.str(), Not(HasSubstr("whsec_hidden")));
  }
  ASSERT_EQ(Run({"create-session", "nurse", "--password", "-", "--json"},
                "correct horse battery\n"),
            kOk)
      << err_.str();
  EXPECT_THAT(out_.str(), Not(HasSubstr(kToken)));
}

TEST_F(CommandsTest, SpeaksJapaneseUnlessToldOtherwise) {
  environment_.erase("LANG");
  Login();
  server_.On("ListCalls", v1::ListCallsResponse());
  ASSERT_EQ(Run({"list-calls"}), kOk);
  EXPECT_EQ(out_.str(), "該当なし\n");
  ASSERT_EQ(Run({"list-calls", "--lang", "en"}), kOk);
  EXPECT_EQ(out_.str(), "Nothing to show\n");
  environment_["LC_ALL"] = "en_GB.UTF-8";
  ASSERT_EQ(Run({"list-calls"}), kOk);
  EXPECT_EQ(out_.str(), "Nothing to show\n");
}

TEST_F(CommandsTest, ShowsTheNewestMatch) {
  Login();
  v1::ListMatchesResponse first;
  v1::Match* old = first.add_matches();
  old->set_name("centers/hino/matches/m1");
  old->set_call("centers/hino/calls/c1");
  old->mutable_create_time()->set_seconds(100);
  old->add_candidates()->set_physician("centers/hino/people/dr-old");
  first.set_next_page_token("more");
  v1::ListMatchesResponse second = first;
  second.clear_next_page_token();
  second.mutable_matches(0)->mutable_create_time()->set_seconds(200);
  second.mutable_matches(0)->mutable_candidates(0)->set_physician(
      "centers/hino/people/dr-new");
  server_.On("ListMatches",
             [&](const std::string& bytes) -> FakeServer::Answer {
               v1::ListMatchesRequest request;
               request.ParseFromString(bytes);
               return {grpc::Status::OK,
                       {(request.page_token().empty() ? first : second)
                            .SerializeAsString()}};
             });
  ASSERT_EQ(Run({"why", "c1"}), kOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("dr-new"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("dr-old")));
}

TEST_F(CommandsTest, SaysWhoIsLoggedIn) {
  Login();
  v1::GetSessionResponse self;
  self.mutable_person()->set_display_name("伊藤 直美");
  self.mutable_account()->set_name("centers/hino/accounts/nurse");
  self.mutable_account()->add_roles(v1::ROLE_REQUESTER);
  self.mutable_organization()->set_display_name("はな");
  self.mutable_session()->mutable_expire_time()->set_seconds(1778076240);
  server_.On("GetSession", self);
  ASSERT_EQ(Run({"whoami"}), kOk) << err_.str();
  EXPECT_EQ(out_.str(),
            "伊藤 直美 (nurse@hino)  requester\norganization: はな\n"
            "expire time: 23:04:00 JST\n");
  EXPECT_EQ(Run({"whoami", "now"}), kUsage);
  ASSERT_EQ(Run({"whoami", "--field", "account.name"}), kOk);
  EXPECT_EQ(out_.str(), "centers/hino/accounts/nurse\n");
}

TEST_F(CommandsTest, ShowsTheInboxOfTheOwnOrganization) {
  Login();
  v1::GetSessionResponse self;
  self.mutable_organization()->set_name("centers/hino/organizations/care");
  server_.On("GetSession", self);
  v1::ListDeliveriesResponse deliveries;
  deliveries.add_deliveries()->set_name("centers/hino/deliveries/c1--d1");
  server_.On("ListDeliveries", deliveries);
  ASSERT_EQ(Run({"inbox"}), kOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("c1--d1"));
  const auto request =
      server_.RequestsOf<v1::ListDeliveriesRequest>("ListDeliveries")[0];
  EXPECT_EQ(request.organization(), "centers/hino/organizations/care");
  EXPECT_EQ(request.channel(), v1::CHANNEL_KIND_INBOX);
  EXPECT_THAT(request.states(),
              ElementsAre(v1::DELIVERY_STATE_AWAITING_RECEIPT));
}

std::string Snapshot(const std::string& part, const std::string& token) {
  v1::BoardUpdate update;
  if (part == "begin") update.mutable_snapshot_begin();
  if (part == "complete") update.mutable_snapshot_complete();
  if (part == "call") {
    v1::Call* call =
        update.mutable_snapshot_chunk()->add_resources()->mutable_call();
    call->set_name("centers/hino/calls/c1");
    call->set_state(v1::CALL_STATE_MATCHING);
    call->set_urgency(v1::URGENCY_URGENT);
  }
  update.set_resume_token(token);
  return update.SerializeAsString();
}

std::string EventUpdate(int sequence, v1::EventKind kind) {
  v1::BoardUpdate update;
  update.mutable_event()->set_sequence(sequence);
  update.mutable_event()->set_kind(kind);
  update.mutable_event()->set_call("centers/hino/calls/c1");
  update.set_resume_token(absl::StrCat("t", sequence));
  return update.SerializeAsString();
}

TEST_F(CommandsTest, ShowsTheBoardOnce) {
  Login();
  server_.On("WatchBoard", [&](const std::string&) -> FakeServer::Answer {
    return {grpc::Status::OK,
            {Snapshot("begin", ""), Snapshot("call", ""),
             Snapshot("complete", "t1")}};
  });
  ASSERT_EQ(Run({"board"}), kOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("urgent"));
  EXPECT_THAT(out_.str(), HasSubstr("matching"));
  ASSERT_EQ(Run({"board", "--json"}), kOk) << err_.str();
  std::istringstream lines(out_.str());
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    EXPECT_TRUE(nlohmann::json::parse(line).is_object());
    ++count;
  }
  EXPECT_EQ(count, 3);
}

// A lost connection goes on where it broke, and the timeline ends with the
// call, each event once.
TEST_F(CommandsTest, WatchesATimelineAcrossALostConnection) {
  Login();
  v1::ListEventsResponse past;
  v1::Event* received = past.add_events();
  received->set_sequence(1);
  received->set_kind(v1::EVENT_KIND_CALL_RECEIVED);
  received->set_call("centers/hino/calls/c1");
  server_.On("ListEvents", past);
  std::atomic<int> watches{0};
  std::vector<std::string> tokens;
  server_.On("WatchBoard", [&](const std::string& bytes) -> FakeServer::Answer {
    v1::WatchBoardRequest request;
    request.ParseFromString(bytes);
    tokens.push_back(request.resume_token());
    EXPECT_EQ(request.call(), "centers/hino/calls/c1");
    if (++watches == 1) {
      return {grpc::Status(grpc::StatusCode::UNAVAILABLE, "lost"),
              {Snapshot("begin", ""), Snapshot("complete", "t1"),
               EventUpdate(2, v1::EVENT_KIND_CALL_TRIAGED)}};
    }
    if (watches == 2) {
      return {grpc::Status(grpc::StatusCode::UNAVAILABLE, "still"), {}};
    }
    return {grpc::Status::OK,
            {EventUpdate(2, v1::EVENT_KIND_CALL_TRIAGED),
             EventUpdate(3, v1::EVENT_KIND_CALL_CLOSED)}};
  });
  ASSERT_EQ(Run({"timeline", "c1", "--watch"}), kOk) << err_.str();
  EXPECT_THAT(tokens, ElementsAre("", "t2", "t2"));
  EXPECT_EQ(err_.str(), "Connection lost; connecting again\n");
  EXPECT_THAT(out_.str(), HasSubstr("call received"));
  EXPECT_THAT(out_.str(), HasSubstr("call closed"));
  const std::string text = out_.str();
  EXPECT_EQ(text.find("call triaged"), text.rfind("call triaged"));
}

TEST_F(CommandsTest, EndsAWatchWhenTheSessionEnds) {
  Login();
  server_.Refuse("WatchBoard", grpc::StatusCode::UNAUTHENTICATED, "revoked");
  EXPECT_EQ(Run({"board", "--watch"}), kRefused);
  EXPECT_THAT(err_.str(), HasSubstr("housecall login"));
}

TEST_F(CommandsTest, StreamsTheOwnDutyAsJsonLines) {
  Login();
  v1::DutyView view;
  view.set_sequence(4);
  server_.On("WatchDuty", [&](const std::string&) -> FakeServer::Answer {
    return {grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "over"),
            {view.SerializeAsString(), view.SerializeAsString()}};
  });
  EXPECT_EQ(Run({"watch-duty", "--json"}), kRefused);
  EXPECT_EQ(out_.str(), "{\"sequence\":\"4\"}\n{\"sequence\":\"4\"}\n");
}

// Whoever waits for an offer must not miss it because the server was started
// anew.
TEST_F(CommandsTest, WatchesTheOwnDutyAcrossALostConnection) {
  Login();
  v1::DutyView view;
  view.set_sequence(4);
  std::atomic<int> watches{0};
  server_.On("WatchDuty", [&](const std::string&) -> FakeServer::Answer {
    const bool is_first = ++watches == 1;
    return {grpc::Status(is_first ? grpc::StatusCode::UNAVAILABLE
                                  : grpc::StatusCode::UNAUTHENTICATED,
                         "over"),
            {view.SerializeAsString()}};
  });
  EXPECT_EQ(Run({"watch-duty", "--json"}), kRefused);
  EXPECT_EQ(watches, 2);
  EXPECT_EQ(out_.str(), "{\"sequence\":\"4\"}\n{\"sequence\":\"4\"}\n");
  EXPECT_THAT(err_.str(), HasSubstr("Connection lost; connecting again\n"));
}

TEST_F(CommandsTest, WatchesTheBoardAsABoard) {
  Login();
  server_.On("WatchBoard", [&](const std::string&) -> FakeServer::Answer {
    return {grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "over"),
            {Snapshot("begin", ""), Snapshot("call", ""),
             Snapshot("complete", "t1")}};
  });
  EXPECT_EQ(Run({"watch-board", "--resume-token", "t0"}), kRefused);
  EXPECT_THAT(out_.str(), HasSubstr("Calls\n"));
  EXPECT_THAT(out_.str(), HasSubstr("matching"));
  EXPECT_EQ(Run({"watch-board", "--resume-token", "t0", "--json"}), kRefused);
  EXPECT_THAT(out_.str(), HasSubstr("\"snapshot_begin\""));
  const auto requests = server_.RequestsOf<v1::WatchBoardRequest>("WatchBoard");
  ASSERT_EQ(requests.size(), 2u);
  // A board is not made of what has changed since.
  EXPECT_EQ(requests[0].resume_token(), "");
  EXPECT_EQ(requests[1].resume_token(), "t0");
}

// A token that the user gave and the server does not know is told, not
// dropped.
TEST_F(CommandsTest, RefusesAWrongResumeToken) {
  Login();
  server_.Refuse("WatchBoard", grpc::StatusCode::INVALID_ARGUMENT,
                 "resume_token: unknown");
  EXPECT_EQ(Run({"watch-board", "--resume-token", "x", "--json"}), kRefused);
  EXPECT_THAT(err_.str(), HasSubstr("resume_token"));
}

TEST_F(CommandsTest, RefusesToChooseBetweenTwoNames) {
  Login();
  for (const std::string command : {"get-call", "hold-call", "why", "board"}) {
    const bool names = command == "get-call";
    EXPECT_EQ(Run({command, "c1", names ? "--name" : "--call", "c2"}), kUsage)
        << command;
    EXPECT_THAT(err_.str(), HasSubstr("say the same thing")) << command;
  }
  // Nothing but the login was sent.
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(CommandsTest, AppliesAFile) {
  Login();
  server_.On("CreateCar", v1::Car());
  const std::string file = folder_ + "/center.jsonl";
  std::ofstream(file)
      << R"({"rpc":"CreateCar","request":{"car":{"name":"car-1","display_name":"1"}}})"
      << "\n";
  ASSERT_EQ(Run({"apply", file}), kOk) << out_.str() << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("1 requests done"));
  server_.Refuse("CreateCar", grpc::StatusCode::ALREADY_EXISTS, "taken");
  EXPECT_EQ(Run({"apply", file}), kRefused);
  EXPECT_EQ(Run({"apply", file, "--skip-existing"}), kOk);
  server_.Refuse("CreateCar", grpc::StatusCode::DEADLINE_EXCEEDED, "slow");
  EXPECT_EQ(Run({"apply", file}), kUncertain);
  std::ofstream(file) << "x\n";
  EXPECT_EQ(Run({"apply", file}), kUsage);
}

TEST_F(CommandsTest, ReceivesWebhooksUntilStopped) {
  const std::string port_file = folder_ + "/port";
  std::string port;
  while_waiting_ = [&] {
    std::ifstream file(port_file);
    std::getline(file, port);
  };
  ASSERT_EQ(Run({"receive-webhooks", "--port-file", port_file}), kOk)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("http://127.0.0.1:" + port + "/webhook"));
  EXPECT_THAT(out_.str(), HasSubstr("whsec_"));
}

}  // namespace
}  // namespace housecall::cli

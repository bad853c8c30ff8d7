#include "clients/cli/commands.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "clients/cli/api.h"
#include "clients/cli/apply.h"
#include "clients/cli/board_view.h"
#include "clients/cli/catalogue.h"
#include "clients/cli/command_line.h"
#include "clients/cli/connection.h"
#include "clients/cli/help.h"
#include "clients/cli/message.h"
#include "clients/cli/prepare.h"
#include "clients/cli/refusal.h"
#include "clients/cli/request_builder.h"
#include "clients/cli/session_file.h"
#include "clients/cli/tables.h"
#include "clients/cli/values.h"
#include "clients/cli/webhook_receiver.h"
#include "google/protobuf/util/json_util.h"
#include "housecall/v1/board_service.pb.h"
#include "housecall/v1/call_service.pb.h"
#include "housecall/v1/note_service.pb.h"
#include "housecall/v1/patient_service.pb.h"
#include "housecall/v1/session_service.pb.h"
#include "housecall/v1/visit_service.pb.h"
#include "nlohmann/json.hpp"

namespace housecall::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The server says at least every 15 seconds that it is there.
constexpr absl::Duration kSilence = absl::Minutes(1);
constexpr absl::Duration kFirstPause = absl::Milliseconds(250);
constexpr absl::Duration kMaxPause = absl::Seconds(5);
constexpr char kClearScreen[] = "\x1b[H\x1b[2J";
constexpr char kVersion[] = "0.1.0";

bool Contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string ToJson(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options)
           .ok()) {
    return "{}";
  }
  return text;
}

// What of an answer of a stream a person looks at: neither the clock nor the
// count of changes.
std::unique_ptr<Message> Shown(const Message& message) {
  std::unique_ptr<Message> shown(message.New());
  shown->CopyFrom(message);
  ClearSecrets(shown.get());
  for (const char* name : {"server_time", "sequence"}) {
    const FieldDescriptor* field =
        shown->GetDescriptor()->FindFieldByName(name);
    if (field != nullptr) {
      shown->GetReflection()->ClearField(shown.get(), field);
    }
  }
  return shown;
}

bool IsOver(v1::EventKind kind) {
  return kind == v1::EVENT_KIND_CALL_CLOSED ||
         kind == v1::EVENT_KIND_CALL_CANCELLED ||
         kind == v1::EVENT_KIND_CALL_MERGED;
}

absl::Status NoCommand(const std::string& word) {
  const std::vector<std::string> names = CommandNames();
  return WrongInput(
      absl::StrCat("there is no command ", word,
                   DidYouMean(word, names, "", Language::kEnglish)),
      absl::StrCat(word, " というコマンドはありません",
                   DidYouMean(word, names, "", Language::kJapanese)));
}

absl::Status TooMany(const std::string& word) {
  return WrongInput(
      absl::StrCat("'", word, "' is one word too many; flags begin with --"),
      absl::StrCat("「", word, "」は余分です。フラグは -- で始まります"));
}

// Of two different ones the wrong one could be taken.
absl::Status SaidTwice(const std::string& word, const std::string& flag) {
  return WrongInput(absl::StrCat("'", word, "' and --", flag,
                                 " say the same thing; give one of them"),
                    absl::StrCat("「", word, "」と --", flag,
                                 " は同じ項目です。どちらか1つにしてください"));
}

// What its refusal is called.
const char* HeadlineOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::UNKNOWN:
      return "unreachable";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "no_answer_in_time";
    case grpc::StatusCode::INVALID_ARGUMENT:
      return "wrong_input";
    case grpc::StatusCode::NOT_FOUND:
      return "not_found";
    case grpc::StatusCode::ALREADY_EXISTS:
      return "exists";
    case grpc::StatusCode::PERMISSION_DENIED:
      return "not_allowed";
    case grpc::StatusCode::FAILED_PRECONDITION:
      return "wrong_state";
    case grpc::StatusCode::ABORTED:
      return "changed_since";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return "too_busy";
    case grpc::StatusCode::UNAUTHENTICATED:
      return "not_logged_in";
    case grpc::StatusCode::OK:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::DATA_LOSS:
    case grpc::StatusCode::DO_NOT_USE:
      break;
  }
  return "refused";
}

// Whether it tells of something for which 119 is to be rung first.
bool ConcernsEmergency(const Message& request) {
  if (request.GetDescriptor() == v1::SubmitCallRequest::descriptor()) {
    return !static_cast<const v1::SubmitCallRequest&>(request)
                .red_flags()
                .empty();
  }
  return request.GetDescriptor() == v1::RaiseEmergencyRequest::descriptor();
}

// One run of the program.
class Run {
 public:
  explicit Run(const Terminal& terminal) : terminal_(terminal) {}

  // One command, and whether all of its output was written.
  ExitCode Whole(const std::vector<std::string>& arguments);

 private:
  ExitCode Main(const std::vector<std::string>& arguments);
  // What a command does when it got as far as its own work.
  ExitCode Dispatch(const std::string& command);
  ExitCode CallRpc(const Rpc& rpc);
  ExitCode StreamRpc(const Rpc& rpc);
  ExitCode Login();
  ExitCode Logout();
  ExitCode WhoAmI();
  // "佐藤 明 (dr-sato@hino)  physician".
  std::string Who(const v1::Person& person, const v1::Account& account) const;
  ExitCode Why();
  ExitCode Inbox();
  ExitCode Board();
  ExitCode Timeline();
  ExitCode ApplyFile();
  ExitCode ReceiveWebhooks();

  absl::Status ReadGlobals();
  // Loads the login and opens the connection.
  absl::Status Connect();
  Surroundings Around();
  Prepared PrepareFrom(const Rpc& rpc);
  absl::Status Fill(const Rpc& rpc, Message* request);
  grpc::Status Send(const Rpc& rpc, const Message& request, Message* response);
  // The same by name, for requests that are known here.
  template <typename Request, typename Response>
  grpc::Status Ask(const char* rpc, const Request& request,
                   Response* response) {
    return Send(*FindRpc(rpc), request, response);
  }
  // Streams until `take` returns false or the end. While `keeps_on` it goes on
  // after a lost connection: where it was, if the messages have a token for
  // that, else with the next message, which then is everything.
  grpc::Status Watch(const Rpc& rpc, const Message& request, bool keeps_on,
                     const std::function<bool(const Message&)>& take);
  // Draws the board, once or whenever it changes.
  ExitCode ShowBoard(const v1::WatchBoardRequest& request, bool keeps_on);
  absl::StatusOr<std::string> CallArgument();

  ExitCode Usage(const absl::Status& status);
  ExitCode Refused(const absl::Status& status);
  ExitCode Refused(const grpc::Status& status, const std::string& request_id);
  ExitCode Show(const Message& message);
  // "housecall: …" on the error stream, in the user's language.
  void Say(const absl::Status& status);
  // How to log in as before.
  std::string LoginCommand() const;
  // The address and the patient's wishes, for whoever rings 119.
  void TellWhatToReadTo119(const v1::Call& call);
  // NotFound if the caller may see calls and this one does not exist.
  grpc::Status CheckCallExists(const std::string& call);
  Style NowStyle() const {
    const bool has_width = terminal_.is_screen && terminal_.columns != nullptr;
    return {language_, terminal_.now(), has_width ? terminal_.columns() : 0};
  }
  std::string Environment(const std::string& name) const {
    return terminal_.environment(name).value_or("");
  }

  const Terminal& terminal_;
  Language language_ = Language::kJapanese;
  CommandLine line_;
  std::string command_;
  bool json_ = false;
  bool show_token_ = false;
  absl::Duration timeout_ = absl::Seconds(10);
  std::string profile_;
  std::string field_;
  std::string json_request_;
  std::optional<nlohmann::json> request_json_;
  SavedSession session_;
  std::unique_ptr<Connection> connection_;
  // Lines of standard input that secrets were read from; a request may be
  // filled twice.
  std::vector<std::string> secret_lines_;
  size_t secret_lines_used_ = 0;
};

void Run::Say(const absl::Status& status) {
  *terminal_.err << "housecall: " << Printable(MessageOf(status, language_))
                 << "\n";
}

std::string Run::LoginCommand() const {
  std::string command = "housecall login";
  const auto add = [&](const char* flag, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&command, " --", flag, " ", value);
  };
  if (profile_ != "default") add("profile", profile_);
  add("server", session_.target.server);
  add("tls-ca", session_.target.tls_ca);
  add("tls-cert", session_.target.tls_cert);
  add("tls-key", session_.target.tls_key);
  add("center", session_.center);
  add("account", session_.account);
  return command;
}

grpc::Status Run::CheckCallExists(const std::string& call) {
  v1::GetCallRequest request;
  request.set_name(call);
  v1::Call ignored;
  const grpc::Status status = Ask("GetCall", request, &ignored);
  return status.error_code() == grpc::StatusCode::NOT_FOUND ? status
                                                            : grpc::Status::OK;
}

ExitCode Run::Usage(const absl::Status& status) {
  if (json_) {
    *terminal_.err << nlohmann::json(
                          {{"error",
                            {{"code", "USAGE"},
                             {"message", std::string(status.message())}}}})
                          .dump(-1, ' ', false,
                                nlohmann::json::error_handler_t::replace)
                   << "\n";
    return kUsage;
  }
  Say(status);
  *terminal_.err << Text("try_help", language_) << ": housecall "
                 << (command_.empty() ? "" : absl::StrCat(command_, " "))
                 << "--help\n";
  return kUsage;
}

ExitCode Run::Refused(const absl::Status& status) {
  if (json_) {
    *terminal_.err << nlohmann::json(
                          {{"error",
                            {{"code", absl::StatusCodeToString(status.code())},
                             {"message", std::string(status.message())}}}})
                          .dump(-1, ' ', false,
                                nlohmann::json::error_handler_t::replace)
                   << "\n";
    return kRefused;
  }
  Say(status);
  return kRefused;
}

ExitCode Run::Refused(const grpc::Status& status,
                      const std::string& request_id) {
  const bool is_uncertain = IsUncertain(status);
  const ExitCode code = is_uncertain ? kUncertain : kRefused;
  if (json_) {
    nlohmann::json error = {{"code", CodeName(status.error_code())},
                            {"message", status.error_message()}};
    const v1::Refusal refusal = RefusalOf(status);
    for (const int reason : refusal.reasons()) {
      const auto* value =
          v1::RefusalReason_descriptor()->FindValueByNumber(reason);
      if (value != nullptr) error["reasons"].push_back(ShortName(*value));
    }
    if (!refusal.field().empty()) error["field"] = refusal.field();
    if (is_uncertain && !request_id.empty()) error["request_id"] = request_id;
    *terminal_.err << nlohmann::json({{"error", error}})
                          .dump(-1, ' ', false,
                                nlohmann::json::error_handler_t::replace)
                   << "\n";
    return code;
  }
  // That nobody listens is said in our words; about TLS gRPC's say more.
  const bool is_not_connected =
      status.error_code() == grpc::StatusCode::UNAVAILABLE &&
      absl::StartsWith(status.error_message(), "failed to connect");
  std::string what = Printable(status.error_message());
  // The server's own words are English; they name what it is about.
  const std::string why = WordsOf(RefusalOf(status), language_);
  if (language_ == Language::kJapanese && !why.empty()) {
    what = absl::StrCat(why, " (", what, ")");
  }
  if (is_not_connected) {
    what = session_.target.uses_tls()
               ? absl::StrCat(session_.target.server, ": ", what)
               : session_.target.server;
  }
  const char* headline =
      command_ == "login" &&
              status.error_code() == grpc::StatusCode::UNAUTHENTICATED
          ? "wrong_login"
          : HeadlineOf(status.error_code());
  *terminal_.err << "housecall: " << Text(headline, language_) << " ("
                 << CodeName(status.error_code()) << "): " << what << "\n";
  if (is_not_connected) {
    *terminal_.err << Text("is_it_running", language_) << "\n";
  }
  if (is_uncertain && !request_id.empty()) {
    *terminal_.err << Text("uncertain", language_) << ": --request-id "
                   << request_id << "\n";
  }
  if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED &&
      command_ != "login") {
    *terminal_.err << Text("log_in_again", language_) << ": " << LoginCommand()
                   << "\n";
  }
  if (status.error_code() == grpc::StatusCode::ABORTED) {
    *terminal_.err << Text("read_again", language_) << "\n";
  }
  return code;
}

ExitCode Run::Show(const Message& message) {
  std::unique_ptr<Message> shown(message.New());
  shown->CopyFrom(message);
  if (!show_token_) ClearSecrets(shown.get());
  if (!field_.empty()) {
    const absl::StatusOr<std::string> values = RawValues(*shown, field_);
    if (!values.ok()) return Usage(values.status());
    *terminal_.out << *values;
  } else if (json_) {
    *terminal_.out << ToJson(*shown) << "\n";
  } else {
    *terminal_.out << Render(*shown, NowStyle());
  }
  terminal_.out->flush();
  return kOk;
}

absl::Status Run::ReadGlobals() {
  const std::string lang = line_.Take("lang");
  if (lang == "en") {
    language_ = Language::kEnglish;
  } else if (lang == "ja") {
    language_ = Language::kJapanese;
  } else if (!lang.empty()) {
    return WrongInput("--lang: must be ja or en",
                      "--lang: ja か en を指定してください");
  }
  const auto take_switch = [this](const std::string& name) {
    const std::string value = line_.Take(name, "false");
    return value != "false";
  };
  json_ = take_switch("json");
  show_token_ = take_switch("show-token");
  profile_ = line_.Take("profile", Environment("HOUSECALL_PROFILE"));
  if (profile_.empty()) profile_ = "default";
  field_ = line_.Take("field");
  std::replace(field_.begin(), field_.end(), '-', '_');
  json_request_ = line_.Take("json-request");
  if (line_.Has("timeout")) {
    const absl::StatusOr<absl::Duration> timeout =
        ParseDuration(line_.Take("timeout"));
    if (!timeout.ok() || *timeout <= absl::ZeroDuration()) {
      return WrongInput("--timeout: must be a duration, such as 10s or 1m",
                        "--timeout: 10s や 1m のように書いてください");
    }
    timeout_ = *timeout;
  }
  return CheckProfile(profile_);
}

absl::Status Run::Connect() {
  if (connection_ != nullptr) return absl::OkStatus();
  const absl::StatusOr<std::string> folder =
      ConfigFolder(terminal_.environment);
  if (!folder.ok()) return folder.status();
  if (session_.token.empty()) {
    absl::StatusOr<SavedSession> session = LoadSession(*folder, profile_);
    if (!session.ok()) return session.status();
    session_ = *std::move(session);
  }
  Target& target = session_.target;
  target.server = line_.Take("server", target.server);
  target.tls_ca = line_.Take("tls-ca", target.tls_ca);
  target.tls_cert = line_.Take("tls-cert", target.tls_cert);
  target.tls_key = line_.Take("tls-key", target.tls_key);
  absl::StatusOr<std::unique_ptr<Connection>> connection =
      Connection::Open(target);
  if (!connection.ok()) return connection.status();
  connection_ = *std::move(connection);
  return absl::OkStatus();
}

Surroundings Run::Around() {
  Surroundings around;
  around.center = session_.center;
  around.now = terminal_.now();
  around.environment = terminal_.environment;
  around.read_line = [this]() -> std::optional<std::string> {
    if (secret_lines_used_ == secret_lines_.size()) {
      std::string line;
      if (!std::getline(*terminal_.in, line)) return std::nullopt;
      secret_lines_.push_back(line);
    }
    return secret_lines_[secret_lines_used_++];
  };
  return around;
}

grpc::Status Run::Send(const Rpc& rpc, const Message& request,
                       Message* response) {
  CallOptions options;
  options.token = session_.token;
  options.timeout = timeout_;
  return connection_->Call(rpc, request, options, response);
}

absl::Status Run::Fill(const Rpc& rpc, Message* request) {
  secret_lines_used_ = 0;
  Surroundings around = Around();
  if (!json_request_.empty()) {
    if (!request_json_.has_value()) {
      std::stringstream text;
      if (json_request_ == "-") {
        text << terminal_.in->rdbuf();
      } else {
        std::ifstream file(json_request_);
        if (!file) {
          return WrongInput(
              absl::StrCat("--json-request: cannot read ", json_request_),
              absl::StrCat("--json-request: ", json_request_, " を読めません"));
        }
        text << file.rdbuf();
      }
      request_json_ = nlohmann::json::parse(text.str(), nullptr, false);
    }
    if (!request_json_->is_object()) {
      return WrongInput(
          "--json-request: must be one JSON object, {\"field\": value, …}",
          "--json-request: JSON のオブジェクト1つで書いてください: "
          "{\"field\": value, …}");
    }
    absl::Status status = MergeJson(*request_json_, around, request);
    if (!status.ok()) return status;
  }
  const google::protobuf::Descriptor& type = *rpc.method->input_type();
  // What is given anew replaces what was read before.
  std::set<const FieldDescriptor*> cleared;
  const auto set = [&](const std::string& flag, const std::string& value) {
    std::string path = flag;
    const std::string positional = PositionalField(rpc);
    if (flag == "etag" && type.FindFieldByName("etag") == nullptr &&
        absl::EndsWith(positional, ".name")) {
      path = absl::StrCat(absl::StripSuffix(positional, "name"), "etag");
    }
    const FieldDescriptor* field = FindFlag(type, path);
    if (field != nullptr && field->is_repeated() &&
        cleared.insert(field).second) {
      Message* owner = request;
      std::string rest = path;
      for (size_t dot = rest.find('.'); dot != std::string::npos;
           dot = rest.find('.')) {
        std::string name = rest.substr(0, dot);
        std::replace(name.begin(), name.end(), '-', '_');
        owner = owner->GetReflection()->MutableMessage(
            owner, owner->GetDescriptor()->FindFieldByName(name));
        rest = rest.substr(dot + 1);
      }
      owner->GetReflection()->ClearField(owner, field);
    }
    return SetField(path, value, around, request);
  };
  if (!line_.words.empty()) {
    const std::string positional = PositionalField(rpc);
    if (positional.empty()) {
      return TooMany(line_.words[0]);
    }
    if (line_.words.size() > 1) {
      return WrongInput(
          absl::StrCat("'", line_.words[1],
                       "' is one word too many; flags begin with --, and a "
                       "text with blanks stands in quotes"),
          absl::StrCat(
              "「", line_.words[1],
              "」は余分です。フラグは -- で始まり、空白を含む文は引用符で"
              "囲みます"));
    }
    if (line_.Has(Kebab(positional))) {
      return SaidTwice(line_.words[0], Kebab(positional));
    }
    absl::Status status = set(positional, line_.words[0]);
    if (!status.ok()) return status;
  }
  for (const FlagWord& flag : line_.flags) {
    absl::Status status = set(flag.name, flag.value);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

Prepared Run::PrepareFrom(const Rpc& rpc) {
  return Prepare(
      rpc, [&](Message* request) { return Fill(rpc, request); }, Around(),
      [&](const Rpc& read, const Message& request, Message* response) {
        return Send(read, request, response);
      });
}

ExitCode Run::CallRpc(const Rpc& rpc) {
  if (rpc.is_stream()) return StreamRpc(rpc);
  // A wrong command line is said before a missing login.
  const absl::Status connected = Connect();
  if (!connected.ok()) {
    const std::unique_ptr<Message> request = rpc.NewRequest();
    if (session_.center.empty()) session_.center = "center";
    const absl::Status filled = Fill(rpc, request.get());
    return filled.ok() ? Refused(connected) : Usage(filled);
  }
  Prepared prepared = PrepareFrom(rpc);
  if (!prepared.status.ok()) return Usage(prepared.status);
  if (!prepared.answer.ok()) return Refused(prepared.answer, "");
  const std::string id = SetRequestId(NewRequestId(), prepared.request.get());
  const std::unique_ptr<Message> response = rpc.NewResponse();
  const bool is_read_by_people = !json_ && field_.empty();
  // Before anything else, and also where the server cannot be reached.
  if (is_read_by_people && ConcernsEmergency(*prepared.request)) {
    *terminal_.err << Text("call_119", language_) << std::endl;
  }
  const grpc::Status status = Send(rpc, *prepared.request, response.get());
  if (!status.ok()) return Refused(status, id);
  if (is_read_by_people && ConcernsEmergency(*prepared.request)) {
    TellWhatToReadTo119(static_cast<const v1::Call&>(*response));
  }
  if (is_read_by_people && rpc.name == "SubmitCall" &&
      GetString(*response, "name") != GetString(*prepared.request, "call")) {
    *terminal_.out << Text("follows", language_) << ": "
                   << Printable(ShortId(GetString(*response, "name")))
                   << "\n\n";
  }
  return Show(*response);
}

void Run::TellWhatToReadTo119(const v1::Call& call) {
  std::ostream& out = *terminal_.out;
  out << Text("read_to_119", language_) << "\n";
  const auto tell = [&](const std::string& label, const std::string& text) {
    if (!text.empty()) {
      out << "  " << FieldLabel(label, language_) << ": " << Printable(text)
          << "\n";
    }
  };
  tell("address", call.place().address());
  tell("entry_notes", call.place().entry_notes());
  tell("red_flags", FormatPath(call, "red_flags", NowStyle()));
  tell("callback_phone", call.callback_phone());
  out << std::flush;
  // The wishes stand on the card. Who may not see them is shown the rest.
  v1::GetCoverageRequest request;
  request.set_patient(call.patient());
  v1::Coverage coverage;
  if (!call.patient().empty() && Ask("GetCoverage", request, &coverage).ok()) {
    for (const char* wish : {"resuscitation", "transport", "wishes"}) {
      tell(wish, FormatPath(coverage, absl::StrCat("acp.", wish), NowStyle()));
    }
    if (coverage.has_acp()) {
      tell("record_time",
           absl::StrCat(FormatPath(coverage, "acp.record_time", NowStyle()),
                        " JST"));
    } else {
      tell("acp", Text("none_recorded", language_));
    }
  }
  out << "\n";
}

ExitCode Run::StreamRpc(const Rpc& rpc) {
  if (const absl::Status status = Connect(); !status.ok()) {
    return Refused(status);
  }
  Prepared prepared = PrepareFrom(rpc);
  if (!prepared.status.ok()) return Usage(prepared.status);
  const bool is_read_by_people = !json_ && field_.empty();
  if (is_read_by_people && rpc.name == "WatchBoard") {
    v1::WatchBoardRequest request;
    request.CopyFrom(*prepared.request);
    // Changes alone are no board.
    request.clear_resume_token();
    return ShowBoard(request, true);
  }
  ExitCode shown = kOk;
  std::string last;
  // Whoever waits for an offer must not miss it because the server was started
  // anew.
  const grpc::Status status =
      Watch(rpc, *prepared.request, true, [&](const Message& message) {
        if (!is_read_by_people) {
          shown = Show(message);
        } else {
          // A sign of life says nothing new.
          const std::string text = Render(*Shown(message), NowStyle());
          if (text != last && terminal_.is_screen) {
            *terminal_.out << kClearScreen;
          }
          if (text != last) *terminal_.out << text << std::endl;
          last = text;
        }
        return shown == kOk;
      });
  return status.ok() ? shown : Refused(status, "");
}

ExitCode Run::Login() {
  session_ = SavedSession();
  Target& target = session_.target;
  target.server = line_.Take("server", Environment("HOUSECALL_SERVER"));
  target.tls_ca = line_.Take("tls-ca");
  target.tls_cert = line_.Take("tls-cert");
  target.tls_key = line_.Take("tls-key");
  session_.center = line_.Get("center");
  session_.account = line_.Get("account");
  if (target.server.empty() || session_.center.empty() ||
      session_.account.empty()) {
    return Usage(WrongInput(
        "login needs --server HOST:PORT (or HOUSECALL_SERVER), --center CENTER "
        "and --account ACCOUNT",
        "login には --server HOST:PORT（または環境変数 HOUSECALL_SERVER）、"
        "--center CENTER、--account ACCOUNT が必要です"));
  }
  absl::StatusOr<std::unique_ptr<Connection>> connection =
      Connection::Open(target);
  if (!connection.ok()) return Usage(connection.status());
  connection_ = *std::move(connection);
  const absl::StatusOr<std::string> folder =
      ConfigFolder(terminal_.environment);
  if (!folder.ok()) return Refused(folder.status());
  const absl::StatusOr<std::string> account = ExpandName(
      session_.account, "centers/{center}/accounts/{account}", session_.center);
  if (!account.ok()) return Usage(account.status());

  std::optional<std::string> password;
  if (line_.Has("password-stdin")) {
    std::string text;
    if (std::getline(*terminal_.in, text)) password = text;
  } else {
    password = terminal_.ask_password(absl::StrCat(
        Text("password_for", language_), " ", session_.account, ": "));
  }
  if (!password.has_value() || password->empty()) {
    return Usage(WrongInput(
        "no password: there is no terminal to ask on; give it as a line of "
        "standard input with --password-stdin",
        "パスワードがありません。端末がないときは --password-stdin を付け、"
        "標準入力の1行で渡してください"));
  }
  if (!IsUtf8(*password)) {
    return Usage(WrongInput("the password is not UTF-8",
                            "パスワードが UTF-8 ではありません"));
  }
  v1::CreateSessionRequest request;
  request.set_account(*account);
  request.set_password(*password);
  v1::CreateSessionResponse response;
  const grpc::Status status = Ask("CreateSession", request, &response);
  if (!status.ok()) return Refused(status, "");
  session_.token = response.token();
  session_.session = response.session().name();
  session_.person = ShortId(response.person().name());
  const absl::Status saved = SaveSession(*folder, profile_, session_);
  if (!saved.ok()) return Refused(saved);
  if (json_ || !field_.empty()) return Show(response);
  *terminal_.out << Text("logged_in", language_) << ": "
                 << Who(response.person(), response.account()) << "\n";
  if (show_token_) *terminal_.out << response.token() << "\n";
  return kOk;
}

std::string Run::Who(const v1::Person& person,
                     const v1::Account& account) const {
  return absl::StrCat(Printable(person.display_name()), " (", session_.account,
                      "@", session_.center, ")  ",
                      FormatPath(account, "roles", NowStyle()));
}

ExitCode Run::WhoAmI() {
  if (const absl::Status status = Connect(); !status.ok()) {
    return Refused(status);
  }
  v1::GetSessionResponse response;
  const grpc::Status status =
      Ask("GetSession", v1::GetSessionRequest(), &response);
  if (!status.ok()) return Refused(status, "");
  if (json_ || !field_.empty()) return Show(response);
  std::ostream& out = *terminal_.out;
  out << Who(response.person(), response.account()) << "\n";
  const auto tell = [&](const char* label, const std::string& text) {
    if (text.empty()) return;
    out << FieldLabel(label, language_) << ": " << Printable(text) << "\n";
  };
  tell("organization", response.organization().display_name());
  tell("center", response.center().display_name());
  tell("expire_time",
       absl::StrCat(FormatPath(response, "session.expire_time", NowStyle()),
                    " JST"));
  return kOk;
}

ExitCode Run::Logout() {
  if (const absl::Status status = Connect(); !status.ok()) {
    return Refused(status);
  }
  v1::RevokeSessionRequest request;
  request.set_session(session_.session);
  const std::string id = SetRequestId(NewRequestId(), &request);
  v1::Session response;
  const grpc::Status status = Ask("RevokeSession", request, &response);
  // A session that the server does not know any more is over, too.
  if (!status.ok() &&
      status.error_code() != grpc::StatusCode::UNAUTHENTICATED) {
    return Refused(status, id);
  }
  const absl::StatusOr<std::string> folder =
      ConfigFolder(terminal_.environment);
  if (!folder.ok()) return Refused(folder.status());
  const absl::Status removed = RemoveSession(*folder, profile_);
  if (!removed.ok()) return Refused(removed);
  if (json_) return Show(response);
  *terminal_.out << Text("logged_out", language_) << "\n";
  return kOk;
}

absl::StatusOr<std::string> Run::CallArgument() {
  std::string call = line_.Get("call");
  if (!call.empty() && !line_.words.empty()) {
    return SaidTwice(line_.words[0], "call");
  }
  if (call.empty() && line_.words.size() == 1) call = line_.words[0];
  if (call.empty() || line_.words.size() > 1) {
    return WrongInput(
        absl::StrCat("name one call: housecall ", command_, " CALL"),
        absl::StrCat("依頼の ID を1つ指定してください: housecall ", command_,
                     " CALL"));
  }
  return ExpandName(call, "centers/{center}/calls/{call}", session_.center);
}

ExitCode Run::Why() {
  if (const absl::Status status = Connect(); !status.ok()) {
    return Refused(status);
  }
  const absl::StatusOr<std::string> call = CallArgument();
  if (!call.ok()) return Usage(call.status());
  v1::ListMatchesRequest request;
  request.set_parent(absl::StrCat("centers/", session_.center));
  request.set_call(*call);
  v1::Match newest;
  do {
    v1::ListMatchesResponse response;
    const grpc::Status status = Ask("ListMatches", request, &response);
    if (!status.ok()) return Refused(status, "");
    for (const v1::Match& match : response.matches()) {
      const auto key = [](const v1::Match& m) {
        return std::make_pair(m.create_time().seconds(),
                              m.create_time().nanos());
      };
      if (newest.name().empty() || key(match) >= key(newest)) newest = match;
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (newest.name().empty()) {
    const grpc::Status exists = CheckCallExists(*call);
    if (!exists.ok()) return Refused(exists, "");
    if (json_) return Show(newest);
    *terminal_.out << Text("no_match", language_) << "\n";
    return kOk;
  }
  return Show(newest);
}

ExitCode Run::Inbox() {
  if (const absl::Status status = Connect(); !status.ok()) {
    return Refused(status);
  }
  v1::GetSessionResponse self;
  grpc::Status status = Ask("GetSession", v1::GetSessionRequest(), &self);
  if (!status.ok()) return Refused(status, "");
  v1::ListDeliveriesRequest request;
  request.set_parent(absl::StrCat("centers/", session_.center));
  request.set_organization(self.organization().name());
  request.set_channel(v1::CHANNEL_KIND_INBOX);
  request.add_states(v1::DELIVERY_STATE_AWAITING_RECEIPT);
  v1::ListDeliveriesResponse all;
  do {
    v1::ListDeliveriesResponse response;
    status = Ask("ListDeliveries", request, &response);
    if (!status.ok()) return Refused(status, "");
    request.set_page_token(response.next_page_token());
    response.clear_next_page_token();
    all.MergeFrom(response);
  } while (!request.page_token().empty());
  if (all.deliveries().empty() && !json_ && field_.empty()) {
    *terminal_.out << Text("inbox_empty", language_) << "\n";
    return kOk;
  }
  return Show(all);
}

grpc::Status Run::Watch(const Rpc& rpc, const Message& given, bool keeps_on,
                        const std::function<bool(const Message&)>& take) {
  const std::unique_ptr<Message> request(given.New());
  request->CopyFrom(given);
  const FieldDescriptor* token =
      request->GetDescriptor()->FindFieldByName("resume_token");
  // Whether the token in the request came from this stream.
  bool resumes = false;
  CallOptions options;
  options.token = session_.token;
  absl::Duration pause = kFirstPause;
  while (true) {
    bool stopped = false;
    grpc::Status status = connection_->Stream(
        rpc, *request, options, kSilence, [&](const Message& message) {
          const std::string next = GetString(message, "resume_token");
          if (token != nullptr && !next.empty()) {
            request->GetReflection()->SetString(request.get(), token, next);
            resumes = true;
          }
          pause = kFirstPause;
          stopped = !take(message) || !terminal_.out->good();
          return !stopped;
        });
    if (stopped) return grpc::Status::OK;
    const bool is_lost =
        status.ok() || IsUncertain(status) ||
        status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED;
    // A server with another database knows nothing of this token.
    const bool is_stale =
        status.error_code() == grpc::StatusCode::INVALID_ARGUMENT && resumes;
    if (!keeps_on || (!is_lost && !is_stale)) return status;
    if (is_stale) {
      request->GetReflection()->ClearField(request.get(), token);
      resumes = false;
    }
    // Once, until something comes again.
    if (pause == kFirstPause) {
      *terminal_.err << Text("board_lost", language_) << std::endl;
    }
    absl::SleepFor(pause);
    pause = std::min(pause * 2, kMaxPause);
  }
}

ExitCode Run::Board() {
  if (const absl::Status status = Connect(); !status.ok()) {
    return Refused(status);
  }
  const bool keeps_on = line_.Get("watch", "false") != "false";
  v1::WatchBoardRequest request;
  request.set_parent(absl::StrCat("centers/", session_.center));
  if (line_.Has("call") || !line_.words.empty()) {
    const absl::StatusOr<std::string> call = CallArgument();
    if (!call.ok()) return Usage(call.status());
    request.set_call(*call);
  }
  return ShowBoard(request, keeps_on);
}

ExitCode Run::ShowBoard(const v1::WatchBoardRequest& request, bool keeps_on) {
  BoardView view;
  const grpc::Status status = Watch(
      *FindRpc("WatchBoard"), request, keeps_on, [&](const Message& message) {
        const auto& update = static_cast<const v1::BoardUpdate&>(message);
        const bool is_new = view.Take(update);
        if (json_) {
          *terminal_.out << ToJson(update) << std::endl;
        } else if (is_new) {
          if (keeps_on && terminal_.is_screen) {
            *terminal_.out << kClearScreen;
          }
          *terminal_.out << view.Render(NowStyle()) << std::endl;
        }
        return keeps_on || !view.is_complete();
      });
  return status.ok() ? kOk : Refused(status, "");
}

ExitCode Run::Timeline() {
  if (const absl::Status status = Connect(); !status.ok()) {
    return Refused(status);
  }
  const absl::StatusOr<std::string> call = CallArgument();
  if (!call.ok()) return Usage(call.status());
  const bool keeps_on = line_.Get("watch", "false") != "false";
  int64_t shown = 0;
  bool is_over = false;
  const auto show = [&](const v1::Event& event) {
    if (event.sequence() <= shown || event.call() != *call) return;
    shown = event.sequence();
    is_over = is_over || IsOver(event.kind());
    if (json_) {
      *terminal_.out << ToJson(event) << std::endl;
    } else {
      *terminal_.out << TimelineLine(event, NowStyle()) << std::endl;
    }
  };
  const auto show_past = [&] {
    v1::ListEventsRequest request;
    request.set_parent(absl::StrCat("centers/", session_.center));
    request.set_call(*call);
    do {
      v1::ListEventsResponse response;
      grpc::Status status = Ask("ListEvents", request, &response);
      if (!status.ok()) return status;
      for (const v1::Event& event : response.events()) show(event);
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return grpc::Status::OK;
  };
  grpc::Status status = grpc::Status::OK;
  if (keeps_on) {
    v1::WatchBoardRequest request;
    request.set_parent(absl::StrCat("centers/", session_.center));
    request.set_call(*call);
    grpc::Status past = grpc::Status::OK;
    // The past is read when the watch has begun, so that nothing is between.
    status = Watch(
        *FindRpc("WatchBoard"), request, true, [&](const Message& message) {
          const auto& update = static_cast<const v1::BoardUpdate&>(message);
          if (update.has_snapshot_complete()) past = show_past();
          if (update.has_event()) show(update.event());
          return past.ok() && !is_over;
        });
    if (status.ok()) status = past;
  } else {
    status = show_past();
    if (status.ok() && shown == 0) status = CheckCallExists(*call);
  }
  return status.ok() ? kOk : Refused(status, "");
}

ExitCode Run::ApplyFile() {
  if (line_.words.size() != 1) {
    return Usage(WrongInput(
        "name one file: housecall apply FILE.jsonl (- is standard input)",
        "ファイルを1つ指定してください: housecall apply FILE.jsonl"
        "（- は標準入力）"));
  }
  std::ifstream file;
  const bool is_stdin = line_.words[0] == "-";
  if (!is_stdin) {
    file.open(line_.words[0]);
    if (!file) {
      return Usage(WrongInput(absl::StrCat("cannot read ", line_.words[0]),
                              absl::StrCat(line_.words[0], " を読めません")));
    }
  }
  if (const absl::Status status = Connect(); !status.ok()) {
    return Refused(status);
  }
  ApplyOptions options;
  options.skip_existing = line_.Get("skip-existing", "false") != "false";
  options.keep_going = line_.Get("keep-going", "false") != "false";
  options.json = json_;
  options.language = language_;
  const ApplyResult result = Apply(
      is_stdin ? *terminal_.in : file, options, Around(),
      [&](const Rpc& rpc, const Message& request, Message* response) {
        return Send(rpc, request, response);
      },
      *terminal_.out);
  if (!json_) {
    *terminal_.out << result.done + result.skipped << " "
                   << Text("lines_done", language_) << "\n";
    if (result.uncertain + result.malformed + result.refused > 0) {
      *terminal_.err << "housecall: " << Text("apply_again", language_) << "\n";
    }
  }
  if (result.uncertain > 0) return kUncertain;
  if (result.malformed > 0) return kUsage;
  return result.refused > 0 ? kRefused : kOk;
}

ExitCode Run::ReceiveWebhooks() {
  WebhookReceiverOptions options;
  int reject = 0;
  if (!absl::SimpleAtoi(line_.Get("port", "0"), &options.port) ||
      options.port < 0 || options.port > 65535) {
    return Usage(
        WrongInput("--port: must be 0 (any) to 65535",
                   "--port: 0（空いている番号）～65535 で指定してください"));
  }
  if (!absl::SimpleAtoi(line_.Get("reject", "0"), &reject) || reject < 0) {
    return Usage(WrongInput("--reject: must be a number",
                            "--reject: 数で指定してください"));
  }
  options.secret = line_.Get("secret");
  if (absl::StartsWith(options.secret, "env:")) {
    const std::string name = options.secret.substr(4);
    options.secret = Environment(name);
    if (options.secret.empty()) {
      return Usage(WrongInput(
          absl::StrCat("--secret: the environment variable ", name,
                       " is not set"),
          absl::StrCat("--secret: 環境変数 ", name, " が設定されていません")));
    }
  }
  const bool is_new_secret = options.secret.empty();
  absl::StatusOr<std::unique_ptr<WebhookReceiver>> receiver =
      WebhookReceiver::Start(options, [&](const ReceivedWebhook& webhook) {
        const nlohmann::json body =
            nlohmann::json::parse(webhook.body, nullptr, false);
        std::string call;
        if (body.is_object() && body.contains("data") &&
            body["data"].is_object() && body["data"].contains("call") &&
            body["data"]["call"].is_string()) {
          call = ShortId(body["data"]["call"].get_ref<const std::string&>());
        }
        const char* what = webhook.times > 1 ? "repeated" : "received";
        if (json_) {
          *terminal_.out << nlohmann::json({{"id", webhook.id},
                                            {"call", call},
                                            {"times", webhook.times}})
                                .dump(-1, ' ', false,
                                      nlohmann::json::error_handler_t::replace)
                         << std::endl;
        } else {
          *terminal_.out << FormatTimeShort(terminal_.now(), NowStyle()) << "  "
                         << Text(what, language_) << "  "
                         << Printable(ShortId(webhook.id)) << "  "
                         << Printable(call) << std::endl;
        }
      });
  if (!receiver.ok()) {
    return absl::IsInvalidArgument(receiver.status())
               ? Usage(receiver.status())
               : Refused(receiver.status());
  }
  ReceiverBehaviour behaviour;
  if (line_.Get("hang", "false") != "false") {
    behaviour.delay = absl::InfiniteDuration();
    (*receiver)->SetBehaviour(behaviour);
  } else if (reject > 0) {
    behaviour.status = 503;
    behaviour.text = "not now";
    behaviour.requests = reject;
    (*receiver)->SetBehaviour(behaviour);
  }
  if (json_) {
    nlohmann::json about = {{"port", (*receiver)->port()},
                            {"url", (*receiver)->url()}};
    if (is_new_secret) about["secret"] = (*receiver)->secret();
    *terminal_.out << about.dump() << std::endl;
  } else {
    *terminal_.out << Text("receiver_listens", language_) << ": "
                   << (*receiver)->url() << std::endl;
    // Whoever starts it without one has to know it for the other side.
    if (is_new_secret) *terminal_.out << (*receiver)->secret() << std::endl;
  }
  if (const std::string path = line_.Get("port-file"); !path.empty()) {
    std::ofstream file(path);
    file << (*receiver)->port() << "\n";
    file.close();
    if (!file) {
      return Refused(
          NotPossible(absl::StrCat("--port-file: cannot write ", path),
                      absl::StrCat("--port-file: ", path, " に書けません")));
    }
  }
  terminal_.wait_for_stop();
  (*receiver)->Stop();
  return kOk;
}

ExitCode Run::Dispatch(const std::string& command) {
  if (const Rpc* rpc = FindRpc(command)) return CallRpc(*rpc);
  const OwnCommand& own = *FindOwnCommand(command);
  std::vector<std::string> known;
  for (const char* flag : own.flags) known.emplace_back(flag);
  for (const char* flag : own.switches) known.emplace_back(flag);
  for (const FlagWord& flag : line_.flags) {
    if (Contains(known, flag.name) || flag.name == "server" ||
        absl::StartsWith(flag.name, "tls-")) {
      continue;
    }
    return Usage(WrongInput(
        absl::StrCat("--", flag.name, ": there is no such flag",
                     DidYouMean(flag.name, known, "--", Language::kEnglish)),
        absl::StrCat("--", flag.name, ": このフラグはありません",
                     DidYouMean(flag.name, known, "--", Language::kJapanese))));
  }
  // "CALL …" or "[COMMAND]": it takes a word that is no flag.
  const absl::string_view takes = absl::StripPrefix(own.usage, "[");
  if (!line_.words.empty() &&
      (takes.empty() || !absl::ascii_isupper(takes[0]))) {
    return Usage(TooMany(line_.words[0]));
  }
  if (command == "login") return Login();
  if (command == "logout") return Logout();
  if (command == "whoami") return WhoAmI();
  if (command == "board") return Board();
  if (command == "timeline") return Timeline();
  if (command == "why") return Why();
  if (command == "inbox") return Inbox();
  if (command == "apply") return ApplyFile();
  if (command == "receive-webhooks") return ReceiveWebhooks();
  if (command == "version") {
    *terminal_.out << "housecall " << kVersion << "\n";
    return kOk;
  }
  // help [COMMAND]
  const std::string topic = line_.words.empty() ? "" : line_.words[0];
  if (const Rpc* rpc = FindRpc(topic)) {
    *terminal_.out << HelpOf(*rpc, language_);
  } else if (const OwnCommand* about = FindOwnCommand(topic)) {
    *terminal_.out << HelpOf(*about, language_);
  } else if (topic.empty()) {
    *terminal_.out << Overview(language_);
  } else {
    return Usage(NoCommand(topic));
  }
  return kOk;
}

ExitCode Run::Whole(const std::vector<std::string>& arguments) {
  const ExitCode code = Main(arguments);
  terminal_.out->flush();
  if (terminal_.out->good() || terminal_.is_reader_gone()) return code;
  *terminal_.err << "housecall: " << Text("cannot_write", language_) << "\n";
  return code == kOk ? kRefused : code;
}

ExitCode Run::Main(const std::vector<std::string>& arguments) {
  const std::string locale = !Environment("LC_ALL").empty()
                                 ? Environment("LC_ALL")
                                 : Environment("LANG");
  if (absl::StartsWith(locale, "en")) language_ = Language::kEnglish;
  // Known also where the rest of the line cannot be read.
  json_ = Contains(arguments, "--json");
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool has_next = i + 1 < arguments.size();
    const std::string lang = arguments[i] == "--lang" && has_next
                                 ? absl::StrCat("--lang=", arguments[i + 1])
                                 : arguments[i];
    if (lang == "--lang=en") language_ = Language::kEnglish;
    if (lang == "--lang=ja") language_ = Language::kJapanese;
  }

  // The command says which of its flags take no value, so it is found first.
  for (size_t i = 0; i < arguments.size() && command_.empty(); ++i) {
    const bool is_value = i > 0 && absl::StartsWith(arguments[i - 1], "--") &&
                          !absl::StrContains(arguments[i - 1], '=') &&
                          Contains(GlobalFlags(), arguments[i - 1].substr(2));
    if (!is_value && !absl::StartsWith(arguments[i], "-")) {
      command_ = arguments[i];
    }
  }
  const Rpc* rpc = FindRpc(command_);
  const OwnCommand* own = FindOwnCommand(command_);
  if (rpc != nullptr) command_ = rpc->command;
  const auto kind_of = [&](const std::string& name) {
    if (Contains(GlobalSwitches(), name)) return FlagKind::kSwitch;
    if (Contains(GlobalFlags(), name)) return FlagKind::kValue;
    if (rpc != nullptr) {
      const FieldDescriptor* field = FindFlag(*rpc->method->input_type(), name);
      if (field == nullptr && name != "etag") return FlagKind::kUnknown;
      return field != nullptr &&
                     field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL
                 ? FlagKind::kSwitch
                 : FlagKind::kValue;
    }
    if (own == nullptr) return FlagKind::kUnknown;
    const auto is_one_of = [&](const std::vector<const char*>& names) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    return is_one_of(own->switches) ? FlagKind::kSwitch
           : is_one_of(own->flags)  ? FlagKind::kValue
                                    : FlagKind::kUnknown;
  };
  absl::StatusOr<CommandLine> line = SplitCommandLine(arguments, kind_of);
  if (!line.ok()) return Usage(line.status());
  line_ = *std::move(line);
  if (const absl::Status status = ReadGlobals(); !status.ok()) {
    return Usage(status);
  }
  if (line_.Has("version")) command_ = "version", line_ = CommandLine();
  const bool wants_help = line_.Take("help", "false") != "false";
  if (command_.empty()) {
    (wants_help ? *terminal_.out : *terminal_.err) << Overview(language_);
    return wants_help ? kOk : kUsage;
  }
  if (rpc == nullptr && own == nullptr && command_ != "version") {
    const std::string unknown = std::exchange(command_, "");
    return Usage(NoCommand(unknown));
  }
  if (!line_.words.empty()) line_.words.erase(line_.words.begin());
  if (wants_help) {
    *terminal_.out << (rpc != nullptr ? HelpOf(*rpc, language_)
                                      : HelpOf(*own, language_));
    return kOk;
  }
  return Dispatch(command_);
}

}  // namespace

ExitCode RunCommand(const std::vector<std::string>& arguments,
                    const Terminal& terminal) {
  return Run(terminal).Whole(arguments);
}

}  // namespace housecall::cli

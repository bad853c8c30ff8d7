#include "clients/cli/help.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "clients/cli/request_builder.h"
#include "clients/cli/tables.h"

namespace housecall::cli {
namespace {

using google::protobuf::FieldDescriptor;

constexpr int kColumns = 80;
// Of a command's name in the overview; the longest has 24.
constexpr int kNameColumns = 26;

// A piece that is not broken at a line's end.
struct Piece {
  std::string text;
  bool has_blank_before = false;
};

// Words between blanks; Japanese between any two letters, but for the marks
// that no line may begin with.
std::vector<Piece> PiecesOf(absl::string_view paragraph) {
  std::vector<Piece> pieces;
  for (absl::string_view word :
       absl::StrSplit(paragraph, ' ', absl::SkipEmpty())) {
    bool is_first = true;
    bool was_japanese = false;
    while (!word.empty()) {
      // From U+3000 on UTF-8 takes three bytes that begin so.
      const bool is_japanese = static_cast<unsigned char>(word[0]) >= 0xE3 &&
                               static_cast<unsigned char>(word[0]) < 0xF0;
      const absl::string_view letter = word.substr(0, is_japanese ? 3 : 1);
      const bool clings =
          absl::StrContains("、。）」・ー", letter) && letter.size() == 3;
      if (is_first || ((is_japanese || was_japanese) && !clings)) {
        pieces.push_back({"", is_first && !pieces.empty()});
      }
      absl::StrAppend(&pieces.back().text, letter);
      word.remove_prefix(letter.size());
      is_first = false;
      was_japanese = is_japanese;
    }
  }
  return pieces;
}

// The text in lines of at most 80 columns, each after `indent`.
std::string Wrapped(const std::string& text, const std::string& indent) {
  std::string result;
  for (absl::string_view paragraph : absl::StrSplit(text, '\n')) {
    std::string line = indent;
    for (const Piece& piece : PiecesOf(paragraph)) {
      const bool is_begun = line.size() > indent.size();
      const int blank = is_begun && piece.has_blank_before ? 1 : 0;
      if (is_begun &&
          DisplayWidth(line) + blank + DisplayWidth(piece.text) > kColumns) {
        absl::StrAppend(&result, line, "\n");
        line = absl::StrCat(indent, piece.text);
        continue;
      }
      absl::StrAppend(&line, blank == 1 ? " " : "", piece.text);
    }
    absl::StrAppend(&result, line.size() > indent.size() ? line : "", "\n");
  }
  return result;
}

std::string FirstSentence(const std::string& text) {
  size_t end = text.find('\n');
  if (const size_t stop = text.find(". "); stop != std::string::npos) {
    end = std::min(end, stop + 1);
  }
  // Without the full stop, as headings are.
  if (const size_t stop = text.find("。"); stop != std::string::npos) {
    end = std::min(end, stop);
  }
  return text.substr(0, end);
}

// What an RPC does, in a line.
std::string SummaryOf(const Rpc& rpc, Language language) {
  return language == Language::kJapanese
             ? JapaneseSummary(rpc.command)
             : FirstSentence(CommentOf(rpc.method->full_name()));
}

std::string KindOf(const FieldDescriptor& field) {
  if (IsTimestamp(field)) return "TIME";
  if (IsDuration(field)) return "DURATION";
  if (IsLatLng(field)) return "LAT,LNG";
  if (const std::string format = ResourceFormat(field); !format.empty()) {
    const std::vector<std::string> parts = absl::StrSplit(format, '/');
    std::string name = parts.back().substr(1, parts.back().size() - 2);
    return absl::AsciiStrToUpper(name);
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (field.name() == "etag" || field.name() == "etags") {
        return "TEXT|current";
      }
      return IsSecret(field) ? "env:NAME|-" : "TEXT";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "";
    case FieldDescriptor::CPPTYPE_ENUM: {
      std::vector<std::string> names;
      for (int i = 0; i < field.enum_type()->value_count(); ++i) {
        if (field.enum_type()->value(i)->number() == 0) continue;
        names.push_back(Kebab(
            absl::AsciiStrToLower(ShortName(*field.enum_type()->value(i)))));
      }
      return absl::StrJoin(names, "|");
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "JSON";
    default:
      return "NUMBER";
  }
}

std::string FlagHelp(const google::protobuf::Descriptor& request,
                     const std::string& flag, Language language) {
  const FieldDescriptor* field = FindFlag(request, flag);
  const std::string kind = KindOf(*field);
  std::string text = absl::StrCat("  --", flag);
  if (!kind.empty()) absl::StrAppend(&text, " ", kind);
  std::vector<std::string> marks;
  if (IsRequired(*field) && flag != "request-id" && flag != "parent") {
    marks.push_back(Text("required", language));
  }
  if (field->is_repeated()) marks.push_back(Text("repeatable", language));
  if (!marks.empty()) {
    absl::StrAppend(&text, " (", absl::StrJoin(marks, ", "), ")");
  }
  if (language == Language::kJapanese && HasFieldLabel(field->name())) {
    absl::StrAppend(&text, "  ", FieldLabel(*field, language));
  }
  return absl::StrCat(text, "\n",
                      Wrapped(CommentOf(field->full_name()), "      "));
}

std::string Examples(const std::string& command, Language language) {
  const std::vector<std::string> examples = ExamplesOf(command);
  if (examples.empty()) return "";
  std::string text = absl::StrCat("\n", Text("example", language), ":\n");
  for (const std::string& example : examples) {
    absl::StrAppend(&text, "  ", example, "\n");
  }
  return text;
}

std::string GlobalFlagHelp(Language language) {
  const std::string title =
      absl::StrCat("\n", Text("global_flags", language), ":\n");
  if (language == Language::kJapanese) {
    return absl::StrCat(
        title,
        R"(  --profile NAME       使うログイン（省略時は $HOUSECALL_PROFILE か default）
  --server HOST:PORT   サーバー（省略時はログイン先。login では環境変数
                       HOUSECALL_SERVER）
  --tls-ca FILE --tls-cert FILE --tls-key FILE
                       PEM ファイル。別の機械のサーバーには TLS が必要です
  --timeout DURATION   返事を待つ時間（省略時は 10s）
  --lang ja|en         表示の言語（省略時は日本語。LANG が en なら英語）
  --json               JSON で表示（続けて届くものは1行に1件）
  --field PATH         1項目だけ表示（例: state）
  --json-request FILE  要求を JSON で渡す。- は標準入力。フラグで上書きできます
  --show-token         トークンを隠さない
)");
  }
  return absl::StrCat(
      title,
      R"(  --profile NAME       the login to use (default: $HOUSECALL_PROFILE, else
                       "default")
  --server HOST:PORT   the server (default: the login's; for login
                       $HOUSECALL_SERVER)
  --tls-ca FILE --tls-cert FILE --tls-key FILE
                       PEM files; TLS is needed for every server but this
                       machine's
  --timeout DURATION   how long to wait for an answer (default 10s)
  --lang ja|en         language (default: ja, unless LANG says otherwise)
  --json               answers as JSON, one object; streams one a line
  --field PATH         one field of the answer only, such as state
  --json-request FILE  the request as JSON; - is standard input; flags add to it
  --show-token         do not hide tokens
)");
}

}  // namespace

const std::vector<OwnCommand>& OwnCommands() {
  static const auto* const commands = new std::vector<OwnCommand>{
      {"login",
       "--server HOST:PORT --center CENTER --account ACCOUNT",
       "Logs in and keeps the session in a file that only you can read. The "
       "password is asked for, or is a line of standard input with "
       "--password-stdin.",
       "ログインします。パスワードは端末で入力するか、--password-stdin "
       "で標準入力から渡します。",
       {"center", "account"},
       {"password-stdin"}},
      {"logout",
       "",
       "Ends the session on the server and forgets it.",
       "ログアウトします。",
       {},
       {}},
      {"whoami",
       "",
       "Says who is logged in.",
       "ログイン中の利用者を示します。",
       {},
       {}},
      {"board",
       "[CALL] [--watch]",
       "Shows the center's board: what needs somebody, open calls by urgency "
       "and time left, crews on duty. With --watch it stays up to date, also "
       "after a lost connection.",
       "センターのボード（要対応・依頼・勤務中の人）を表示します。--watch "
       "で表示し続けます。",
       {"call"},
       {"watch"}},
      {"timeline",
       "CALL [--watch]",
       "Shows what happened to a call; with --watch as it happens, until the "
       "call is over.",
       "依頼の経過を表示します。--watch で終了まで表示し続けます。",
       {"call"},
       {"watch"}},
      {"why",
       "CALL",
       "Shows why this crew was chosen for a call and why not each other one.",
       "この医師・運転手を選んだ理由と、ほかを選ばなかった理由です。",
       {"call"},
       {}},
      {"inbox",
       "",
       "Lists the notes that await your organization's receipt.",
       "自分の機関の受領確認を待つ記録の一覧です。",
       {},
       {}},
      {"apply",
       "FILE.jsonl [--skip-existing] [--keep-going]",
       "Sends many requests, one JSON object a line: "
       "{\"rpc\": \"CreateCar\", \"request\": {…}}. In texts ${center} is your "
       "center; {\"env\": \"NAME\"} is an environment variable; short ids and "
       "relative times are written as in flags. Safe to run again.",
       "ファイルの要求をまとめて送ります。1行に1件の JSON で、"
       "{\"rpc\": \"CreateCar\", \"request\": {…}} と書きます。"
       "やり直しても安全です。",
       {"file"},
       {"skip-existing", "keep-going"}},
      {"receive-webhooks",
       "[--port N] [--secret whsec_…|env:NAME] [--reject N] [--hang]",
       "Plays a receiver of notes on this machine: verifies signatures and "
       "prints the ids of what comes, until it is stopped. --reject refuses "
       "the "
       "first N, --hang never answers.",
       "試験用: 記録を受け取る側のシステムの代わりをします。",
       {"port", "secret", "reject", "port-file"},
       {"hang"}},
      {"version",
       "",
       "Says which version this is.",
       "バージョンを表示します。",
       {},
       {}},
      {"help",
       "[COMMAND]",
       "Says what a command does.",
       "コマンドの説明を表示します。",
       {},
       {}},
  };
  return *commands;
}

const OwnCommand* FindOwnCommand(const std::string& name) {
  for (const OwnCommand& command : OwnCommands()) {
    if (name == command.name) return &command;
  }
  return nullptr;
}

const std::vector<std::string>& GlobalFlags() {
  static const auto* const flags = new std::vector<std::string>{
      "profile", "server", "tls-ca",       "tls-cert", "tls-key",
      "timeout", "lang",   "json-request", "field"};
  return *flags;
}

const std::vector<std::string>& GlobalSwitches() {
  static const auto* const switches =
      new std::vector<std::string>{"help", "json", "show-token", "version"};
  return *switches;
}

std::string Overview(Language language) {
  std::string text =
      language == Language::kJapanese
          ? "housecall: 往診センターのコマンドライン\n\n"
          : "housecall: the command line of a house-call center\n\n";
  absl::StrAppend(&text, Text("usage", language),
                  ": housecall COMMAND [ARGUMENTS] [--FLAG VALUE …]\n\n");
  for (const OwnCommand& command : OwnCommands()) {
    const std::string sentence = FirstSentence(
        language == Language::kJapanese ? command.japanese : command.english);
    absl::StrAppend(&text, "  ", Padded(command.name, kNameColumns),
                    Shortened(sentence, kColumns - kNameColumns - 2), "\n");
  }
  const google::protobuf::ServiceDescriptor* service = nullptr;
  for (const Rpc& rpc : Rpcs()) {
    if (rpc.method->service() != service) {
      service = rpc.method->service();
      absl::StrAppend(
          &text, "\n",
          Wrapped(language == Language::kJapanese
                      ? JapaneseSummary(service->name())
                      : FirstSentence(CommentOf(service->full_name())),
                  ""));
    }
    absl::StrAppend(
        &text, "  ", Padded(rpc.command, kNameColumns),
        Shortened(SummaryOf(rpc, language), kColumns - kNameColumns - 2), "\n");
  }
  absl::StrAppend(&text, GlobalFlagHelp(language), "\n",
                  Wrapped(Text("exit_codes", language), ""),
                  Text("try_help", language), ": housecall COMMAND --help\n",
                  Examples("", language));
  return text;
}

std::string HelpOf(const Rpc& rpc, Language language) {
  const std::string positional = PositionalField(rpc);
  const google::protobuf::Descriptor& request = *rpc.method->input_type();
  std::string text = absl::StrCat(
      Text("usage", language), ": housecall ", rpc.command,
      positional.empty()
          ? ""
          : absl::StrCat(" ", KindOf(*FindFlag(request, positional))),
      " [--FLAG VALUE …]\n\n",
      language == Language::kJapanese
          ? absl::StrCat(JapaneseSummary(rpc.command), "\n\n")
          : "",
      Wrapped(CommentOf(rpc.method->full_name()), ""));
  const std::vector<std::string> flags = FlagsOf(request);
  if (!flags.empty()) {
    absl::StrAppend(&text, "\n", Text("fields", language), ":\n");
  }
  for (const std::string& flag : flags) {
    if (flag != "parent") {
      absl::StrAppend(&text, FlagHelp(request, flag, language));
    }
  }
  return absl::StrCat(text, GlobalFlagHelp(language),
                      Examples(rpc.command, language));
}

std::string HelpOf(const OwnCommand& command, Language language) {
  return absl::StrCat(Text("usage", language), ": housecall ", command.name,
                      " ", command.usage, "\n\n",
                      Wrapped(language == Language::kJapanese ? command.japanese
                                                              : command.english,
                              ""),
                      GlobalFlagHelp(language),
                      Examples(command.name, language));
}

std::vector<std::string> ExamplesOf(const std::string& command) {
  static const auto* const examples = new std::map<std::string,
                                                   std::vector<std::string>>{
      {"",
       {"housecall login --server 127.0.0.1:7443 --center hino --account "
        "nurse",
        "housecall board --watch", "housecall why c1"}},
      {"login",
       {"housecall login --server 127.0.0.1:7443 --center hino --account "
        "nurse",
        "housecall login --profile operator --server hq.example:7443 "
        "--tls-ca ca.pem --center hino --account operator"}},
      {"submit-call",
       {"housecall submit-call c1 --patient p-1 --complaint '38.9, SpO2 91' "
        "--judgement 'cannot wait for the morning' --callback-phone "
        "042-555-0123",
        "housecall submit-call c2 --short-patient.display-name 'Suzuki' "
        "--place.address 'Nishiki-cho 3-2' --place.position 35.694,139.412 "
        "--complaint fall --judgement pain --callback-phone 042-555-0124 "
        "--vitals.pulse-per-minute 110",
        "housecall submit-call c3 --json-request call.json",
        "housecall submit-call p1 --patient p-1 --complaint fever --judgement "
        "'tonight' --callback-phone 042-555-0123 --source paper "
        "--written-time 22:05 --requester nurse-ito"}},
      {"record-visit",
       {"housecall record-visit p1 --urgency urgent --physician dr-sato "
        "--driver d-kato --car car-1 --depart-time 22:12 --arrive-time 22:31 "
        "--treatment-start-time 22:33 --treatment-end-time 22:58 --leave-time "
        "23:01"}},
      {"triage-call",
       {"housecall triage-call c1 --disposition visit --urgency urgent",
        "housecall triage-call c1 --disposition visit --urgency routine "
        "--schedule.start-time 06:30 --schedule.end-time 07:30",
        "housecall triage-call c1 --disposition advice --etag current"}},
      {"hold-call",
       {"housecall hold-call c1 --reason 'family decides' --until-time "
        "+30m"}},
      {"request-cancel",
       {"housecall request-cancel c1 --etag current --reason 'feels "
        "better'"}},
      {"override-match",
       {"housecall override-match c1 --physician dr-sato --driver d-kato "
        "--override-reason 'knows the patient'"}},
      {"go-on-duty",
       {"housecall go-on-duty", "housecall go-on-duty --car car-2"}},
      {"report-position",
       {"housecall report-position 35.698,139.414 --accuracy-meters 15"}},
      {"accept-offer", {"housecall accept-offer c1--o1"}},
      {"decline-offer", {"housecall decline-offer c1--o1 --reason 'puncture'"}},
      {"draft-note",
       {"housecall draft-note c1 --text.findings '…' --text.diagnosis '…' "
        "--text.treatment '…'"}},
      {"sign-note", {"housecall sign-note c1--n7 --etag current"}},
      {"confirm-receipt", {"housecall confirm-receipt c1--n7--d1-2"}},
      {"create-patient",
       {"housecall create-patient p-9 --patient.display-name '山田 花子' "
        "--patient.place.address '立川市…' --patient.place.position "
        "35.70,139.41 --patient.primary-clinic clinic-1 "
        "--patient.care-team '{\"role\": \"PRIMARY_CLINIC\", "
        "\"organization\": \"clinic-1\", \"channels\": [\"INBOX\"]}'"}},
      {"create-shift",
       {"housecall create-shift s-1 --shift.person dr-sato --shift.role "
        "physician --shift.start-time 18:00 --shift.end-time "
        "2026-05-07T08:00 --shift.organization clinic-1"}},
      {"update-car",
       {"housecall update-car car-1 --etag current --car.state available"}},
      {"create-account",
       {"housecall create-account nurse --account.person nurse "
        "--account.roles requester --password -"}},
      {"list-calls",
       {"housecall list-calls",
        "housecall list-calls --states "
        "matching,offered --json"}},
      {"list-rota", {"housecall list-rota --start-time now --end-time +72h"}},
      {"apply", {"housecall apply center.jsonl --skip-existing"}},
      {"board", {"housecall board --watch", "housecall board --json"}},
      {"receive-webhooks",
       {"housecall receive-webhooks --port 8088 --secret "
        "env:CLINIC_SECRET"}},
  };
  const auto found = examples->find(command);
  return found == examples->end() ? std::vector<std::string>() : found->second;
}

std::vector<std::string> CommandNames() {
  std::vector<std::string> names;
  for (const OwnCommand& command : OwnCommands())
    names.emplace_back(command.name);
  for (const Rpc& rpc : Rpcs()) names.push_back(rpc.command);
  return names;
}

}  // namespace housecall::cli

#include "clients/cli/apply.h"

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/connection.h"
#include "clients/cli/message.h"
#include "clients/cli/tables.h"
#include "clients/cli/values.h"
#include "nlohmann/json.hpp"

namespace housecall::cli {
namespace {

using nlohmann::json;

// What the line is about, for its report: "CreateCar car-1".
std::string SubjectOf(const Rpc& rpc,
                      const google::protobuf::Message& request) {
  const absl::StatusOr<std::string> value =
      RawValues(request, PositionalField(rpc));
  if (!value.ok()) return rpc.name;
  return absl::StrCat(rpc.name, " ",
                      Printable(ShortId(absl::StripAsciiWhitespace(*value))));
}

struct Line {
  absl::Status status;
  const Rpc* rpc = nullptr;
  json request;
};

Line ParseLine(const std::string& text) {
  Line line;
  json object = json::parse(text, nullptr, false);
  if (!object.is_object()) {
    line.status = WrongInput(
        "is no JSON object; each line is {\"rpc\": …, \"request\": {…}}",
        "JSON として読めません。1行は {\"rpc\": …, \"request\": {…}} です");
    return line;
  }
  for (const auto& [key, value] : object.items()) {
    if (key != "rpc" && key != "request") {
      line.status = WrongInput(
          absl::StrCat("has the key ", key,
                       "; a line has \"rpc\" and \"request\" only"),
          absl::StrCat(key,
                       " は使えません。1行には \"rpc\" と \"request\" "
                       "だけを書きます"));
      return line;
    }
  }
  std::vector<std::string> names;
  for (const Rpc& rpc : Rpcs()) names.push_back(rpc.name);
  if (!object.contains("rpc") || !object["rpc"].is_string()) {
    line.status = WrongInput("has no \"rpc\"", "\"rpc\" が書かれていません");
    return line;
  }
  const auto& name = object["rpc"].get_ref<const std::string&>();
  line.rpc = FindRpc(name);
  if (line.rpc == nullptr || line.rpc->is_stream()) {
    line.status = WrongInput(
        absl::StrCat("rpc: there is no ", name,
                     DidYouMean(name, names, "", Language::kEnglish)),
        absl::StrCat("rpc: ", name, " はありません",
                     DidYouMean(name, names, "", Language::kJapanese)));
    return line;
  }
  line.request =
      object.contains("request") ? object["request"] : json::object();
  return line;
}

}  // namespace

ApplyResult Apply(std::istream& lines, const ApplyOptions& options,
                  const Surroundings& surroundings, const Caller& call,
                  std::ostream& out) {
  ApplyResult result;
  std::string text;
  for (int number = 1; std::getline(lines, text); ++number) {
    const absl::string_view trimmed = absl::StripAsciiWhitespace(text);
    if (trimmed.empty() || trimmed[0] == '#') continue;
    const auto report = [&](const std::string& subject, absl::string_view what,
                            absl::string_view detail) {
      if (options.json) {
        json object = {{"line", number},
                       {"subject", subject},
                       {"result", std::string(what)}};
        if (!detail.empty()) object["message"] = std::string(detail);
        out << object.dump(-1, ' ', false, json::error_handler_t::replace)
            << "\n";
        return;
      }
      out << number << ": " << subject << "  "
          << (what == "done"      ? Text("done", options.language)
              : what == "skipped" ? Text("done_before", options.language)
                                  : Text("failed", options.language));
      if (!detail.empty()) out << ": " << Printable(detail);
      out << std::endl;
    };
    // Programs read English.
    const auto said = [&](const absl::Status& status) {
      return MessageOf(status,
                       options.json ? Language::kEnglish : options.language);
    };
    const Line line = ParseLine(text);
    if (!line.status.ok()) {
      ++result.malformed;
      report("", "failed", said(line.status));
      if (options.keep_going) continue;
      break;
    }
    Prepared prepared = Prepare(
        *line.rpc,
        [&](google::protobuf::Message* request) {
          return MergeJson(line.request, surroundings, request);
        },
        surroundings, call);
    const std::string subject = SubjectOf(*line.rpc, *prepared.request);
    if (!prepared.status.ok()) {
      ++result.malformed;
      report(subject, "failed", said(prepared.status));
      if (options.keep_going) continue;
      break;
    }
    grpc::Status status = prepared.answer;
    if (status.ok()) {
      SetRequestId(DerivedRequestId(*line.rpc, *prepared.request),
                   prepared.request.get());
      const auto response = line.rpc->NewResponse();
      status = call(*line.rpc, *prepared.request, response.get());
    }
    if (status.ok()) {
      ++result.done;
      report(subject, "done", "");
    } else if (options.skip_existing &&
               status.error_code() == grpc::StatusCode::ALREADY_EXISTS) {
      ++result.skipped;
      report(subject, "skipped", "");
    } else {
      const bool is_uncertain = IsUncertain(status);
      ++(is_uncertain ? result.uncertain : result.refused);
      report(subject, "failed", status.error_message());
      // Without a server the next line fails, too.
      if (is_uncertain || !options.keep_going) break;
    }
  }
  return result;
}

}  // namespace housecall::cli

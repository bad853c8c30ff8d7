#include "dispatcher/outbox/payload.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace housecall::outbox {
namespace {

using Json = nlohmann::ordered_json;

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

void SetTime(Json& json, const char* key,
             const std::optional<core::Stamp>& stamp) {
  if (stamp.has_value()) json[key] = Rfc3339(stamp->moment());
}

void SetText(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}

void SetText(Json& json, const char* key, const PrivateText& text) {
  SetText(json, key, text.Reveal());
}

Json PatientOf(const core::Board& board, const core::Call& call) {
  Json json = Json::object();
  if (const auto* patient = board.Find<core::Patient>(call.patient)) {
    json["id"] = patient->id.value();
    SetText(json, "name", patient->display_name);
    SetText(json, "name_kana", patient->display_name_kana);
    SetText(json, "birth_date", patient->birth_date);
  } else if (call.short_patient.has_value()) {
    SetText(json, "name", call.short_patient->display_name);
    SetText(json, "name_kana", call.short_patient->display_name_kana);
    SetText(json, "birth_date", call.short_patient->birth_date);
  }
  return json;
}

std::string NameOf(const core::Board& board, const core::PersonId& id) {
  const auto* person = board.Find<core::Person>(id);
  return person == nullptr ? id.value() : person->display_name;
}

}  // namespace

absl::StatusOr<PrivateText> NotePayload(const core::Board& board,
                                        const core::Delivery& delivery) {
  const auto* note = board.Find<core::Note>(delivery.note);
  const auto* call = board.Find<core::Call>(delivery.call);
  const core::NoteVersion* version = nullptr;
  if (note != nullptr) {
    for (const core::NoteVersion& v : note->versions) {
      if (v.number == delivery.note_version) version = &v;
    }
  }
  if (version == nullptr || call == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "delivery ", delivery.id.value(), " has no signed note on the board"));
  }

  Json text = Json::object();
  SetText(text, "findings", version->text.findings);
  SetText(text, "diagnosis", version->text.diagnosis);
  SetText(text, "treatment", version->text.treatment);
  SetText(text, "prescriptions", version->text.prescriptions);
  SetText(text, "advice", version->text.advice);
  SetText(text, "follow_up", version->text.follow_up);

  Json note_json = {{"id", note->id.value()},
                    {"version", version->number},
                    {"sign_time", Rfc3339(version->sign_time)},
                    {"physician", NameOf(board, version->signed_by)}};
  SetText(note_json, "amend_reason", version->amend_reason);
  note_json["text"] = std::move(text);

  Json visit_json = Json::object();
  if (const auto* visit = board.Find<core::Visit>(note->visit)) {
    SetTime(visit_json, "depart_time", visit->depart);
    SetTime(visit_json, "arrive_time", visit->arrive);
    SetTime(visit_json, "treatment_start_time", visit->treatment_start);
    SetTime(visit_json, "treatment_end_time", visit->treatment_end);
    SetTime(visit_json, "leave_time", visit->leave);
  }

  const Json body = {
      {"type", version->number == 1 ? "note.signed" : "note.amended"},
      {"timestamp", Rfc3339(version->sign_time)},
      {"data",
       {{"delivery", absl::StrCat("centers/", board.center().id.value(),
                                  "/deliveries/", delivery.id.value())},
        {"center", board.center().display_name},
        {"center_phone", board.center().phone},
        {"call", call->id.value()},
        {"receive_time", Rfc3339(call->receive_time)},
        {"patient", PatientOf(board, *call)},
        {"visit", std::move(visit_json)},
        {"note", std::move(note_json)}}}};
  // Text that is not UTF-8 cannot come in over the API; should a row hold some,
  // the receiver gets U+FFFD rather than no note.
  return PrivateText(body.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace housecall::outbox

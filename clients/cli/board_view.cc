#include "clients/cli/board_view.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "clients/cli/api.h"
#include "clients/cli/values.h"

namespace housecall::cli {
namespace {

// The policy's default, for those who do not see the center.
constexpr absl::Duration kStaleAfter = absl::Minutes(5);
// Columns of a timeline: nearly every event and id fits.
constexpr int kEventColumns = 20;
constexpr int kActorColumns = 14;

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) +
         absl::Nanoseconds(time.nanos());
}

bool IsOver(v1::CallState state) {
  return state == v1::CALL_STATE_CLOSED || state == v1::CALL_STATE_MERGED ||
         state == v1::CALL_STATE_CANCELLED;
}

template <typename E>
std::string LabelOf(E value, const google::protobuf::EnumDescriptor* type,
                    const Style& style) {
  const auto* descriptor = type->FindValueByNumber(value);
  return descriptor == nullptr ? "" : EnumLabel(*descriptor, style.language);
}

// Who must be thought of first: what 119 has to do with, then urgency, then
// what is not triaged, and the nearest target.
auto Order(const v1::Call& call) {
  const int rank = call.state() == v1::CALL_STATE_EMERGENCY_119 ? 0
                   : call.urgency() == v1::URGENCY_UNSPECIFIED
                       ? (call.red_flags().empty() ? 3 : 1)
                       : 1 + call.urgency();
  const absl::Time target = call.has_target_time() ? TimeOf(call.target_time())
                                                   : absl::InfiniteFuture();
  return std::make_tuple(rank, target, TimeOf(call.receive_time()),
                         call.name());
}

// A crew is, or was, at the door.
bool HasArrived(const v1::Call& call) {
  return call.state() == v1::CALL_STATE_ON_SCENE ||
         call.state() == v1::CALL_STATE_NOT_FOUND ||
         call.state() == v1::CALL_STATE_DEPARTED_SCENE ||
         call.state() == v1::CALL_STATE_NOTE_SENT;
}

std::vector<std::string> LinesOf(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

// Whether all of it can be read on the terminal.
bool Fits(const std::string& text, const Style& style) {
  if (style.columns <= 0) return true;
  const std::vector<std::string> lines = LinesOf(text);
  return std::all_of(lines.begin(), lines.end(), [&](const std::string& line) {
    return DisplayWidth(line) <= style.columns;
  });
}

// A line cut at the terminal's edge.
std::string Cut(const std::string& line, const Style& style) {
  return absl::StrCat(style.columns > 0 ? Shortened(line, style.columns) : line,
                      "\n");
}

template <typename R>
void Keep(const R& resource, bool counts, std::map<std::string, R>* all) {
  if (counts) {
    (*all)[resource.name()] = resource;
  } else {
    all->erase(resource.name());
  }
}

}  // namespace

bool BoardView::Take(const v1::BoardUpdate& update) {
  if (!update.resume_token().empty()) resume_token_ = update.resume_token();
  switch (update.update_case()) {
    case v1::BoardUpdate::kSnapshotBegin:
      *this = BoardView();
      return false;
    case v1::BoardUpdate::kSnapshotChunk:
      for (const v1::Resource& resource : update.snapshot_chunk().resources()) {
        Put(resource);
      }
      return false;
    case v1::BoardUpdate::kSnapshotComplete:
      is_complete_ = true;
      return true;
    case v1::BoardUpdate::kEvent:
      for (const v1::Resource& resource : update.event().resources()) {
        Put(resource);
      }
      return is_complete_;
    case v1::BoardUpdate::kHeartbeat:
      return is_complete_;
    case v1::BoardUpdate::UPDATE_NOT_SET:
      return false;
  }
  return false;
}

void BoardView::Put(const v1::Resource& resource) {
  // What is over is forgotten: a board may be watched for weeks.
  if (resource.has_call()) {
    Keep(resource.call(), !IsOver(resource.call().state()), &calls_);
    if (IsOver(resource.call().state())) {
      assignments_.erase(resource.call().assignment());
    }
  }
  if (resource.has_task()) {
    Keep(resource.task(), !resource.task().has_resolved(), &tasks_);
  }
  if (resource.has_offer()) {
    Keep(resource.offer(), resource.offer().state() == v1::OFFER_STATE_PENDING,
         &offers_);
  }
  // A crew that has left still owes the note.
  if (resource.has_assignment()) {
    Keep(resource.assignment(),
         resource.assignment().state() != v1::ASSIGNMENT_STATE_RELEASED,
         &assignments_);
  }
  if (resource.has_duty()) {
    Keep(resource.duty(), resource.duty().on_duty(), &duties_);
  }
  if (resource.has_position()) Keep(resource.position(), true, &positions_);
  if (resource.has_person()) Keep(resource.person(), true, &people_);
  if (resource.has_patient()) Keep(resource.patient(), true, &patients_);
  if (resource.has_center()) Keep(resource.center(), true, &centers_);
}

std::string BoardView::Render(const Style& style) const {
  const Language language = style.language;
  std::string title = Text("board_title", language);
  for (const auto& [name, center] : centers_) {
    absl::StrAppend(&title, "  ", Printable(center.display_name()));
  }
  absl::StrAppend(&title, "  ", FormatTime(style.now, style), "\n");

  Table tasks({});
  for (const auto& [name, task] : tasks_) {
    tasks.AddRow({task.has_acknowledged()
                      ? ""
                      : absl::StrCat("! ", Text("sounding", language)),
                  LabelOf(task.kind(), v1::TaskKind_descriptor(), style),
                  ShortId(task.call()),
                  FormatTimeShort(TimeOf(task.raise_time()), style),
                  ShortId(name), FormatPath(task, "detail", style)});
  }
  if (!tasks.empty()) {
    absl::StrAppend(&title, "\n", Text("board_tasks", language), "\n");
    for (const std::string& line : LinesOf(tasks.Render(60))) {
      absl::StrAppend(&title, Cut(line, style));
    }
  }

  std::vector<const v1::Call*> open;
  for (const auto& [name, call] : calls_) open.push_back(&call);
  std::sort(open.begin(), open.end(), [](const v1::Call* a, const v1::Call* b) {
    return Order(*a) < Order(*b);
  });
  absl::StrAppend(&title, "\n", Text("board_calls", language), "\n");
  if (open.empty()) {
    absl::StrAppend(&title, Text("board_no_calls", language), "\n");
  } else {
    const std::string arrival =
        absl::StrCat(FieldLabel("arrive_time", language), " (JST)");
    Table wide({FieldLabel("urgency", language), Text("time_left", language),
                FieldLabel("state", language), FieldLabel("call", language),
                FieldLabel("patient", language),
                FieldLabel("address", language),
                FieldLabel("physician", language),
                FieldLabel("driver", language), arrival});
    Table narrow({FieldLabel("urgency", language), Text("time_left", language),
                  FieldLabel("state", language), FieldLabel("call", language),
                  FieldLabel("patient", language), arrival});
    std::vector<std::string> second_lines;
    for (const v1::Call* call : open) {
      std::string left;
      if (call->has_target_time() && !HasArrived(*call)) {
        const absl::Duration rest = TimeOf(call->target_time()) - style.now;
        const absl::Duration minutes =
            absl::Trunc(absl::AbsDuration(rest), absl::Minutes(1));
        left = DurationText(minutes, language);
        if (rest < absl::ZeroDuration()) {
          left = absl::StrCat(Text("late", language), " ", left);
        }
      }
      std::string patient = ShortId(call->patient());
      const auto card = patients_.find(call->patient());
      if (card != patients_.end() && !card->second.display_name().empty()) {
        patient = card->second.display_name();
      }
      if (call->has_short_patient()) {
        patient = call->short_patient().display_name();
      }
      std::string physician;
      std::string driver;
      std::string arrive;
      const auto assignment = assignments_.find(call->assignment());
      const auto offer = offers_.find(call->offer());
      if (offer != offers_.end()) {
        const auto asked = [](const std::string& person) {
          return person.empty() ? "" : absl::StrCat("(", ShortId(person), ")");
        };
        physician = asked(offer->second.physician());
        driver = asked(offer->second.driver());
        arrive = FormatPath(offer->second, "estimate.arrive_time", style);
      } else if (assignment != assignments_.end()) {
        physician = ShortId(assignment->second.physician());
        driver = ShortId(assignment->second.driver());
        if (!assignment->second.has_arrive()) {
          arrive =
              FormatPath(assignment->second, "estimate.arrive_time", style);
        }
        // After a breakdown another driver is asked for the same physician.
        for (const auto& [name, other] : offers_) {
          if (other.replaces_car_of() != assignment->first) continue;
          driver = absl::StrCat("(", ShortId(other.driver()), ")");
          arrive = FormatPath(other, "estimate.arrive_time", style);
        }
      }
      // No crew yet: what the requester was told.
      if (arrive.empty() && call->has_promise() && !HasArrived(*call)) {
        arrive = absl::StrCat("≤ ",
                              FormatPath(*call, "promise.promise_time", style));
      }
      const std::string urgency =
          LabelOf(call->urgency(), v1::Urgency_descriptor(), style);
      const std::string state =
          LabelOf(call->state(), v1::CallState_descriptor(), style);
      const std::string id = ShortId(call->name());
      wide.AddRow({urgency, left, state, id, patient, call->place().address(),
                   physician, driver, arrive});
      narrow.AddRow({urgency, left, state, id, patient, arrive});
      std::string crew = physician;
      if (!driver.empty()) absl::StrAppend(&crew, " + ", driver);
      // The crew first: an address may be of any length.
      second_lines.push_back(Printable(absl::StrCat(
          "    ", crew, crew.empty() ? "" : "  ", call->place().address())));
    }
    const std::string whole = wide.Render();
    if (Fits(whole, style)) {
      absl::StrAppend(&title, whole);
    } else {
      const std::vector<std::string> lines = LinesOf(narrow.Render());
      absl::StrAppend(&title, Cut(lines[0], style));
      for (size_t i = 0; i < second_lines.size(); ++i) {
        absl::StrAppend(&title, Cut(lines[i + 1], style),
                        Cut(second_lines[i], style));
      }
    }
  }

  absl::Duration stale_after = kStaleAfter;
  for (const auto& [name, center] : centers_) {
    if (center.policy().has_position_stale_after()) {
      stale_after =
          absl::Seconds(center.policy().position_stale_after().seconds());
    }
  }
  Table crews({});
  Table narrow_crews({});
  for (const auto& [name, duty] : duties_) {
    const auto person = people_.find(name);
    const auto position = positions_.find(name);
    std::string where;
    std::string age_text;
    if (position != positions_.end()) {
      const absl::Duration age =
          style.now - TimeOf(position->second.device_time());
      age_text = DurationText(age, language);
      if (age > stale_after) {
        absl::StrAppend(&age_text, "  (", Text("stale", language), ")");
      }
      where = absl::StrCat(FormatPath(position->second, "position", style),
                           "  ", age_text);
    }
    if (duty.has_standby()) {
      const v1::Standby& standby = duty.standby();
      std::string advice =
          absl::StrCat("  → ", FieldLabel("standby", language));
      if (!standby.physician().empty()) {
        absl::StrAppend(&advice, " ", ShortId(standby.physician()));
      }
      if (standby.has_position()) {
        absl::StrAppend(&advice, " ", FormatPath(standby, "position", style));
      }
      absl::StrAppendFormat(&advice, " (%s %.1f)",
                            Text("urgent_expected", language),
                            standby.expected_urgent_calls());
      where += advice;
      age_text += advice;
    }
    std::vector<std::string> row = {
        LabelOf(duty.role(), v1::Role_descriptor(), style), ShortId(name),
        person == people_.end() ? "" : person->second.display_name(),
        ShortId(duty.car()), where};
    crews.AddRow(row);
    row.back() = age_text;
    narrow_crews.AddRow(std::move(row));
  }
  if (!crews.empty()) {
    absl::StrAppend(&title, "\n", Text("board_crews", language), "\n");
    const std::string whole = crews.Render();
    const bool fits = Fits(whole, style);
    for (const std::string& line :
         LinesOf(fits ? whole : narrow_crews.Render())) {
      absl::StrAppend(&title, Cut(line, style));
    }
  }
  return title;
}

std::string TimelineLine(const v1::Event& event, const Style& style) {
  const auto* kind =
      v1::EventKind_descriptor()->FindValueByNumber(event.kind());
  std::string who = ShortId(event.actor_person());
  if (who.empty() && event.actor_role() != v1::ROLE_UNSPECIFIED) {
    who = LabelOf(event.actor_role(), v1::Role_descriptor(), style);
  }
  std::string line =
      absl::StrCat(FormatTimeShort(TimeOf(event.event_time()), style), "  ",
                   Padded(kind == nullptr ? absl::StrCat(event.kind())
                                          : EnumLabel(*kind, style.language),
                          kEventColumns),
                   "  ", Padded(Printable(who), kActorColumns));
  std::vector<std::string> details;
  for (const v1::Resource& resource : event.resources()) {
    if (resource.has_offer()) {
      details.push_back(
          absl::StrCat(ShortId(resource.offer().physician()),
                       resource.offer().driver().empty() ? "" : " + ",
                       ShortId(resource.offer().driver())));
    }
    if (resource.has_delivery()) {
      details.push_back(absl::StrCat(
          "→ ", ShortId(resource.delivery().member().organization())));
    }
    if (resource.has_task()) {
      details.push_back(
          LabelOf(resource.task().kind(), v1::TaskKind_descriptor(), style));
    }
  }
  for (const std::string& detail : details) {
    absl::StrAppend(&line, "  ", Printable(detail));
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace housecall::cli

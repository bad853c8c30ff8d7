#include "clients/cli/board_view.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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
                  ShortId(name), task.detail()});
  }
  if (!tasks.empty()) {
    absl::StrAppend(&title, "\n", Text("board_tasks", language), "\n",
                    tasks.Render(60));
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
    Table calls(
        {FieldLabel("urgency", language), Text("time_left", language),
         FieldLabel("state", language), FieldLabel("call", language),
         FieldLabel("patient", language), FieldLabel("address", language),
         FieldLabel("physician", language), FieldLabel("driver", language),
         absl::StrCat(FieldLabel("arrive_time", language), " (JST)")});
    for (const v1::Call* call : open) {
      std::string left;
      if (call->has_target_time()) {
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
        arrive = FormatPath(assignment->second, "estimate.arrive_time", style);
      }
      calls.AddRow({LabelOf(call->urgency(), v1::Urgency_descriptor(), style),
                    left,
                    LabelOf(call->state(), v1::CallState_descriptor(), style),
                    ShortId(call->name()), patient, call->place().address(),
                    physician, driver, arrive});
    }
    absl::StrAppend(&title, calls.Render());
  }

  absl::Duration stale_after = kStaleAfter;
  for (const auto& [name, center] : centers_) {
    if (center.policy().has_position_stale_after()) {
      stale_after =
          absl::Seconds(center.policy().position_stale_after().seconds());
    }
  }
  Table crews({});
  for (const auto& [name, duty] : duties_) {
    const auto person = people_.find(name);
    const auto position = positions_.find(name);
    std::string where;
    if (position != positions_.end()) {
      const absl::Duration age =
          style.now - TimeOf(position->second.device_time());
      where = absl::StrCat(FormatPath(position->second, "position", style),
                           "  ", DurationText(age, language));
      if (age > stale_after) {
        absl::StrAppend(&where, "  (", Text("stale", language), ")");
      }
    }
    crews.AddRow({LabelOf(duty.role(), v1::Role_descriptor(), style),
                  ShortId(name),
                  person == people_.end() ? "" : person->second.display_name(),
                  ShortId(duty.car()), where});
  }
  if (!crews.empty()) {
    absl::StrAppend(&title, "\n", Text("board_crews", language), "\n",
                    crews.Render());
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

#include <map>
#include <variant>

#include "dispatcher/core/decide.h"
#include "dispatcher/core/delivery_rules.h"

namespace housecall::core {

namespace {

// These change nothing of how a delivery travels. Putting its message anew
// would take it from whoever is sending it just now.
bool LeavesTheOutboxAlone(EventKind kind) {
  return kind == EventKind::kDeliveryOverdue ||
         kind == EventKind::kNoteQuestioned;
}

}  // namespace

OutboxChange OutboxFor(absl::Span<const Event> events) {
  std::map<DeliveryId, const Delivery*> last;
  for (const Event& event : events) {
    if (LeavesTheOutboxAlone(event.kind)) continue;
    for (const Record& record : event.records) {
      if (const auto* delivery = std::get_if<Delivery>(&record)) {
        last[delivery->id] = delivery;
      }
    }
  }
  OutboxChange change;
  for (const auto& [id, delivery] : last) {
    const ChannelKind channel = CurrentChannel(*delivery);
    if (delivery->state == DeliveryState::kPending &&
        channel == ChannelKind::kWebhook) {
      change.put.push_back(
          {id, channel,
           delivery->next_attempt_time.value_or(absl::InfinitePast())});
    } else {
      change.remove.push_back(id);
    }
  }
  return change;
}

}  // namespace housecall::core

#include "dispatcher/core/event.h"

namespace housecall::core {

bool IsJournaled(EventKind kind) {
  return kind != EventKind::kPositionReported;
}

void Apply(const Event& event, Board* board) {
  for (const Record& record : event.records) board->Put(record);
}

}  // namespace housecall::core

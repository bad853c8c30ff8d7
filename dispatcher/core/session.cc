#include "dispatcher/core/session.h"

#include "absl/status/status.h"

namespace housecall::core {

absl::StatusOr<Actor> ActorBehind(const Board& board, const SessionId& id,
                                  absl::Time now) {
  const absl::Status over = absl::UnauthenticatedError(
      "the session is over or was revoked; log in again");
  const Session* session = board.Find<Session>(id);
  if (session == nullptr || session->revoked || now >= session->expire_time) {
    return over;
  }
  const Account* account = board.Find<Account>(session->account);
  if (account == nullptr || account->disabled) return over;
  const Person* person = board.Find<Person>(account->person);
  if (person == nullptr || !person->active) return over;
  Actor actor;
  actor.account = account->id;
  actor.person = person->id;
  actor.organization = person->organization;
  actor.roles = account->roles;
  return actor;
}

}  // namespace housecall::core

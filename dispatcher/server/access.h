// Who may do what: one table of RPC × role × relation, deny by default.
#ifndef HOUSECALL_DISPATCHER_SERVER_ACCESS_H_
#define HOUSECALL_DISPATCHER_SERVER_ACCESS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "dispatcher/core/board.h"
#include "dispatcher/server/convert.h"

namespace housecall::server {

// How far a role reaches with an RPC; several may be combined.
//
// kAll: everything of the own center. kOwnCalls: calls that the caller, or
// somebody of his organization, forwarded or follows. kOwnPatients: patients
// whose care team or primary clinic is the caller's organization, and their
// calls. kOffered: calls offered to the caller. kOwnVisits: calls whose visit
// the caller has accepted, their patients, and the car of his duty or visit.
// kSelf: the caller's own person, account, sessions. kOwnDeliveries: deliveries
// to the caller's organization.
enum Reach : unsigned {
  kNothing = 0,
  kAll = 1,
  kOwnCalls = 2,
  kOwnPatients = 4,
  kOffered = 8,
  kOwnVisits = 16,
  kSelf = 32,
  kOwnDeliveries = 64,
};

struct AccessRow {
  const char* rpc;
  unsigned requester;
  unsigned operator_;
  unsigned physician;
  unsigned driver;
  unsigned care_team;
  unsigned administrator;
  unsigned municipality;
};

// The whole table, in the order of the services. An RPC that is not in it is
// refused.
const std::vector<AccessRow>& AccessTable();

// What the roles of the actor reach with that RPC together.
unsigned ReachOf(absl::string_view rpc, const core::Actor& actor);

// PermissionDenied unless the actor's roles reach everything that the request
// names in any of its fields, at any depth: a visit, note, match or task stands
// for its call; what the board does not hold is as good as another's to
// somebody who reaches less than kAll. `creates`: the collection whose id the
// request chooses ("calls" for SubmitCall), which need not exist. The message
// names the RPC and nothing of what it is about.
absl::Status CheckAccess(absl::string_view rpc, const core::Actor& actor,
                         const core::CenterId& center, const core::Board& board,
                         const google::protobuf::Message& request,
                         absl::string_view creates = "");

// The actor's relations to one call, as a combination of kOwnCalls,
// kOwnPatients, kOffered and kOwnVisits.
unsigned RelationTo(const core::Call& call, const core::Actor& actor,
                    const core::Board& board);
// To a patient: kOwnPatients and kOwnVisits.
unsigned RelationTo(const core::Patient& patient, const core::Actor& actor,
                    const core::Board& board);

// Operators and administrators, who reach everybody of their center.
bool IsOfficeStaff(const core::Actor& actor);

// Whether a list of calls, patients … under that RPC may show this one.
bool MaySee(unsigned reach, const core::Call& call, const core::Actor& actor,
            const core::Board& board);

// What of a call or patient the actor may read: operators and administrators
// everything; the requester's side and the care team everything of their own;
// the physician everything once he has accepted; the driver names and places
// once he has accepted, never anything clinical.
View ViewOf(const core::Call& call, const core::Actor& actor,
            const core::Board& board);
View ViewOf(const core::Patient& patient, const core::Actor& actor,
            const core::Board& board);

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_ACCESS_H_

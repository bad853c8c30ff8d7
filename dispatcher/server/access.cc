#include "dispatcher/server/access.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace housecall::server {
namespace {

constexpr unsigned kCalls = kOwnCalls | kOwnPatients;
constexpr unsigned kCrew = kOwnVisits;
constexpr unsigned kOfferedOrCrew = kOffered | kOwnVisits;

unsigned CellOf(const AccessRow& row, core::Role role) {
  switch (role) {
    case core::Role::kRequester:
      return row.requester;
    case core::Role::kOperator:
      return row.operator_;
    case core::Role::kPhysician:
      return row.physician;
    case core::Role::kDriver:
      return row.driver;
    case core::Role::kCareTeam:
      return row.care_team;
    case core::Role::kAdministrator:
      return row.administrator;
    case core::Role::kMunicipality:
      return row.municipality;
    case core::Role::kUnspecified:
    case core::Role::kSystem:
      return kNothing;
  }
  return kNothing;
}

template <typename T>
bool Contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool IsMemberOf(const std::vector<core::CareTeamMember>& team,
                const core::OrganizationId& organization) {
  return std::any_of(team.begin(), team.end(),
                     [&](const core::CareTeamMember& member) {
                       return member.organization == organization;
                     });
}

void AddUnknownOr(const core::Call* call, Named* named) {
  if (call == nullptr) {
    named->unknown = true;
  } else {
    named->calls.push_back(*call);
  }
}

// Adds the resource of that collection and id.
void Resolve(absl::string_view collection, const std::string& id,
             const core::Board& board, Named* named) {
  const auto add_call = [&](const core::CallId& call) {
    AddUnknownOr(board.Find<core::Call>(call), named);
  };
  const auto add_call_of = [&](const auto* record) {
    if (record == nullptr) {
      named->unknown = true;
    } else if (!record->call.empty()) {
      add_call(record->call);
    }
  };
  if (collection == "calls") {
    add_call(core::CallId(id));
  } else if (collection == "offers") {
    const auto* offer = board.Find<core::Offer>(core::OfferId(id));
    if (offer == nullptr) {
      named->unknown = true;
    } else {
      named->offers.push_back(*offer);
    }
  } else if (collection == "assignments") {
    const auto* assignment =
        board.Find<core::Assignment>(core::AssignmentId(id));
    if (assignment == nullptr) {
      named->unknown = true;
    } else {
      named->assignments.push_back(*assignment);
    }
  } else if (collection == "visits") {
    add_call_of(board.Find<core::Visit>(core::VisitId(id)));
  } else if (collection == "notes") {
    add_call_of(board.Find<core::Note>(core::NoteId(id)));
  } else if (collection == "matches") {
    add_call_of(board.Find<core::Match>(core::MatchId(id)));
  } else if (collection == "tasks") {
    add_call_of(board.Find<core::Task>(core::TaskId(id)));
  } else if (collection == "deliveries") {
    const auto* delivery = board.Find<core::Delivery>(core::DeliveryId(id));
    if (delivery == nullptr) {
      named->unknown = true;
    } else {
      named->deliveries.push_back(*delivery);
    }
  } else if (collection == "patients") {
    const auto* patient = board.Find<core::Patient>(core::PatientId(id));
    if (patient == nullptr) {
      named->unknown = true;
    } else {
      named->patients.push_back(*patient);
    }
  } else if (collection == "people") {
    named->people.push_back(core::PersonId(id));
  } else if (collection == "accounts") {
    named->accounts.push_back(core::AccountId(id));
  } else if (collection == "sessions") {
    named->sessions.push_back(core::SessionId(id));
  }
}

// Calls visit(text) for each string of the message, at any depth.
template <typename Visit>
void ForEachString(const google::protobuf::Message& message, Visit&& visit) {
  using google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int size =
        field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        visit(field->is_repeated()
                  ? reflection.GetRepeatedString(message, field, i)
                  : reflection.GetString(message, field));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        ForEachString(field->is_repeated()
                          ? reflection.GetRepeatedMessage(message, field, i)
                          : reflection.GetMessage(message, field),
                      visit);
      }
    }
  }
}

}  // namespace

const std::vector<AccessRow>& AccessTable() {
  // Rows: RPC; columns: requester, operator, physician, driver, care team,
  // administrator, municipality.
  static const auto* const table = new std::vector<AccessRow>{
      // CallService
      {"SubmitCall", kOwnPatients, kAll, 0, 0, kOwnPatients, 0, 0},
      {"GetCall", kCalls, kAll, kCrew, kCrew, kOwnPatients, 0, 0},
      {"ListCalls", kCalls, kAll, kCrew, kCrew, kOwnPatients, 0, 0},
      {"TriageCall", 0, kAll, 0, 0, 0, 0, 0},
      {"HoldCall", 0, kAll, 0, 0, 0, 0, 0},
      {"ResumeCall", 0, kAll, 0, 0, 0, 0, 0},
      {"AddFact", kCalls, kAll, kCrew, 0, kOwnPatients, 0, 0},
      {"CorrectPlace", kCalls, kAll, kCrew, kCrew, 0, 0, 0},
      {"FollowCall", kCalls, kAll, 0, 0, kOwnPatients, 0, 0},
      {"MergeCall", 0, kAll, 0, 0, 0, 0, 0},
      {"UnmergeCall", 0, kAll, 0, 0, 0, 0, 0},
      {"RequestCancel", kOwnCalls, kAll, 0, 0, 0, 0, 0},
      {"AnswerCancel", 0, kAll, 0, 0, 0, 0, 0},
      {"CancelCall", 0, kAll, 0, 0, 0, 0, 0},
      {"RaiseEmergency", kCalls, kAll, kCrew, kCrew, kOwnPatients, 0, 0},
      {"DecideEmergency", 0, kAll, kCrew, 0, 0, 0, 0},
      {"SetCareTeam", 0, kAll, 0, 0, 0, 0, 0},
      {"GrantDistanceException", 0, kAll, 0, 0, 0, 0, 0},
      {"InformRequester", kOwnCalls, kAll, 0, 0, 0, 0, 0},
      {"CloseCall", 0, kAll, 0, 0, 0, 0, 0},
      {"OverrideMatch", 0, kAll, 0, 0, 0, 0, 0},
      {"WithdrawOffer", 0, kAll, 0, 0, 0, 0, 0},
      {"ReleaseAssignment", 0, kAll, 0, 0, 0, 0, 0},
      {"GetMatch", 0, kAll, 0, 0, 0, kAll, 0},
      {"ListMatches", 0, kAll, 0, 0, 0, kAll, 0},
      {"ListOffers", 0, kAll, kOfferedOrCrew, kOfferedOrCrew, 0, 0, 0},
      {"ListAssignments", kOwnCalls, kAll, kCrew, kCrew, 0, 0, 0},
      {"ListTasks", 0, kAll, 0, 0, 0, 0, 0},
      {"AcknowledgeTask", 0, kAll, 0, 0, 0, 0, 0},
      {"ResolveTask", 0, kAll, 0, 0, 0, 0, 0},
      // BoardService
      {"WatchBoard", kCalls, kAll, 0, 0, kOwnPatients, 0, 0},
      {"ListEvents", kCalls, kAll, 0, 0, kOwnPatients, 0, 0},
      // VisitService
      {"GoOnDuty", 0, kAll, kSelf, kSelf, 0, 0, 0},
      {"GoOffDuty", 0, kAll, kSelf, kSelf, 0, 0, 0},
      {"GetDuty", 0, kAll, kSelf, kSelf, 0, 0, 0},
      {"WatchDuty", 0, 0, kSelf, kSelf, 0, 0, 0},
      {"ReportPosition", 0, 0, kSelf, kSelf, 0, 0, 0},
      {"AcceptOffer", 0, kAll, kOffered | kOwnVisits | kSelf,
       kOffered | kOwnVisits | kSelf, 0, 0, 0},
      {"DeclineOffer", 0, kAll, kOffered | kOwnVisits | kSelf,
       kOffered | kOwnVisits | kSelf, 0, 0, 0},
      {"StartDrive", 0, kAll, kCrew, kCrew, 0, 0, 0},
      {"PickUpPhysician", 0, kAll, kCrew, kCrew, 0, 0, 0},
      {"Arrive", 0, kAll, kCrew, kCrew, 0, 0, 0},
      {"StartTreatment", 0, 0, kCrew, 0, 0, 0, 0},
      {"EndTreatment", 0, 0, kCrew, 0, 0, 0, 0},
      {"LeaveScene", 0, kAll, kCrew, kCrew, 0, 0, 0},
      {"ReportNotFound", 0, kAll, kCrew, kCrew, 0, 0, 0},
      {"RecordNotFoundStep", 0, kAll, kCrew, kCrew, 0, 0, 0},
      {"ReportFound", 0, kAll, kCrew, kCrew, 0, 0, 0},
      {"ReportBreakdown", 0, kAll, kAll, kAll, 0, kAll, 0},
      {"ReportDriverMissing", 0, kAll, kCrew, 0, 0, 0, 0},
      {"ConfirmHours", 0, kAll, kCrew | kSelf, kCrew | kSelf, 0, 0, 0},
      {"GetVisit", kOwnCalls, kAll, kCrew, kCrew, kOwnPatients, 0, 0},
      {"ListVisits", kOwnCalls, kAll, kCrew, kCrew, kOwnPatients, 0, 0},
      {"GetAssignment", kOwnCalls, kAll, kCrew, kCrew, 0, 0, 0},
      {"GetRoute", 0, kAll, kCrew, kCrew, 0, 0, 0},
      // RotaService
      {"CreateShift", 0, 0, 0, 0, 0, kAll, 0},
      {"UpdateShift", 0, 0, 0, 0, 0, kAll, 0},
      {"GetShift", 0, kAll, kAll, kAll, 0, kAll, 0},
      {"ListShifts", 0, kAll, kAll, kAll, 0, kAll, 0},
      {"CreateOverride", 0, kAll, 0, 0, 0, kAll, 0},
      {"UpdateOverride", 0, kAll, 0, 0, 0, kAll, 0},
      {"GetOverride", 0, kAll, kAll, kAll, 0, kAll, 0},
      {"ListOverrides", 0, kAll, kAll, kAll, 0, kAll, 0},
      {"ListOnDuty", 0, kAll, kAll, kAll, 0, kAll, 0},
      {"ListRota", 0, kAll, kAll, kAll, 0, kAll, 0},
      {"ListCoverageGaps", 0, kAll, 0, 0, 0, kAll, 0},
      {"GetCalendarDay", kAll, kAll, kAll, kAll, kAll, kAll, kAll},
      // PatientService
      {"CreatePatient", 0, kAll, 0, 0, 0, kAll, 0},
      {"UpdatePatient", kOwnPatients, kAll, 0, 0, kOwnPatients, kAll, 0},
      {"GetPatient", kOwnPatients, kAll, kCrew, kCrew, kOwnPatients, kAll, 0},
      {"ListPatients", kOwnPatients, kAll, 0, 0, kOwnPatients, kAll, 0},
      {"RecordAcp", kOwnPatients, 0, kCrew, 0, kOwnPatients, 0, 0},
      {"ConfirmPatient", kOwnPatients, kAll, kCrew, 0, kOwnPatients, kAll, 0},
      {"ListDeviceUsers", 0, kAll, 0, 0, 0, 0, 0},
      {"GetCoverage", kOwnPatients, kAll, kCrew, 0, kOwnPatients, 0, 0},
      // NoteService
      {"DraftNote", 0, 0, kCrew, 0, 0, 0, 0},
      {"SignNote", 0, 0, kCrew, 0, 0, 0, 0},
      {"GetNote", kCalls, kAll, kCrew, 0, kOwnPatients, 0, 0},
      {"ListNotes", kCalls, kAll, kCrew, 0, kOwnPatients, 0, 0},
      {"ListDeliveries", kOwnDeliveries, kAll, kCrew, 0, kOwnDeliveries, 0, 0},
      {"GetDelivery", kOwnDeliveries, kAll, kCrew, 0, kOwnDeliveries, 0, 0},
      {"ConfirmReceipt", kOwnDeliveries, 0, 0, 0, kOwnDeliveries, 0, 0},
      {"ConfirmReceiptByHand", 0, kAll, 0, 0, 0, 0, 0},
      {"RetryDelivery", 0, kAll, 0, 0, 0, 0, 0},
      {"QuestionNote", kOwnDeliveries, 0, 0, 0, kOwnDeliveries, 0, 0},
      // DirectoryService
      {"GetCenter", kAll, kAll, kAll, kAll, kAll, kAll, kAll},
      {"UpdateCenter", 0, 0, 0, 0, 0, kAll, 0},
      {"CreateOrganization", 0, 0, 0, 0, 0, kAll, 0},
      {"UpdateOrganization", 0, 0, 0, 0, 0, kAll, 0},
      {"GetOrganization", kAll, kAll, kAll, kAll, kAll, kAll, 0},
      {"ListOrganizations", kAll, kAll, kAll, kAll, kAll, kAll, 0},
      {"CreatePerson", 0, 0, 0, 0, 0, kAll, 0},
      {"UpdatePerson", 0, 0, 0, 0, 0, kAll, 0},
      {"GetPerson", kSelf, kAll, kAll, kAll, kSelf, kAll, 0},
      {"ListPeople", kSelf, kAll, kAll, kAll, kSelf, kAll, 0},
      {"CreateCar", 0, 0, 0, 0, 0, kAll, 0},
      {"UpdateCar", 0, kAll, 0, 0, 0, kAll, 0},
      {"GetCar", 0, kAll, kAll, kAll, 0, kAll, 0},
      {"ListCars", 0, kAll, kAll, kAll, 0, kAll, 0},
      {"CreateAccount", 0, 0, 0, 0, 0, kAll, 0},
      {"UpdateAccount", 0, 0, 0, 0, 0, kAll, 0},
      {"GetAccount", kSelf, kSelf, kSelf, kSelf, kSelf, kAll, kSelf},
      {"ListAccounts", 0, 0, 0, 0, 0, kAll, 0},
      // SessionService; CreateSession needs no session and is not here.
      {"GetSession", kSelf, kSelf, kSelf, kSelf, kSelf, kAll, kSelf},
      {"ListSessions", kSelf, kSelf, kSelf, kSelf, kSelf, kAll, kSelf},
      {"RevokeSession", kSelf, kSelf, kSelf, kSelf, kSelf, kAll, kSelf},
      {"ChangePassword", kSelf, kSelf, kSelf, kSelf, kSelf, kSelf, kSelf},
  };
  return *table;
}

unsigned ReachOf(absl::string_view rpc, const core::Actor& actor) {
  static const auto* const rows = [] {
    auto* map = new std::map<std::string, const AccessRow*>;
    for (const AccessRow& row : AccessTable()) (*map)[row.rpc] = &row;
    return map;
  }();
  const auto found = rows->find(std::string(rpc));
  if (found == rows->end()) return kNothing;
  unsigned reach = kNothing;
  for (const core::Role role : actor.roles) {
    reach |= CellOf(*found->second, role);
  }
  return reach;
}

Named NamedBy(const google::protobuf::Message& request,
              const core::CenterId& center, const core::Board& board,
              absl::string_view creates) {
  Named named;
  ForEachString(request, [&](const std::string& text) {
    const std::vector<std::string> parts = absl::StrSplit(text, '/');
    if (parts.size() != 4 || parts[0] != "centers" ||
        parts[1] != center.value() || parts[2] == creates) {
      return;
    }
    Resolve(parts[2], parts[3], board, &named);
  });
  return named;
}

unsigned RelationTo(const core::Call& call, const core::Actor& actor,
                    const core::Board& board) {
  unsigned relation = kNothing;
  const bool same_organization =
      !actor.organization.empty() &&
      call.requester_organization == actor.organization;
  if (call.requester == actor.person || same_organization ||
      Contains(call.followers, actor.person)) {
    relation |= kOwnCalls;
  }
  if (const auto* patient = board.Find<core::Patient>(call.patient)) {
    relation |= RelationTo(*patient, actor, board) & kOwnPatients;
  }
  if (IsMemberOf(call.care_team, actor.organization)) {
    relation |= kOwnPatients;
  }
  if (const auto* offer = board.Find<core::Offer>(call.offer)) {
    if (offer->state == core::OfferState::kPending &&
        (offer->physician == actor.person || offer->driver == actor.person)) {
      relation |= kOffered;
    }
  }
  if (const auto* assignment = board.Find<core::Assignment>(call.assignment)) {
    if (assignment->state != core::AssignmentState::kReleased &&
        (assignment->physician == actor.person ||
         assignment->driver == actor.person)) {
      relation |= kOwnVisits;
    }
  }
  return relation;
}

unsigned RelationTo(const core::Patient& patient, const core::Actor& actor,
                    const core::Board& board) {
  unsigned relation = kNothing;
  if (!actor.organization.empty() &&
      (patient.primary_clinic == actor.organization ||
       IsMemberOf(patient.care_team, actor.organization))) {
    relation |= kOwnPatients;
  }
  if (const auto* assignment = board.RunningAssignmentOf(actor.person)) {
    for (const core::CallId& id : assignment->calls) {
      const auto* call = board.Find<core::Call>(id);
      if (call != nullptr && call->patient == patient.id) {
        relation |= kOwnVisits;
      }
    }
  }
  return relation;
}

bool MaySee(unsigned reach, const core::Call& call, const core::Actor& actor,
            const core::Board& board) {
  return (reach & kAll) != 0 || (reach & RelationTo(call, actor, board)) != 0;
}

absl::Status CheckAccess(absl::string_view rpc, const core::Actor& actor,
                         const core::Board& board, const Named& named) {
  const unsigned reach = ReachOf(rpc, actor);
  const absl::Status denied = absl::PermissionDeniedError(
      absl::StrCat(rpc, ": your roles do not allow this"));
  if (reach == kNothing) return denied;
  if ((reach & kAll) != 0) return absl::OkStatus();
  if (named.unknown) return denied;
  for (const core::Call& call : named.calls) {
    if ((reach & RelationTo(call, actor, board)) == 0) return denied;
  }
  // Whoever was asked may answer, though the offer or the assignment be over:
  // he is to hear that it is.
  for (const core::Offer& offer : named.offers) {
    const bool asked =
        offer.physician == actor.person || offer.driver == actor.person;
    if ((reach & kOffered) == 0 || !asked) return denied;
  }
  for (const core::Assignment& assignment : named.assignments) {
    const bool member = assignment.physician == actor.person ||
                        assignment.driver == actor.person;
    if ((reach & kOwnVisits) != 0 && member) continue;
    for (const core::CallId& id : assignment.calls) {
      const auto* call = board.Find<core::Call>(id);
      if (call == nullptr || (reach & RelationTo(*call, actor, board)) == 0) {
        return denied;
      }
    }
  }
  for (const core::Patient& patient : named.patients) {
    if ((reach & RelationTo(patient, actor, board)) == 0) return denied;
  }
  for (const core::Delivery& delivery : named.deliveries) {
    const auto* call = board.Find<core::Call>(delivery.call);
    const bool own = (reach & kOwnDeliveries) != 0 &&
                     delivery.member.organization == actor.organization;
    const bool related =
        call != nullptr && (reach & RelationTo(*call, actor, board)) != 0;
    if (!own && !related) return denied;
  }
  if ((reach & kSelf) != 0) {
    for (const core::PersonId& person : named.people) {
      if (person != actor.person) return denied;
    }
    for (const core::AccountId& account : named.accounts) {
      if (account != actor.account) return denied;
    }
    for (const core::SessionId& id : named.sessions) {
      const auto* session = board.Find<core::Session>(id);
      if (session == nullptr || session->account != actor.account) {
        return denied;
      }
    }
  }
  return absl::OkStatus();
}

namespace {

View ViewFrom(unsigned relation, const core::Actor& actor) {
  if (actor.Has(core::Role::kOperator) ||
      actor.Has(core::Role::kAdministrator)) {
    return {true, true};
  }
  View view;
  const bool professional =
      actor.Has(core::Role::kRequester) || actor.Has(core::Role::kCareTeam);
  if (professional && (relation & (kOwnCalls | kOwnPatients)) != 0) {
    view = {true, true};
  }
  if ((relation & kOwnVisits) != 0) {
    view.identifying = true;
    if (actor.Has(core::Role::kPhysician)) view.clinical = true;
  }
  return view;
}

}  // namespace

View ViewOf(const core::Call& call, const core::Actor& actor,
            const core::Board& board) {
  return ViewFrom(RelationTo(call, actor, board), actor);
}

View ViewOf(const core::Patient& patient, const core::Actor& actor,
            const core::Board& board) {
  return ViewFrom(RelationTo(patient, actor, board), actor);
}

}  // namespace housecall::server

#include "dispatcher/server/access.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "dispatcher/base/id.h"
#include "dispatcher/core/refusal.h"

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

// Calls visit(text) for each string of the message, at any depth, until it
// returns false; then returns false.
template <typename Visit>
bool ForEachString(const google::protobuf::Message& message, Visit&& visit) {
  using google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  std::string scratch;
  for (const FieldDescriptor* field : fields) {
    const bool repeated = field->is_repeated();
    const int size = repeated ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      bool more = true;
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        more = visit(
            repeated ? reflection.GetRepeatedStringReference(message, field, i,
                                                             &scratch)
                     : reflection.GetStringReference(message, field, &scratch));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        more = ForEachString(
            repeated ? reflection.GetRepeatedMessage(message, field, i)
                     : reflection.GetMessage(message, field),
            visit);
      }
      if (!more) return false;
    }
  }
  return true;
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
      {"WatchBoard", kCalls | kOwnDeliveries, kAll, 0, 0,
       kOwnPatients | kOwnDeliveries, 0, 0},
      {"ListEvents", kCalls | kOwnDeliveries, kAll, 0, 0,
       kOwnPatients | kOwnDeliveries, 0, 0},
      {"ShowPresence", 0, kAll, 0, 0, 0, 0, 0},
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
      {"RecordVisit", 0, kAll, 0, 0, 0, 0, 0},
      {"ReportNotFound", 0, kAll, kCrew, kCrew, 0, 0, 0},
      {"RecordNotFoundStep", 0, kAll, kCrew, kCrew, 0, 0, 0},
      {"ReportFound", 0, kAll, kCrew, kCrew, 0, 0, 0},
      {"ReportBreakdown", 0, kAll, kCrew, kCrew, 0, kAll, 0},
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
    auto* map = new std::map<absl::string_view, const AccessRow*>;
    for (const AccessRow& row : AccessTable()) (*map)[row.rpc] = &row;
    return map;
  }();
  const auto found = rows->find(rpc);
  if (found == rows->end()) return kNothing;
  unsigned reach = kNothing;
  for (const core::Role role : actor.roles) {
    reach |= CellOf(*found->second, role);
  }
  return reach;
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

bool IsOfficeStaff(const core::Actor& actor) {
  return actor.Has(core::Role::kOperator) ||
         actor.Has(core::Role::kAdministrator);
}

bool MaySee(unsigned reach, const core::Call& call, const core::Actor& actor,
            const core::Board& board) {
  return (reach & kAll) != 0 || (reach & RelationTo(call, actor, board)) != 0;
}

namespace {

bool IsRelated(unsigned reach, const core::CallId& id, const core::Actor& actor,
               const core::Board& board) {
  const auto* call = board.Find<core::Call>(id);
  return call != nullptr && MaySee(reach, *call, actor, board);
}

// Whether the actor has that car in his duty, or comes in it.
bool HasCar(const core::CarId& car, const core::Actor& actor,
            const core::Board& board) {
  const auto* duty = board.Find<core::Duty>(actor.person);
  const auto* assignment = board.RunningAssignmentOf(actor.person);
  return (duty != nullptr && duty->on_duty && duty->car == car) ||
         (assignment != nullptr && assignment->car == car);
}

// Whether somebody who reaches that far may name this resource.
bool MayName(unsigned reach, absl::string_view collection, absl::string_view id,
             const core::Actor& actor, const core::Board& board) {
  const auto is_of_own_call = [&](const auto* record) {
    return record != nullptr && IsRelated(reach, record->call, actor, board);
  };
  if (collection == core::CallId::kCollection) {
    return IsRelated(reach, core::CallId(id), actor, board);
  }
  if (collection == core::VisitId::kCollection) {
    return is_of_own_call(board.Find<core::Visit>(core::VisitId(id)));
  }
  if (collection == core::NoteId::kCollection) {
    return is_of_own_call(board.Find<core::Note>(core::NoteId(id)));
  }
  if (collection == core::MatchId::kCollection) {
    return is_of_own_call(board.Find<core::Match>(core::MatchId(id)));
  }
  if (collection == core::TaskId::kCollection) {
    return is_of_own_call(board.Find<core::Task>(core::TaskId(id)));
  }
  if (collection == core::OfferId::kCollection) {
    // Whoever was asked may answer, though the offer be over: he is to hear
    // that it is. So with assignments.
    const auto* offer = board.Find<core::Offer>(core::OfferId(id));
    return offer != nullptr && (reach & kOffered) != 0 &&
           (offer->physician == actor.person || offer->driver == actor.person);
  }
  if (collection == core::AssignmentId::kCollection) {
    const auto* assignment =
        board.Find<core::Assignment>(core::AssignmentId(id));
    if (assignment == nullptr) return false;
    const bool member = assignment->physician == actor.person ||
                        assignment->driver == actor.person;
    return ((reach & kOwnVisits) != 0 && member) ||
           std::any_of(assignment->calls.begin(), assignment->calls.end(),
                       [&](const core::CallId& call) {
                         return IsRelated(reach, call, actor, board);
                       });
  }
  if (collection == core::DeliveryId::kCollection) {
    const auto* delivery = board.Find<core::Delivery>(core::DeliveryId(id));
    return delivery != nullptr &&
           (((reach & kOwnDeliveries) != 0 &&
             delivery->member.organization == actor.organization) ||
            IsRelated(reach, delivery->call, actor, board));
  }
  if (collection == core::PatientId::kCollection) {
    const auto* patient = board.Find<core::Patient>(core::PatientId(id));
    return patient != nullptr &&
           (reach & RelationTo(*patient, actor, board)) != 0;
  }
  const bool self_only = (reach & kSelf) != 0;
  if (collection == core::PersonId::kCollection) {
    return !self_only || core::PersonId(id) == actor.person;
  }
  if (collection == core::AccountId::kCollection) {
    return !self_only || core::AccountId(id) == actor.account;
  }
  if (collection == core::SessionId::kCollection) {
    const auto* session = board.Find<core::Session>(core::SessionId(id));
    return !self_only ||
           (session != nullptr && session->account == actor.account);
  }
  if (collection == core::CarId::kCollection) {
    return (reach & kOwnVisits) == 0 || HasCar(core::CarId(id), actor, board);
  }
  // These are nobody's own.
  return collection == core::OrganizationId::kCollection ||
         collection == core::ShiftId::kCollection ||
         collection == core::OverrideId::kCollection;
}

}  // namespace

absl::Status CheckAccess(absl::string_view rpc, const core::Actor& actor,
                         const core::CenterId& center, const core::Board& board,
                         const google::protobuf::Message& request,
                         absl::string_view creates) {
  const unsigned reach = ReachOf(rpc, actor);
  if ((reach & kAll) != 0) return absl::OkStatus();
  // Before anything is looked up: the request may be as large as it likes.
  const bool allowed =
      reach != kNothing && ForEachString(request, [&](absl::string_view text) {
        // Whatever is no name of this center, conversion refuses.
        if (!absl::ConsumePrefix(&text, "centers/") ||
            !absl::ConsumePrefix(&text, center.value()) ||
            !absl::ConsumePrefix(&text, "/")) {
          return true;
        }
        const size_t slash = text.find('/');
        if (slash == absl::string_view::npos) return true;
        const absl::string_view collection = text.substr(0, slash);
        const absl::string_view id = text.substr(slash + 1);
        return collection == creates || !IsValidId(id) ||
               MayName(reach, collection, id, actor, board);
      });
  if (allowed) return absl::OkStatus();
  // Of what is named it is not said whether it exists.
  return reach == kNothing
             ? core::Denied(core::RefusalReason::kNotYourRole,
                            absl::StrCat(rpc, ": your roles do not allow this"))
             : core::Denied(
                   core::RefusalReason::kNotYours,
                   absl::StrCat(rpc,
                                ": what is named is not one of those "
                                "that concern you, or does not exist"));
}

namespace {

View ViewFrom(unsigned relation, const core::Actor& actor) {
  if (IsOfficeStaff(actor)) return {true, true};
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

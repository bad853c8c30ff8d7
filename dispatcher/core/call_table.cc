#include "dispatcher/core/call_table.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dispatcher/core/checks.h"

namespace housecall::core {

namespace {

enum class Cell {
  kUnset,
  kRule,
  kNothing,
  kInto,
  kOperatorOnly,
  kOtherCarOnly,
  kTaken,
  kNotTriaged,
  kSought,
  kAccepted,
  kArrived,
  kLeft,
  kOver,
  kOnHold,
  kEmergency,
  kMerged,
  kNotOnHold,
  kNotMerged,
  kNoEmergency,
  kNotArrived,
  kNotSought,
  kNotEnded,
};

// What the cells of the table mean.
//
// Possible: the rule (decide_*.cc) decides on the rest.
constexpr Cell ok = Cell::kRule;
// What became of the offer or the assignment decides: the rule knows.
constexpr Cell of = Cell::kRule;
// Nothing changes, and that is the answer: what is wanted is so already, or
// comes too late to matter.
constexpr Cell eq = Cell::kNothing;
// Acts on the call into which this one was merged.
constexpr Cell in = Cell::kInto;
// Only as an operator's override, with his reason.
constexpr Cell op = Cell::kOperatorOnly;
// Only another car for the crew that waits for one.
constexpr Cell ca = Cell::kOtherCarOnly;
// Refused, each with its words in WordsOf.
constexpr Cell ex = Cell::kTaken;
constexpr Cell tr = Cell::kNotTriaged;
constexpr Cell so = Cell::kSought;
constexpr Cell cr = Cell::kAccepted;
constexpr Cell ar = Cell::kArrived;
constexpr Cell le = Cell::kLeft;
constexpr Cell xx = Cell::kOver;
constexpr Cell ho = Cell::kOnHold;
constexpr Cell em = Cell::kEmergency;
constexpr Cell me = Cell::kMerged;
constexpr Cell nh = Cell::kNotOnHold;
constexpr Cell nm = Cell::kNotMerged;
constexpr Cell ne = Cell::kNoEmergency;
constexpr Cell na = Cell::kNotArrived;
constexpr Cell nf = Cell::kNotSought;
constexpr Cell no = Cell::kNotEnded;

const char* WordsOf(Cell cell) {
  switch (cell) {
    case Cell::kOperatorOnly:
      return "only an operator may offer it, with his reason";
    case Cell::kOtherCarOnly:
      return "a crew has accepted it; only another car may be offered, to a "
             "crew that waits for one";
    case Cell::kTaken:
      return "the id is taken";
    case Cell::kNotTriaged:
      return "it is to be triaged first";
    case Cell::kSought:
      return "a crew is being sought; triage it anew or cancel it";
    case Cell::kAccepted:
      return "a crew has accepted it";
    case Cell::kArrived:
      return "the crew has arrived";
    case Cell::kLeft:
      return "the crew has left the scene";
    case Cell::kOver:
      return "it is over";
    case Cell::kOnHold:
      return "it is to be resumed first";
    case Cell::kEmergency:
      return "119 was raised; decide to go on first";
    case Cell::kMerged:
      return "it was merged into another call";
    case Cell::kNotOnHold:
      return "it is not on hold";
    case Cell::kNotMerged:
      return "it was not merged";
    case Cell::kNoEmergency:
      return "119 was not raised";
    case Cell::kNotArrived:
      return "no crew has arrived";
    case Cell::kNotSought:
      return "the patient is not being looked for";
    case Cell::kNotEnded:
      return "it has not ended";
    case Cell::kUnset:
    case Cell::kRule:
    case Cell::kNothing:
    case Cell::kInto:
      return "";
  }
  return "";
}

RefusalReason ReasonOf(Cell cell) {
  switch (cell) {
    case Cell::kOperatorOnly:
      return RefusalReason::kOperatorOnly;
    case Cell::kOtherCarOnly:
      return RefusalReason::kOtherCarOnly;
    case Cell::kNotTriaged:
      return RefusalReason::kNotTriaged;
    case Cell::kSought:
      return RefusalReason::kSought;
    case Cell::kAccepted:
      return RefusalReason::kAccepted;
    case Cell::kArrived:
      return RefusalReason::kArrived;
    case Cell::kLeft:
      return RefusalReason::kLeft;
    case Cell::kOver:
      return RefusalReason::kOver;
    case Cell::kOnHold:
      return RefusalReason::kOnHold;
    case Cell::kEmergency:
      return RefusalReason::kEmergency;
    case Cell::kMerged:
      return RefusalReason::kMerged;
    case Cell::kNotOnHold:
      return RefusalReason::kNotOnHold;
    case Cell::kNotMerged:
      return RefusalReason::kNotMerged;
    case Cell::kNoEmergency:
      return RefusalReason::kNoEmergency;
    case Cell::kNotArrived:
      return RefusalReason::kNotArrived;
    case Cell::kNotSought:
      return RefusalReason::kNotSought;
    case Cell::kNotEnded:
      return RefusalReason::kNotEnded;
    case Cell::kTaken:
    case Cell::kUnset:
    case Cell::kRule:
    case Cell::kNothing:
    case Cell::kInto:
      return RefusalReason::kUnspecified;
  }
  return RefusalReason::kUnspecified;
}

constexpr size_t kStates = 16;
static_assert(static_cast<size_t>(CallState::kCancelled) == kStates,
              "a state was added: give every row of the table its cell");

struct Row {
  const char* command;
  // By CallState, from kReceived.
  std::array<Cell, kStates> cells;
};

// Every command that acts on a call. Where a command acts on several calls (a
// trip), the first cell that refuses it counts.
//
// Some cells that want their reason:
// - RaiseEmergency is possible until the call is over, after the crew has left
//   too: nobody who presses 119 is ever refused; on a merged call he means the
//   one that lives.
// - In EMERGENCY_119 a crew that is under way goes on (AdvanceVisit, a pending
//   offer), and what helps the decision may be written (AddFact, CorrectPlace);
//   what would change the call's course waits for the decision. Only another
//   car for a crew that lost its own may be offered meanwhile.
// - CorrectPlace is possible on scene: the crew may stand at the wrong door.
// - A signed note may be amended after the call was closed.
// - Receipts, deliveries and hours are facts; they are never too late.
// - An offer's or assignment's commands are possible in states in which none
//   can be pending or running: the rule tells what became of it ("expired",
//   "already taken"), or that a step was taken already.
// clang-format off
constexpr Row kTable[] = {
// RECEIVED, TRIAGED, SCHEDULED, MATCHING, OFFERED, ACCEPTED, EN_ROUTE, ON_SCENE,
// DEPARTED_SCENE, NOTE_SENT, CLOSED, ON_HOLD, EMERGENCY_119, NOT_FOUND, MERGED,
// CANCELLED:
// RC  TR  SC  MA  OF  AC  ER  OS  DS  NS  CL  OH  EM  NF  ME  CA
{"SubmitCall",
  {ex, ex, ex, ex, ex, ex, ex, ex, ex, ex, ex, ex, ex, ex, ex, ex}},
{"TriageCall",
  {ok, ok, ok, ok, ok, cr, cr, ar, le, le, xx, ho, em, ar, me, xx}},
{"HoldCall",
  {ok, ok, ok, ok, ok, cr, cr, ar, le, le, xx, ok, em, ar, me, xx}},
{"ResumeCall",
  {eq, eq, eq, eq, eq, nh, nh, nh, nh, nh, xx, ok, em, nh, me, xx}},
{"AddFact",
  {ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, xx, ok, ok, ok, in, xx}},
{"CorrectPlace",
  {ok, ok, ok, ok, ok, ok, ok, ok, le, le, xx, ok, ok, ok, me, xx}},
{"FollowCall",
  {ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, xx, ok, ok, ok, in, xx}},
{"MergeCall",
  {ok, ok, ok, ok, ok, cr, cr, ar, le, le, xx, ok, em, ar, ok, xx}},
{"MergeCall.into",
  {ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, xx, ok, ok, ok, me, xx}},
{"UnmergeCall",
  {nm, nm, nm, nm, nm, nm, nm, nm, nm, nm, nm, nm, nm, nm, ok, nm}},
{"RequestCancel",
  {ok, ok, ok, ok, ok, ok, ok, ar, le, le, xx, ok, em, ar, me, eq}},
{"AnswerCancel",
  {ok, ok, ok, ok, ok, ok, ok, ar, le, le, xx, ok, em, ar, me, xx}},
{"CancelCall",
  {ok, ok, ok, ok, ok, ok, ok, ar, le, le, xx, ok, em, ar, me, eq}},
{"RaiseEmergency",
  {ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, xx, ok, ok, ok, in, xx}},
{"DecideEmergency",
  {ne, ne, ne, ne, ne, ne, ne, ne, ne, ne, xx, ne, ok, ne, me, xx}},
{"SetCareTeam",
  {ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, xx, ok, ok, ok, me, xx}},
{"GrantDistanceException",
  {ok, ok, ok, ok, ok, cr, cr, ar, le, le, xx, ok, ok, ar, me, xx}},
{"InformRequester",
  {no, ok, no, no, no, no, no, no, ok, ok, ok, no, ok, ok, me, ok}},
{"CloseCall",
  {tr, ok, so, so, so, cr, cr, ar, ok, ok, ok, ho, ok, ok, me, xx}},
{"OfferVisit",
  {tr, op, op, ok, op, ca, ca, ar, le, le, xx, ho, ca, ar, me, xx}},
{"ReportUnmatched",
  {eq, eq, eq, ok, eq, ok, ok, eq, eq, eq, eq, eq, eq, eq, eq, eq}},
{"UpdateEstimate",
  {eq, eq, eq, eq, eq, ok, ok, eq, eq, eq, eq, eq, ok, eq, eq, eq}},
{"AcceptOffer",
  {of, of, of, of, ok, ok, ok, of, of, of, of, of, ok, of, of, of}},
{"DeclineOffer",
  {of, of, of, of, ok, ok, ok, of, of, of, of, of, ok, of, of, of}},
{"WithdrawOffer",
  {of, of, of, of, ok, ok, ok, of, of, of, of, of, ok, of, of, of}},
{"TakeBackOffer",
  {of, of, of, of, ok, ok, of, of, of, of, of, of, em, of, of, of}},
{"ReleaseAssignment",
  {of, of, of, of, of, ok, ok, ar, le, le, of, of, ok, ar, of, of}},
{"ReportDriverMissing",
  {of, of, of, of, of, ok, ok, ar, le, le, of, of, ok, ar, of, of}},
{"AdvanceVisit",
  {of, of, of, of, of, ok, ok, ok, of, of, of, of, ok, ok, of, of}},
{"RecordVisit",
  {ok, ok, ok, ok, ok, cr, cr, ar, le, le, xx, ho, em, ar, me, xx}},
{"ReportNotFound",
  {na, na, na, na, na, na, na, ok, le, le, xx, na, em, eq, me, xx}},
{"RecordNotFoundStep",
  {nf, nf, nf, nf, nf, nf, nf, nf, nf, nf, xx, nf, em, ok, me, xx}},
{"ReportFound",
  {nf, nf, nf, nf, nf, nf, nf, eq, nf, nf, xx, nf, em, ok, me, xx}},
{"ConfirmHours",
  {of, of, of, of, of, of, of, of, ok, ok, ok, of, of, of, of, of}},
{"DraftNote",
  {na, na, na, na, na, na, na, ok, ok, ok, ok, na, ok, ok, me, xx}},
{"SignNote",
  {na, na, na, na, na, na, na, ok, ok, ok, ok, na, ok, ok, me, xx}},
{"RecordAttempt",
  {ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok}},
{"ConfirmReceipt",
  {ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok}},
{"ConfirmReceiptByHand",
  {ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok}},
{"RetryDelivery",
  {ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok}},
{"QuestionNote",
  {ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok}},
};
// clang-format on

constexpr bool EveryCellIsSet() {
  for (const Row& row : kTable) {
    for (Cell cell : row.cells) {
      if (cell == Cell::kUnset) return false;
    }
  }
  return true;
}
static_assert(EveryCellIsSet(), "a row of the table has too few cells");

constexpr bool Same(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

constexpr const Row* FindRow(const char* command) {
  for (const Row& row : kTable) {
    if (Same(row.command, command)) return &row;
  }
  return nullptr;
}

// The row of a command, or null for those that act on no call.
template <typename C>
constexpr const Row* kRowOf = nullptr;

// A command that is not in the table does not compile.
#define HOUSECALL_ROW(Type)                           \
  template <>                                         \
  constexpr const Row* kRowOf<Type> = FindRow(#Type); \
  static_assert(kRowOf<Type> != nullptr, "no such row")
HOUSECALL_ROW(SubmitCall);
HOUSECALL_ROW(TriageCall);
HOUSECALL_ROW(HoldCall);
HOUSECALL_ROW(ResumeCall);
HOUSECALL_ROW(AddFact);
HOUSECALL_ROW(CorrectPlace);
HOUSECALL_ROW(FollowCall);
HOUSECALL_ROW(MergeCall);
HOUSECALL_ROW(UnmergeCall);
HOUSECALL_ROW(RequestCancel);
HOUSECALL_ROW(AnswerCancel);
HOUSECALL_ROW(CancelCall);
HOUSECALL_ROW(RaiseEmergency);
HOUSECALL_ROW(DecideEmergency);
HOUSECALL_ROW(SetCareTeam);
HOUSECALL_ROW(GrantDistanceException);
HOUSECALL_ROW(InformRequester);
HOUSECALL_ROW(CloseCall);
HOUSECALL_ROW(OfferVisit);
HOUSECALL_ROW(ReportUnmatched);
HOUSECALL_ROW(UpdateEstimate);
HOUSECALL_ROW(AcceptOffer);
HOUSECALL_ROW(DeclineOffer);
HOUSECALL_ROW(WithdrawOffer);
HOUSECALL_ROW(TakeBackOffer);
HOUSECALL_ROW(ReleaseAssignment);
HOUSECALL_ROW(ReportDriverMissing);
HOUSECALL_ROW(AdvanceVisit);
HOUSECALL_ROW(RecordVisit);
HOUSECALL_ROW(ReportNotFound);
HOUSECALL_ROW(RecordNotFoundStep);
HOUSECALL_ROW(ReportFound);
HOUSECALL_ROW(ConfirmHours);
HOUSECALL_ROW(DraftNote);
HOUSECALL_ROW(SignNote);
HOUSECALL_ROW(RecordAttempt);
HOUSECALL_ROW(ConfirmReceipt);
HOUSECALL_ROW(ConfirmReceiptByHand);
HOUSECALL_ROW(RetryDelivery);
HOUSECALL_ROW(QuestionNote);
#undef HOUSECALL_ROW
constexpr size_t kCommandsWithRow = 40;
static_assert(std::size(kTable) == kCommandsWithRow + 1 /* MergeCall.into */);

template <typename R>
absl::StatusOr<const R*> FindOr(const Board& board, const decltype(R::id)& id) {
  const R* found = board.Find<R>(id);
  if (found != nullptr) return found;
  return absl::NotFoundError(
      absl::StrCat(std::decay_t<decltype(id)>::kCollection, "/", id.value(),
                   " is not known"));
}

// Of a trip, whose first call may be closed and forgotten long before the
// papers of its last one are complete.
std::vector<CallId> StillKnown(const Board& board, std::vector<CallId> calls) {
  calls.erase(std::remove_if(calls.begin(), calls.end(),
                             [&](const CallId& id) {
                               return board.Find<Call>(id) == nullptr;
                             }),
              calls.end());
  return calls;
}

template <typename C>
concept NamesDelivery = requires(C c) {
  c.delivery;
};
template <typename C>
concept NamesNote = requires(C c) {
  c.note;
};
template <typename C>
concept NamesOffer = requires(C c) {
  c.offer;
};
template <typename C>
concept NamesAssignment = requires(C c) {
  c.assignment;
};

// The calls on which a command acts.
template <typename C>
absl::StatusOr<std::vector<CallId>> CallsOf(const Board& board, const C& c) {
  using Calls = absl::StatusOr<std::vector<CallId>>;
  if constexpr (std::is_same_v<C, SubmitCall>) {
    // Usually a call that is not there yet.
    if (board.Find<Call>(c.call) == nullptr) return std::vector<CallId>();
    return std::vector<CallId>{c.call};
  } else if constexpr (std::is_same_v<C, OfferVisit>) {
    return c.calls;
  } else if constexpr (std::is_same_v<C, ReportUnmatched>) {
    std::vector<CallId> calls;
    for (const Match& match : c.matches) calls.push_back(match.call);
    return calls;
  } else if constexpr (NamesDelivery<C>) {
    auto delivery = FindOr<Delivery>(board, c.delivery);
    if (!delivery.ok()) return delivery.status();
    return std::vector<CallId>{(*delivery)->call};
  } else if constexpr (NamesNote<C>) {
    auto note = FindOr<Note>(board, c.note);
    if (!note.ok()) return note.status();
    return std::vector<CallId>{(*note)->call};
  } else if constexpr (NamesOffer<C>) {
    auto offer = FindOr<Offer>(board, c.offer);
    if (!offer.ok()) return offer.status();
    return StillKnown(board, (*offer)->calls);
  } else if constexpr (NamesAssignment<C>) {
    auto assignment = FindOr<Assignment>(board, c.assignment);
    if (!assignment.ok()) return assignment.status();
    return StillKnown(board, (*assignment)->calls);
  } else {
    return Calls(std::vector<CallId>{c.call});
  }
}

// What answers a command that changes nothing.
template <typename C>
Subject SubjectOf(const C& c) {
  if constexpr (std::is_same_v<C, ReportUnmatched> ||
                std::is_same_v<C, OfferVisit>) {
    return {};
  } else if constexpr (NamesDelivery<C>) {
    return c.delivery;
  } else if constexpr (NamesNote<C>) {
    return c.note;
  } else if constexpr (NamesOffer<C>) {
    return c.offer;
  } else if constexpr (NamesAssignment<C>) {
    return c.assignment;
  } else {
    return c.call;
  }
}

// OK if the cell lets the command through, kNothing and kInto too.
absl::Status Check(const Call& call, Cell cell, const Command& command) {
  const auto refuse = [&] {
    return Refuse(ReasonOf(cell),
                  absl::StrCat(ResourceName(call.id), " is ",
                               NameOf(call.state), ": ", WordsOf(cell)));
  };
  switch (cell) {
    case Cell::kRule:
    case Cell::kNothing:
    case Cell::kInto:
      return absl::OkStatus();
    case Cell::kOperatorOnly: {
      const auto& offer = std::get<OfferVisit>(command);
      return offer.override_reason.empty() ? refuse() : absl::OkStatus();
    }
    case Cell::kOtherCarOnly: {
      const auto& offer = std::get<OfferVisit>(command);
      return offer.replaces_car_of.empty() ? refuse() : absl::OkStatus();
    }
    case Cell::kTaken:
      return absl::AlreadyExistsError(
          absl::StrCat(ResourceName(call.id), ": ", WordsOf(cell)));
    case Cell::kUnset:
    case Cell::kNotTriaged:
    case Cell::kSought:
    case Cell::kAccepted:
    case Cell::kArrived:
    case Cell::kLeft:
    case Cell::kOver:
    case Cell::kOnHold:
    case Cell::kEmergency:
    case Cell::kMerged:
    case Cell::kNotOnHold:
    case Cell::kNotMerged:
    case Cell::kNoEmergency:
    case Cell::kNotArrived:
    case Cell::kNotSought:
    case Cell::kNotEnded:
      return refuse();
  }
  return refuse();
}

Cell CellOf(const Row& row, const Call& call) {
  return row.cells[static_cast<size_t>(call.state) - 1];
}

template <typename C>
absl::StatusOr<TableAnswer> Ask(const Board& board, const C& c,
                                const Command& command) {
  if constexpr (kRowOf<C> == nullptr) {
    return TableAnswer();
  } else {
    absl::StatusOr<std::vector<CallId>> calls = CallsOf(board, c);
    if (!calls.ok()) return calls.status();
    TableAnswer answer;
    bool nothing = !calls->empty();
    for (const CallId& id : *calls) {
      absl::StatusOr<const Call*> call = FindOr<Call>(board, id);
      if (!call.ok()) return call.status();
      const Cell cell = CellOf(*kRowOf<C>, **call);
      absl::Status status = Check(**call, cell, command);
      if (!status.ok()) return status;
      if (cell != Cell::kNothing) nothing = false;
      if constexpr (std::is_same_v<C, AddFact> ||
                    std::is_same_v<C, FollowCall> ||
                    std::is_same_v<C, RaiseEmergency>) {
        if (cell == Cell::kInto) {
          C instead = c;
          instead.call = (*call)->merged_into;
          answer.instead = std::move(instead);
        }
      }
    }
    if constexpr (std::is_same_v<C, MergeCall>) {
      absl::StatusOr<const Call*> into = FindOr<Call>(board, c.into);
      if (!into.ok()) return into.status();
      const Cell cell = CellOf(*FindRow("MergeCall.into"), **into);
      absl::Status status = Check(**into, cell, command);
      if (!status.ok()) return status;
    }
    if (nothing) answer.unchanged = SubjectOf(c);
    return answer;
  }
}

}  // namespace

absl::StatusOr<TableAnswer> AskCallTable(const Board& board,
                                         const Command& command) {
  return std::visit([&](const auto& c) { return Ask(board, c, command); },
                    command);
}

std::vector<std::string> CallTableRows() {
  std::vector<std::string> rows;
  for (const Row& row : kTable) rows.push_back(row.command);
  return rows;
}

}  // namespace housecall::core

#include "dispatcher/core/board.h"

#include <set>
#include <string>
#include <vector>

#include "dispatcher/core/decide.h"
#include "dispatcher/core/event.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsNull;
using ::testing::NotNull;

Call CallOf(const char* id, CallState state, const char* patient = "") {
  Call call;
  call.id = CallId(id);
  call.state = state;
  call.patient = PatientId(patient);
  return call;
}

Offer OfferOf(const char* id, OfferState state, const char* physician,
              const char* driver) {
  Offer offer;
  offer.id = OfferId(id);
  offer.state = state;
  offer.physician = PersonId(physician);
  offer.driver = PersonId(driver);
  return offer;
}

Assignment AssignmentOf(const char* id, AssignmentState state,
                        const char* physician, const char* driver) {
  Assignment assignment;
  assignment.id = AssignmentId(id);
  assignment.state = state;
  assignment.physician = PersonId(physician);
  assignment.driver = PersonId(driver);
  return assignment;
}

Delivery DeliveryOf(const char* id, const char* note, DeliveryState state) {
  Delivery delivery;
  delivery.id = DeliveryId(id);
  delivery.note = NoteId(note);
  delivery.state = state;
  return delivery;
}

Task TaskOf(const char* id, const char* call, bool resolved) {
  Task task;
  task.id = TaskId(id);
  task.call = CallId(call);
  if (resolved) task.resolved = Confirmation();
  return task;
}

template <typename Id, typename Value>
std::vector<std::string> KeysOf(const Table<Id, Value>& table) {
  std::vector<std::string> keys;
  table.ForEach(
      [&](const Id& id, const Value&) { keys.push_back(id.value()); });
  return keys;
}

TEST(Board, HoldsWhatWasPutLast) {
  Board board;
  EXPECT_TRUE(board.center().id.empty());
  Center center;
  center.id = CenterId("hino");
  center.display_name = "Hino";
  board.Put(center);
  EXPECT_EQ(board.center(), center);
  EXPECT_EQ(*board.Find<Center>(CenterId("hino")), center);

  Car car;
  car.id = CarId("k1");
  car.seats = 4;
  board.Put(car);
  car.seats = 7;
  board.Put(car);
  EXPECT_EQ(board.Find<Car>(CarId("k1"))->seats, 7);
  EXPECT_EQ(board.table<Car>().size(), 1);
  EXPECT_THAT(board.Find<Car>(CarId("k2")), IsNull());
  EXPECT_THAT(board.Find<Car>(CarId()), IsNull());
}

TEST(Board, IsAValue) {
  Board board;
  board.Put(CallOf("c1", CallState::kReceived, "p1"));
  const Board before = board;
  board.Put(CallOf("c1", CallState::kCancelled, "p1"));
  board.Put(CallOf("c2", CallState::kReceived, "p1"));
  EXPECT_EQ(before.Find<Call>(CallId("c1"))->state, CallState::kReceived);
  EXPECT_EQ(before.OpenCallFor(PatientId("p1"))->id, CallId("c1"));
  EXPECT_THAT(KeysOf(before.open_calls()), ElementsAre("c1"));
  EXPECT_EQ(board.OpenCallFor(PatientId("p1"))->id, CallId("c2"));
}

TEST(Board, ListsCallsThatAreNotOver) {
  Board board;
  std::vector<std::string> open;
  for (CallState state : AllValues<CallState>()) {
    const std::string id = std::to_string(10 + static_cast<int>(state));
    board.Put(CallOf(id.c_str(), state));
    if (state != CallState::kClosed && state != CallState::kCancelled &&
        state != CallState::kMerged) {
      open.push_back(id);
    }
  }
  EXPECT_EQ(KeysOf(board.open_calls()), open);
  for (CallState state : AllValues<CallState>()) {
    const std::string id = std::to_string(10 + static_cast<int>(state));
    board.Put(CallOf(id.c_str(), CallState::kClosed));
  }
  EXPECT_THAT(KeysOf(board.open_calls()), IsEmpty());
}

TEST(Board, FindsTheOpenCallOfAPatientUntilTheCrewHasLeft) {
  std::set<CallState> found;
  for (CallState state : AllValues<CallState>()) {
    Board board;
    board.Put(CallOf("c1", state, "p1"));
    if (board.OpenCallFor(PatientId("p1")) != nullptr) found.insert(state);
  }
  EXPECT_EQ(
      found,
      (std::set<CallState>{
          CallState::kReceived, CallState::kTriaged, CallState::kScheduled,
          CallState::kMatching, CallState::kOffered, CallState::kAccepted,
          CallState::kEnRoute, CallState::kOnScene, CallState::kOnHold,
          CallState::kEmergency119, CallState::kNotFound}));
}

TEST(Board, FollowsACallToAnotherPatient) {
  Board board;
  board.Put(CallOf("c1", CallState::kReceived, "p1"));
  board.Put(CallOf("c1", CallState::kReceived, "p2"));
  EXPECT_THAT(board.OpenCallFor(PatientId("p1")), IsNull());
  EXPECT_EQ(board.OpenCallFor(PatientId("p2"))->id, CallId("c1"));
  board.Put(CallOf("c1", CallState::kReceived));
  EXPECT_THAT(board.OpenCallFor(PatientId("p2")), IsNull());
  EXPECT_THAT(board.OpenCallFor(PatientId()), IsNull());
}

TEST(Board, FindsTheCallThatLivesWhenADuplicateIsMerged) {
  Board board;
  board.Put(CallOf("c1", CallState::kReceived, "p1"));
  board.Put(CallOf("c2", CallState::kReceived, "p1"));
  board.Put(CallOf("c1", CallState::kMerged, "p1"));
  EXPECT_EQ(board.OpenCallFor(PatientId("p1"))->id, CallId("c2"));
  board.Put(CallOf("c1", CallState::kReceived, "p1"));
  EXPECT_EQ(board.OpenCallFor(PatientId("p1"))->id, CallId("c1"));
}

TEST(Board, FindsTheRunningAssignmentOfBothOfTheCrew) {
  Board board;
  for (AssignmentState state : AllValues<AssignmentState>()) {
    board.Put(AssignmentOf("a1", state, "dr", "driver"));
    const bool running = IsRunning(state);
    EXPECT_EQ(board.RunningAssignmentOf(PersonId("dr")) != nullptr, running)
        << NameOf(state);
    EXPECT_EQ(board.RunningAssignmentOf(PersonId("driver")) != nullptr, running)
        << NameOf(state);
    EXPECT_THAT(board.RunningAssignmentOf(PersonId()), IsNull());
  }
}

TEST(Board, FreesADriverWhoIsTakenOffAnAssignment) {
  Board board;
  board.Put(AssignmentOf("a1", AssignmentState::kEnRoute, "dr", "d1"));
  board.Put(AssignmentOf("a1", AssignmentState::kWaitingForCar, "dr", ""));
  EXPECT_THAT(board.RunningAssignmentOf(PersonId("d1")), IsNull());
  EXPECT_THAT(board.RunningAssignmentOf(PersonId("dr")), NotNull());
  board.Put(AssignmentOf("a1", AssignmentState::kEnRoute, "dr", "d2"));
  EXPECT_EQ(board.RunningAssignmentOf(PersonId("d2"))->id, AssignmentId("a1"));
}

TEST(Board, AFinishedAssignmentDoesNotFreeWhoIsOnTheNext) {
  Board board;
  board.Put(AssignmentOf("a1", AssignmentState::kEnRoute, "dr", "d1"));
  board.Put(AssignmentOf("a1", AssignmentState::kReleased, "dr", "d1"));
  board.Put(AssignmentOf("a2", AssignmentState::kAccepted, "dr", "d1"));
  // Hours are confirmed later.
  board.Put(AssignmentOf("a1", AssignmentState::kReleased, "dr", "d1"));
  EXPECT_EQ(board.RunningAssignmentOf(PersonId("dr"))->id, AssignmentId("a2"));
}

TEST(Board, FindsThePendingOfferToBoth) {
  Board board;
  for (OfferState state : AllValues<OfferState>()) {
    board.Put(OfferOf("o1", state, "dr", "driver"));
    const bool pending = state == OfferState::kPending;
    EXPECT_EQ(board.PendingOfferTo(PersonId("dr")) != nullptr, pending);
    EXPECT_EQ(board.PendingOfferTo(PersonId("driver")) != nullptr, pending);
  }
  board.Put(OfferOf("o2", OfferState::kPending, "dr", ""));
  board.Put(OfferOf("o1", OfferState::kExpired, "dr", "driver"));
  EXPECT_EQ(board.PendingOfferTo(PersonId("dr"))->id, OfferId("o2"));
}

TEST(Board, ListsDeliveriesThatNobodyHasConfirmed) {
  Board board;
  board.Put(DeliveryOf("d1", "n1", DeliveryState::kPending));
  board.Put(DeliveryOf("d2", "n1", DeliveryState::kAwaitingReceipt));
  board.Put(DeliveryOf("d3", "n1", DeliveryState::kFailed));
  board.Put(DeliveryOf("d4", "n2", DeliveryState::kReceived));
  EXPECT_THAT(KeysOf(board.open_deliveries()), ElementsAre("d1", "d2", "d3"));
  EXPECT_THAT(
      board.DeliveriesOf(NoteId("n1")),
      ElementsAre(DeliveryId("d1"), DeliveryId("d2"), DeliveryId("d3")));
  EXPECT_THAT(board.DeliveriesOf(NoteId("n2")), ElementsAre(DeliveryId("d4")));
  EXPECT_THAT(board.DeliveriesOf(NoteId("n")), IsEmpty());
  board.Put(DeliveryOf("d3", "n1", DeliveryState::kReceived));
  EXPECT_THAT(KeysOf(board.open_deliveries()), ElementsAre("d1", "d2"));
}

TEST(Board, ListsOpenTasksByCall) {
  Board board;
  board.Put(TaskOf("t1", "c1", false));
  board.Put(TaskOf("t2", "c1", false));
  board.Put(TaskOf("t3", "", false));
  EXPECT_THAT(KeysOf(board.open_tasks()), ElementsAre("t1", "t2", "t3"));
  EXPECT_THAT(board.OpenTasksOf(CallId("c1")),
              ElementsAre(TaskId("t1"), TaskId("t2")));
  board.Put(TaskOf("t1", "c1", true));
  EXPECT_THAT(board.OpenTasksOf(CallId("c1")), ElementsAre(TaskId("t2")));
  EXPECT_THAT(KeysOf(board.open_tasks()), ElementsAre("t2", "t3"));
}

// A call with one of everything; "c1-b" is another call with a similar id.
Board FullBoard() {
  Board board;
  for (const char* id : {"c1", "c1-b"}) {
    const std::string prefix = std::string(id) + "--";
    Call call = CallOf(id, CallState::kClosed, "p1");
    call.close_time = absl::UnixEpoch();
    call.note = NoteId(prefix + "n1");
    board.Put(call);
    board.Put(OfferOf((prefix + "o1").c_str(), OfferState::kAccepted, "dr",
                      "driver"));
    board.Put(AssignmentOf((prefix + "a1").c_str(), AssignmentState::kFinished,
                           "dr", "driver"));
    Visit visit;
    visit.id = VisitId(prefix + "v1");
    visit.call = CallId(id);
    board.Put(visit);
    Note note;
    note.id = call.note;
    note.call = call.id;
    board.Put(note);
    board.Put(DeliveryOf((prefix + "n1--d1-1").c_str(), (prefix + "n1").c_str(),
                         DeliveryState::kReceived));
    board.Put(TaskOf((prefix + "t1").c_str(), id, false));
    board.Put(TaskOf((prefix + "t2").c_str(), id, true));
    Match match;
    match.id = MatchId(prefix + "m1");
    board.Put(match);
  }
  return board;
}

TEST(Board, ForgetsACallWithAllThatHangsOnIt) {
  Board board = FullBoard();
  const Board before = board;
  board.Forget(CallId("c1"));
  EXPECT_EQ(board.table<Call>().size(), 1);
  EXPECT_EQ(board.table<Offer>().size(), 1);
  EXPECT_EQ(board.table<Assignment>().size(), 1);
  EXPECT_EQ(board.table<Visit>().size(), 1);
  EXPECT_EQ(board.table<Note>().size(), 1);
  EXPECT_EQ(board.table<Delivery>().size(), 1);
  EXPECT_EQ(board.table<Task>().size(), 2);
  EXPECT_EQ(board.table<Match>().size(), 1);
  EXPECT_THAT(board.OpenTasksOf(CallId("c1")), IsEmpty());
  EXPECT_THAT(board.VisitsOf(CallId("c1")), IsEmpty());
  EXPECT_THAT(board.DeliveriesOf(NoteId("c1--n1")), IsEmpty());
  EXPECT_THAT(KeysOf(board.open_tasks()), ElementsAre("c1-b--t1"));
  EXPECT_THAT(board.OpenTasksOf(CallId("c1-b")),
              ElementsAre(TaskId("c1-b--t1")));
  EXPECT_THAT(board.VisitsOf(CallId("c1-b")), ElementsAre(VisitId("c1-b--v1")));
  EXPECT_THAT(before.Find<Call>(CallId("c1")), NotNull());
}

TEST(Board, ForgettingWhatIsUnknownChangesNothing) {
  Board board = FullBoard();
  board.Forget(CallId("c"));
  board.Forget(SessionId("s"));
  EXPECT_EQ(board.table<Call>().size(), 2);
}

TEST(Board, ForgetsASession) {
  Board board;
  Session session;
  session.id = SessionId("s1");
  board.Put(session);
  board.Forget(SessionId("s1"));
  EXPECT_THAT(board.Find<Session>(SessionId("s1")), IsNull());
}

// A call with nothing left to be done, closed at the epoch.
Call DoneCall(const char* id) {
  Call call = CallOf(id, CallState::kClosed, "p1");
  call.close_time = absl::UnixEpoch();
  return call;
}

constexpr absl::Duration kLongAfter = absl::Hours(400);

TEST(ForgetWhatIsOver, KeepsCallsForADayAndAHalf) {
  Board board;
  board.Put(DoneCall("c1"));
  board.Put(CallOf("c2", CallState::kReceived, "p2"));
  ForgetWhatIsOver(absl::UnixEpoch() + absl::Hours(36), &board);
  EXPECT_EQ(board.table<Call>().size(), 2);
  ForgetWhatIsOver(absl::UnixEpoch() + absl::Hours(36) + absl::Seconds(1),
                   &board);
  EXPECT_THAT(KeysOf(board.table<Call>()), ElementsAre("c2"));
}

TEST(ForgetWhatIsOver, KeepsACallWithANoteOnItsWay) {
  Board board;
  for (const char* id : {"c1", "c2"}) board.Put(DoneCall(id));
  // Of an earlier crew: it is not the call's note any more.
  Delivery delivery =
      DeliveryOf("c1--n1--d1-1", "c1--n1", DeliveryState::kAwaitingReceipt);
  delivery.call = CallId("c1");
  board.Put(delivery);
  ForgetWhatIsOver(absl::UnixEpoch() + kLongAfter, &board);
  EXPECT_THAT(KeysOf(board.table<Call>()), ElementsAre("c1"));
  delivery.state = DeliveryState::kReceived;
  board.Put(delivery);
  ForgetWhatIsOver(absl::UnixEpoch() + kLongAfter, &board);
  EXPECT_TRUE(board.table<Call>().empty());
  EXPECT_TRUE(board.table<Delivery>().empty());
}

TEST(ForgetWhatIsOver, KeepsACallWithAnOpenTask) {
  Board board;
  board.Put(DoneCall("c1"));
  board.Put(TaskOf("c1--t1", "c1", false));
  ForgetWhatIsOver(absl::UnixEpoch() + kLongAfter, &board);
  EXPECT_EQ(board.table<Call>().size(), 1);
  board.Put(TaskOf("c1--t1", "c1", true));
  ForgetWhatIsOver(absl::UnixEpoch() + kLongAfter, &board);
  EXPECT_TRUE(board.table<Call>().empty());
  EXPECT_TRUE(board.table<Task>().empty());
}

TEST(ForgetWhatIsOver, KeepsEveryCallOfATripThatIsNotOver) {
  Board board;
  board.Put(DoneCall("c1"));
  Call other = CallOf("c2", CallState::kNoteSent, "p2");
  board.Put(other);
  Assignment trip =
      AssignmentOf("c2--a1", AssignmentState::kFinished, "dr", "driver");
  trip.calls = {CallId("c2"), CallId("c1")};
  board.Put(trip);
  ForgetWhatIsOver(absl::UnixEpoch() + kLongAfter, &board);
  EXPECT_EQ(board.table<Call>().size(), 2);
  other.state = CallState::kClosed;
  other.close_time = absl::UnixEpoch() + kLongAfter;
  board.Put(other);
  // The trip stays with its last call.
  ForgetWhatIsOver(absl::UnixEpoch() + kLongAfter, &board);
  EXPECT_THAT(KeysOf(board.table<Call>()), ElementsAre("c2"));
  EXPECT_EQ(board.table<Assignment>().size(), 1);
  ForgetWhatIsOver(absl::UnixEpoch() + 2 * kLongAfter, &board);
  EXPECT_TRUE(board.table<Call>().empty());
  EXPECT_TRUE(board.table<Assignment>().empty());
}

TEST(ForgetWhatIsOver, TakesTripsOfForgottenCallsAlong) {
  Board board;
  Call first = DoneCall("c1");
  Call second = DoneCall("c2");
  second.close_time = absl::UnixEpoch() + absl::Hours(1);
  board.Put(first);
  board.Put(second);
  Offer offer = OfferOf("c1--o1", OfferState::kAccepted, "dr", "driver");
  offer.calls = {CallId("c1"), CallId("c2")};
  board.Put(offer);
  ForgetWhatIsOver(absl::UnixEpoch() + absl::Hours(36) + absl::Seconds(1),
                   &board);
  EXPECT_THAT(KeysOf(board.table<Call>()), ElementsAre("c2"));
  EXPECT_EQ(board.table<Offer>().size(), 1);
  ForgetWhatIsOver(absl::UnixEpoch() + absl::Hours(38), &board);
  EXPECT_TRUE(board.table<Offer>().empty());
}

TEST(ForgetWhatIsOver, TakesOldTasksOfNoCall) {
  Board board;
  board.Put(TaskOf("surge--1", "", true));
  board.Put(TaskOf("surge--2", "", false));
  ForgetWhatIsOver(absl::UnixEpoch() + absl::Hours(36), &board);
  EXPECT_EQ(board.table<Task>().size(), 2);
  ForgetWhatIsOver(absl::UnixEpoch() + kLongAfter, &board);
  EXPECT_THAT(KeysOf(board.table<Task>()), ElementsAre("surge--2"));
}

TEST(ForgetWhatIsOver, KeepsExpiredSessionsForAnHour) {
  Board board;
  Session session;
  session.id = SessionId("s1");
  session.expire_time = absl::UnixEpoch() + absl::Hours(1);
  board.Put(session);
  ForgetWhatIsOver(absl::UnixEpoch() + absl::Hours(2), &board);
  EXPECT_THAT(board.Find<Session>(SessionId("s1")), NotNull());
  ForgetWhatIsOver(absl::UnixEpoch() + absl::Hours(2) + absl::Seconds(1),
                   &board);
  EXPECT_THAT(board.Find<Session>(SessionId("s1")), IsNull());
}

TEST(Apply, PutsEveryRecordOfTheEvent) {
  Board board;
  Event event;
  event.records = {CallOf("c1", CallState::kReceived, "p1"),
                   TaskOf("t1", "c1", false)};
  Apply(event, &board);
  EXPECT_THAT(board.Find<Call>(CallId("c1")), NotNull());
  EXPECT_THAT(board.OpenTasksOf(CallId("c1")), ElementsAre(TaskId("t1")));
}

TEST(IsJournaled, LeavesOutPositionsOnly) {
  for (EventKind kind : AllValues<EventKind>()) {
    EXPECT_EQ(IsJournaled(kind), kind != EventKind::kPositionReported);
  }
}

}  // namespace
}  // namespace housecall::core

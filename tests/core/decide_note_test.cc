// The rules of the note, its deliveries, the outbox and the operator's tasks.
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "dispatcher/core/delivery_rules.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/stage_test.h"

namespace housecall::core::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// --- When again -------------------------------------------------------------

TEST(RetryDelay, DoublesUpToAQuarterOfAnHour) {
  std::vector<int64_t> seconds;
  for (int failures = 1; failures <= 10; ++failures) {
    seconds.push_back(
        absl::ToInt64Seconds(RetryDelay(failures, 0, absl::ZeroDuration())));
  }
  EXPECT_THAT(seconds, ElementsAre(5, 10, 20, 40, 80, 160, 320, 640, 900, 900));
  for (int failures : {-1, 0}) {
    EXPECT_EQ(RetryDelay(failures, 0, absl::ZeroDuration()), absl::Seconds(5));
  }
  EXPECT_EQ(RetryDelay(INT32_MAX, 0, absl::ZeroDuration()), absl::Minutes(15));
}

TEST(RetryDelay, JitterTakesAwayUpToAHalf) {
  EXPECT_EQ(RetryDelay(2, 0.5, absl::ZeroDuration()), absl::Seconds(7.5));
  EXPECT_EQ(RetryDelay(2, 1, absl::ZeroDuration()), absl::Seconds(5));
  for (double jitter : {-1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(RetryDelay(2, jitter, absl::ZeroDuration()), absl::Seconds(10));
  }
  EXPECT_EQ(RetryDelay(2, 7, absl::ZeroDuration()), absl::Seconds(5));
}

TEST(RetryDelay, HonoursTheReceiverUpToAnHour) {
  EXPECT_EQ(RetryDelay(1, 0, absl::Minutes(10)), absl::Minutes(10));
  EXPECT_EQ(RetryDelay(1, 1, absl::Minutes(10)), absl::Minutes(10));
  EXPECT_EQ(RetryDelay(1, 0, absl::Hours(10)), absl::Hours(1));
  EXPECT_EQ(RetryDelay(1, 0, absl::Seconds(1)), absl::Seconds(5));
  EXPECT_EQ(RetryDelay(1, 0, -absl::InfiniteDuration()), absl::Seconds(5));
  EXPECT_EQ(RetryDelay(1, 0, absl::InfiniteDuration()), absl::Hours(1));
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(Shortened("503"), "503");
  const std::string ascii(600, 'a');
  EXPECT_EQ(Shortened(ascii), ascii.substr(0, 500));
  // Three bytes each; 500 is not a multiple of 3.
  std::string kana;
  for (int i = 0; i < 200; ++i) kana += "あ";
  EXPECT_EQ(Shortened(kana), kana.substr(0, 498));
  EXPECT_EQ(Shortened(std::string(500, 'a')), std::string(500, 'a'));
  // Not text at all.
  EXPECT_EQ(Shortened(std::string(600, '\x80')), "");
}

// --- Writing and signing ----------------------------------------------------

class NoteTest : public StageTest {
 protected:
  // tanaka's care team: clinic-sakura by webhook then inbox, station-asahi by
  // inbox. The note will be c1--n5.
  void BringTo(const std::string& board) {
    for (const char* name : {"submitted", "triaged", "offered", "accepted",
                             "on_scene", "left", "signed"}) {
      SetUpFrom(name);
      if (board == name) return;
    }
  }
  const Delivery& ToClinic() const { return Get<Delivery>("c1--n5--d1-1"); }
  const Delivery& ToStation() const { return Get<Delivery>("c1--n5--d1-2"); }
  std::string Attempt(const std::string& fields) {
    return Do("RecordAttempt delivery=c1--n5--d1-1 channel=WEBHOOK " + fields,
              "system");
  }
  std::vector<Task> OpenTasks(TaskKind kind) const {
    std::vector<Task> tasks;
    for (const TaskId& id : stage_.board().OpenTasksOf(CallId("c1"))) {
      const Task& task = *stage_.board().Find<Task>(id);
      if (task.kind == kind) tasks.push_back(task);
    }
    return tasks;
  }
};

TEST_F(NoteTest, IsWrittenByWhoIsThereFromArrivalOn) {
  BringTo("accepted");
  EXPECT_EQ(Do("DraftNote call=c1 text={diagnosis=x}", "dr-sato"),
            "FAILED_PRECONDITION: calls/c1 is ACCEPTED: no crew has arrived");
  SetUpFrom("on_scene");
  for (const char* other : {"dr-kato", "driver-abe", "op-mori", "system"}) {
    EXPECT_EQ(Do("DraftNote call=c1 text={diagnosis=x}", other),
              "FAILED_PRECONDITION: the note of calls/c1 is written by "
              "people/dr-sato only");
  }
  EXPECT_EQ(Do("DraftNote call=c1 text={diagnosis=x}", "dr-sato"), "OK");
  EXPECT_EQ(std::get<NoteId>(decision_.subject), NoteId("c1--n5"));
  const Note& note = Get<Note>("c1--n5");
  EXPECT_EQ(note.state, NoteState::kDraft);
  EXPECT_EQ(note.author, PersonId("dr-sato"));
  EXPECT_EQ(note.patient, PatientId("tanaka"));
  EXPECT_EQ(note.visit, Get<Call>("c1").visit);
  EXPECT_EQ(Get<Call>("c1").note, note.id);
  EXPECT_EQ(Do("DraftNote call=none text={diagnosis=x}", "dr-sato"),
            "NOT_FOUND: calls/none is not known");
}

TEST_F(NoteTest, ADraftIsLockedOptimistically) {
  BringTo("left");
  EXPECT_EQ(Do("DraftNote call=c1 etag=1 text={diagnosis=x}", "dr-sato"),
            "ABORTED: etag: calls/c1 has no note yet (1 given); read it again");
  EXPECT_EQ(Do("DraftNote call=c1 etag=0 text={diagnosis=x}", "dr-sato"), "OK");
  EXPECT_EQ(Do("DraftNote call=c1 etag=0 text={diagnosis=y}", "dr-sato"),
            "ABORTED: etag: notes/c1--n5 was written since (0 given, 1 now); "
            "read it again");
  EXPECT_EQ(Do("DraftNote call=c1 etag=1 text={diagnosis=y}", "dr-sato"), "OK");
  EXPECT_EQ(Do("DraftNote call=c1 text={diagnosis=z}", "dr-sato"), "OK");
  EXPECT_EQ(Get<Note>("c1--n5").draft->diagnosis, PrivateText("z"));
  EXPECT_EQ(Do("SignNote note=c1--n5 etag=2", "dr-sato"),
            "ABORTED: etag: notes/c1--n5 was written since (2 given, 3 now); "
            "read it again");
}

TEST_F(NoteTest, AnEmptyNoteIsNotSigned) {
  BringTo("left");
  EXPECT_EQ(Do("SignNote note=c1--n5 etag=current", "dr-sato"),
            "NOT_FOUND: notes/c1--n5 is not known");
  for (const char* text : {"{}", "{findings=\" \" advice=\"\\n\"}"}) {
    EXPECT_EQ(Do(absl::StrCat("DraftNote call=c1 text=", text), "dr-sato"),
              "OK");
    EXPECT_EQ(Do("SignNote note=c1--n5 etag=current", "dr-sato"),
              "FAILED_PRECONDITION: notes/c1--n5 is empty; write at least one "
              "part of it");
  }
  for (const char* other : {"dr-kato", "op-mori", "system"}) {
    EXPECT_EQ(Do("SignNote note=c1--n5 etag=current", other),
              "FAILED_PRECONDITION: notes/c1--n5 is written by "
              "people/dr-sato only");
  }
}

TEST_F(NoteTest, SigningMakesAVersionAndADeliveryToEach) {
  BringTo("left");
  EXPECT_EQ(Do("DraftNote call=c1 text={diagnosis=x}", "dr-sato"), "OK");
  EXPECT_EQ(
      Do("SignNote note=c1--n5 etag=current amend_reason=ignored", "dr-sato"),
      "OK");
  EXPECT_THAT(events_,
              ElementsAre(EventKind::kNoteSigned, EventKind::kDeliveryBegan));
  const Note& note = Get<Note>("c1--n5");
  EXPECT_EQ(note.state, NoteState::kSigned);
  EXPECT_FALSE(note.draft.has_value());
  ASSERT_EQ(note.versions.size(), 1);
  EXPECT_EQ(note.versions[0].number, 1);
  EXPECT_EQ(note.versions[0].text.diagnosis, PrivateText("x"));
  EXPECT_EQ(note.versions[0].signed_by, PersonId("dr-sato"));
  EXPECT_EQ(note.versions[0].sign_time, stage_.now());
  EXPECT_TRUE(note.versions[0].amend_reason.empty());
  EXPECT_EQ(Get<Call>("c1").state, CallState::kNoteSent);

  EXPECT_EQ(ToClinic().state, DeliveryState::kPending);
  EXPECT_EQ(ToClinic().next_attempt_time, stage_.now());
  EXPECT_EQ(ToStation().state, DeliveryState::kAwaitingReceipt);
  EXPECT_EQ(ToStation().next_attempt_time, std::nullopt);
  // Friday night; Monday is a holiday: Tuesday, 08:30.
  const absl::Time due = absl::FromCivil(absl::CivilMinute(2026, 11, 24, 8, 30),
                                         absl::FixedTimeZone(9 * 3600));
  EXPECT_EQ(ToClinic().due_time, due);
  EXPECT_EQ(ToStation().due_time, due);
}

TEST_F(NoteTest, SigningOnSceneDoesNotSendTheCrewAway) {
  BringTo("on_scene");
  EXPECT_EQ(Do("DraftNote call=c1 text={diagnosis=x}", "dr-sato"), "OK");
  EXPECT_EQ(Do("SignNote note=c1--n5 etag=current", "dr-sato"), "OK");
  EXPECT_EQ(Get<Call>("c1").state, CallState::kOnScene);
}

TEST_F(NoteTest, AnAmendmentGoesToAllAnew) {
  BringTo("signed");
  EXPECT_EQ(Attempt("result=DELIVERED"), "OK");
  const NoteVersion first = Get<Note>("c1--n5").versions[0];
  EXPECT_EQ(Do("DraftNote call=c1 text={diagnosis=y}", "dr-sato"), "OK");
  EXPECT_EQ(Get<Note>("c1--n5").state, NoteState::kAmending);
  EXPECT_EQ(
      Do("SignNote note=c1--n5 etag=current amend_reason=\" \"", "dr-sato"),
      "INVALID_ARGUMENT: amend_reason: required");
  EXPECT_EQ(
      Do("SignNote note=c1--n5 etag=current amend_reason=誤記", "dr-sato"),
      "OK");
  const Note& note = Get<Note>("c1--n5");
  ASSERT_EQ(note.versions.size(), 2);
  EXPECT_EQ(note.versions[0], first);
  EXPECT_EQ(note.versions[1].number, 2);
  EXPECT_EQ(note.versions[1].amend_reason, PrivateText("誤記"));
  EXPECT_EQ(Get<Delivery>("c1--n5--d2-1").note_version, 2);
  EXPECT_EQ(Get<Delivery>("c1--n5--d2-1").state, DeliveryState::kPending);
  EXPECT_EQ(Get<Delivery>("c1--n5--d2-2").state,
            DeliveryState::kAwaitingReceipt);
  EXPECT_EQ(ToClinic().state, DeliveryState::kReceived);
  EXPECT_EQ(
      Do("SignNote note=c1--n5 etag=current amend_reason=誤記", "dr-sato"),
      "FAILED_PRECONDITION: notes/c1--n5 is signed; there is no draft");
}

TEST_F(NoteTest, AMemberAddedLaterGetsTheNoteOnce) {
  BringTo("signed");
  EXPECT_EQ(
      Do("SetCareTeam call=c1 care_team=[{role=PRIMARY_CLINIC "
         "organization=clinic-sakura channels=[INBOX]} {role=CARE_MANAGER "
         "organization=office-yuri channels=[INBOX]}]"),
      "OK");
  // clinic-sakura has it on its way already.
  EXPECT_EQ(ToClinic().state, DeliveryState::kPending);
  EXPECT_EQ(Get<Delivery>("c1--n5--d1-3").member.organization,
            OrganizationId("office-yuri"));
  EXPECT_EQ(stage_.board().DeliveriesOf(NoteId("c1--n5")).size(), 3);
}

TEST_F(NoteTest, WithNobodyToSendItToTheOperatorIsToldAgain) {
  const std::vector<std::pair<std::string, std::string>> steps = {
      {"nurse-ito",
       "SubmitCall call=c1 patient=kimura complaint=x judgement=x "
       "callback_phone=x"},
      // Told at submission; he puts it off.
      {"op-mori", "ResolveTask task=c1--t1"},
      {"op-mori", "TriageCall call=c1 disposition=VISIT urgency=STANDARD"},
      {"system",
       "OfferVisit calls=[c1] physician=dr-sato driver=driver-abe car=car-1"},
      {"dr-sato", "AcceptOffer offer=c1--o3 person=dr-sato"},
      {"driver-abe", "AcceptOffer offer=c1--o3 person=driver-abe"},
      {"driver-abe", "AdvanceVisit assignment=c1--a4 step=DEPART"},
      {"driver-abe", "AdvanceVisit assignment=c1--a4 step=ARRIVE"},
      {"dr-sato", "DraftNote call=c1 text={diagnosis=x}"},
  };
  for (const auto& [account, command] : steps) {
    ASSERT_EQ(Do(command, account), "OK") << command;
  }
  EXPECT_THAT(OpenTasks(TaskKind::kCareTeamUnknown), IsEmpty());
  EXPECT_EQ(Do("SignNote note=c1--n6 etag=current", "dr-sato"), "OK");
  EXPECT_THAT(events_,
              ElementsAre(EventKind::kNoteSigned, EventKind::kTaskRaised));
  EXPECT_EQ(OpenTasks(TaskKind::kCareTeamUnknown).size(), 1);
  // Deliveries begin when the team is known.
  EXPECT_EQ(Do("SetCareTeam call=c1 care_team=[{role=PRIMARY_CLINIC "
               "organization=clinic-sakura channels=[INBOX]}]"),
            "OK");
  EXPECT_EQ(Get<Delivery>("c1--n6--d1-1").state,
            DeliveryState::kAwaitingReceipt);
  EXPECT_THAT(OpenTasks(TaskKind::kCareTeamUnknown), IsEmpty());
}

// --- Deliveries -------------------------------------------------------------

TEST_F(NoteTest, ADeliveredPushIsReceived) {
  BringTo("signed");
  EXPECT_EQ(Attempt("result=DELIVERED"), "OK");
  EXPECT_EQ(ToClinic().state, DeliveryState::kReceived);
  EXPECT_EQ(ToClinic().next_attempt_time, std::nullopt);
  ASSERT_TRUE(ToClinic().receipt.has_value());
  EXPECT_EQ(ToClinic().receipt->time, stage_.now());
  EXPECT_EQ(ToClinic().receipt->person, PersonId());
  EXPECT_EQ(ToClinic().attempts.size(), 1);
  // What comes later changes nothing.
  for (const char* result : {"DELIVERED", "TRANSIENT", "PERMANENT"}) {
    EXPECT_EQ(Attempt(absl::StrCat("result=", result)), "OK");
    EXPECT_THAT(events_, IsEmpty());
  }
  EXPECT_EQ(Attempt(""), "INVALID_ARGUMENT: result: required");
}

TEST_F(NoteTest, APassingTroubleIsTriedAgainThenTheNextChannel) {
  BringTo("signed");
  for (int i = 1; i <= 7; ++i) {
    EXPECT_EQ(Attempt("result=TRANSIENT error=\"503 busy\""), "OK");
    EXPECT_EQ(ToClinic().state, DeliveryState::kPending);
    EXPECT_EQ(ToClinic().channel_attempts, i);
    EXPECT_EQ(*ToClinic().next_attempt_time - stage_.now(),
              RetryDelay(i, 0, absl::ZeroDuration()));
  }
  // The policy's eighth is the last.
  EXPECT_EQ(Attempt("result=TRANSIENT error=\"503 busy\""), "OK");
  EXPECT_EQ(ToClinic().state, DeliveryState::kAwaitingReceipt);
  EXPECT_EQ(ToClinic().channel_index, 1);
  EXPECT_EQ(ToClinic().channel_attempts, 0);
  EXPECT_EQ(ToClinic().attempts.size(), 8);
  EXPECT_THAT(OpenTasks(TaskKind::kDeliveryFailed), IsEmpty());
}

TEST_F(NoteTest, ALastingTroubleGoesToTheNextChannelAtOnce) {
  BringTo("signed");
  EXPECT_EQ(Attempt("result=PERMANENT error=\"410 Gone\""), "OK");
  EXPECT_EQ(ToClinic().state, DeliveryState::kAwaitingReceipt);
  EXPECT_EQ(ToClinic().attempts[0].error, "410 Gone");
  // A late answer on the channel that was given up: an error says nothing
  // new, but arrived is arrived.
  EXPECT_EQ(Attempt("result=TRANSIENT error=x"), "OK");
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_EQ(Attempt("result=DELIVERED"), "OK");
  EXPECT_EQ(ToClinic().state, DeliveryState::kReceived);
}

TEST_F(NoteTest, NoChannelLeftIsATaskWithTheReceiversWords) {
  BringTo("left");
  EXPECT_EQ(Do("SetCareTeam call=c1 care_team=[{role=PRIMARY_CLINIC "
               "organization=clinic-sakura channels=[WEBHOOK]}]"),
            "OK");
  EXPECT_EQ(Do("DraftNote call=c1 text={diagnosis=x}", "dr-sato"), "OK");
  EXPECT_EQ(Do("SignNote note=c1--n5 etag=current", "dr-sato"), "OK");
  const std::string words =
      "TLS: certificate has expired " + std::string(600, 'x');
  EXPECT_EQ(Attempt("result=PERMANENT error=\"" + words + "\""), "OK");
  EXPECT_EQ(ToClinic().state, DeliveryState::kFailed);
  EXPECT_EQ(ToClinic().attempts[0].error, words.substr(0, 500));
  std::vector<Task> tasks = OpenTasks(TaskKind::kDeliveryFailed);
  ASSERT_EQ(tasks.size(), 1);
  EXPECT_EQ(tasks[0].delivery, ToClinic().id);
  EXPECT_EQ(tasks[0].detail,
            ("organizations/clinic-sakura: " + words).substr(0, 500));

  // By hand, again: attempts are kept, the clock begins anew.
  EXPECT_EQ(Do("RetryDelivery delivery=c1--n5--d1-1"), "OK");
  EXPECT_EQ(ToClinic().state, DeliveryState::kPending);
  EXPECT_EQ(ToClinic().channel_index, 0);
  EXPECT_EQ(ToClinic().next_attempt_time, stage_.now());
  EXPECT_EQ(ToClinic().attempts.size(), 1);
  EXPECT_THAT(OpenTasks(TaskKind::kDeliveryFailed), IsEmpty());
  EXPECT_EQ(Attempt("result=PERMANENT error=again"), "OK");
  tasks = OpenTasks(TaskKind::kDeliveryFailed);
  ASSERT_EQ(tasks.size(), 1);
  EXPECT_EQ(tasks[0].detail, "organizations/clinic-sakura: again");
  // Received after all: the task is off the list.
  EXPECT_EQ(Do("ConfirmReceipt delivery=c1--n5--d1-1", "clerk-sano"), "OK");
  EXPECT_THAT(OpenTasks(TaskKind::kDeliveryFailed), IsEmpty());
}

TEST_F(NoteTest, AWebhookThatIsNotThereIsSkippedAndSaid) {
  EXPECT_EQ(Do("UpdateOrganization id=clinic-sakura etag=current kind=CLINIC "
               "display_name=x"),
            "OK");
  BringTo("signed");
  EXPECT_EQ(ToClinic().state, DeliveryState::kAwaitingReceipt);
  EXPECT_EQ(ToClinic().channel_index, 1);
  ASSERT_EQ(ToClinic().attempts.size(), 1);
  EXPECT_EQ(ToClinic().attempts[0].result, SendResult::kPermanent);
  EXPECT_EQ(ToClinic().attempts[0].error, "no webhook is registered");
}

TEST_F(NoteTest, AReceiptIsGivenByTheHouseThatGotIt) {
  BringTo("signed");
  for (const char* other : {"nurse-ito", "op-mori", "system"}) {
    EXPECT_EQ(Do("ConfirmReceipt delivery=c1--n5--d1-1", other),
              "FAILED_PRECONDITION: deliveries/c1--n5--d1-1 went to "
              "organizations/clinic-sakura; only somebody there can confirm "
              "it");
  }
  // While the webhook is still on its way.
  EXPECT_EQ(Do("ConfirmReceipt delivery=c1--n5--d1-1", "clerk-sano"), "OK");
  EXPECT_EQ(ToClinic().state, DeliveryState::kReceived);
  EXPECT_EQ(ToClinic().receipt->person, PersonId("clerk-sano"));
  EXPECT_EQ(Do("ConfirmReceipt delivery=c1--n5--d1-1", "clerk-sano"), "OK");
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_EQ(Do("ConfirmReceipt delivery=none", "clerk-sano"),
            "NOT_FOUND: deliveries/none is not known");
}

TEST_F(NoteTest, AReceiptByHandNamesWhoAndWhy) {
  BringTo("signed");
  EXPECT_EQ(Do("ConfirmReceiptByHand delivery=c1--n5--d1-1 reason=x"),
            "INVALID_ARGUMENT: receiver_name: required");
  EXPECT_EQ(Do("ConfirmReceiptByHand delivery=c1--n5--d1-1 receiver_name=x "
               "reason=\" \""),
            "INVALID_ARGUMENT: reason: required");
  EXPECT_EQ(Do("ConfirmReceiptByHand delivery=c1--n5--d1-1 receiver_name=佐野 "
               "reason=電話"),
            "OK");
  EXPECT_EQ(ToClinic().state, DeliveryState::kReceived);
  EXPECT_EQ(ToClinic().receipt->person, PersonId("op-mori"));
  EXPECT_EQ(ToClinic().receipt->receiver_name, PrivateText("佐野"));
  EXPECT_EQ(ToClinic().receipt->by_hand_reason, PrivateText("電話"));
  EXPECT_EQ(Do("RetryDelivery delivery=c1--n5--d1-1"),
            "FAILED_PRECONDITION: deliveries/c1--n5--d1-1 is RECEIVED; there "
            "is nothing to send");
  EXPECT_EQ(Do("RetryDelivery delivery=c1--n5--d1-2"),
            "FAILED_PRECONDITION: deliveries/c1--n5--d1-2 is "
            "AWAITING_RECEIPT; there is nothing to send");
}

TEST_F(NoteTest, WhatIsNotConfirmedInTimeIsATask) {
  BringTo("signed");
  EXPECT_EQ(Attempt("result=TRANSIENT error=\"503 busy\""), "OK");
  Wait(ToClinic().due_time - absl::Seconds(1) - stage_.now());
  EXPECT_FALSE(ToClinic().overdue);
  EXPECT_THAT(OpenTasks(TaskKind::kDeliveryOverdue), IsEmpty());
  Wait(absl::Seconds(1));
  EXPECT_TRUE(ToClinic().overdue);
  EXPECT_TRUE(ToStation().overdue);
  const std::vector<Task> tasks = OpenTasks(TaskKind::kDeliveryOverdue);
  ASSERT_EQ(tasks.size(), 2);
  EXPECT_EQ(tasks[0].detail, "organizations/clinic-sakura: 503 busy");
  EXPECT_EQ(tasks[0].delivery, ToClinic().id);
  EXPECT_EQ(tasks[1].detail,
            "organizations/station-asahi: nobody has confirmed it");
  // Each once; and received late it is off the list.
  Wait(absl::Hours(1));
  EXPECT_EQ(OpenTasks(TaskKind::kDeliveryOverdue).size(), 2);
  EXPECT_EQ(Do("ConfirmReceipt delivery=c1--n5--d1-2", "nurse-ito"), "OK");
  EXPECT_EQ(OpenTasks(TaskKind::kDeliveryOverdue).size(), 1);
  EXPECT_TRUE(ToStation().overdue);
}

TEST_F(NoteTest, AQuestionReachesTheOperator) {
  BringTo("signed");
  EXPECT_EQ(Do("QuestionNote delivery=c1--n5--d1-1 text=\" \"", "clerk-sano"),
            "INVALID_ARGUMENT: text: required");
  for (const char* text : {"用量は", "期間は"}) {
    EXPECT_EQ(Do(absl::StrCat("QuestionNote delivery=c1--n5--d1-1 text=", text),
                 "clerk-sano"),
              "OK");
  }
  ASSERT_EQ(ToClinic().questions.size(), 2);
  EXPECT_EQ(ToClinic().questions[0].author, PersonId("clerk-sano"));
  EXPECT_EQ(ToClinic().questions[1].text, PrivateText("期間は"));
  EXPECT_EQ(ToClinic().state, DeliveryState::kPending);
  const std::vector<Task> tasks = OpenTasks(TaskKind::kNoteQuestion);
  ASSERT_EQ(tasks.size(), 1);
  EXPECT_EQ(tasks[0].delivery, ToClinic().id);
}

TEST_F(NoteTest, AQuestionOutlivesTheCall) {
  BringTo("signed");
  EXPECT_EQ(Do("QuestionNote delivery=c1--n5--d1-1 text=用量は", "clerk-sano"),
            "OK");
  EXPECT_EQ(Do("ConfirmHours assignment=c1--a3 person=dr-sato", "dr-sato"),
            "OK");
  EXPECT_EQ(
      Do("ConfirmHours assignment=c1--a3 person=driver-abe", "driver-abe"),
      "OK");
  EXPECT_EQ(Attempt("result=DELIVERED"), "OK");
  EXPECT_EQ(Do("ConfirmReceipt delivery=c1--n5--d1-2", "nurse-ito"), "OK");
  ASSERT_EQ(Get<Call>("c1").state, CallState::kClosed);
  EXPECT_EQ(OpenTasks(TaskKind::kNoteQuestion).size(), 1);
}

TEST_F(NoteTest, WhoHasTheAmendmentNeedsTheFirstVersionNoMore) {
  BringTo("signed");
  EXPECT_EQ(Do("DraftNote call=c1 text={diagnosis=y}", "dr-sato"), "OK");
  EXPECT_EQ(
      Do("SignNote note=c1--n5 etag=current amend_reason=誤記", "dr-sato"),
      "OK");
  Wait(absl::Hours(24 * 4));
  const size_t overdue = OpenTasks(TaskKind::kDeliveryOverdue).size();
  EXPECT_EQ(overdue, 4);
  EXPECT_EQ(Do("RecordAttempt delivery=c1--n5--d2-1 channel=WEBHOOK "
               "result=DELIVERED",
               "system"),
            "OK");
  EXPECT_EQ(ToClinic().state, DeliveryState::kReceived);
  EXPECT_EQ(ToClinic().receipt->by_hand_reason,
            PrivateText("version 2 was received"));
  EXPECT_FALSE(ToClinic().next_attempt_time.has_value());
  EXPECT_EQ(OpenTasks(TaskKind::kDeliveryOverdue).size(), 2);
  // Another house's is another matter, and the first version says nothing of
  // the second.
  EXPECT_EQ(Do("ConfirmReceipt delivery=c1--n5--d1-2", "nurse-ito"), "OK");
  EXPECT_EQ(Get<Delivery>("c1--n5--d2-2").state,
            DeliveryState::kAwaitingReceipt);
}

TEST_F(NoteTest, TheLastReceiptClosesTheCall) {
  BringTo("signed");
  EXPECT_EQ(Do("ConfirmHours assignment=c1--a3 person=dr-sato", "dr-sato"),
            "OK");
  EXPECT_EQ(
      Do("ConfirmHours assignment=c1--a3 person=driver-abe", "driver-abe"),
      "OK");
  EXPECT_EQ(Do("ConfirmReceipt delivery=c1--n5--d1-2", "nurse-ito"), "OK");
  EXPECT_EQ(Get<Call>("c1").state, CallState::kNoteSent);
  EXPECT_EQ(Attempt("result=DELIVERED"), "OK");
  EXPECT_THAT(events_, ElementsAre(EventKind::kDeliveryReceived,
                                   EventKind::kCallClosed));
  EXPECT_EQ(Get<Call>("c1").state, CallState::kClosed);
}

// --- Tasks ------------------------------------------------------------------

TEST_F(NoteTest, TasksAreAcknowledgedAndResolvedOnce) {
  BringTo("signed");
  EXPECT_EQ(Do("QuestionNote delivery=c1--n5--d1-1 text=x", "clerk-sano"),
            "OK");
  const std::string id = OpenTasks(TaskKind::kNoteQuestion)[0].id.value();
  EXPECT_EQ(Do("AcknowledgeTask task=" + id), "OK");
  EXPECT_THAT(events_, ElementsAre(EventKind::kTaskAcknowledged));
  EXPECT_EQ(Get<Task>(id).acknowledged->person, PersonId("op-mori"));
  EXPECT_EQ(Do("AcknowledgeTask task=" + id, "dr-sato"), "OK");
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_EQ(Do("ResolveTask task=" + id + " resolution=回答済み"), "OK");
  EXPECT_THAT(events_, ElementsAre(EventKind::kTaskResolved));
  EXPECT_EQ(Get<Task>(id).resolution, PrivateText("回答済み"));
  EXPECT_EQ(Get<Task>(id).acknowledged->person, PersonId("op-mori"));
  EXPECT_EQ(Do("ResolveTask task=" + id + " resolution=x", "dr-sato"), "OK");
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_EQ(Do("AcknowledgeTask task=" + id), "OK");
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_EQ(Do("AcknowledgeTask task=none"),
            "NOT_FOUND: tasks/none is not known");
  EXPECT_EQ(Do("ResolveTask task=none"), "NOT_FOUND: tasks/none is not known");
}

// --- Outbox -----------------------------------------------------------------

TEST_F(NoteTest, TheOutboxHoldsWhatIsToBePushed) {
  BringTo("left");
  EXPECT_EQ(Do("DraftNote call=c1 text={diagnosis=x}", "dr-sato"), "OK");
  EXPECT_THAT(OutboxFor(decision_.events).put, IsEmpty());
  EXPECT_EQ(Do("SignNote note=c1--n5 etag=current", "dr-sato"), "OK");
  EXPECT_THAT(OutboxFor(decision_.events).put,
              ElementsAre(OutboxMessage{DeliveryId("c1--n5--d1-1"),
                                        ChannelKind::kWebhook, stage_.now()}));
  EXPECT_EQ(Attempt("result=TRANSIENT"), "OK");
  EXPECT_THAT(OutboxFor(decision_.events).put,
              ElementsAre(OutboxMessage{DeliveryId("c1--n5--d1-1"),
                                        ChannelKind::kWebhook,
                                        stage_.now() + absl::Seconds(5)}));
  // A question does not take it from whoever is sending it.
  EXPECT_EQ(Do("QuestionNote delivery=c1--n5--d1-1 text=x", "clerk-sano"),
            "OK");
  EXPECT_THAT(OutboxFor(decision_.events).put, IsEmpty());
  EXPECT_THAT(OutboxFor(decision_.events).remove, IsEmpty());
  EXPECT_EQ(Attempt("result=PERMANENT"), "OK");
  EXPECT_THAT(OutboxFor(decision_.events).put, IsEmpty());
  EXPECT_THAT(OutboxFor(decision_.events).remove,
              ElementsAre(DeliveryId("c1--n5--d1-1")));
}

TEST(OutboxFor, TheLastStateOfADeliveryWins) {
  Delivery delivery;
  delivery.id = DeliveryId("d");
  delivery.member.channels = {ChannelKind::kWebhook};
  delivery.state = DeliveryState::kPending;
  delivery.next_attempt_time = absl::UnixEpoch();
  Event began;
  began.kind = EventKind::kDeliveryBegan;
  began.records = {delivery};
  delivery.state = DeliveryState::kReceived;
  Event received;
  received.kind = EventKind::kDeliveryReceived;
  received.records = {delivery};
  EXPECT_THAT(OutboxFor({began, received}).put, IsEmpty());
  EXPECT_THAT(OutboxFor({began, received}).remove,
              ElementsAre(DeliveryId("d")));
  EXPECT_EQ(OutboxFor({began}).put.size(), 1);
  EXPECT_THAT(OutboxFor({}).remove, IsEmpty());
}

}  // namespace
}  // namespace housecall::core::testing

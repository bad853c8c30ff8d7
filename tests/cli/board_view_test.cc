#include "clients/cli/board_view.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1778072640);
const Style kStyle = {Language::kEnglish, kNow};

v1::Call Call(const std::string& id, v1::CallState state, v1::Urgency urgency,
              int target_minutes) {
  v1::Call call;
  call.set_name(absl::StrCat("centers/hino/calls/", id));
  call.set_state(state);
  call.set_urgency(urgency);
  if (urgency != v1::URGENCY_UNSPECIFIED) {
    call.mutable_target_time()->set_seconds(absl::ToUnixSeconds(kNow) +
                                            target_minutes * 60);
  }
  return call;
}

v1::BoardUpdate Begin() {
  v1::BoardUpdate update;
  update.mutable_snapshot_begin();
  return update;
}

v1::BoardUpdate Complete(const std::string& token) {
  v1::BoardUpdate update;
  update.mutable_snapshot_complete();
  update.set_resume_token(token);
  return update;
}

v1::BoardUpdate Chunk(const v1::Call& call) {
  v1::BoardUpdate update;
  *update.mutable_snapshot_chunk()->add_resources()->mutable_call() = call;
  return update;
}

v1::BoardUpdate EventWith(const v1::Call& call, const std::string& token) {
  v1::BoardUpdate update;
  *update.mutable_event()->add_resources()->mutable_call() = call;
  update.set_resume_token(token);
  return update;
}

TEST(BoardView, OrdersByUrgencyThenTarget) {
  BoardView view;
  view.Take(Begin());
  view.Take(
      Chunk(Call("slow", v1::CALL_STATE_MATCHING, v1::URGENCY_ROUTINE, 5)));
  view.Take(
      Chunk(Call("later", v1::CALL_STATE_OFFERED, v1::URGENCY_URGENT, 50)));
  view.Take(
      Chunk(Call("sooner", v1::CALL_STATE_OFFERED, v1::URGENCY_URGENT, -10)));
  view.Take(Chunk(Call("ambulance", v1::CALL_STATE_EMERGENCY_119,
                       v1::URGENCY_ROUTINE, 90)));
  v1::Call flagged =
      Call("flagged", v1::CALL_STATE_RECEIVED, v1::URGENCY_UNSPECIFIED, 0);
  flagged.add_red_flags(v1::RED_FLAG_UNCONSCIOUS);
  view.Take(Chunk(flagged));
  view.Take(Chunk(Call("gone", v1::CALL_STATE_CLOSED, v1::URGENCY_URGENT, 1)));
  EXPECT_FALSE(view.is_complete());
  EXPECT_TRUE(view.Take(Complete("t1")));
  const std::string text = view.Render(kStyle);
  size_t last = 0;
  for (const char* id : {"ambulance", "flagged", "sooner", "later", "slow"}) {
    const size_t at = text.find(id);
    ASSERT_NE(at, std::string::npos) << id << " in\n" << text;
    EXPECT_GT(at, last) << id << " in\n" << text;
    last = at;
  }
  EXPECT_THAT(text, Not(HasSubstr("gone")));
  EXPECT_THAT(text, HasSubstr("late 10m"));
  EXPECT_THAT(text, HasSubstr("50m"));
}

TEST(BoardView, ReplacesWhatChanged) {
  BoardView view;
  view.Take(Begin());
  view.Take(Chunk(Call("c1", v1::CALL_STATE_OFFERED, v1::URGENCY_URGENT, 50)));
  view.Take(Complete("t1"));
  EXPECT_TRUE(view.Take(EventWith(
      Call("c1", v1::CALL_STATE_EN_ROUTE, v1::URGENCY_URGENT, 50), "t2")));
  EXPECT_EQ(view.resume_token(), "t2");
  EXPECT_THAT(view.Render(kStyle), HasSubstr("en route"));
  view.Take(EventWith(Call("c1", v1::CALL_STATE_CLOSED, v1::URGENCY_URGENT, 50),
                      "t3"));
  EXPECT_THAT(view.Render(kStyle), HasSubstr("No open calls"));
}

TEST(BoardView, ForgetsEverythingAtANewSnapshot) {
  BoardView view;
  view.Take(Begin());
  view.Take(Chunk(Call("old", v1::CALL_STATE_OFFERED, v1::URGENCY_URGENT, 5)));
  view.Take(Complete("t1"));
  view.Take(Begin());
  EXPECT_FALSE(view.is_complete());
  view.Take(Complete("t2"));
  EXPECT_THAT(view.Render(kStyle), Not(HasSubstr("old")));
}

TEST(BoardView, PutsOpenTasksOnTop) {
  BoardView view;
  view.Take(Begin());
  v1::BoardUpdate update;
  v1::Task* task =
      update.mutable_snapshot_chunk()->add_resources()->mutable_task();
  task->set_name("centers/hino/tasks/t-open");
  task->set_kind(v1::TASK_KIND_NO_ANSWER);
  task->set_detail("3 offers\x1b[2J");
  v1::Task* done =
      update.mutable_snapshot_chunk()->add_resources()->mutable_task();
  done->set_name("centers/hino/tasks/t-done");
  done->mutable_resolved()->set_person("x");
  view.Take(update);
  view.Take(Chunk(Call("c1", v1::CALL_STATE_OFFERED, v1::URGENCY_URGENT, 5)));
  view.Take(Complete("t"));
  const std::string text = view.Render(kStyle);
  EXPECT_LT(text.find("t-open"), text.find("c1"));
  EXPECT_THAT(text, HasSubstr("unseen"));
  EXPECT_THAT(text, HasSubstr("no answer"));
  EXPECT_THAT(text, Not(HasSubstr("t-done")));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(BoardView, BracketsACrewThatIsOnlyAsked) {
  BoardView view;
  view.Take(Begin());
  v1::Call call = Call("c1", v1::CALL_STATE_OFFERED, v1::URGENCY_URGENT, 50);
  call.set_offer("centers/hino/offers/o1");
  view.Take(Chunk(call));
  v1::BoardUpdate update;
  v1::Offer* offer =
      update.mutable_snapshot_chunk()->add_resources()->mutable_offer();
  offer->set_name("centers/hino/offers/o1");
  offer->set_state(v1::OFFER_STATE_PENDING);
  offer->set_physician("centers/hino/people/dr-sato");
  view.Take(update);
  view.Take(Complete("t1"));
  EXPECT_THAT(view.Render(kStyle), HasSubstr("(dr-sato)"));
  call.clear_offer();
  call.set_assignment("centers/hino/assignments/a1");
  view.Take(EventWith(call, "t2"));
  v1::BoardUpdate accepted;
  v1::Assignment* assignment =
      accepted.mutable_event()->add_resources()->mutable_assignment();
  assignment->set_name("centers/hino/assignments/a1");
  assignment->set_physician("centers/hino/people/dr-sato");
  view.Take(accepted);
  EXPECT_THAT(view.Render(kStyle), HasSubstr("dr-sato"));
  EXPECT_THAT(view.Render(kStyle), Not(HasSubstr("(dr-sato)")));
}

TEST(BoardView, SaysThatAPositionIsOld) {
  for (const int minutes : {4, 6}) {
    BoardView view;
    view.Take(Begin());
    v1::BoardUpdate update;
    v1::SnapshotChunk* chunk = update.mutable_snapshot_chunk();
    v1::Duty* duty = chunk->add_resources()->mutable_duty();
    duty->set_name("centers/hino/people/dr-sato");
    duty->set_on_duty(true);
    v1::Position* position = chunk->add_resources()->mutable_position();
    position->set_name("centers/hino/people/dr-sato");
    position->mutable_device_time()->set_seconds(absl::ToUnixSeconds(kNow) -
                                                 minutes * 60);
    view.Take(update);
    view.Take(Complete("t1"));
    const std::string text = view.Render(kStyle);
    EXPECT_THAT(text, HasSubstr(absl::StrCat(minutes, "m")));
    EXPECT_EQ(text.find("(old)") != std::string::npos, minutes > 5) << text;
  }
}

// A call at whose door a crew is expected.
BoardView ViewOfAWholeNight(bool has_arrived) {
  BoardView view;
  view.Take(Begin());
  v1::Call call = Call(
      "call-1", has_arrived ? v1::CALL_STATE_ON_SCENE : v1::CALL_STATE_EN_ROUTE,
      v1::URGENCY_URGENT, 50);
  call.mutable_place()->set_address("さくら町2-8 グループホームさくら 3階");
  call.mutable_short_patient()->set_display_name("田中 ハル");
  call.set_assignment("centers/hino/assignments/a1");
  view.Take(Chunk(call));
  v1::BoardUpdate update;
  v1::SnapshotChunk* chunk = update.mutable_snapshot_chunk();
  v1::Assignment* assignment = chunk->add_resources()->mutable_assignment();
  assignment->set_name("centers/hino/assignments/a1");
  assignment->set_physician("centers/hino/people/dr-sato");
  assignment->set_driver("centers/hino/people/driver-yamada");
  assignment->mutable_estimate()->mutable_arrive_time()->set_seconds(
      absl::ToUnixSeconds(kNow) + 600);
  if (has_arrived) assignment->mutable_arrive();
  v1::Task* task = chunk->add_resources()->mutable_task();
  task->set_name("centers/hino/tasks/t1");
  task->set_kind(v1::TASK_KIND_NO_ANSWER);
  task->set_detail(std::string(60, 'd'));
  v1::Duty* duty = chunk->add_resources()->mutable_duty();
  duty->set_name("centers/hino/people/driver-yamada");
  duty->set_car("centers/hino/cars/car-1");
  duty->set_on_duty(true);
  v1::Person* person = chunk->add_resources()->mutable_person();
  person->set_name("centers/hino/people/driver-yamada");
  person->set_display_name("山田 隆");
  v1::Position* position = chunk->add_resources()->mutable_position();
  position->set_name("centers/hino/people/driver-yamada");
  position->mutable_position()->set_latitude(35.7);
  position->mutable_device_time()->set_seconds(absl::ToUnixSeconds(kNow) - 60);
  view.Take(update);
  view.Take(Complete("t1"));
  return view;
}

TEST(BoardView, SaysNoTimeLeftOnceACrewHasArrived) {
  const std::string before = ViewOfAWholeNight(false).Render(kStyle);
  EXPECT_THAT(before, HasSubstr("50m"));
  EXPECT_THAT(before, HasSubstr("22:14:00"));
  const std::string after = ViewOfAWholeNight(true).Render(kStyle);
  EXPECT_THAT(after, Not(HasSubstr("50m")));
  EXPECT_THAT(after, Not(HasSubstr("22:14:00")));
}

// The physician keeps the call; the driver who is asked to fetch him is shown
// as one who is asked, with the arrival that he would make possible.
TEST(BoardView, ShowsWhoIsAskedForAfterABreakdown) {
  BoardView view = ViewOfAWholeNight(false);
  v1::BoardUpdate lost;
  v1::Assignment* assignment =
      lost.mutable_event()->add_resources()->mutable_assignment();
  assignment->set_name("centers/hino/assignments/a1");
  assignment->set_physician("centers/hino/people/dr-sato");
  v1::Offer* offer = lost.mutable_event()->add_resources()->mutable_offer();
  offer->set_name("centers/hino/offers/o7");
  offer->set_state(v1::OFFER_STATE_PENDING);
  offer->set_physician("centers/hino/people/dr-sato");
  offer->set_driver("centers/hino/people/driver-ogawa");
  offer->set_replaces_car_of("centers/hino/assignments/a1");
  offer->mutable_estimate()->mutable_arrive_time()->set_seconds(
      absl::ToUnixSeconds(kNow) + 1200);
  view.Take(lost);
  const std::string text = view.Render(kStyle);
  EXPECT_THAT(text, HasSubstr("dr-sato    (driver-ogawa)  22:24:00"));
}

TEST(BoardView, FitsTheTerminal) {
  const BoardView view = ViewOfAWholeNight(false);
  Style style = kStyle;
  const std::string wide = view.Render(style);
  style.columns = 200;
  EXPECT_EQ(view.Render(style), wide);
  for (const Language language : {Language::kEnglish, Language::kJapanese}) {
    style.language = language;
    for (const int columns : {100, 80, 70}) {
      style.columns = columns;
      const std::string text = view.Render(style);
      for (absl::string_view line : absl::StrSplit(text, '\n')) {
        EXPECT_LE(DisplayWidth(line), columns) << line;
      }
      for (const char* shown : {"call-1", "田中 ハル", "dr-sato",
                                "driver-yamada", "さくら町2-8", "22:14:00"}) {
        EXPECT_THAT(text, HasSubstr(shown)) << columns;
      }
    }
  }
}

TEST(TimelineLine, NamesTimeKindAndPeople) {
  v1::Event event;
  event.mutable_event_time()->set_seconds(absl::ToUnixSeconds(kNow) + 10);
  event.set_kind(v1::EVENT_KIND_OFFER_ACCEPTED);
  event.set_actor_person("centers/hino/people/dr-sato");
  v1::Offer* offer = event.add_resources()->mutable_offer();
  offer->set_physician("centers/hino/people/dr-sato");
  offer->set_driver("centers/hino/people/d-1");
  EXPECT_EQ(TimelineLine(event, kStyle),
            "22:04:10  offer accepted        dr-sato         dr-sato + d-1");
  EXPECT_EQ(TimelineLine(event, {Language::kJapanese, kNow}),
            "22:04:10  双方が承諾            dr-sato         dr-sato + d-1");
  event.clear_resources();
  event.clear_actor_person();
  EXPECT_EQ(TimelineLine(event, kStyle), "22:04:10  offer accepted");
}

}  // namespace
}  // namespace housecall::cli

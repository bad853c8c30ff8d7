#include "clients/cli/board_view.h"

#include <string>

#include "absl/strings/str_cat.h"
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

#include "dispatcher/core/text.h"

#include <cstdint>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::core {
namespace {

using ::testing::HasSubstr;

absl::TimeZone Tokyo() { return absl::FixedTimeZone(9 * 60 * 60); }

// Friday 2026-11-20, 22:00.
TextTimes Times() {
  return {absl::FromCivil(absl::CivilSecond(2026, 11, 20, 22, 0, 0), Tokyo()),
          Tokyo()};
}

template <typename C>
C Read(const std::string& text) {
  const absl::StatusOr<Command> command = ParseCommand(text, 1, Times());
  EXPECT_TRUE(command.ok()) << command.status();
  if (!command.ok() || !std::holds_alternative<C>(*command)) {
    ADD_FAILURE() << text << " is read as something else";
    return C();
  }
  return std::get<C>(*command);
}

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<Command> command = ParseCommand(text, 3, Times());
  EXPECT_EQ(command.status().code(), absl::StatusCode::kInvalidArgument)
      << text;
  return std::string(command.status().message());
}

// --- Random commands --------------------------------------------------------

class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state_(seed) {}
  int64_t Below(int64_t below) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int64_t>((state_ >> 20) % below);
  }

 private:
  uint64_t state_;
};

template <typename T>
void Fill(T* value, Numbers* numbers) {
  if constexpr (std::is_same_v<T, bool>) {
    *value = numbers->Below(2) == 1;
  } else if constexpr (std::is_same_v<T, double>) {
    *value = static_cast<double>(numbers->Below(2000000) - 1000000) /
             static_cast<double>(numbers->Below(9) + 1);
  } else if constexpr (std::is_integral_v<T>) {
    *value = static_cast<T>(numbers->Below(2000) - 1000);
  } else if constexpr (std::is_same_v<T, std::string>) {
    static const char* const pieces[] = {
        "a", " ",  "\"", "\\", "\n", "\xe7\x86\xb1",
        "[", "}",  "=",  "\t", "#",  "\x7f",
        ",", "\r", "-",  "0",  ":",  "\x01"};
    for (int64_t i = numbers->Below(6); i > 0; --i) {
      *value += pieces[numbers->Below(std::size(pieces))];
    }
  } else if constexpr (IsSensitive<T>) {
    Fill(&value->MutableReveal(), numbers);
  } else if constexpr (IsId<T>) {
    if (numbers->Below(4) != 0) *value = T(absl::StrCat(numbers->Below(99)));
  } else if constexpr (std::is_same_v<T, Version>) {
    value->number = numbers->Below(100);
  } else if constexpr (std::is_same_v<T, absl::Time>) {
    // Near and far, whole seconds and not.
    const int64_t unit = numbers->Below(2) == 0 ? 1000000 : 1;
    const int64_t span = numbers->Below(2) == 0 ? 40 : 4000000;
    *value = Times().now +
             absl::Microseconds(
                 unit * (numbers->Below(span * 3600 + 1) - span * 1800));
  } else if constexpr (std::is_same_v<T, absl::Duration>) {
    *value = absl::Milliseconds(numbers->Below(100000000) - 50000000);
  } else if constexpr (NamedEnum<T>) {
    *value = static_cast<T>(numbers->Below(NamesOf<T>().size()));
  } else if constexpr (IsOptional<T>) {
    if (numbers->Below(2) == 0) Fill(&value->emplace(), numbers);
  } else if constexpr (IsVector<T>) {
    value->resize(numbers->Below(4));
    for (auto& item : *value) Fill(&item, numbers);
  } else {
    VisitFields(*value, [&](const char*, auto& field) {
      // Others keep their default.
      if (numbers->Below(3) != 0) Fill(&field, numbers);
    });
  }
}

template <size_t I = 0, typename F>
void ForEachCommandType(F visit) {
  if constexpr (I < std::variant_size_v<Command>) {
    visit(std::variant_alternative_t<I, Command>());
    ForEachCommandType<I + 1>(visit);
  }
}

TEST(Text, EveryCommandIsReadAsItWasWritten) {
  ForEachCommandType([](auto usual) {
    using C = decltype(usual);
    Numbers numbers(1);
    for (int i = 0; i < 100; ++i) {
      C command;
      if (i > 0) Fill(&command, &numbers);
      const std::string text = FormatCommand(command, Times());
      const absl::StatusOr<Command> read = ParseCommand(text, 1, Times());
      ASSERT_TRUE(read.ok()) << text << "\n" << read.status();
      ASSERT_EQ(*read, Command(command)) << text << "\n"
                                         << FormatCommand(*read, Times());
    }
  });
}

TEST(Text, EveryCommandHasItsOwnName) {
  std::set<std::string> names;
  ForEachCommandType([&](auto command) {
    names.insert(CommandName(command));
    // A command without fields is its name.
    EXPECT_EQ(FormatCommand(command, Times()), CommandName(command));
  });
  EXPECT_EQ(names.size(), std::variant_size_v<Command>);
  EXPECT_EQ(names.count("SubmitCall"), 1);
  EXPECT_EQ(names.count("CreatePatient"), 1);
  EXPECT_EQ(names.count("UpdateShift"), 1);
}

// Damaged texts are refused or read, whatever they are; with sanitizers this
// is a small fuzzer.
TEST(Text, DamagedTextsDoNoHarm) {
  Numbers numbers(2);
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    ForEachCommandType([&](auto command) {
      Fill(&command, &numbers);
      std::string text = FormatCommand(command, Times());
      for (int64_t j = numbers.Below(3) + 1; j > 0; --j) {
        const int64_t at = numbers.Below(text.size());
        static const char bytes[] = "\"\\[]{}=:+-x0 a\0\xff";
        switch (numbers.Below(3)) {
          case 0:
            text[at] = bytes[numbers.Below(sizeof(bytes))];
            break;
          case 1:
            text.erase(at, 1 + numbers.Below(3));
            break;
          default:
            text.insert(at, 1, bytes[numbers.Below(sizeof(bytes))]);
        }
        if (text.empty()) break;
      }
      const absl::StatusOr<Command> read = ParseCommand(text, 1, Times());
      if (!read.ok()) {
        ++refused;
        EXPECT_THAT(std::string(read.status().message()),
                    testing::StartsWith("line 1, column "));
      }
    });
  }
  EXPECT_GT(refused, 100);
}

// --- Reading ----------------------------------------------------------------

TEST(ParseCommand, ReadsTheExampleOfTheHeader) {
  const SubmitCall call = Read<SubmitCall>(
      "SubmitCall call=c1 patient=p1 complaint=\"発熱 39.2\" "
      "red_flags=[UNCONSCIOUS] place={address=\"日野市 1-2\" "
      "position={latitude=35.67 longitude=139.39}}");
  SubmitCall expected;
  expected.call = CallId("c1");
  expected.patient = PatientId("p1");
  expected.complaint = PrivateText("発熱 39.2");
  expected.red_flags = {RedFlag::kUnconscious};
  expected.place = Place{PrivateText("日野市 1-2"), LatLng{35.67, 139.39}, {}};
  EXPECT_EQ(call, expected);
}

TEST(ParseCommand, ReadsTheFieldsOfARecord) {
  const Car car = Read<Create<Car>>("CreateCar id=k1 seats=7").record;
  EXPECT_EQ(car.id, CarId("k1"));
  EXPECT_EQ(car.seats, 7);
  EXPECT_EQ(car.state, CarState::kAvailable);
}

TEST(ParseCommand, ReadsListsOfRecords) {
  const SetCareTeam team = Read<SetCareTeam>(
      "SetCareTeam call=c1 care_team=[{role=PRIMARY_CLINIC "
      "organization=o1 channels=[WEBHOOK INBOX]} {role=NURSE_STATION}]");
  ASSERT_EQ(team.care_team.size(), 2);
  EXPECT_EQ(
      team.care_team[0].channels,
      (std::vector<ChannelKind>{ChannelKind::kWebhook, ChannelKind::kInbox}));
  EXPECT_EQ(team.care_team[1].role, CareRole::kNurseStation);
}

TEST(ParseCommand, TakesSpacesAnywhereBetweenWords) {
  EXPECT_EQ(Read<TriageCall>("  TriageCall   call=c1\turgency=URGENT "
                             "required_skills=[ CHILD  WOUND ]  "),
            Read<TriageCall>("TriageCall call=c1 urgency=URGENT "
                             "required_skills=[CHILD WOUND]"));
}

TEST(ParseCommand, ErrorsNameLineColumnAndField) {
  EXPECT_EQ(ErrorOf(""), "line 3, column 1: the name of a command wanted");
  EXPECT_EQ(ErrorOf("Fly"), "line 3, column 1: there is no command Fly");
  EXPECT_EQ(ErrorOf("HoldCall cal=c1"),
            "line 3, column 10: there is no field cal");
  EXPECT_EQ(ErrorOf("HoldCall call"), "line 3, column 14, call: '=' wanted");
  EXPECT_EQ(ErrorOf("HoldCall call="),
            "line 3, column 15, call: a value wanted");
  EXPECT_EQ(ErrorOf("HoldCall call=c1 call=c2"),
            "line 3, column 18, call: it is there twice");
  EXPECT_EQ(ErrorOf("HoldCall reason=\"x"),
            "line 3, column 19, reason: '\"' wanted");
  EXPECT_EQ(ErrorOf("HoldCall reason=\"\\q\""),
            "line 3, column 20, reason: one of \\\" \\\\ \\n \\r \\t \\xHH "
            "wanted");
  EXPECT_EQ(ErrorOf("HoldCall until_time=soon"),
            "line 3, column 21, until_time: a time (22:05, 22:05:30, +90s or "
            "RFC 3339) wanted");
  EXPECT_EQ(ErrorOf("SubmitCall place={position={latitude=north}}"),
            "line 3, column 38, place.position.latitude: a number wanted");
  EXPECT_EQ(ErrorOf("SubmitCall place={address=x"),
            "line 3, column 28, place: '}' wanted");
  EXPECT_EQ(ErrorOf("SubmitCall place=x"),
            "line 3, column 18, place: '{' wanted");
  EXPECT_EQ(ErrorOf("SubmitCall red_flags=[UNCONSCIOUS"),
            "line 3, column 34, red_flags: ']' wanted");
  EXPECT_THAT(ErrorOf("SubmitCall red_flags=[DEAD]"),
              HasSubstr("column 23, red_flags: one of UNSPECIFIED, "
                        "NOT_BREATHING, UNCONSCIOUS"));
  EXPECT_EQ(ErrorOf("CreateCar seats=99999999999"),
            "line 3, column 17, seats: a whole number wanted");
  EXPECT_EQ(ErrorOf("AnswerCancel approve=yes"),
            "line 3, column 22, approve: true or false wanted");
  EXPECT_EQ(ErrorOf("RecordAttempt retry_after=5"),
            "line 3, column 27, retry_after: a duration (90s, 1h30m) wanted");
  EXPECT_EQ(ErrorOf("HoldCall call=c1 ]"),
            "line 3, column 18: the name of a field wanted");
}

// --- Times ------------------------------------------------------------------

struct TimeRow {
  const char* text;
  const char* civil_time;
};

TEST(ParseTextTime, TakesTheNearestOfAClockTime) {
  // It is 22:00 on the 20th.
  for (const TimeRow& row :
       {TimeRow{"22:00", "2026-11-20 22:00:00"},
        TimeRow{"22:05", "2026-11-20 22:05:00"},
        TimeRow{"02:05:30", "2026-11-21 02:05:30"},
        TimeRow{"09:59:59", "2026-11-21 09:59:59"},
        // As far in both directions: the later one.
        TimeRow{"10:00", "2026-11-21 10:00:00"},
        TimeRow{"10:01", "2026-11-20 10:01:00"},
        TimeRow{"00:00", "2026-11-21 00:00:00"},
        TimeRow{"22:00:00.000000001", "2026-11-20 22:00:00"},
        TimeRow{"+90s", "2026-11-20 22:01:30"},
        TimeRow{"-1h", "2026-11-20 21:00:00"},
        TimeRow{"2026-12-01T08:30:00+09:00", "2026-12-01 08:30:00"},
        TimeRow{"2026-12-01T08:30:00Z", "2026-12-01 17:30:00"}}) {
    const absl::StatusOr<absl::Time> time = ParseTextTime(row.text, Times());
    ASSERT_TRUE(time.ok()) << row.text;
    EXPECT_EQ(absl::FormatTime("%Y-%m-%d %H:%M:%S", *time, Tokyo()),
              row.civil_time)
        << row.text;
  }
  for (const char* text : {"24:00", "22:60", "2:00", "22:0", "22:00:60", "22",
                           "22:00:", "22:00:00.", "22:00:00.x",
                           "22:00:00.0000000001", "", "+", "+5", "tomorrow"}) {
    EXPECT_FALSE(ParseTextTime(text, Times()).ok()) << text;
  }
}

TEST(FormatTextTime, IsShortWhereThatIsClear) {
  const absl::Time now = Times().now;
  EXPECT_EQ(FormatTextTime(now, Times()), "22:00");
  EXPECT_EQ(FormatTextTime(now + absl::Seconds(1), Times()), "22:00:01");
  EXPECT_EQ(FormatTextTime(now + absl::Hours(11), Times()), "09:00");
  EXPECT_EQ(FormatTextTime(now + absl::Hours(12), Times()), "10:00");
  EXPECT_EQ(FormatTextTime(now + absl::Hours(13), Times()),
            "2026-11-21T11:00:00+09:00");
  EXPECT_EQ(FormatTextTime(now + absl::Milliseconds(500), Times()),
            "22:00:00.5");
}

// --- Events -----------------------------------------------------------------

TEST(FormatEvent, TellsWhatChanged) {
  Board board;
  Call call;
  call.id = CallId("c1");
  call.etag = Version{3};
  call.state = CallState::kOffered;
  call.unanswered_by = {PersonId("dr-a")};
  call.offer = OfferId("c1--o1");
  call.place.address = PrivateText("1-2");
  call.derived = 1;
  board.Put(call);

  call.etag = Version{4};
  call.state = CallState::kAccepted;
  call.unanswered_by.emplace_back("dr-b");
  call.offer = OfferId();
  call.assignment = AssignmentId("c1--a2");
  call.place.address = PrivateText("3-4");
  call.place.position = LatLng{35, 139.5};
  call.target_time = Times().now + absl::Minutes(60);
  call.derived = 2;
  Assignment assignment;
  assignment.id = AssignmentId("c1--a2");
  assignment.etag = Version{1};
  assignment.calls = {CallId("c1")};
  assignment.state = AssignmentState::kAccepted;
  Event event;
  event.kind = EventKind::kOfferAccepted;
  event.call = CallId("c1");
  event.records = {call, assignment};
  EXPECT_EQ(FormatEvent(event, board, Times()),
            "-> OFFER_ACCEPTED call=c1\n"
            "   call c1: state OFFERED→ACCEPTED, place.address 1-2→3-4, "
            "place.position={latitude=35 longitude=139.5}, target_time=23:00, "
            "unanswered_by+=[dr-b], offer c1--o1→none, assignment=c1--a2\n"
            "   + assignment c1--a2: calls=[c1], state=ACCEPTED");
}

TEST(FormatEvent, LeavesOutRecordsInWhichOnlyCountersChanged) {
  Board board;
  Call call;
  call.id = CallId("c1");
  board.Put(call);
  call.etag = Version{1};
  call.derived = 1;
  Task task;
  task.id = TaskId("c1--t1");
  task.kind = TaskKind::kNoAnswer;
  Event event;
  event.kind = EventKind::kTaskRaised;
  event.call = CallId("c1");
  event.records = {call, task};
  EXPECT_EQ(FormatEvent(event, board, Times()),
            "-> TASK_RAISED call=c1\n   + task c1--t1: kind=NO_ANSWER");
}

TEST(FormatEvent, TellsWhatWasClearedAndWhatWasReplaced) {
  Board board;
  Delivery delivery;
  delivery.id = DeliveryId("d");
  delivery.state = DeliveryState::kPending;
  delivery.next_attempt_time = Times().now;
  delivery.member.channels = {ChannelKind::kWebhook};
  delivery.overdue = true;
  board.Put(delivery);
  delivery.next_attempt_time.reset();
  delivery.member.channels = {ChannelKind::kInbox};
  delivery.overdue = false;
  Event event;
  event.kind = EventKind::kDeliveryRetried;
  event.records = {delivery};
  EXPECT_EQ(FormatEvent(event, board, Times()),
            "-> DELIVERY_RETRIED\n"
            "   delivery d: member.channels [WEBHOOK]→[INBOX], "
            "next_attempt_time 22:00→none, overdue true→false");
}

}  // namespace
}  // namespace housecall::core

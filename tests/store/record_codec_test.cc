#include "dispatcher/store/record_codec.h"

#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "dispatcher/store/batch_rules.h"
#include "dispatcher/store/columns.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/record_filler.h"

namespace housecall::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::RecordFiller;

// Reads `json` as a T that must be readable.
template <typename T>
T Read(const std::string& json) {
  T value{};
  DecodeProblem problem;
  EXPECT_TRUE(FromJsonText(json, &value, &problem)) << Describe(problem);
  return value;
}

// The problem with `json` as a T.
template <typename T>
std::string ProblemOf(const std::string& json) {
  T value{};
  DecodeProblem problem;
  EXPECT_FALSE(FromJsonText(json, &value, &problem)) << json;
  return Describe(problem);
}

// Whether every field of `value`, down to the last, differs from the default.
template <typename T>
void ExpectAllFieldsDiffer(const T& value, const std::string& where) {
  if constexpr (HasFields<T>) {
    const T fresh{};
    std::vector<const void*> defaults;
    VisitFields(fresh, [&](const char*, const auto& field) {
      defaults.push_back(&field);
    });
    size_t index = 0;
    VisitFields(value, [&]<typename F>(const char* name, const F& field) {
      EXPECT_FALSE(field == *static_cast<const F*>(defaults[index++]))
          << where << "." << name;
      ExpectAllFieldsDiffer(field, where + "." + name);
    });
  } else if constexpr (IsOptional<T>) {
    ASSERT_TRUE(value.has_value()) << where;
    ExpectAllFieldsDiffer(*value, where);
  } else if constexpr (IsVector<T>) {
    ASSERT_FALSE(value.empty()) << where;
    ExpectAllFieldsDiffer(value.front(), where);
  }
}

TEST(RecordFiller, LeavesNoFieldAtItsDefault) {
  ForEachKind([]<typename R>(std::type_identity<R>) {
    ExpectAllFieldsDiffer(RecordFiller(7).Make<R>(), TableOf<R>());
  });
}

TEST(RecordCodec, KeepsEveryFieldOfEveryKind) {
  ForEachKind([]<typename R>(std::type_identity<R>) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      const R record = RecordFiller(seed).Make<R>();
      EXPECT_TRUE(Read<R>(ToJson(record)) == record)
          << TableOf<R>() << " of seed " << seed;
      const core::Record variant = record;
      EXPECT_TRUE(Read<core::Record>(ToJson(variant)) == variant);
    }
  });
}

TEST(RecordCodec, KeepsDefaultsOfEveryKind) {
  ForEachKind([]<typename R>(std::type_identity<R>) {
    EXPECT_TRUE(Read<R>(ToJson(R{})) == R{}) << TableOf<R>();
    EXPECT_TRUE(Read<R>("{}") == R{}) << TableOf<R>();
  });
}

TEST(RecordCodec, WritesWhatJsonParsersRead) {
  RecordFiller filler(3);
  for (int i = 0; i < 200; ++i) {
    const auto text = filler.Make<std::string>();
    const nlohmann::json json =
        nlohmann::json::parse(ToJson(text), nullptr, false);
    ASSERT_TRUE(json.is_string());
    EXPECT_EQ(json.get<std::string>(), text);
  }
}

TEST(RecordCodec, KeepsAnEventWithItsActor) {
  RecordFiller filler(5);
  core::Event event;
  filler.Fill(&event.kind);
  filler.Fill(&event.time);
  filler.Fill(&event.actor);
  filler.Fill(&event.call);
  event.records = {filler.Make<core::Call>(), filler.Make<core::Duty>(),
                   filler.Make<core::Position>()};
  EXPECT_TRUE(Read<core::Event>(ToJson(event)) == event);
  EXPECT_TRUE(Read<core::Actor>(ToJson(event.actor)) == event.actor);
  EXPECT_TRUE(Read<core::Event>("{}") == core::Event{});
}

TEST(RecordCodec, LeavesOutWhatIsZeroByDefaultOnly) {
  core::Car car;
  car.id = core::CarId("car-1");
  EXPECT_EQ(ToJson(car),
            R"({"id":"car-1","seats":4,"state":"AVAILABLE","active":true})");
  car.seats = 0;
  car.active = false;
  car.state = core::CarState::kUnspecified;
  EXPECT_EQ(ToJson(car),
            R"({"id":"car-1","seats":0,"state":"UNSPECIFIED","active":false})");
  EXPECT_TRUE(Read<core::Car>(ToJson(car)) == car);
}

// What a center has decided must not change with a program's defaults.
TEST(RecordCodec, WritesEveryFigureOfAPolicy) {
  const core::Policy policy;
  const nlohmann::json json =
      nlohmann::json::parse(ToJson(policy), nullptr, false);
  VisitFields(policy, [&]<typename T>(const char* name, const T& value) {
    // What is off at first is left out, and stays so for ever.
    if constexpr (std::is_same_v<T, bool>) {
      if (!value) return;
    }
    EXPECT_TRUE(json.contains(name)) << name;
  });
}

// A center of before has the weights of a new one, and keeps those that it has.
TEST(RecordCodec, ReadsAPolicyThatKnowsNoWeightsByUrgency) {
  nlohmann::json json =
      nlohmann::json::parse(ToJson(core::Policy()), nullptr, false);
  for (const char* field : {"urgent_weight", "standard_weight",
                            "routine_weight", "drive_weight", "holds"}) {
    json.erase(field);
  }
  json["tardiness_weight"] = 1;
  const core::Policy policy = Read<core::Policy>(json.dump());
  EXPECT_EQ(policy.tardiness_weight, 1);
  EXPECT_EQ(policy.urgent_weight, 4);
  EXPECT_EQ(policy.standard_weight, 2);
  EXPECT_EQ(policy.routine_weight, 1);
  EXPECT_EQ(policy.drive_weight, core::Policy().drive_weight);
  EXPECT_FALSE(policy.holds);
}

TEST(RecordCodec, ReadsAPolicyThatKnowsNoTollsAndFerries) {
  core::Policy policy;
  policy.use_tolls = false;
  policy.use_ferries = true;
  EXPECT_TRUE(Read<core::Policy>(ToJson(policy)) == policy);
  nlohmann::json json = nlohmann::json::parse(ToJson(policy), nullptr, false);
  ASSERT_EQ(json.erase("use_tolls") + json.erase("use_ferries"), 2u);
  policy = Read<core::Policy>(json.dump());
  EXPECT_TRUE(policy.use_tolls);
  EXPECT_FALSE(policy.use_ferries);
}

TEST(RecordCodec, TellsAnOptionalZeroFromNone) {
  core::VitalSigns vitals;
  vitals.pulse_per_minute = 0;
  EXPECT_EQ(ToJson(vitals), R"({"pulse_per_minute":0})");
  EXPECT_TRUE(Read<core::VitalSigns>(ToJson(vitals)) == vitals);
  core::Fact fact;
  fact.vitals.emplace();
  EXPECT_EQ(ToJson(fact), R"({"vitals":{}})");
  EXPECT_TRUE(Read<core::Fact>(ToJson(fact)) == fact);
  EXPECT_TRUE(Read<core::Fact>(R"({"vitals":null})") == core::Fact{});
}

TEST(RecordCodec, KeepsTheExtremesOfTimesAndNumbers) {
  const std::vector<absl::Time> times = {
      absl::InfinitePast(), absl::InfiniteFuture(), absl::UnixEpoch(),
      absl::FromUnixMicros(-1)};
  EXPECT_TRUE(Read<std::vector<absl::Time>>(ToJson(times)) == times);
  const std::vector<absl::Duration> durations = {absl::InfiniteDuration(),
                                                 -absl::InfiniteDuration(),
                                                 -absl::Microseconds(1)};
  EXPECT_TRUE(Read<std::vector<absl::Duration>>(ToJson(durations)) ==
              durations);
  using Limits = std::numeric_limits<double>;
  const std::vector<double> numbers = {0.1,
                                       1.0 / 3,
                                       Limits::max(),
                                       Limits::lowest(),
                                       Limits::min(),
                                       Limits::denorm_min(),
                                       Limits::infinity(),
                                       -Limits::infinity(),
                                       1e22,
                                       9007199254740993.0,
                                       -0.0};
  EXPECT_TRUE(Read<std::vector<double>>(ToJson(numbers)) == numbers);
  const std::vector<int64_t> integers = {std::numeric_limits<int64_t>::max(),
                                         std::numeric_limits<int64_t>::min()};
  EXPECT_TRUE(Read<std::vector<int64_t>>(ToJson(integers)) == integers);
}

TEST(RecordCodec, RoundsToTheMicrosecond) {
  const absl::Time time = absl::FromUnixNanos(1999);
  EXPECT_EQ(TimeOf(MicrosOf(time)), absl::FromUnixMicros(1));
  EXPECT_EQ(TimeOf(MicrosOf(absl::FromUnixNanos(-1))),
            absl::FromUnixMicros(-1));
  EXPECT_EQ(DurationOf(MicrosOf(absl::Nanoseconds(-1999))),
            -absl::Microseconds(1));
  core::Call call;
  call.receive_time = time;
  call.facts.push_back({time, core::PersonId("p"), PrivateText("x"), {}});
  call.device_time = time;
  EXPECT_TRUE(AsStored(core::Record(call)) ==
              core::Record(Read<core::Call>(ToJson(call))));
}

TEST(RecordCodec, PassesOverUnknownFields) {
  EXPECT_TRUE(Read<core::LatLng>(R"({"latitude":1.5,"altitude":"high"})") ==
              (core::LatLng{1.5, 0}));
}

TEST(RecordCodec, NamesTheFieldThatHasTheWrongType) {
  EXPECT_EQ(ProblemOf<core::Place>(R"({"position":{"latitude":"35"}})"),
            "the field position.latitude is not a number");
  EXPECT_EQ(ProblemOf<core::Call>(R"({"facts":[{},{"time":1.5}]})"),
            "the field facts[1].time is not a 64-bit integer");
  EXPECT_EQ(ProblemOf<core::Call>(R"({"state":"CLOZED"})"),
            "the field state is not a name known here");
  EXPECT_EQ(ProblemOf<core::Call>(R"({"state":7})"),
            "the field state is not text");
  EXPECT_EQ(ProblemOf<core::Call>(R"({"etag":null})"),
            "the field etag is not a 64-bit integer");
  EXPECT_EQ(ProblemOf<core::Call>(R"({"derived":2147483648})"),
            "the field derived is not a 32-bit integer");
  EXPECT_EQ(ProblemOf<core::Call>(R"({"derived":-2147483649})"),
            "the field derived is not a 32-bit integer");
  EXPECT_EQ(ProblemOf<core::Call>(R"({"etag":18446744073709551615})"),
            "the field etag is not a 64-bit integer");
  EXPECT_EQ(ProblemOf<core::Car>(R"({"active":1})"),
            "the field active is not true or false");
  EXPECT_EQ(ProblemOf<core::Call>(R"({"followers":{}})"),
            "the field followers is not a list");
  EXPECT_EQ(ProblemOf<core::Call>(R"({"place":[]})"),
            "the field place is not an object");
  EXPECT_EQ(ProblemOf<core::Call>(R"({"complaint":["a"]})"),
            "the field complaint is not text");
  EXPECT_EQ(ProblemOf<core::LatLng>(R"({"latitude":"NaN"})"),
            "the field latitude is not a number");
}

TEST(RecordCodec, NeverSaysTheValue) {
  EXPECT_THAT(ProblemOf<core::Call>(R"({"urgency":"chest pain"})"),
              Not(HasSubstr("chest")));
  EXPECT_THAT(ProblemOf<core::Call>("{\"complaint\":\"chest"),
              Not(HasSubstr("chest")));
}

TEST(RecordCodec, RefusesWhatIsNoRecord) {
  EXPECT_EQ(ProblemOf<core::Record>(R"({"boats":{}})"),
            "is no kind of record known here");
  EXPECT_EQ(ProblemOf<core::Record>("{}"), "is not a record");
  EXPECT_EQ(ProblemOf<core::Record>(R"({"cars":{},"calls":{}})"),
            "is not a record");
  EXPECT_EQ(ProblemOf<std::vector<core::Record>>(
                R"([{"cars":{}},{"cars":{"seats":"four"}}])"),
            "the field [1].cars.seats is not a 32-bit integer");
}

TEST(RecordCodec, RefusesWhatIsNotJson) {
  for (const char* text :
       {"", "{", "nul", "[1,]", "{\"id\":\"\xff\"}", "{} {}", "{'id':1}"}) {
    EXPECT_EQ(ProblemOf<core::Car>(text), "is not JSON") << text;
  }
  EXPECT_EQ(ProblemOf<core::Car>(std::string(200'000, '[')), "is not JSON");
}

TEST(RecordCodec, KeepsEverySubject) {
  const std::vector<core::Subject> subjects = {
      std::monostate(),        core::CenterId("hino"), core::CallId("c1"),
      core::OfferId("c1--o1"), core::PersonId("p"),    core::TaskId("t"),
  };
  for (const core::Subject& subject : subjects) {
    core::Subject read = core::CarId("other");
    EXPECT_TRUE(ParseSubject(SubjectText(subject), &read));
    EXPECT_TRUE(read == subject) << SubjectText(subject);
  }
  EXPECT_EQ(SubjectText(core::CallId("c1")), "calls/c1");
  core::Subject subject;
  for (const char* text : {"calls", "calls/", "boats/b1", "c1", "/"}) {
    EXPECT_FALSE(ParseSubject(text, &subject)) << text;
  }
}

TEST(RecordCodec, KnowsUtf8) {
  for (const char* text : {"", "a", "é", "往診", "𠮷", "\x7f"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  EXPECT_TRUE(IsUtf8(absl::string_view("a\0b", 3)));
  for (const char* text :
       {"\x80", "\xc0\xaf", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe5\xbe",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
        "ok\xfe"}) {
    EXPECT_FALSE(IsUtf8(text));
  }
}

TEST(BatchRules, NameTheFieldThatCannotBeStored) {
  Batch batch;
  batch.center = core::CenterId("hino");
  const auto refusal = [&batch](core::Record record) {
    batch.records = {std::move(record)};
    const absl::Status status = CheckBatch(batch);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  };
  core::Call call;
  call.id = core::CallId("c1");
  call.facts.resize(2);
  call.facts[1].text = PrivateText("fever \xff");
  EXPECT_EQ(refusal(call),
            "calls/c1 cannot be stored: the field facts[1].text is not UTF-8");
  call.facts.clear();
  call.vitals.emplace().temperature_celsius =
      std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(refusal(call),
            "calls/c1 cannot be stored: the field vitals.temperature_celsius "
            "is not a number");
  call.vitals.reset();
  call.state = static_cast<core::CallState>(99);
  EXPECT_EQ(refusal(call),
            "calls/c1 cannot be stored: the field state is not a value of its "
            "enumeration");
  call.state = static_cast<core::CallState>(-1);
  EXPECT_THAT(refusal(call), HasSubstr("the field state"));
  EXPECT_EQ(refusal(core::Car{}), "a record of cars has no id");
  core::Center center;
  center.id = core::CenterId("mitaka");
  EXPECT_THAT(refusal(center), HasSubstr("centers/mitaka"));
}

TEST(BatchRules, LookIntoTheJournalToo) {
  Batch batch;
  batch.center = core::CenterId("hino");
  core::Car car;
  car.id = core::CarId("car-1");
  car.plate = "\xff";
  core::Event event;
  event.kind = core::EventKind::kCarChanged;
  event.records = {car};
  batch.journal = {{1, event}};
  EXPECT_TRUE(absl::IsInvalidArgument(CheckBatch(batch)));
  batch.journal[0].event.records.clear();
  EXPECT_TRUE(CheckBatch(batch).ok());
  batch.journal[0].event.actor.person = core::PersonId("\xff");
  EXPECT_TRUE(absl::IsInvalidArgument(CheckBatch(batch)));
  batch.journal = {{1, core::Event{}}, {3, core::Event{}}};
  EXPECT_TRUE(absl::IsInvalidArgument(CheckBatch(batch)));
}

TEST(Columns, HaveOneForEachField) {
  std::vector<std::string> columns;
  for (const Column& column : ColumnsOf<core::Visit>()) {
    columns.push_back(column.name + " " + column.type +
                      (column.nullable ? " NULL" : ""));
  }
  EXPECT_THAT(columns,
              ::testing::ElementsAre(
                  "id TEXT", "etag BIGINT", "call TEXT", "assignment TEXT",
                  "patient TEXT", "physician TEXT", "driver TEXT", "car TEXT",
                  "organization TEXT", "depart TEXT NULL", "arrive TEXT NULL",
                  "treatment_start TEXT NULL", "treatment_end TEXT NULL",
                  "leave TEXT NULL", "patient_found BOOLEAN", "fee_band TEXT",
                  "treatment_duration BIGINT",
                  "distance_from_clinic_meters DOUBLE PRECISION"));
}

}  // namespace
}  // namespace housecall::store

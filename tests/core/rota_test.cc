#include "dispatcher/core/rota.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"

namespace housecall::core {
namespace {

using testing::At;
using testing::BoardBuilder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Near;

constexpr char kTime[] = "%d %H:%M";

std::string Format(absl::Time time) {
  return absl::FormatTime(kTime, time, absl::FixedTimeZone(9 * 60 * 60));
}

// "dr-sato 20 18:00-21 08:00", with the day of the month, and what is special.
std::string Format(const RotaDuty& duty) {
  return absl::StrCat(duty.person.value(), " ", Format(duty.start_time), "-",
                      Format(duty.end_time), duty.reserve ? " reserve" : "",
                      duty.override.empty() ? "" : " by ",
                      duty.override.value());
}

std::string Format(const CoverageGap& gap) {
  return absl::StrCat(NameOf(gap.role), " ", Format(gap.start_time), "-",
                      Format(gap.end_time));
}

template <typename T>
std::vector<std::string> Format(const std::vector<T>& values) {
  std::vector<std::string> lines;
  for (const T& value : values) lines.push_back(Format(value));
  return lines;
}

// A board without the operator's shift of the builder.
BoardBuilder Empty() {
  BoardBuilder builder;
  builder.Change<Shift>("op-mori-tonight", [](Shift& shift) {
    shift.state = ShiftState::kCancelled;
  });
  return builder;
}

// dr-sato, from 18:00 on the 20th to 08:00.
BoardBuilder OneShift() {
  BoardBuilder builder = Empty();
  builder.AddPhysician("dr-sato").AddPhysician("dr-kato", {.on_rota = false});
  return builder;
}

Override Exception(const std::string& id, OverrideKind kind,
                   const std::string& person, absl::string_view start,
                   absl::string_view end, const std::string& replacement = "") {
  Override o;
  o.id = OverrideId(id);
  o.etag.number = 1;
  o.kind = kind;
  o.person = PersonId(person);
  o.replacement = PersonId(replacement);
  o.start_time = At(start);
  o.end_time = At(end);
  if (kind == OverrideKind::kAddition) {
    o.role = Role::kPhysician;
    o.organization = OrganizationId("clinic-hino");
  }
  return o;
}
Override Absence(const std::string& id, const std::string& person,
                 absl::string_view start, absl::string_view end) {
  return Exception(id, OverrideKind::kAbsence, person, start, end);
}
Override Replacement(const std::string& id, const std::string& person,
                     const std::string& replacement, absl::string_view start,
                     absl::string_view end) {
  return Exception(id, OverrideKind::kReplacement, person, start, end,
                   replacement);
}
Override Addition(const std::string& id, const std::string& person,
                  absl::string_view start, absl::string_view end) {
  return Exception(id, OverrideKind::kAddition, person, start, end);
}

std::vector<std::string> Week(const Board& board) {
  return Format(
      RotaBetween(board, At("2026-11-16 00:00"), At("2026-11-30 00:00")));
}

// --- RotaBetween ------------------------------------------------------------

TEST(RotaBetween, CopiesTheShift) {
  BoardBuilder builder = Empty();
  builder.AddDriver("driver-abe", "car-1",
                    {.reserve = true, .base_position = Near(3, 0)});
  const std::vector<RotaDuty> rota = RotaBetween(
      builder.board(), At("2026-11-20 00:00"), At("2026-11-21 00:00"));
  ASSERT_EQ(rota.size(), 1u);
  RotaDuty want;
  want.person = PersonId("driver-abe");
  want.role = Role::kDriver;
  want.start_time = At("2026-11-20 18:00");
  want.end_time = At("2026-11-21 08:00");
  want.organization = OrganizationId("clinic-hino");
  want.car = CarId("car-1");
  want.base_position = Near(3, 0);
  want.reserve = true;
  want.shift = ShiftId("driver-abe-tonight");
  EXPECT_EQ(rota[0], want);
}

struct Case {
  std::string name;
  std::vector<Override> overrides;
  std::vector<std::string> duties;
};

TEST(RotaBetween, AppliesOverrides) {
  const Case cases[] = {
      {"none", {}, {"dr-sato 20 18:00-21 08:00"}},
      {"absence in the middle",
       {Absence("o1", "dr-sato", "2026-11-20 22:00", "2026-11-21 02:00")},
       {"dr-sato 20 18:00-20 22:00", "dr-sato 21 02:00-21 08:00"}},
      {"absence at the start",
       {Absence("o1", "dr-sato", "2026-11-20 12:00", "2026-11-20 20:00")},
       {"dr-sato 20 20:00-21 08:00"}},
      {"absence at the end",
       {Absence("o1", "dr-sato", "2026-11-21 06:00", "2026-11-21 12:00")},
       {"dr-sato 20 18:00-21 06:00"}},
      {"absence of the whole",
       {Absence("o1", "dr-sato", "2026-11-20 00:00", "2026-11-22 00:00")},
       {}},
      {"absence of exactly the whole",
       {Absence("o1", "dr-sato", "2026-11-20 18:00", "2026-11-21 08:00")},
       {}},
      {"absence that ends as the shift begins",
       {Absence("o1", "dr-sato", "2026-11-20 08:00", "2026-11-20 18:00")},
       {"dr-sato 20 18:00-21 08:00"}},
      {"absence of somebody else",
       {Absence("o1", "dr-kato", "2026-11-20 18:00", "2026-11-21 08:00")},
       {"dr-sato 20 18:00-21 08:00"}},
      {"overlapping absences",
       {Absence("o1", "dr-sato", "2026-11-20 20:00", "2026-11-20 23:00"),
        Absence("o2", "dr-sato", "2026-11-20 22:00", "2026-11-21 01:00")},
       {"dr-sato 20 18:00-20 20:00", "dr-sato 21 01:00-21 08:00"}},
      {"replacement in the middle",
       {Replacement("o1", "dr-sato", "dr-kato", "2026-11-20 22:00",
                    "2026-11-21 02:00")},
       {"dr-sato 20 18:00-20 22:00", "dr-kato 20 22:00-21 02:00 by o1",
        "dr-sato 21 02:00-21 08:00"}},
      {"replacement that is wider than the shift",
       {Replacement("o1", "dr-sato", "dr-kato", "2026-11-20 00:00",
                    "2026-11-22 00:00")},
       {"dr-kato 20 18:00-21 08:00 by o1"}},
      {"absent and replaced",
       {Absence("o1", "dr-sato", "2026-11-20 18:00", "2026-11-21 08:00"),
        Replacement("o2", "dr-sato", "dr-kato", "2026-11-20 20:00",
                    "2026-11-21 08:00")},
       {"dr-kato 20 20:00-21 08:00 by o2"}},
      {"the replacement is absent too",
       {Replacement("o1", "dr-sato", "dr-kato", "2026-11-20 18:00",
                    "2026-11-21 08:00"),
        Absence("o2", "dr-kato", "2026-11-21 00:00", "2026-11-21 04:00")},
       {"dr-kato 20 18:00-21 00:00 by o1", "dr-kato 21 04:00-21 08:00 by o1"}},
      {"two replacements for the same hours: the first id",
       {Replacement("o1", "dr-sato", "dr-kato", "2026-11-20 18:00",
                    "2026-11-21 00:00"),
        Replacement("o2", "dr-sato", "dr-mori", "2026-11-20 22:00",
                    "2026-11-21 04:00")},
       {"dr-kato 20 18:00-21 00:00 by o1", "dr-mori 21 00:00-21 04:00 by o2",
        "dr-sato 21 04:00-21 08:00"}},
      {"addition",
       {Addition("o1", "dr-kato", "2026-11-20 20:00", "2026-11-20 23:00")},
       {"dr-sato 20 18:00-21 08:00", "dr-kato 20 20:00-20 23:00 by o1"}},
      {"an addition during leave counts",
       {Absence("o1", "dr-kato", "2026-11-18 00:00", "2026-11-25 00:00"),
        Addition("o2", "dr-kato", "2026-11-20 20:00", "2026-11-20 23:00")},
       {"dr-sato 20 18:00-21 08:00", "dr-kato 20 20:00-20 23:00 by o2"}},
  };
  for (const Case& c : cases) {
    BoardBuilder builder = OneShift();
    for (const Override& o : c.overrides) builder.Put(o);
    EXPECT_EQ(Week(builder.board()), c.duties) << c.name;
    // Cancelled, none of them counts.
    for (Override o : c.overrides) {
      o.cancelled = true;
      builder.Put(o);
    }
    EXPECT_THAT(Week(builder.board()), ElementsAre("dr-sato 20 18:00-21 08:00"))
        << c.name;
  }
}

TEST(RotaBetween, ReplacementInheritsTheShift) {
  BoardBuilder builder = Empty();
  builder.AddDriver("driver-abe", "car-1", {.base_position = Near(3, 0)});
  builder.Put(Replacement("o1", "driver-abe", "driver-oka", "2026-11-20 18:00",
                          "2026-11-21 08:00"));
  const std::vector<RotaDuty> rota = RotaBetween(
      builder.board(), At("2026-11-20 00:00"), At("2026-11-22 00:00"));
  ASSERT_EQ(rota.size(), 1u);
  EXPECT_EQ(rota[0].person, PersonId("driver-oka"));
  EXPECT_EQ(rota[0].role, Role::kDriver);
  EXPECT_EQ(rota[0].organization, OrganizationId("clinic-hino"));
  EXPECT_EQ(rota[0].car, CarId("car-1"));
  EXPECT_EQ(rota[0].base_position, Near(3, 0));
  EXPECT_EQ(rota[0].shift, ShiftId("driver-abe-tonight"));
  EXPECT_EQ(rota[0].override, OverrideId("o1"));
}

TEST(RotaBetween, LeavesOutCancelledShifts) {
  BoardBuilder builder = OneShift();
  builder.Change<Shift>("dr-sato-tonight", [](Shift& shift) {
    shift.state = ShiftState::kCancelled;
  });
  EXPECT_THAT(Week(builder.board()), IsEmpty());
}

TEST(RotaBetween, HasWhatTouchesTheWindowWithoutCuttingIt) {
  const Board board = OneShift().Build();
  struct Row {
    const char* from;
    const char* to;
    bool touches;
  };
  for (const Row& row : {
           Row{"2026-11-20 12:00", "2026-11-20 18:00", false},
           {"2026-11-20 12:00", "2026-11-20 18:01", true},
           {"2026-11-21 00:00", "2026-11-21 01:00", true},
           {"2026-11-21 07:59", "2026-11-21 12:00", true},
           {"2026-11-21 08:00", "2026-11-21 12:00", false},
       }) {
    const std::vector<std::string> rota =
        Format(RotaBetween(board, At(row.from), At(row.to)));
    if (row.touches) {
      EXPECT_THAT(rota, ElementsAre("dr-sato 20 18:00-21 08:00")) << row.from;
    } else {
      EXPECT_THAT(rota, IsEmpty()) << row.from;
    }
  }
}

TEST(RotaBetween, SortsByStartThenPerson) {
  BoardBuilder builder = Empty();
  builder.AddPhysician("dr-b").AddPhysician("dr-a").AddPhysician(
      "dr-c", {.start_time = At("2026-11-20 17:00")});
  EXPECT_THAT(Week(builder.board()),
              ElementsAre("dr-c 20 17:00-21 08:00", "dr-a 20 18:00-21 08:00",
                          "dr-b 20 18:00-21 08:00"));
}

TEST(OnDutyAt, IncludesTheStartAndExcludesTheEnd) {
  BoardBuilder builder = OneShift();
  builder.AddShift("dr-kato-morning", "dr-kato", Role::kPhysician,
                   At("2026-11-21 08:00"), At("2026-11-21 12:00"));
  const absl::Duration tick = absl::Nanoseconds(1);
  const auto people = [&](absl::Time time) {
    std::string ids;
    for (const RotaDuty& duty : OnDutyAt(builder.board(), time)) {
      absl::StrAppend(&ids, duty.person.value(), " ");
    }
    return ids;
  };
  EXPECT_EQ(people(At("2026-11-20 18:00") - tick), "");
  EXPECT_EQ(people(At("2026-11-20 18:00")), "dr-sato ");
  EXPECT_EQ(people(At("2026-11-21 08:00") - tick), "dr-sato ");
  EXPECT_EQ(people(At("2026-11-21 08:00")), "dr-kato ");
}

// --- DutyOf, EndOfDuty ------------------------------------------------------

TEST(DutyOf, LooksAheadAsFarAsAsked) {
  const Board board = OneShift().Build();
  const PersonId sato("dr-sato");
  const auto has = [&](absl::string_view time, Role role) {
    return DutyOf(board, sato, role, At(time), absl::Minutes(30)).has_value();
  };
  EXPECT_FALSE(has("2026-11-20 17:29", Role::kPhysician));
  EXPECT_TRUE(has("2026-11-20 17:30", Role::kPhysician));
  EXPECT_TRUE(has("2026-11-21 07:59", Role::kPhysician));
  EXPECT_FALSE(has("2026-11-21 08:00", Role::kPhysician));
  EXPECT_FALSE(has("2026-11-20 20:00", Role::kDriver));
}

TEST(DutyOf, PrefersWhatHoldsNow) {
  BoardBuilder builder = OneShift();
  builder.AddShift("a-second", "dr-sato", Role::kPhysician,
                   At("2026-11-21 08:00"), At("2026-11-21 12:00"));
  const auto duty =
      DutyOf(builder.board(), PersonId("dr-sato"), Role::kPhysician,
             At("2026-11-21 07:45"), absl::Minutes(30));
  ASSERT_TRUE(duty.has_value());
  EXPECT_EQ(duty->shift, ShiftId("dr-sato-tonight"));
}

TEST(DutyOf, FindsAReserveWhoWasCalledUpOnDuty) {
  BoardBuilder builder = Empty();
  builder.AddPhysician("dr-sato", {.reserve = true});
  const auto duty = [&](absl::string_view time) {
    return DutyOf(builder.board(), PersonId("dr-sato"), Role::kPhysician,
                  At(time), absl::ZeroDuration());
  };
  EXPECT_TRUE(duty("2026-11-20 22:00")->reserve);
  builder.Put(
      Addition("o1", "dr-sato", "2026-11-20 21:00", "2026-11-20 23:00"));
  EXPECT_TRUE(duty("2026-11-20 20:59")->reserve);
  EXPECT_FALSE(duty("2026-11-20 22:00")->reserve);
  EXPECT_TRUE(duty("2026-11-20 23:00")->reserve);
}

TEST(EndOfDuty, GoesOnThroughWhatAdjoins) {
  BoardBuilder builder = OneShift();
  builder
      .AddShift("a-second", "dr-sato", Role::kPhysician, At("2026-11-21 08:00"),
                At("2026-11-21 12:00"))
      .AddShift("b-third", "dr-sato", Role::kPhysician, At("2026-11-21 12:01"),
                At("2026-11-21 18:00"));
  const auto end = [&](absl::string_view time) {
    return EndOfDuty(RotaBetween(builder.board(), At("2026-11-19 00:00"),
                                 At("2026-11-23 00:00")),
                     PersonId("dr-sato"), Role::kPhysician, At(time));
  };
  EXPECT_EQ(end("2026-11-20 17:00"), absl::InfinitePast());
  EXPECT_EQ(end("2026-11-20 17:30"), At("2026-11-21 12:00"));
  EXPECT_EQ(end("2026-11-20 20:00"), At("2026-11-21 12:00"));
  builder.Put(Absence("o1", "dr-sato", "2026-11-21 01:00", "2026-11-21 02:00"));
  EXPECT_EQ(end("2026-11-20 20:00"), At("2026-11-21 01:00"));
}

// --- CoverageGaps -----------------------------------------------------------

// Everybody from 18:00 on the 20th, a Friday, to 08:00.
BoardBuilder Covered() {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato").AddDriver("driver-abe", "car-1");
  return builder;
}

std::vector<std::string> Gaps(const BoardBuilder& builder,
                              absl::string_view from = "2026-11-20 17:00",
                              absl::string_view to = "2026-11-21 17:00") {
  return Format(CoverageGaps(builder.board(), At(from), At(to)));
}

TEST(CoverageGaps, FindsNoneInACoveredNight) {
  EXPECT_THAT(Gaps(Covered()), IsEmpty());
}

TEST(CoverageGaps, FindsEveryRoleThatHasNobody) {
  EXPECT_THAT(
      Gaps(Covered(), "2026-11-19 12:00", "2026-11-20 12:00"),
      ElementsAre("OPERATOR 19 18:00-20 08:00", "PHYSICIAN 19 18:00-20 08:00",
                  "DRIVER 19 18:00-20 08:00"));
}

TEST(CoverageGaps, FindsHolesByStartThenRole) {
  BoardBuilder builder = Covered();
  builder.Put(Absence("o1", "dr-sato", "2026-11-20 22:00", "2026-11-21 02:00"));
  builder.Put(
      Absence("o2", "driver-abe", "2026-11-20 21:00", "2026-11-20 22:00"));
  builder.Put(Absence("o3", "op-mori", "2026-11-20 22:00", "2026-11-20 23:00"));
  EXPECT_THAT(Gaps(builder), ElementsAre("DRIVER 20 21:00-20 22:00",
                                         "OPERATOR 20 22:00-20 23:00",
                                         "PHYSICIAN 20 22:00-21 02:00"));
}

TEST(CoverageGaps, MergesHandOversWithoutAGap) {
  BoardBuilder builder = Covered();
  builder.Change<Shift>("dr-sato-tonight", [](Shift& shift) {
    shift.end_time = At("2026-11-21 00:00");
  });
  builder.AddPhysician("dr-kato", {.start_time = At("2026-11-21 00:00")});
  EXPECT_THAT(Gaps(builder), IsEmpty());
  builder.Change<Shift>("dr-kato-tonight", [](Shift& shift) {
    shift.start_time = At("2026-11-21 00:01");
  });
  EXPECT_THAT(Gaps(builder), ElementsAre("PHYSICIAN 21 00:00-21 00:01"));
}

TEST(CoverageGaps, CutsByTheWindow) {
  EXPECT_THAT(
      Gaps(BoardBuilder(), "2026-11-20 19:00", "2026-11-20 20:30"),
      ElementsAre("PHYSICIAN 20 19:00-20 20:30", "DRIVER 20 19:00-20 20:30"));
  EXPECT_THAT(Gaps(BoardBuilder(), "2026-11-20 20:00", "2026-11-20 20:00"),
              IsEmpty());
}

TEST(CoverageGaps, AreOpenAllDayOnFeeHolidays) {
  // Saturday closes from 08:00 to 18:00, Sunday 22 and the holiday on the 23rd
  // do not; the night of the 23rd ends on Tuesday at 08:00.
  EXPECT_THAT(
      Gaps(BoardBuilder(), "2026-11-21 08:00", "2026-11-24 18:00"),
      ElementsAre("OPERATOR 21 18:00-24 08:00", "PHYSICIAN 21 18:00-24 08:00",
                  "DRIVER 21 18:00-24 08:00"));
}

TEST(CoverageGaps, NeedNoDriverWhileEveryPhysicianDrives) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.self_drive = true});
  EXPECT_THAT(Gaps(builder), IsEmpty());
  // From midnight on there is one who does not.
  builder.AddPhysician("dr-kato", {.start_time = At("2026-11-21 00:00")});
  EXPECT_THAT(Gaps(builder), ElementsAre("DRIVER 21 00:00-21 08:00"));
}

TEST(CoverageGaps, DoNotCountTheReserve) {
  BoardBuilder builder = Covered();
  builder.Change<Shift>("dr-sato-tonight",
                        [](Shift& shift) { shift.reserve = true; });
  EXPECT_THAT(Gaps(builder), ElementsAre("PHYSICIAN 20 18:00-21 08:00"));
}

TEST(CoverageGaps, DoNotCountWhoHasLeftTheCenter) {
  BoardBuilder builder = Covered();
  builder.Change<Person>("dr-sato", [](Person& p) { p.active = false; });
  EXPECT_THAT(Gaps(builder), ElementsAre("PHYSICIAN 20 18:00-21 08:00"));
}

// --- IsRested ---------------------------------------------------------------

struct RestCase {
  const char* name;
  // The duty in question, then what he has else.
  std::vector<std::pair<const char*, const char*>> shifts;
  bool rested;
};

TEST(IsRested, AsksForTheHoursOff) {
  const RestCase cases[] = {
      {"nothing else", {{"2026-11-20 18:00", "2026-11-21 08:00"}}, true},
      {"nights in a row: ten hours between them",
       {{"2026-11-20 18:00", "2026-11-21 08:00"},
        {"2026-11-19 18:00", "2026-11-20 08:00"},
        {"2026-11-18 18:00", "2026-11-19 08:00"}},
       true},
      {"exactly nine hours",
       {{"2026-11-20 17:00", "2026-11-21 08:00"},
        {"2026-11-19 17:00", "2026-11-20 08:00"}},
       true},
      {"a minute less",
       {{"2026-11-20 16:59", "2026-11-21 07:00"},
        {"2026-11-19 16:59", "2026-11-20 08:00"}},
       false},
      {"nine hours in two pieces",
       {{"2026-11-20 18:00", "2026-11-21 08:00"},
        {"2026-11-20 12:00", "2026-11-20 13:00"},
        {"2026-11-19 18:00", "2026-11-20 08:00"}},
       false},
      {"nine hours before a short duty of the day",
       {{"2026-11-20 18:00", "2026-11-21 08:00"},
        {"2026-11-20 12:00", "2026-11-20 13:00"}},
       true},
      {"work until the duty begins is the same duty: 8 + 14 hours, rested",
       {{"2026-11-20 18:00", "2026-11-21 08:00"},
        {"2026-11-20 10:00", "2026-11-20 18:00"}},
       true},
      {"the same after a night",
       {{"2026-11-20 18:00", "2026-11-21 08:00"},
        {"2026-11-20 10:00", "2026-11-20 18:00"},
        {"2026-11-18 20:00", "2026-11-19 20:00"}},
       false},
      {"longer than 18 hours after 18 hours off",
       {{"2026-11-20 12:00", "2026-11-21 08:00"},
        {"2026-11-19 08:00", "2026-11-19 18:00"}},
       true},
      {"longer than 18 hours after 17 hours off",
       {{"2026-11-20 12:00", "2026-11-21 08:00"},
        {"2026-11-19 09:00", "2026-11-19 19:00"},
        {"2026-11-18 18:00", "2026-11-19 08:00"}},
       false},
      {"exactly 18 hours is not long",
       {{"2026-11-20 12:00", "2026-11-21 06:00"},
        {"2026-11-19 09:00", "2026-11-19 19:00"},
        {"2026-11-18 18:00", "2026-11-19 08:00"}},
       true},
      {"what follows does not matter",
       {{"2026-11-20 18:00", "2026-11-21 08:00"},
        {"2026-11-21 08:00", "2026-11-22 08:00"},
        {"2026-11-19 18:00", "2026-11-20 08:00"}},
       true},
  };
  for (const RestCase& c : cases) {
    BoardBuilder builder;
    builder.AddPhysician("dr-sato", {.on_rota = false});
    int number = 0;
    for (const auto& [start, end] : c.shifts) {
      builder.AddShift(absl::StrCat("s", ++number), "dr-sato", Role::kPhysician,
                       At(start), At(end));
    }
    RotaDuty duty;
    duty.person = PersonId("dr-sato");
    duty.start_time = At(c.shifts[0].first);
    duty.end_time = At(c.shifts[0].second);
    EXPECT_EQ(IsRested(builder.board(), duty.person, duty), c.rested) << c.name;
    // From duties found before, of a wider window.
    EXPECT_EQ(IsRested(RotaBetween(builder.board(), At("2026-11-01 00:00"),
                                   At("2026-12-01 00:00")),
                       duty.person, duty),
              c.rested)
        << c.name;
  }
}

TEST(IsRested, CountsTheReserveAsOff) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato").AddShift("s1", "dr-sato", Role::kPhysician,
                                           At("2026-11-19 18:00"),
                                           At("2026-11-20 14:00"));
  const RotaDuty duty =
      *DutyOf(builder.board(), PersonId("dr-sato"), Role::kPhysician,
              At("2026-11-20 18:00"), absl::ZeroDuration());
  EXPECT_FALSE(IsRested(builder.board(), duty.person, duty));
  builder.Change<Shift>("s1", [](Shift& shift) { shift.reserve = true; });
  EXPECT_TRUE(IsRested(builder.board(), duty.person, duty));
}

TEST(IsRested, CountsEveryRoleOfThePersonAndNobodyElses) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato").AddShift("s1", "dr-kato", Role::kOperator,
                                           At("2026-11-19 18:00"),
                                           At("2026-11-20 14:00"));
  const RotaDuty duty =
      *DutyOf(builder.board(), PersonId("dr-sato"), Role::kPhysician,
              At("2026-11-20 18:00"), absl::ZeroDuration());
  EXPECT_TRUE(IsRested(builder.board(), duty.person, duty));
  builder.Change<Shift>(
      "s1", [](Shift& shift) { shift.person = PersonId("dr-sato"); });
  EXPECT_FALSE(IsRested(builder.board(), duty.person, duty));
}

}  // namespace
}  // namespace housecall::core

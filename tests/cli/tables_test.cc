#include "clients/cli/tables.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "housecall/v1/call_service.pb.h"
#include "housecall/v1/directory_service.pb.h"
#include "housecall/v1/note.pb.h"
#include "housecall/v1/offer.pb.h"
#include "housecall/v1/patient_service.pb.h"
#include "housecall/v1/rota_service.pb.h"
#include "housecall/v1/visit_service.pb.h"

namespace housecall::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// 22:04 in Japan.
const absl::Time kNow = absl::FromUnixSeconds(1778072640);

Style Japanese() { return {Language::kJapanese, kNow}; }
Style English() { return {Language::kEnglish, kNow}; }

TEST(DisplayWidth, CountsColumnsNotBytes) {
  const struct {
    const char* text;
    int width;
  } rows[] = {
      {"", 0},          {"abc", 3}, {"往診", 4},
      {"ｱｲｳ", 3},        // half-width katakana
      {"ＡＢ", 4},       // full-width Latin
      {"か\u3099", 2},   // combining voiced sound mark
      {"e\u0301", 1},    // combining accent
      {"田中 ハル", 9},  // a blank between
      {"→", 1},         {"🚑", 2},   {"a\u200Bb", 2},  // zero width space
      {"\xFF\xFE", 2},  // not UTF-8: one column each
  };
  for (const auto& row : rows) {
    EXPECT_EQ(DisplayWidth(row.text), row.width) << row.text;
  }
}

TEST(Printable, LetsNothingControlTheTerminal) {
  EXPECT_EQ(Printable("a\nb\tc"), "a b c");
  EXPECT_EQ(Printable("\x1b[2Jx"), "\uFFFD[2Jx");
  EXPECT_EQ(Printable("\x7f"), "\uFFFD");
  EXPECT_EQ(Printable("\u009b31m"), "\uFFFD31m");
  EXPECT_EQ(Printable("a\u202Eb"), "a\uFFFDb");
  EXPECT_EQ(Printable("\xC3\x28"), "\uFFFD(");
  EXPECT_EQ(Printable("往診"), "往診");
}

TEST(IsUtf8, RefusesWhatIsNone) {
  EXPECT_TRUE(IsUtf8("往診 🚑"));
  EXPECT_FALSE(IsUtf8("\xC0\x80"));          // overlong zero
  EXPECT_FALSE(IsUtf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(IsUtf8("\xF5\x80\x80\x80"));  // beyond Unicode
  EXPECT_FALSE(IsUtf8("\xE5\xBE"));          // cut off
  EXPECT_FALSE(IsUtf8(std::string("a\0b", 3)));
}

TEST(Table, AlignsJapaneseWithLatin) {
  Table table({"名前", "id"});
  table.AddRow({"田中", "p-1"});
  table.AddRow({"Abe", "p-2"});
  EXPECT_EQ(table.Render(),
            "名前  id\n"
            "田中  p-1\n"
            "Abe   p-2\n");
}

TEST(Table, CutsLongCellsAtWholeLetters) {
  Table table({"x"});
  table.AddRow({"夜間往診センター"});
  EXPECT_EQ(table.Render(8), "x\n夜間往…\n");
  EXPECT_EQ(Shortened("夜間", 4), "夜間");
  EXPECT_EQ(Shortened("夜間x", 4), "夜…");
}

TEST(FormatTime, NamesTheZoneAndTheDateWhereNeeded) {
  EXPECT_EQ(FormatTime(kNow, Japanese()), "22:04:00 JST");
  EXPECT_EQ(FormatTime(kNow + absl::Hours(12), Japanese()),
            "2026-05-07 10:04 JST");
}

TEST(DurationText, IsShort) {
  EXPECT_EQ(DurationText(absl::Seconds(40), Language::kEnglish), "40s");
  EXPECT_EQ(DurationText(absl::Minutes(40), Language::kEnglish), "40m");
  EXPECT_EQ(DurationText(absl::Seconds(95), Language::kEnglish), "1m35s");
  EXPECT_EQ(DurationText(absl::Hours(26), Language::kEnglish), "26h00m");
  EXPECT_EQ(DurationText(-absl::Minutes(3), Language::kEnglish), "-3m");
  EXPECT_EQ(DurationText(absl::Seconds(40), Language::kJapanese), "40秒");
  EXPECT_EQ(DurationText(absl::Seconds(95), Language::kJapanese), "1分35秒");
  EXPECT_EQ(DurationText(absl::Minutes(65), Language::kJapanese), "1時間05分");
}

// A signed text is read, not guessed from a line of slashes.
TEST(Render, ShowsPartsWithinListsAsCards) {
  v1::Note note;
  note.set_name("centers/hino/notes/n1");
  v1::NoteVersion* version = note.add_versions();
  version->set_number(1);
  version->mutable_text()->set_findings("湿性ラ音");
  version->mutable_text()->set_advice("酸素\n2L");
  EXPECT_EQ(Render(note, Japanese()),
            "ID  n1\n"
            "署名版\n"
            "  - 番号  1\n"
            "    内容\n"
            "      所見        湿性ラ音\n"
            "      説明・助言  酸素\n"
            "                  2L\n");
}

TEST(Render, LeavesOutWhatOnlyTheServerCounts) {
  v1::Call call;
  call.set_name("centers/hino/calls/c1");
  call.set_derived(3);
  EXPECT_EQ(Render(call, Japanese()), "ID  c1\n");
}

v1::ListCallsResponse TwoCalls() {
  v1::ListCallsResponse response;
  v1::Call* first = response.add_calls();
  first->set_name("centers/hino/calls/c1");
  first->set_state(v1::CALL_STATE_MATCHING);
  first->set_urgency(v1::URGENCY_URGENT);
  first->set_patient("centers/hino/patients/p-1");
  first->mutable_target_time()->set_seconds(absl::ToUnixSeconds(kNow) + 3600);
  v1::Call* second = response.add_calls();
  second->set_name("centers/hino/calls/c2");
  second->set_state(v1::CALL_STATE_RECEIVED);
  second->mutable_place()->set_address("さくら町\x1b[31m1-1");
  return response;
}

TEST(Render, ShowsListsAsTables) {
  EXPECT_EQ(
      Render(TwoCalls(), Japanese()),
      "ID  状態    緊急度  目標時刻 (JST)  患者  住所\n"
      "c1  手配中  緊急    23:04:00        p-1\n"
      "c2  受付済                                さくら町\uFFFD[31m1-1\n");
  EXPECT_THAT(Render(TwoCalls(), English()),
              HasSubstr("id  state     urgency  target time (JST)"));
}

TEST(Render, SaysThatAListIsEmptyOrGoesOn) {
  v1::ListCallsResponse response;
  EXPECT_EQ(Render(response, English()), "Nothing to show\n");
  response = TwoCalls();
  response.set_next_page_token("t");
  EXPECT_THAT(Render(response, English()), HasSubstr("--page-token t"));
}

TEST(Render, ShowsResourcesAsCardsWithLines) {
  v1::Patient patient;
  patient.set_name("centers/hino/patients/p-1");
  patient.set_display_name("田中 ハル");
  patient.mutable_place()->set_address("さくら町2-8");
  patient.mutable_place()->mutable_position()->set_latitude(35.7);
  patient.set_emergency_plan("1. 電話\n2. 往診\x07");
  patient.add_drugs("A");
  patient.add_drugs("B");
  const std::string card = Render(patient, Japanese());
  EXPECT_THAT(card, HasSubstr("ID            p-1\n"));
  EXPECT_THAT(card, HasSubstr("氏名          田中 ハル\n"));
  EXPECT_THAT(card, HasSubstr("場所\n  住所  さくら町2-8\n"));
  EXPECT_THAT(card, HasSubstr("服薬          A、B\n"));
  EXPECT_THAT(card, HasSubstr("急変時の対応  1. 電話\n              2. 往診"));
  EXPECT_THAT(card, Not(HasSubstr("\x07")));
}

TEST(Render, ShowsAWayRoadByRoad) {
  v1::Route route;
  route.add_points()->set_latitude(35.67);
  route.mutable_duration()->set_seconds(540);
  route.set_distance_meters(3120);
  v1::RouteStep* step = route.add_steps();
  step->set_road_name("多摩街道");
  step->mutable_duration()->set_seconds(300);
  step->set_distance_meters(2000);
  step->set_ends_at_pick_up(true);
  step = route.add_steps();
  step->mutable_duration()->set_seconds(240);
  step->set_distance_meters(1120);
  const std::string text = Render(route, Japanese());
  EXPECT_THAT(text, HasSubstr("道順\n"));
  EXPECT_THAT(text, HasSubstr("道路"));
  EXPECT_THAT(text, HasSubstr("多摩街道  5分"));
  EXPECT_THAT(text, HasSubstr("1120"));
  EXPECT_THAT(text, HasSubstr("医師を乗せる"));
  // Points are for programs.
  EXPECT_THAT(text, Not(HasSubstr("35.67")));
}

TEST(Render, ExplainsMatchesWithVerdictsAndCosts) {
  v1::Match match;
  match.set_call("centers/hino/calls/c1");
  match.set_matched(true);
  v1::Candidate* chosen = match.add_candidates();
  chosen->set_physician("centers/hino/people/dr-sato");
  chosen->set_driver("centers/hino/people/d-1");
  chosen->set_verdict(v1::VERDICT_CHOSEN);
  chosen->mutable_arrive_time()->set_seconds(absl::ToUnixSeconds(kNow) + 600);
  chosen->set_cost(2.5);
  chosen->set_response_cost(12.5);
  chosen->set_continuity_cost(-10);
  v1::Candidate* other = match.add_candidates();
  other->set_physician("centers/hino/people/dr-abe");
  other->set_verdict(v1::VERDICT_BEYOND_DISTANCE);
  other->set_figure(17200);
  match.add_drivers()->set_verdict(v1::VERDICT_LATER_ARRIVAL);
  const std::string text = Render(match, English());
  EXPECT_THAT(text, HasSubstr("Why this crew: c1"));
  EXPECT_THAT(text, HasSubstr("chosen          dr-sato    d-1"));
  EXPECT_THAT(text, HasSubstr("22:14:00"));
  EXPECT_THAT(text, HasSubstr("-10"));
  EXPECT_THAT(text, HasSubstr("clinic too far  dr-abe"));
  EXPECT_THAT(text, HasSubstr("17.2 km"));
  EXPECT_THAT(text, HasSubstr("arrives later"));
}

TEST(Render, SaysHowLongAShiftFallsShort) {
  v1::Match match;
  v1::Candidate* candidate = match.add_candidates();
  candidate->set_verdict(v1::VERDICT_SHIFT_ENDS_BEFORE);
  candidate->set_figure(12.5);
  EXPECT_THAT(Render(match, English()), HasSubstr("12m30s"));
}

// Gaps are read days before: a time alone would be taken for tonight's.
TEST(Render, GivesEveryTimeOfTheRotaItsDate) {
  v1::ListCoverageGapsResponse gaps;
  gaps.add_coverage_gaps()->mutable_start_time()->set_seconds(
      absl::ToUnixSeconds(kNow) + 3600);
  EXPECT_THAT(Render(gaps, English()), HasSubstr("2026-05-06 23:04"));
}

TEST(Render, CallsWhatPeopleAreCalledAName) {
  v1::ListPeopleResponse people;
  people.add_people()->set_display_name("佐藤 明");
  EXPECT_THAT(Render(people, Japanese()), HasSubstr("氏名"));
  v1::ListCarsResponse cars;
  cars.add_cars()->set_display_name("1号車");
  EXPECT_THAT(Render(cars, Japanese()), HasSubstr("名称"));
}

TEST(RawValues, GivesProgramsTheWholeValue) {
  const v1::ListCallsResponse calls = TwoCalls();
  EXPECT_EQ(RawValues(calls, "calls.name").value(),
            "centers/hino/calls/c1\ncenters/hino/calls/c2\n");
  EXPECT_EQ(RawValues(calls, "calls.state").value(),
            "CALL_STATE_MATCHING\nCALL_STATE_RECEIVED\n");
  EXPECT_EQ(RawValues(calls.calls(0), "target_time").value(),
            "2026-05-06T14:04:00Z\n");
  EXPECT_EQ(RawValues(calls.calls(1), "target_time").value(), "\n");
  EXPECT_EQ(RawValues(v1::ListCallsResponse(), "calls.name").value(), "");
  EXPECT_THAT(std::string(RawValues(calls, "cals").status().message()),
              HasSubstr("did you mean calls?"));
  EXPECT_FALSE(RawValues(calls, "calls.name.x").ok());
  EXPECT_FALSE(RawValues(calls, "").ok());
}

// A newer server may say what this program does not know yet.
TEST(Render, ShowsUnknownEnumValuesAsNumbers) {
  v1::Call call;
  call.set_state(static_cast<v1::CallState>(99));
  EXPECT_THAT(Render(call, English()), HasSubstr("99"));
}

}  // namespace
}  // namespace housecall::cli

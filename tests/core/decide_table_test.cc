// Every command against a call in every state, on real boards: the outcome is
// tests/core/testdata/decide_table.txt, for a physician to read. Rewritten with
// --rewrite or HOUSECALL_REWRITE=1; the change is then reviewed as any other.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "dispatcher/core/call_table.h"
#include "dispatcher/core/decide.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/night.h"

namespace housecall::core {

bool rewrite_files = false;

namespace {

constexpr char kGolden[] = "tests/core/testdata/decide_table.txt";

// Where a call may stand: every state, and what may lie behind some of them.
struct Situation {
  std::string name;
  std::function<void(Night&)> reach;
};

std::vector<Situation> Situations() {
  std::vector<Situation> situations;
  for (CallState state : AllValues<CallState>()) {
    situations.push_back({state == CallState::kEmergency119
                              ? "EMERGENCY_119 (en route)"
                              : NameOf(state),
                          [state](Night& night) { night.BringTo(state); }});
  }
  situations.push_back({"ACCEPTED (waiting for a car)", [](Night& night) {
                          night.BringTo(CallState::kAccepted);
                          night.Must(ReportBreakdown{CarId("k1"), "engine"});
                        }});
  situations.push_back({"EMERGENCY_119 (before triage)", [](Night& night) {
                          night.BringTo(CallState::kReceived);
                          night.Must(RaiseEmergency{CallId("c1"), {}});
                        }});
  situations.push_back({"EMERGENCY_119 (offered)", [](Night& night) {
                          night.BringTo(CallState::kOffered);
                          night.Must(RaiseEmergency{CallId("c1"), {}});
                        }});
  situations.push_back({"EMERGENCY_119 (stood down)", [](Night& night) {
                          night.BringTo(CallState::kMatching);
                          night.Must(RaiseEmergency{CallId("c1"), {}});
                          night.Must(DecideEmergency{
                              CallId("c1"), EmergencyDecision::kStandDown, {}});
                        }});
  situations.push_back(
      {"NOT_FOUND (every step tried)", [](Night& night) {
         night.BringTo(CallState::kNotFound);
         for (NotFoundStep step : AllValues<NotFoundStep>()) {
           night.Must(RecordNotFoundStep{CallId("c1"), step, false});
         }
       }});
  return situations;
}

// A command as somebody would send it who sees that board; none where there is
// nothing to name (an offer before the first was made).
struct Trial {
  std::string row;
  std::string name;
  std::function<std::optional<Command>(const Night&)> command;
};

// The newest record derived from c1, or none.
template <typename R>
std::optional<decltype(R::id)> NewestOf(const Night& night) {
  std::optional<decltype(R::id)> newest;
  night.board.table<R>().ForEach([&](const auto& id, const R&) {
    if (id.value().compare(0, 4, "c1--") == 0) newest = id;
  });
  return newest;
}

template <typename R, typename Make>
std::function<std::optional<Command>(const Night&)> WithNewest(Make make) {
  return [make](const Night& night) -> std::optional<Command> {
    const auto id = NewestOf<R>(night);
    if (!id.has_value()) return std::nullopt;
    return Command(make(*id));
  };
}

template <typename Make>
std::function<std::optional<Command>(const Night&)> Always(Make make) {
  return [make](const Night& night) -> std::optional<Command> {
    return Command(make(night));
  };
}

std::vector<Trial> Trials() {
  const CallId id("c1");
  std::vector<Trial> trials;
  const auto add = [&](const char* row, const char* name, auto command) {
    trials.push_back({row, name, command});
  };
  const auto call = [&](const char* row, auto make) {
    add(row, row, Always(make));
  };
  const PrivateText why("because");

  call("SubmitCall", [](const Night&) {
    SubmitCall c;
    c.call = CallId("c1");
    c.patient = PatientId("b");
    c.complaint = c.judgement = c.callback_phone = PrivateText("again");
    return c;
  });
  call("TriageCall", [id](const Night&) {
    TriageCall c;
    c.call = id;
    c.disposition = Disposition::kVisit;
    c.urgency = Urgency::kUrgent;
    return c;
  });
  call("HoldCall", [=](const Night&) {
    return HoldCall{id, std::nullopt, why, std::nullopt};
  });
  call("ResumeCall", [=](const Night&) { return ResumeCall{id}; });
  call("AddFact", [=](const Night&) { return AddFact{id, why, std::nullopt}; });
  call("CorrectPlace", [=](const Night&) {
    CorrectPlace c;
    c.call = id;
    c.place.address = PrivateText("next door");
    c.reason = why;
    return c;
  });
  call("FollowCall", [=](const Night&) { return FollowCall{id}; });
  call("MergeCall", [=](const Night&) {
    return MergeCall{id, CallId("other")};
  });
  call("MergeCall.into", [=](const Night&) {
    return MergeCall{CallId("other"), id};
  });
  call("UnmergeCall", [=](const Night&) { return UnmergeCall{id}; });
  call("RequestCancel", [=](const Night& night) {
    return RequestCancel{id, night.GetCall().etag, why};
  });
  call("AnswerCancel", [=](const Night&) {
    return AnswerCancel{id, true, why};
  });
  call("CancelCall", [=](const Night& night) {
    return CancelCall{id, night.GetCall().etag, why};
  });
  call("RaiseEmergency", [=](const Night&) {
    return RaiseEmergency{id, {RedFlag::kUnconscious}};
  });
  for (EmergencyDecision decision :
       {EmergencyDecision::kGoOn, EmergencyDecision::kPhoneSupport,
        EmergencyDecision::kStandDown}) {
    trials.push_back({"DecideEmergency",
                      absl::StrCat("DecideEmergency ", NameOf(decision)),
                      Always([=](const Night&) {
                        return DecideEmergency{id, decision, why};
                      })});
  }
  call("SetCareTeam", [=](const Night&) {
    CareTeamMember clinic;
    clinic.role = CareRole::kPrimaryClinic;
    clinic.organization = OrganizationId("clinic-sakura");
    return SetCareTeam{id, {clinic}, std::nullopt};
  });
  call("GrantDistanceException", [=](const Night&) {
    return GrantDistanceException{id, why};
  });
  call("InformRequester", [=](const Night&) { return InformRequester{id}; });
  for (Outcome outcome :
       {Outcome::kVisited, Outcome::kAdviceGiven, Outcome::kTransferred,
        Outcome::kEmergency119, Outcome::kPatientNotFound}) {
    trials.push_back({"CloseCall", absl::StrCat("CloseCall ", NameOf(outcome)),
                      Always([=](const Night&) {
                        return CloseCall{id, outcome, why};
                      })});
  }
  const auto offer = [](const Night& night) {
    OfferVisit c;
    c.calls = {CallId("c1")};
    c.physician = PersonId("p2");
    c.driver = PersonId("d2");
    c.car = CarId("k2");
    c.estimate.arrive_time = night.now + absl::Minutes(20);
    c.estimate.finish_time = night.now + absl::Minutes(60);
    return c;
  };
  call("OfferVisit", offer);
  add("OfferVisit", "OfferVisit by an operator", Always([=](const Night& n) {
        OfferVisit c = offer(n);
        c.override_reason = why;
        return c;
      }));
  add("OfferVisit", "OfferVisit of another car",
      WithNewest<Assignment>([](const AssignmentId& assignment) {
        OfferVisit c;
        c.calls = {CallId("c1")};
        c.physician = PersonId("p1");
        c.driver = PersonId("d2");
        c.car = CarId("k2");
        c.replaces_car_of = assignment;
        return c;
      }));
  call("ReportUnmatched", [=](const Night&) {
    Match match;
    match.call = id;
    return ReportUnmatched{{match}};
  });
  add("UpdateEstimate", "UpdateEstimate",
      WithNewest<Assignment>([](const AssignmentId& assignment) {
        UpdateEstimate c;
        c.assignment = assignment;
        c.estimate.arrive_time = c.estimate.finish_time =
            absl::UnixEpoch() + absl::Hours(1);
        return c;
      }));
  add("AcceptOffer", "AcceptOffer", WithNewest<Offer>([](const OfferId& o) {
        return AcceptOffer{o, PersonId("p1")};
      }));
  add("DeclineOffer", "DeclineOffer", WithNewest<Offer>([](const OfferId& o) {
        return DeclineOffer{o, PersonId("d1"), "busy"};
      }));
  add("WithdrawOffer", "WithdrawOffer",
      WithNewest<Offer>([=](const OfferId& o) {
        return WithdrawOffer{o, why};
      }));
  add("TakeBackOffer", "TakeBackOffer", WithNewest<Offer>([](const OfferId& o) {
        return TakeBackOffer{o, CallId("c9"), 90};
      }));
  add("ReleaseAssignment", "ReleaseAssignment",
      WithNewest<Assignment>([](const AssignmentId& a) {
        return ReleaseAssignment{a, "mistake"};
      }));
  add("ReportDriverMissing", "ReportDriverMissing",
      WithNewest<Assignment>([](const AssignmentId& a) {
        return ReportDriverMissing{a, false};
      }));
  for (Step step : AllValues<Step>()) {
    trials.push_back({"AdvanceVisit",
                      absl::StrCat("AdvanceVisit ", NameOf(step)),
                      WithNewest<Assignment>([=](const AssignmentId& a) {
                        return AdvanceVisit{a, id, step, std::nullopt};
                      })});
  }
  call("RecordVisit", [=](const Night& night) {
    RecordVisit c;
    c.call = id;
    c.urgency = Urgency::kUrgent;
    c.physician = PersonId("p1");
    c.driver = PersonId("d1");
    c.depart_time = c.arrive_time = c.treatment_start_time =
        c.treatment_end_time = c.leave_time = night.now;
    return c;
  });
  call("ReportNotFound", [=](const Night&) { return ReportNotFound{id}; });
  call("RecordNotFoundStep", [=](const Night&) {
    return RecordNotFoundStep{id, NotFoundStep::kPhoneFamily, true};
  });
  call("ReportFound", [=](const Night&) { return ReportFound{id}; });
  add("ConfirmHours", "ConfirmHours",
      WithNewest<Assignment>([](const AssignmentId& a) {
        return ConfirmHours{a, PersonId("p1")};
      }));
  call("DraftNote", [=](const Night&) {
    DraftNote c;
    c.call = id;
    c.text.findings = why;
    return c;
  });
  add("SignNote", "SignNote", [](const Night& night) -> std::optional<Command> {
    const auto note = NewestOf<Note>(night);
    if (!note.has_value()) return std::nullopt;
    return Command(SignNote{*note, night.board.Find<Note>(*note)->etag,
                            PrivateText("typo")});
  });
  add("RecordAttempt", "RecordAttempt",
      WithNewest<Delivery>([](const DeliveryId& d) {
        RecordAttempt c;
        c.delivery = d;
        c.channel = ChannelKind::kInbox;
        c.result = SendResult::kDelivered;
        return c;
      }));
  add("ConfirmReceipt", "ConfirmReceipt",
      WithNewest<Delivery>(
          [](const DeliveryId& d) { return ConfirmReceipt{d}; }));
  add("ConfirmReceiptByHand", "ConfirmReceiptByHand",
      WithNewest<Delivery>([=](const DeliveryId& d) {
        return ConfirmReceiptByHand{d, PrivateText("the reception"), why};
      }));
  add("RetryDelivery", "RetryDelivery",
      WithNewest<Delivery>(
          [](const DeliveryId& d) { return RetryDelivery{d}; }));
  add("QuestionNote", "QuestionNote",
      WithNewest<Delivery>([=](const DeliveryId& d) {
        return QuestionNote{d, why};
      }));
  return trials;
}

// "-> OFFERED" where the call moved there, "ok" where it stayed, "nothing"
// where nothing changed, "-" where there is nothing to send it about, else the
// refusal without the name of the state, which stands beside it.
std::string OutcomeOf(const Night& before, const Trial& trial) {
  const std::optional<Command> command = trial.command(before);
  if (!command.has_value()) return "-";
  Night night = before;
  night.events.clear();
  const absl::StatusOr<Subject> subject = night.Do(*command);
  if (!subject.ok()) {
    return absl::StrReplaceAll(
        Words(subject.status()),
        {{absl::StrCat(" is ", NameOf(before.GetCall().state)), ""}});
  }
  if (night.events.empty()) return "nothing";
  const Call& call = night.GetCall();
  if (call.state == before.GetCall().state) return "ok";
  return absl::StrCat("-> ", NameOf(call.state));
}

std::string MakeTable() {
  std::vector<std::pair<std::string, Night>> nights;
  for (const Situation& situation : Situations()) {
    Night night;
    situation.reach(night);
    // Another call, by somebody who is not registered.
    SubmitCall other = night.Submission("other", "");
    other.short_patient = ShortPatient();
    other.short_patient->display_name = PrivateText("somebody");
    other.place = night.GetCall().place;
    night.Must(other);
    nights.emplace_back(situation.name, std::move(night));
  }
  std::string table =
      "# Each command against a call in each state: the new state, \"ok\" if "
      "it\n"
      "# stays, \"nothing\" if nothing changes, \"-\" if there is nothing to "
      "send\n"
      "# it about, or the refusal. Written by decide_table_test.\n";
  for (const Trial& trial : Trials()) {
    absl::StrAppend(&table, "\n", trial.name, "\n");
    // In the order of their first state.
    std::vector<std::pair<std::string, std::vector<std::string>>> outcomes;
    for (const auto& [name, night] : nights) {
      const std::string outcome = OutcomeOf(night, trial);
      auto found = std::find_if(
          outcomes.begin(), outcomes.end(),
          [&](const auto& entry) { return entry.first == outcome; });
      if (found == outcomes.end()) {
        found = outcomes.insert(outcomes.end(), {outcome, {}});
      }
      found->second.push_back(name);
    }
    if (outcomes.size() == 1) outcomes[0].second = {"every state"};
    for (const auto& [outcome, states] : outcomes) {
      absl::StrAppend(&table, "  ", outcome, "\n");
      std::string line = "     ";
      for (const std::string& state : states) {
        if (line.size() + state.size() > 76) {
          absl::StrAppend(&table, line, "\n");
          line = "     ";
        }
        absl::StrAppend(&line, " ", state, &state == &states.back() ? "" : ",");
      }
      absl::StrAppend(&table, line, "\n");
    }
  }
  return table;
}

TEST(DecideTable, EveryCommandInEveryStateIsAsReviewed) {
  const std::string table = MakeTable();
  if (rewrite_files) {
    std::ofstream(kGolden) << table;
    return;
  }
  std::ifstream file(kGolden);
  ASSERT_TRUE(file) << kGolden << " is missing; write it with --rewrite";
  std::stringstream golden;
  golden << file.rdbuf();
  const std::vector<std::string> want = absl::StrSplit(golden.str(), '\n');
  const std::vector<std::string> have = absl::StrSplit(table, '\n');
  EXPECT_THAT(have, ::testing::ElementsAreArray(want))
      << "if the change is meant, review it after --rewrite";
}

TEST(DecideTable, EveryRowIsTried) {
  std::set<std::string> tried;
  for (const Trial& trial : Trials()) tried.insert(trial.row);
  for (const std::string& row : CallTableRows()) {
    EXPECT_TRUE(tried.count(row)) << row;
  }
}

// The commands that act on a call are those that name one, or what hangs on
// one; a new one is not let past the table.
template <typename C>
concept NamesCall = requires(C c) {
  c.call;
}
|| requires(C c) { c.calls; }
|| requires(C c) { c.offer; }
|| requires(C c) { c.assignment; }
|| requires(C c) { c.note; }
|| requires(C c) { c.delivery; };

TEST(DecideTable, HasARowForEveryCommandThatNamesACall) {
  const size_t rows = CallTableRows().size();
  size_t naming = 0;
  const auto count = [&]<typename... C>(std::variant<C...>*) {
    naming = (static_cast<size_t>(NamesCall<C>) + ...);
  };
  count(static_cast<Command*>(nullptr));
  // ReportUnmatched names its calls within matches; MergeCall has two rows.
  EXPECT_EQ(rows, naming + 2);
}

TEST(DecideTable, RefusesEverythingBeforeTheCenterIsCreated) {
  const absl::StatusOr<Decision> decision =
      Decide(Board(), PassTime(), SystemActor(), absl::UnixEpoch());
  EXPECT_EQ(decision.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(DecideTable, NamesWhatIsNotKnown) {
  Night night;
  EXPECT_EQ(Words(night.Do(ResumeCall{CallId("c9")}).status()),
            "NOT_FOUND: calls/c9 is not known");
  EXPECT_EQ(Words(night.Do(WithdrawOffer{OfferId("c9--o1"), {}}).status()),
            "NOT_FOUND: offers/c9--o1 is not known");
  EXPECT_EQ(Words(night.Do(ReleaseAssignment{AssignmentId("x"), ""}).status()),
            "NOT_FOUND: assignments/x is not known");
  EXPECT_EQ(Words(night.Do(ConfirmReceipt{DeliveryId("x")}).status()),
            "NOT_FOUND: deliveries/x is not known");
}

}  // namespace
}  // namespace housecall::core

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  const char* rewrite = std::getenv("HOUSECALL_REWRITE");
  housecall::core::rewrite_files =
      rewrite != nullptr && std::strcmp(rewrite, "1") == 0;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--rewrite") == 0) {
      housecall::core::rewrite_files = true;
    }
  }
  return RUN_ALL_TESTS();
}

#include "dispatcher/server/access.h"

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "housecall/v1/annotations.pb.h"
#include "tests/core/builders.h"
#include "tests/server/api.h"

namespace housecall::server {
namespace {

using core::Role;
using core::testing::BoardBuilder;

const std::vector<Role>& Roles() {
  static const auto* const roles = new std::vector<Role>{
      Role::kRequester, Role::kOperator,      Role::kPhysician,   Role::kDriver,
      Role::kCareTeam,  Role::kAdministrator, Role::kMunicipality};
  return *roles;
}

unsigned CellOf(const AccessRow& row, Role role) {
  const unsigned cells[] = {row.requester,   row.operator_, row.physician,
                            row.driver,      row.care_team, row.administrator,
                            row.municipality};
  for (size_t i = 0; i < Roles().size(); ++i) {
    if (Roles()[i] == role) return cells[i];
  }
  return kNothing;
}

std::string WordsOf(unsigned cell) {
  const std::pair<unsigned, const char*> words[] = {
      {kAll, "all"},
      {kOwnCalls, "own calls"},
      {kOwnPatients, "own patients"},
      {kOffered, "offered"},
      {kOwnVisits, "own visits"},
      {kSelf, "self"},
      {kOwnDeliveries, "own deliveries"}};
  std::string text;
  for (const auto& [bit, word] : words) {
    if ((cell & bit) != 0)
      absl::StrAppend(&text, text.empty() ? "" : ", ", word);
  }
  return text.empty() ? "-" : text;
}

TEST(AccessTable, HasARowForEveryRpcAndNoOther) {
  std::vector<std::string> rpcs;
  for (const auto* rpc : testing::AllRpcs()) {
    // It needs no session: it makes one.
    if (rpc->name() != "CreateSession") rpcs.push_back(rpc->name());
  }
  std::vector<std::string> rows;
  for (const AccessRow& row : AccessTable()) rows.push_back(row.rpc);
  EXPECT_THAT(rows, ::testing::UnorderedElementsAreArray(rpcs));
}

TEST(AccessTable, EveryMutationDemandsARequestId) {
  for (const auto* rpc : testing::AllRpcs()) {
    const std::string& name = rpc->name();
    const bool reads =
        absl::StartsWith(name, "Get") || absl::StartsWith(name, "List") ||
        absl::StartsWith(name, "Show") || absl::StartsWith(name, "Watch");
    const auto* field = rpc->input_type()->FindFieldByName("request_id");
    if (reads || name == "CreateSession") {
      EXPECT_EQ(field, nullptr) << name;
      continue;
    }
    ASSERT_NE(field, nullptr) << name;
    EXPECT_TRUE(field->options().GetExtension(v1::required)) << name;
  }
}

// Whoever changes a right changes this file too, and is asked about it.
TEST(AccessTable, IsTheOneThatWasReviewed) {
  std::string text;
  for (const AccessRow& row : AccessTable()) {
    absl::StrAppend(&text, row.rpc, "\n");
    for (const Role role : Roles()) {
      absl::StrAppendFormat(&text, "  %-14s %s\n", NameOf(role),
                            WordsOf(CellOf(row, role)));
    }
  }
  const char* const path = "tests/server/testdata/access_table.txt";
  if (std::getenv("HOUSECALL_REWRITE") != nullptr) {
    std::ofstream(path) << text;
  }
  std::ifstream in(path);
  std::ostringstream reviewed;
  reviewed << in.rdbuf();
  EXPECT_EQ(text, reviewed.str())
      << "run it with HOUSECALL_REWRITE=1 and review the difference";
}

// Somebody, what he would name, and how he is related to it.
struct Relation {
  std::string name;
  std::string person;
  std::string organization;
  // Ids by collection.
  std::map<std::string, std::string> ids;
  // By collection; what is not here is unrelated.
  std::map<std::string, unsigned> reach;
};

class CheckAccessTest : public ::testing::Test {
 protected:
  CheckAccessTest() {
    BoardBuilder builder;
    builder.AddCallInState(core::CallState::kOnScene, "call-1",
                           {.patient = "tanaka",
                            .physician = "dr-sato",
                            .driver = "driver-abe",
                            .car = "car-1"});
    builder.AddCallInState(core::CallState::kOffered, "call-2",
                           {.patient = "suzuki",
                            .physician = "dr-kato",
                            .driver = "driver-baba",
                            .car = "car-2"});
    for (const char* patient : {"tanaka", "suzuki"}) {
      builder.Change<core::Patient>(patient, [](core::Patient& p) {
        p.care_team.clear();
        p.primary_clinic = core::OrganizationId("clinic-sakura");
      });
    }
    for (const char* call : {"call-1", "call-2"}) {
      builder.Change<core::Call>(call, [](core::Call& c) {
        c.care_team.clear();
        c.followers.clear();
        c.requester = core::PersonId("nurse-ito");
        c.requester_organization = core::OrganizationId("station-asahi");
      });
    }
    const core::CallId call_id("call-1");
    core::Note note;
    note.id = core::NoteId("call-1--n");
    note.call = call_id;
    builder.Put(note);
    core::Delivery delivery;
    delivery.id = core::DeliveryId("call-1--d1");
    delivery.call = call_id;
    delivery.note = note.id;
    delivery.member.organization = core::OrganizationId("care-office");
    builder.Put(delivery);
    core::Task task;
    task.id = core::TaskId("call-1--t1");
    task.call = call_id;
    builder.Put(task);
    core::Match match;
    match.id = core::MatchId("call-1--m1");
    match.call = call_id;
    builder.Put(match);
    for (const char* who : {"own", "other"}) {
      core::Session session;
      session.id = core::SessionId(absl::StrCat("session-", who));
      session.account = core::AccountId(absl::StrCat("account-", who));
      builder.Put(session);
    }
    board_ = builder.Build();

    const auto& first = *board_.Find<core::Call>(call_id);
    const auto& second = *board_.Find<core::Call>(core::CallId("call-2"));
    const auto* assignment = board_.Find<core::Assignment>(first.assignment);
    std::map<std::string, std::string> ids = {
        {"calls", "call-1"},
        {"offers", assignment->offer.value()},
        {"assignments", assignment->id.value()},
        {"visits", first.visit.value()},
        {"notes", "call-1--n"},
        {"matches", "call-1--m1"},
        {"tasks", "call-1--t1"},
        {"deliveries", "call-1--d1"},
        {"patients", "tanaka"},
        {"cars", "car-1"},
        {"shifts", "shift-1"},
        {"overrides", "override-1"},
        {"organizations", "clinic-hino"}};
    const auto all_of_call = [](unsigned reach) {
      std::map<std::string, unsigned> by_collection;
      for (const char* collection : {"calls", "assignments", "visits", "notes",
                                     "matches", "tasks", "deliveries"}) {
        by_collection[collection] = reach;
      }
      return by_collection;
    };
    relations_.push_back({"none", "stranger", "nowhere", ids, {}});
    relations_.push_back(
        {"own call", "nurse-ito", "nowhere", ids, all_of_call(kOwnCalls)});
    relations_.push_back({"colleague's call", "nurse-abe", "station-asahi", ids,
                          all_of_call(kOwnCalls)});
    relations_.push_back({"own patient", "nurse-ueda", "clinic-sakura", ids,
                          all_of_call(kOwnPatients)});
    relations_.back().reach["patients"] = kOwnPatients;
    for (const char* person : {"dr-sato", "driver-abe"}) {
      relations_.push_back(
          {"own visit", person, "clinic-hino", ids, all_of_call(kOwnVisits)});
      relations_.back().reach["patients"] = kOwnVisits;
      relations_.back().reach["cars"] = kOwnVisits;
      relations_.back().reach["offers"] = kOffered;
    }
    relations_.push_back({"own delivery",
                          "cm-endo",
                          "care-office",
                          ids,
                          {{"deliveries", kOwnDeliveries}}});
    ids["calls"] = "call-2";
    ids["offers"] = second.offer.value();
    ids["patients"] = "suzuki";
    for (const char* person : {"dr-kato", "driver-baba"}) {
      relations_.push_back({"offered",
                            person,
                            "clinic-hino",
                            ids,
                            {{"calls", kOffered}, {"offers", kOffered}}});
    }
  }

  core::Board board_;
  std::vector<Relation> relations_;
};

TEST_F(CheckAccessTest, DoesWhatTheTableSaysInEveryCell) {
  const std::string center = board_.center().id.value();
  // Resources that everybody with any right at all may name.
  const std::set<std::string> free = {"centers", "shifts", "overrides",
                                      "organizations"};
  int allowed = 0;
  int denied = 0;
  for (const auto* rpc : testing::AllRpcs()) {
    const AccessRow* row = nullptr;
    for (const AccessRow& r : AccessTable()) {
      if (r.rpc == rpc->name()) row = &r;
    }
    if (row == nullptr) continue;
    const std::string creates = rpc->name() == "SubmitCall" ? "calls" : "";
    for (const Relation& relation : relations_) {
      for (const bool self : {true, false}) {
        std::set<std::string> named;
        const auto request = testing::NewMessage(rpc->input_type());
        testing::FillRequest(
            [&](const std::string& collection,
                const google::protobuf::FieldDescriptor*) {
              if (collection != creates) named.insert(collection);
              if (collection == "centers")
                return absl::StrCat("centers/", center);
              std::string id = self ? "own" : "other";
              if (collection == "people") {
                id = self ? relation.person : "somebody-else";
              } else if (collection == "accounts" || collection == "sessions") {
                id = absl::StrCat(
                    collection == "accounts" ? "account-" : "session-", id);
              } else if (const auto found = relation.ids.find(collection);
                         found != relation.ids.end()) {
                id = found->second;
              }
              return absl::StrCat("centers/", center, "/", collection, "/", id);
            },
            false, request.get());
        for (const Role role : Roles()) {
          core::Actor actor;
          actor.account = core::AccountId("account-own");
          actor.person = core::PersonId(relation.person);
          actor.organization = core::OrganizationId(relation.organization);
          actor.roles = {role};
          const unsigned cell = CellOf(*row, role);
          bool expected = cell != kNothing;
          for (const std::string& collection : named) {
            if ((cell & kAll) != 0 || free.count(collection) > 0) continue;
            if (collection == "people" || collection == "accounts" ||
                collection == "sessions") {
              expected = expected && (self || (cell & kSelf) == 0);
              continue;
            }
            if (collection == "cars" && (cell & kOwnVisits) == 0) continue;
            const auto reach = relation.reach.find(collection);
            expected = expected && reach != relation.reach.end() &&
                       (reach->second & cell) != 0;
          }
          const absl::Status status =
              CheckAccess(rpc->name(), actor, board_.center().id, board_,
                          *request, creates);
          EXPECT_EQ(status.ok(), expected)
              << rpc->name() << " by " << NameOf(role) << " with relation "
              << relation.name << (self ? ", himself: " : ", another: ")
              << status << "\n"
              << request->ShortDebugString();
          if (!expected) {
            EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
          }
          ++(expected ? allowed : denied);
        }
      }
    }
  }
  EXPECT_GT(allowed, 1000);
  EXPECT_GT(denied, 1000);
}

TEST_F(CheckAccessTest, RefusesWhatIsNotOnTheBoardAsAnothers) {
  const auto request = testing::NewMessage("GetCallRequest");
  testing::FillRequest(
      testing::NamesIn(board_.center().id.value(), "no-such-call"), false,
      request.get());
  core::Actor actor;
  actor.person = core::PersonId("nurse-ito");
  actor.roles = {Role::kRequester};
  EXPECT_TRUE(absl::IsPermissionDenied(
      CheckAccess("GetCall", actor, board_.center().id, board_, *request)));
}

// A trip to two patients of two organizations is a trip to each of them.
TEST_F(CheckAccessTest, LetsTheRequesterOfOneCallAskForTheWholeTrip) {
  core::Board board = board_;
  const auto& call = *board.Find<core::Call>(core::CallId("call-1"));
  core::Call other = call;
  other.id = core::CallId("call-3");
  other.patient = core::PatientId();
  other.requester = core::PersonId("cm-endo");
  other.requester_organization = core::OrganizationId("care-office");
  board.Put(other);
  core::Assignment assignment = *board.Find<core::Assignment>(call.assignment);
  assignment.calls.push_back(other.id);
  board.Put(assignment);
  const auto request = testing::NewMessage("GetAssignmentRequest");
  testing::FillRequest(
      testing::NamesIn(board.center().id.value(), assignment.id.value()), false,
      request.get());
  const auto ask = [&](const char* person) {
    core::Actor actor;
    actor.person = core::PersonId(person);
    actor.roles = {Role::kRequester};
    return CheckAccess("GetAssignment", actor, board.center().id, board,
                       *request);
  };
  EXPECT_TRUE(ask("nurse-ito").ok());
  EXPECT_TRUE(ask("cm-endo").ok());
  EXPECT_TRUE(absl::IsPermissionDenied(ask("stranger")));
}

TEST_F(CheckAccessTest, RefusesAnRpcThatItDoesNotKnow) {
  core::Actor actor;
  actor.roles = Roles();
  EXPECT_TRUE(absl::IsPermissionDenied(
      CheckAccess("DropCenter", actor, board_.center().id, board_,
                  *testing::NewMessage("GetCenterRequest"))));
}

TEST_F(CheckAccessTest, ShowsClinicalDataToThePhysicianAfterAcceptanceOnly) {
  const auto view = [&](const char* call, const char* person, Role role) {
    core::Actor actor;
    actor.person = core::PersonId(person);
    actor.organization = core::OrganizationId("clinic-hino");
    actor.roles = {role};
    return ViewOf(*board_.Find<core::Call>(core::CallId(call)), actor, board_);
  };
  EXPECT_TRUE(view("call-1", "dr-sato", Role::kPhysician).clinical);
  EXPECT_FALSE(view("call-2", "dr-kato", Role::kPhysician).clinical);
  EXPECT_FALSE(view("call-2", "dr-kato", Role::kPhysician).identifying);
  EXPECT_TRUE(view("call-1", "driver-abe", Role::kDriver).identifying);
  EXPECT_FALSE(view("call-1", "driver-abe", Role::kDriver).clinical);
  EXPECT_FALSE(view("call-1", "dr-kato", Role::kPhysician).identifying);
}

}  // namespace
}  // namespace housecall::server

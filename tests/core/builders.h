// Boards for tests: an invented center in Hino, Tokyo, with people, cars,
// patients and calls in any state.
//
//   const Board board = BoardBuilder()
//                           .AddPhysician("dr-sato", {.self_drive = true})
//                           .AddDriver("driver-abe", "car-1")
//                           .AddPatient("tanaka")
//                           .AddCallInState(CallState::kOffered, "call-1")
//                           .Build();
#ifndef HOUSECALL_TESTS_CORE_BUILDERS_H_
#define HOUSECALL_TESTS_CORE_BUILDERS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/core/board.h"

namespace housecall::core::testing {

// "2026-11-20 20:00" in Tokyo, on any machine.
absl::Time At(absl::string_view civil_time);
// 20:00 on Friday, 20 November 2026 in Tokyo: a duty from 18:00 to 08:00 has
// begun, the next day is a Saturday, Monday 23 is a national holiday.
absl::Time TestNow();
// The center's position, moved.
LatLng Near(double east_kilometers, double north_kilometers);

// The engine is SystemActor(). A physician's actor belongs to clinic-hino.
Actor ActorOf(Role role, const std::string& person,
              const std::string& organization = "clinic-hino");
// What every board has: the operator, and the visiting nurse who calls.
Actor OperatorActor();   // op-mori
Actor RequesterActor();  // nurse-ito of station-asahi

struct ClinicOptions {
  std::optional<LatLng> position = Near(1, 0);
  OrganizationKind kind = OrganizationKind::kClinic;
  std::optional<Webhook> webhook = std::nullopt;
};

// On the rota and on duty from 18:00 to 08:00 unless said otherwise, under
// contract with the organization without end.
struct PhysicianOptions {
  std::string organization = "clinic-hino";
  std::vector<Skill> skills = {};
  bool self_drive = false;
  bool on_rota = true;
  bool on_duty = true;
  bool reserve = false;
  absl::Time start_time = At("2026-11-20 18:00");
  absl::Time end_time = At("2026-11-21 08:00");
  // Visits in this duty so far.
  int32_t visits = 0;
  // Where he is now, as his phone said; none: at the base of his shift.
  std::optional<LatLng> position = std::nullopt;
  std::optional<LatLng> base_position = std::nullopt;
};

// As PhysicianOptions.
struct DriverOptions {
  std::string organization = "clinic-hino";
  bool on_rota = true;
  bool on_duty = true;
  bool reserve = false;
  absl::Time start_time = At("2026-11-20 18:00");
  absl::Time end_time = At("2026-11-21 08:00");
  int32_t visits = 0;
  std::optional<LatLng> position = std::nullopt;
  std::optional<LatLng> base_position = std::nullopt;
};

struct PatientOptions {
  std::optional<LatLng> position = Near(2, 1);
  std::vector<Skill> required_skills = {};
  std::string primary_clinic = "clinic-sakura";
  std::string primary_physician = "";
  std::vector<std::string> excluded_physicians = {};
  std::vector<std::string> seen_by = {};
};

struct CallOptions {
  // Added to the board if they are not there yet.
  std::string patient = "tanaka";
  std::string physician = "dr-sato";
  std::string driver = "driver-abe";
  std::string car = "car-1";
  // The physician drives himself: no driver, no car.
  bool self_drive = false;
  Urgency urgency = Urgency::kStandard;
  std::vector<Skill> required_skills = {};
  // ON_HOLD, EMERGENCY_119, NOT_FOUND, MERGED: what is behind it. NOT_FOUND
  // is always behind ON_SCENE.
  CallState resume_state = CallState::kMatching;
  // MERGED: the other call, added in MATCHING if it is not there yet.
  std::string merged_into = "call-original";
  // Unset: 10 minutes ago, in which all of it has happened.
  std::optional<absl::Time> receive_time = std::nullopt;
};

// Builds a consistent board: what Decide would have left behind if it had all
// happened by commands, with etags of 1.
class BoardBuilder {
 public:
  // A board with the center "hino", the operator op-mori on duty, the clinics
  // clinic-hino (which employs) and clinic-sakura (the patients' own), the
  // nurse station station-asahi with nurse-ito, and the platform company
  // platform-yoru.
  explicit BoardBuilder(absl::Time now = TestNow());

  BoardBuilder& AddClinic(const std::string& id, ClinicOptions options = {});
  // In addition to what the board has.
  BoardBuilder& AddPerson(const std::string& id,
                          const std::string& organization);
  BoardBuilder& AddPhysician(const std::string& id,
                             PhysicianOptions options = {});
  // The car is added if it is not there yet.
  BoardBuilder& AddDriver(const std::string& id, const std::string& car,
                          DriverOptions options = {});
  BoardBuilder& AddCar(const std::string& id);
  BoardBuilder& AddPatient(const std::string& id, PatientOptions options = {});
  BoardBuilder& AddShift(const std::string& id, const std::string& person,
                         Role role, absl::Time start_time, absl::Time end_time,
                         const std::string& organization = "clinic-hino");
  // With the offer, assignment, visit, note, deliveries and open tasks that
  // the state implies; ids as Decide makes them ("call-1--o2"). In TRIAGED
  // the disposition is advice, else a visit. Treatment has not begun in
  // ON_SCENE. CLOSED has every receipt, and hours confirmed.
  BoardBuilder& AddCallInState(CallState state,
                               const std::string& id = "call-1",
                               CallOptions options = {});

  // Has the person report from there.
  BoardBuilder& MoveTo(const std::string& person, const LatLng& position);

  // Adds or replaces a record, as it is.
  BoardBuilder& Put(Record record);
  // Changes the record, which must be there: Change<Car>("car-1", [](Car& car)
  // { car.seats = 1; }).
  template <typename R, typename F>
  BoardBuilder& Change(const std::string& id, F change) {
    R record = Get<R>(id);
    change(record);
    return Put(std::move(record));
  }
  template <typename F>
  BoardBuilder& ChangePolicy(F change) {
    Center center = board_.center();
    change(center.policy);
    return Put(std::move(center));
  }

  // The record, which must be there.
  template <typename R>
  const R& Get(const std::string& id) const {
    const R* found = board_.Find<R>(decltype(R::id)(id));
    CheckFound(found != nullptr, id);
    return *found;
  }
  absl::Time now() const { return now_; }
  const Board& board() const { return board_; }
  Board Build() const { return board_; }

 private:
  static void CheckFound(bool found, const std::string& id);
  template <typename R>
  bool Has(const std::string& id) const {
    return board_.Find<R>(decltype(R::id)(id)) != nullptr;
  }
  void AddDuty(const std::string& person, Role role,
               const std::string& organization, const std::string& car,
               absl::Time start_time, absl::Time end_time, int32_t visits);
  void AddCrewOf(const CallOptions& options);
  // Each adds what its state has and the one before has not.
  void Triage(Call* call, const CallOptions& options);
  void MakeOffer(Call* call, const CallOptions& options, bool accepted);
  void Assign(Call* call, const CallOptions& options);
  void Depart(const Call& call);
  void Arrive(const Call& call);
  void Leave(const Call& call);
  void SignNote(Call* call);
  void Close(Call* call);
  void AddTask(Call* call, TaskKind kind);
  // Brings a received call to a state of the way from RECEIVED to CLOSED, or
  // to SCHEDULED.
  void Bring(Call* call, CallState state, const CallOptions& options);

  absl::Time now_;
  Board board_;
};

}  // namespace housecall::core::testing

#endif  // HOUSECALL_TESTS_CORE_BUILDERS_H_

#include "tests/core/builders.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "gtest/gtest.h"

namespace housecall::core::testing {

namespace {

constexpr LatLng kCenter{35.6713, 139.3950};

// Every record of a builder has been written once.
template <typename R>
R New(const std::string& id) {
  R record;
  record.id = decltype(R::id)(id);
  record.etag.number = 1;
  return record;
}

std::vector<PersonId> People(const std::vector<std::string>& ids) {
  return std::vector<PersonId>(ids.begin(), ids.end());
}

std::string NextId(Call* call, char letter) {
  ++call->derived;
  return absl::StrCat(call->id.value(), "--", std::string(1, letter),
                      call->derived);
}

CareTeamMember Member(CareRole role, const std::string& organization) {
  CareTeamMember member;
  member.role = role;
  member.organization = OrganizationId(organization);
  member.channels = {ChannelKind::kInbox};
  return member;
}

}  // namespace

absl::Time At(absl::string_view civil_time) {
  absl::CivilMinute minute;
  EXPECT_TRUE(absl::ParseLenientCivilTime(
      absl::StrCat(civil_time.substr(0, 10), "T", civil_time.substr(11)),
      &minute))
      << civil_time;
  return absl::FromCivil(minute, absl::FixedTimeZone(9 * 60 * 60));
}

absl::Time TestNow() { return At("2026-11-20 20:00"); }

LatLng Near(double east_kilometers, double north_kilometers) {
  constexpr double kKilometersPerDegree = 111.195;
  const double shrink = std::cos(kCenter.latitude * 3.14159265358979 / 180);
  return {
      kCenter.latitude + north_kilometers / kKilometersPerDegree,
      kCenter.longitude + east_kilometers / (kKilometersPerDegree * shrink)};
}

Actor ActorOf(Role role, const std::string& person,
              const std::string& organization) {
  Actor actor;
  actor.account = AccountId(person);
  actor.person = PersonId(person);
  actor.organization = OrganizationId(organization);
  actor.roles = {role};
  return actor;
}

Actor OperatorActor() { return ActorOf(Role::kOperator, "op-mori"); }
Actor RequesterActor() {
  return ActorOf(Role::kRequester, "nurse-ito", "station-asahi");
}

BoardBuilder::BoardBuilder(absl::Time now) : now_(now) {
  Center center = New<Center>("hino");
  center.display_name = "日野往診センター";
  center.display_name_english = "Hino House Call Center";
  center.phone = "042-000-0000";
  center.position = kCenter;
  center.last_resort_contacts = {
      {PrivateText("院長 川口"), PrivateText("042-000-0001")}};
  Put(std::move(center));
  AddClinic("clinic-hino");
  AddClinic("clinic-sakura", {.position = Near(-1, 2)});
  AddClinic("station-asahi",
            {.position = Near(0, -2), .kind = OrganizationKind::kNurseStation});
  AddClinic("platform-yoru",
            {.position = Near(4, 4), .kind = OrganizationKind::kPlatform});
  AddPerson("nurse-ito", "station-asahi");
  AddPerson("op-mori", "clinic-hino");
  AddShift("op-mori-tonight", "op-mori", Role::kOperator,
           At("2026-11-20 18:00"), At("2026-11-21 08:00"));
  AddDuty("op-mori", Role::kOperator, "clinic-hino", "", At("2026-11-20 18:00"),
          At("2026-11-21 08:00"), 0);
}

void BoardBuilder::CheckFound(bool found, const std::string& id) {
  ASSERT_TRUE(found) << "the builder has no such record: " << id;
}

BoardBuilder& BoardBuilder::Put(Record record) {
  board_.Put(record);
  return *this;
}

BoardBuilder& BoardBuilder::AddClinic(const std::string& id,
                                      ClinicOptions options) {
  Organization clinic = New<Organization>(id);
  clinic.kind = options.kind;
  clinic.display_name = id;
  clinic.position = options.position;
  clinic.webhook = std::move(options.webhook);
  return Put(std::move(clinic));
}

BoardBuilder& BoardBuilder::AddPerson(const std::string& id,
                                      const std::string& organization) {
  Person person = New<Person>(id);
  person.organization = OrganizationId(organization);
  person.display_name = id;
  person.phone = "080-0000-0000";
  return Put(std::move(person));
}

BoardBuilder& BoardBuilder::AddShift(const std::string& id,
                                     const std::string& person, Role role,
                                     absl::Time start_time, absl::Time end_time,
                                     const std::string& organization) {
  Shift shift = New<Shift>(id);
  shift.person = PersonId(person);
  shift.role = role;
  shift.start_time = start_time;
  shift.end_time = end_time;
  shift.organization = OrganizationId(organization);
  return Put(std::move(shift));
}

void BoardBuilder::AddDuty(const std::string& person, Role role,
                           const std::string& organization,
                           const std::string& car, absl::Time start_time,
                           absl::Time end_time, int32_t visits) {
  Duty duty = New<Duty>(person);
  duty.role = role;
  duty.on_duty = true;
  duty.since = start_time;
  duty.end_time = end_time;
  duty.organization = OrganizationId(organization);
  duty.car = CarId(car);
  duty.visits = visits;
  Put(std::move(duty));
}

BoardBuilder& BoardBuilder::MoveTo(const std::string& person,
                                   const LatLng& position) {
  Position fix = New<Position>(person);
  fix.position = position;
  fix.accuracy_meters = 10;
  fix.device_time = fix.receive_time = now_ - absl::Minutes(1);
  return Put(std::move(fix));
}

BoardBuilder& BoardBuilder::AddPhysician(const std::string& id,
                                         PhysicianOptions options) {
  AddPerson(id, options.organization);
  Person person = Get<Person>(id);
  person.skills = options.skills;
  person.self_drive = options.self_drive;
  person.employments = {
      {OrganizationId(options.organization), At("2026-04-01 00:00"), {}}};
  Put(std::move(person));
  if (options.on_rota) {
    const std::string shift_id = absl::StrCat(id, "-tonight");
    AddShift(shift_id, id, Role::kPhysician, options.start_time,
             options.end_time, options.organization);
    Change<Shift>(shift_id, [&](Shift& shift) {
      shift.reserve = options.reserve;
      shift.base_position = options.base_position;
    });
  }
  if (options.on_duty) {
    AddDuty(id, Role::kPhysician, options.organization, "", options.start_time,
            options.end_time, options.visits);
  }
  if (options.position.has_value()) MoveTo(id, *options.position);
  return *this;
}

BoardBuilder& BoardBuilder::AddDriver(const std::string& id,
                                      const std::string& car,
                                      DriverOptions options) {
  AddPerson(id, options.organization);
  Change<Person>(id, [&](Person& person) {
    person.employments = {
        {OrganizationId(options.organization), At("2026-04-01 00:00"), {}}};
  });
  if (!Has<Car>(car)) AddCar(car);
  if (options.on_rota) {
    const std::string shift_id = absl::StrCat(id, "-tonight");
    AddShift(shift_id, id, Role::kDriver, options.start_time, options.end_time,
             options.organization);
    Change<Shift>(shift_id, [&](Shift& shift) {
      shift.car = CarId(car);
      shift.reserve = options.reserve;
      shift.base_position = options.base_position;
    });
  }
  if (options.on_duty) {
    AddDuty(id, Role::kDriver, options.organization, car, options.start_time,
            options.end_time, options.visits);
  }
  if (options.position.has_value()) MoveTo(id, *options.position);
  return *this;
}

BoardBuilder& BoardBuilder::AddCar(const std::string& id) {
  Car car = New<Car>(id);
  car.display_name = id;
  car.plate = "多摩 500 あ 00-00";
  car.organization = OrganizationId("clinic-hino");
  return Put(std::move(car));
}

BoardBuilder& BoardBuilder::AddPatient(const std::string& id,
                                       PatientOptions options) {
  Patient patient = New<Patient>(id);
  patient.display_name = PrivateText(absl::StrCat("患者 ", id));
  patient.birth_date = PrivateText("1940-05-06");
  patient.sex = Sex::kFemale;
  patient.place.address = PrivateText("東京都日野市みどり台 1-2-3");
  patient.place.position = options.position;
  patient.phone = PrivateText("042-000-0100");
  patient.primary_clinic = OrganizationId(options.primary_clinic);
  patient.primary_physician = PersonId(options.primary_physician);
  patient.care_team = {Member(CareRole::kPrimaryClinic, options.primary_clinic),
                       Member(CareRole::kNurseStation, "station-asahi")};
  patient.coverage_agreement = "2026";
  patient.required_skills = options.required_skills;
  patient.excluded_physicians = People(options.excluded_physicians);
  patient.seen_by = People(options.seen_by);
  patient.confirm_time = patient.update_time = At("2026-10-01 12:00");
  return Put(std::move(patient));
}

void BoardBuilder::AddCrewOf(const CallOptions& options) {
  if (!Has<Person>(options.physician)) {
    AddPhysician(options.physician, {.self_drive = options.self_drive});
  }
  if (!options.self_drive && !Has<Person>(options.driver)) {
    AddDriver(options.driver, options.car);
  }
}

void BoardBuilder::AddTask(Call* call, TaskKind kind) {
  Task task = New<Task>(NextId(call, 't'));
  task.kind = kind;
  task.call = call->id;
  task.raise_time = now_;
  Put(std::move(task));
}

void BoardBuilder::Triage(Call* call, const CallOptions& options) {
  const Policy& policy = board_.center().policy;
  call->triage_time = call->review_time = call->receive_time + absl::Minutes(1);
  call->triaged_by = PersonId("op-mori");
  call->disposition = Disposition::kVisit;
  call->urgency = options.urgency;
  absl::Duration target = policy.standard_target;
  if (options.urgency == Urgency::kUrgent) target = policy.urgent_target;
  if (options.urgency == Urgency::kRoutine) target = policy.routine_target;
  call->target_time = *call->triage_time + target;
}

void BoardBuilder::MakeOffer(Call* call, const CallOptions& options,
                             bool accepted) {
  AddCrewOf(options);
  Match match = New<Match>(NextId(call, 'm'));
  Offer offer = New<Offer>(NextId(call, 'o'));
  offer.calls = {call->id};
  offer.physician = PersonId(options.physician);
  offer.self_drive = options.self_drive;
  if (!options.self_drive) {
    offer.driver = PersonId(options.driver);
    offer.car = CarId(options.car);
  }
  offer.create_time = *call->triage_time + absl::Minutes(1);
  const Policy& policy = board_.center().policy;
  offer.ring_until_time =
      offer.create_time + (options.urgency == Urgency::kUrgent
                               ? policy.urgent_offer_timeout
                               : policy.offer_timeout);
  // Pending offers are still ringing.
  if (!accepted && offer.ring_until_time <= now_) {
    offer.ring_until_time += now_ - offer.create_time;
    offer.create_time = now_;
  }
  offer.estimate.fetch_duration = absl::Minutes(options.self_drive ? 0 : 5);
  offer.estimate.drive_duration = absl::Minutes(10);
  offer.estimate.drive_distance_meters = 4000;
  offer.estimate.arrive_time = offer.create_time +
                               offer.estimate.fetch_duration +
                               offer.estimate.drive_duration;
  offer.estimate.finish_time =
      offer.estimate.arrive_time + policy.visit_duration;
  offer.state = accepted ? OfferState::kAccepted : OfferState::kPending;
  offer.match = match.id;
  if (accepted) {
    offer.physician_answer = Answer::kAccepted;
    if (!options.self_drive) offer.driver_answer = Answer::kAccepted;
  }

  match.call = call->id;
  match.create_time = offer.create_time;
  match.matched = true;
  match.travel_times = "builder";
  Candidate chosen;
  chosen.physician = offer.physician;
  chosen.driver = offer.driver;
  chosen.car = offer.car;
  chosen.self_drive = offer.self_drive;
  chosen.verdict = Verdict::kChosen;
  chosen.arrive_time = offer.estimate.arrive_time;
  match.candidates = {std::move(chosen)};
  call->match = match.id;
  call->offer = offer.id;
  Put(std::move(match));
  Put(std::move(offer));
}

void BoardBuilder::Assign(Call* call, const CallOptions& options) {
  MakeOffer(call, options, /*accepted=*/true);
  const Offer offer = *board_.Find<Offer>(call->offer);
  Assignment assignment = New<Assignment>(NextId(call, 'a'));
  assignment.offer = offer.id;
  assignment.calls = offer.calls;
  assignment.physician = offer.physician;
  assignment.driver = offer.driver;
  assignment.car = offer.car;
  assignment.self_drive = offer.self_drive;
  assignment.state = AssignmentState::kAccepted;
  assignment.accept_time = offer.create_time + absl::Seconds(30);
  assignment.estimate = offer.estimate;
  assignment.estimate_time = offer.create_time;
  Visit visit = New<Visit>(NextId(call, 'v'));
  visit.call = call->id;
  visit.assignment = assignment.id;
  visit.patient = call->patient;
  visit.physician = offer.physician;
  visit.driver = offer.driver;
  visit.car = offer.car;
  const Duty* duty = board_.Find<Duty>(offer.physician);
  if (duty != nullptr) {
    visit.organization = duty->organization;
    const Organization* clinic = board_.Find<Organization>(duty->organization);
    if (clinic != nullptr && clinic->position.has_value() &&
        call->place.position.has_value()) {
      visit.distance_from_clinic_meters =
          DistanceMeters(*clinic->position, *call->place.position);
    }
  }
  call->offer = OfferId();
  call->assignment = assignment.id;
  call->visit = visit.id;
  for (const PersonId& person : {offer.physician, offer.driver}) {
    if (board_.Find<Duty>(person) == nullptr) continue;
    Change<Duty>(person.value(), [](Duty& duty) { ++duty.visits; });
  }
  Put(std::move(assignment));
  Put(std::move(visit));
}

void BoardBuilder::Depart(const Call& call) {
  const Stamp stamp{
      board_.Find<Assignment>(call.assignment)->accept_time + absl::Minutes(1),
      std::nullopt};
  Change<Assignment>(call.assignment.value(), [&](Assignment& assignment) {
    assignment.state = AssignmentState::kEnRoute;
    assignment.depart = stamp;
  });
  Change<Visit>(call.visit.value(), [&](Visit& v) { v.depart = stamp; });
}

void BoardBuilder::Arrive(const Call& call) {
  const absl::Time depart_time =
      board_.Find<Assignment>(call.assignment)->depart->server_time;
  const Stamp stamp{depart_time + absl::Minutes(2), std::nullopt};
  Change<Assignment>(call.assignment.value(), [&](Assignment& assignment) {
    assignment.state = AssignmentState::kOnScene;
    assignment.arrive = stamp;
    if (!assignment.self_drive) {
      assignment.pick_up = Stamp{depart_time + absl::Minutes(1), std::nullopt};
    }
  });
  Change<Visit>(call.visit.value(), [&](Visit& v) { v.arrive = stamp; });
}

void BoardBuilder::Leave(const Call& call) {
  const absl::Time arrive_time =
      board_.Find<Assignment>(call.assignment)->arrive->server_time;
  const Stamp leave{arrive_time + absl::Minutes(3), std::nullopt};
  Change<Assignment>(call.assignment.value(), [&](Assignment& assignment) {
    assignment.state = AssignmentState::kFinished;
    assignment.leave = leave;
  });
  Change<Visit>(call.visit.value(), [&](Visit& visit) {
    visit.treatment_start = Stamp{arrive_time, std::nullopt};
    visit.treatment_end = Stamp{arrive_time + absl::Minutes(2), std::nullopt};
    visit.treatment_duration = absl::Minutes(2);
    visit.fee_band = FeeBand::kEvening;
    visit.leave = leave;
  });
  if (!call.patient.empty()) {
    Change<Patient>(call.patient.value(), [&](Patient& patient) {
      patient.seen_by.push_back(
          board_.Find<Assignment>(call.assignment)->physician);
    });
  }
}

void BoardBuilder::SignNote(Call* call) {
  const Visit visit = *board_.Find<Visit>(call->visit);
  Note note = New<Note>(NextId(call, 'n'));
  note.call = call->id;
  note.visit = visit.id;
  note.patient = call->patient;
  note.author = visit.physician;
  note.state = NoteState::kSigned;
  NoteVersion version;
  version.number = 1;
  version.text.findings = PrivateText("38.2 ℃、呼吸音清");
  version.text.advice = PrivateText("水分をこまめに");
  version.signed_by = visit.physician;
  version.sign_time = visit.leave->server_time;
  note.versions = {std::move(version)};
  call->note = note.id;
  int number = 0;
  for (const CareTeamMember& member : call->care_team) {
    Delivery delivery =
        New<Delivery>(absl::StrCat(note.id.value(), "--d1-", ++number));
    delivery.note = note.id;
    delivery.note_version = 1;
    delivery.call = call->id;
    delivery.patient = call->patient;
    delivery.member = member;
    delivery.state = DeliveryState::kAwaitingReceipt;
    // Monday 23 is a holiday; tests that ask for the rule have their own.
    delivery.due_time = At("2026-11-24 08:30");
    Put(std::move(delivery));
  }
  Put(std::move(note));
}

void BoardBuilder::Close(Call* call) {
  for (const DeliveryId& id : board_.DeliveriesOf(call->note)) {
    Change<Delivery>(id.value(), [&](Delivery& delivery) {
      delivery.state = DeliveryState::kReceived;
      delivery.receipt = Receipt{now_, PersonId(), {}, {}};
    });
  }
  const Assignment assignment = *board_.Find<Assignment>(call->assignment);
  Change<Assignment>(assignment.id.value(), [&](Assignment& trip) {
    trip.physician_hours = Confirmation{now_, trip.physician};
    if (!trip.driver.empty()) {
      trip.driver_hours = Confirmation{now_, trip.driver};
    }
  });
  call->requester_informed = Confirmation{now_, call->requester};
  call->outcome = Outcome::kVisited;
  call->close_time = now_;
}

void BoardBuilder::Bring(Call* call, CallState state,
                         const CallOptions& options) {
  call->state = state;
  if (state == CallState::kReceived) return;
  Triage(call, options);
  switch (state) {
    case CallState::kTriaged:
      call->disposition = Disposition::kAdvice;
      call->target_time = std::nullopt;
      return;
    case CallState::kScheduled:
      call->schedule = Window{now_ + absl::Hours(3), now_ + absl::Hours(4)};
      call->target_time = call->schedule->end_time;
      return;
    case CallState::kMatching:
      return;
    case CallState::kOffered:
      MakeOffer(call, options, /*accepted=*/false);
      return;
    case CallState::kAccepted:
    case CallState::kEnRoute:
    case CallState::kOnScene:
    case CallState::kDepartedScene:
    case CallState::kNoteSent:
    case CallState::kClosed:
      break;
    case CallState::kUnspecified:
    case CallState::kReceived:
    case CallState::kOnHold:
    case CallState::kEmergency119:
    case CallState::kNotFound:
    case CallState::kMerged:
    case CallState::kCancelled:
      ADD_FAILURE() << "no way leads to " << state;
      return;
  }
  Assign(call, options);
  if (state == CallState::kAccepted) return;
  Depart(*call);
  if (state == CallState::kEnRoute) return;
  Arrive(*call);
  if (state == CallState::kOnScene) return;
  Leave(*call);
  if (state == CallState::kDepartedScene) return;
  SignNote(call);
  if (state == CallState::kNoteSent) return;
  Close(call);
}

BoardBuilder& BoardBuilder::AddCallInState(CallState state,
                                           const std::string& id,
                                           CallOptions options) {
  if (!Has<Patient>(options.patient)) AddPatient(options.patient);
  const Patient& patient = Get<Patient>(options.patient);
  Call call = New<Call>(id);
  call.requester = PersonId("nurse-ito");
  call.requester_organization = OrganizationId("station-asahi");
  call.patient = patient.id;
  call.place = patient.place;
  call.complaint = PrivateText("発熱");
  call.onset = PrivateText("夕方から");
  call.judgement = PrivateText("水分が取れず、今夜の診察が必要");
  call.attendant = PrivateText("妻");
  call.callback_phone = PrivateText("042-000-0200");
  call.required_skills = options.required_skills;
  call.care_team = patient.care_team;
  call.receive_time = options.receive_time.value_or(now_ - absl::Minutes(10));

  switch (state) {
    case CallState::kOnHold:
      Bring(&call, options.resume_state, options);
      call.resume_state = options.resume_state;
      call.state = state;
      call.hold_reason = PrivateText("家族の到着を待つ");
      break;
    case CallState::kEmergency119:
      Bring(&call, options.resume_state, options);
      call.resume_state = options.resume_state;
      call.state = state;
      call.emergency = Emergency();
      call.emergency->raise_time = now_;
      call.emergency->raised_by = call.requester;
      AddTask(&call, TaskKind::kEmergency119);
      break;
    case CallState::kNotFound:
      Bring(&call, CallState::kOnScene, options);
      call.resume_state = CallState::kOnScene;
      call.state = state;
      call.not_found_due_time =
          now_ + board_.center().policy.not_found_step_timeout;
      Change<Visit>(call.visit.value(),
                    [](Visit& visit) { visit.patient_found = false; });
      break;
    case CallState::kMerged:
      if (!Has<Call>(options.merged_into)) {
        AddCallInState(CallState::kMatching, options.merged_into,
                       {.patient = options.patient});
      }
      Bring(&call, options.resume_state, options);
      call.resume_state = options.resume_state;
      call.state = state;
      call.merged_into = CallId(options.merged_into);
      call.outcome = Outcome::kMerged;
      call.close_time = now_;
      call.closed_by = PersonId("op-mori");
      break;
    case CallState::kCancelled:
      Bring(&call, CallState::kMatching, options);
      call.state = state;
      call.outcome = Outcome::kCancelled;
      call.outcome_reason = PrivateText("解熱した");
      call.close_time = now_;
      call.closed_by = PersonId("op-mori");
      break;
    case CallState::kUnspecified:
    case CallState::kReceived:
    case CallState::kTriaged:
    case CallState::kScheduled:
    case CallState::kMatching:
    case CallState::kOffered:
    case CallState::kAccepted:
    case CallState::kEnRoute:
    case CallState::kOnScene:
    case CallState::kDepartedScene:
    case CallState::kNoteSent:
    case CallState::kClosed:
      Bring(&call, state, options);
      break;
  }
  return Put(std::move(call));
}

}  // namespace housecall::core::testing

#include "tests/benchmarks/world.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/log.h"
#include "dispatcher/core/command.h"
#include "dispatcher/server/password.h"
#include "dispatcher/store/sqlite_store.h"

namespace housecall::benchmarks {
namespace {

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "benchmark: %s\n", what.c_str());
  std::exit(1);
}

}  // namespace

World::World(WorldOptions options) : options_(options) {
  SetLogSink([](LogLevel, absl::string_view) {});
  std::string pattern =
      (std::filesystem::temp_directory_path() / "housecall-bench-XXXXXX")
          .string();
  if (mkdtemp(pattern.data()) == nullptr) Fail("cannot make a folder");
  folder_ = pattern;
  auto store = store::OpenSqliteStore(folder_ + "/bench.db");
  if (!store.ok()) Fail(store.status().ToString());
  store_ = *std::move(store);
  engine::Options engine_options;
  engine_options.plans = options_.plans;
  engine_ = std::make_unique<engine::Engine>(store_.get(), &clock_,
                                             options_.travel_times != nullptr
                                                 ? options_.travel_times
                                                 : &straight_line_,
                                             engine_options);
  if (absl::Status status = engine_->Start(); !status.ok()) {
    Fail(status.ToString());
  }

  core::Center center;
  center.id = core::CenterId("bench");
  center.display_name = "ベンチ";
  center.position = options_.position;
  center.last_resort_contacts = {
      {PrivateText("nobody"), PrivateText("000-0000")}};
  // A night of a benchmark is short: nobody is to be reminded of anything.
  center.policy.urgent_offer_timeout = absl::Minutes(30);
  center.policy.offer_timeout = absl::Minutes(30);
  Do(core::Create<core::Center>{center});
  core::Organization clinic;
  clinic.id = core::OrganizationId("clinic");
  clinic.kind = core::OrganizationKind::kClinic;
  clinic.display_name = "clinic";
  clinic.position = options_.position;
  Do(core::Create<core::Organization>{clinic});

  AddPerson("operator", core::Role::kOperator, 0);
  operator_session_ = LogIn(core::PersonId("operator"), core::Role::kOperator);
  AddPerson("nurse", core::Role::kRequester, 0);
  requester_session_ = LogIn(core::PersonId("nurse"), core::Role::kRequester);
  for (int i = 0; i < options_.physicians; ++i) {
    const std::string id = absl::StrCat("physician-", i);
    AddPerson(id, core::Role::kPhysician, i);
    physician_sessions_.push_back(
        LogIn(core::PersonId(id), core::Role::kPhysician));
  }
  for (int i = 0; i < options_.drivers; ++i) {
    core::Car car;
    car.id = core::CarId(absl::StrCat("car-", i));
    car.display_name = car.id.value();
    car.plate = car.id.value();
    car.organization = clinic.id;
    Do(core::Create<core::Car>{car});
    AddPerson(absl::StrCat("driver-", i), core::Role::kDriver, i);
  }
  for (int i = 0; i < options_.patients; ++i) {
    core::Patient patient;
    patient.id = core::PatientId(absl::StrCat("patient-", i));
    patient.display_name = PrivateText("invented");
    patient.place.address = PrivateText("invented");
    patient.place.position = Place(i * 7 + 3);
    patient.primary_clinic = clinic.id;
    patient.care_team = {{core::CareRole::kPrimaryClinic,
                          clinic.id,
                          {},
                          {core::ChannelKind::kInbox}}};
    Do(core::Create<core::Patient>{patient});
  }

  auto server =
      server::Server::Start(engine_.get(), {.listen_address = "127.0.0.1:0",
                                            .tls_certificate_file = "",
                                            .tls_key_file = "",
                                            .tls_client_authority_file = ""});
  if (!server.ok()) Fail(server.status().ToString());
  server_ = *std::move(server);
}

World::~World() {
  server_->Shutdown(absl::Seconds(1));
  engine_->Stop();
  server_.reset();
  engine_.reset();
  store_.reset();
  std::filesystem::remove_all(folder_);
}

void World::Do(core::Command command) {
  engine::Submission submission;
  submission.actor = core::SystemActor();
  submission.command = std::move(command);
  const absl::Status status =
      engine_->SubmitAndWait(core::CenterId("bench"), std::move(submission))
          .status();
  if (!status.ok()) Fail(status.ToString());
}

core::LatLng World::Place(int index) const {
  // The sunflower's spiral: evenly spread over a disc, the same each time.
  const double angle = 2.399963 * index;
  const double radius =
      options_.radius_degrees * std::sqrt((index % 100 + 0.5) / 100);
  return {options_.position.latitude + radius * std::sin(angle),
          options_.position.longitude + radius * std::cos(angle)};
}

void World::AddPerson(const std::string& id, core::Role role, int index) {
  const absl::Time now = clock_.Now();
  core::Person person;
  person.id = core::PersonId(id);
  person.organization = core::OrganizationId("clinic");
  person.display_name = id;
  person.skills = {core::Skill::kGeneral};
  person.employments = {{person.organization, now - absl::Hours(24), {}}};
  Do(core::Create<core::Person>{person});
  if (role == core::Role::kRequester) return;
  core::Shift shift;
  shift.id = core::ShiftId(absl::StrCat("shift-", id));
  shift.person = person.id;
  shift.role = role;
  shift.start_time = now - absl::Hours(1);
  shift.end_time = now + absl::Hours(12);
  shift.organization = person.organization;
  shift.base_position = Place(index);
  if (role == core::Role::kDriver) {
    shift.car = core::CarId(absl::StrCat("car-", index));
  }
  Do(core::Create<core::Shift>{shift});
  core::GoOnDuty duty;
  duty.person = person.id;
  duty.role = role;
  duty.car = shift.car;
  if (role != core::Role::kOperator) Do(duty);
}

std::string World::LogIn(const core::PersonId& person, core::Role role) {
  // Sessions are opened directly: argon2 is not what is measured.
  core::SaveAccount account;
  account.account = core::AccountId(person.value());
  account.person = person;
  account.roles = {role};
  account.password_hash = PrivateText("none");
  account.create = true;
  Do(account);
  const auto token = server::MakeToken(core::CenterId("bench"));
  if (!token.ok()) Fail(token.status().ToString());
  Do(core::OpenSession{token->session, account.account, account.password_hash});
  return absl::StrCat("Bearer ", token->text.Reveal());
}

std::shared_ptr<grpc::Channel> World::Connect() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                   grpc::InsecureChannelCredentials(),
                                   arguments);
}

std::string World::PatientName(int i) const {
  return absl::StrCat("centers/bench/patients/patient-", i);
}

absl::Duration Quantile(std::vector<absl::Duration> values, double q) {
  if (values.empty()) return absl::ZeroDuration();
  std::sort(values.begin(), values.end());
  const size_t index =
      static_cast<size_t>(q * static_cast<double>(values.size() - 1) + 0.5);
  return values[index];
}

}  // namespace housecall::benchmarks

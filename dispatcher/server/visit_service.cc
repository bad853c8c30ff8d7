#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/refusal.h"
#include "dispatcher/core/rota.h"
#include "dispatcher/engine/trips.h"
#include "dispatcher/server/duty_view.h"
#include "dispatcher/server/filters.h"
#include "dispatcher/server/services.h"
#include "housecall/v1/visit_service.grpc.pb.h"

namespace housecall::server {
namespace {

// A command about a person is about the caller where it names nobody.
template <typename Command>
absl::Status FillPerson(const Caller& caller, Command* command) {
  if (command->person.empty()) command->person = caller.actor.person;
  return absl::OkStatus();
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* out) {
  const int64_t seconds = absl::ToInt64Seconds(duration);
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(duration - absl::Seconds(seconds))));
}

constexpr int kHeartbeatTicks = 15;

// A stream of DutyViews: whole ones, whenever one differs from the last. Each
// replaces the one before, so that a slow phone skips some: one is under way,
// the newest waits.
class DutyWatcher final : public Watcher {
 public:
  using Writer = StreamWriter<v1::DutyView>;

  DutyWatcher(const Desk* desk, ByteBudget* budget, std::string authorization,
              Writer* writer)
      : desk_(desk),
        budget_(budget),
        authorization_(std::move(authorization)),
        writer_(writer) {
    writer_->set_next([this] {
      MutexLock lock(mutex_);
      return std::exchange(waiting_, nullptr);
    });
  }

  void Begin(BoardFeed* feed) override {
    feed_ = feed;
    Send(true);
  }
  void Tell() override { Send(false); }
  void Recheck() override {
    const absl::StatusOr<Caller> caller = Authenticate();
    if (!caller.ok()) writer_->EndWith(caller.status());
  }
  void Tick() override {
    writer_->Tick();
    // A duty that the rota says begins by the clock.
    if (feed_ != nullptr) Send(++ticks_ >= kHeartbeatTicks);
  }
  void End(absl::Status status) override {
    writer_->EndWith(std::move(status));
    feed_ = nullptr;
    MutexLock lock(mutex_);
    waiting_ = nullptr;
  }
  bool is_lost() const override { return false; }
  int ticks_behind() const override {
    MutexLock lock(mutex_);
    return waiting_ == nullptr ? 0 : writer_->ticks_busy();
  }

 private:
  absl::StatusOr<Caller> Authenticate() const {
    return AuthenticateToken(desk_->engine(), authorization_);
  }

  void Send(bool anyway) {
    const absl::StatusOr<Caller> caller = Authenticate();
    if (!caller.ok()) return writer_->EndWith(caller.status());
    const absl::Time now = desk_->engine().clock().Now();
    v1::DutyView view = MakeDutyView(*feed_->board(), caller->center,
                                     caller->actor, caller->actor.person, now);
    // What changes without meaning anything to him.
    std::string content = view.SerializeAsString();
    if (!anyway && content == content_) return;
    const size_t bytes = content.size();
    content_ = std::move(content);
    view.set_sequence(feed_->sequence());
    SetTimestamp(now, view.mutable_server_time());
    ticks_ = 0;
    {
      MutexLock lock(mutex_);
      waiting_ = std::make_shared<const Parcel<v1::DutyView>>(std::move(view),
                                                              bytes, budget_);
    }
    writer_->Nudge();
  }

  const Desk* const desk_;
  ByteBudget* const budget_;
  const std::string authorization_;
  Writer* const writer_;
  // The hub's thread only.
  BoardFeed* feed_ = nullptr;
  // Of the last view.
  std::string content_;
  int ticks_ = 0;

  mutable Mutex mutex_;
  std::shared_ptr<const Parcel<v1::DutyView>> waiting_
      HOUSECALL_GUARDED_BY(mutex_);
};

class VisitService final : public v1::VisitService::CallbackService {
 public:
  VisitService(const Desk* desk, WatchHub* hub) : desk_(desk), hub_(hub) {}

  grpc::ServerUnaryReactor* GoOnDuty(grpc::CallbackServerContext* context,
                                     const v1::GoOnDutyRequest* request,
                                     v1::Duty* response) override {
    return desk_->Mutate<core::GoOnDuty>(context, "GoOnDuty", request, response,
                                         FillPerson<core::GoOnDuty>);
  }
  grpc::ServerUnaryReactor* GoOffDuty(grpc::CallbackServerContext* context,
                                      const v1::GoOffDutyRequest* request,
                                      v1::Duty* response) override {
    return desk_->Mutate<core::GoOffDuty>(
        context, "GoOffDuty", request, response, FillPerson<core::GoOffDuty>);
  }
  grpc::ServerUnaryReactor* ReportPosition(
      grpc::CallbackServerContext* context,
      const v1::ReportPositionRequest* request,
      v1::Position* response) override {
    return desk_->Mutate<core::ReportPosition>(
        context, "ReportPosition", request, response,
        FillPerson<core::ReportPosition>);
  }
  grpc::ServerUnaryReactor* GetDuty(grpc::CallbackServerContext* context,
                                    const v1::GetDutyRequest* request,
                                    v1::DutyView* response) override {
    return desk_->Read(
        context, "GetDuty", request, response,
        [&](const Caller& caller) -> absl::Status {
          ASSIGN_OR_RETURN(
              const std::string person,
              FilterId<core::PersonId>(caller, request->person(), "person"));
          const absl::Time now = desk_->engine().clock().Now();
          *response = MakeDutyView(
              *caller.board, caller.center, caller.actor,
              person.empty() ? caller.actor.person : core::PersonId(person),
              now);
          SetTimestamp(now, response->mutable_server_time());
          return absl::OkStatus();
        });
  }
  grpc::ServerWriteReactor<v1::DutyView>* WatchDuty(
      grpc::CallbackServerContext* context,
      const v1::WatchDutyRequest* request) override {
    const absl::StatusOr<Caller> caller = desk_->Authenticate(*context);
    absl::Status status;
    if (caller.ok()) {
      status = FilterId<core::PersonId>(*caller, request->person(), "person")
                   .status();
    }
    return OpenStream<v1::DutyView, DutyWatcher>(desk_, hub_, context,
                                                 "WatchDuty", *request, status);
  }

  grpc::ServerUnaryReactor* AcceptOffer(grpc::CallbackServerContext* context,
                                        const v1::AcceptOfferRequest* request,
                                        v1::Offer* response) override {
    return desk_->Mutate<core::AcceptOffer>(context, "AcceptOffer", request,
                                            response,
                                            FillPerson<core::AcceptOffer>);
  }
  grpc::ServerUnaryReactor* DeclineOffer(grpc::CallbackServerContext* context,
                                         const v1::DeclineOfferRequest* request,
                                         v1::Offer* response) override {
    return desk_->Mutate<core::DeclineOffer>(context, "DeclineOffer", request,
                                             response,
                                             FillPerson<core::DeclineOffer>);
  }

  grpc::ServerUnaryReactor* StartDrive(grpc::CallbackServerContext* context,
                                       const v1::StartDriveRequest* request,
                                       v1::Assignment* response) override {
    return Advance(context, "StartDrive", core::Step::kDepart, request,
                   response);
  }
  grpc::ServerUnaryReactor* PickUpPhysician(
      grpc::CallbackServerContext* context,
      const v1::PickUpPhysicianRequest* request,
      v1::Assignment* response) override {
    return Advance(context, "PickUpPhysician", core::Step::kPickUp, request,
                   response);
  }
  grpc::ServerUnaryReactor* Arrive(grpc::CallbackServerContext* context,
                                   const v1::ArriveRequest* request,
                                   v1::Assignment* response) override {
    return Advance(context, "Arrive", core::Step::kArrive, request, response);
  }
  grpc::ServerUnaryReactor* StartTreatment(
      grpc::CallbackServerContext* context,
      const v1::StartTreatmentRequest* request,
      v1::Assignment* response) override {
    return Advance(context, "StartTreatment", core::Step::kStartTreatment,
                   request, response);
  }
  grpc::ServerUnaryReactor* EndTreatment(grpc::CallbackServerContext* context,
                                         const v1::EndTreatmentRequest* request,
                                         v1::Assignment* response) override {
    return Advance(context, "EndTreatment", core::Step::kEndTreatment, request,
                   response);
  }
  grpc::ServerUnaryReactor* LeaveScene(grpc::CallbackServerContext* context,
                                       const v1::LeaveSceneRequest* request,
                                       v1::Assignment* response) override {
    return Advance(context, "LeaveScene", core::Step::kLeave, request,
                   response);
  }

  grpc::ServerUnaryReactor* RecordVisit(grpc::CallbackServerContext* context,
                                        const v1::RecordVisitRequest* request,
                                        v1::Call* response) override {
    return desk_->Mutate<core::RecordVisit>(context, "RecordVisit", request,
                                            response);
  }
  grpc::ServerUnaryReactor* ReportNotFound(
      grpc::CallbackServerContext* context,
      const v1::ReportNotFoundRequest* request, v1::Call* response) override {
    return desk_->Mutate<core::ReportNotFound>(context, "ReportNotFound",
                                               request, response);
  }
  grpc::ServerUnaryReactor* RecordNotFoundStep(
      grpc::CallbackServerContext* context,
      const v1::RecordNotFoundStepRequest* request,
      v1::Call* response) override {
    return desk_->Mutate<core::RecordNotFoundStep>(
        context, "RecordNotFoundStep", request, response);
  }
  grpc::ServerUnaryReactor* ReportFound(grpc::CallbackServerContext* context,
                                        const v1::ReportFoundRequest* request,
                                        v1::Call* response) override {
    return desk_->Mutate<core::ReportFound>(context, "ReportFound", request,
                                            response);
  }
  grpc::ServerUnaryReactor* ReportBreakdown(
      grpc::CallbackServerContext* context,
      const v1::ReportBreakdownRequest* request, v1::Car* response) override {
    return desk_->Mutate<core::ReportBreakdown>(context, "ReportBreakdown",
                                                request, response);
  }
  grpc::ServerUnaryReactor* ReportDriverMissing(
      grpc::CallbackServerContext* context,
      const v1::ReportDriverMissingRequest* request,
      v1::Assignment* response) override {
    return desk_->Mutate<core::ReportDriverMissing>(
        context, "ReportDriverMissing", request, response);
  }
  grpc::ServerUnaryReactor* ConfirmHours(grpc::CallbackServerContext* context,
                                         const v1::ConfirmHoursRequest* request,
                                         v1::Assignment* response) override {
    return desk_->Mutate<core::ConfirmHours>(context, "ConfirmHours", request,
                                             response,
                                             FillPerson<core::ConfirmHours>);
  }

  grpc::ServerUnaryReactor* GetVisit(grpc::CallbackServerContext* context,
                                     const v1::GetVisitRequest* request,
                                     v1::Visit* response) override {
    return desk_->Get(context, "GetVisit", request, response);
  }
  grpc::ServerUnaryReactor* GetAssignment(
      grpc::CallbackServerContext* context,
      const v1::GetAssignmentRequest* request,
      v1::Assignment* response) override {
    return desk_->Get(context, "GetAssignment", request, response);
  }
  grpc::ServerUnaryReactor* ListVisits(
      grpc::CallbackServerContext* context,
      const v1::ListVisitsRequest* request,
      v1::ListVisitsResponse* response) override {
    return desk_->Read(
        context, "ListVisits", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          ASSIGN_OR_RETURN(
              const std::string call,
              FilterId<core::CallId>(caller, request->call(), "call"));
          ASSIGN_OR_RETURN(
              const std::string person,
              FilterId<core::PersonId>(caller, request->person(), "person"));
          const unsigned reach = ReachOf("ListVisits", caller.actor);
          const auto start = [](const core::Visit& visit) {
            return visit.depart.has_value() ? visit.depart->moment()
                                            : absl::InfiniteFuture();
          };
          return ListRecords<core::Visit>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Visit& visit) {
                return (call.empty() || visit.call.value() == call) &&
                       (person.empty() || visit.physician.value() == person ||
                        visit.driver.value() == person) &&
                       MayBeShown(reach, visit, caller.actor, *caller.board);
              },
              [&](const core::Visit& a, const core::Visit& b) {
                return start(a) < start(b);
              },
              response->mutable_visits(), response->mutable_next_page_token());
        });
  }

  grpc::ServerUnaryReactor* GetRoute(grpc::CallbackServerContext* context,
                                     const v1::GetRouteRequest* request,
                                     v1::Route* response) override {
    return desk_->ReadSlowly(context, "GetRoute", request, response,
                             [this, request, response](const Caller& caller) {
                               return FindRoute(caller, *request, response);
                             });
  }

 private:
  template <typename Request>
  grpc::ServerUnaryReactor* Advance(grpc::CallbackServerContext* context,
                                    absl::string_view rpc, core::Step step,
                                    const Request* request,
                                    v1::Assignment* response) const {
    return desk_->Mutate<core::AdvanceVisit>(
        context, rpc, request, response,
        [step](const Caller&, core::AdvanceVisit* command) {
          command->step = step;
          return absl::OkStatus();
        });
  }

  // From the traveler's last position, past a physician who is still to be
  // fetched, to the call.
  absl::Status FindRoute(const Caller& caller,
                         const v1::GetRouteRequest& request,
                         v1::Route* response) const {
    const core::Board& board = *caller.board;
    ASSIGN_OR_RETURN(
        const std::string id,
        ParseResourceName(caller.center, core::AssignmentId::kCollection,
                          request.assignment(), "assignment"));
    ASSIGN_OR_RETURN(std::string call_id,
                     FilterId<core::CallId>(caller, request.call(), "call"));
    const core::AssignmentId assignment_id(id);
    const auto* assignment = board.Find<core::Assignment>(assignment_id);
    if (assignment == nullptr) return NoSuch<core::Assignment>(assignment_id);
    // Who does not go there any more has no business with the address.
    if (!core::IsRunning(assignment->state)) {
      return core::Refuse(core::RefusalReason::kTripOver,
                          "assignment: is over; there is nowhere to go");
    }
    if (call_id.empty()) call_id = assignment->calls.front().value();
    if (!Contains(assignment->calls, core::CallId(call_id))) {
      return absl::InvalidArgumentError(
          "call: is not one of this assignment's");
    }
    const auto* call = board.Find<core::Call>(core::CallId(call_id));
    if (call == nullptr || !call->place.position.has_value()) {
      return core::Refuse(
          core::RefusalReason::kNoCallPosition,
          "the position of the call is not known; correct its place");
    }
    // An operator sees the way of who drives.
    const bool is_crew = caller.actor.person == assignment->physician ||
                         caller.actor.person == assignment->driver;
    const core::PersonId traveler = is_crew ? caller.actor.person
                                    : assignment->driver.empty()
                                        ? assignment->physician
                                        : assignment->driver;
    const auto* position = board.Find<core::Position>(traveler);
    if (position == nullptr) {
      return core::Refuse(
          core::RefusalReason::kNoCrewPosition,
          is_crew ? "your own position is not known; report it first"
                  : "the position of the crew is not known yet");
    }
    std::vector<router::LatLng> places = {
        {position->position.latitude, position->position.longitude}};
    const bool fetches = traveler == assignment->driver &&
                         !assignment->pick_up.has_value() &&
                         !assignment->arrive.has_value();
    if (fetches) {
      for (const engine::Trip& trip : engine::RunningTrips(board)) {
        if (trip.assignment == assignment_id && trip.places.size() == 3) {
          places.push_back({trip.places[1].latitude, trip.places[1].longitude});
        }
      }
    }
    places.push_back(
        {call->place.position->latitude, call->place.position->longitude});
    // Of one state of the roads, whatever happens on them meanwhile.
    const std::unique_ptr<const router::TravelTimeSource> roads =
        desk_->engine().RoadsOf(board);
    absl::Duration duration;
    double distance_meters = 0;
    for (size_t i = 0; i + 1 < places.size(); ++i) {
      const absl::StatusOr<router::Route> leg =
          roads->FindRoute(places[i], places[i + 1]);
      if (!leg.ok()) {
        return core::Refuse(core::RefusalReason::kUnreachable,
                            leg.status().message());
      }
      duration += leg->duration;
      distance_meters += leg->distance_meters;
      for (const router::LatLng& point : leg->points) {
        v1::LatLng* out = response->add_points();
        out->set_latitude(point.latitude_degrees);
        out->set_longitude(point.longitude_degrees);
      }
      for (const router::RouteStep& step : leg->steps) {
        v1::RouteStep* out = response->add_steps();
        out->set_road_name(step.road_name);
        SetDuration(step.duration, out->mutable_duration());
        out->set_distance_meters(step.distance_meters);
      }
      if (i + 2 < places.size() && !leg->steps.empty()) {
        response->mutable_steps()->rbegin()->set_ends_at_pick_up(true);
      }
    }
    SetDuration(duration, response->mutable_duration());
    response->set_distance_meters(distance_meters);
    SetTimestamp(position->receive_time, response->mutable_position_time());
    response->set_travel_times(roads->description());
    return absl::OkStatus();
  }

  const Desk* const desk_;
  WatchHub* const hub_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeVisitService(const Desk* desk,
                                                WatchHub* hub) {
  return std::make_unique<VisitService>(desk, hub);
}

}  // namespace housecall::server

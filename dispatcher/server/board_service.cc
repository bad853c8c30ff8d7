#include <utility>
#include <variant>

#include "absl/strings/numbers.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/server/filters.h"
#include "dispatcher/server/presence.h"
#include "dispatcher/server/services.h"
#include "housecall/v1/board_service.grpc.pb.h"

namespace housecall::server {
namespace {

constexpr int kHeartbeatTicks = 15;

absl::Status ParseRequest(const grpc::ByteBuffer& bytes,
                          v1::WatchBoardRequest* request) {
  // Which is taken apart.
  grpc::ByteBuffer copy = bytes;
  const bool read =
      grpc::SerializationTraits<v1::WatchBoardRequest>::Deserialize(&copy,
                                                                    request)
          .ok();
  return read ? absl::OkStatus()
              : absl::InvalidArgumentError(kUnreadableRequest);
}

class BoardWatcher final : public Watcher {
 public:
  using Writer = StreamWriter<grpc::ByteBuffer>;

  BoardWatcher(const Desk* desk, ByteBudget* /*budget*/,
               std::string authorization, Writer* writer)
      : desk_(desk),
        authorization_(std::move(authorization)),
        writer_(writer) {}

  void set_only(core::CallId only) { only_ = std::move(only); }
  void set_point(ResumePoint point) { point_ = std::move(point); }

  void Begin(BoardFeed* feed) override {
    const absl::StatusOr<Caller> caller = Authenticate();
    if (!caller.ok()) return writer_->EndWith(caller.status());
    actor_ = caller->actor;
    reader_ = feed->Join({actor_, only_}, point_, desk_->engine());
    writer_->set_next([this] { return reader_->Next(); });
    writer_->Nudge();
  }

  void Tell() override { writer_->Nudge(); }

  void Recheck() override {
    const absl::StatusOr<Caller> caller = Authenticate();
    if (!caller.ok()) {
      writer_->EndWith(caller.status());
    } else if (caller->actor != actor_ ||
               (reader_ != nullptr &&
                !reader_->Fits({actor_, only_}, *caller->board))) {
      // He sees other things now.
      writer_->EndWith(absl::UnavailableError(
          "what you may see has changed; resume with the last token"));
    }
  }

  void Tick() override {
    writer_->Tick();
    if (reader_ == nullptr) return;
    const int64_t taken = reader_->taken();
    if (taken != taken_) ticks_ = 0;
    taken_ = taken;
    if (++ticks_ < kHeartbeatTicks) return;
    reader_->WantHeartbeat();
    writer_->Nudge();
  }

  void End(absl::Status status) override {
    writer_->EndWith(std::move(status));
    if (reader_ != nullptr) reader_->Leave();
  }

  bool is_lost() const override {
    return reader_ != nullptr && reader_->is_lost();
  }
  int ticks_behind() const override {
    return reader_ != nullptr && reader_->is_behind() ? writer_->ticks_busy()
                                                      : 0;
  }

 private:
  absl::StatusOr<Caller> Authenticate() const {
    return AuthenticateToken(desk_->engine(), authorization_);
  }

  const Desk* const desk_;
  const std::string authorization_;
  Writer* const writer_;
  core::CallId only_;
  ResumePoint point_;
  core::Actor actor_;
  std::unique_ptr<BoardFeed::Reader> reader_;
  // As of the last tick.
  int64_t taken_ = 0;
  int ticks_ = 0;
};

// WatchBoard takes and gives bytes: what many watch is written once.
using Base = v1::BoardService::WithRawCallbackMethod_WatchBoard<
    v1::BoardService::WithCallbackMethod_ListEvents<
        v1::BoardService::WithCallbackMethod_ShowPresence<
            v1::BoardService::Service>>>;

class BoardService final : public Base {
 public:
  BoardService(const Desk* desk, WatchHub* hub) : desk_(desk), hub_(hub) {}

  using Base::WatchBoard;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchBoard(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* bytes) override {
    v1::WatchBoardRequest request;
    ResumePoint point;
    core::CallId only;
    absl::Status status = ParseRequest(*bytes, &request);
    const absl::StatusOr<Caller> caller = desk_->Authenticate(*context);
    if (status.ok() && caller.ok()) {
      status = CheckParent(*caller, request.parent());
      if (status.ok()) {
        absl::StatusOr<ResumePoint> parsed =
            ParseResumeToken(caller->center, request.resume_token());
        status = parsed.status();
        if (status.ok()) point = *std::move(parsed);
      }
      if (status.ok()) {
        absl::StatusOr<std::string> call =
            FilterId<core::CallId>(*caller, request.call(), "call");
        status = call.status();
        if (status.ok()) only = core::CallId(*call);
      }
    }
    return OpenStream<grpc::ByteBuffer, BoardWatcher>(
        desk_, hub_, context, "WatchBoard", request, status,
        [&only, &point](BoardWatcher& watcher) {
          watcher.set_only(std::move(only));
          watcher.set_point(std::move(point));
        });
  }

  grpc::ServerUnaryReactor* ShowPresence(
      grpc::CallbackServerContext* context,
      const v1::ShowPresenceRequest* request,
      v1::ShowPresenceResponse* response) override {
    return desk_->Read(
        context, "ShowPresence", request, response,
        [=, this](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          RETURN_IF_ERROR(CheckScreen(request->screen()));
          ASSIGN_OR_RETURN(
              const std::string call,
              FilterId<core::CallId>(caller, request->call(), "call"));
          const std::vector<PresenceBook::Presence> others = presences_.Show(
              caller.center, caller.session, request->screen(),
              {caller.actor.person, core::CallId(call), request->working()},
              desk_->engine().clock().Now());
          for (const PresenceBook::Presence& each : others) {
            v1::Presence* out = response->add_presences();
            out->set_person(ResourceName(caller.center, each.person));
            out->set_call(ResourceName(caller.center, each.call));
            out->set_working(each.working);
            SetTimestamp(each.since, out->mutable_since());
          }
          return absl::OkStatus();
        });
  }

  grpc::ServerUnaryReactor* ListEvents(
      grpc::CallbackServerContext* context,
      const v1::ListEventsRequest* request,
      v1::ListEventsResponse* response) override {
    return desk_->ReadSlowly(context, "ListEvents", request, response,
                             [this, request, response](const Caller& caller) {
                               return List(caller, *request, response);
                             });
  }

 private:
  // The journal is read from where the call was received on; the page token is
  // a sequence.
  absl::Status List(const Caller& caller, const v1::ListEventsRequest& request,
                    v1::ListEventsResponse* response) const {
    RETURN_IF_ERROR(CheckParent(caller, request.parent()));
    ASSIGN_OR_RETURN(const std::string call,
                     FilterId<core::CallId>(caller, request.call(), "call"));
    if (request.page_size() < 0) {
      return absl::InvalidArgumentError("page_size: must not be negative");
    }
    int64_t after = 0;
    if (!request.page_token().empty() &&
        (!absl::SimpleAtoi(request.page_token(), &after) || after < 0)) {
      return absl::InvalidArgumentError(
          "page_token: is not one that this server gave");
    }
    const int size =
        request.page_size() == 0 ? 50 : std::min(request.page_size(), 1000);
    const absl::StatusOr<std::vector<store::JournalEntry>> read =
        desk_->engine().store().ReadCallJournal(
            caller.center, core::CallId(call), after, size + 1);
    if (!read.ok()) return FromStore(read.status());
    const std::vector<store::JournalEntry>& entries = *read;
    size_t bytes = 0;
    for (const store::JournalEntry& entry : entries) {
      if (response->events_size() == size || bytes >= kMaxPageBytes) {
        response->set_next_page_token(absl::StrCat(after));
        break;
      }
      after = entry.sequence;
      v1::Event event;
      if (WriteEvent(entry, caller.center, caller.actor, "ListEvents",
                     core::CallId(call), *caller.board, &event)) {
        bytes += event.ByteSizeLong();
        *response->add_events() = std::move(event);
      }
    }
    return absl::OkStatus();
  }

  const Desk* const desk_;
  WatchHub* const hub_;
  PresenceBook presences_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeBoardService(const Desk* desk,
                                                WatchHub* hub) {
  return std::make_unique<BoardService>(desk, hub);
}

}  // namespace housecall::server

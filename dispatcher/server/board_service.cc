#include <utility>
#include <variant>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/server/filters.h"
#include "dispatcher/server/presence.h"
#include "dispatcher/server/services.h"
#include "housecall/v1/board_service.grpc.pb.h"

namespace housecall::server {
namespace {

constexpr int kChunkResources = 200;
// Clients take messages of 4 MiB unless they are told otherwise.
constexpr size_t kChunkBytes = 1 << 20;
constexpr int kHeartbeatTicks = 15;

// The field of a Resource that holds this kind of record, or nothing for
// accounts and sessions.
template <typename R>
constexpr bool kIsWatched =
    !std::is_same_v<R, core::Account> && !std::is_same_v<R, core::Session>;

auto* Mutable(const core::Call&, v1::Resource* r) { return r->mutable_call(); }
auto* Mutable(const core::Offer&, v1::Resource* r) {
  return r->mutable_offer();
}
auto* Mutable(const core::Assignment&, v1::Resource* r) {
  return r->mutable_assignment();
}
auto* Mutable(const core::Visit&, v1::Resource* r) {
  return r->mutable_visit();
}
auto* Mutable(const core::Note&, v1::Resource* r) { return r->mutable_note(); }
auto* Mutable(const core::Delivery&, v1::Resource* r) {
  return r->mutable_delivery();
}
auto* Mutable(const core::Task&, v1::Resource* r) { return r->mutable_task(); }
auto* Mutable(const core::Match&, v1::Resource* r) {
  return r->mutable_match();
}
auto* Mutable(const core::Duty&, v1::Resource* r) { return r->mutable_duty(); }
auto* Mutable(const core::Position&, v1::Resource* r) {
  return r->mutable_position();
}
auto* Mutable(const core::Shift&, v1::Resource* r) {
  return r->mutable_shift();
}
auto* Mutable(const core::Override&, v1::Resource* r) {
  return r->mutable_override();
}
auto* Mutable(const core::Patient&, v1::Resource* r) {
  return r->mutable_patient();
}
auto* Mutable(const core::Person&, v1::Resource* r) {
  return r->mutable_person();
}
auto* Mutable(const core::Car&, v1::Resource* r) { return r->mutable_car(); }
auto* Mutable(const core::Organization&, v1::Resource* r) {
  return r->mutable_organization();
}
auto* Mutable(const core::Center&, v1::Resource* r) {
  return r->mutable_center();
}

// What belongs to one call, for a watcher of that call only.
template <typename R>
bool IsOfCall(const R& record, const core::CallId& call) {
  if constexpr (std::is_same_v<R, core::Call>) {
    return record.id == call;
  } else if constexpr (requires { record.call; }) {
    return record.call == call;
  } else if constexpr (requires { record.calls; }) {
    return Contains(record.calls, call);
  } else {
    return false;
  }
}

// Writes an event with those of its records that the caller may see under that
// RPC. False if there is nothing for him in it.
bool WriteEvent(const store::JournalEntry& entry, const Caller& caller,
                absl::string_view rpc, const core::CallId& only,
                const core::Board& board, v1::Event* out) {
  for (const core::Record& record : entry.event.records) {
    std::visit(
        [&](const auto& r) {
          using R = std::decay_t<decltype(r)>;
          if constexpr (kIsWatched<R>) {
            if (!only.empty() && !IsOfCall(r, only)) return;
            if (!MayBeShown(ReachOnStream<R>(rpc, caller.actor), r,
                            caller.actor, board)) {
              return;
            }
            WriteRecord(r, caller.center, caller.actor, board,
                        Mutable(r, out->add_resources()));
          }
        },
        record);
  }
  if (out->resources().empty()) return false;
  out->set_sequence(entry.sequence);
  out->set_kind(static_cast<v1::EventKind>(entry.event.kind));
  SetTimestamp(entry.event.time, out->mutable_event_time());
  out->set_call(ResourceName(caller.center, entry.event.call));
  out->set_actor_person(ResourceName(caller.center, entry.event.actor.person));
  out->set_actor_role(static_cast<v1::Role>(entry.event.actor.MainRole()));
  return true;
}

std::string ResumeToken(const core::CenterId& center, int64_t sequence) {
  return absl::StrCat(center.value(), ":", sequence);
}

absl::StatusOr<int64_t> ParseResumeToken(const core::CenterId& center,
                                         const std::string& token) {
  if (token.empty()) return -1;
  const std::vector<std::string> parts = absl::StrSplit(token, ':');
  int64_t sequence = 0;
  if (parts.size() != 2 || parts[0] != center.value() ||
      !absl::SimpleAtoi(parts[1], &sequence) || sequence < 0) {
    return absl::InvalidArgumentError(
        "resume_token: is not one that this center's server gave");
  }
  return sequence;
}

class BoardWatcher final : public Watcher {
 public:
  using Writer = StreamWriter<v1::BoardUpdate>;

  BoardWatcher(const Desk* desk, std::string authorization, Writer* writer)
      : desk_(desk),
        authorization_(std::move(authorization)),
        writer_(writer) {}

  void set_only(core::CallId only) { only_ = std::move(only); }

  void Begin(const engine::Subscription& subscription) override {
    const absl::StatusOr<Caller> caller = Recheck();
    if (!caller.ok()) return writer_->EndWith(caller.status());
    // More at once than the client may be behind would cut him off, again and
    // again: then the board itself is less.
    if (subscription.complete &&
        subscription.missed.size() <= writer_->max_queue() / 2) {
      for (const store::JournalEntry& entry : subscription.missed) {
        SendEvent(entry, *caller, *subscription.board);
      }
      sequence_ = subscription.sequence;
      SendPositions(*subscription.board, *caller);
      return;
    }
    SendSnapshot(*subscription.board, subscription.sequence, *caller);
  }

  void Tell(const engine::Commit& commit) override {
    const absl::StatusOr<Caller> caller = Recheck();
    if (!caller.ok()) return writer_->EndWith(caller.status());
    for (const store::JournalEntry& entry : commit.entries) {
      SendEvent(entry, *caller, *commit.board);
    }
    sequence_ = commit.sequence;
  }

  void Tick() override {
    writer_->Tick();
    const absl::StatusOr<Caller> caller = Recheck();
    if (!caller.ok()) return writer_->EndWith(caller.status());
    if (++ticks_ < kHeartbeatTicks || writer_->waiting() > 0) return;
    v1::BoardUpdate update;
    SetTimestamp(desk_->engine().clock().Now(),
                 update.mutable_heartbeat()->mutable_server_time());
    Push(std::move(update), caller->center);
  }

  void End() override {
    writer_->EndWith(absl::UnavailableError("the server is stopping"));
  }

 private:
  absl::StatusOr<Caller> Recheck() const {
    return AuthenticateToken(desk_->engine(), authorization_);
  }

  void Push(v1::BoardUpdate update, const core::CenterId& center) {
    ticks_ = 0;
    update.set_sequence(sequence_);
    update.set_resume_token(ResumeToken(center, sequence_));
    writer_->Push(std::move(update));
  }

  void SendEvent(const store::JournalEntry& entry, const Caller& caller,
                 const core::Board& board) {
    v1::BoardUpdate update;
    if (!WriteEvent(entry, caller, "WatchBoard", only_, board,
                    update.mutable_event())) {
      return;
    }
    sequence_ = entry.sequence;
    Push(std::move(update), caller.center);
  }

  // What was reported meanwhile is not among the missed entries: positions are
  // not journaled.
  void SendPositions(const core::Board& board, const Caller& caller) {
    store::JournalEntry entry;
    entry.sequence = sequence_;
    entry.event.kind = core::EventKind::kPositionReported;
    entry.event.time = desk_->engine().clock().Now();
    entry.event.actor = core::SystemActor();
    board.table<core::Position>().ForEach(
        [&](const auto&, const core::Position& position) {
          entry.event.records.push_back(position);
        });
    SendEvent(entry, caller, board);
  }

  void SendSnapshot(const core::Board& board, int64_t sequence,
                    const Caller& caller) {
    v1::BoardUpdate begin;
    begin.mutable_snapshot_begin();
    writer_->Push(std::move(begin));
    chunk_ = v1::BoardUpdate();
    // A snapshot is the present: calls that are over are in ListCalls.
    Add(board.center(), board, caller);
    AddTable<core::Organization>(board, caller);
    AddTable<core::Person>(board, caller);
    AddTable<core::Car>(board, caller);
    AddTable<core::Patient>(board, caller);
    AddTable<core::Shift>(board, caller);
    AddTable<core::Override>(board, caller);
    AddTable<core::Duty>(board, caller);
    AddTable<core::Position>(board, caller);
    AddTable<core::Call>(board, caller);
    AddTable<core::Offer>(board, caller);
    AddTable<core::Assignment>(board, caller);
    AddTable<core::Visit>(board, caller);
    AddTable<core::Match>(board, caller);
    AddTable<core::Note>(board, caller);
    AddTable<core::Delivery>(board, caller);
    AddTable<core::Task>(board, caller);
    FlushChunk();
    sequence_ = sequence;
    v1::BoardUpdate complete;
    SetTimestamp(desk_->engine().clock().Now(),
                 complete.mutable_snapshot_complete()->mutable_server_time());
    Push(std::move(complete), caller.center);
  }

  template <typename R>
  void AddTable(const core::Board& board, const Caller& caller) {
    board.table<R>().ForEach(
        [&](const auto&, const R& record) { Add(record, board, caller); });
  }

  template <typename R>
  void Add(const R& record, const core::Board& board, const Caller& caller) {
    if (!only_.empty() && !IsOfCall(record, only_)) return;
    if (!MayBeShown(ReachOnStream<R>("WatchBoard", caller.actor), record,
                    caller.actor, board)) {
      return;
    }
    v1::Resource* const resource =
        chunk_.mutable_snapshot_chunk()->add_resources();
    WriteRecord(record, caller.center, caller.actor, board,
                Mutable(record, resource));
    chunk_bytes_ += resource->ByteSizeLong();
    if (chunk_.snapshot_chunk().resources_size() == kChunkResources ||
        chunk_bytes_ >= kChunkBytes) {
      FlushChunk();
    }
  }

  void FlushChunk() {
    if (chunk_.has_snapshot_chunk()) writer_->Push(std::move(chunk_));
    chunk_ = v1::BoardUpdate();
    chunk_bytes_ = 0;
  }

  const Desk* const desk_;
  const std::string authorization_;
  Writer* const writer_;
  core::CallId only_;
  v1::BoardUpdate chunk_;
  size_t chunk_bytes_ = 0;
  int64_t sequence_ = 0;
  int ticks_ = 0;
};

class BoardService final : public v1::BoardService::CallbackService {
 public:
  BoardService(const Desk* desk, WatchHub* hub, size_t max_waiting)
      : desk_(desk), hub_(hub), max_waiting_(max_waiting) {}

  grpc::ServerWriteReactor<v1::BoardUpdate>* WatchBoard(
      grpc::CallbackServerContext* context,
      const v1::WatchBoardRequest* request) override {
    int64_t after = -1;
    core::CallId only;
    const absl::StatusOr<Caller> caller = desk_->Authenticate(*context);
    absl::Status status;
    if (caller.ok()) {
      status = CheckParent(*caller, request->parent());
      if (status.ok()) {
        absl::StatusOr<int64_t> parsed =
            ParseResumeToken(caller->center, request->resume_token());
        status = parsed.status();
        if (status.ok()) after = *parsed;
      }
      if (status.ok()) {
        absl::StatusOr<std::string> call =
            FilterId<core::CallId>(*caller, request->call(), "call");
        status = call.status();
        if (status.ok()) only = core::CallId(*call);
      }
    }
    return OpenStream<v1::BoardUpdate, BoardWatcher>(
        desk_, hub_, context, "WatchBoard", *request, max_waiting_, after,
        status,
        [&only](BoardWatcher& watcher) { watcher.set_only(std::move(only)); });
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
    ASSIGN_OR_RETURN(const std::vector<store::JournalEntry> entries,
                     desk_->engine().store().ReadCallJournal(
                         caller.center, core::CallId(call), after, size + 1));
    size_t bytes = 0;
    for (const store::JournalEntry& entry : entries) {
      if (response->events_size() == size || bytes >= kMaxPageBytes) {
        response->set_next_page_token(absl::StrCat(after));
        break;
      }
      after = entry.sequence;
      v1::Event event;
      if (WriteEvent(entry, caller, "ListEvents", core::CallId(call),
                     *caller.board, &event)) {
        bytes += event.ByteSizeLong();
        *response->add_events() = std::move(event);
      }
    }
    return absl::OkStatus();
  }

  const Desk* const desk_;
  WatchHub* const hub_;
  const size_t max_waiting_;
  PresenceBook presences_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeBoardService(const Desk* desk, WatchHub* hub,
                                                size_t max_waiting) {
  return std::make_unique<BoardService>(desk, hub, max_waiting);
}

}  // namespace housecall::server

#include "dispatcher/server/board_feed.h"

#include <algorithm>
#include <functional>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "dispatcher/base/fields.h"
#include "dispatcher/server/access.h"
#include "dispatcher/server/convert.h"
#include "dispatcher/server/filters.h"
#include "dispatcher/server/password.h"
#include "dispatcher/server/resources.h"

namespace housecall::server {
namespace {

constexpr int kChunkResources = 200;
// What a client that does not read holds here is one message.
constexpr size_t kChunkBytes = 64 << 10;
// A view that nobody has is kept for those who come back.
constexpr int kKeepViewTicks = 60;
// A snapshot, for those who come at the same time.
constexpr int kKeepSnapshotTicks = 5;

// Accounts and sessions are nobody's to watch.
template <typename R>
constexpr bool kIsWatched =
    !std::is_same_v<R, core::Account> && !std::is_same_v<R, core::Session>;

// The field of a Resource that holds this kind of record.
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

template <typename T>
size_t RoughBytesOf(const T& value) {
  size_t bytes = sizeof(T);
  if constexpr (HasFields<T>) {
    VisitFields(value, [&bytes](const char*, const auto& field) {
      bytes += RoughBytesOf(field) - sizeof(field);
    });
  } else if constexpr (IsOptional<T>) {
    if (value.has_value()) bytes += RoughBytesOf(*value) - sizeof(*value);
  } else if constexpr (IsVector<T>) {
    for (const auto& item : value) bytes += RoughBytesOf(item);
  } else if constexpr (IsId<T>) {
    bytes += value.value().size();
  } else if constexpr (IsSensitive<T>) {
    bytes += value.Reveal().size();
  } else if constexpr (std::is_same_v<T, std::string>) {
    bytes += value.size();
  }
  return bytes;
}

// Those who reach everything of every kind that they reach at all see the same,
// whoever they are.
bool SeesAllOrNothing(const core::Actor& actor) {
  if (!IsOfficeStaff(actor)) return false;
  bool all = true;
  [&]<typename... R>(const std::variant<R...>*) {
    const auto look = [&]<typename S>(const S*) {
      if constexpr (kIsWatched<S>) {
        const unsigned reach = ReachOnStream<S>("WatchBoard", actor);
        all = all && (reach == kNothing || (reach & kAll) != 0);
      }
    };
    (look(static_cast<const R*>(nullptr)), ...);
  }(static_cast<const core::Record*>(nullptr));
  return all && (ReachOf("GetPerson", actor) & kAll) != 0;
}

// Whether a note may be this person's, whose draft nobody else sees: with this
// account or another.
bool MayWriteNotes(const core::PersonId& person, const core::Board& board) {
  bool writes = false;
  board.table<core::Account>().ForEach(
      [&](const auto&, const core::Account& account) {
        writes = writes || (account.person == person &&
                            Contains(account.roles, core::Role::kPhysician));
      });
  board.table<core::Note>().ForEach([&](const auto&, const core::Note& note) {
    writes = writes || note.author == person;
  });
  return writes;
}

// Whether others with these roles see the same.
bool IsShared(const Sight& sight, const core::Board& board) {
  return SeesAllOrNothing(sight.actor) &&
         !MayWriteNotes(sight.actor.person, board);
}

// Two sights with the same key see the same.
std::string KeyOf(const Sight& sight, const core::Board& board) {
  std::vector<int> roles;
  for (const core::Role role : sight.actor.roles) {
    roles.push_back(static_cast<int>(role));
  }
  std::sort(roles.begin(), roles.end());
  std::string key = absl::StrCat("/", sight.only.value());
  for (const int role : roles) absl::StrAppend(&key, "/", role);
  if (!IsShared(sight, board)) {
    absl::StrAppend(&key, "/", sight.actor.organization.value(), "/",
                    sight.actor.person.value());
  }
  return key;
}

// Writes what may be seen of a board in chunks.
class SnapshotWriter {
 public:
  SnapshotWriter(const core::CenterId& center, const Sight& sight,
                 const core::Board& board,
                 std::function<void(v1::BoardUpdate)> write)
      : center_(center),
        sight_(sight),
        board_(board),
        write_(std::move(write)) {}

  // A snapshot is the present: calls that are over are in ListCalls.
  void WriteBoard() {
    Add(board_.center());
    AddTable<core::Organization>();
    AddTable<core::Person>();
    AddTable<core::Car>();
    AddTable<core::Patient>();
    AddTable<core::Shift>();
    AddTable<core::Override>();
    AddTable<core::Duty>();
    AddTable<core::Position>();
    AddTable<core::Call>();
    AddTable<core::Offer>();
    AddTable<core::Assignment>();
    AddTable<core::Visit>();
    AddTable<core::Match>();
    AddTable<core::Note>();
    AddTable<core::Delivery>();
    AddTable<core::Task>();
    Flush();
  }

 private:
  template <typename R>
  void AddTable() {
    board_.table<R>().ForEach(
        [&](const auto&, const R& record) { Add(record); });
  }

  template <typename R>
  void Add(const R& record) {
    if (!sight_.only.empty() && !IsOfCall(record, sight_.only)) return;
    if (!MayBeShown(ReachOnStream<R>("WatchBoard", sight_.actor), record,
                    sight_.actor, board_)) {
      return;
    }
    v1::Resource* const resource =
        chunk_.mutable_snapshot_chunk()->add_resources();
    WriteRecord(record, center_, sight_.actor, board_,
                Mutable(record, resource));
    bytes_ += resource->ByteSizeLong();
    if (chunk_.snapshot_chunk().resources_size() == kChunkResources ||
        bytes_ >= kChunkBytes) {
      Flush();
    }
  }

  void Flush() {
    if (chunk_.has_snapshot_chunk()) write_(std::move(chunk_));
    chunk_ = v1::BoardUpdate();
    bytes_ = 0;
  }

  const core::CenterId& center_;
  const Sight& sight_;
  const core::Board& board_;
  const std::function<void(v1::BoardUpdate)> write_;
  v1::BoardUpdate chunk_;
  size_t bytes_ = 0;
};

}  // namespace

std::string SightMark(const Sight& sight, const core::Board& board) {
  return Sha256Hex(KeyOf(sight, board)).substr(0, 12);
}

absl::StatusOr<ResumePoint> ParseResumeToken(const core::CenterId& center,
                                             absl::string_view token) {
  ResumePoint point;
  if (token.empty()) return point;
  const std::vector<std::string> parts = absl::StrSplit(token, ':');
  if (parts.size() < 2 || parts.size() > 4 || parts[0] != center.value() ||
      !absl::SimpleAtoi(parts.back(), &point.sequence) || point.sequence < 0) {
    return absl::InvalidArgumentError(
        "resume_token: is not one that this center's server gave");
  }
  if (parts.size() == 4) {
    point.epoch = parts[1];
    point.sight = parts[2];
  }
  return point;
}

bool WriteEvent(const store::JournalEntry& entry, const core::CenterId& center,
                const core::Actor& actor, absl::string_view rpc,
                const core::CallId& only, const core::Board& board,
                v1::Event* out) {
  for (const core::Record& record : entry.event.records) {
    std::visit(
        [&](const auto& r) {
          using R = std::decay_t<decltype(r)>;
          if constexpr (kIsWatched<R>) {
            if (!only.empty() && !IsOfCall(r, only)) return;
            if (!MayBeShown(ReachOnStream<R>(rpc, actor), r, actor, board)) {
              return;
            }
            WriteRecord(r, center, actor, board,
                        Mutable(r, out->add_resources()));
          }
        },
        record);
  }
  if (out->resources().empty()) return false;
  out->set_sequence(entry.sequence);
  out->set_kind(static_cast<v1::EventKind>(entry.event.kind));
  SetTimestamp(entry.event.time, out->mutable_event_time());
  out->set_call(ResourceName(center, entry.event.call));
  out->set_actor_person(ResourceName(center, entry.event.actor.person));
  out->set_actor_role(static_cast<v1::Role>(entry.event.actor.MainRole()));
  return true;
}

size_t RoughBytes(const store::JournalEntry& entry) {
  size_t bytes = sizeof(entry);
  for (const core::Record& record : entry.event.records) {
    std::visit([&bytes](const auto& r) { bytes += RoughBytesOf(r); }, record);
  }
  return bytes;
}

// What those who see the same share.
struct BoardFeed::View {
  std::string key;
  // SightMark.
  std::string mark;
  // Of nobody in particular, if many may share it: what becomes of the first of
  // them later shows the others nothing.
  Sight sight;
  bool shows_moves = false;
  // What happened, oldest first; the first one is the `first`-th of the view.
  std::deque<std::shared_ptr<const Update>> events;
  // The sequence after each of them.
  std::deque<int64_t> sequences;
  int64_t first = 0;
  size_t bytes = 0;
  // Everything after this sequence that may be seen is in `events`.
  int64_t floor = 0;
  std::set<Reader*> readers;
  // Of the board as it was before the `snapshot_next`-th event.
  std::shared_ptr<const Opening> snapshot;
  int64_t snapshot_next = 0;
  int64_t snapshot_moves = 0;
  int snapshot_ticks = 0;
  // Who has moved, by since when, for readers who have every event.
  std::map<int64_t, std::shared_ptr<const Update>> moves;
  int ticks_without_readers = 0;

  int64_t end() const { return first + static_cast<int64_t>(events.size()); }
};

BoardFeed::BoardFeed(core::CenterId center, std::string epoch,
                     const Limits& limits, ByteBudget* budget,
                     const Clock* clock)
    : center_(std::move(center)),
      epoch_(std::move(epoch)),
      limits_(limits),
      budget_(budget),
      clock_(clock) {}

BoardFeed::~BoardFeed() = default;

std::string BoardFeed::ResumeToken(const View& view, int64_t sequence) const {
  return absl::StrCat(center_.value(), ":", epoch_, ":", view.mark, ":",
                      sequence);
}

std::shared_ptr<const BoardFeed::Update> BoardFeed::Pack(
    const v1::BoardUpdate& update) const {
  const std::string bytes = update.SerializeAsString();
  const grpc::Slice slice(bytes);
  return std::make_shared<const Update>(grpc::ByteBuffer(&slice, 1),
                                        bytes.size(), budget_);
}

std::shared_ptr<const BoardFeed::Update> BoardFeed::PackEvent(
    const View& view, const store::JournalEntry& entry,
    const core::Board& board) const {
  v1::BoardUpdate update;
  if (!WriteEvent(entry, center_, view.sight.actor, "WatchBoard",
                  view.sight.only, board, update.mutable_event())) {
    return nullptr;
  }
  update.set_sequence(entry.sequence);
  update.set_resume_token(ResumeToken(view, entry.sequence));
  return Pack(update);
}

BoardFeed::Opening BoardFeed::MakeSnapshot(const View& view) const {
  Opening snapshot;
  v1::BoardUpdate begin;
  begin.mutable_snapshot_begin();
  snapshot.push_back(Pack(begin));
  SnapshotWriter writer(
      center_, view.sight, *board_,
      [&](v1::BoardUpdate chunk) { snapshot.push_back(Pack(chunk)); });
  writer.WriteBoard();
  v1::BoardUpdate complete;
  SetTimestamp(clock_->Now(),
               complete.mutable_snapshot_complete()->mutable_server_time());
  complete.set_sequence(sequence_);
  complete.set_resume_token(ResumeToken(view, sequence_));
  snapshot.push_back(Pack(complete));
  return snapshot;
}

void BoardFeed::Reset(engine::BoardPtr board, int64_t sequence) {
  MutexLock lock(mutex_);
  board_ = std::move(board);
  sequence_ = sequence;
  // Whoever has begun before has missed something; nobody goes on with these.
  views_.clear();
  moves_.clear();
}

void BoardFeed::Append(const engine::Commit& commit) {
  // Converted without the mutex: readers go on meanwhile.
  struct Made {
    View* view;
    std::shared_ptr<const Update> update;
    int64_t sequence;
  };
  std::vector<Made> made;
  for (const store::JournalEntry& entry : commit.entries) {
    if (!core::IsJournaled(entry.event.kind)) {
      for (const core::Record& record : entry.event.records) {
        if (const auto* position = std::get_if<core::Position>(&record)) {
          moves_.insert(position->id);
        }
      }
      continue;
    }
    for (const auto& [key, view] : views_) {
      std::shared_ptr<const Update> update =
          PackEvent(*view, entry, *commit.board);
      if (update != nullptr) {
        made.push_back({view.get(), std::move(update), entry.sequence});
      }
    }
  }
  MutexLock lock(mutex_);
  board_ = commit.board;
  sequence_ = commit.sequence;
  for (Made& one : made) {
    View& view = *one.view;
    view.bytes += one.update->bytes();
    view.events.push_back(std::move(one.update));
    view.sequences.push_back(one.sequence);
    // They are told after the events, and with the newest token.
    view.moves.clear();
    while (view.events.size() > limits_.messages ||
           view.bytes > limits_.bytes) {
      PopFront(view);
    }
  }
}

void BoardFeed::TellMoves() {
  MutexLock lock(mutex_);
  ++told_moves_;
  for (const core::PersonId& person : moves_) moved_[person] = told_moves_;
  moves_.clear();
  for (const auto& [key, view] : views_) view->moves.clear();
}

std::shared_ptr<BoardFeed::View> BoardFeed::ViewFor(const Sight& sight) {
  const std::string key = KeyOf(sight, *board_);
  const auto found = views_.find(key);
  if (found != views_.end()) return found->second;
  auto view = std::make_shared<View>();
  view->key = key;
  view->mark = SightMark(sight, *board_);
  view->sight = sight;
  if (IsShared(sight, *board_)) {
    view->sight.actor = core::Actor();
    view->sight.actor.roles = sight.actor.roles;
  }
  view->shows_moves =
      sight.only.empty() &&
      (ReachOnStream<core::Position>("WatchBoard", sight.actor) & kAll) != 0;
  view->floor = sequence_;
  MutexLock lock(mutex_);
  views_[key] = view;
  return view;
}

std::unique_ptr<BoardFeed::Reader> BoardFeed::Join(
    const Sight& sight, const ResumePoint& point,
    const engine::Engine& engine) {
  const std::shared_ptr<View> view = ViewFor(sight);
  const int64_t after =
      point.epoch == epoch_ && point.sight == view->mark ? point.sequence : -1;
  // Not make_unique: the constructor is private.
  std::unique_ptr<Reader> reader(new Reader(this, view));
  if (after >= 0 && after <= sequence_) {
    {
      MutexLock lock(mutex_);
      if (after >= view->floor) {
        // The view has everything.
        reader->next_ =
            view->first + (std::upper_bound(view->sequences.begin(),
                                            view->sequences.end(), after) -
                           view->sequences.begin());
        reader->moves_ = -1;
        view->readers.insert(reader.get());
        return reader;
      }
    }
    // More at once than a reader may be behind would cut him off, again and
    // again: then the board itself is less.
    const absl::StatusOr<engine::Subscription> look =
        engine.Look(center_, after, limits_.messages / 2);
    if (look.ok() && look->complete) {
      auto missed = std::make_shared<Opening>();
      size_t bytes = 0;
      for (const store::JournalEntry& entry : look->missed) {
        // The rest is still to come here.
        if (entry.sequence > sequence_ || bytes > limits_.bytes / 2) break;
        std::shared_ptr<const Update> update = PackEvent(*view, entry, *board_);
        if (update == nullptr) continue;
        bytes += update->bytes();
        missed->push_back(std::move(update));
      }
      if (bytes <= limits_.bytes / 2) {
        MutexLock lock(mutex_);
        reader->opening_ = std::move(missed);
        reader->next_ = view->end();
        // Positions are not among the entries.
        reader->moves_ = -1;
        view->readers.insert(reader.get());
        return reader;
      }
    }
  }
  bool is_there = false;
  {
    MutexLock lock(mutex_);
    is_there = view->snapshot != nullptr && view->snapshot_next >= view->first;
  }
  std::shared_ptr<const Opening> snapshot;
  if (!is_there) {
    snapshot = std::make_shared<const Opening>(MakeSnapshot(*view));
  }
  MutexLock lock(mutex_);
  if (snapshot != nullptr) {
    view->snapshot = std::move(snapshot);
    view->snapshot_next = view->end();
    view->snapshot_moves = told_moves_;
    view->snapshot_ticks = 0;
  }
  reader->opening_ = view->snapshot;
  reader->next_ = view->snapshot_next;
  reader->moves_ = view->snapshot_moves;
  view->readers.insert(reader.get());
  return reader;
}

void BoardFeed::PopFront(View& view) {
  view.bytes -= view.events.front()->bytes();
  view.floor = view.sequences.front();
  view.events.pop_front();
  view.sequences.pop_front();
  ++view.first;
}

void BoardFeed::Trim(View& view, size_t keep_messages, size_t keep_bytes) {
  int64_t needed = view.end();
  for (const Reader* reader : view.readers) {
    needed = std::min(needed, reader->next_);
  }
  while (view.first < needed &&
         (view.events.size() > keep_messages || view.bytes > keep_bytes)) {
    PopFront(view);
  }
}

void BoardFeed::Trim() {
  MutexLock lock(mutex_);
  for (const auto& [key, view] : views_) {
    Trim(*view, limits_.messages / 2, limits_.bytes / 8);
  }
}

void BoardFeed::TrimAll() {
  MutexLock lock(mutex_);
  for (const auto& [key, view] : views_) {
    Trim(*view, 0, 0);
    view->snapshot = nullptr;
    view->moves.clear();
  }
}

void BoardFeed::Tick() {
  MutexLock lock(mutex_);
  for (auto it = views_.begin(); it != views_.end();) {
    View& view = *it->second;
    if (++view.snapshot_ticks >= kKeepSnapshotTicks) view.snapshot = nullptr;
    view.ticks_without_readers =
        view.readers.empty() ? view.ticks_without_readers + 1 : 0;
    it = view.ticks_without_readers >= kKeepViewTicks ? views_.erase(it)
                                                      : std::next(it);
  }
}

std::shared_ptr<const BoardFeed::Update> BoardFeed::MovesSince(View& view,
                                                               int64_t since) {
  const auto found = view.moves.find(since);
  if (found != view.moves.end()) return found->second;
  store::JournalEntry entry;
  entry.sequence = sequence_;
  entry.event.kind = core::EventKind::kPositionReported;
  entry.event.time = clock_->Now();
  entry.event.actor = core::SystemActor();
  // By pointer: the analysis does not know that the lambda runs while the mutex
  // is held.
  const auto* const all_moved = &moved_;
  board_->table<core::Position>().ForEach(
      [&](const core::PersonId& person, const core::Position& position) {
        const auto moved = all_moved->find(person);
        if (since < 0 || (moved != all_moved->end() && moved->second > since)) {
          entry.event.records.push_back(position);
        }
      });
  return view.moves[since] = PackEvent(view, entry, *board_);
}

std::shared_ptr<const BoardFeed::Update> BoardFeed::Next(Reader& reader) {
  MutexLock lock(mutex_);
  View& view = *reader.view_;
  std::shared_ptr<const Update> update;
  if (reader.left_ || reader.next_ < view.first) return nullptr;
  if (reader.opening_ != nullptr) {
    if (reader.opened_ < reader.opening_->size()) {
      update = (*reader.opening_)[reader.opened_++];
    }
    if (reader.opened_ == reader.opening_->size()) reader.opening_ = nullptr;
  }
  if (update == nullptr && reader.next_ < view.end()) {
    update = view.events[static_cast<size_t>(reader.next_++ - view.first)];
  }
  if (update == nullptr && view.shows_moves && reader.moves_ < told_moves_) {
    update = MovesSince(view, std::exchange(reader.moves_, told_moves_));
  }
  if (update == nullptr && reader.heartbeat_) {
    v1::BoardUpdate heartbeat;
    SetTimestamp(clock_->Now(),
                 heartbeat.mutable_heartbeat()->mutable_server_time());
    heartbeat.set_sequence(sequence_);
    heartbeat.set_resume_token(ResumeToken(view, sequence_));
    update = Pack(heartbeat);
  }
  if (update != nullptr) {
    reader.heartbeat_ = false;
    ++reader.taken_;
  }
  return update;
}

BoardFeed::Reader::Reader(BoardFeed* feed, std::shared_ptr<View> view)
    : feed_(feed), view_(std::move(view)) {}

BoardFeed::Reader::~Reader() {
  MutexLock lock(feed_->mutex_);
  view_->readers.erase(this);
}

bool BoardFeed::Reader::Fits(const Sight& sight,
                             const core::Board& board) const {
  return KeyOf(sight, board) == view_->key;
}

void BoardFeed::Reader::Leave() {
  MutexLock lock(feed_->mutex_);
  left_ = true;
  opening_ = nullptr;
  view_->readers.erase(this);
}

bool BoardFeed::Reader::is_lost() const {
  MutexLock lock(feed_->mutex_);
  return !left_ && next_ < view_->first;
}

bool BoardFeed::Reader::is_behind() const {
  MutexLock lock(feed_->mutex_);
  if (left_) return false;
  return opening_ != nullptr || next_ < view_->end();
}

void BoardFeed::Reader::WantHeartbeat() {
  MutexLock lock(feed_->mutex_);
  heartbeat_ = true;
}

int64_t BoardFeed::Reader::taken() const {
  MutexLock lock(feed_->mutex_);
  return taken_;
}

}  // namespace housecall::server

// The store as it truly is, and what must hold of everything that is written
// to it and of every answer that is given.
#ifndef HOUSECALL_TESTS_SIMULATION_TRUTH_H_
#define HOUSECALL_TESTS_SIMULATION_TRUTH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "dispatcher/core/decide.h"
#include "dispatcher/core/event.h"
#include "dispatcher/engine/center_writer.h"
#include "dispatcher/store/store.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/random.h"
#include "tests/simulation/story.h"

namespace housecall::simulation {

// Stands in every clinical text of a run. It must not be found where nothing
// clinical may be: log lines, tasks, envelopes, errors.
inline constexpr char kClinical[] = "PLANTED";

// What a client wants: it keeps the ids, and sends the same ones again.
struct Request {
  std::string id;
  std::string fingerprint;
  // Empty for a login, which is an OpenSession without a session.
  core::SessionId session;
  core::Actor actor;
  core::Command command;
  // For the story: "SubmitCall c3".
  std::string words;
  // A word that no other request has, in a text that the command adds to a
  // call; empty if it adds none.
  std::string token;
};

// What the store's machine has of the world.
struct Surroundings {
  // The virtual time, and how it passes.
  std::function<absl::Time()> now;
  std::function<void(absl::Duration)> sleep;
  // Whether a storm is on.
  std::function<bool()> storm;
};

// The center's one store beneath all nodes, with a check of every commit: in
// memory, or (Plan::on_disk) the real SQLite store over a disk that fails.
//
// In memory all of it happens at instants of virtual time. A disk takes its
// time; one caller after the other has it, so that what was written is checked
// before anybody sees it.
class Truth {
 public:
  // Begins with `board` as the first version.
  Truth(const Plan& plan, Surroundings surroundings, const core::Board& board,
        Story* story);
  ~Truth();

  const core::CenterId& center() const { return center_; }
  // What `ask` returns of the store, a Status or a StatusOr.
  template <typename Ask>
  auto Read(Ask&& ask) -> decltype(ask(std::declval<store::Store&>())) {
    MutexLock lock(gate_);
    if (absl::Status status = CheckUp(); !status.ok()) return status;
    auto result = ask(*store_);
    LookAtDisk();
    if (!result.ok()) return Nameless(ToStatus(result));
    return result;
  }
  // Store::Commit, and if it is done, every check of what was written.
  absl::Status Commit(const store::Batch& batch, int64_t expected_version,
                      absl::string_view who);
  // What went wrong with the disk.
  int64_t disk_faults() const;
  int64_t power_cuts() const;

  // The board now, made by applying the journal.
  const core::Board& board() const { return history_.back().board; }
  int64_t version() const { return history_.back().version; }
  int64_t sequence() const { return static_cast<int64_t>(journal_.size()); }
  // Entry `sequence`, from 1.
  const core::Event& entry(int64_t sequence) const {
    return journal_[static_cast<size_t>(sequence - 1)];
  }

  // --- Requests and answers -------------------------------------------------
  void WillSend(const Request& request);
  // Where history stands now: an answer may be right for any board from here
  // on.
  size_t Mark() const { return history_.size() - 1; }
  // A copy of the request has reached the node's process `who`.
  void Arrived(absl::string_view who, const Request& request);
  // The node `who`, whose clock is wrong by `skew`, answers a request that
  // reached it at `mark`, at `arrive_time`.
  void Answered(absl::string_view who, const Request& request, size_t mark,
                absl::Time arrive_time, absl::Duration skew,
                const absl::StatusOr<engine::Result>& result);

  // --- Sessions -------------------------------------------------------------
  // Somebody has typed the password of this hash, and is to get that session.
  void WillOpen(const core::SessionId& session, const PrivateText& typed);
  // A request was not let in by the node whose clock is wrong by `skew`.
  void TurnedAway(const Request& request, size_t mark, absl::Duration skew,
                  const absl::Status& refusal);

  // --- Pushes ---------------------------------------------------------------
  void PushBegan(const std::string& id, const std::string& address,
                 const std::string& body, absl::string_view who);
  // The receiver's system said that it has it, to whoever sent it.
  void ReceiverSaidYes(const core::DeliveryId& delivery);

  // A phone says at `device_time` that it is at `position`, which no other
  // report says.
  void WillReport(const core::LatLng& position, absl::Time device_time);

  // --- What is shown --------------------------------------------------------
  // `who` was shown that board as one after the entry of that sequence: that of
  // then, or of later while the journal cannot be read (Engine::Publish).
  void CheckBoard(absl::string_view who, const core::Board& shown,
                  int64_t sequence);

  // --- From time to time ----------------------------------------------------
  // To be asked while nothing has failed since `calm_since`: nothing that was
  // due more than `slack` ago may still be waiting, and the planner has said
  // something to every call that waits for a crew.
  void CheckNothingIsLate(absl::Duration slack, absl::Time calm_since);
  // The rows are what the journal makes of the first board, and what the store
  // loads.
  void CheckRows();
  // What was answered is there, once. At the end.
  void CheckAnswered();

  // Every call has ended, and every note was received.
  bool IsAllOver() const;
  // What is not, one line each.
  std::string WhatIsOpen() const;

  // Accepted requests and refusals whose answers were checked.
  int64_t accepted() const { return accepted_; }
  int64_t refused() const { return refused_; }
  int64_t commits() const { return commits_; }

  // That text has nothing clinical in it; `where` names it.
  void CheckText(absl::string_view where, absl::string_view text);

 private:
  struct Moment {
    core::Board board;
    int64_t version = 0;
    absl::Time time;
  };
  struct Written {
    size_t mark = 0;
    core::Subject subject;
    std::string who;
  };
  struct Known {
    Request request;
    std::optional<Written> written;
    // Somebody was told that it was accepted.
    bool answered = false;
    core::Subject answer;
    // By which its copies were sent.
    std::set<core::SessionId> sessions;
    // Copies that have reached a process and were not answered there, by
    // process; those of one that has crashed stay.
    std::map<std::string, int> under_way;
    // Processes that have left open whether it was done.
    std::set<std::string> left_open;
    // Somebody was told that it is refused, and no copy has come since.
    bool refused = false;
  };

  // A commit that failed in a way that leaves open whether it was done.
  struct Doubt {
    store::Batch batch;
    std::string who;
  };

  static absl::Status ToStatus(const absl::Status& status) { return status; }
  template <typename T>
  static absl::Status ToStatus(const absl::StatusOr<T>& result) {
    return result.status();
  }
  // The same without the name of the file, which is another one in each run.
  absl::Status Nameless(const absl::Status& status) const;
  // Unavailable while the store's machine is off.
  absl::Status CheckUp();
  // Opens the store on the disk.
  absl::Status Open();
  // After a power cut: turns the machine on, and looks at what is left.
  void LookAtDisk();
  // Finds out which of the commits in doubt was done.
  void Settle();
  void CheckRowsNow();

  void Took(const store::Batch& given, absl::string_view who);
  void CheckEvent(const core::Board& before, const core::Event& event);
  // By the planner, for another call.
  void CheckTakenBack(const core::Board& before, const core::Assignment& crew);
  void CheckNotEarly(const core::Board& before, const core::Event& event);
  void CheckTimeOf(const core::Event& event);
  void CheckPeople(const core::Board& board);
  void CheckClosed(const core::Board& board, const core::Call& call);
  // That the times of what was written on paper stay as they were written.
  void CheckPaper(const core::Call* before, const core::Call& call);
  void CheckPaperOf(const core::SubmitCall& submit, const std::string& words);
  void CheckMatching(const core::Call& call, absl::Time calm_since);
  // Whether the rules let somebody be sent there, also if he takes his time.
  // By the board of now and the rota of then.
  bool CanBeSent(const core::Call& call, absl::Time time) const;
  // Whoever did it was logged in.
  void CheckActor(const core::Board& before, const core::Event& event);
  // Whoever sent what this is the reply to was logged in.
  void CheckSender(const core::Board& before, const store::Reply& reply,
                   const Known& known);
  // What a request said that its sender had seen is what it was decided on.
  // `after`: the last entry of the reply before.
  void CheckSeen(const store::Batch& batch, const store::Reply& reply,
                 int64_t after, const Request& request);
  // What has changed who may log in has ended the account's sessions.
  void CheckRevoked(const core::Board& before, const store::Batch& batch);
  void CheckOutbox(const store::Batch& batch);
  void CheckPositions(const core::Board& before, const store::Batch& batch);
  void CheckAccepted(Known& known, const engine::Result& result);
  // That the answer's board shows the record as it was at some moment since it
  // was written.
  template <typename R, typename I>
  void CheckShown(const R*, const I& id, const Known& known,
                  const engine::Result& result);
  void CheckRefusal(const Request& request, size_t mark, absl::Time arrive_time,
                    absl::Duration skew, const absl::Status& refusal);
  int CountOf(const std::string& token) const;

  const Plan plan_;
  const Surroundings surroundings_;
  const std::function<absl::Time()> now_;
  Story* const story_;
  const core::CenterId center_;
  Mutex gate_;
  // Null in memory.
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<store::Store> store_;
  // Nothing fails and nothing takes time: outside the night, and while the
  // machine is turned on again.
  bool spared_ = true;
  Random random_;
  absl::Time off_until_ = absl::InfinitePast();
  std::vector<Doubt> doubts_;

  core::Board rows_;
  std::vector<Moment> history_;
  std::vector<core::Event> journal_;
  // Where in history_ each sequence was reached.
  std::vector<size_t> reached_ = {0};
  std::map<core::DeliveryId, core::OutboxMessage> outbox_;
  std::map<std::string, Known> requests_;
  std::map<core::SessionId, PrivateText> typed_;
  std::set<core::DeliveryId> said_yes_;
  // Deliveries being pushed now: by whom, since when.
  std::map<core::DeliveryId, std::pair<std::string, absl::Time>> pushes_;
  std::map<std::pair<double, double>, absl::Time> reported_;
  // A merge copies what was said to another call, each time.
  bool merged_ = false;
  int64_t accepted_ = 0;
  int64_t refused_ = 0;
  int64_t commits_ = 0;
};

}  // namespace housecall::simulation

#endif  // HOUSECALL_TESTS_SIMULATION_TRUTH_H_

// A night at a center with a daemon that is killed: the center, the people who
// use it at the same time, what each was promised, and whether it was kept.
#ifndef HOUSECALL_TESTS_CRASH_NIGHT_H_
#define HOUSECALL_TESTS_CRASH_NIGHT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/cli/webhook_receiver.h"
#include "dispatcher/base/mutex.h"
#include "grpcpp/grpcpp.h"
#include "tests/crash/daemon.h"

namespace housecall::crash {

// Stands in every name of a person or organization and in every clinical text
// of the night.
inline constexpr char kPlanted[] = "planted";

// What a client has sent, and what came of it.
struct Sent {
  // Stands once in the center's records if the request was done; empty for
  // requests that add no text.
  std::string token;
  bool answered = false;
  // Somebody was told that it is not done, for a reason that is not the
  // server's.
  bool refused = false;
};

// Thread-safe.
class Ledger {
 public:
  void WillSend(const std::string& request_id, const std::string& token);
  void Answered(const std::string& request_id);
  void Refused(const std::string& request_id);
  // An answer that nobody should get, such as "SubmitCall: INTERNAL: …".
  void AddFault(const std::string& fault);

  std::map<std::string, Sent> sent() const;
  std::vector<std::string> faults() const;
  int64_t answered() const;

 private:
  mutable Mutex mutex_;
  std::map<std::string, Sent> sent_ HOUSECALL_GUARDED_BY(mutex_);
  std::vector<std::string> faults_ HOUSECALL_GUARDED_BY(mutex_);
  int64_t answered_ HOUSECALL_GUARDED_BY(mutex_) = 0;
};

struct NightOptions {
  int nurses = 4;
  // Each drives himself.
  int physicians = 4;
  // Told of every answer, on the client's thread, if not null: the RPC, how
  // long it took, and what it was.
  std::function<void(const char* what, absl::Duration took,
                     const grpc::Status& status)>
      on_answer;
};

// Makes the center in `folder`, runs its people from StartPeople to StopPeople,
// and checks at the end. The daemon is the test's to start and kill.
class Night {
 public:
  Night(const std::string& program, const std::string& folder,
        NightOptions options);
  ~Night() { StopPeople(); }

  Daemon& daemon() { return *daemon_; }
  Surroundings& surroundings() { return surroundings_; }
  Ledger& ledger() { return ledger_; }
  const std::string& database() const { return database_; }
  // The value of the "authorization" header: of "operator", "nurse-0",
  // "physician-0" and so on.
  const std::string& session(const std::string& person) const {
    return sessions_.at(person);
  }

  void StartPeople();
  // Until each has his last answer or gives up; the daemon must not run for
  // long any more.
  void StopPeople();

  // One try to list the calls that are open, as the operator.
  grpc::Status TryToRead();
  // One try to submit a call, as a nurse: for a patient whom nobody knows, if
  // `wrong`, with a text that is too long, if `giant`.
  grpc::Status TryToSubmit(bool wrong = false, bool giant = false);

  // Waits until somebody has had `count` more answers, `most` at most.
  bool WaitForAnswers(int64_t count, absl::Duration most) const;
  // Lets everything that waits be pushed: leases run out as the clock is
  // stepped. False if something is still on its way after `most`.
  bool WaitForDeliveries(absl::Duration most);

  // With the daemon stopped. One line for each promise that was broken; empty
  // if all were kept.
  std::vector<std::string> Check();
  // What was checked, in words.
  std::string Summary() const { return summary_; }

 private:
  struct Person;

  void MakeCenter();
  void Nurse(int number);
  void Operator();
  void Physician(int number);
  // Sends the same request until there is an answer that is not "try again".
  // False if there is none, or a refusal.
  template <typename Service, typename Request, typename Response>
  bool Ask(const std::string& session, const char* what,
           grpc::Status (Service::Stub::*method)(grpc::ClientContext*,
                                                 const Request&, Response*),
           Request request, Response* response, const std::string& token = "");
  // The same for what changes nothing.
  template <typename Service, typename Request, typename Response>
  bool Read(const std::string& session, const char* what,
            grpc::Status (Service::Stub::*method)(grpc::ClientContext*,
                                                  const Request&, Response*),
            const Request& request, Response* response);
  template <typename Service, typename Request, typename Response>
  grpc::Status Once(const std::string& session, const char* what,
                    grpc::Status (Service::Stub::*method)(grpc::ClientContext*,
                                                          const Request&,
                                                          Response*),
                    const Request& request, Response* response);
  void See(const char* what, const grpc::Status& status);
  std::string NewId(const char* kind);

  const NightOptions options_;
  const std::string database_;
  Surroundings surroundings_;
  std::unique_ptr<cli::WebhookReceiver> receiver_;
  std::unique_ptr<Daemon> daemon_;
  std::map<std::string, std::string> sessions_;
  Ledger ledger_;
  std::atomic<bool> stop_ = false;
  std::atomic<int64_t> next_id_ = 0;
  std::vector<std::thread> people_;
  std::string summary_;
};

}  // namespace housecall::crash

#endif  // HOUSECALL_TESTS_CRASH_NIGHT_H_

// Everybody who uses a center at night: each logs in, keeps the ids of what he
// wants, sends again what was not answered, and acts on a board that may be
// old.
#ifndef HOUSECALL_TESTS_SIMULATION_CLIENTS_H_
#define HOUSECALL_TESTS_SIMULATION_CLIENTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "tests/simulation/node.h"
#include "tests/simulation/world.h"

namespace housecall::simulation {

// The center before the night: as many people as the plan says, all on duty;
// one clinic that has a webhook and one station that has an inbox.
core::Board BoardOf(const Plan& plan);

// Somebody with a device. Each lives on a thread of his own.
class Client {
 public:
  Client(World* world, const std::vector<Node*>* nodes, std::string name,
         core::Actor actor);
  virtual ~Client() = default;

  // Until the world is over.
  virtual void Live() = 0;
  const std::string& name() const { return name_; }

 protected:
  // Asks until there is an answer. None: the world is over, or whoever asked
  // has switched his device off.
  std::optional<absl::StatusOr<engine::Result>> Ask(
      core::Command command, const std::string& token = "");
  // The same, for a command that may be lost: positions.
  void Tell(core::Command command);
  // Sends it by a session that is over, and does not wait: somebody else has
  // found the device that it was left open on.
  void TryOldSession();
  // A board as of now or a little earlier, of a node that runs; null if none
  // does.
  engine::BoardPtr Look();
  // The same command, for the calls only as they are on the board that he looks
  // at; or, as a program that knows nothing of versions, as it is.
  core::Command AsSeen(const core::Board& board, core::Command command);
  // A text that is clinical, with a fresh token in it.
  PrivateText Say(std::string* token);
  PrivateText Say();
  // A call for a patient who is known, with a fresh token in its complaint.
  core::SubmitCall NewCall(const std::string& id, std::string* token);

  World& world() { return *world_; }
  Random& random() { return world_->random; }
  const core::Actor& actor() const { return actor_; }
  void Pause(int64_t least_seconds, int64_t most_seconds);

 private:
  struct Slot;
  // The request's answer, if there is one in time.
  std::optional<absl::StatusOr<engine::Result>> AskOnce(const Request& request);
  Request Login(const std::string& password) const;
  // Until he has a session. False if the world is over.
  bool LogIn();
  // Logs out, or sets a new password, which ends his other sessions.
  void EndSession();
  void Send(const Request& request, Node* node,
            const std::shared_ptr<Slot>& slot);
  void Deliver(const Request& request, Node* node,
               const std::shared_ptr<Slot>& slot);

  World* const world_;
  const std::vector<Node*>* const nodes_;
  const std::string name_;
  const core::Actor actor_;
  core::SessionId session_;
  // Over, as he was told.
  core::SessionId old_session_;
  bool ends_session_ = false;
  // The node that answered last.
  Node* node_ = nullptr;
  // Accepted before.
  std::vector<std::string> used_ids_;
};

// Everybody whom the plan names.
std::vector<std::unique_ptr<Client>> ClientsOf(World* world,
                                               const std::vector<Node*>* nodes);

}  // namespace housecall::simulation

#endif  // HOUSECALL_TESTS_SIMULATION_CLIENTS_H_

// The board on a terminal: what WatchBoard sends, kept and drawn.
#ifndef HOUSECALL_CLIENTS_CLI_BOARD_VIEW_H_
#define HOUSECALL_CLIENTS_CLI_BOARD_VIEW_H_

#include <map>
#include <string>

#include "absl/time/time.h"
#include "clients/cli/tables.h"
#include "housecall/v1/board_service.pb.h"

namespace housecall::cli {

// What one watcher knows of a center and needs for drawing it. Not thread-safe.
class BoardView {
 public:
  // Takes one message of the stream in. True if there is something new to draw:
  // a snapshot is complete, or a change to a complete one.
  bool Take(const v1::BoardUpdate& update);

  // True once a snapshot is complete.
  bool is_complete() const { return is_complete_; }
  // To go on after what was taken in; empty: begin anew.
  const std::string& resume_token() const { return resume_token_; }

  // Tasks that nobody has resolved; open calls, the most urgent first and among
  // those the one whose target is next, with the crew, in brackets while it is
  // only asked; the crews on duty. Once a crew has arrived, neither a time left
  // nor an expected arrival is shown. On a terminal that is too narrow for that
  // a call takes two lines and positions are left out.
  std::string Render(const Style& style) const;

 private:
  void Put(const v1::Resource& resource);

  bool is_complete_ = false;
  std::string resume_token_;
  // By resource name; a Duty and a Position have their person's.
  std::map<std::string, v1::Call> calls_;
  std::map<std::string, v1::Task> tasks_;
  std::map<std::string, v1::Duty> duties_;
  std::map<std::string, v1::Position> positions_;
  std::map<std::string, v1::Offer> offers_;
  std::map<std::string, v1::Assignment> assignments_;
  std::map<std::string, v1::Person> people_;
  std::map<std::string, v1::Patient> patients_;
  std::map<std::string, v1::Center> centers_;
};

// "22:04:10  offer accepted  dr-sato  …" for timelines, without the line's end.
std::string TimelineLine(const v1::Event& event, const Style& style);

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_BOARD_VIEW_H_

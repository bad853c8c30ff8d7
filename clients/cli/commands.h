// The command line, whole: words in, an exit code out.
#ifndef HOUSECALL_CLIENTS_CLI_COMMANDS_H_
#define HOUSECALL_CLIENTS_CLI_COMMANDS_H_

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace housecall::cli {

// What programs are told.
enum ExitCode {
  kOk = 0,
  // The server refused, or something on this machine did (a file, a port).
  kRefused = 1,
  // The command line is wrong.
  kUsage = 2,
  // The server cannot be reached, or nobody knows whether it happened.
  kUncertain = 3,
};

// What a command line works with.
struct Terminal {
  std::istream* in = nullptr;
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  // Whether `out` is one that can be cleared and drawn on.
  bool is_screen = false;
  // How many columns that screen has now, 0 if it does not say; may be null.
  std::function<int()> columns;
  std::function<std::optional<std::string>(const std::string&)> environment;
  std::function<absl::Time()> now;
  // Asks for a password without echo; null if there is nobody to ask.
  std::function<std::optional<std::string>(const std::string& prompt)>
      ask_password;
  // Returns when the program is to stop.
  std::function<void()> wait_for_stop;
  // Whether whoever read `out` has gone, as `head` does: nothing to complain
  // of.
  std::function<bool()> is_reader_gone;
};

// Runs one command. `arguments` are without the program's name.
ExitCode RunCommand(const std::vector<std::string>& arguments,
                    const Terminal& terminal);

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_COMMANDS_H_

// housecall: the command line of a house-call center.

#include <pthread.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "clients/cli/commands.h"

namespace {

// From the terminal itself, so that it works where input is redirected.
std::optional<std::string> AskPassword(const std::string& prompt) {
  if (isatty(STDIN_FILENO) == 0) return std::nullopt;
  termios old;
  if (tcgetattr(STDIN_FILENO, &old) != 0) return std::nullopt;
  termios silent = old;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  std::cerr << prompt << std::flush;
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  std::string password;
  const bool is_read = static_cast<bool>(std::getline(std::cin, password));
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
  std::cerr << "\n";
  if (!is_read) return std::nullopt;
  return password;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  sigset_t stop;
  sigemptyset(&stop);
  const bool receives =
      !arguments.empty() && arguments[0] == "receive-webhooks";
  if (receives) {
    // Before any thread is started, so that only this one is told.
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  }
  housecall::cli::Terminal terminal;
  terminal.in = &std::cin;
  terminal.out = &std::cout;
  terminal.err = &std::cerr;
  terminal.is_screen = isatty(STDOUT_FILENO) != 0;
  terminal.environment =
      [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  terminal.now = [] { return absl::Now(); };
  terminal.ask_password = AskPassword;
  terminal.wait_for_stop = [&stop] {
    int signal = 0;
    sigwait(&stop, &signal);
  };
  return housecall::cli::RunCommand(arguments, terminal);
}

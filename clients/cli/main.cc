// housecall: the command line of a house-call center.

#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
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

volatile std::sig_atomic_t interrupted_by = 0;

void Interrupt(int signal) { interrupted_by = signal; }

// Without echo. Whatever ends it, Ctrl-C too, the terminal echoes again
// afterwards.
std::optional<std::string> AskPassword(const std::string& prompt) {
  termios old;
  if (isatty(STDIN_FILENO) == 0 || tcgetattr(STDIN_FILENO, &old) != 0) {
    return std::nullopt;
  }
  // Without SA_RESTART, so that read() returns.
  struct sigaction on_interrupt = {};
  on_interrupt.sa_handler = Interrupt;
  struct sigaction old_int;
  struct sigaction old_term;
  sigaction(SIGINT, &on_interrupt, &old_int);
  sigaction(SIGTERM, &on_interrupt, &old_term);
  termios silent = old;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  std::cerr << prompt << std::flush;
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  std::string password;
  char letter = 0;
  bool is_read = false;
  while (!is_read && read(STDIN_FILENO, &letter, 1) == 1) {
    if (letter == '\n') {
      is_read = true;
    } else {
      password.push_back(letter);
    }
  }
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
  sigaction(SIGINT, &old_int, nullptr);
  sigaction(SIGTERM, &old_term, nullptr);
  std::cerr << "\n";
  if (interrupted_by != 0) std::raise(interrupted_by);
  if (!is_read) return std::nullopt;
  return password;
}

bool IsReaderGone() {
  pollfd output = {STDOUT_FILENO, POLLOUT, 0};
  return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
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
  terminal.columns = [] {
    winsize size = {};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
  };
  terminal.environment =
      [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  terminal.now = [] { return absl::Now(); };
  terminal.ask_password = AskPassword;
  terminal.is_reader_gone = IsReaderGone;
  terminal.wait_for_stop = [&stop] {
    int signal = 0;
    sigwait(&stop, &signal);
  };
  return housecall::cli::RunCommand(arguments, terminal);
}

#include "tests/crash/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace housecall::crash {
namespace {

constexpr uid_t kNobody = 65534;

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

SharedNumber::SharedNumber(const std::string& path) : path_(path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0 || ftruncate(file, sizeof(int64_t)) != 0) std::abort();
  void* const mapped = mmap(nullptr, sizeof(int64_t), PROT_READ | PROT_WRITE,
                            MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) std::abort();
  number_ = static_cast<int64_t*>(mapped);
}

SharedNumber::~SharedNumber() { munmap(number_, sizeof(int64_t)); }

void SharedNumber::Set(int64_t value) {
  *static_cast<volatile int64_t*>(number_) = value;
}

int64_t SharedNumber::value() const {
  return *static_cast<const volatile int64_t*>(number_);
}

void Surroundings::StepClock(absl::Duration by) {
  nanoseconds_.Set(nanoseconds_.value() + absl::ToInt64Nanoseconds(by));
}

absl::Duration Surroundings::clock_offset() const {
  return absl::Nanoseconds(nanoseconds_.value());
}

bool Daemon::Launch(const Start& start) {
  const std::string port_file = folder_ + "/port";
  const std::string log = folder_ + "/log";
  const std::string web_port_file = folder_ + "/web_port";
  unlink(port_file.c_str());
  unlink(web_port_file.c_str());
  earlier_logs_ += Log();
  // Everything is allocated before the fork: other threads may hold locks.
  std::vector<std::string> arguments = {program_,
                                        "serve",
                                        "--db=" + database_,
                                        "--listen=127.0.0.1:0",
                                        "--port_file=" + port_file,
                                        "--webhook_loopback_http",
                                        "--webhook_timeout=2s"};
  if (start.serves_browsers) {
    arguments.push_back("--web_listen=127.0.0.1:0");
    arguments.push_back("--web_port_file=" + web_port_file);
  }
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::vector<std::string> environment = {
      absl::StrCat("LD_PRELOAD=", HOUSECALL_SURROUNDINGS_LIBRARY),
      "HOUSECALL_TEST_CLOCK=" + surroundings_->clock_path(),
      "HOUSECALL_TEST_READ_ONLY=" + surroundings_->read_only_path()};
  std::vector<char*> envp;
  for (std::string& variable : environment) envp.push_back(variable.data());
  envp.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    if (start.most_file_bytes > 0) {
      // A write that is too long fails, as on a full disk, instead of ending
      // the program.
      signal(SIGXFSZ, SIG_IGN);
      rlimit limit = {};
      getrlimit(RLIMIT_FSIZE, &limit);
      limit.rlim_cur = static_cast<rlim_t>(start.most_file_bytes);
      setrlimit(RLIMIT_FSIZE, &limit);
    }
    if (start.most_open_files > 0) {
      rlimit limit = {};
      getrlimit(RLIMIT_NOFILE, &limit);
      limit.rlim_cur = static_cast<rlim_t>(start.most_open_files);
      setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (start.as_nobody && geteuid() == 0 && setuid(kNobody) != 0) _exit(126);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  for (;;) {
    int port = 0;
    const std::string text = Contents(port_file);
    if (!text.empty() && text.back() == '\n' && absl::SimpleAtoi(text, &port)) {
      grpc::ChannelArguments options;
      options.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      MutexLock lock(mutex_);
      port_ = port;
      // Written before the other.
      web_port_ = 0;
      (void)absl::SimpleAtoi(Contents(web_port_file), &web_port_);
      channel_ = grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port),
                                           grpc::InsecureChannelCredentials(),
                                           options);
      return true;
    }
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return false;
    }
    absl::SleepFor(absl::Milliseconds(2));
  }
}

void Daemon::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

int Daemon::Stop() {
  if (pid_ <= 0) return -1;
  kill(pid_, SIGTERM);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::shared_ptr<grpc::Channel> Daemon::channel() const {
  MutexLock lock(mutex_);
  return channel_;
}

void Daemon::MakeRoom() {
  rlimit limit = {};
  if (prlimit(pid_, RLIMIT_FSIZE, nullptr, &limit) != 0) std::abort();
  limit.rlim_cur = limit.rlim_max;
  if (prlimit(pid_, RLIMIT_FSIZE, &limit, nullptr) != 0) std::abort();
}

int Daemon::web_port() const {
  MutexLock lock(mutex_);
  return web_port_;
}

int Daemon::port() const {
  MutexLock lock(mutex_);
  return port_;
}

std::string Daemon::Log() const { return Contents(folder_ + "/log"); }

int64_t Daemon::MemoryKibibytes() const {
  std::ifstream file(absl::StrCat("/proc/", pid_, "/status"));
  for (std::string line; std::getline(file, line);) {
    int64_t kibibytes = 0;
    if (std::sscanf(line.c_str(), "VmRSS: %ld kB", &kibibytes) == 1) {
      return kibibytes;
    }
  }
  return 0;
}

}  // namespace housecall::crash

// Runs a fuzz target without libFuzzer, with any compiler: on every input of a
// corpus, and then for some seconds on changed ones, the same ones each time.
//
//   NAME_fuzz SECONDS FOLDER…
//
// An input on which the target ends the program is kept in the file that the
// last line names, unless it was one of the corpus.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "tests/simulation/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using housecall::simulation::Random;

// What runs now, for whoever ends the program.
std::string g_input;
std::string g_kept;

void Keep(int signal) {
  if (FILE* const file = std::fopen(g_kept.c_str(), "wb")) {
    std::fwrite(g_input.data(), 1, g_input.size(), file);
    std::fclose(file);
  }
  std::fprintf(stderr, "the input is kept in %s\n", g_kept.c_str());
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void Run(const std::string& input) {
  g_input = input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(g_input.data()),
                         g_input.size());
}

// One change: a bit, a byte, a piece left out, doubled, or taken from another.
std::string Changed(std::string input, const std::vector<std::string>& corpus,
                    Random& random) {
  const auto place = [&](const std::string& text) {
    return static_cast<size_t>(
        random.Below(static_cast<int64_t>(text.size()) + 1));
  };
  const size_t at = place(input);
  const size_t length = std::min<size_t>(
      static_cast<size_t>(random.Below(16)) + 1, input.size() - at);
  switch (random.Below(6)) {
    case 0:
      if (at < input.size()) {
        input[at] = static_cast<char>(input[at] ^ (1 << random.Below(8)));
      }
      break;
    case 1:
      if (at < input.size()) input[at] = static_cast<char>(random.Below(256));
      break;
    case 2:
      input.insert(at, 1, static_cast<char>(random.Below(256)));
      break;
    case 3:
      input.erase(at, length);
      break;
    case 4:
      input.insert(at, input.substr(at, length));
      break;
    default: {
      const std::string& other = random.Of(corpus);
      const size_t from = place(other);
      input.replace(at, length, other.substr(from, 64));
      break;
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s SECONDS FOLDER…\n", argv[0]);
    return 2;
  }
  std::vector<std::string> paths;
  for (int i = 2; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      paths.push_back(entry.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus = {""};
  for (const std::string& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file),
                        std::istreambuf_iterator<char>());
  }
  g_kept = (std::filesystem::temp_directory_path() /
            ("housecall-fuzz-input-" + std::to_string(getpid())))
               .string();
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    std::signal(signal, Keep);
  }
  for (const std::string& input : corpus) Run(input);
  const absl::Time end = absl::Now() + absl::Seconds(std::atof(argv[1]));
  Random random(20261120);
  int64_t runs = static_cast<int64_t>(corpus.size());
  while (absl::Now() < end) {
    std::string input = random.Of(corpus);
    for (int64_t i = random.Below(5); i >= 0; --i) {
      input = Changed(std::move(input), corpus, random);
    }
    Run(input);
    ++runs;
  }
  std::printf("%zu inputs kept, %lld runs\n", corpus.size() - 1,
              static_cast<long long>(runs));
  return 0;
}

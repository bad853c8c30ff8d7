// Breaks one rule on purpose, the one named by its argument, so that the tests
// know that this build's sanitizer is awake.
#include <climits>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>

int main(int argc, char** argv) {
  const char* rule = argc > 1 ? argv[1] : "";
  if (std::strcmp(rule, "data-race") == 0) {
    int shared = 0;
    std::thread other([&shared] { ++shared; });
    ++shared;
    other.join();
    std::printf("%d\n", shared);
  } else if (std::strcmp(rule, "use-after-free") == 0) {
    auto owner = std::make_unique<int>(argc);
    // volatile: the compiler would see through it and refuse.
    int* volatile borrowed = owner.get();
    owner.reset();
    std::printf("%d\n", *borrowed);
  } else if (std::strcmp(rule, "signed-overflow") == 0) {
    volatile int most = INT_MAX;
    std::printf("%d\n", most + argc);
  } else if (std::strcmp(rule, "leak") == 0) {
    auto* volatile lost = new int(argc);
    std::printf("%d\n", *lost);
    lost = nullptr;
  } else {
    std::fprintf(stderr, "usage: planted RULE\n");
    return 2;
  }
  return 0;
}

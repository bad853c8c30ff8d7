// Rows and journal entries as the store reads them, and the descriptions of
// backups: damaged ones are refused, never misread.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dispatcher/store/backup.h"
#include "dispatcher/store/record_codec.h"
#include "tests/fuzz/require.h"

namespace housecall::store {
namespace {

template <typename T>
void Read(absl::string_view text) {
  T value{};
  DecodeProblem problem;
  if (!FromJsonText(text, &value, &problem)) {
    fuzz::Require(!Describe(problem).empty(), "a problem has words");
    return;
  }
  const std::string written = ToJson(value);
  T again{};
  fuzz::Require(FromJsonText(written, &again, &problem),
                "what is written can be read");
  fuzz::Require(ToJson(again) == written, "what is written says the same");
}

}  // namespace
}  // namespace housecall::store

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace housecall;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  store::Read<std::vector<core::Record>>(text);
  store::Read<store::Generation>(text);
  core::Subject subject;
  if (store::ParseSubject(text, &subject)) {
    fuzz::Require(store::SubjectText(subject) == std::string(text),
                  "a subject says the same");
  }
  return 0;
}

// Map files and OpenStreetMap extracts: damaged or made to do harm, they are
// refused. The first byte says which of the three.
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "router/import/import.h"
#include "router/map_file.h"
#include "tests/fuzz/require.h"

namespace {

// A file with these bytes and that ending, of this process only.
std::string FileOf(const char* ending, const uint8_t* data, size_t size) {
  static const auto* const folder = [] {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "housecall-fuzz-XXXXXX")
            .string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    return new std::string(pattern);
  }();
  static const int ended =
      std::atexit([] { std::filesystem::remove_all(*folder); });
  (void)ended;
  const std::string path = absl::StrCat(*folder, "/input", ending);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(data),
             static_cast<std::streamsize>(size));
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace housecall;
  if (size == 0) return 0;
  const uint8_t which = data[0];
  ++data;
  --size;
  if (which % 3 == 0) {
    const auto map = router::OpenMap(FileOf(".map", data, size));
    fuzz::Require(map.ok() || !map.status().message().empty(),
                  "a refusal has words");
    return 0;
  }
  const auto roads = router::ImportOsm(
      FileOf(which % 3 == 1 ? ".osm" : ".osm.pbf", data, size));
  fuzz::Require(roads.ok() || !roads.status().message().empty(),
                "a refusal has words");
  return 0;
}

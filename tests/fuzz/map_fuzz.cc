// Map files and OpenStreetMap extracts: damaged or made to do harm, they are
// refused. The first byte says which of the three. A map file is taken twice,
// as it is and with the sums that it would have if it were meant so: else every
// change would end at them.
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "router/import/import.h"
#include "tests/fuzz/require.h"
// Its own source: the sums are nobody else's.
#include "router/map_file.cc"  // NOLINT(bugprone-suspicious-include)

namespace housecall::router {
namespace {

// The map file with its sums anew; as it is if its header cannot be one's.
std::string Sealed(std::string file) {
  Header header = {};
  if (file.size() < sizeof(header)) return file;
  std::memcpy(&header, file.data(), sizeof(header));
  if (header.names_bytes > kMaxNameBytes || FileBytes(header) != file.size()) {
    return file;
  }
  header.file_bytes = file.size();
  const char* next = file.data() + sizeof(header);
  Hash hash;
  const auto add = [&](uint64_t count, size_t each) {
    const uint64_t bytes = count * each;
    hash.Add(next, bytes);
    hash.Add(next + bytes, Padded(bytes) - bytes);
    next += Padded(bytes);
  };
  // In the order of FileBytes.
  add(header.name_bytes, 1);
  add(header.attribution_bytes, 1);
  add(header.nodes, sizeof(FixedPoint));
  add(header.nodes, sizeof(int64_t));
  add(header.segments, sizeof(Segment));
  add(header.points, sizeof(FixedPoint));
  add(header.forbidden_paths, sizeof(ForbiddenPath));
  add(header.path_roads, sizeof(ArcRoad));
  add(header.timed_closures, sizeof(TimedClosure));
  add(header.hours, sizeof(uint32_t));
  add(header.hour_spans, sizeof(HourSpan));
  add(header.segments, sizeof(uint32_t));
  add(header.names, sizeof(uint32_t));
  add(header.names_bytes, 1);
  add(header.blocks, sizeof(uint32_t));
  add(header.blocks, 1);
  add(uint64_t{header.blocks} * 2, sizeof(uint16_t));
  add(header.turns, sizeof(Turn));
  add(header.conditions, sizeof(uint32_t));
  add(header.condition_hours, sizeof(uint32_t));
  add(header.blocks, sizeof(uint32_t));
  add(uint64_t{header.blocks} + 1, sizeof(uint32_t));
  add(header.arcs, sizeof(uint32_t));
  header.content_hash = hash.value();
  header.header_hash = HashOfHeader(header);
  std::memcpy(file.data(), &header, sizeof(header));
  return file;
}

}  // namespace
}  // namespace housecall::router

namespace {

// A file with these bytes and that ending, of this process only.
std::string FileOf(const char* ending, const std::string& bytes) {
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
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace housecall;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 3 == 0) {
    const auto map = router::OpenMap(FileOf(".map", bytes));
    fuzz::Require(map.ok() || !map.status().message().empty(),
                  "a refusal has words");
    const auto meant = router::OpenMap(FileOf(".map", router::Sealed(bytes)));
    fuzz::Require(
        meant.ok() || !absl::StrContains(meant.status().message(), "checksum"),
        "the sums are right");
    // What is accepted serves.
    if (meant.ok()) (void)(*meant)->metric();
    return 0;
  }
  const auto roads =
      router::ImportOsm(FileOf(data[0] % 3 == 1 ? ".osm" : ".osm.pbf", bytes));
  fuzz::Require(roads.ok() || !roads.status().message().empty(),
                "a refusal has words");
  return 0;
}

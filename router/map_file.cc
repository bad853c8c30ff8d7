#include "router/map_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "router/array.h"
#include "router/file.h"
#include "router/graph.h"
#include "router/hierarchy.h"

// A map file is a header and the arrays of RoadData, Graph::Stored and
// Hierarchy::Stored behind it, each padded to eight bytes, as they are in
// memory:
//
//   texts (name, attribution), nodes, source_node_ids, segments, points,
//   forbidden_paths, path_roads, timed_closures, hours, hour_spans,
//   segment_order (of each segment one),
//   the end of each name in the text of all names, that text,
//   segments, traits, turn_counts, turns, condition_counts, condition_hours,
//   blocks, first_arcs, heads
namespace housecall::router {
namespace {

static_assert(std::endian::native == std::endian::little,
              "map files hold numbers as little-endian machines do");
static_assert(sizeof(FixedPoint) == 8 && sizeof(Segment) == 36 &&
              std::is_trivially_copyable_v<FixedPoint> &&
              std::is_trivially_copyable_v<Segment> &&
              sizeof(ForbiddenPath) == 8 && sizeof(ArcRoad) == 4 &&
              sizeof(TimedClosure) == 12 && sizeof(HourSpan) == 8 &&
              sizeof(Turn) == 8 && std::is_trivially_copyable_v<Turn>);

// As in PNG: bytes that a transfer as text would change.
constexpr char kMagic[8] = {'\x89', 'H', 'C', 'M', 'A', 'P', '\r', '\n'};
constexpr int64_t kNoTime = std::numeric_limits<int64_t>::min();
constexpr uint64_t kMaxNameBytes = 1u << 30;
constexpr uint64_t kMaxInfoBytes = 1u << 16;

struct Header {
  char magic[8];
  uint32_t format_version;
  uint32_t header_bytes;
  uint64_t file_bytes;
  uint64_t content_hash;
  int64_t source_time_microseconds;
  uint32_t weight_unit_microseconds;
  uint32_t name_bytes;
  uint32_t attribution_bytes;
  uint32_t nodes;
  uint32_t segments;
  uint32_t points;
  uint32_t names;
  uint32_t names_bytes;
  TurnWeights turn_weights;
  uint32_t forbidden_paths;
  uint32_t path_roads;
  uint32_t timed_closures;
  uint32_t hours;
  uint32_t hour_spans;
  uint32_t blocks;
  uint32_t turns;
  uint32_t conditions;
  uint32_t condition_hours;
  uint32_t arcs;
  uint32_t unused;
  // Of all that comes before it.
  uint64_t header_hash;
};
static_assert(sizeof(Header) == 136);

// Finds damage, not malice. Four sums side by side over words of eight bytes;
// every step is a bijection of the word and of the sum, so no change of a
// single word goes unnoticed.
class Hash {
 public:
  void Add(const void* data, size_t bytes) {
    const char* next = static_cast<const char*>(data);
    for (; bytes >= 32; next += 32, bytes -= 32) {
      for (size_t lane = 0; lane < 4; ++lane) Mix(lane, next + lane * 8, 8);
    }
    for (size_t lane = 0; bytes > 0; ++lane) {
      const size_t part = bytes < 8 ? bytes : 8;
      Mix(lane, next, part);
      next += part;
      bytes -= part;
    }
  }

  uint64_t value() const {
    uint64_t value = 0;
    for (const uint64_t lane : lanes_) {
      value = (std::rotl(value, 23) ^ lane) * kPrime;
    }
    return value ^ value >> 32;
  }

 private:
  static constexpr uint64_t kPrime = 0x9e3779b97f4a7c15;

  void Mix(size_t lane, const char* data, size_t bytes) {
    uint64_t word = 0;
    std::memcpy(&word, data, bytes);
    lanes_[lane] = std::rotl((lanes_[lane] ^ word) * kPrime, 29);
  }

  uint64_t lanes_[4] = {1, 2, 3, 4};
};

uint64_t Padded(uint64_t bytes) { return (bytes + 7) / 8 * 8; }

uint64_t HashOfHeader(const Header& header) {
  Hash hash;
  hash.Add(&header, offsetof(Header, header_hash));
  return hash.value();
}

// The size that the counts amount to. At most about 2^40, so it cannot wrap.
uint64_t FileBytes(const Header& header) {
  return sizeof(Header) + Padded(header.name_bytes) +
         Padded(header.attribution_bytes) +
         Padded(uint64_t{header.nodes} * sizeof(FixedPoint)) +
         Padded(uint64_t{header.nodes} * sizeof(int64_t)) +
         Padded(uint64_t{header.segments} * sizeof(Segment)) +
         Padded(uint64_t{header.points} * sizeof(FixedPoint)) +
         Padded(uint64_t{header.forbidden_paths} * sizeof(ForbiddenPath)) +
         Padded(uint64_t{header.path_roads} * sizeof(ArcRoad)) +
         Padded(uint64_t{header.timed_closures} * sizeof(TimedClosure)) +
         Padded(uint64_t{header.hours} * sizeof(uint32_t)) +
         Padded(uint64_t{header.hour_spans} * sizeof(HourSpan)) +
         Padded(uint64_t{header.segments} * sizeof(uint32_t)) +
         Padded(uint64_t{header.names} * sizeof(uint32_t)) +
         Padded(header.names_bytes) +
         Padded(uint64_t{header.blocks} * sizeof(uint32_t)) +
         Padded(header.blocks) +
         Padded(uint64_t{header.blocks} * 2 * sizeof(uint16_t)) +
         Padded(uint64_t{header.turns} * sizeof(Turn)) +
         Padded(uint64_t{header.conditions} * sizeof(uint32_t)) +
         Padded(uint64_t{header.condition_hours} * sizeof(uint32_t)) +
         Padded(uint64_t{header.blocks} * sizeof(uint32_t)) +
         Padded((uint64_t{header.blocks} + 1) * sizeof(uint32_t)) +
         Padded(uint64_t{header.arcs} * sizeof(uint32_t));
}

// A part of a file.
using Section = std::pair<const void*, size_t>;

template <typename Numbers>
Section SectionOf(const Numbers& numbers) {
  return {numbers.data(), numbers.size() * sizeof(*numbers.data())};
}

// What is written after the header, in order.
std::vector<Section> Sections(const RoadData& data,
                              const std::vector<uint32_t>& name_ends,
                              const std::string& names,
                              const Graph::Stored& graph,
                              const Hierarchy::Stored& hierarchy) {
  return {SectionOf(data.name),
          SectionOf(data.attribution),
          SectionOf(data.nodes),
          SectionOf(data.source_node_ids),
          SectionOf(data.segments),
          SectionOf(data.points),
          SectionOf(data.forbidden_paths),
          SectionOf(data.path_roads),
          SectionOf(data.timed_closures),
          SectionOf(data.hours),
          SectionOf(data.hour_spans),
          SectionOf(data.segment_order),
          SectionOf(name_ends),
          SectionOf(names),
          SectionOf(graph.segments),
          SectionOf(graph.traits),
          SectionOf(graph.turn_counts),
          SectionOf(graph.turns),
          SectionOf(graph.condition_counts),
          SectionOf(graph.condition_hours),
          SectionOf(hierarchy.blocks),
          SectionOf(hierarchy.first_arcs),
          SectionOf(hierarchy.heads)};
}

constexpr char kZeros[8] = {};

absl::Status WriteTemporary(const Header& header,
                            const std::vector<Section>& sections,
                            const std::string& path) {
  File file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.is_open()) return SystemError(errno, "cannot create", path);
  int error = file.Write(&header, sizeof(header));
  for (const auto& [data, bytes] : sections) {
    if (error == 0) error = file.Write(data, bytes);
    if (error == 0) error = file.Write(kZeros, Padded(bytes) - bytes);
  }
  if (error == 0) error = file.Sync();
  if (const int close_error = file.Close(); error == 0) error = close_error;
  if (error != 0) return SystemError(error, "cannot write", path);
  return absl::OkStatus();
}

constexpr absl::string_view kPart = ".part";

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "."
         : slash == 0               ? "/"
                                    : path.substr(0, slash);
}

// What writers of this file left behind that were killed. As far as possible:
// it is only in the way.
void RemoveLeftovers(const std::string& path) {
  const std::string folder = FolderOf(path);
  const std::string begin = absl::StrCat(path.substr(path.rfind('/') + 1), ".");
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end;
       !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    absl::string_view number = name;
    int32_t pid = 0;
    if (absl::ConsumePrefix(&number, begin) &&
        absl::ConsumeSuffix(&number, kPart) && absl::SimpleAtoi(number, &pid) &&
        pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) {
      unlink(it->path().c_str());
    }
  }
}

// Makes the new name of a file durable.
absl::Status SyncFolderOf(const std::string& path) {
  const std::string folder = FolderOf(path);
  File file(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.is_open()) return SystemError(errno, "cannot open", folder);
  // Some file systems cannot sync a folder, and say so with EINVAL.
  if (const int error = file.Sync(); error != 0 && error != EINVAL) {
    return SystemError(error, "cannot sync", folder);
  }
  return absl::OkStatus();
}

// A file in memory, as long as anybody holds it.
class Mapping {
 public:
  // Null with errno if it cannot be mapped.
  static std::shared_ptr<const Mapping> Of(int descriptor, size_t bytes) {
    // All of it is read at once: the checksum is over every byte.
    void* const begin = mmap(nullptr, bytes, PROT_READ,
                             MAP_PRIVATE | MAP_POPULATE, descriptor, 0);
    if (begin == MAP_FAILED) return nullptr;
    return std::make_shared<const Mapping>(static_cast<const char*>(begin),
                                           bytes);
  }

  Mapping(const char* begin, size_t bytes) : begin_(begin), bytes_(bytes) {}
  ~Mapping() { munmap(const_cast<char*>(begin_), bytes_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  const char* begin() const { return begin_; }
  size_t bytes() const { return bytes_; }

 private:
  const char* const begin_;
  const size_t bytes_;
};

// Takes the sections of a mapped file one after the other. Their sizes must
// have been checked.
class Sectioner {
 public:
  explicit Sectioner(std::shared_ptr<const Mapping> mapping)
      : mapping_(std::move(mapping)),
        next_(mapping_->begin() + sizeof(Header)) {}

  // Of the file, for large ones.
  template <typename T>
  void Take(size_t size, Array<T>* array) {
    *array = Array<T>::Mapped(Next<T>(size), size, mapping_);
  }
  // A copy.
  template <typename T>
  void Take(size_t size, std::vector<T>* vector) {
    const T* const begin = Next<T>(size);
    vector->assign(begin, begin + size);
  }
  void Take(size_t size, std::string* text) {
    text->assign(Next<char>(size), size);
  }

  uint64_t hash() const { return hash_.value(); }

 private:
  template <typename T>
  const T* Next(size_t size) {
    const size_t bytes = size * sizeof(T);
    const char* const begin = next_;
    hash_.Add(begin, bytes);
    hash_.Add(begin + bytes, Padded(bytes) - bytes);
    next_ += Padded(bytes);
    // A mapping begins at a page, and every section at eight bytes.
    return reinterpret_cast<const T*>(begin);
  }

  const std::shared_ptr<const Mapping> mapping_;
  const char* next_;
  Hash hash_;
};

constexpr absl::string_view kImportAgain =
    "; make it anew with `housecall-map import`";

absl::Status Damaged(const std::string& path, absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("map file ", path, " ", what, kImportAgain));
}

// The header, if the file can be what it says.
absl::StatusOr<Header> CheckHeader(const char* begin, uint64_t file_bytes,
                                   const std::string& path) {
  Header header = {};
  const size_t got =
      static_cast<size_t>(std::min<uint64_t>(file_bytes, sizeof(header)));
  if (got > 0) std::memcpy(&header, begin, got);
  if (got < sizeof(kMagic) ||
      std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, file_bytes == 0 ? " is empty" : " is not a map file",
                     "; `housecall-map import` makes one of an .osm.pbf file"));
  }
  const std::string cut = "is cut off";
  if (got < offsetof(Header, header_bytes)) return Damaged(path, cut);
  if (header.format_version != kMapFormatVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "map file ", path, " has format version ", header.format_version,
        ", this program reads version ", kMapFormatVersion, kImportAgain));
  }
  if (got < sizeof(header)) return Damaged(path, cut);
  if (header.header_hash != HashOfHeader(header) ||
      header.header_bytes != sizeof(Header)) {
    return Damaged(path, "is damaged (its header)");
  }
  if (file_bytes < header.file_bytes) {
    return Damaged(path, absl::StrCat(cut, ": it has ", file_bytes, " of ",
                                      header.file_bytes, " bytes"));
  }
  if (file_bytes > header.file_bytes) {
    return Damaged(path, absl::StrCat("is damaged: it has ", file_bytes,
                                      " bytes instead of ", header.file_bytes));
  }
  if (header.file_bytes != FileBytes(header) ||
      header.name_bytes > kMaxInfoBytes ||
      header.attribution_bytes > kMaxInfoBytes ||
      header.names_bytes > kMaxNameBytes) {
    return Damaged(path, "is damaged (its sizes)");
  }
  return header;
}

}  // namespace

absl::Status SaveMap(const RoadData& data, const std::string& path) {
  if (absl::Status status = CheckRoadData(data); !status.ok()) return status;
  std::string names;
  std::vector<uint32_t> name_ends;
  for (const std::string& name : data.names) {
    names += name;
    if (names.size() > kMaxNameBytes) {
      return absl::InvalidArgumentError("the names of the roads are too long");
    }
    name_ends.push_back(static_cast<uint32_t>(names.size()));
  }
  if (data.name.size() > kMaxInfoBytes ||
      data.attribution.size() > kMaxInfoBytes) {
    return absl::InvalidArgumentError(
        "the map's name or attribution is too long");
  }

  const Graph graph(data);
  const Hierarchy hierarchy(graph, data.segment_order);
  const Graph::Stored stored_graph = graph.ToStored();
  const Hierarchy::Stored stored_hierarchy = hierarchy.ToStored();

  Header header = {};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.format_version = kMapFormatVersion;
  header.header_bytes = sizeof(Header);
  header.source_time_microseconds = data.source_time.has_value()
                                        ? absl::ToUnixMicros(*data.source_time)
                                        : kNoTime;
  header.weight_unit_microseconds = data.weight_unit_microseconds;
  header.name_bytes = static_cast<uint32_t>(data.name.size());
  header.attribution_bytes = static_cast<uint32_t>(data.attribution.size());
  header.nodes = static_cast<uint32_t>(data.nodes.size());
  header.segments = static_cast<uint32_t>(data.segments.size());
  header.points = static_cast<uint32_t>(data.points.size());
  header.turn_weights = data.turn_weights;
  header.forbidden_paths = static_cast<uint32_t>(data.forbidden_paths.size());
  header.path_roads = static_cast<uint32_t>(data.path_roads.size());
  header.timed_closures = static_cast<uint32_t>(data.timed_closures.size());
  header.hours = static_cast<uint32_t>(data.hours.size());
  header.hour_spans = static_cast<uint32_t>(data.hour_spans.size());
  header.names = static_cast<uint32_t>(data.names.size());
  header.names_bytes = static_cast<uint32_t>(names.size());
  header.blocks = graph.blocks();
  header.turns = static_cast<uint32_t>(graph.turns());
  header.conditions =
      static_cast<uint32_t>(stored_graph.condition_counts.size());
  header.condition_hours =
      static_cast<uint32_t>(stored_graph.condition_hours.size());
  header.arcs = static_cast<uint32_t>(hierarchy.arcs());
  header.file_bytes = FileBytes(header);
  const std::vector<Section> sections =
      Sections(data, name_ends, names, stored_graph, stored_hierarchy);
  Hash hash;
  for (const auto& [section, bytes] : sections) {
    hash.Add(section, bytes);
    hash.Add(kZeros, Padded(bytes) - bytes);
  }
  header.content_hash = hash.value();
  header.header_hash = HashOfHeader(header);

  RemoveLeftovers(path);
  const std::string temporary = absl::StrCat(path, ".", getpid(), kPart);
  absl::Status status = WriteTemporary(header, sections, temporary);
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0) {
    status = SystemError(errno, "cannot write", path);
  }
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  return SyncFolderOf(path);
}

namespace {

struct MapContent {
  RoadData data;
  Graph::Stored graph;
  Hierarchy::Stored hierarchy;
};

absl::StatusOr<MapContent> LoadContent(const std::string& path) {
  // O_NONBLOCK: a pipe without a writer must not hang the start.
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return SystemError(errno, "cannot open", path);
  struct stat info;
  if (fstat(file.descriptor(), &info) != 0) {
    return SystemError(errno, "cannot open", path);
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is not a file; name a map file"));
  }
  const uint64_t file_bytes = static_cast<uint64_t>(info.st_size);
  std::shared_ptr<const Mapping> mapping;
  if (file_bytes > 0) {
    mapping = Mapping::Of(file.descriptor(), file_bytes);
    if (mapping == nullptr) return SystemError(errno, "cannot map", path);
  }
  const absl::StatusOr<Header> header = CheckHeader(
      mapping == nullptr ? nullptr : mapping->begin(), file_bytes, path);
  if (!header.ok()) return header.status();

  MapContent content;
  RoadData& data = content.data;
  data.weight_unit_microseconds = header->weight_unit_microseconds;
  if (header->source_time_microseconds != kNoTime) {
    data.source_time = absl::FromUnixMicros(header->source_time_microseconds);
  }
  data.turn_weights = header->turn_weights;
  std::vector<uint32_t> name_ends;
  std::string names;
  Sectioner sections(std::move(mapping));
  sections.Take(header->name_bytes, &data.name);
  sections.Take(header->attribution_bytes, &data.attribution);
  sections.Take(header->nodes, &data.nodes);
  sections.Take(header->nodes, &data.source_node_ids);
  sections.Take(header->segments, &data.segments);
  sections.Take(header->points, &data.points);
  sections.Take(header->forbidden_paths, &data.forbidden_paths);
  sections.Take(header->path_roads, &data.path_roads);
  sections.Take(header->timed_closures, &data.timed_closures);
  sections.Take(header->hours, &data.hours);
  sections.Take(header->hour_spans, &data.hour_spans);
  sections.Take(header->segments, &data.segment_order);
  sections.Take(header->names, &name_ends);
  sections.Take(header->names_bytes, &names);
  sections.Take(header->blocks, &content.graph.segments);
  sections.Take(header->blocks, &content.graph.traits);
  sections.Take(size_t{header->blocks} * 2, &content.graph.turn_counts);
  sections.Take(header->turns, &content.graph.turns);
  sections.Take(header->conditions, &content.graph.condition_counts);
  sections.Take(header->condition_hours, &content.graph.condition_hours);
  sections.Take(header->blocks, &content.hierarchy.blocks);
  sections.Take(size_t{header->blocks} + 1, &content.hierarchy.first_arcs);
  sections.Take(header->arcs, &content.hierarchy.heads);
  if (sections.hash() != header->content_hash) {
    return Damaged(path, "is damaged (its checksum)");
  }
  uint32_t begin = 0;
  data.names.reserve(name_ends.size());
  for (const uint32_t end : name_ends) {
    if (end < begin || end > names.size()) {
      return Damaged(path, "is damaged (its names)");
    }
    data.names.emplace_back(names, begin, end - begin);
    begin = end;
  }
  if (absl::Status status = CheckRoadData(data); !status.ok()) {
    return Damaged(path, absl::StrCat("is damaged (", status.message(), ")"));
  }
  return content;
}

}  // namespace

absl::StatusOr<RoadData> LoadMap(const std::string& path) {
  absl::StatusOr<MapContent> content = LoadContent(path);
  if (!content.ok()) return content.status();
  return std::move(content->data);
}

absl::StatusOr<std::shared_ptr<const RoadMap>> OpenMap(
    const std::string& path) {
  absl::StatusOr<MapContent> content = LoadContent(path);
  if (!content.ok()) return content.status();
  absl::StatusOr<Graph> graph =
      Graph::FromStored(content->data, std::move(content->graph));
  if (!graph.ok()) {
    return Damaged(path,
                   absl::StrCat("is damaged (", graph.status().message(), ")"));
  }
  absl::StatusOr<Hierarchy> hierarchy =
      Hierarchy::FromStored(*graph, std::move(content->hierarchy));
  if (!hierarchy.ok()) {
    return Damaged(
        path, absl::StrCat("is damaged (", hierarchy.status().message(), ")"));
  }
  return RoadMap::Create(std::move(content->data), *std::move(graph),
                         *std::move(hierarchy));
}

}  // namespace housecall::router

#include "router/map_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// A map file is a header and the arrays of RoadData behind it, each padded to
// eight bytes, as they are in memory:
//
//   texts (name, attribution), nodes, source_node_ids, segments, points,
//   forbidden_paths, path_roads, timed_closures, hours, hour_spans,
//   segment_order (of each segment one),
//   the end of each name in the text of all names, that text
namespace housecall::router {
namespace {

static_assert(std::endian::native == std::endian::little,
              "map files hold numbers as little-endian machines do");
static_assert(sizeof(FixedPoint) == 8 && sizeof(Segment) == 36 &&
              std::is_trivially_copyable_v<FixedPoint> &&
              std::is_trivially_copyable_v<Segment> &&
              sizeof(ForbiddenPath) == 8 && sizeof(ArcRoad) == 4 &&
              sizeof(TimedClosure) == 12 && sizeof(HourSpan) == 8);

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
  // Of all that comes before it.
  uint64_t header_hash;
};
static_assert(sizeof(Header) == 112);

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
         Padded(header.names_bytes);
}

absl::Status SystemError(int error, absl::string_view what,
                         const std::string& path) {
  const std::string message =
      absl::StrCat(what, " ", path, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::InternalError(message);
  }
}

// An open file; closed at the end at the latest.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() { Close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int descriptor() const { return descriptor_; }
  // 0, or the error.
  int Close() {
    const int descriptor = std::exchange(descriptor_, -1);
    return descriptor >= 0 && close(descriptor) != 0 ? errno : 0;
  }

 private:
  int descriptor_;
};

// 0, or the error.
int WriteAll(int descriptor, const void* data, size_t bytes) {
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = write(descriptor, next, bytes);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    next += written;
    bytes -= static_cast<size_t>(written);
  }
  return 0;
}

// What is written after the header, in order.
std::vector<std::pair<const void*, size_t>> Sections(
    const RoadData& data, const std::vector<uint32_t>& name_ends,
    const std::string& names) {
  return {
      {data.name.data(), data.name.size()},
      {data.attribution.data(), data.attribution.size()},
      {data.nodes.data(), data.nodes.size() * sizeof(FixedPoint)},
      {data.source_node_ids.data(),
       data.source_node_ids.size() * sizeof(int64_t)},
      {data.segments.data(), data.segments.size() * sizeof(Segment)},
      {data.points.data(), data.points.size() * sizeof(FixedPoint)},
      {data.forbidden_paths.data(),
       data.forbidden_paths.size() * sizeof(ForbiddenPath)},
      {data.path_roads.data(), data.path_roads.size() * sizeof(ArcRoad)},
      {data.timed_closures.data(),
       data.timed_closures.size() * sizeof(TimedClosure)},
      {data.hours.data(), data.hours.size() * sizeof(uint32_t)},
      {data.hour_spans.data(), data.hour_spans.size() * sizeof(HourSpan)},
      {data.segment_order.data(), data.segment_order.size() * sizeof(uint32_t)},
      {name_ends.data(), name_ends.size() * sizeof(uint32_t)},
      {names.data(), names.size()},
  };
}

constexpr char kZeros[8] = {};

absl::Status WriteTemporary(
    const Header& header,
    const std::vector<std::pair<const void*, size_t>>& sections,
    const std::string& path) {
  File file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.descriptor() < 0) return SystemError(errno, "cannot create", path);
  int error = WriteAll(file.descriptor(), &header, sizeof(header));
  for (const auto& [data, bytes] : sections) {
    if (error == 0) error = WriteAll(file.descriptor(), data, bytes);
    if (error == 0) {
      error = WriteAll(file.descriptor(), kZeros, Padded(bytes) - bytes);
    }
  }
  if (error == 0 && fsync(file.descriptor()) != 0) error = errno;
  if (const int close_error = file.Close(); error == 0) error = close_error;
  if (error != 0) return SystemError(error, "cannot write", path);
  return absl::OkStatus();
}

// Makes the new name of a file durable.
absl::Status SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "."
                             : slash == 0               ? "/"
                                                        : path.substr(0, slash);
  const File file(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.descriptor() < 0) return SystemError(errno, "cannot open", folder);
  // Some file systems cannot sync a folder, and say so with EINVAL.
  if (fsync(file.descriptor()) != 0 && errno != EINVAL) {
    return SystemError(errno, "cannot sync", folder);
  }
  return absl::OkStatus();
}

// Reads the sections of a file one after the other.
class Reader {
 public:
  Reader(int descriptor, const std::string& path)
      : descriptor_(descriptor), path_(path) {}

  // As many bytes as there are, at most `bytes`.
  absl::StatusOr<size_t> ReadSome(void* data, size_t bytes) {
    size_t done = 0;
    while (done < bytes) {
      const ssize_t got =
          read(descriptor_, static_cast<char*>(data) + done, bytes - done);
      if (got < 0) {
        if (errno == EINTR) continue;
        return SystemError(errno, "cannot read", path_);
      }
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

  // A section and its padding, both into the hash.
  absl::Status ReadSection(void* data, size_t bytes) {
    char padding[8] = {};
    const size_t padding_bytes = Padded(bytes) - bytes;
    for (const auto& [part, part_bytes] :
         {std::pair<void*, size_t>(data, bytes),
          std::pair<void*, size_t>(padding, padding_bytes)}) {
      const absl::StatusOr<size_t> got = ReadSome(part, part_bytes);
      if (!got.ok()) return got.status();
      if (*got != part_bytes) {
        return absl::DataLossError(
            absl::StrCat(path_, " became shorter while it was read"));
      }
      hash_.Add(part, part_bytes);
    }
    return absl::OkStatus();
  }

  uint64_t hash() const { return hash_.value(); }

 private:
  const int descriptor_;
  const std::string& path_;
  Hash hash_;
};

constexpr absl::string_view kImportAgain =
    "; make it anew with `housecall-map import`";

absl::Status Damaged(const std::string& path, absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("map file ", path, " ", what, kImportAgain));
}

// The header, if the file can be what it says.
absl::StatusOr<Header> ReadHeader(Reader& reader, uint64_t file_bytes,
                                  const std::string& path) {
  Header header = {};
  const absl::StatusOr<size_t> got = reader.ReadSome(&header, sizeof(header));
  if (!got.ok()) return got.status();
  if (*got < sizeof(kMagic) ||
      std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, file_bytes == 0 ? " is empty" : " is not a map file",
                     "; `housecall-map import` makes one of an .osm.pbf file"));
  }
  const std::string cut = "is cut off";
  if (*got < offsetof(Header, header_bytes)) return Damaged(path, cut);
  if (header.format_version != kMapFormatVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "map file ", path, " has format version ", header.format_version,
        ", this program reads version ", kMapFormatVersion, kImportAgain));
  }
  if (*got < sizeof(header)) return Damaged(path, cut);
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
  header.file_bytes = FileBytes(header);
  const auto sections = Sections(data, name_ends, names);
  Hash hash;
  for (const auto& [section, bytes] : sections) {
    hash.Add(section, bytes);
    hash.Add(kZeros, Padded(bytes) - bytes);
  }
  header.content_hash = hash.value();
  header.header_hash = HashOfHeader(header);

  const std::string temporary = absl::StrCat(path, ".", getpid(), ".part");
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

absl::StatusOr<RoadData> LoadMap(const std::string& path) {
  // O_NONBLOCK: a pipe without a writer must not hang the start.
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.descriptor() < 0) return SystemError(errno, "cannot open", path);
  struct stat info;
  if (fstat(file.descriptor(), &info) != 0) {
    return SystemError(errno, "cannot open", path);
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is not a file; name a map file"));
  }
  Reader reader(file.descriptor(), path);
  const absl::StatusOr<Header> header =
      ReadHeader(reader, static_cast<uint64_t>(info.st_size), path);
  if (!header.ok()) return header.status();

  RoadData data;
  data.weight_unit_microseconds = header->weight_unit_microseconds;
  if (header->source_time_microseconds != kNoTime) {
    data.source_time = absl::FromUnixMicros(header->source_time_microseconds);
  }
  data.name.resize(header->name_bytes);
  data.attribution.resize(header->attribution_bytes);
  data.nodes.resize(header->nodes);
  data.source_node_ids.resize(header->nodes);
  data.segments.resize(header->segments);
  data.points.resize(header->points);
  data.turn_weights = header->turn_weights;
  data.forbidden_paths.resize(header->forbidden_paths);
  data.path_roads.resize(header->path_roads);
  data.timed_closures.resize(header->timed_closures);
  data.hours.resize(header->hours);
  data.hour_spans.resize(header->hour_spans);
  data.segment_order.resize(header->segments);
  std::vector<uint32_t> name_ends(header->names);
  std::string names(header->names_bytes, '\0');
  for (const auto& [section, bytes] : Sections(data, name_ends, names)) {
    // The memory is ours; Sections only looks at it.
    if (absl::Status status =
            reader.ReadSection(const_cast<void*>(section), bytes);
        !status.ok()) {
      return status;
    }
  }
  if (reader.hash() != header->content_hash) {
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
  return data;
}

absl::StatusOr<std::shared_ptr<const RoadMap>> OpenMap(
    const std::string& path) {
  absl::StatusOr<RoadData> data = LoadMap(path);
  if (!data.ok()) return data.status();
  return RoadMap::Create(*std::move(data));
}

}  // namespace housecall::router

#include "router/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/router/osm_text.h"

namespace housecall::router {
namespace {

using ::testing::HasSubstr;

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

File Create(const std::string& path) {
  return File(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                   S_IRUSR | S_IWUSR));
}

TEST(SystemError, SaysWhatAndWhereAndWhy) {
  struct Row {
    int error;
    absl::StatusCode code;
    const char* why;
  };
  for (const Row& row : {
           Row{ENOENT, absl::StatusCode::kNotFound, "No such file"},
           Row{ENOTDIR, absl::StatusCode::kNotFound, "Not a directory"},
           Row{EACCES, absl::StatusCode::kPermissionDenied, "denied"},
           Row{EPERM, absl::StatusCode::kPermissionDenied, "not permitted"},
           Row{EROFS, absl::StatusCode::kPermissionDenied, "Read-only"},
           Row{ENOSPC, absl::StatusCode::kResourceExhausted, "No space"},
           Row{EDQUOT, absl::StatusCode::kResourceExhausted, "quota"},
           Row{EFBIG, absl::StatusCode::kResourceExhausted, "too large"},
           Row{EIO, absl::StatusCode::kInternal, "Input/output"},
       }) {
    const absl::Status status = SystemError(row.error, "cannot read", "a.map");
    EXPECT_EQ(status.code(), row.code) << row.why;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("cannot read a.map: "));
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.why));
  }
}

TEST(File, WritesAllThatItIsGiven) {
  const std::string path = TestFolder() + "/written";
  File file = Create(path);
  ASSERT_TRUE(file.is_open());
  const std::string text = std::string("a\0b", 3) + std::string(3 << 20, 'x');
  EXPECT_EQ(file.Write(text), 0);
  EXPECT_EQ(file.Write(""), 0);
  EXPECT_EQ(file.Write("end", 2), 0);
  EXPECT_EQ(file.Sync(), 0);
  EXPECT_EQ(file.Close(), 0);
  EXPECT_FALSE(file.is_open());
  // Once is enough.
  EXPECT_EQ(file.Close(), 0);
  EXPECT_EQ(ContentOf(path), text + "en");
}

TEST(File, GoesOnWhereThePipeTookAPart) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  File read_end(ends[0]);
  File write_end(ends[1]);
  // Many times what a pipe holds.
  const std::string text(1 << 20, 'x');
  size_t got = 0;
  std::thread reader([&] {
    char part[1000];
    ssize_t bytes = 0;
    while ((bytes = read(read_end.descriptor(), part, sizeof(part))) > 0) {
      got += static_cast<size_t>(bytes);
    }
  });
  EXPECT_EQ(write_end.Write(text), 0);
  EXPECT_EQ(write_end.Close(), 0);
  reader.join();
  EXPECT_EQ(got, text.size());
}

TEST(File, TellsWhyItCannot) {
  File full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full.is_open());
  EXPECT_EQ(full.Write("text"), ENOSPC);
  File none(open((TestFolder() + "/no/such").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(none.is_open());
  EXPECT_EQ(File().Write("text"), EBADF);
  EXPECT_EQ(File().Sync(), EBADF);
}

TEST(File, HasOneOwner) {
  File first = Create(TestFolder() + "/first");
  const int descriptor = first.descriptor();
  File second = std::move(first);
  EXPECT_FALSE(first.is_open());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(second.descriptor(), descriptor);
  File third = Create(TestFolder() + "/third");
  const int replaced = third.descriptor();
  third = std::move(second);
  EXPECT_EQ(third.descriptor(), descriptor);
  EXPECT_EQ(fcntl(descriptor, F_GETFD), FD_CLOEXEC);
  // What it held before is closed.
  EXPECT_EQ(fcntl(replaced, F_GETFD), -1);
  third = File();
  EXPECT_EQ(fcntl(descriptor, F_GETFD), -1);
}

}  // namespace
}  // namespace housecall::router

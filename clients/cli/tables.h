// What people read: tables and cards, aligned also where letters are as wide as
// two. Made of texts of others, so control characters are shown, never sent to
// the terminal.
#ifndef HOUSECALL_CLIENTS_CLI_TABLES_H_
#define HOUSECALL_CLIENTS_CLI_TABLES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/cli/catalogue.h"
#include "google/protobuf/message.h"

namespace housecall::cli {

// Whether the text is UTF-8 without a zero byte.
bool IsUtf8(absl::string_view text);

// How many columns a UTF-8 text takes on a terminal: East Asian wide and
// fullwidth letters two (UAX #11), combining marks none, all others one.
int DisplayWidth(absl::string_view text);

// The text in one line without control characters: blanks for line breaks and
// tabs, U+FFFD for others and for what is not UTF-8.
std::string Printable(absl::string_view text);

// The text with blanks after it up to so many columns.
std::string Padded(absl::string_view text, int width);

// The text cut to so many columns, with "…" where something was cut off.
std::string Shortened(absl::string_view text, int width);

// Columns side by side, each as wide as its widest cell, two blanks apart.
// Cells are made Printable and are shortened to `max_cell_width`.
class Table {
 public:
  explicit Table(std::vector<std::string> headers)
      : headers_(std::move(headers)) {}
  void AddRow(std::vector<std::string> cells) {
    rows_.push_back(std::move(cells));
  }
  bool empty() const { return rows_.empty(); }
  // Without the header line if there are no headers.
  std::string Render(int max_cell_width = 40) const;

 private:
  const std::vector<std::string> headers_;
  std::vector<std::vector<std::string>> rows_;
};

// How values are written for people.
struct Style {
  Language language = Language::kJapanese;
  absl::Time now;
  // Of the terminal; 0: lines may be of any length.
  int columns = 0;
};

// "22:04 JST", with the date where it is not within 12 hours of now.
std::string FormatTime(absl::Time time, const Style& style);
// "22:04:10", with the date likewise; the zone stands in the heading.
std::string FormatTimeShort(absl::Time time, const Style& style);
// "40m" or "40分"; "1h05m" or "1時間05分"; "-3m" or "-3分".
std::string DurationText(absl::Duration duration, Language language);

// The value of a field by its kind: short ids, enum labels, times …; several
// joined. "" if it is not set.
std::string FormatField(const google::protobuf::Message& message,
                        const google::protobuf::FieldDescriptor& field,
                        const Style& style);
// The same for a path of field names, "place.address". Empty if it does not
// exist.
std::string FormatPath(const google::protobuf::Message& message,
                       absl::string_view path, const Style& style);

// An answer for people: a list as a table, a match with its candidates, any
// other resource as a card of its fields.
std::string Render(const google::protobuf::Message& message,
                   const Style& style);

// The raw values at a path ("calls.state"), one a line, as programs want them:
// whole names, enum names, RFC 3339. InvalidArgument for a path that the
// message does not have.
absl::StatusOr<std::string> RawValues(const google::protobuf::Message& message,
                                      absl::string_view path);

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_TABLES_H_

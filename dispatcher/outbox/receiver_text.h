// What may be kept of a receiver's answer.
//
// An operator needs the receiver's exact error. But an answer is anything that
// a stranger's server sends: binary, endless, with control characters, or a
// copy of the note that it complains about. Pure functions.
#ifndef HOUSECALL_DISPATCHER_OUTBOX_RECEIVER_TEXT_H_
#define HOUSECALL_DISPATCHER_OUTBOX_RECEIVER_TEXT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace housecall::outbox {

// `bytes` as one line of printable UTF-8, `max_bytes` long at most (a text that
// was cut ends in "…"). White space and line breaks become single spaces; what
// is not UTF-8, not printable, or turns the direction of writing becomes
// U+FFFD.
std::string PrintableText(absl::string_view bytes, size_t max_bytes);

// Every text in a JSON document but the names of its fields; the document
// itself if it is not JSON. What must not come back in an answer.
std::vector<std::string> TextsOf(absl::string_view json);

// `text` with every piece that also stands in one of `sent` replaced by "[…]":
// pieces of 8 bytes or more, and whole texts of 4 bytes or more. (Shorter ones
// are in every sentence.) Because \u escapes would hide such pieces, `text`
// that is JSON is first written without them, and any other, or JSON nested
// deeper than any error is, ends before the first.
std::string WithoutEcho(absl::string_view text,
                        absl::Span<const std::string> sent);

// The wait that the value of a Retry-After header asks for (RFC 9110 §10.2.3:
// seconds, or a date, which `now` is compared with), `most` at most; zero for
// anything else.
absl::Duration RetryAfterOf(absl::string_view value, absl::Time now,
                            absl::Duration most);

}  // namespace housecall::outbox

#endif  // HOUSECALL_DISPATCHER_OUTBOX_RECEIVER_TEXT_H_

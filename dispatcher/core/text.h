// Commands and events as text that a physician can review: the language of
// the scenario files in tests/core/testdata.
//
//   SubmitCall call=c1 patient=p1 complaint="発熱 39.2" red_flags=[UNCONSCIOUS]
//     place={address="…" position={latitude=35.67 longitude=139.39}}
//
// (in one line). A field that is not named has its default. Text is bare or
// in double quotes, with \" \\ \n \r \t and \xHH; a list is [a b], a record
// {field=value field=value}. A time is 22:05 or 22:05:30 (the nearest of that
// clock time), +90s (from now) or RFC 3339; a duration 90s, 10m, 1h30m. Create
// and Update name the kind and then the record's fields: CreatePerson id=p1 ….
//
// It opens patients' texts. Never for logs.
#ifndef HOUSECALL_DISPATCHER_CORE_TEXT_H_
#define HOUSECALL_DISPATCHER_CORE_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "dispatcher/core/event.h"

namespace housecall::core {

// By which times are read and written. `now` is finite.
struct TextTimes {
  absl::Time now;
  absl::TimeZone zone;
};

// Reads one command. InvalidArgument names line (as given), column in bytes
// from 1, and field: "line 3, column 17, place.position.latitude: a number
// wanted". Any bytes may be given.
absl::StatusOr<Command> ParseCommand(absl::string_view text, int line,
                                     const TextTimes& times);

// The command as ParseCommand reads it, without fields that have their
// default.
std::string FormatCommand(const Command& command, const TextTimes& times);

// The name of the command's type: "SubmitCall", "CreatePatient".
std::string CommandName(const Command& command);

// An event and what its records changed on the board before it, one line each:
//
//   -> OFFER_ACCEPTED call=c1
//      call c1: state OFFERED→ACCEPTED, assignment=c1--a3
//      + assignment c1--a3: offer=c1--o2, …
//
// Etags, and what only counts ids, are left out.
std::string FormatEvent(const Event& event, const Board& before,
                        const TextTimes& times);

// A time as commands write it, or InvalidArgument.
absl::StatusOr<absl::Time> ParseTextTime(absl::string_view text,
                                         const TextTimes& times);
std::string FormatTextTime(absl::Time time, const TextTimes& times);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_TEXT_H_

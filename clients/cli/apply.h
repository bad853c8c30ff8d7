// Many requests from a file, one a line: how a center is set up.
#ifndef HOUSECALL_CLIENTS_CLI_APPLY_H_
#define HOUSECALL_CLIENTS_CLI_APPLY_H_

#include <istream>
#include <ostream>
#include <string>

#include "clients/cli/catalogue.h"
#include "clients/cli/prepare.h"

namespace housecall::cli {

struct ApplyOptions {
  // ALREADY_EXISTS counts as done.
  bool skip_existing = false;
  // Goes on after a line that failed.
  bool keep_going = false;
  bool json = false;
  Language language = Language::kJapanese;
};

struct ApplyResult {
  int done = 0;
  int skipped = 0;
  // Lines that are wrong in themselves.
  int malformed = 0;
  // Requests that the server refused.
  int refused = 0;
  // Requests of which nobody knows whether they happened.
  int uncertain = 0;
};

// Sends {"rpc": "CreateCar", "request": {…}} line by line. Empty lines and
// those that begin with # are skipped. Each request gets a request_id made of
// its content, so that a second run with the same content repeats no work.
// Stops at the first line that fails, unless told to go on. Writes a line about
// each to `out`.
ApplyResult Apply(std::istream& lines, const ApplyOptions& options,
                  const Surroundings& surroundings, const Caller& call,
                  std::ostream& out);

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_APPLY_H_

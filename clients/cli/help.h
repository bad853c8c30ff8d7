// What `--help` says, from the API's comments.
#ifndef HOUSECALL_CLIENTS_CLI_HELP_H_
#define HOUSECALL_CLIENTS_CLI_HELP_H_

#include <string>
#include <vector>

#include "clients/cli/api.h"
#include "clients/cli/catalogue.h"

namespace housecall::cli {

// A command that is not an RPC.
struct OwnCommand {
  const char* name;
  const char* usage;    // after the name
  const char* english;  // what it does
  const char* japanese;
  std::vector<const char*> flags;     // that take a value
  std::vector<const char*> switches;  // that do not
};
const std::vector<OwnCommand>& OwnCommands();
const OwnCommand* FindOwnCommand(const std::string& name);

// Flags of every command.
const std::vector<std::string>& GlobalFlags();
const std::vector<std::string>& GlobalSwitches();

// All commands with a line each.
std::string Overview(Language language);
std::string HelpOf(const Rpc& rpc, Language language);
std::string HelpOf(const OwnCommand& command, Language language);

// Lines to try for a command; none for most.
std::vector<std::string> ExamplesOf(const std::string& command);

// Every command's name.
std::vector<std::string> CommandNames();

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_HELP_H_

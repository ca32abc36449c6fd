// SPDX-License-Identifier: Apache-2.0
//
// safelight COMMAND ...: exit code 0, 1 on an error (one sentence on stderr), 2 on wrong usage.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>

#include "cli/command.h"
#include "safelight/version.h"

namespace safelight {

#define COMMAND(name) extern const Command name##_command;
#include "cli/commands.def"
#undef COMMAND

namespace {

#define COMMAND(name) &name##_command,
const Command* const kCommands[] = {
#include "cli/commands.def"
};
#undef COMMAND

int Main(int argc, char** argv) {
  CLI::App app("safelight runs imaging networks at full resolution in little memory");
  app.set_version_flag("--version", Cat("safelight ", SAFELIGHT_VERSION_MAJOR, ".", SAFELIGHT_VERSION_MINOR, ".",
                                        SAFELIGHT_VERSION_PATCH));
  app.require_subcommand(1);
  std::function<Status()> chosen;
  for (const Command* command : kCommands) {
    CLI::App* sub = app.add_subcommand(command->name, command->help);
    std::function<Status()> run = command->configure(*sub);
    sub->callback([&chosen, run] { chosen = run; });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  Status status;
  try {
    status = chosen();
  } catch (const std::bad_alloc&) {
    status = Status(StatusCode::kResourceLimit, "out of memory");
  }
  if (status.ok()) return 0;
  std::fprintf(stderr, "safelight: %s\n", status.message().c_str());
  return 1;
}

}  // namespace
}  // namespace safelight

int main(int argc, char** argv) { return safelight::Main(argc, argv); }

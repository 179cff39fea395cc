// SPDX-License-Identifier: Apache-2.0
//
// File: command_line.h
//
// The command line of an example: Abseil flags, with the exit codes that scripts expect. 0 is done,
// 1 is "could not", 2 is "not understood". (absl::ParseCommandLine exits with 1 for both.)
//
//   int main(int argc, char** argv) {
//     if (auto exit_code = ParseCommandLine(argc, argv, "Sends ...")) return *exit_code;

#ifndef POLLUX_EXAMPLES_COMMON_COMMAND_LINE_H_
#define POLLUX_EXAMPLES_COMMON_COMMAND_LINE_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "udp/endpoint.h"
#include "udp/network_interface.h"
#include "udp/socket_engine.h"

namespace pollux::examples {

inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// Sets the flags that the arguments name: "--flag=value", "--flag value", and "--flag", "--noflag"
// for booleans. Returns how to exit, if the program shall: after --help, which describes the flags
// of examples/, and after an argument that is no flag, or a flag's value that is none, which is
// said on standard error. Under "bazel run" the program goes where the user is, for names of files.
std::optional<int> ParseCommandLine(int argc, char** argv, absl::string_view usage);

// Says on standard error what was wrong with the arguments, and returns kExitUsage.
int UsageError(const absl::Status& status);
// Says on standard error why the program could not go on, and returns kExitFailed.
int Failure(const absl::Status& status);

// The same where a socket could not be bound to `port`, with what to do about it.
int FailedToBind(const absl::Status& status, uint16_t port);

// What flags say, checked. Errors: kInvalidArgument, naming the flag and its value.
absl::StatusOr<uint16_t> PortFromFlag(int port, int min = 1);
absl::StatusOr<Endpoint> GroupFromFlags(absl::string_view group, int port, int port_min = 1);
absl::Status CheckCount(int count);  // 0 or more.
absl::Status CheckPositive(absl::string_view flag, absl::Duration value);

// The interface that --interface names; one of index 0, the platform's choice, for "". Errors:
// kNetwork, naming the interfaces there are.
absl::StatusOr<NetworkInterface> InterfaceFromFlag(SocketEngine& engine, absl::string_view name);

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_COMMON_COMMAND_LINE_H_

// SPDX-License-Identifier: Apache-2.0
//
// Runs the discovery example on either engine. See discovery.h for what it does.

#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/common/command_line.h"
#include "examples/discovery/native.h"
#include "examples/discovery/simulated.h"
#include "sim/choice/ratio.h"
#include "sim/fault_plan.h"
#include "udp/endpoint.h"

ABSL_FLAG(std::string, engine, "sim",
          "'sim': simulated hosts on a LAN that loses datagrams; 'native': this machine");
ABSL_FLAG(uint64_t, seed, 2, "sim: which story to tell");
ABSL_FLAG(std::string, loss, "1/4", "sim: how many of all datagrams are lost, a fraction");
ABSL_FLAG(int, clients, 2, "how many clients look for the service");
ABSL_FLAG(std::string, group, "239.255.43.21", "the multicast group where they meet");
ABSL_FLAG(int, port, 45454, "and its port");
ABSL_FLAG(std::string, interface, "",
          "native: the interface of the group, by name or index; without, the loopback interface");
ABSL_FLAG(std::string, role, "both",
          "native: 'both' in one process, or 'service', which runs until Ctrl-C, or 'client'");
ABSL_FLAG(std::string, pcapng, "", "sim: a file to make of the run, for Wireshark");
ABSL_FLAG(std::string, html, "", "sim: a page to make of the run, for a browser");
ABSL_FLAG(std::string, plan, "",
          "sim: a file that says what goes wrong when, as 'at 2s crash service'; sim/fault_plan.h "
          "has the form");
ABSL_FLAG(absl::Duration, timeout, absl::Seconds(10), "when a client gives up");

namespace pollux::examples {
namespace {

constexpr int kClientsMax = 250;  // What the addresses of the simulated LAN are enough for.

absl::Status OneOf(absl::string_view flag, absl::string_view value, absl::string_view names) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, "=", value, " is none of ", names));
}

// The plan in the file that --plan names; an empty one without.
absl::StatusOr<sim::FaultPlan> PlanFromFlag() {
  const std::string name = absl::GetFlag(FLAGS_plan);
  if (name.empty()) return sim::FaultPlan();
  std::ifstream file(name);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) {
    return absl::NotFoundError(absl::StrCat("--plan=", name, ": the file cannot be read"));
  }
  return sim::FaultPlan::Parse(text, name);
}

int Simulated(const Endpoint& group) {
  const absl::StatusOr<sim::Ratio> loss = sim::Ratio::Parse(absl::GetFlag(FLAGS_loss));
  if (!loss.ok()) return UsageError(loss.status());
  const absl::StatusOr<sim::FaultPlan> plan = PlanFromFlag();
  if (!plan.ok()) return UsageError(plan.status());
  const SimulatedRun run = {.seed = absl::GetFlag(FLAGS_seed),
                            .clients = absl::GetFlag(FLAGS_clients),
                            .loss = *loss,
                            .group = group,
                            .timeout = absl::GetFlag(FLAGS_timeout),
                            .pcapng = absl::GetFlag(FLAGS_pcapng),
                            .html = absl::GetFlag(FLAGS_html),
                            .plan = *plan};
  const absl::StatusOr<SimulatedResult> result = RunSimulated(run, std::cout);
  if (!result.ok()) return Failure(result.status());
  return result->found == run.clients ? 0 : kExitFailed;
}

int Native(const Endpoint& group) {
  const std::string role = absl::GetFlag(FLAGS_role);
  if (role != "both" && role != "service" && role != "client") {
    return UsageError(OneOf("role", role, "both, service, client"));
  }
  return RunNative({.service = role != "client",
                    .clients = role == "service" ? 0 : absl::GetFlag(FLAGS_clients),
                    .interface = absl::GetFlag(FLAGS_interface),
                    .group = group,
                    .timeout = absl::GetFlag(FLAGS_timeout)},
                   std::cout);
}

int Main(int argc, char** argv) {
  if (const std::optional<int> exit_code =
          ParseCommandLine(argc, argv, "A service, and clients that find it by multicast.")) {
    return *exit_code;
  }
  const absl::StatusOr<Endpoint> group =
      GroupFromFlags(absl::GetFlag(FLAGS_group), absl::GetFlag(FLAGS_port));
  if (!group.ok()) return UsageError(group.status());
  const int clients = absl::GetFlag(FLAGS_clients);
  if (clients < 1 || clients > kClientsMax) {
    return UsageError(absl::InvalidArgumentError(
        absl::StrCat("--clients=", clients, " is not 1 to ", kClientsMax)));
  }
  if (absl::Status s = CheckPositive("timeout", absl::GetFlag(FLAGS_timeout)); !s.ok()) {
    return UsageError(s);
  }
  const std::string engine = absl::GetFlag(FLAGS_engine);
  if (engine == "sim") return Simulated(*group);
  if (engine == "native") return Native(*group);
  return UsageError(OneOf("engine", engine, "sim, native"));
}

}  // namespace
}  // namespace pollux::examples

int main(int argc, char** argv) { return pollux::examples::Main(argc, argv); }

// SPDX-License-Identifier: Apache-2.0

#include "examples/hole_punch/simulated.h"

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "examples/hole_punch/hole_punch.h"
#include "sim/network.h"

namespace pollux::examples {
namespace {

constexpr uint16_t kPort = 3478;

// A segment with one host on it, behind a translator.
sim::Host& AddHome(sim::Network& net, const std::string& owner, const std::string& prefix,
                   sim::Segment& internet, sim::NatKind kind) {
  sim::Segment& home = net.AddSegment(owner + "-home", prefix, {.latency = absl::Milliseconds(1)});
  net.AddNat(owner + "-nat", home, internet, {.rules = sim::RulesOf(kind)});
  sim::Host& host = net.AddHost(owner);
  home.Attach(host);
  return host;
}

}  // namespace

bool GetsThrough(sim::NatKind alice_nat, sim::NatKind bob_nat, uint64_t seed) {
  sim::Network net({.seed = seed});
  sim::Segment& internet =
      net.AddSegment("internet", "203.0.113.0/24", {.latency = absl::Milliseconds(20)});
  sim::Host& server_host = net.AddHost("server");
  internet.Attach(server_host);
  sim::Host& alice_host = AddHome(net, "alice", "192.168.1.0/24", internet, alice_nat);
  sim::Host& bob_host = AddHome(net, "bob", "192.168.2.0/24", internet, bob_nat);

  Rendezvous server(server_host.engine(), kPort);
  const Endpoint meeting(server_host.address(), kPort);
  Peer alice(alice_host.engine(), {.server = meeting, .room = "tea"});
  Peer bob(bob_host.engine(), {.server = meeting, .room = "tea"});
  std::optional<bool> alice_through;
  std::optional<bool> bob_through;
  const bool started =
      server.Start().ok() &&
      alice.Start([&](const absl::StatusOr<Endpoint>& r) { alice_through = r.ok(); }).ok() &&
      bob.Start([&](const absl::StatusOr<Endpoint>& r) { bob_through = r.ok(); }).ok();
  if (!started) return false;
  net.RunUntil([&] { return alice_through && bob_through; }, absl::Minutes(1));
  return alice_through.value_or(false) && bob_through.value_or(false);
}

std::string AllPairs(uint64_t seed) {
  std::string table = absl::StrFormat("%-19s", "");
  for (const sim::NatKind bob : sim::kAllNatKinds) {
    absl::StrAppendFormat(&table, " %-18s", ToString(bob));
  }
  table += "\n";
  for (const sim::NatKind alice : sim::kAllNatKinds) {
    absl::StrAppendFormat(&table, "%-19s", ToString(alice));
    for (const sim::NatKind bob : sim::kAllNatKinds) {
      absl::StrAppendFormat(&table, " %-18s", GetsThrough(alice, bob, seed) ? "through" : "-");
    }
    table += "\n";
  }
  return table;
}

}  // namespace pollux::examples

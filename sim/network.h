// SPDX-License-Identifier: Apache-2.0
//
// File: network.h
//
// `Network` is a simulated world: hosts with kernels of their own, the segments between them, and a
// clock that only moves when the simulation runs. Programs on its hosts use the same `UdpSocket`,
// on the same `SocketEngine`, as on a real machine.
//
//   sim::Network net({.seed = 7});
//   sim::Host& alice = net.AddHost("alice");
//   sim::Host& bob = net.AddHost("bob", {.platform = Platform::kWindows});
//   sim::Segment& lan = net.AddSegment(
//       "lan", "10.0.0.0/24", {.latency = absl::Milliseconds(2), .loss = sim::Ratio(1, 100)});
//   lan.Attach(alice);
//   lan.Attach(bob);
//   UdpSocket socket(alice.engine());
//   ...
//   net.RunFor(absl::Seconds(10));
//
// The same seed gives the same run, to the last bit, on every machine. All luck is drawn under the
// name of the host or link that it is about: one more host, or segment, changes nothing for the
// others.
//
// Sockets, timers and other things that programs made on hosts must be gone before the network is:
// declare them after it.

#ifndef POLLUX_SIM_NETWORK_H_
#define POLLUX_SIM_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "sim/chaos.h"
#include "sim/choice/choices.h"
#include "sim/choice/fault_story.h"
#include "sim/fabric/courier.h"
#include "sim/fabric/link_profile.h"
#include "sim/fabric/rule.h"
#include "sim/fault_guard.h"
#include "sim/fault_plan.h"
#include "sim/host.h"
#include "sim/in_flight.h"
#include "sim/kernel/block_pool.h"
#include "sim/nat.h"
#include "sim/partitions.h"
#include "sim/plan_runner.h"
#include "sim/router.h"
#include "sim/segment.h"
#include "sim/timeline.h"
#include "sim/topology.h"
#include "sim/trace/scene.h"
#include "sim/trace/trace.h"

namespace pollux::sim {

struct NetworkOptions {
  // What all luck comes from.
  uint64_t seed = 0;
  // Who draws in place of luck; null for luck. Not owned, must outlive the network.
  Choices* choices = nullptr;
  // The time of day, on every host, when the simulation begins: 2000-01-01 00:00:00 UTC.
  absl::Time wall_start = absl::FromUnixSeconds(946684800);
  // How long it takes to look a host name up.
  absl::Duration resolve_delay = absl::Milliseconds(1);
  // Limits, whose excess ends the process with a message: what would otherwise run for ever is
  // found.
  uint64_t events_max = 1'000'000'000;       // In one run.
  size_t packets_in_flight_max = 1'000'000;  // At one time; copies for many receivers count once.
};

// A point-to-point link. At least one prefix, with room for two hosts: /30, or /126 for IPv6.
struct LinkOptions {
  std::string ipv4 = {};                 // "10.255.0.0/30"; empty for none.
  std::string ipv6 = {};                 // "fd00:ffff::/126"; empty for none.
  LinkProfile there = {};                // From the first host to the second.
  std::optional<LinkProfile> back = {};  // And back; unset: as there. The MTU must be the same.
};

// Loop thread only. Owns its hosts and segments.
//
// Bad options are the programmer's error: each function that takes some checks them, and the
// message names the value. The `Validate` functions say the same as a status, for tools.
class Network final : private Scene {
 public:
  explicit Network(const NetworkOptions& options = {});
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network() override;

  // Adds a host, which is not yet attached to anything. Its name is what others resolve, in any
  // case: letters, digits, '-', '_' and '.', no address, not "localhost", and no other host's.
  Host& AddHost(absl::string_view name, const HostOptions& options = {});
  // Errors: kInvalidArgument, kAlreadyExists.
  absl::Status ValidateHost(absl::string_view name) const;

  // Adds a segment. Its name is like a host's, and its prefixes overlap no other segment's.
  Segment& AddSegment(absl::string_view name, const SegmentOptions& options);
  // The same with one prefix, of either protocol.
  Segment& AddSegment(absl::string_view name, absl::string_view prefix,
                      const LinkProfile& link = {});
  // Errors: kInvalidArgument, kAlreadyExists.
  absl::Status ValidateSegment(absl::string_view name, const SegmentOptions& options) const;

  // Adds a router, a host that passes on what is not for itself, and attaches it to segments; more
  // can follow. Its name is like a host's: no other host has it.
  Router& AddRouter(absl::string_view name,
                    const std::vector<std::reference_wrapper<Segment>>& segments = {},
                    const RouterOptions& options = {});
  // Adds a router that hides `inside` behind an address of `outside`. Segments that it is attached
  // to later are inside, too. Errors of `ValidateNat` are checked.
  Nat& AddNat(absl::string_view name, Segment& inside, Segment& outside,
              const NatOptions& options = {});
  // Errors: kInvalidArgument for options that contradict themselves or a segment without IPv4,
  // kAlreadyExists, and those of `Segment::ValidateAttach`.
  absl::Status ValidateNat(absl::string_view name, const Segment& inside, const Segment& outside,
                           const NatOptions& options) const;
  // Adds a segment for two alone, and attaches them: `a` has its first address, `b` its second.
  Segment& AddLink(absl::string_view name, Host& a, Host& b, const LinkOptions& options);
  // Errors: those of a segment, and kInvalidArgument for a prefix with room for more than two.
  absl::Status ValidateLink(absl::string_view name, const Host& a, const Host& b,
                            const LinkOptions& options) const;

  // The host of that name, in any case; null for none.
  Host* FindHost(absl::string_view name) const;
  // The same, for who cannot do without it. Errors: kNotFound, naming the hosts that there are.
  absl::StatusOr<Host*> ExpectHost(absl::string_view name) const;

  // The segment of that name; null for none.
  Segment* FindSegment(absl::string_view name) const;

  // ---- Faults of the network. Those of hosts and links are in host.h and segment.h. ----

  // Cuts hosts from each other while the guard that is returned lives: what arrives at a host on
  // one side from one on another is dropped, by whatever way it came. Hosts on no side hear all
  // others. Hosts are named, and are there; at least two sides, with a host on each, and no host
  // twice: this is checked.
  FaultGuard Partition(const std::vector<std::vector<std::string>>& sides);
  FaultGuard Partition(absl::Span<const Host* const> side, absl::Span<const Host* const> other);
  // Has a plan carried out. Errors: kNotFound, kInvalidArgument, naming the plan's line; then
  // nothing of it happens.
  absl::Status Apply(const FaultPlan& plan);
  // A plan that luck draws for the hosts and segments that there are, for `Apply`: the same seed
  // draws the same. Bad options are the programmer's error: this is checked.
  FaultPlan DrawPlan(const ChaosOptions& options = {});
  // All plans that were applied, as text, one after the other.
  std::string Plans() const;
  // Ends every fault, whatever holds it, and all plans: hosts are up, programs run, interfaces are
  // up and plugged in, links are as their profiles say, and clocks run as they did at first. What
  // time of day they show stays. Guards that live on hold nothing any more.
  void Quiesce();

  // The time of the network, and, unless its clock was made to differ, of every host's loop.
  absl::Time Now() const { return timeline_.now(); }
  // Since the simulation began.
  absl::Duration elapsed() const { return timeline_.elapsed(); }
  // Runs the network for that long: all that happens up to and including the end. With zero, what
  // happens at this instant.
  void RunFor(absl::Duration duration);
  // Runs until `predicate`, which is asked at first and after every event and callback, holds, and
  // returns true; or returns false at `timeout`, or, where that is infinite, when nothing is left
  // to happen.
  bool RunUntil(absl::FunctionRef<bool()> predicate, absl::Duration timeout);

  // ---- The tester's hand ----

  // Has a rule decide about all packets that cross a link, until the guard that is returned goes.
  // `name` is for the record.
  [[nodiscard]] RuleGuard AddRule(absl::string_view name, Rule rule);
  // The same verdict for all packets that match. What no packet can match, since the hosts or the
  // link are not there, is the programmer's error: `ValidateMatch` says which, and is checked.
  [[nodiscard]] RuleGuard AddRule(absl::string_view name, const PacketMatch& match,
                                  const Verdict& verdict);
  // Whether the hosts and the link that it names are there, hosts attached, and agree with each
  // other. Errors: kNotFound, naming those that there are; kInvalidArgument.
  absl::Status ValidateMatch(const PacketMatch& match) const;

  // What is under way, in the order in which it was sent: on its flight, held, or in wait for a
  // line.
  std::vector<InFlightPacket> InFlight() const;
  // Keeps a packet, by its number in that list, where it is.
  // Errors of all three: kNotFound for one that is not under way (any more).
  absl::Status Hold(uint64_t packet);
  // Lets a held packet arrive, at this instant, behind what is due now and what was released
  // before; or, where it was held in a queue, lets it wait again, behind all who do, whether there
  // is room or not. Errors: kFailedPrecondition for one that is not held.
  absl::Status Release(uint64_t packet);
  // Throws a packet away that is under way, held or not.
  absl::Status Discard(uint64_t packet);
  // Releases all that is held, in the order in which it was sent.
  void ReleaseAll();

  // The open sockets of every host that has some, each table under its host's name.
  std::string SocketTables() const;

  Trace& trace() { return trace_; }
  const Trace& trace() const { return trace_; }
  // What sinks that tell more than events look at.
  const Scene& scene() const { return *this; }
  // What luck has decided until now: a `StoryPlayer` makes this run again from it.
  const FaultStory& Story() const { return choices_.story(); }
  // Of all that has happened until now: equal for two runs if and, but for chance, only if they
  // were the same.
  uint64_t Fingerprint() const { return trace_.fingerprint(); }

 private:
  // Scene.
  absl::Time start() const override { return options_.wall_start; }
  size_t host_count() const override { return hosts_.size(); }
  absl::string_view host_name(size_t host) const override { return hosts_[host]->name(); }
  const UdpStack& kernel(size_t host) const override { return hosts_[host]->stack_; }

  World world() { return {timeline_, courier_, choices_, trace_, &rules_, blocks_.get()}; }
  // What `InFlight` lists, where it is: on a flight, or in a room.
  struct UnderWay {
    Courier::Flight* flight = nullptr;
    WaitingRoom* room = nullptr;
    const Packet* packet = nullptr;
    Name origin;
    Name way;
    bool held = false;
  };
  absl::StatusOr<UnderWay> FindUnderWay(uint64_t packet) const;
  // Puts on record what the tester does to it.
  absl::Status Record(EventKind kind, uint64_t packet);
  absl::Status ValidateMatchedLink(const PacketMatch& match) const;
  // The name of a host, which must be this network's.
  const std::string& NameOfOwn(const Host* host) const;
  // The name service of the host that is entered next.
  HostEngine::NameService NamesOfNext();
  void Enter(std::unique_ptr<Host> host);
  // The addresses behind a name, for one who asks on `asker`.
  std::vector<IpAddress> Lookup(const Host& asker, absl::string_view name) const;

  const NetworkOptions options_;
  const BlockPool::Owner blocks_ = BlockPool::New();
  StoryRecorder choices_;
  Trace trace_;
  Timeline timeline_;
  Courier courier_;
  RuleBook rules_;
  std::vector<std::unique_ptr<Host>> hosts_;  // In the order of adding.
  Partitions partitions_;
  FaultEra era_;
  absl::flat_hash_map<std::string, Host*> host_names_;  // In lower case.
  Topology topology_;
  std::vector<std::unique_ptr<Segment>> segments_;
  std::vector<std::unique_ptr<PlanRunner>> plans_;
  uint64_t chaos_draws_ = 0;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_NETWORK_H_

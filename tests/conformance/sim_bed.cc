// SPDX-License-Identifier: Apache-2.0

#include "tests/conformance/sim_bed.h"

#include "sim/network.h"
#include "tests/conformance/platform_differences.h"

namespace pollux::conformance {
namespace {

const sim::LinkProfile kWire = {.latency = absl::Microseconds(50)};

class SimBed final : public Bed {
 public:
  explicit SimBed(Platform platform)
      : a_(net_.AddHost("a", {.platform = platform, .user = 0})),
        // As in the lab of the native bed, B has no route for groups and other networks.
        b_(net_.AddHost("b", {.platform = platform, .user = 0, .group_routes = false})),
        v_(net_.AddSegment("v", {.ipv4 = "10.77.0.0/24", .ipv6 = "fd77::/64", .link = kWire})) {
    sim::Segment& w =
        net_.AddSegment("w", {.ipv4 = "10.78.0.0/24", .ipv6 = "fd78::/64", .link = kWire});
    v_.Attach(a_, {.name = "va", .addresses = {"10.77.0.1", "10.77.0.11", "fd77::1"}});
    w.Attach(a_, {.name = "wa", .addresses = {"10.78.0.1", "fd78::1"}});
    v_.Attach(b_, {.name = "vb", .addresses = {"10.77.0.2", "fd77::2"}});
    w.Attach(b_, {.name = "wb", .addresses = {"10.78.0.2", "fd78::2"}});
  }

  SocketEngine& a() override { return a_.engine(); }
  SocketEngine& b() override { return b_.engine(); }
  bool RunUntil(absl::FunctionRef<bool()> predicate, absl::Duration timeout) override {
    return net_.RunUntil(predicate, timeout);
  }
  // A hundred times the latency: whatever an arrival sets off has arrived, too.
  void Settle() override { net_.RunFor(absl::Milliseconds(5)); }

  void SwitchVa(bool up) override {
    if (up) {
      a_.BringUp("va", sim::Host::AfterUp::kNothing);
    } else {
      a_.TakeDown("va");
    }
  }
  void AddToVa(const IpAddress& address) override { v_.AddAddress(a_, address.ToString()); }
  void RemoveFromVa(const IpAddress& address) override { v_.RemoveAddress(a_, address.ToString()); }
  void AddRoute(const IpAddress& network, const IpAddress& gateway, int metric) override {
    a_.AddRoute(network.ToString() + (network.is_ipv4() ? "/16" : "/48"), gateway.ToString(),
                metric);
  }
  // Each test has a bed of its own.
  void RestoreVa() override {}

 private:
  sim::Network net_;
  sim::Host& a_;
  sim::Host& b_;
  sim::Segment& v_;
};

template <Platform platform>
absl::StatusOr<std::unique_ptr<Bed>> NewSimulatedBed() {
  return std::make_unique<SimBed>(platform);
}

}  // namespace

std::vector<BedFactory> SimulatedBeds() {
  return {
      {"sim_linux", &NewSimulatedBed<Platform::kLinux>},
      {"sim_macos", &NewSimulatedBed<Platform::kMacOs>, &WhyNotOn<Platform::kMacOs>},
      {"sim_freebsd", &NewSimulatedBed<Platform::kFreeBsd>, &WhyNotOn<Platform::kFreeBsd>},
      {"sim_windows", &NewSimulatedBed<Platform::kWindows>, &WhyNotOn<Platform::kWindows>},
  };
}

}  // namespace pollux::conformance

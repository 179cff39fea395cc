// SPDX-License-Identifier: Apache-2.0

#include "tests/conformance/native_bed.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/posix/posix_engine.h"
#include "tests/conformance/native_pair.h"
#include "tools/lab/lab.h"
#include "tools/lab/netlink.h"

namespace pollux::conformance {
namespace {

class NativeBed final : public NativePair {
 public:
  NativeBed(const lab::Lab& lab, std::unique_ptr<SocketEngine> a, std::unique_ptr<SocketEngine> b)
      : NativePair(std::move(a), std::move(b)), lab_(lab) {}

  void SwitchVa(bool up) override {
    ChangeOn(lab::Host::kA, [up](lab::Netlink& netlink) {
      EXPECT_THAT(netlink.SetUp(kVa, up), IsOk());
      if (!up) return;
      EXPECT_THAT(netlink.WaitUntilOperational(kVa, absl::Seconds(5)), IsOk());
    });
    if (!up) return;
    // The other end of the cable notices later.
    ChangeOn(lab::Host::kB, [](lab::Netlink& netlink) {
      EXPECT_THAT(netlink.WaitUntilOperational(kVb, absl::Seconds(5)), IsOk());
    });
  }
  void AddToVa(const IpAddress& address) override {
    Change([&](lab::Netlink& netlink) {
      EXPECT_THAT(netlink.AddAddress(kVa, address, address.is_ipv4() ? 24 : 64), IsOk());
    });
  }
  void RemoveFromVa(const IpAddress& address) override {
    Change([&](lab::Netlink& netlink) {
      EXPECT_THAT(netlink.RemoveAddress(kVa, address, address.is_ipv4() ? 24 : 64), IsOk());
    });
  }
  void AddRoute(const IpAddress& network, const IpAddress& gateway, int metric) override {
    const lab::GatewayRoute route = {network, network.is_ipv4() ? 16 : 48, gateway, metric};
    Change([&](lab::Netlink& netlink) { EXPECT_THAT(netlink.AddRoute(route), IsOk()); });
    routes_.push_back(route);
  }
  // What is there already, or is not, fails, and that is as well.
  void RestoreVa() override {
    Change([this](lab::Netlink& netlink) {
      for (const lab::GatewayRoute& route : routes_) netlink.RemoveRoute(route).IgnoreError();
    });
    routes_.clear();
    SwitchVa(true);
    Change([](lab::Netlink& netlink) {
      for (const InterfaceAddress& entry : kVaAddresses) {
        netlink.RemoveAddress(kVa, entry.address, entry.prefix_length).IgnoreError();
      }
      for (const InterfaceAddress& entry : kVaAddresses) {
        if (entry.address == kANew) continue;
        EXPECT_THAT(netlink.AddAddress(kVa, entry.address, entry.prefix_length), IsOk());
      }
      netlink.AddDefaultRoute(kVa, kB).IgnoreError();
      netlink.AddDefaultRoute(kVa, kB6).IgnoreError();
    });
  }

 private:
  static constexpr int kVa = 11;
  static constexpr int kVb = 21;
  static inline const InterfaceAddress kVaAddresses[] = {
      {kA, 24, std::nullopt},
      {kASecond, 24, std::nullopt},
      {kANew, 24, std::nullopt},
      {kA6, 64, std::nullopt},
      {IpAddress::Ipv6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11}), 64,
       std::nullopt}};

  void Change(absl::FunctionRef<void(lab::Netlink&)> change) { ChangeOn(lab::Host::kA, change); }
  void ChangeOn(lab::Host host, absl::FunctionRef<void(lab::Netlink&)> change) {
    const absl::Status status = lab_.RunOn(host, [&] {
      const absl::StatusOr<std::unique_ptr<lab::Netlink>> netlink = lab::Netlink::Open();
      EXPECT_THAT(netlink, IsOk());
      if (netlink.ok()) change(**netlink);
    });
    EXPECT_THAT(status, IsOk());
  }

  void WaitForEither(absl::Duration at_most) override {
    const std::optional<NativeHandle> handle_a = a().loop().native_handle();
    const std::optional<NativeHandle> handle_b = b().loop().native_handle();
    if (!handle_a.has_value() || !handle_b.has_value()) {
      // Nobody can wait for both: each has its turns.
      a().loop().RunFor(std::min(at_most, absl::Milliseconds(1)));
      return;
    }
    std::array<pollfd, 2> handles = {};
    handles[0] = {static_cast<int>(*handle_a), POLLIN, 0};
    handles[1] = {static_cast<int>(*handle_b), POLLIN, 0};
    const int64_t wait = absl::ToInt64Milliseconds(std::min(at_most, absl::Seconds(1))) + 1;
    poll(handles.data(), handles.size(), static_cast<int>(wait));
  }

  const lab::Lab lab_;
  std::vector<lab::GatewayRoute> routes_;  // That were added.
};

// A kernel answers closed ports only so often a second, and the tests of one process share it.
void AnswerEveryDatagram() {
  std::ofstream("/proc/sys/net/ipv4/icmp_ratelimit") << 0;
  std::ofstream("/proc/sys/net/ipv6/icmp/ratelimit") << 0;
}

using NewEngine =
    absl::FunctionRef<absl::StatusOr<std::unique_ptr<SocketEngine>>(const lab::Lab&, lab::Host)>;

absl::StatusOr<std::unique_ptr<Bed>> NewBed(NewEngine new_engine) {
  const absl::StatusOr<lab::Lab> lab = lab::EnterLab();
  if (!lab.ok()) return lab.status();
  for (const lab::Host host : {lab::Host::kA, lab::Host::kB}) {
    if (absl::Status s = lab->RunOn(host, AnswerEveryDatagram); !s.ok()) return s;
  }
  absl::StatusOr<std::unique_ptr<SocketEngine>> a = new_engine(*lab, lab::Host::kA);
  if (!a.ok()) return a.status();
  absl::StatusOr<std::unique_ptr<SocketEngine>> b = new_engine(*lab, lab::Host::kB);
  if (!b.ok()) return b.status();
  return std::make_unique<NativeBed>(*lab, *std::move(a), *std::move(b));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Bed>> NewNativeBed() {
  return NewBed([](const lab::Lab& lab, lab::Host host) { return lab.NewEngine(host); });
}

absl::StatusOr<std::unique_ptr<Bed>> NewPollBed() {
  return NewBed(
      [](const lab::Lab& lab, lab::Host host) -> absl::StatusOr<std::unique_ptr<SocketEngine>> {
        absl::StatusOr<std::unique_ptr<posix::PosixEngine>> engine =
            posix::PosixEngine::CreateOnPoll(lab.NewSystemCalls(host));
        if (!engine.ok()) return engine.status();
        return std::unique_ptr<SocketEngine>(*std::move(engine));
      });
}

bool ReadBehindTheBack(NativeHandle handle) {
  std::array<char, 16> buffer;
  return recv(static_cast<int>(handle), buffer.data(), buffer.size(), MSG_DONTWAIT) >= 0;
}

}  // namespace pollux::conformance

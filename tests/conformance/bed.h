// SPDX-License-Identifier: Apache-2.0
//
// File: bed.h
//
// A `Bed` is where a conformance test lies: two hosts on two wires, on some engine. The suite is
// one; its instances are the beds of bed_list.cc. The topology is the same on all:
//
//   host A                                              host B
//   va 10.77.0.1/24, 10.77.0.11/24, fd77::1/64  ======  vb 10.77.0.2/24, fd77::2/64
//   wa 10.78.0.1/24, fd78::1/64                 ======  wb 10.78.0.2/24, fd78::2/64
//   lo 127.0.0.1, ::1                                   lo 127.0.0.1, ::1
//
// A's default routes go to B's end of the first wire; B has none.

#ifndef POLLUX_TESTS_CONFORMANCE_BED_H_
#define POLLUX_TESTS_CONFORMANCE_BED_H_

#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "udp/socket_engine.h"
#include "udp/socket_error.h"
#include "udp/testing/matchers.h"
#include "udp/udp_socket.h"

namespace pollux::conformance {

using ::pollux::testing::HasCause;
using ::pollux::testing::IsOk;
using ::pollux::testing::Says;

inline constexpr IpAddress kA = IpAddress::Ipv4(10, 77, 0, 1);
inline constexpr IpAddress kASecond = IpAddress::Ipv4(10, 77, 0, 11);
inline constexpr IpAddress kANew = IpAddress::Ipv4(10, 77, 0, 9);  // For who moves there.
inline constexpr IpAddress kB = IpAddress::Ipv4(10, 77, 0, 2);
inline constexpr IpAddress kAOther = IpAddress::Ipv4(10, 78, 0, 1);
inline constexpr IpAddress kBOther = IpAddress::Ipv4(10, 78, 0, 2);
inline constexpr IpAddress kSubnetBroadcast = IpAddress::Ipv4(10, 77, 0, 255);
inline constexpr IpAddress kA6 =
    IpAddress::Ipv6({0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
inline constexpr IpAddress kB6 =
    IpAddress::Ipv6({0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
inline constexpr IpAddress kBOther6 =
    IpAddress::Ipv6({0xfd, 0x78, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
inline constexpr IpAddress kGroup = IpAddress::Ipv4(239, 255, 43, 21);
inline constexpr IpAddress kOtherGroup = IpAddress::Ipv4(239, 255, 43, 22);
inline constexpr IpAddress kGroup6 =
    IpAddress::Ipv6({0xff, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x43, 0x21});

class Bed {
 public:
  virtual ~Bed() = default;
  virtual SocketEngine& a() = 0;
  virtual SocketEngine& b() = 0;
  // Runs both hosts until `predicate` holds, and says whether it came to that.
  virtual bool RunUntil(absl::FunctionRef<bool()> predicate,
                        absl::Duration timeout = absl::Seconds(5)) = 0;
  // Runs both hosts until all that was sent before has arrived, or been dropped, and every callback
  // that is due has run: what has not happened then will not.
  virtual void Settle() = 0;

  // ---- Host A's interface va changes, by the kernel alone: nobody configures it behind ----

  virtual void SwitchVa(bool up) = 0;
  virtual void AddToVa(const IpAddress& address) = 0;
  virtual void RemoveFromVa(const IpAddress& address) = 0;
  // Gives host A one more route to `network`, of 16 bits or of 48 for IPv6: by B's end of either
  // wire.
  virtual void AddRoute(const IpAddress& network, const IpAddress& gateway, int metric) = 0;
  // As it was at first.
  virtual void RestoreVa() = 0;
};

struct BedFactory {
  const char* name;  // Of the test instance: the engine's, in letters and digits.
  absl::StatusOr<std::unique_ptr<Bed>> (*make)();
  // Why a test, as "Suite.Name", cannot be what it is there; empty where it can. Null: all can.
  std::string (*why_not)(absl::string_view test) = nullptr;
};

// Receives one datagram through a socket's native handle, as a program could that shares it. Says
// whether there was one.
bool ReadBehindTheBack(NativeHandle handle);

// Every bed of this build.
std::vector<BedFactory> AllBeds();

inline void PrintTo(const BedFactory& factory, std::ostream* out) { *out << factory.name; }

// The fixture. Where a machine does not permit a bed, the test is skipped, with the reason.
class ConformanceTest : public ::testing::TestWithParam<BedFactory> {
 protected:
  void SetUp() override {
    if (GetParam().why_not != nullptr) {
      const std::string reason = GetParam().why_not(Name());
      if (!reason.empty()) GTEST_SKIP() << reason;
    }
    absl::StatusOr<std::unique_ptr<Bed>> bed = GetParam().make();
    if (!bed.ok()) GTEST_SKIP() << "no " << GetParam().name << " bed here: " << bed.status();
    bed_ = *std::move(bed);
  }

  Bed& bed() { return *bed_; }
  SocketEngine& a() { return bed_->a(); }
  SocketEngine& b() { return bed_->b(); }

  // The interface of that name of that host.
  NetworkInterface Interface(SocketEngine& engine, absl::string_view name) {
    const auto interfaces = engine.Interfaces();
    EXPECT_THAT(interfaces, IsOk());
    const auto found = FindInterface(*interfaces, name);
    EXPECT_THAT(found, IsOk());
    return found.value_or(NetworkInterface());
  }

  // A socket bound to `address`, on a port that was free.
  UdpSocket Bound(SocketEngine& engine, const IpAddress& address,
                  BindMode mode = BindMode::kDefaultForPlatform, uint16_t port = 0) {
    UdpSocket socket(engine);
    EXPECT_THAT(socket.Bind(address, port, mode), IsOk());
    return socket;
  }

  // Waits for the next datagram of `socket`, and reads it; "(nothing)" if none comes.
  std::string Read(UdpSocket& socket, DatagramInfo* info = nullptr) {
    if (!bed().RunUntil([&] { return socket.HasPendingDatagrams(); })) return "(nothing)";
    const absl::StatusOr<Datagram> datagram = socket.ReceiveDatagram();
    EXPECT_THAT(datagram, IsOk());
    if (!datagram.ok()) return "(error)";
    if (info != nullptr) *info = datagram->info;
    return datagram->payload;
  }

  // All that has arrived at `socket`, in order, once everything has come to rest.
  std::vector<std::string> ReadAll(UdpSocket& socket) {
    bed().Settle();
    std::vector<std::string> payloads;
    while (socket.HasPendingDatagrams()) {
      absl::StatusOr<Datagram> datagram = socket.ReceiveDatagram();
      EXPECT_THAT(datagram, IsOk());
      if (!datagram.ok()) break;
      payloads.push_back(std::move(datagram->payload));
    }
    return payloads;
  }

 private:
  // "Suite.Name", of "Engines/Suite.Name/instance".
  static std::string Name() {
    const auto* const info = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string suite = info->test_suite_name();
    suite.erase(0, suite.find('/') + 1);
    const std::string name = info->name();
    return suite + "." + name.substr(0, name.find('/'));
  }

  std::unique_ptr<Bed> bed_;
};

// Puts a test file's suite on every bed. Each file derives a fixture of its own, so that its name
// tells the theme.
#define POLLUX_CONFORMANCE_SUITE(Suite)               \
  INSTANTIATE_TEST_SUITE_P(                           \
      Engines, Suite, ::testing::ValuesIn(AllBeds()), \
      [](const ::testing::TestParamInfo<BedFactory>& info) { return info.param.name; })

}  // namespace pollux::conformance

#endif  // POLLUX_TESTS_CONFORMANCE_BED_H_

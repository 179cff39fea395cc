// SPDX-License-Identifier: Apache-2.0

// Before its siblings.
#include <windows.h>
#include <winsock2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/native_engine.h"
#include "tests/conformance/native_pair.h"
#include "tests/conformance/sim_bed.h"
#include "tests/conformance/windows_differences.h"

namespace pollux::conformance {
namespace {

// One machine with the interfaces and addresses of both hosts: Winsock has no network namespaces.
class WindowsBed final : public NativePair {
 public:
  using NativePair::NativePair;

  void SwitchVa(bool) override { CannotChange(); }
  void AddToVa(const IpAddress&) override { CannotChange(); }
  void RemoveFromVa(const IpAddress&) override { CannotChange(); }
  void AddRoute(const IpAddress&, const IpAddress&, int) override { CannotChange(); }
  void RestoreVa() override {}

 private:
  static void CannotChange() { ADD_FAILURE() << "the interfaces of this machine stay as they are"; }

  void WaitForEither(absl::Duration at_most) override {
    const std::array<HANDLE, 2> handles = {Handle(a()), Handle(b())};
    const int64_t wait = absl::ToInt64Milliseconds(std::min(at_most, absl::Seconds(1))) + 1;
    WaitForMultipleObjects(2, handles.data(), FALSE, static_cast<DWORD>(wait));
  }
  static HANDLE Handle(SocketEngine& engine) {
    return reinterpret_cast<HANDLE>(*engine.loop().native_handle());
  }
};

// Fails where the interfaces of tools/wine/wires.sh are not there.
absl::StatusOr<std::unique_ptr<Bed>> NewWindowsBed() {
  absl::StatusOr<std::unique_ptr<SocketEngine>> a = NewNativeEngine();
  if (!a.ok()) return a.status();
  const absl::StatusOr<std::vector<NetworkInterface>> interfaces = (*a)->Interfaces();
  if (!interfaces.ok()) return interfaces.status();
  for (const char* name : {"va", "vb", "wa", "wb"}) {
    if (const auto found = FindInterface(*interfaces, name); !found.ok()) return found.status();
  }
  absl::StatusOr<std::unique_ptr<SocketEngine>> b = NewNativeEngine();
  if (!b.ok()) return b.status();
  return std::make_unique<WindowsBed>(*std::move(a), *std::move(b));
}

}  // namespace

std::vector<BedFactory> AllBeds() {
  std::vector<BedFactory> beds = {{"winsock", &NewWindowsBed, &WhyNotOnWindows}};
  for (const BedFactory& bed : SimulatedBeds()) beds.push_back(bed);
  return beds;
}

bool ReadBehindTheBack(NativeHandle handle) {
  std::array<char, 16> buffer;
  return recv(static_cast<SOCKET>(handle), buffer.data(), static_cast<int>(buffer.size()), 0) >= 0;
}

}  // namespace pollux::conformance

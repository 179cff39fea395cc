// SPDX-License-Identifier: Apache-2.0
//
// No text makes the readers of addresses and endpoints crash; what they read, they print, and read
// again as the same; an IPv4 address is what C libraries read in it as well.
// tests/fuzz/fuzz_target.bzl has how libFuzzer runs it; address_corpus/ is where it begins.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "udp/endpoint.h"
#include "udp/internal/check.h"
#include "udp/internal/inet_aton.h"
#include "udp/ip_address.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace pollux {
namespace {

template <typename Value>
absl::StatusOr<Value> Read(absl::string_view text) {
  absl::StatusOr<Value> value = Value::Parse(text);
  if (!value.ok()) {
    POLLUX_CHECK(!value.status().message().empty(), "an error without a message");
    return value;
  }
  const std::string printed = value->ToString();
  const absl::StatusOr<Value> again = Value::Parse(printed);
  POLLUX_CHECK(again.ok(), again.status().message());
  POLLUX_CHECK(*again == *value, "it is read in two ways");
  POLLUX_CHECK(again->ToString() == printed, "it is printed in two ways");
  return value;
}

}  // namespace
}  // namespace pollux

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<pollux::IpAddress> address = pollux::Read<pollux::IpAddress>(text);
  const std::optional<pollux::IpAddress> loose = pollux::internal::ReadAsInetAton(text);
  if (address.ok() && address->is_ipv4()) {
    POLLUX_CHECK(loose == *address, "C libraries read another address");
  }
  pollux::Read<pollux::Endpoint>(text).IgnoreError();
  return 0;
}

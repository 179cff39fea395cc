// SPDX-License-Identifier: Apache-2.0

#include "udp/bind_mode.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pollux {
namespace {

constexpr uint8_t kAllFlags = 7;

// What each flag turns on, platform by platform. A row that turns nothing on is a flag that the
// contract says is ignored there, or that is what the platform does anyway.
struct Row {
  Platform platform;
  BindOptions share;
  BindOptions dont_share;
  BindOptions reuse_hint;
};

constexpr BindOptions kNothing;
constexpr BindOptions kReuseAddress = {.reuse_address = true};
constexpr BindOptions kExclusive = {.exclusive_address = true};
// On BSD kernels two unicast sockets share an address only if both have SO_REUSEPORT;
// SO_REUSEADDR alone shares group addresses (facts: udp-semantics 2.1.2).
constexpr BindOptions kReuseAddressAndPort = {.reuse_address = true, .reuse_port = true};

constexpr Row kTable[] = {
    // platform          share                 dont_share  reuse_hint
    {Platform::kLinux, kReuseAddress, kNothing, kNothing},
    {Platform::kMacOs, kReuseAddressAndPort, kNothing, kNothing},
    {Platform::kFreeBsd, kReuseAddressAndPort, kNothing, kNothing},
    {Platform::kWindows, kNothing, kExclusive, kReuseAddress},
    {Platform::kSymbian, kNothing, kNothing, kReuseAddress},
};

const Row& RowFor(Platform platform) {
  for (const Row& row : kTable) {
    if (row.platform == platform) return row;
  }
  return kTable[0];
}

void TurnOn(const BindOptions& options, BindOptions& result) {
  result.reuse_address |= options.reuse_address;
  result.reuse_port |= options.reuse_port;
  result.exclusive_address |= options.exclusive_address;
}

}  // namespace

std::string ToString(BindMode mode) {
  if (mode == BindMode::kDefaultForPlatform) return "DefaultForPlatform";
  std::vector<absl::string_view> flags;
  if (Contains(mode, BindMode::kShareAddress)) flags.push_back("ShareAddress");
  if (Contains(mode, BindMode::kDontShareAddress)) flags.push_back("DontShareAddress");
  if (Contains(mode, BindMode::kReuseAddressHint)) flags.push_back("ReuseAddressHint");
  if ((static_cast<uint8_t>(mode) & ~kAllFlags) != 0) flags.push_back("unknown");
  return absl::StrJoin(flags, "|");
}

absl::StatusOr<BindOptions> BindOptionsFor(Platform platform, BindMode mode) {
  if ((static_cast<uint8_t>(mode) & ~kAllFlags) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("bind mode ", static_cast<int>(mode), " has flags that do not exist"));
  }
  if (Contains(mode, BindMode::kShareAddress) && Contains(mode, BindMode::kDontShareAddress)) {
    return absl::InvalidArgumentError(
        absl::StrCat("bind mode ", ToString(mode),
                     " asks to share the address and not to share it; choose one"));
  }
  if (mode == BindMode::kDefaultForPlatform) {
    mode = platform == Platform::kWindows
               ? BindMode::kShareAddress
               : BindMode::kDontShareAddress | BindMode::kReuseAddressHint;
    // On Symbian the page gives no default; its hint is a privilege that is asked for by name.
    if (platform == Platform::kSymbian) mode = BindMode::kDontShareAddress;
  }
  const Row& row = RowFor(platform);
  BindOptions options;
  if (Contains(mode, BindMode::kShareAddress)) TurnOn(row.share, options);
  if (Contains(mode, BindMode::kDontShareAddress)) TurnOn(row.dont_share, options);
  if (Contains(mode, BindMode::kReuseAddressHint)) TurnOn(row.reuse_hint, options);
  // A kernel takes one of the two, and the contract guarantees exclusiveness "on success".
  if (options.exclusive_address) options.reuse_address = false;
  return options;
}

}  // namespace pollux

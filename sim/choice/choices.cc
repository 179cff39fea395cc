// SPDX-License-Identifier: Apache-2.0

#include "sim/choice/choices.h"

#include "absl/strings/str_cat.h"
#include "sim/choice/random.h"
#include "udp/internal/check.h"

namespace pollux::sim {

absl::string_view ToString(DrawKind kind) {
  switch (kind) {
    case DrawKind::kLoss:
      return "loss";
    case DrawKind::kDuplicate:
      return "duplicate";
    case DrawKind::kEphemeralPort:
      return "ephemeral port";
    case DrawKind::kReusePortGroup:
      return "reuse-port group";
    case DrawKind::kCorrupt:
      return "corrupt";
    case DrawKind::kOvertake:
      return "overtake";
    case DrawKind::kJitter:
      return "jitter";
    case DrawKind::kLossState:
      return "loss state";
    case DrawKind::kDuplicateState:
      return "duplicate state";
    case DrawKind::kCorruptState:
      return "corrupt state";
    case DrawKind::kOvertakeState:
      return "overtake state";
    case DrawKind::kLate:
      return "late";
    case DrawKind::kCorruptBit:
      return "corrupt bit";
    case DrawKind::kUndetected:
      return "undetected";
    case DrawKind::kNatPort:
      return "NAT port";
    case DrawKind::kReportDelay:
      return "report delay";
    case DrawKind::kChaosChoice:
      return "chaos choice";
    case DrawKind::kChaos:
      return "chaos";
  }
  return "unknown";
}

bool IsFault(DrawKind kind) {
  return kind == DrawKind::kLoss || kind == DrawKind::kDuplicate || kind == DrawKind::kCorrupt ||
         kind == DrawKind::kOvertake || kind == DrawKind::kLate || kind == DrawKind::kUndetected;
}

DrawOwner::DrawOwner(absl::string_view name) : name_(name), hash_(StableHash(name)) {}

std::string Draw::ToString() const {
  return absl::StrCat(sim::ToString(kind), " ", owner.name(), " #", ordinal);
}

bool RandomChoices::Flip(const Draw& draw, Ratio chance) {
  if (chance.is_never()) return false;
  // Whether word / 2^64 < numerator / denominator, exactly, without numbers of more than 64 bits.
  // So what happens at a small chance happens at every greater one as well.
  const uint64_t word = Random(SeedOf(draw)).Next();
  const uint64_t low = (word & 0xffffffff) * chance.denominator();
  const uint64_t product = (word >> 32) * chance.denominator() + (low >> 32);
  return product < uint64_t{chance.numerator()} << 32;
}

uint64_t RandomChoices::Below(const Draw& draw, uint64_t bound) {
  POLLUX_CHECK(bound > 0, absl::StrCat("a draw below 0 was asked for: ", draw.ToString()));
  return Random(SeedOf(draw)).Below(bound);
}

uint64_t RandomChoices::SeedOf(const Draw& draw) const {
  // Each part is scattered before the next is added, so that neighbouring seeds, kinds and ordinals
  // have nothing in common.
  uint64_t word = MixBits(seed_ + 0x9e3779b97f4a7c15);
  word = MixBits(word ^ draw.owner.hash());
  word = MixBits(word ^ static_cast<uint64_t>(draw.kind));
  return MixBits(word ^ draw.ordinal);
}

}  // namespace pollux::sim

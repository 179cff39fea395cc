// SPDX-License-Identifier: Apache-2.0
//
// File: choices.h
//
// `Choices` tosses every coin of a simulation. Each toss is a labelled draw: its kind, the name of
// the owner whose luck it decides, and its ordinal among the owner's draws of that kind. Whoever
// implements `Choices` sees nothing else, so that luck can come from a seed (`RandomChoices`), and
// as well from a recorded story, from an enumeration of all stories, or from a fuzzer's bytes.
//
//   RandomChoices choices(7);
//   const DrawOwner link("lan/alice->bob");
//   if (choices.Flip({DrawKind::kLoss, link, 3}, Ratio(1, 100))) ...  // The third packet is lost.

#ifndef POLLUX_SIM_CHOICE_CHOICES_H_
#define POLLUX_SIM_CHOICE_CHOICES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "sim/choice/name.h"
#include "sim/choice/ratio.h"

namespace pollux::sim {

// What a draw decides. The numbers are part of every seed's meaning: never renumber, only append.
enum class DrawKind : uint8_t {
  kLoss = 1,            // Flip: a link loses this packet.
  kDuplicate = 2,       // Flip: a link delivers this packet twice.
  kEphemeralPort = 3,   // Below: where a kernel's search for a free port starts.
  kReusePortGroup = 4,  // Below: the hash seed of a group of sockets that share a port.
  kCorrupt = 5,         // Flip: a link changes bits of this packet.
  kOvertake = 6,        // Flip: a link delivers this packet at once, before earlier ones.
  kJitter = 7,          // Below: how much later or earlier than usual this packet arrives.
  kLossState = 8,       // Below: the step of a link's loss model behind this packet.
  kDuplicateState = 9,  // Below: what this packet's chance of each fault has to do with that of
  kCorruptState = 10,   //   the packet before, where they are correlated.
  kOvertakeState = 11,
  kLate = 12,         // Flip: a link delivers this packet later than usual.
  kCorruptBit = 13,   // Below: a bit of a corrupted packet that arrives as another.
  kUndetected = 14,   // Flip: the checksum of a corrupted packet fits by chance.
  kNatPort = 15,      // Below: where a NAT's search for a free port starts.
  kReportDelay = 16,  // Below: how long after the first a host's second report about a group is.
  kChaos = 40,        // Below: when, how long and how much in a plan of faults that luck draws: the
                      //   smaller, the weaker.
  kChaosChoice = 41,  // Below: which of its faults, and to whom.
};

inline constexpr DrawKind kAllDrawKinds[] = {
    DrawKind::kLoss,           DrawKind::kDuplicate,     DrawKind::kEphemeralPort,
    DrawKind::kReusePortGroup, DrawKind::kCorrupt,       DrawKind::kOvertake,
    DrawKind::kJitter,         DrawKind::kLossState,     DrawKind::kDuplicateState,
    DrawKind::kCorruptState,   DrawKind::kOvertakeState, DrawKind::kLate,
    DrawKind::kCorruptBit,     DrawKind::kUndetected,    DrawKind::kNatPort,
    DrawKind::kReportDelay,    DrawKind::kChaos,         DrawKind::kChaosChoice,
};

// "loss", "duplicate", "ephemeral port", "reuse-port group", "corrupt", "overtake", "jitter", "loss
// state", "duplicate state", "corrupt state", "overtake state", "late", "corrupt bit",
// "undetected", "NAT port", "report delay", "chaos", "chaos choice".
absl::string_view ToString(DrawKind kind);
// Whether it is a fault, which `Choices::Flip` decides, and not a choice of `Choices::Below`.
bool IsFault(DrawKind kind);

// Whose luck: a host ("alice") or one direction between two hosts ("lan/alice->bob"). Draws depend
// on the name alone, so that adding a host or a segment leaves all others' luck as it was.
// Thread-compatible; immutable.
class DrawOwner {
 public:
  explicit DrawOwner(absl::string_view name);

  const std::string& name() const { return name_; }
  uint64_t hash() const { return hash_; }
  // Both; refers to this object.
  Name label() const { return Name(name_, hash_); }

 private:
  std::string name_;
  uint64_t hash_;  // `StableHash(name)`, computed once.
};

// The label of a draw. Cheap to make; refers to the owner.
struct Draw {
  DrawKind kind;
  const DrawOwner& owner;
  uint64_t ordinal = 0;  // Counts from 1.

  // "loss lan/alice->bob #3".
  std::string ToString() const;
};

// Loop thread only. Each label is drawn at most once in a run.
class Choices {
 public:
  virtual ~Choices() = default;

  // Whether the unusual happens: a fault, such as the loss of a packet. `chance` is its probability
  // when left to luck. It is asked even where the chance is 0, so that a driver that follows a
  // script can make it happen.
  virtual bool Flip(const Draw& draw, Ratio chance) = 0;
  // One of `bound` ways, 0 <= result < bound, none of which is a fault. `bound` is not 0.
  virtual uint64_t Below(const Draw& draw, uint64_t bound) = 0;
  // Whether what has no chance never happens, so that it makes no difference if it is asked about.
  virtual bool keeps_to_chances() const { return false; }
};

// Luck from a seed. A draw's outcome depends on nothing but the seed, its label, and the chance or
// bound: neither on other draws nor on their order. Equal on every machine.
class RandomChoices final : public Choices {
 public:
  explicit RandomChoices(uint64_t seed) : seed_(seed) {}

  bool Flip(const Draw& draw, Ratio chance) override;
  uint64_t Below(const Draw& draw, uint64_t bound) override;
  bool keeps_to_chances() const override { return true; }

 private:
  uint64_t SeedOf(const Draw& draw) const;

  uint64_t seed_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_CHOICE_CHOICES_H_

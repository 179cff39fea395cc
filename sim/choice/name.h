// SPDX-License-Identifier: Apache-2.0
//
// File: name.h
//
// `Name` is what something in a simulation is called, with the hash of that, which is computed once
// and then goes wherever the name goes: into labels of draws, and into fingerprints.
//
//   const Name bob("bob");
//   if (event.host == "bob") ...

#ifndef POLLUX_SIM_CHOICE_NAME_H_
#define POLLUX_SIM_CHOICE_NAME_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "sim/choice/random.h"

namespace pollux::sim {

// A text that knows its hash. A value type; thread-compatible. Refers to its bytes, which must
// outlive it.
class Name : public absl::string_view {
 public:
  constexpr Name() = default;   // The empty name.
  Name(absl::string_view text)  // NOLINT: a text is a name.
      : Name(text, StableHash(text)) {}
  Name(const char* text)  // NOLINT: and so is a literal.
      : Name(absl::string_view(text)) {}
  // For those who keep text and hash together. `hash` must be `StableHash(text)`.
  Name(absl::string_view text, uint64_t hash) : absl::string_view(text), hash_(hash) {}

  // `StableHash` of the text: equal on every machine and in every process.
  uint64_t hash() const { return hash_; }

 private:
  uint64_t hash_ = MixBits(0x9e3779b97f4a7c15);  // StableHash("")
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_CHOICE_NAME_H_

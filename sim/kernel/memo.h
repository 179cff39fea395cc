// SPDX-License-Identifier: Apache-2.0
//
// File: memo.h
//
// `Memo` remembers what was found out for the latest questions, for as long as what that depends on
// stays the same. Most datagrams go where others went before.

#ifndef POLLUX_SIM_KERNEL_MEMO_H_
#define POLLUX_SIM_KERNEL_MEMO_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pollux::sim {

// Thread-compatible. A `Key` can be compared, and has `mix()`, a number by which different ones
// mostly differ. What is remembered, `kPlaces` answers at most, changes none, only how long it
// takes.
template <typename Key, typename Value, size_t kPlaces = 64>
class Memo {
 public:
  // What was remembered for `key` since `version` is what it is; else what `find()` says, which is
  // remembered in place of something else. The reference is good until the next call.
  template <typename Find>
  const Value& Get(const Key& key, uint64_t version, Find find) {
    if (version != version_) {
      places_.clear();
      version_ = version;
    }
    if (places_.empty()) places_.resize(kPlaces);
    std::optional<Entry>& place = places_[key.mix() % kPlaces];
    if (!place.has_value() || !(place->key == key)) place.emplace(Entry{key, find()});
    return place->value;
  }

 private:
  struct Entry {
    Key key;
    Value value;
  };

  uint64_t version_ = 0;
  std::vector<std::optional<Entry>> places_;  // Those of a key's `mix()`; none before the first.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_MEMO_H_

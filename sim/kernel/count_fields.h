// SPDX-License-Identifier: Apache-2.0
//
// File: count_fields.h
//
// How many fields a struct has, for a table that has to have a row for each.

#ifndef POLLUX_SIM_KERNEL_COUNT_FIELDS_H_
#define POLLUX_SIM_KERNEL_COUNT_FIELDS_H_

#include <cstddef>
#include <utility>

namespace pollux::sim {

namespace count_fields_internal {

struct AnyValue {
  template <typename T>
  operator T() const;  // NOLINT: it stands for a value of whatever type is asked for.
};

template <typename Struct, size_t... kIndex>
constexpr bool IsMadeOf(std::index_sequence<kIndex...>) {
  return requires { Struct{(static_cast<void>(kIndex), AnyValue())...}; };
}

}  // namespace count_fields_internal

// The most values that it can be made of.
template <typename Struct, size_t kCount = 1>
constexpr size_t CountFields() {
  if constexpr (count_fields_internal::IsMadeOf<Struct>(std::make_index_sequence<kCount + 1>())) {
    return CountFields<Struct, kCount + 1>();
  } else {
    return kCount;
  }
}

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_COUNT_FIELDS_H_

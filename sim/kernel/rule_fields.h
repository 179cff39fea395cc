// SPDX-License-Identifier: Apache-2.0
//
// File: rule_fields.h
//
// The fields of `PlatformRules` with their names, so that tools can print the platforms side by
// side. A rule without a row here does not compile.

#ifndef POLLUX_SIM_KERNEL_RULE_FIELDS_H_
#define POLLUX_SIM_KERNEL_RULE_FIELDS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sim/kernel/platform_rules.h"

namespace pollux::sim {

struct RuleField {
  absl::string_view name;     // Of the field.
  absl::string_view section;  // Under which platform_rules.h has it.
  absl::string_view meaning;  // For readers of tables.
  // Its value: a number, "yes" or "no", the platform's name of an error, or the name of a choice.
  std::string (*value)(const PlatformRules& rules);
};

// All but `platform`, in the order of the declarations.
absl::Span<const RuleField> RuleFields();

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_RULE_FIELDS_H_

// SPDX-License-Identifier: Apache-2.0

#include "sim/testing/claim.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/string_view.h"

namespace pollux::sim::internal {
namespace {

std::vector<const Claim*>& AllClaims() {
  static auto& claims = *new std::vector<const Claim*>;
  return claims;
}

}  // namespace

Claim::Claim(const char* what, const char* file, int line) : what_(what), file_(file), line_(line) {
  AllClaims().push_back(this);
}

std::vector<const Claim*> UnreachedClaims() {
  std::vector<const Claim*> unreached;
  for (const Claim* claim : AllClaims()) {
    if (!claim->reached()) unreached.push_back(claim);
  }
  std::sort(unreached.begin(), unreached.end(), [](const Claim* a, const Claim* b) {
    return std::make_tuple(absl::string_view(a->file()), a->line()) <
           std::make_tuple(absl::string_view(b->file()), b->line());
  });
  return unreached;
}

}  // namespace pollux::sim::internal

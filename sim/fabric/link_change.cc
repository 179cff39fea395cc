// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/link_change.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "sim/fabric/loss_model.h"

namespace pollux::sim {
namespace {

constexpr absl::Duration kMaxDelay = absl::Hours(1);

}  // namespace

bool LinkChange::Meets(const LinkChange& other) const {
  return (loss && other.loss) || (duplicate && other.duplicate) || (corrupt && other.corrupt) ||
         (delay && other.delay) || (jitter && other.jitter);
}

void LinkChange::ApplyTo(LinkProfile& profile) const {
  if (loss) {
    profile.loss = *loss;
    profile.loss_model = LossModel();
  }
  if (duplicate) profile.duplicate = *duplicate;
  if (corrupt) profile.corrupt = *corrupt;
  if (delay) profile.latency = std::min(profile.latency + *delay, kMaxDelay);
  if (jitter) profile.jitter = *jitter;
}

std::string LinkChange::ToString() const {
  std::string text;
  const auto add = [&](absl::string_view word, const std::string& value) {
    absl::StrAppend(&text, text.empty() ? "" : " ", word, " ", value);
  };
  if (loss) add("loss", loss->ToString());
  if (duplicate) add("duplicate", duplicate->ToString());
  if (corrupt) add("corrupt", corrupt->ToString());
  if (delay) add("delay", absl::FormatDuration(*delay));
  if (jitter) add("jitter", absl::FormatDuration(*jitter));
  return text;
}

absl::Status Validate(const LinkChange& change) {
  for (const auto& [name, value] :
       {std::pair("delay", change.delay), std::pair("jitter", change.jitter)}) {
    if (!value || (*value >= absl::ZeroDuration() && *value <= kMaxDelay)) continue;
    return absl::InvalidArgumentError(absl::StrCat(name, " ", absl::FormatDuration(*value),
                                                   " is not from 0 to ",
                                                   absl::FormatDuration(kMaxDelay)));
  }
  if (change.empty()) return absl::InvalidArgumentError("it changes nothing of the link");
  return absl::OkStatus();
}

}  // namespace pollux::sim

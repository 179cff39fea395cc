// SPDX-License-Identifier: Apache-2.0

#include "tools/program/target.h"

namespace pollux::program {

absl::StatusOr<std::vector<Answer>> Run(Target& target, const Program& program) {
  if (absl::Status status = target.Build(program.hosts); !status.ok()) return status;
  std::vector<Answer> answers;
  answers.reserve(program.calls.size());
  for (const Call& call : program.calls) answers.push_back(target.Do(call));
  target.Reset();
  return answers;
}

}  // namespace pollux::program

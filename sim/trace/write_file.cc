// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/write_file.h"

#include <fstream>  // lint: allow(include) a trace can become a file

#include "absl/strings/str_cat.h"

namespace pollux::sim {

absl::Status WriteFile(const std::string& path, absl::string_view bytes) {
  if (path.empty()) return absl::InvalidArgumentError("a file needs a path");
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (file) file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file) file.close();
  if (file) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "cannot write ", path, "; is its folder there, may it be written to, and is there room?"));
}

}  // namespace pollux::sim

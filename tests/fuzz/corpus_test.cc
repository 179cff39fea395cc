// SPDX-License-Identifier: Apache-2.0
//
// Runs the corpus of a fuzz target, and each file of it with a byte missing or changed.

#include <dirent.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace pollux {
namespace {

void Try(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  DIR* directory = opendir(folder.c_str());
  if (directory == nullptr) return files;
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name[0] != '.') files.push_back(absl::StrCat(folder, "/", name));
  }
  closedir(directory);
  return files;
}

TEST(Corpus, BreaksNothing) {
  const std::string root =
      absl::StrCat(std::getenv("TEST_SRCDIR"), "/", std::getenv("TEST_WORKSPACE"));
  const std::vector<std::string> files = FilesIn(absl::StrCat(root, "/", std::getenv("CORPUS")));
  ASSERT_GE(files.size(), 3u);
  for (const std::string& file : files) {
    SCOPED_TRACE(file);
    std::ifstream stream(file, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)),
                           std::istreambuf_iterator<char>());
    Try(text);
    for (size_t i = 0; i < text.size(); ++i) {
      Try(text.substr(0, i));
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ 0x11);
      Try(changed);
      Try(text.substr(0, i) + text.substr(i + 1));
    }
  }
}

}  // namespace
}  // namespace pollux

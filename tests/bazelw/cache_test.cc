// SPDX-License-Identifier: Apache-2.0
//
// The part of bazelw that keeps its cache from growing for ever.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace pollux {
namespace {

namespace fs = std::filesystem;

class CacheTest : public ::testing::Test {
 protected:
  CacheTest() : cache_(fs::path(::testing::TempDir()) / "cache") {
    fs::remove_all(cache_);
    fs::create_directories(cache_ / "disk" / "cas");
  }

  // A file of 100,000 bytes that was read last on that day of January.
  void AddFile(absl::string_view name, int day) {
    std::ofstream(Path(name)) << std::string(100'000, 'x');
    Bash(absl::StrCat("touch -a -d '2026-01-", day, "' '", Path(name).string(), "'"));
  }
  bool Has(absl::string_view name) const { return fs::exists(Path(name)); }

  // Runs commands after those of the cache were read, with this folder as the cache.
  void Bash(absl::string_view commands) const {
    const std::string script =
        absl::StrCat("source tools/bazelw/cache.sh; CACHE='", cache_.string(), "'; ", commands);
    EXPECT_EQ(std::system(absl::StrCat("bash -euc \"", script, "\"").c_str()), 0) << script;
  }

 private:
  fs::path Path(absl::string_view name) const {
    return cache_ / "disk" / "cas" / std::string(name);
  }

  const fs::path cache_;
};

TEST_F(CacheTest, WhatWasUsedLongestAgoGoesFirst) {
  AddFile("a", 20);
  AddFile("b", 10);
  AddFile("c", 30);
  AddFile("d", 1);
  Bash("remove_unused \\$CACHE/disk 250000");
  EXPECT_TRUE(Has("a"));
  EXPECT_FALSE(Has("b"));
  EXPECT_TRUE(Has("c"));
  EXPECT_FALSE(Has("d"));
}

TEST_F(CacheTest, WhatFitsStays) {
  AddFile("a", 1);
  AddFile("b", 2);
  Bash("prune_disk_cache");
  EXPECT_TRUE(Has("a"));
  EXPECT_TRUE(Has("b"));
}

TEST_F(CacheTest, AFullDiskKeepsLess) {
  Bash("[[ \\$(bytes_to_keep 30000 60000) == 30000 ]]");
  Bash("[[ \\$(bytes_to_keep 900000000000 60000) == 21474836480 ]]");
  // Of files of 100,000 bytes, beside nothing that is free.
  AddFile("a", 1);
  AddFile("b", 2);
  AddFile("c", 3);
  AddFile("d", 4);
  Bash("free_bytes() { echo 0; }; prune_disk_cache");
  EXPECT_FALSE(Has("a"));
  EXPECT_FALSE(Has("b"));
  EXPECT_FALSE(Has("c"));
  EXPECT_TRUE(Has("d"));
}

TEST_F(CacheTest, ItIsLookedAtNowAndThenOnly) {
  Bash("prune_disk_cache; remove_unused() { false; }; prune_disk_cache");
  // A stamp that says nothing, or is old, does not keep it from being looked at.
  for (const absl::string_view stamp : {"", "soon", "5"}) {
    Bash(absl::StrCat("printf %s '", stamp,
                      "' >\\$CACHE/pruned; remove_unused() { touch \\$CACHE/disk/cas/looked; }; "
                      "prune_disk_cache; rm \\$CACHE/disk/cas/looked"));
  }
}

}  // namespace
}  // namespace pollux
